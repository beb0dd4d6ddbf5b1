"""Bytes to header and arrays: a whole, unaltered file of our own format, or one `ArtifactError`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as unpack_arrays

from core.artifact.codec import FORMAT, KEY, canonical, checksum
from core.errors import ArtifactError
from core.parts import Array


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ArtifactError("the header names a key twice")
    return found


def _no_constants(text: str) -> float:
    raise ArtifactError(f"the header holds {text}, which is not a number")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_constants(text)


def strict_json(text: str) -> Any:
    """Return the JSON value of `text`; duplicate keys, NaN and infinities are an `ArtifactError`."""
    try:
        return json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constants, parse_float=_finite)
    except ArtifactError:
        raise
    except (ValueError, RecursionError) as error:
        raise ArtifactError("the header is not JSON") from error


def _is_canonical(header: Mapping[str, Any], text: str) -> bool:
    """Return whether `text` is the one spelling of `header`, in characters that can be shown."""
    try:
        json.dumps(header, ensure_ascii=False).encode()
        return canonical(header) == text
    except (ValueError, RecursionError):
        return False


def parse(data: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return header and arrays of the file's bytes, checked against the SHA-256 that they carry."""
    if len(data) < 8:
        raise ArtifactError("not a Bitdial model: the file is empty or cut short")
    try:
        arrays: dict[str, Array] = unpack_arrays(data)
    except (SafetensorError, ValueError, KeyError, TypeError, MemoryError, OverflowError) as error:
        raise ArtifactError("not a Bitdial model: not a whole safetensors file") from error
    length = int.from_bytes(data[:8], "little")
    metadata = strict_json(data[8 : 8 + length].decode("utf-8", "replace")).get("__metadata__", {})
    text = metadata.get(KEY) if isinstance(metadata, dict) and set(metadata) == {KEY} else None
    if not isinstance(text, str):
        raise ArtifactError("not a Bitdial model: a safetensors file of another program")
    header = strict_json(text)
    if not isinstance(header, dict) or not _is_canonical(header, text):
        raise ArtifactError("the header is not in its canonical form")
    if header.get("format") != FORMAT or isinstance(header.get("format"), bool):
        found = str(header.get("format"))[:20]
        raise ArtifactError(f"the file has format {found}; this version reads format {FORMAT}")
    if header.get("sha256") != checksum(header, arrays):
        raise ArtifactError("the file was altered: its contents do not match its checksum")
    return header, arrays


def check_arrays(arrays: Mapping[str, Array]) -> None:
    """Raise `ArtifactError` unless every array holds finite floats or unsigned whole numbers."""
    for name, array in arrays.items():
        if array.dtype.kind not in "fu" or (array.dtype.kind == "f" and not np.isfinite(array).all()):
            raise ArtifactError(f"the array {name[:40]} holds something else than finite numbers")
