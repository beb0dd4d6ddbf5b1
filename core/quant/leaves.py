"""Trees on a grid: their leaves become codes, their structure stays as it is and is shared.

Of the switches of a `Scheme` two say nothing about trees and have no effect: they have no coordinates (`space`) and
no intercept. `granularity` says whether all leaves share a scale ("tensor") or those of one tree ("row").

With fewer trees or levels (`families.trees.prune`) what is left is quantised, structure and all.

`seen` are the leaves that the training rows reach, (n_rows, n_trees), as `families.trees.leaves` gives them. Where
they are at hand, what a rounded model changes is measured on its outputs; without them (a model that came without
rows) on the leaves themselves.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.errors import InvalidInput
from core.families import groups as family_groups
from core.families.trees import prune, reached, scores, sensible
from core.families.trees.kept import of_structure
from core.parts import Array, Floats, Parts, frozen
from core.quant.blocks import best_factor, decoded_block, table_types, tabled
from core.quant.coordinates import LARGEST
from core.quant.methods import AUTO, METHODS
from core.quant.quantized import Quantized
from core.quant.scheme import SWITCHES, Scheme

# Training rows on which a factor is tried, at most: evenly many of all.
_ROWS = 4096


def quantize_leaves(parts: Parts, scheme: Scheme, seen: Array | None = None) -> Quantized:
    """Return the quantised twin of trees; raises `InvalidInput` for what cannot be had for them."""
    largest = float(np.abs(parts.values["leaf"]).max())
    if not largest <= LARGEST:
        raise InvalidInput("leaves", largest, f"at most {LARGEST:g} in size, to be stored as float32")
    parts, scheme, seen = _smaller(parts, plain(scheme), seen)
    concrete, shrink = _resolved(parts, scheme, seen)
    ids = leaf_groups(parts, concrete)
    codes, tables = _encoded(parts, concrete, ids, seen, shrink)
    n_leaves, width = parts.values["leaf"].shape
    return Quantized(
        concrete, scheme.method, parts.family, (n_leaves, width), {"leaf": codes}, {"leaf": ids}, {"leaf": tables}, {},
        parts.meta, parts.structure,
    )  # fmt: skip


def _smaller(parts: Parts, scheme: Scheme, seen: Array | None) -> tuple[Parts, Scheme, Array | None]:
    """Return what is left of `parts` by `scheme`, which says 0 where that is all, and the leaves reached in it."""
    n_trees, depth = sensible(parts, scheme.trees, scheme.depth)
    concrete = replace(scheme, trees=n_trees, depth=depth)
    if not n_trees and not depth:
        return parts, concrete, seen
    counts = None if seen is None else np.bincount(seen.ravel(), minlength=len(parts.values["leaf"]))
    left, _ = prune(parts, n_trees, depth, counts)
    return left, concrete, None if seen is None else reached(parts, left, seen)


def plain(scheme: Scheme) -> Scheme:
    """Return `scheme` with its defaults in the switches that say nothing about trees."""
    return replace(scheme, space=SWITCHES["space"].default, intercept=SWITCHES["intercept"].default)


def leaf_groups(parts: Parts, scheme: Scheme) -> Array:
    """Return which values of the leaves share a table entry: 0, 1, 2 and so on in ascending order, (n,)."""
    shared = {"tensor": _together, "row": tree_of_values}.get(scheme.granularity)
    if shared is None:
        raise InvalidInput("granularity", scheme.granularity, "tensor or row for trees: leaves have no order in blocks")
    return np.arange(parts.values["leaf"].size) if METHODS[scheme.method].per_value else shared(parts)


@of_structure
def tree_of_values(parts: Parts) -> Array:
    """Return to which tree each value of the leaves belongs, (n,)."""
    return frozen(family_groups(parts, "leaf", "row").ravel().astype(np.int32))


@of_structure
def _together(parts: Parts) -> Array:
    return frozen(np.zeros(parts.values["leaf"].size, dtype=np.int32))


def decoded_leaves(q: Quantized) -> Floats:
    """Return what the codes stand for, (n,)."""
    return decoded_block(q.scheme, q.codes["leaf"], q.tables["leaf"], q.groups["leaf"])


def dequantize_leaves(q: Quantized) -> Parts:
    """Return the model that the codes stand for; its structure is that of the original, array for array."""
    return Parts(q.family, {"leaf": decoded_leaves(q).reshape(q.shape)}, q.structure, q.meta)


def output_change(parts: Parts, leaf: Floats, seen: Array) -> float:
    """Return the mean squared change of the outputs on the rows that reach `seen`, summed over outputs.

    `leaf` (n_leaves, k) stands in place of the leaves of `parts`. Outputs are those before they become probabilities:
    means or sums of leaves, so that the change is that of `leaf` less the original, added up.
    """
    structure = dict(parts.structure)
    if "baseline" in structure:
        structure["baseline"] = np.zeros_like(structure["baseline"])
    delta = Parts(parts.family, {"leaf": leaf - parts.values["leaf"]}, structure, parts.meta)
    return float((scores(delta, seen) ** 2).sum(axis=1).mean())


def _encoded(
    parts: Parts, scheme: Scheme, ids: Array, seen: Array | None, shrink: float = 1.0
) -> tuple[Array, dict[str, Array]]:
    """Return codes (n,) and tables as they are stored, one entry, or row, a group."""
    values, types = parts.values["leaf"].reshape(-1), table_types(scheme)
    first = np.flatnonzero(np.diff(ids, prepend=-1))
    if scheme.method == "codebook":
        codes, tables = tabled(values, first, 2**scheme.bits, _weights(parts, seen))
    else:
        codes, each = METHODS[scheme.method].encode(values, ids, scheme.bits, scheme.params, shrink)
        tables = {name: table[first] for name, table in each.items()}
    kind = np.uint8 if scheme.bits <= 8 else np.uint16
    return codes.astype(kind), {name: table.astype(types[name]) for name, table in tables.items()}


def _weights(parts: Parts, seen: Array | None) -> Floats:
    """Return how many training rows reach each leaf, at least 1, for each of its values, (n,).

    A table that is best with these weights changes the outputs of a single tree as little as any table can.
    """
    n_leaves, width = parts.values["leaf"].shape
    if seen is None:
        return np.ones(n_leaves * width)
    return np.repeat(np.maximum(np.bincount(seen.ravel(), minlength=n_leaves), 1.0), width)


def _resolved(parts: Parts, scheme: Scheme, seen: Array | None) -> tuple[Scheme, float]:
    """Return `scheme` with `auto` replaced by what changes the training outputs least, and the factor on its range."""
    if scheme.method != AUTO:
        return scheme, _best_shrink(parts, scheme, seen)
    tried = []
    for name, method in METHODS.items():
        for scale in method.scales if method.in_auto else ():
            if scale == "output" and seen is None:
                continue
            one = replace(scheme, method=name, scale=scale, params=())
            shrink = _best_shrink(parts, one, seen)
            tried.append((_error(parts, one, seen, shrink, seen), one, shrink))
    _, best, shrink = min(tried, key=lambda found: found[0])
    return best, shrink


def _best_shrink(parts: Parts, scheme: Scheme, seen: Array | None) -> float:
    """Return the factor on the range of the grid that `scheme.scale` asks for."""
    if scheme.scale == "minmax":
        return 1.0
    if scheme.scale == "output" and seen is None:
        raise InvalidInput("scale", "output", "minmax or mse for trees without training rows")
    rows = None if seen is None or scheme.scale == "mse" else seen[:: -(-len(seen) // _ROWS)]
    return best_factor(lambda factor: _error(parts, scheme, seen, factor, rows))


def _error(parts: Parts, scheme: Scheme, seen: Array | None, shrink: float, rows: Array | None) -> float:
    """Return the change of the outputs on `rows`; without them the squared error of the leaves."""
    ids = leaf_groups(parts, scheme)
    codes, tables = _encoded(parts, scheme, ids, seen, shrink)
    leaf = decoded_block(scheme, codes, tables, ids).reshape(parts.values["leaf"].shape)
    if rows is None:
        return float(((leaf - parts.values["leaf"]) ** 2).sum())
    return output_change(parts, leaf, rows)
