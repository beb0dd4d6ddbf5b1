"""What trees say of rows: the leaves they reach, added up in the order in which scikit-learn adds them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import InvalidInput
from core.families.linear import probabilities
from core.families.trees.preorder import starts
from core.families.trees.walk import asked_columns, leaves, walk
from core.parts import Array, Floats, Parts

# Values of leaves that are held at once while they are added up.
_AT_ONCE = 2**18
# Shares of classes add up to 1 within this, unless leaves were rounded.
_NEAR_ONE = 1e-9


def outputs(parts: Parts, X: Floats) -> Floats:
    """Return values (n_rows,) for regression, class probabilities (n_rows, n_classes) for classification."""
    return from_leaves(parts, leaves(parts, X))


def from_leaves(parts: Parts, leaf_ids: Array) -> Floats:
    """Return the outputs of `parts` for rows that reach `leaf_ids` (n_rows, n_trees), as `leaves` gives them."""
    return from_scores(parts, scores(parts, leaf_ids))


def from_scores(parts: Parts, total: Floats) -> Floats:
    """Return the outputs of `parts` for rows whose leaves add up to `total` (n_rows, n_outputs), see `scores`."""
    if parts.meta["task"] == "regression":
        return total[:, 0]
    return probabilities(total) if parts.meta["kind"] == "boosting" else shares(total)


def scores(parts: Parts, leaf_ids: Array) -> Floats:
    """Return the mean of the leaves of a tree or forest, the sum of those of a boosting, (n_rows, n_outputs).

    Forest: (v_1 + v_2 + ...)/T. Boosting: the output c is b_c plus the leaves of every tree that speaks for c;
    trees speak for the outputs in turn. Sums run from the first tree to the last, as in scikit-learn.
    """
    leaf, baseline = parts.values["leaf"], parts.structure.get("baseline")
    n_rows, n_trees = leaf_ids.shape
    width = leaf.shape[1] if baseline is None else len(baseline)
    found = np.empty((n_rows, width))
    step = max(1, _AT_ONCE // (n_trees * leaf.shape[1]))
    for row in range(0, n_rows, step):
        # (n_trees, rows, width of a leaf)
        values = leaf.take(leaf_ids[row : row + step].T, axis=0)
        if baseline is None:
            found[row : row + step] = np.add.accumulate(values)[-1] / n_trees
            continue
        rounds = values.reshape(n_trees // width, width, -1)
        rounds[0] += baseline[:, None]
        found[row : row + step] = np.add.accumulate(rounds)[-1].T
    return found


def shares(total: Floats) -> Floats:
    """Return `total` (n_rows, n_classes) as probabilities; only the means of rounded leaves have to be changed.

    They need not add up to 1, and may fall below 0: then p_c = (s_c - min(0, s)) / sum, which keeps their order;
    all are alike where nothing is left.
    """
    low = np.minimum(total.min(axis=1), 0.0)
    amount = total.sum(axis=1)
    stray = (low < 0) | (np.abs(amount - 1.0) > _NEAR_ONE)
    if not stray.any():
        return total
    moved = total[stray] - low[stray, None]
    amount = moved.sum(axis=1, keepdims=True)
    result = total.copy()
    result[stray] = np.where(amount > 0, moved / np.where(amount > 0, amount, 1.0), 1.0 / total.shape[1])
    return result


def groups(parts: Parts, name: str, granularity: str) -> Array:
    """Return one id per value of the leaves: all share a scale (tensor), or those of one tree (row)."""
    leaf = parts.values[name]
    if granularity == "tensor":
        return np.zeros(leaf.shape, dtype=np.intp)
    if granularity != "row":
        raise InvalidInput("granularity", granularity, "tensor or row: leaves have no neighbours that are alike")
    s = parts.structure
    n_leaves = np.add.reduceat(s["leaf_map"], starts(s["n_nodes"]), dtype=np.intp)
    tree = np.repeat(np.arange(len(n_leaves)), n_leaves)
    return np.ascontiguousarray(np.broadcast_to(tree[:, None], leaf.shape))


@dataclass(frozen=True)
class Step:
    """One question on the way of a row: whether its value of a feature is at most a threshold."""

    feature: int
    threshold: float
    value: float
    left: bool

    @property
    def missing(self) -> bool:
        """Tell whether the row has no value here, and went where missing values go."""
        return bool(np.isnan(self.value))


@dataclass(frozen=True)
class Path:
    """The questions that lead a row to a leaf, the leaf counted over all trees, and what it says."""

    steps: tuple[Step, ...]
    leaf: int
    says: tuple[float, ...]


def path(parts: Parts, row: Floats, tree: int = 0) -> Path:
    """Return the way of one row (n_features,) through one tree."""
    nodes = walk(parts)
    if not 0 <= tree < len(nodes.roots):
        raise InvalidInput("tree", tree, f"a whole number from 0 to {len(nodes.roots) - 1}")
    columns = asked_columns(parts, np.asarray(row)[None, :])[0]
    n_features, node, steps = len(parts.meta["features"]), int(nodes.roots[tree]), []
    while nodes.leaf[node] < 0:
        asked = int(nodes.feature[node])
        left = bool(columns[asked] <= nodes.threshold[node])
        feature = asked % n_features
        steps.append(Step(feature, float(nodes.threshold[node]), float(columns[feature]), left))
        node = node + 1 if left else int(nodes.right[node])
    leaf = int(nodes.leaf[node])
    return Path(tuple(steps), leaf, tuple(parts.values["leaf"][leaf].tolist()))
