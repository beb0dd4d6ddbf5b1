"""The part of a file that holds trees: unpacked and checked; the structure is one for both models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from core.errors import ArtifactError
from core.families import trees
from core.packed import Packed, unpack_codes, unpack_structure, unpack_values
from core.parts import Array, Parts
from core.quant import METHODS, Quantized, Scheme, dequantize, scheme_from_json
from core.quant.blocks import table_types
from core.quant.leaves import leaf_groups, plain

_SECTIONS = ("structure", "original", "codes")

# What a file of a few bytes may unfold to: 0.3 GB while it is looked at. A forest has 20,000 nodes a tree.
MOST_NODES, MOST_VALUES = 2**23, 2**24


def check_size(structure: Mapping[str, Array], meta: Mapping[str, Any]) -> tuple[int, int]:
    """Return the shape of the leaves, one value a class in a classifier that is no boosting.

    Raises `ArtifactError` for trees that no file may hold.
    """
    nodes, leaves = len(structure["leaf_map"]), int(np.count_nonzero(structure["leaf_map"]))
    width = len(meta["classes"]) if meta["task"] == "classification" and meta["kind"] != "boosting" else 1
    if nodes > MOST_NODES or leaves * width > MOST_VALUES:
        allowed = f"{MOST_NODES:,} nodes and {MOST_VALUES:,} values of leaves"
        raise ArtifactError(f"{nodes:,} nodes and {leaves:,} leaves are more than a file holds ({allowed})")
    return leaves, width


def read_trees(
    header: Mapping[str, Any], arrays: dict[str, Array], meta: Mapping[str, Any]
) -> tuple[Parts | None, Quantized | None]:
    """Return the original and the quantised trees of a file, as far as it has them; raises `ArtifactError`.

    What is read is taken out of `arrays`.
    """
    about = header["trees"]
    if not {"kind", "structure"} <= set(about) <= {"kind", *_SECTIONS}:
        raise ArtifactError("the header does not say how the trees are packed")
    if (header["scheme"] is None) != ("codes" not in about) or (header["codes"] is None) != ("codes" not in about):
        raise ArtifactError("the header does not describe what the file holds")
    packed = {name: _taken(arrays, name, about[name]) for name in _SECTIONS if name in about}
    meta = {**meta, "kind": about["kind"]}
    if sum(array.nbytes for name, array in packed["structure"].arrays.items() if name == "leaf_map") > MOST_NODES // 8:
        raise ArtifactError("the trees have more nodes than a file holds")
    bare = Parts("trees", {}, unpack_structure(packed["structure"], len(meta["features"])), meta)
    shape = check_size(bare.structure, meta)
    original = quantized = None
    if "original" in packed:
        original = replace(bare, values={"leaf": unpack_values(packed["original"], shape)})
        trees.validate(original)
    if "codes" in packed:
        quantized = _quantized(header, packed["codes"], bare, "original" in packed)
        trees.validate(dequantize(quantized))
    return original, quantized


def _taken(arrays: dict[str, Array], name: str, header: Any) -> Packed:
    """Return what is packed under `name`."""
    if not isinstance(header, Mapping):
        raise ArtifactError(f"the header of the {name} is of the wrong kind")
    prefix = f"{name}."
    held = [n for n in arrays if n.startswith(prefix)]
    return Packed({n.removeprefix(prefix): arrays.pop(n) for n in held}, header)


def _quantized(header: Mapping[str, Any], packed: Packed, bare: Parts, beside: bool) -> Quantized:
    """Return the codes and tables of the leaves of the trees `bare`, or, `beside` an original, of what is left of it.

    Raises `ArtifactError` for another number of trees or levels than the scheme says.
    """
    scheme = scheme_from_json(header["scheme"])
    if scheme.method not in METHODS or scheme != plain(scheme):
        raise ArtifactError("the file's scheme is none of trees")
    bare = _kept(bare, scheme, beside)
    shape = check_size(bare.structure, bare.meta)
    if header["codes"] != {"leaf": shape[0] * shape[1]}:
        raise ArtifactError("the number of codes does not fit the model")
    ids = leaf_groups(replace(bare, values={"leaf": np.empty(shape)}), scheme)
    codes, tables = unpack_codes(packed, scheme.bits, shape, int(ids[-1]) + 1)
    if set(tables) != set(table_types(scheme)):
        raise ArtifactError(f"the tables of the codes are not those of the method {scheme.method}")
    limit = METHODS[scheme.method].top_code(scheme.bits)
    if int(codes.max()) > limit:
        raise ArtifactError(f"a code is above {limit}")
    kept = codes.astype(np.uint8 if scheme.bits <= 8 else np.uint16)
    return Quantized(
        scheme, str(header["requested_method"]), "trees", shape, {"leaf": kept}, {"leaf": ids}, {"leaf": tables}, {},
        bare.meta, bare.structure,
    )  # fmt: skip


def _kept(bare: Parts, scheme: Scheme, beside: bool) -> Parts:
    """Return what is left of trees without leaves by `scheme`; those that stand alone are what is left already."""
    asked = (scheme.trees, scheme.depth)
    if asked == (0, 0):
        return bare
    if beside:
        fits = trees.sensible(bare, *asked) == asked
        structure = trees.cut(bare, *asked).structure if fits else {}
    else:
        trees.sensible(bare, *asked)
        fits = scheme.trees in (0, trees.rounds(bare)) and (not scheme.depth or trees.levels(bare) <= scheme.depth)
        structure = dict(bare.structure)
    if not fits:
        raise ArtifactError("the trees are not as few, or as shallow, as the file's scheme says")
    return Parts(bare.family, {}, structure, {**bare.meta, trees.KEPT: asked})
