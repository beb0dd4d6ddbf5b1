"""The part of a file that holds a perceptron: how wide its layers are, and the codes of each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from core.errors import ArtifactError
from core.families import linear, mlp
from core.parts import Array, Floats, Parts
from core.quant import METHODS, Quantized, dequantize, scheme_from_json, unpack
from core.quant.layers import block_groups, exact_names

# Takes an array out of those of the file, by its name, after a look at its type and shape.
Take = Callable[[dict[str, Array], str, str, tuple[int, ...] | None], Array]
# Takes the tables of a block likewise.
Tables = Callable[[dict[str, Array], str, str, int, Array], dict[str, Array]]


def described(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a header says of a perceptron besides its task, its columns and its classes."""
    return {"activation": meta["activation"], "hidden": list(meta["hidden"])}


def check_size(meta: Mapping[str, Any]) -> None:
    """Raise `ArtifactError` for a perceptron that no file may hold."""
    mlp.check_size(*mlp.sizes(Parts("mlp", {}, {}, meta)))


def read_layers(
    header: Mapping[str, Any], arrays: dict[str, Array], meta: Mapping[str, Any], take: Take, tables: Tables
) -> tuple[Parts | None, Quantized | None]:
    """Return the original and the quantised perceptron of a file, as far as it has them; raises `ArtifactError`.

    What is read is taken out of `arrays`.
    """
    about = header["mlp"]
    widths = about["hidden"]
    fits = set(about) == {"activation", "hidden"} and isinstance(widths, list)
    if not fits or not all(isinstance(w, int) and not isinstance(w, bool) for w in widths):
        raise ArtifactError("the header does not describe a perceptron")
    meta = {**meta, **about}
    check_size(meta)
    original = quantized = None
    names = [name for name in arrays if name.startswith("original.")]
    if names:
        values = {name.removeprefix("original."): take(arrays, name, "f8", None) for name in names}
        original = Parts("mlp", values, {}, meta)
        mlp.validate(original)
    if header["scheme"] is not None:
        quantized = _quantized(header, arrays, meta, take, tables)
        mlp.validate(dequantize(quantized))
    return original, quantized


def _quantized(
    header: Mapping[str, Any], arrays: dict[str, Array], meta: Mapping[str, Any], take: Take, tables: Tables
) -> Quantized:
    """Return the codes, tables and floats of every layer."""
    scheme = scheme_from_json(header["scheme"])
    scheme.check_for("mlp")
    if scheme.method not in METHODS:
        raise ArtifactError("the file's scheme names no method")
    n_columns, n_out = len(meta["features"]), linear.n_outputs(meta["task"], len(meta["classes"]))
    shapes = mlp.shapes(n_columns, tuple(meta["hidden"]), n_out)
    zeros: dict[str, Floats] = {}
    for i, shape in enumerate(shapes):
        zeros |= {f"weight_{i}": np.zeros(shape), f"bias_{i}": np.zeros(shape[0])}
    groups = block_groups(Parts("mlp", zeros, {}, meta), scheme)
    if header["codes"] != {block: ids.size for block, ids in groups.items()}:
        raise ArtifactError("the number of codes does not fit the model")
    codes, tabled = {}, {}
    for block, ids in groups.items():
        found = unpack(arrays.pop(f"codes.{block}", np.zeros(0)), scheme.bits, ids.size)
        tabled[block] = tables(arrays, block, scheme.method, scheme.bits, ids)
        limit = METHODS[scheme.method].top_code(scheme.bits)
        if "codebook" in tabled[block]:
            limit = tabled[block]["codebook"].shape[1] - 1
        if int(found.max()) > limit:
            raise ArtifactError(f"a code is above {limit}")
        codes[block] = found.astype(np.uint8 if scheme.bits <= 8 else np.uint16)
    of = {f"bias_{i}": shape[:1] for i, shape in enumerate(shapes)}
    exact = {n: take(arrays, f"exact.{n}", "f4", of.get(n, (n_columns,))) for n in exact_names(scheme, len(shapes))}
    if "feature_scale" in exact and (exact["feature_scale"] <= 0).any():
        raise ArtifactError("a feature's scale is not above zero")
    requested = str(header["requested_method"])
    return Quantized(scheme, requested, "mlp", (n_out, n_columns), codes, groups, tabled, exact, meta)
