"""`Model` to bytes: one safetensors file, arrays and one canonical JSON string in its header."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from safetensors.numpy import save as pack_arrays

from core.artifact import layers
from core.artifact.model import Model, probe_rows
from core.artifact.trees import check_size
from core.datasets import Feature
from core.errors import ArtifactError
from core.packed import Packed
from core.parts import Array, Floats, Parts, plain
from core.quant import Quantized, pack
from core.quant.stored import skeleton, stored_codes, stored_structure, stored_values

# Raise it when the layout changes: keep the old reader, add a file of the old format to tests/data.
FORMAT = 1
KEY = "bitdial"


def canonical(data: Mapping[str, Any]) -> str:
    """Return the one spelling of `data` as JSON: sorted keys, no spaces, no NaN."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def checksum(header: Mapping[str, Any], arrays: Mapping[str, Array]) -> str:
    """Return the SHA-256 over the header (without its own `sha256`) and every array with name and shape."""
    digest = hashlib.sha256(canonical({k: v for k, v in header.items() if k != "sha256"}).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def arrays_of(model: Model) -> dict[str, Array]:
    """Return every array of the file by name."""
    arrays: dict[str, Array] = {
        "preparation.mean": model.preparation.mean,
        "preparation.scale": model.preparation.scale,
        "sketch": model.sketch,
    }
    if model.moments is not None:
        arrays |= {f"moments.{name}": getattr(model.moments, name) for name in ("mean", "gram", "cross")}
    if model.held_back is not None:
        arrays["held_back.predictions"] = model.held_back.predictions
    if _held(model).family == "trees":
        packed = packed_trees(model)
        return arrays | {f"{n}.{name}": array for n, p in packed.items() for name, array in p.arrays.items()}
    if model.original is not None:
        arrays |= {f"original.{name}": values for name, values in model.original.values.items()}
    if model.quantized is not None:
        q = model.quantized
        arrays |= {f"codes.{block}": pack(codes, q.scheme.bits) for block, codes in q.codes.items()}
        arrays |= {f"table.{b}.{name}": t for b, tables in q.tables.items() for name, t in tables.items()}
        arrays |= {f"exact.{name}": array for name, array in q.exact.items()}
    return arrays


def _held(model: Model) -> Parts | Quantized:
    """Return a model of the file."""
    return model.original or model.quantized or model.parts("original")


def packed_trees(model: Model) -> dict[str, Packed]:
    """Return what a file of trees holds: their structure once, the exact leaves and the codes as far as it has them."""
    q, found = model.quantized, {}
    if model.original is not None:
        found = {"structure": stored_structure(model.original), "original": stored_values(model.original)}
    if q is not None:
        # Where there is an original, the structure that its twin kept of it is found by cutting it again.
        found |= {"codes": stored_codes(q)} | ({} if found else {"structure": stored_structure(skeleton(q))})
    return found


def header_of(model: Model) -> dict[str, Any]:
    """Return everything but the arrays, as JSON; how trees are packed and the checksum are added by `encode`."""
    rows, q, m = probe_rows(model.sketch, model.preparation), model.quantized, model.moments
    held = model.held_back
    more = {} if held is None else {"held_back": {n: v for n, v in vars(held).items() if n != "predictions"}}
    return more | {
        "format": FORMAT,
        "label": model.label,
        "task": model.task,
        "classes": list(model.classes),
        "family": _held(model).family,
        "data": None if model.data is None else model.data.to_json() | {"sha256": model.data_sha256},
        "train": None if model.config is None else model.config.to_json(),
        "scheme": None if q is None else q.scheme.to_json(),
        "requested_method": None if q is None else q.requested,
        "codes": None if q is None else {block: codes.size for block, codes in q.codes.items()},
        "features": [_feature(f) for f in model.features],
        "target": asdict(model.target),
        "preparation": model.preparation.to_json(),
        "moments": None if m is None else {"n": m.n, "y_mean": m.y_mean, "y_var": m.y_var},
        "metrics": plain(model.metrics),
        "versions": plain(model.versions),
        "probe": {
            "rows": _rows(rows),
            **{variant: model.outputs(rows, variant).tolist() for variant in model.variants},
        },
    }


def _feature(feature: Feature) -> dict[str, Any]:
    """Return a feature as JSON; one of numbers has no word of categories or flags."""
    return {name: value for name, value in asdict(feature).items() if name not in ("categories", "flag") or value}


def _rows(rows: Floats) -> list[list[float | None]]:
    """Return raw rows as JSON, which has no NaN: null is a missing value."""
    return [[None if np.isnan(value) else value for value in row] for row in rows.tolist()]


def encode(model: Model) -> bytes:
    """Return the bytes of the file that holds `model`; raises `ArtifactError` when it holds no model."""
    if not model.variants:
        raise ArtifactError("there is neither an original nor a quantised model to write")
    held = _held(model)
    if held.family == "trees":
        check_size(held.structure, held.meta)
    if held.family == "mlp":
        layers.check_size(held.meta)
    header, arrays = header_of(model), arrays_of(model)
    if held.family == "trees":
        packed = {name: plain(packed.header) for name, packed in packed_trees(model).items()}
        header["trees"] = {"kind": held.meta["kind"], **packed}
    if held.family == "mlp":
        header["mlp"] = layers.described(held.meta)
    header["sha256"] = checksum(header, arrays)
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    return bytes(pack_arrays(contiguous, {KEY: canonical(header)}))
