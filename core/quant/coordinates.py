"""The coordinates in which a linear model is rounded, and the way back to plain coefficients.

Arrays of decoded values carry a leading axis of k variants, so that one scheme and a whole sweep take
the same path. o is the number of outputs, p the number of columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.errors import InvalidInput
from core.moments import Moments
from core.parts import Array, Floats, Parts
from core.quant.scheme import Scheme

CODED = ("quantised", "same-grid")

# Largest number that is rounded: the range between two of them, stretched by a scale search, is a float32.
LARGEST = 1e38
_SMALLEST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, eq=False)
class Blocks:
    """What is to be rounded: flat values by block name, their groups, and the scaling of the columns.

    The block `coef` holds o·p coefficients, and behind them o intercepts when they share its grid; the
    block `intercept` exists when the intercept has codes of its own.
    """

    values: Mapping[str, Floats]
    groups: Mapping[str, Array]
    scale: Floats
    mean: Floats


def float32(values: Floats) -> Floats:
    """Return `values` as float32 stores them, in float64."""
    with np.errstate(over="ignore"):
        return np.asarray(values, dtype=np.float32).astype(np.float64)


def column_scale(moments: Moments) -> Floats:
    """Return the standard deviation of each column, 1 where a column is constant, shape (p,)."""
    scale = np.sqrt(np.diag(moments.gram))
    constant = scale <= 1e-12 * np.maximum(np.abs(moments.mean), 1e-300)
    return np.where(constant, 1.0, scale)


def require_moments(scheme: Scheme, moments: Moments | None) -> None:
    """Raise `InvalidInput` when the scheme needs training statistics that are not at hand."""
    if moments is not None:
        return
    if scheme.space != "raw":
        raise InvalidInput("space", scheme.space, "raw for a model without training statistics")
    if scheme.intercept == "refit":
        raise InvalidInput("intercept", "refit", "keep, quantised or same-grid without training statistics")
    if scheme.scale == "output":
        raise InvalidInput("scale", "output", "minmax or mse for a model without training statistics")


def blocks(parts: Parts, scheme: Scheme, moments: Moments | None, groups: Mapping[str, Array]) -> Blocks:
    """Return the values to round, in the coordinates that the scheme asks for.

    Standardised: w·σ and b + w·mean, the model of the standardised columns; raw: w and b as they are.
    """
    require_moments(scheme, moments)
    coef, intercept = parts.values["coef"], parts.values["intercept"]
    scale, mean = np.ones(coef.shape[1]), np.zeros(coef.shape[1])
    if scheme.space == "standardised" and moments is not None:
        scale, mean = column_scale(moments), moments.mean
    with np.errstate(over="ignore", invalid="ignore"):
        weights, shifted = (coef * scale).ravel(), intercept + coef @ mean
    _require_float32(weights, shifted, scale, mean)
    if scheme.intercept == "same-grid":
        weights = np.concatenate([weights, shifted])
    values = {"coef": weights}
    if scheme.intercept == "quantised":
        values["intercept"] = shifted
    return Blocks(values, groups, scale, mean)


def _require_float32(weights: Floats, intercept: Floats, scale: Floats, mean: Floats) -> None:
    """Raise `InvalidInput` for numbers that float32 cannot hold: what is stored would not be the model."""
    for field, values in (("coefficients", weights), ("intercept", intercept), ("means of the columns", mean)):
        largest = float(np.abs(values).max(initial=0))
        if not largest <= LARGEST:
            raise InvalidInput(field, largest, f"at most {LARGEST:g} in size, to be stored as float32")
    if not (scale.min(initial=1) >= _SMALLEST and scale.max(initial=1) <= LARGEST):
        allowed = f"from {_SMALLEST:.3g} to {LARGEST:g}, to be stored as float32"
        raise InvalidInput("deviations of the columns", [float(scale.min()), float(scale.max())], allowed)


def exact_tables(scheme: Scheme, b: Blocks) -> dict[str, Array]:
    """Return the float32 arrays beside the codes that answering a raw row needs, without the intercept."""
    exact: dict[str, Array] = {}
    if scheme.space == "standardised":
        exact["feature_scale"] = b.scale.astype(np.float32)
        if scheme.intercept in CODED:
            # A coded intercept belongs to standardised columns; a float one is stored with the mean folded in.
            exact["feature_mean"] = b.mean.astype(np.float32)
    return exact


def raw_coef(decoded: Mapping[str, Floats], exact: Mapping[str, Array], shape: tuple[int, ...]) -> Floats:
    """Return the coefficients of the unscaled columns, shape (k, o, p), from decoded blocks (k, n)."""
    n_outputs, n_columns = shape
    coef = decoded["coef"][:, : n_outputs * n_columns].reshape(-1, n_outputs, n_columns)
    return coef / exact["feature_scale"].astype(np.float64) if "feature_scale" in exact else coef


def coded_intercept(decoded: Mapping[str, Floats], exact: Mapping[str, Array], coef: Floats) -> Floats:
    """Return the intercepts (k, o) for unscaled columns, from decoded blocks."""
    n_outputs = coef.shape[1]
    value = decoded["intercept"] if "intercept" in decoded else decoded["coef"][:, -n_outputs:]
    if "feature_mean" in exact:
        value = value - coef @ exact["feature_mean"].astype(np.float64)
    return value


def float_intercept(parts: Parts, scheme: Scheme, moments: Moments | None, b: Blocks, coef: Floats) -> Floats:
    """Return the intercepts (k, o) that are stored as float32, for unscaled columns.

    refit:  b̂ = b + (w - ŵ)·mean, which keeps the mean prediction on the training rows.
    keep:   the intercept of the rounding coordinates stays, b̂ = (b + w·mean) - ŵ·mean in standardised
            ones, hence the same as refit there, and b̂ = b in raw ones.
    """
    original, intercept = parts.values["coef"], parts.values["intercept"]
    mean = moments.mean if scheme.intercept == "refit" and moments is not None else b.mean
    return float32(intercept + (original - coef) @ mean)
