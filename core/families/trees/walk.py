"""Which leaf each row reaches in each tree: level by level, for all rows and trees of a block at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import InvalidInput
from core.families.trees.kept import of_structure
from core.families.trees.preorder import right_children, starts
from core.parts import Array, Floats, Parts

# Rows times trees that are walked together: few enough that everything asked stays in the processor's cache.
BLOCK = 2**14
# Levels between two looks at who has arrived: dropping them costs about as much as letting them wait that long.
LEVELS = 4


@dataclass(frozen=True, eq=False)
class Walk:
    """The nodes of all trees as arrays to be asked at once.

    A leaf asks whether feature 0 is at most NaN, which nothing is, and is its own right child: who has arrived stays.
    `leaf` numbers the leaves and is -1 for a split.
    """

    roots: Array
    feature: Array
    threshold: Array
    right: Array
    leaf: Array


@of_structure
def walk(parts: Parts) -> Walk:
    """Return the nodes of `parts` as arrays; a split that sends missing values to the left asks the second columns."""
    s = parts.structure
    leaf_map, n_nodes, feature = s["leaf_map"], s["n_nodes"], s["feature"].astype(np.intp)
    threshold = s["table"][s["table_start"][feature] + s["threshold"]]
    if "missing_left" in s:
        feature = feature + (len(s["table_start"]) - 1) * s["missing_left"]
    of_nodes = np.zeros(len(leaf_map), dtype=np.intp)
    of_nodes[~leaf_map] = feature
    thresholds = np.full(len(leaf_map), np.nan, dtype=threshold.dtype)
    thresholds[~leaf_map] = threshold
    leaf = np.where(leaf_map, np.cumsum(leaf_map, dtype=np.int32) - 1, -1).astype(np.int32)
    return Walk(starts(n_nodes), of_nodes, thresholds, right_children(leaf_map, n_nodes), leaf)


def asked_columns(parts: Parts, X: Floats) -> Array:
    """Return `X` as the splits compare it: in the type of the thresholds, twice where missing values are known.

    NaN is no smaller than any threshold and goes to the right. In the second set of columns it is minus infinity,
    which goes to the left. Raises `InvalidInput` for a missing value if the model knows none.
    """
    # A number beyond float32 becomes infinite and goes where it would have gone.
    with np.errstate(over="ignore"):
        columns = np.asarray(X).astype(parts.structure["table"].dtype)
    names = parts.meta["features"]
    if columns.ndim != 2 or columns.shape[1] != len(names):
        raise InvalidInput("X", f"shape {columns.shape}", f"rows of {len(names)} columns")
    if "missing_left" in parts.structure:
        return np.concatenate([columns, np.where(np.isnan(columns), -np.inf, columns)], axis=1, dtype=columns.dtype)
    missing = np.isnan(columns).any(axis=0)
    if missing.any():
        name = names[int(missing.argmax())]
        raise InvalidInput("X", f"NaN in {name}", "free of missing values, as the rows of the training were")
    return columns


def leaves(parts: Parts, X: Floats) -> Array:
    """Return the leaf that each row of `X` reaches in each tree, (n_rows, n_trees) int32, counted over all trees.

    Leaves depend on the structure alone: a model and all its quantised twins share them (`from_leaves`).
    """
    columns, nodes = asked_columns(parts, X), walk(parts)
    n_rows, n_trees = len(columns), len(nodes.roots)
    found = np.empty((n_trees, n_rows), dtype=np.int32)
    rows_at_once = min(max(n_rows, 1), BLOCK)
    trees_at_once = max(1, BLOCK // rows_at_once)
    for row in range(0, n_rows, rows_at_once):
        block = columns[row : row + rows_at_once]
        for tree in range(0, n_trees, trees_at_once):
            roots = nodes.roots[tree : tree + trees_at_once]
            found[tree : tree + len(roots), row : row + len(block)] = _block(nodes, roots, block)
    return found.T


def _block(nodes: Walk, roots: Array, columns: Array) -> Array:
    """Return the leaves of the trees at `roots` for a block of rows, shape (n_trees, n_rows)."""
    n_rows, width = columns.shape
    cells = columns.ravel()
    found = np.empty(len(roots) * n_rows, dtype=np.int32)
    lane = np.arange(len(found))
    node = np.repeat(roots, n_rows)
    first_cell = np.tile(np.arange(n_rows) * width, len(roots))
    while lane.size:
        for _ in range(LEVELS):
            left = cells.take(first_cell + nodes.feature.take(node)) <= nodes.threshold.take(node)
            node = np.where(left, node + 1, nodes.right.take(node))
        leaf = nodes.leaf.take(node)
        found[lane] = leaf
        going = np.flatnonzero(leaf < 0)
        lane, node, first_cell = lane.take(going), node.take(going), first_cell.take(going)
    return found.reshape(len(roots), n_rows)
