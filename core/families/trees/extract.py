"""A fitted scikit-learn tree, forest or histogram boosting as `Parts`: what predicting needs, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import InvalidInput
from core.families.linear import _class_name
from core.families.trees.preorder import positions, starts
from core.parts import Array, Floats, Parts

# Kind of model by the name of the estimator's class: scikit-learn stays out of this module.
KINDS = {
    "DecisionTreeRegressor": "tree",
    "DecisionTreeClassifier": "tree",
    "ExtraTreeRegressor": "tree",
    "ExtraTreeClassifier": "tree",
    "RandomForestRegressor": "forest",
    "RandomForestClassifier": "forest",
    "ExtraTreesRegressor": "forest",
    "ExtraTreesClassifier": "forest",
    "HistGradientBoostingRegressor": "boosting",
    "HistGradientBoostingClassifier": "boosting",
}

# What scikit-learn writes in place of a leaf's child.
_NO_CHILD = -1


@dataclass(frozen=True, eq=False)
class _Nodes:
    """The nodes of all trees, as the estimator numbers them; children are counted over all trees."""

    n_nodes: Array
    left: Array
    right: Array
    feature: Array
    threshold: Floats
    missing_left: Array
    count: Array
    value: Floats


def extract(estimator: Any, missing: bool | None = None) -> Parts:
    """Return the `Parts` of a fitted tree, forest or histogram boosting of one target.

    `missing` says whether missing values stood in the training rows: only then is it kept where a split sends
    them. None: as far as the trees show it, which is when a split sends them elsewhere than to its larger side,
    where scikit-learn sends them if it saw none. Raises `InvalidInput` for what cannot be taken over exactly.
    """
    kind = KINDS[type(estimator).__name__]
    _check(estimator, kind)
    nodes = _boosting_nodes(estimator) if kind == "boosting" else _tree_nodes(estimator, kind)
    names = [str(n) for n in getattr(estimator, "feature_names_in_", ())]
    names = names or [f"x{i}" for i in range(estimator.n_features_in_)]
    classes = getattr(estimator, "classes_", None)
    meta = {
        "task": "regression" if classes is None else "classification",
        "features": names,
        "classes": [] if classes is None else [_class_name(c) for c in classes],
        "kind": kind,
    }
    structure, leaf = _in_preorder(nodes, len(names), np.float64 if kind == "boosting" else np.float32, missing)
    if kind == "boosting":
        structure["baseline"] = np.array(estimator._baseline_prediction, dtype=np.float64).ravel()
    return Parts("trees", {"leaf": leaf}, structure, meta)


def _check(estimator: Any, kind: str) -> None:
    """Raise `InvalidInput` for an estimator without a fit, of several targets, one class, or another scale."""
    name = type(estimator).__name__
    if not hasattr(estimator, {"tree": "tree_", "forest": "estimators_", "boosting": "_predictors"}[kind]):
        raise InvalidInput("estimator", name, "fitted: call its fit first")
    if getattr(estimator, "n_outputs_", 1) != 1:
        raise InvalidInput("estimator", f"{estimator.n_outputs_} targets", "a model of one target")
    if len(getattr(estimator, "classes_", "two")) < 2:
        raise InvalidInput("estimator", "one class", "a classifier of at least two classes")
    if kind != "boosting":
        return
    if estimator.is_categorical_ is not None and np.any(estimator.is_categorical_):
        raise InvalidInput("categorical_features", name, "none: give categories as columns of zeros and ones")
    link = type(estimator._loss.link).__name__
    if not hasattr(estimator, "classes_") and link != "IdentityLink":
        raise InvalidInput("loss", estimator.loss, "one that predicts the sum itself: squared_error or absolute_error")


def _tree_nodes(estimator: Any, kind: str) -> _Nodes:
    """Return the nodes of a tree or forest; the values of a classifier are shares of its classes."""
    trees = [estimator.tree_] if kind == "tree" else [e.tree_ for e in estimator.estimators_]
    states = [t.__getstate__() for t in trees]
    return _joined(
        [s["nodes"] for s in states],
        [s["values"][:, 0, :] for s in states],
        ("left_child", "right_child", "threshold", "feature", "missing_go_to_left", "n_node_samples"),
    )


def _boosting_nodes(estimator: Any) -> _Nodes:
    """Return the nodes of all iterations, within one iteration those of the first class first."""
    trees = [predictor.nodes for iteration in estimator._predictors for predictor in iteration]
    if not trees:
        raise InvalidInput("estimator", "no iterations", "a boosting of at least one iteration")
    # A leaf's children are 0 there; it is known by its flag.
    marked = []
    for nodes in trees:
        children = {n: np.where(nodes["is_leaf"], _NO_CHILD, nodes[n].astype(np.int64)) for n in ("left", "right")}
        others = {n: nodes[n] for n in ("num_threshold", "feature_idx", "missing_go_to_left", "count")}
        marked.append(children | others)
    fields = ("left", "right", "num_threshold", "feature_idx", "missing_go_to_left", "count")
    return _joined(marked, [nodes["value"][:, None] for nodes in trees], fields)


def _joined(trees: Sequence[Any], values: Sequence[Floats], fields: Sequence[str]) -> _Nodes:
    """Return one array a field for all trees, children counted over all of them."""
    n_nodes = np.array([len(v) for v in values], dtype=np.int32)
    offset = np.repeat(starts(n_nodes), n_nodes)
    left, right, threshold, feature, missing_left, count = (np.concatenate([t[f] for t in trees]) for f in fields)
    left, right = (np.where(left < 0, _NO_CHILD, side + offset) for side in (left, right))
    return _Nodes(
        n_nodes, left, right, feature, threshold, missing_left.astype(bool), count, np.concatenate(values)
    )  # fmt: skip


def _in_preorder(
    nodes: _Nodes, n_features: int, kind: type[np.floating[Any]], missing: bool | None
) -> tuple[dict[str, Array], Floats]:
    """Return the structure and the leaves, nodes renumbered in preorder, thresholds by their place in a table."""
    place = positions(nodes.left, nodes.right, starts(nodes.n_nodes))
    order = np.empty_like(place)
    order[place] = np.arange(len(place))
    leaf_map = (nodes.left < 0)[order]
    splits = order[~leaf_map]
    feature = nodes.feature[splits].astype(np.int32)
    threshold, table, table_start = _indexed(feature, floored(nodes.threshold[splits], kind), n_features)
    structure = {
        "leaf_map": leaf_map,
        "n_nodes": nodes.n_nodes,
        "feature": feature,
        "threshold": threshold,
        "table": table,
        "table_start": table_start,
    }
    if _saw_missing(nodes, splits) if missing is None else missing:
        structure["missing_left"] = nodes.missing_left[splits]
    return structure, nodes.value[order[leaf_map]]


def floored(threshold: Floats, kind: type[np.floating[Any]]) -> Array:
    """Return thresholds as `kind`, rounded towards minus infinity.

    A tree compares float32 rows with a float64 threshold t. For every float32 x, x ≤ t exactly if x ≤ floor32(t),
    because there is no float32 between floor32(t) and t: nothing is lost.
    """
    rounded = threshold.astype(kind)
    above = rounded > threshold
    rounded[above] = np.nextafter(rounded[above], kind(-np.inf))
    return rounded


def _indexed(feature: Array, threshold: Array, n_features: int) -> tuple[Array, Array, Array]:
    """Return each threshold's place among the unique ones of its feature, these tables, and where each starts."""
    place = np.zeros(len(feature), dtype=np.uint32)
    tables = []
    for f in range(n_features):
        asked = feature == f
        unique, found = np.unique(threshold[asked], return_inverse=True)
        place[asked] = found
        tables.append(unique)
    sizes = np.array([0, *(len(t) for t in tables)], dtype=np.int64)
    return place, np.concatenate(tables), np.cumsum(sizes)


def _saw_missing(nodes: _Nodes, splits: Array) -> bool:
    """Tell whether a split shows that missing values stood in the training rows.

    A split of scikit-learn that saw none sends them to its larger side, to the right if both are equal; and only
    missing values can be split from all others, by an infinite threshold.
    """
    larger_left = nodes.count[nodes.left[splits]] > nodes.count[nodes.right[splits]]
    return bool((nodes.missing_left[splits] != larger_left).any() or np.isinf(nodes.threshold[splits]).any())
