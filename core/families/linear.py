"""Linear models: one weighted sum and an intercept, always in the coordinates of the unscaled columns.

Whatever scaling a model was trained with is folded into its coefficients, so a linear model with p columns
is exactly p + 1 numbers, and which coordinates it is quantised in is a choice of the quantiser (`space`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.errors import ArtifactError, InvalidInput
from core.parts import Array, Floats, Parts


def extract(estimator: Any) -> Parts:
    """Return coefficients (1, n_features) and intercept (1,) of a fitted linear regressor of one target."""
    coef = np.atleast_2d(np.asarray(estimator.coef_, dtype=np.float64))
    if coef.shape[0] != 1:
        raise InvalidInput("estimator", f"{coef.shape[0]} targets", "a model of one target")
    intercept = np.broadcast_to(np.asarray(estimator.intercept_, dtype=np.float64), (coef.shape[0],))
    names = list(getattr(estimator, "feature_names_in_", ())) or [f"x{i}" for i in range(coef.shape[1])]
    meta = {"task": "regression", "features": names}
    return Parts("linear", {"coef": coef, "intercept": intercept}, {}, meta)


def predict(parts: Parts, X: Floats) -> Floats:
    """Return X·coef + intercept, shape (n_rows,)."""
    result: Floats = X @ parts.values["coef"][0] + parts.values["intercept"][0]
    return result


def groups(parts: Parts, name: str) -> Array:
    """Return one id per value: the coefficients share a scale, and so do the intercepts."""
    return np.zeros(parts.values[name].shape, dtype=np.intp)


def validate(parts: Parts) -> None:
    """Raise `ArtifactError` unless shapes agree with each other and with the column names, all finite."""
    if set(parts.values) != {"coef", "intercept"} or parts.structure:
        raise ArtifactError("a linear model has exactly a coef and an intercept")
    coef, intercept = parts.values["coef"], parts.values["intercept"]
    if coef.ndim != 2 or coef.shape[0] != 1 or intercept.shape != (1,):
        raise ArtifactError(f"coef has shape {coef.shape} and intercept {intercept.shape}")
    if coef.shape[1] != len(parts.meta["features"]):
        raise ArtifactError(f"{coef.shape[1]} coefficients for {len(parts.meta['features'])} columns")
    if not (np.isfinite(coef).all() and np.isfinite(intercept).all()):
        raise ArtifactError("a coefficient is not a finite number")


def fold_scaling(parts: Parts, mean: Floats, scale: Floats) -> Parts:
    """Return the same model for unscaled columns: w/scale, and b - sum(w·mean/scale)."""
    coef = parts.values["coef"] / scale
    intercept = parts.values["intercept"] - coef @ mean
    return Parts("linear", {"coef": coef, "intercept": intercept}, parts.structure, parts.meta)
