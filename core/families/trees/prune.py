"""Fewer trees, and shallower ones: the other two ways to a smaller model, beside fewer bits.

The first trees of a forest are a forest, the first iterations of a boosting a boosting. A tree that is cut at a level
has a leaf where there was a split, of the mean of the leaves below it. In preorder the nodes below a split follow it
directly, so that what stays is in order already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from core.errors import InvalidInput
from core.families.trees.kept import of_structure
from core.families.trees.preorder import starts
from core.families.trees.walk import walk
from core.memo import beside
from core.parts import Array, Floats, Parts, frozen

# Under this name `meta` says of a model that was made smaller how many trees and levels it kept; 0 stands for all.
KEPT = "kept"


@dataclass(frozen=True, eq=False)
class Cut:
    """What is left of the structure of a model: `n_trees` trees, and the new leaf of every old one.

    `leaf` (n_old_leaves,) is -1 for the leaves of trees that were left out.
    """

    structure: dict[str, Array]
    leaf: Array
    n_trees: int


def rounds(parts: Parts) -> int:
    """Return how many trees a model has, 0 for another family; of a boosting how many iterations it has.

    An iteration has a tree for each output.
    """
    return len(parts.structure["n_nodes"]) // _a_round(parts) if parts.family == "trees" else 0


def _a_round(parts: Parts) -> int:
    return len(parts.structure["baseline"]) if "baseline" in parts.structure else 1


@of_structure
def levels(parts: Parts) -> int:
    """Return how many questions the deepest leaf of a model takes."""
    return sum(1 for _ in _splits_by_level(parts, len(parts.structure["n_nodes"])))


@of_structure
def questions(parts: Parts) -> int:
    """Return how many questions the deepest leaves of all trees take together."""
    n_nodes = parts.structure["n_nodes"]
    tree = np.repeat(np.arange(len(n_nodes), dtype=np.int32), n_nodes)
    return sum(int(np.count_nonzero(np.bincount(tree[splits]))) for splits in _splits_by_level(parts, len(n_nodes)))


def sensible(parts: Parts, n_trees: int, depth: int) -> tuple[int, int]:
    """Return how many trees and levels to keep, 0 where that is all there are.

    Raises `InvalidInput` for fewer trees of a single one.
    """
    if n_trees and parts.meta["kind"] == "tree":
        raise InvalidInput("trees", n_trees, "0 for a single tree, which can only be made shallower")
    # Trees are counted, and the levels of a forest looked at, only where somebody asks for fewer.
    return (
        n_trees if n_trees and n_trees < rounds(parts) else 0,
        depth if depth and depth < levels(parts) else 0,
    )


def prune(parts: Parts, n_trees: int, depth: int, counts: Array | None = None) -> tuple[Parts, Array]:
    """Return the first `n_trees` of `parts`, at most `depth` levels deep, and the new leaf of every old one.

    0 stands for all of them. `n_trees` counts the iterations of a boosting. Where a split becomes a leaf its value is
    v = Σ n_i·v_i / Σ n_i over the leaves i below it, n_i = `counts` (n_leaves,) being how many training rows reach
    each; all count alike without them, and where none reaches any.
    """
    n_trees, depth = sensible(parts, n_trees, depth)
    if not n_trees and not depth:
        return parts, np.arange(len(parts.values["leaf"]), dtype=np.int32)
    one = cut(parts, n_trees, depth)
    leaf = _merged(parts.values["leaf"], one.leaf, counts)
    return Parts(parts.family, {"leaf": leaf}, one.structure, {**parts.meta, KEPT: (n_trees, depth)}), one.leaf


def reached(parts: Parts, twin: Parts, leaf_ids: Array) -> Array:
    """Return the leaves of `twin` that rows reach, for rows that reach `leaf_ids` (n_rows, n_trees) of `parts`.

    `twin` is `parts` with other leaves, or what `prune` made of it.
    """
    if KEPT not in twin.meta:
        return leaf_ids
    one = cut(parts, *twin.meta[KEPT])
    return one.leaf.take(leaf_ids.T[: one.n_trees]).T


@beside(most=2)
def cut(parts: Parts, n_trees: int, depth: int) -> Cut:
    """Return what is left of the structure of `parts`; 0 stands for all trees or levels. Kept beside the model."""
    s = parts.structure
    trees = n_trees * _a_round(parts) or len(s["n_nodes"])
    n_nodes = s["n_nodes"][:trees]
    total = int(n_nodes.sum(dtype=np.int64))
    stays, is_leaf = np.ones(total, dtype=bool), s["leaf_map"][:total].copy()
    if depth:
        stays[:] = False
        stays[starts(n_nodes)] = True
        for level, splits in enumerate(_splits_by_level(parts, trees)):
            if level == depth:
                is_leaf[splits] = True
                break
            stays[splits + 1] = stays[walk(parts).right[splits]] = True
    structure = {
        "leaf_map": is_leaf[stays],
        "n_nodes": np.add.reduceat(stays, starts(n_nodes), dtype=np.int32),
        **_asked(s, (stays & ~is_leaf)[~s["leaf_map"][:total]]),
    }
    if "baseline" in s:
        structure["baseline"] = s["baseline"]
    # The leaf that stands at a node, or stood above it: the last one up to there that stays.
    place = np.cumsum(stays & is_leaf, dtype=np.int32) - np.int32(1)
    leaf = np.full(int(np.count_nonzero(s["leaf_map"])), -1, dtype=np.int32)
    old = place[s["leaf_map"][:total]]
    leaf[: len(old)] = old
    return Cut({n: frozen(a) for n, a in structure.items()}, frozen(leaf), trees)


def _splits_by_level(parts: Parts, trees: int) -> Iterator[Array]:
    """Yield the splits of each level of the first `trees` trees, from the roots down."""
    leaf_map, right = parts.structure["leaf_map"], walk(parts).right
    level = starts(parts.structure["n_nodes"][:trees])
    while (splits := level[~leaf_map[level]]).size:
        yield splits
        level = np.concatenate([splits + 1, right[splits]])


def _asked(s: Mapping[str, Array], stays: Array) -> dict[str, Array]:
    """Return what the splits that stay ask, with the tables of the thresholds that they need."""
    splits = np.flatnonzero(stays)
    feature, start = s["feature"][splits], s["table_start"]
    place = start[feature] + s["threshold"][splits]
    used = np.zeros(len(s["table"]), dtype=bool)
    used[place] = True
    # How many thresholds in front of each are still there.
    before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(used, dtype=np.int64)])
    found = {
        "feature": feature,
        "threshold": (before[place] - before[start[feature]]).astype(np.uint32),
        "table": s["table"][used],
        "table_start": before[start],
    }
    return found | ({"missing_left": s["missing_left"][splits]} if "missing_left" in s else {})


def _merged(leaf: Floats, new: Array, counts: Array | None) -> Floats:
    """Return the value of every new leaf, (n_new, k); one that was a leaf keeps its own to the last digit."""
    stays = new >= 0
    new, leaf = new[stays], leaf[stays]
    weight = np.ones(len(new)) if counts is None else counts[stays].astype(np.float64)
    weight = np.where(np.bincount(new, weight)[new] > 0, weight, 1.0)
    total = np.bincount(new, weight)
    means = np.stack([np.bincount(new, weight * column) / total for column in leaf.T], axis=1)
    first = np.flatnonzero(np.diff(new, prepend=-1))
    alone = np.bincount(new) == 1
    means[alone] = leaf[first[alone]]
    return means
