"""`FAMILIES`: what a model is made of, which values share a scale, and how it predicts, in NumPy alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import InvalidInput
from core.families import linear, mlp, trees
from core.parts import Array, Floats, Parts


@dataclass(frozen=True)
class Family:
    """Plain functions of one family: estimator to `Parts`, `Parts` and matrix to outputs, groups, checks."""

    extract: Callable[[Any], Parts]
    outputs: Callable[[Parts, Floats], Floats]
    groups: Callable[[Parts, str, str], Array]
    validate: Callable[[Parts], None]


FAMILIES: dict[str, Family] = {
    "linear": Family(linear.extract, linear.outputs, linear.groups, linear.validate),
    "trees": Family(trees.extract, trees.outputs, trees.groups, trees.validate),
    "mlp": Family(mlp.extract, mlp.outputs, mlp.groups, mlp.validate),
}

# Which family an estimator belongs to, by the name of its class: scikit-learn stays out of this module.
_FAMILY_OF = {
    **dict.fromkeys(("LinearRegression", "Ridge", "Lasso", "ElasticNet", "LogisticRegression"), "linear"),
    **dict.fromkeys(trees.KINDS, "trees"),
    **dict.fromkeys(mlp.KINDS, "mlp"),
}


def extract(estimator: Any) -> Parts:
    """Return the `Parts` of a fitted scikit-learn estimator; raises `InvalidInput` for a class unknown here."""
    name = type(estimator).__name__
    if name not in _FAMILY_OF:
        raise InvalidInput("estimator", name, "one of " + ", ".join(_FAMILY_OF))
    return FAMILIES[_FAMILY_OF[name]].extract(estimator)


def outputs(parts: Parts, X: Floats) -> Floats:
    """Return what `parts` says of `X` (n_rows, n_columns): values (n_rows,), or class probabilities (n_rows, k)."""
    return FAMILIES[parts.family].outputs(parts, X)


def predict(parts: Parts, X: Floats) -> Floats:
    """Return the predictions of `parts` for `X`, shape (n_rows,): values, or numbers of classes."""
    found = outputs(parts, X)
    return found.argmax(axis=1).astype(np.float64) if parts.meta["task"] == "classification" else found


def fold_scaling(parts: Parts, mean: Floats, scale: Floats) -> Parts:
    """Return the same linear model or perceptron for unscaled columns."""
    fold = mlp.fold_scaling if parts.family == "mlp" else linear.fold_scaling
    return fold(parts, mean, scale)


def groups(parts: Parts, name: str, granularity: str = "tensor") -> Array:
    """Return integer ids of the shape of `parts.values[name]`; equal ids share one scale."""
    return FAMILIES[parts.family].groups(parts, name, granularity)
