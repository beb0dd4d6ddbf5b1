"""The exact half of a tree model in bytes: which nodes are leaves, what every split asks, and the thresholds.

Nodes stand in preorder, tree after tree, one bit each that says whether it is a leaf. With b_i = (splits) - (leaves)
among the nodes up to i, a tree is over where b reaches a new minimum, so that neither children nor sizes of trees are
stored. Splits name a feature and the place of their threshold in that feature's table; places stand feature by
feature, each as wide as its own table asks for.

The bits of the nodes are never deflated: all that is unfolded has at most as many entries as there are nodes, eight
for each of these bytes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.errors import ArtifactError, InvalidInput
from core.packed.bits import Bytes, pack_bits, read_bits, unsigned
from core.packed.sections import Packed, array_of, joined, named, pack_sections, read_section, whole_number, within
from core.packed.tables import pack_table, read_table
from core.parts import Array

# A model of more nodes is not packed, and no file unfolds to more: 0.5 GB of arrays.
MOST_NODES = 2**25
# Float tables that are kept by their own type: a forest's, a boosting's.
_FLOATS = ("float32", "float64")

# Of each byte's eight nodes: +1 for a split and -1 for a leaf, their sum, and the lowest that they sum to on the way.
_STEPS = 1 - 2 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.int8)
_CHANGE = _STEPS.sum(axis=1, dtype=np.int8)
_LOWEST = np.cumsum(_STEPS, axis=1, dtype=np.int8).min(axis=1)


def pack_structure(structure: Mapping[str, Array]) -> Packed:
    """Return `structure` (see `core.families.trees`) packed, exact to the last bit; its inverse is `unpack_structure`.

    Raises `InvalidInput` for more than `MOST_NODES` nodes, a table that is not sorted, or one with thresholds that no
    split can need.
    """
    leaf_map, feature, start = structure["leaf_map"], structure["feature"], structure["table_start"]
    table, n_splits, counts = structure["table"], len(feature), np.diff(start)
    if len(leaf_map) > MOST_NODES:
        raise InvalidInput("nodes", len(leaf_map), f"at most {MOST_NODES}")
    if len(table) > n_splits:
        raise InvalidInput("table", f"{len(table)} thresholds", f"at most one for each of {n_splits} splits")
    order = _by_feature(feature, len(counts))
    numbers = {
        "counts": (counts, [(len(counts), n_splits)]),
        "feature": (feature, [(n_splits, len(counts) - 1)]),
        "threshold": (structure["threshold"][order], _runs(feature, counts)),
    }
    if "missing_left" in structure:
        numbers["missing_left"] = (structure["missing_left"], [(n_splits, 1)])
    exact = {"leaf_map": pack_bits(leaf_map.view(np.uint8), 1)}
    if "baseline" in structure:
        exact["baseline"] = structure["baseline"]
    splits = pack_sections(numbers)
    fields = {"nodes": len(leaf_map), "table_type": table.dtype.name}
    return joined(Packed(exact | dict(splits.arrays), splits.header), fields, table=pack_table(table, counts))


def unpack_structure(packed: Packed, n_features: int) -> dict[str, Array]:
    """Return the arrays that `pack_structure` was given.

    Raises `ArtifactError` for anything else than whole trees that ask `n_features` features for thresholds that exist.
    """
    optional = {"baseline", "missing_left"} & set(packed.arrays)
    fields = {"counts", "feature", "threshold", "table"} | (optional - {"baseline"})
    tables = {name for name in packed.arrays if name.startswith("table.")}
    named(packed, {"leaf_map"} | (fields - {"table"}) | optional | tables, {"nodes", "table_type"} | fields)
    leaf_map, n_nodes = _trees(packed)
    n_splits = len(leaf_map) - int(np.count_nonzero(leaf_map))
    counts = read_section(packed, "counts", [(n_features, n_splits)]).astype(np.int64)
    if int(counts.sum()) > n_splits:
        raise ArtifactError("there are more thresholds than splits")
    feature = read_section(packed, "feature", [(n_splits, n_features - 1)])
    if n_splits and (counts[feature] == 0).any():
        raise ArtifactError("a split asks a feature that has no thresholds")
    threshold = np.empty(n_splits, dtype=np.uint32)
    threshold[_by_feature(feature, n_features)] = read_section(packed, "threshold", _runs(feature, counts))
    kind = packed.header.get("table_type")
    if kind not in _FLOATS:
        raise ArtifactError("the thresholds are of a type that this version does not know")
    found = {
        "leaf_map": leaf_map,
        "n_nodes": n_nodes,
        "feature": feature.astype(np.int32),
        "threshold": threshold,
        "table": read_table(within(packed, "table"), counts, kind),
        "table_start": np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)]),
    }
    if "missing_left" in optional:
        found["missing_left"] = read_section(packed, "missing_left", [(n_splits, 1)]).view(bool)
    if "baseline" in optional:
        found["baseline"] = _baseline(packed)
    return found


def _trees(packed: Packed) -> tuple[Array, Array]:
    """Return which nodes are leaves, and how many nodes each tree has."""
    data = array_of(packed, "leaf_map", np.uint8)
    total = whole_number(packed.header, "nodes", 1, min(8 * len(data), MOST_NODES))
    leaf_map = read_bits(data, 1, total).view(bool)
    ends = _ends(data)
    if not ends.size or ends[-1] != total - 1:
        raise ArtifactError("the nodes are not a sequence of whole trees")
    return leaf_map, np.diff(ends, prepend=-1).astype(np.int32)


def _ends(data: Bytes) -> Array:
    """Return the last node of every tree: where the balance reaches a new minimum.

    Eight nodes at a time tell by how much they change the balance and how far down they lead it on their way; only
    the few bytes that lead to a new minimum are looked at node by node. The zeros behind the last node count as
    splits, which lead nowhere down.
    """
    change = _CHANGE[data]
    before = np.cumsum(change, dtype=np.int32) - change
    least = np.minimum.accumulate(np.minimum(before + _LOWEST[data], 0))
    known = np.concatenate([np.zeros(1, dtype=np.int32), least[:-1]])
    fresh = np.flatnonzero(least < known)
    balance = before[fresh, None] + np.cumsum(_STEPS[data[fresh]], axis=1, dtype=np.int32)
    path = np.minimum.accumulate(np.concatenate([known[fresh, None], balance], axis=1), axis=1)
    byte, bit = np.nonzero(path[:, 1:] < path[:, :-1])
    return np.asarray(8 * fresh[byte] + bit)


def _by_feature(feature: Array, n_features: int) -> Array:
    """Return the order of the splits by feature, those of one feature as they were."""
    # Numbers of 8 or 16 bits are sorted by counting.
    return np.argsort(feature.astype(unsigned(n_features.bit_length())), kind="stable")


def _runs(feature: Array, counts: Array) -> list[tuple[int, int]]:
    """Return how many splits ask each feature, and the last place in its table."""
    asked = np.bincount(feature, minlength=len(counts))
    return [(int(n), max(int(size) - 1, 0)) for n, size in zip(asked, counts, strict=True)]


def _baseline(packed: Packed) -> Array:
    """Return the starting values of a boosting."""
    found = array_of(packed, "baseline", np.float64)
    if not np.isfinite(found).all():
        raise ArtifactError("a starting value is not a finite number")
    return found
