"""Tree models for tests: every kind and task on small, awkward tables."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

from core.families import trees
from core.parts import Array, Floats, Parts

ESTIMATORS = {
    "DecisionTreeRegressor": lambda: DecisionTreeRegressor(random_state=0),
    "DecisionTreeClassifier": lambda: DecisionTreeClassifier(random_state=0),
    "ExtraTreeRegressor": lambda: ExtraTreeRegressor(random_state=0),
    "ExtraTreeClassifier": lambda: ExtraTreeClassifier(random_state=0),
    "RandomForestRegressor": lambda: RandomForestRegressor(7, random_state=0),
    "RandomForestClassifier": lambda: RandomForestClassifier(7, random_state=0),
    "ExtraTreesRegressor": lambda: ExtraTreesRegressor(7, random_state=0),
    "ExtraTreesClassifier": lambda: ExtraTreesClassifier(7, random_state=0),
    "HistGradientBoostingRegressor": lambda: HistGradientBoostingRegressor(max_iter=6, random_state=0),
    "HistGradientBoostingClassifier": lambda: HistGradientBoostingClassifier(max_iter=6, random_state=0),
}
BOOSTING = tuple(name for name in ESTIMATORS if name.startswith("Hist"))
FLOAT32 = tuple(name for name in ESTIMATORS if name not in BOOSTING)
TABLES = ("plain", "missing values", "constant feature", "one feature", "a class with two rows", "ties", "two classes")


@cache
def table(kind: str) -> tuple[Floats, Floats, Floats]:
    """Return training rows, targets as numbers of classes (3, or 2), and rows to predict, of one kind of table."""
    draw = np.random.default_rng(TABLES.index(kind))
    X, new = (draw.normal(size=(n, 1 if kind == "one feature" else 4)) * 3 for n in (160, 60))
    y = np.digitize(X[:, 0] + X[:, -1] ** 2 / 3 + draw.normal(size=len(X)), [0, 3]).astype(np.float64)
    if kind == "two classes":
        y = np.minimum(y, 1)
    if kind == "a class with two rows":
        y = np.minimum(y, 1)
        y[:2] = 2
    if kind == "constant feature":
        X[:, 1], new[:, 1] = 7.5, np.resize([7.5, 0.0, 9.0], len(new))
    if kind == "ties":
        X, new = np.round(X), np.round(new * 2) / 2
    if kind == "missing values":
        X[draw.random(X.shape) < 0.2] = np.nan
        new[draw.random(new.shape) < 0.3] = np.nan
    return X, y, new


@cache
def fitted(name: str, kind: str = "plain") -> Any:
    """Return an estimator, fitted once a session; a regressor takes the targets with noise."""
    X, y, _ = table(kind)
    noise = 0 if name.endswith("Classifier") else np.random.default_rng(0).normal(size=len(y))
    return ESTIMATORS[name]().fit(X, y + noise)


@cache
def parts_of(name: str, kind: str = "plain") -> Parts:
    """Return the parts of such an estimator."""
    return trees.extract(fitted(name, kind))


def said(estimator: Any, X: Floats) -> Floats:
    """Return what scikit-learn says: values, or probabilities of the classes."""
    result: Floats = estimator.predict_proba(X) if hasattr(estimator, "classes_") else estimator.predict(X)
    return result


def changed(parts: Parts, **arrays: Array) -> Parts:
    """Return `parts` with some arrays of the structure, or the leaves, exchanged; None takes one away."""
    structure = {**parts.structure, **{n: a for n, a in arrays.items() if n != "leaf"}}
    values = {"leaf": arrays.get("leaf", parts.values["leaf"])}
    return Parts("trees", values, {n: a for n, a in structure.items() if a is not None}, parts.meta)
