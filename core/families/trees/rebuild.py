"""Trees as a scikit-learn estimator again: for those who want the object, and as the faster way for many rows.

What the estimator has lost is what only training needed: numbers of rows, impurities and the values of inner nodes,
and with them `feature_importances_` (now NaN), pruning and the SHAP values that weigh paths by rows; also how it was
grown (a forest of extra trees comes back as a random forest) and its hyperparameters. Classes are named by text. Where
`Parts` refuse missing values the estimator does not: it sends them to the right.
"""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np

from core.errors import InvalidInput
from core.families.trees.kept import of_structure
from core.families.trees.predict import outputs, shares
from core.families.trees.preorder import right_children, starts
from core.families.trees.walk import asked_columns
from core.parts import Array, Floats, Parts

_CHECKED_ROWS = 200
_SEED = 42
# What scikit-learn writes for the children of a leaf, and for its feature and threshold.
_NO_CHILD, _NO_SPLIT = -1, -2


def rebuild(parts: Parts) -> Any:
    """Return a fitted scikit-learn estimator that predicts what `parts` predict, checked on drawn rows.

    Raises `InvalidInput` when it does not: the inner form of scikit-learn's trees is not promised to stay.
    """
    estimator = _filled(parts, _nodes(parts))
    rows = drawn_rows(parts, _CHECKED_ROWS)
    ours = outputs(parts, rows)
    theirs = estimator.predict_proba(rows) if parts.meta["classes"] else estimator.predict(rows)
    if parts.meta["classes"]:  # where leaves were rounded, only we turn shares into probabilities
        theirs = shares(theirs)
    if not np.allclose(theirs, ours, rtol=1e-12, atol=1e-12 * float(np.abs(ours).max(initial=0.0))):
        import sklearn

        raise InvalidInput("scikit-learn", sklearn.__version__, "a version whose trees can be written here")
    return estimator


@of_structure
def _compiled(parts: Parts) -> Any:
    """Return an estimator whose trees give numbers of leaves."""
    numbers = np.arange(len(parts.values["leaf"]), dtype=np.float64)
    leaf = np.ascontiguousarray(np.broadcast_to(numbers[:, None], parts.values["leaf"].shape))
    numbered = Parts("trees", {"leaf": leaf}, parts.structure, parts.meta)
    return _filled(numbered, _nodes(numbered))


def compiled_leaves(parts: Parts, X: Floats) -> Array:
    """Return what `leaves` returns, asked of scikit-learn's compiled trees: faster for many rows.

    The trees are built by the first call and kept as long as the structure lives: about 72 bytes a node.
    """
    columns, estimator = asked_columns(parts, X)[:, : len(parts.meta["features"])], _compiled(parts)
    columns = np.ascontiguousarray(columns)
    found = np.empty((len(parts.structure["n_nodes"]), len(columns)), dtype=np.int32)
    if parts.meta["kind"] == "boosting":
        known = estimator._bin_mapper.make_known_categories_bitsets()
        for i, predictor in enumerate(p for iteration in estimator._predictors for p in iteration):
            found[i] = predictor.predict(columns, *known, n_threads=1)
        return found.T
    trees = [estimator] if parts.meta["kind"] == "tree" else estimator.estimators_
    for i, tree in enumerate(trees):
        found[i] = tree.tree_.value[:, 0, 0].take(tree.tree_.apply(columns))
    return found.T


def drawn_rows(parts: Parts, count: int) -> Floats:
    """Return seeded rows (count, n_features) on the thresholds and next to them, missing values where known."""
    draw = np.random.default_rng(_SEED)
    table, start = parts.structure["table"], parts.structure["table_start"]
    rows = np.zeros((count, len(start) - 1), dtype=table.dtype)
    for f in range(rows.shape[1]):
        of_feature = table[start[f] : start[f + 1]]
        of_feature = of_feature[np.isfinite(of_feature)]
        if of_feature.size:
            rows[:, f] = draw.choice(of_feature, count)
    above = draw.random(rows.shape) < 0.5
    # The largest float has no finite one above it.
    rows[above] = np.minimum(np.nextafter(rows[above], table.dtype.type(np.inf)), np.finfo(table.dtype).max)
    if "missing_left" in parts.structure:
        rows[draw.random(rows.shape) < 0.2] = np.nan
    return rows.astype(np.float64)


def _nodes(parts: Parts) -> dict[str, Array]:
    """Return what every node holds, over all trees; children are counted within their tree."""
    s, leaf = parts.structure, parts.values["leaf"]
    leaf_map, offset = s["leaf_map"], np.repeat(starts(s["n_nodes"]), s["n_nodes"])
    place = np.arange(len(leaf_map))
    nodes = {
        "left": np.where(leaf_map, _NO_CHILD, place + 1 - offset),
        "right": np.where(leaf_map, _NO_CHILD, right_children(leaf_map, s["n_nodes"]) - offset),
        "feature": np.full(len(leaf_map), _NO_SPLIT),
        "threshold": np.full(len(leaf_map), float(_NO_SPLIT)),
        "missing_left": np.zeros(len(leaf_map), dtype=bool),
        "value": np.zeros((len(leaf_map), leaf.shape[1])),
    }
    nodes["feature"][~leaf_map] = s["feature"]
    nodes["threshold"][~leaf_map] = s["table"][s["table_start"][s["feature"]] + s["threshold"]]
    if "missing_left" in s:
        nodes["missing_left"][~leaf_map] = s["missing_left"]
    nodes["value"][leaf_map] = leaf
    return nodes


def _filled(parts: Parts, nodes: dict[str, Array]) -> Any:
    """Return an estimator, fitted on rows of zeros, in which these trees stand in place of its own."""
    n_nodes = parts.structure["n_nodes"]
    slices = [slice(a, a + n) for a, n in zip(starts(n_nodes), n_nodes, strict=True)]
    estimator = _template(parts)
    if parts.meta["kind"] == "boosting":
        width = len(parts.structure["baseline"])
        first = estimator._predictors[0][0]
        trees = [_boosting_tree(first, {n: a[s] for n, a in nodes.items()}) for s in slices]
        estimator._predictors = [trees[i : i + width] for i in range(0, len(trees), width)]
        estimator._baseline_prediction = parts.structure["baseline"].reshape(estimator._baseline_prediction.shape)
        return estimator.set_params(max_iter=len(estimator._predictors))
    first = estimator if parts.meta["kind"] == "tree" else estimator.estimators_[0]
    made = []
    for s in slices:
        tree = copy(first)
        tree.tree_ = _tree(first.tree_, {n: a[s] for n, a in nodes.items()})
        made.append(tree)
    if parts.meta["kind"] == "tree":
        return made[0]
    estimator.estimators_ = made
    return estimator.set_params(n_estimators=len(made))


def _template(parts: Parts) -> Any:
    """Return the smallest fit of the estimator of this kind and task, with the classes of `parts`."""
    from sklearn import ensemble, tree

    kind, classes = parts.meta["kind"], parts.meta["classes"]
    owner = tree if kind == "tree" else ensemble
    stem = {"tree": "DecisionTree", "forest": "RandomForest", "boosting": "HistGradientBoosting"}[kind]
    settings = {"tree": {}, "forest": {"n_estimators": 1, "n_jobs": 1}, "boosting": {"max_iter": 1}}[kind]
    made = getattr(owner, stem + ("Classifier" if classes else "Regressor"))(random_state=_SEED, **settings)
    y = np.array(classes) if classes else np.zeros(2)
    made.fit(np.zeros((len(y), len(parts.meta["features"]))), y)
    if classes:  # sorted by the fit; ours keep their order
        made.classes_ = np.array(classes)
    return made


def _tree(like: Any, nodes: dict[str, Array]) -> Any:
    """Return a compiled tree of these nodes, of the type of `like` and with its number of classes."""
    state = like.__getstate__()
    records = np.zeros(len(nodes["left"]), dtype=state["nodes"].dtype)
    records["left_child"], records["right_child"] = nodes["left"], nodes["right"]
    records["feature"], records["threshold"] = nodes["feature"], nodes["threshold"]
    records["missing_go_to_left"] = nodes["missing_left"]
    made = type(like)(like.n_features, np.array(like.n_classes, dtype=np.intp), like.n_outputs)
    values = np.ascontiguousarray(nodes["value"][:, None, :])
    made.__setstate__(
        state | {"max_depth": _depth(nodes), "node_count": len(records), "nodes": records, "values": values}
    )
    return made


def _depth(nodes: dict[str, Array]) -> int:
    """Return how many splits stand above the deepest leaf of one tree."""
    level, depth = np.zeros(1, dtype=np.intp), 0
    while True:
        splits = level[nodes["left"][level] >= 0]
        if not splits.size:
            return depth
        level, depth = np.concatenate([nodes["left"][splits], nodes["right"][splits]]), depth + 1


def _boosting_tree(like: Any, nodes: dict[str, Array]) -> Any:
    """Return a tree of histogram boosting of these nodes, made from a copy of `like`."""
    made = copy(like)
    records = np.zeros(len(nodes["left"]), dtype=like.nodes.dtype)
    is_leaf = nodes["left"] < 0
    records["is_leaf"], records["value"] = is_leaf, nodes["value"][:, 0]
    records["left"], records["right"] = np.where(is_leaf, 0, nodes["left"]), np.where(is_leaf, 0, nodes["right"])
    records["feature_idx"] = np.where(is_leaf, 0, nodes["feature"])
    records["num_threshold"] = np.where(is_leaf, 0.0, nodes["threshold"])
    records["missing_go_to_left"] = nodes["missing_left"]
    made.nodes = records
    return made
