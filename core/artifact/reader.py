"""Bytes to `Model`, in three steps: parse, check, and only then build; every fault is one `ArtifactError`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as unpack_arrays

from core import families
from core.artifact.codec import FORMAT, KEY, canonical, checksum
from core.artifact.model import Model
from core.config import data_from_json, train_from_json
from core.datasets import Feature, Target
from core.errors import ArtifactError, InvalidInput
from core.moments import Moments
from core.parts import Array, Parts
from core.prepare import Preparation, from_json
from core.quant import METHODS, Quantized, scheme_from_json, unpack
from core.quant.quantize import block_groups, exact_names

_KEYS = {
    "codes", "data", "family", "features", "format", "label", "metrics", "moments", "preparation", "probe",
    "requested_method", "scheme", "sha256", "target", "task", "train", "versions",
}  # fmt: skip


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ArtifactError("the header names a key twice")
    return found


def _no_constants(text: str) -> float:
    raise ArtifactError(f"the header holds {text}, which is not a number")


def strict_json(text: str) -> Any:
    """Return the JSON value of `text`; duplicate keys, NaN and infinities are an `ArtifactError`."""
    try:
        return json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constants)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ArtifactError("the header is not JSON") from error


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
    if not isinstance(header, dict) or text != canonical(header):
        raise ArtifactError("the header is not in its canonical form")
    if header.get("format") != FORMAT or isinstance(header.get("format"), bool):
        found = str(header.get("format"))[:20]
        raise ArtifactError(f"the file has format {found}; this version reads format {FORMAT}")
    if header.get("sha256") != checksum(header, arrays):
        raise ArtifactError("the file was altered: its contents do not match its checksum")
    return header, arrays


def decode(data: bytes) -> Model:
    """Return the model in `data`; raises `ArtifactError` for a foreign, cut, altered or inconsistent file."""
    header, arrays = parse(data)
    try:
        model = _build(header, dict(arrays))
    except ArtifactError:
        raise
    except InvalidInput as error:
        raise ArtifactError(f"the file does not fit this version: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ArtifactError("the header lacks a field or has one of the wrong kind") from error
    _check_probe(model, header["probe"])
    return model


def _build(header: Mapping[str, Any], arrays: dict[str, Array]) -> Model:
    if set(header) != _KEYS:
        raise ArtifactError("the header does not have the fields of this format")
    _check_arrays(arrays)
    data = dict(header["data"])
    sha256 = str(data.pop("sha256"))
    features = tuple(Feature(**f) for f in header["features"])
    preparation = _preparation(header, arrays, len(features))
    sketch = arrays.pop("sketch")
    if sketch.shape != (len(features), 21) or (np.diff(sketch, axis=1) < 0).any():
        raise ArtifactError("the sketch of the features does not fit them")
    if header["family"] not in families.FAMILIES:
        raise ArtifactError(f"the family {str(header['family'])[:40]} is unknown to this version")
    meta = {"task": str(header["task"]), "features": list(preparation.columns)}
    original = _original(header, arrays, meta)
    quantized = None if header["scheme"] is None else _quantized(header, arrays, meta)
    moments = None if header["moments"] is None else _moments(header["moments"], arrays, len(meta["features"]))
    if arrays:
        raise ArtifactError("the file holds arrays that nothing refers to")
    return Model(
        data_from_json(data),
        train_from_json(header["train"]),
        sha256,
        features,
        Target(**header["target"]),
        meta["task"],
        sketch,
        preparation,
        original,
        quantized,
        moments,
        header["metrics"],
        header["versions"],
        str(header["label"]),
    )


def _check_arrays(arrays: Mapping[str, Array]) -> None:
    for name, array in arrays.items():
        if array.dtype.kind not in "fu" or (array.dtype.kind == "f" and not np.isfinite(array).all()):
            raise ArtifactError(f"the array {name[:40]} holds something else than finite numbers")


def _take(arrays: dict[str, Array], name: str, dtype: str, shape: tuple[int, ...] | None = None) -> Array:
    array = arrays.pop(name, None)
    if array is None or array.dtype != np.dtype(dtype) or (shape is not None and array.shape != shape):
        raise ArtifactError(f"the array {name} is missing or has the wrong kind or shape")
    return array


def _preparation(header: Mapping[str, Any], arrays: dict[str, Array], n_features: int) -> Preparation:
    mean = _take(arrays, "preparation.mean", "f8")
    scale = _take(arrays, "preparation.scale", "f8", mean.shape)
    preparation = from_json(header["preparation"], mean, scale)
    if len(preparation.features) != n_features or preparation.degree not in (1, 2):
        raise ArtifactError("the preparation does not fit the features")
    if mean.shape != (len(preparation.columns),) or (scale <= 0).any():
        raise ArtifactError("the preparation's scaling does not fit its columns")
    return preparation


def _original(header: Mapping[str, Any], arrays: dict[str, Array], meta: Mapping[str, Any]) -> Parts | None:
    names = [name for name in arrays if name.startswith("original.")]
    if not names:
        return None
    values = {name.removeprefix("original."): _take(arrays, name, "f8") for name in names}
    parts = Parts(header["family"], values, {}, meta)
    families.FAMILIES[parts.family].validate(parts)
    return parts


def _quantized(header: Mapping[str, Any], arrays: dict[str, Array], meta: Mapping[str, Any]) -> Quantized:
    scheme = scheme_from_json(header["scheme"])
    if scheme.method not in METHODS:
        raise ArtifactError("the file's scheme names no method")
    n_columns = len(meta["features"])
    zeros = {"coef": np.zeros((1, n_columns)), "intercept": np.zeros(1)}
    groups = block_groups(Parts(header["family"], zeros, {}, meta), scheme)
    if header["codes"] != {block: ids.size for block, ids in groups.items()}:
        raise ArtifactError("the number of codes does not fit the model")
    codes, tables = {}, {}
    for block, ids in groups.items():
        codes[block] = unpack(arrays.pop(f"codes.{block}", np.zeros(0)), scheme.bits, ids.size)
        tables[block] = _tables(arrays, block, scheme.method, scheme.bits, len(np.unique(ids)))
        limit = METHODS[scheme.method].top_code(scheme.bits)
        if codes[block].size and int(codes[block].max()) > limit:
            raise ArtifactError(f"a code is above {limit}")
    shapes = {"intercept": (1,)}
    exact = {n: _take(arrays, f"exact.{n}", "f4", shapes.get(n, (n_columns,))) for n in exact_names(scheme)}
    if "feature_scale" in exact and (exact["feature_scale"] <= 0).any():
        raise ArtifactError("a feature's scale is not above zero")
    requested = str(header["requested_method"])
    return Quantized(scheme, requested, header["family"], (1, n_columns), codes, groups, tables, exact, meta)


def _tables(arrays: dict[str, Array], block: str, method: str, bits: int, count: int) -> dict[str, Array]:
    kinds, prefix = METHODS[method].tables, f"table.{block}."
    code_type = "u1" if bits <= 8 else "u2"
    found = {}
    for name in [n.removeprefix(prefix) for n in arrays if n.startswith(prefix)]:
        if name not in kinds:
            raise ArtifactError(f"the method {method} has no table {name[:40]}")
        dtype = "f4" if kinds[name] == "float32" else code_type
        found[name] = _take(arrays, prefix + name, dtype, (count,))
    second: Callable[[str], bool] = found.__contains__
    if "scale" not in found or (len(kinds) > 1 and second("zero_point") == second("offset")):
        raise ArtifactError("a table of the codes is missing")
    if (found["scale"] <= 0).any() or int(found.get("zero_point", np.zeros(1)).max()) >= 2**bits:
        raise ArtifactError("a table of the codes is out of range")
    return found


def _moments(header: Mapping[str, Any], arrays: dict[str, Array], p: int) -> Moments:
    mean = _take(arrays, "moments.mean", "f8", (p,))
    gram = _take(arrays, "moments.gram", "f8", (p, p))
    cross = _take(arrays, "moments.cross", "f8", (p,))
    if (np.diag(gram) < 0).any() or int(header["n"]) < 1 or not float(header["y_var"]) >= 0:
        raise ArtifactError("the training statistics are impossible")
    return Moments(int(header["n"]), mean, gram, cross, float(header["y_mean"]), float(header["y_var"]))


def _check_probe(model: Model, probe: Mapping[str, Any]) -> None:
    """Raise `ArtifactError` unless the stored rows give the stored predictions, to nine digits."""
    try:
        rows = np.asarray(probe["rows"], dtype=np.float64)
        for variant in model.variants:
            stored = np.asarray(probe[variant], dtype=np.float64)
            got = model.predict(rows, variant)
            if not np.allclose(got, stored, rtol=1e-9, atol=1e-9 * max(1.0, float(np.abs(stored).max()))):
                raise ArtifactError("the model does not give the predictions that the file promises")
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError("the file's probe rows are missing or of the wrong kind") from error
