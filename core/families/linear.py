"""Linear models: one weighted sum and an intercept, always in the coordinates of the unscaled columns.

Whatever scaling a model was trained with is folded into its coefficients, so a linear model with p columns
is exactly p + 1 numbers, and which coordinates it is quantised in is a choice of the quantiser (`space`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.errors import ArtifactError, InvalidInput
from core.parts import Array, Floats, Parts

# How many neighbouring coefficients share a scale where scales are given by blocks.
BLOCK = 16


def extract(estimator: Any) -> Parts:
    """Return coefficients (n_outputs, n_features) and intercepts (n_outputs,) of a fitted linear model.

    One output for a regressor of one target and for two classes, one a class for more. Raises `InvalidInput`
    for several targets.
    """
    coef = np.atleast_2d(np.asarray(estimator.coef_, dtype=np.float64))
    classes = getattr(estimator, "classes_", None)
    if classes is None and coef.shape[0] != 1:
        raise InvalidInput("estimator", f"{coef.shape[0]} targets", "a model of one target")
    intercept = np.broadcast_to(np.asarray(estimator.intercept_, dtype=np.float64), (coef.shape[0],))
    names = [str(n) for n in getattr(estimator, "feature_names_in_", ())] or [f"x{i}" for i in range(coef.shape[1])]
    meta = {"task": "regression", "features": names, "classes": []}
    if classes is not None:
        meta |= {"task": "classification", "classes": [_class_name(c) for c in classes]}
    return Parts("linear", {"coef": coef, "intercept": intercept}, {}, meta)


def _class_name(label: Any) -> str:
    """Return a class's label as text; 3.0 is the class "3"."""
    return str(int(label)) if isinstance(label, float | np.floating) and float(label).is_integer() else str(label)


def scores(parts: Parts, X: Floats) -> Floats:
    """Return X·coef + intercept for every output, shape (n_rows, n_outputs)."""
    result: Floats = X @ parts.values["coef"].T + parts.values["intercept"]
    return result


def probabilities(raw: Floats) -> Floats:
    """Return class probabilities (..., k) from scores (..., o): softmax, or the logistic function for one score.

    p_c = exp(s_c) / sum exp(s_j); for two classes p_1 = 1 / (1 + exp(-s)), written so that nothing overflows.
    """
    if raw.shape[-1] == 1:
        first = np.exp(-np.logaddexp(0.0, raw))
        return np.concatenate([first, np.exp(-np.logaddexp(0.0, -raw))], axis=-1)
    shifted = np.exp(raw - raw.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def outputs(parts: Parts, X: Floats) -> Floats:
    """Return values (n_rows,) for regression, class probabilities (n_rows, n_classes) for classification."""
    if parts.meta["task"] == "classification":
        return probabilities(scores(parts, X))
    result: Floats = X @ parts.values["coef"][0] + parts.values["intercept"][0]
    return result


def groups(parts: Parts, name: str, granularity: str) -> Array:
    """Return one id per value: all coefficients share a scale, or those of a row, or of a block of a row.

    Intercepts get the ids of their rows (of the first block of their rows), all 0 for one scale.
    """
    n_outputs, n_columns = parts.values["coef"].shape
    blocks = -(-n_columns // BLOCK) if granularity == "block" else 1
    first = np.zeros(n_outputs, dtype=np.intp) if granularity == "tensor" else np.arange(n_outputs) * blocks
    if name == "intercept":
        return first
    column = np.arange(n_columns) // BLOCK if granularity == "block" else np.zeros(n_columns, dtype=np.intp)
    return np.asarray(first[:, None] + column[None, :])


def n_outputs(task: str, n_classes: int) -> int:
    """Return how many rows of coefficients a model has: one a class, but one for two classes and for a value."""
    return 1 if task == "regression" or n_classes == 2 else n_classes


def validate(parts: Parts) -> None:
    """Raise `ArtifactError` unless shapes agree with classes and column names, all finite."""
    if set(parts.values) != {"coef", "intercept"} or parts.structure:
        raise ArtifactError("a linear model has exactly a coef and an intercept")
    coef, intercept = parts.values["coef"], parts.values["intercept"]
    rows = n_outputs(parts.meta["task"], len(parts.meta["classes"]))
    if coef.ndim != 2 or coef.shape[0] != rows or intercept.shape != (rows,):
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
