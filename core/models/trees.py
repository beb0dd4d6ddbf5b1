"""`TREES`: the tree models that can be trained, in the form of `MODELS`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from core.fields import Choice, Field, Number
from core.models.model import Model
from core.parts import Floats
from core.progress import Progress

# The same seed for every model: what a tree draws is no setting.
_SEED = 42

# What scikit-learn is told for the words of a choice.
_SHARES: dict[str, Any] = {"all": None, "half": 0.5, "sqrt": "sqrt", "log2": "log2"}
_STOPS: dict[str, Any] = {"auto": "auto", "on": True, "off": False}

_DEPTH = Number(0, 0, 100, integer=True, label="Deepest level", help="How many questions to a leaf; 0 for no limit.")
_TREES = Number(100, 1, 1000, integer=True, label="Trees", help="How many trees vote; the size grows with them.")


def _leaf_rows(default: int) -> Number:
    """Return the field of the fewest rows in a leaf."""
    return Number(
        default, 1, 10_000, integer=True, label="Rows in a leaf", help="Fewest training rows that make a leaf."
    )  # fmt: skip


def _most_leaves(default: int) -> Number:
    """Return the field of the most leaves in a tree."""
    return Number(
        default, 0, 100_000, integer=True, label="Leaves at most", help="Most leaves in one tree; below 2 for no limit."
    )


def _share(default: str) -> Choice:
    """Return the field of the share of the columns that each split looks at."""
    return Choice(
        default, tuple(_SHARES), "Columns a split looks at", "Each split draws this share of the columns anew."
    )  # fmt: skip


def _arguments(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what scikit-learn is given: no limit is None there, and words stand for shares."""
    given = dict(params)
    given["max_depth"] = given["max_depth"] or None
    given["max_leaf_nodes"] = given["max_leaf_nodes"] if given["max_leaf_nodes"] >= 2 else None
    if isinstance(given["max_features"], str):
        given["max_features"] = _SHARES[given["max_features"]]
    if "early_stopping" in given:
        given["early_stopping"] = _STOPS[given["early_stopping"]]
    return given


def _maker(module: str, name: str, **fixed: Any) -> Callable[..., Any]:
    """Return the function that makes the scikit-learn estimator `name`; imported when it is asked for."""

    def make(rank_tol: float, **params: Any) -> Any:
        from importlib import import_module

        return getattr(import_module(module), name)(**_arguments(params), **fixed, random_state=_SEED)

    return make


def _tree_fields() -> dict[str, Field]:
    """Return the hyperparameters of a single tree."""
    return {
        "max_depth": _DEPTH,
        "min_samples_leaf": _leaf_rows(1),
        "max_leaf_nodes": _most_leaves(0),
        "max_features": _share("all"),
    }


def _forest_fields(share: str) -> dict[str, Field]:
    """Return the hyperparameters of a forest."""
    return {"n_estimators": _TREES, **_tree_fields(), "max_features": _share(share)}


def _boosting_fields() -> dict[str, Field]:
    """Return the hyperparameters of histogram boosting."""
    return {
        "max_iter": Number(
            100, 1, 2000, integer=True, label="Iterations", help="Trees that follow each other, one a class."
        ),
        "learning_rate": Number(
            0.1, 0, 1, open_low=True, label="Learning rate", help="The part of each tree's correction that is taken."
        ),
        "max_depth": _DEPTH,
        "max_leaf_nodes": _most_leaves(31),
        "min_samples_leaf": _leaf_rows(20),
        "l2_regularization": Number(0.0, 0, 1e6, label="Penalty", help="Pulls the values of small leaves to zero."),
        "max_features": Number(
            1.0, 0, 1, open_low=True, label="Share of columns", help="Each split looks at this share of the columns."
        ),
        "max_bins": Number(255, 2, 255, integer=True, label="Bins", help="Most different thresholds of one column."),
        "early_stopping": Choice(
            "auto",
            tuple(_STOPS),
            "Stop early",
            "Stop when a tenth of the training rows, held back, gains no more; auto: above 10,000 rows.",
        ),
    }


# In so many slices a forest grows: between two of them it can say how far it is.
_SLICES = 20

# What the following take, in multiplications of a matrix product: measured, on a core that is busy. One row and column
# that a growing tree sorts at one level, or looks at without sorting; one row and column of an iteration of boosting,
# and one leaf and column of it.
_SORTED, _DRAWN, _BINNED, _LEAF = 800, 400, 100, 30_000


def _growing(each: int) -> Callable[[Mapping[str, Any], int, int, int], float]:
    """Return the work of growing trees: every row stands in one node of each level, and is looked at there."""

    def work(params: Mapping[str, Any], n: int, p: int, k: int) -> float:
        share = {"all": p, "half": p / 2, "sqrt": p**0.5, "log2": math.log2(max(p, 2))}[params["max_features"]]
        levels = math.log2(max(n, 2))
        levels = min(levels, params["max_depth"] or levels)
        return float(each * params.get("n_estimators", 1) * n * levels * max(share, 1.0))

    return work


def _boosting(params: Mapping[str, Any], n: int, p: int, k: int) -> float:
    """Return the work of boosting: one tree an iteration and class, of histograms that cost about the same by leaf."""
    leaves = n / params["min_samples_leaf"]
    if params["max_leaf_nodes"] >= 2:
        leaves = min(leaves, params["max_leaf_nodes"])
    if params["max_depth"]:
        leaves = min(leaves, 2.0 ** params["max_depth"])
    return float(params["max_iter"] * (1 if k <= 2 else k) * p * (_LEAF * leaves + _BINNED * n))


def grow(forest: Any, X: Floats, y: Floats, progress: Progress) -> None:
    """Fit a forest some trees at a time, and say how many there are.

    Every tree draws its own seed from the forest's, in turn: those of many fits are those of one.
    """
    count = forest.n_estimators
    step = max(1, count // _SLICES)
    forest.set_params(warm_start=True)
    for some in range(step, count + step, step):
        forest.set_params(n_estimators=min(some, count)).fit(X, y)
        progress(min(some, count), count, f"{min(some, count)} of {count} trees grown")
    forest.set_params(warm_start=False)


def _model(
    label: str, task: str, summary: str, fields: dict[str, Field], make: Callable[..., Any], work: Callable[..., float]
) -> Model:
    """Return the entry of a tree model."""
    return Model(label, task, "trees", summary, fields, make, work=work)


_ONE = "Questions about one column at a time, down to a leaf."
_MANY = "Many deep trees on redrawn rows; their mean counts."
_RANDOM = "Many deep trees with thresholds drawn at random; their mean counts."
_BOOST = "Small trees one after the other, each correcting the sum of those before."

TREES: dict[str, Model] = {
    "decision_tree": _model(
        "Decision tree", "regression", _ONE, _tree_fields(),
        _maker("sklearn.tree", "DecisionTreeRegressor"), _growing(_SORTED),
    ),
    "random_forest": _model(
        "Random forest", "regression", _MANY, _forest_fields("all"),
        _maker("sklearn.ensemble", "RandomForestRegressor", n_jobs=1), _growing(_SORTED),
    ),
    "extra_trees": _model(
        "Extra trees", "regression", _RANDOM, _forest_fields("all"),
        _maker("sklearn.ensemble", "ExtraTreesRegressor", n_jobs=1), _growing(_DRAWN),
    ),
    "hist_boosting": _model(
        "Histogram boosting", "regression", _BOOST, _boosting_fields(),
        _maker("sklearn.ensemble", "HistGradientBoostingRegressor"), _boosting,
    ),
    "decision_tree_classifier": _model(
        "Decision tree", "classification", _ONE, _tree_fields(),
        _maker("sklearn.tree", "DecisionTreeClassifier"), _growing(_SORTED),
    ),
    "random_forest_classifier": _model(
        "Random forest", "classification", _MANY, _forest_fields("sqrt"),
        _maker("sklearn.ensemble", "RandomForestClassifier", n_jobs=1), _growing(_SORTED),
    ),
    "extra_trees_classifier": _model(
        "Extra trees", "classification", _RANDOM, _forest_fields("sqrt"),
        _maker("sklearn.ensemble", "ExtraTreesClassifier", n_jobs=1), _growing(_DRAWN),
    ),
    "hist_boosting_classifier": _model(
        "Histogram boosting", "classification", _BOOST, _boosting_fields(),
        _maker("sklearn.ensemble", "HistGradientBoostingClassifier"), _boosting,
    ),
}  # fmt: skip
