"""Sufficient statistics of rows: enough to score any linear candidate without touching the rows again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.parts import Floats, frozen, rebuild


@dataclass(frozen=True, eq=False)
class Moments:
    """Means and centred second moments of n rows of X and y; all divided by n.

    `mean` (p,), `gram` (p, p) = Xc'Xc/n, `cross` (p,) = Xc'yc/n, `y_mean`, `y_var`.
    """

    n: int
    mean: Floats
    gram: Floats
    cross: Floats
    y_mean: float
    y_var: float

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("mean", "gram", "cross"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        """Return how a copy is made in another process."""
        return rebuild(self)


def mean_of(y: Floats) -> float:
    """Return the mean of `y` (n,), never outside its range: of equal values it is that value exactly.

    The mean of three times 0.1 is not 0.1 in floating point, and equal targets would seem to vary.
    """
    return float(np.clip(y.mean(), y.min(), y.max()))


def moments(X: Floats, y: Floats) -> Moments:
    """Return the moments of `X` (n, p) and `y` (n,), in one centred pass."""
    mean, y_mean = X.mean(axis=0), mean_of(y)
    centred, y_centred = X - mean, y - y_mean
    n = len(y)
    return Moments(
        n, mean, centred.T @ centred / n, centred.T @ y_centred / n, y_mean, float(y_centred @ y_centred) / n
    )


def merge(*parts: Moments) -> Moments:
    """Return the moments of all rows behind `parts` together, whatever their order.

    With δ = mean_b - mean_a:  mean = mean_a + δ·n_b/n,  n·G = n_a·G_a + n_b·G_b + δδ'·n_a·n_b/n  (Chan, Golub and
    LeVeque 1983, equation 2.1, for several columns). Nothing is summed that was not centred before.
    """
    whole = parts[0]
    for one in parts[1:]:
        n = whole.n + one.n
        share, delta, y_delta = one.n / n, one.mean - whole.mean, one.y_mean - whole.y_mean
        between = share * (1 - share)
        whole = Moments(
            n,
            whole.mean + share * delta,
            (1 - share) * whole.gram + share * one.gram + between * np.outer(delta, delta),
            (1 - share) * whole.cross + share * one.cross + between * y_delta * delta,
            whole.y_mean + share * y_delta,
            (1 - share) * whole.y_var + share * one.y_var + between * y_delta**2,
        )
    return whole


def least_squares(m: Moments, penalty: float = 0.0, unit: Floats | None = None) -> tuple[Floats, float, int]:
    """Return coefficients (p,), intercept and rank of the model of least squares on the rows behind `m`.

    Minimises |y - Xw - b|² + α·|w·unit|² (ridge: `penalty` α in units `unit` (p,) of the columns; all 1 when None).
    Solved in columns of equal deviation, v = w·s with s² = diag(G):  (G/ss' + diag(α·unit²/(n·s²)))·v = cross/s.
    Directions that rounding cannot tell from none are left out and lower the rank.
    """
    s = np.sqrt(np.diag(m.gram))
    s = np.where(s <= 1e-12 * np.maximum(np.abs(m.mean), 1e-300), 1.0, s)
    unit = np.ones_like(s) if unit is None else unit
    values, vectors = np.linalg.eigh(m.gram / np.outer(s, s) + np.diag(penalty / m.n * (unit / s) ** 2))
    used = values > np.finfo(np.float64).eps * max(m.n, len(s)) * values[-1]
    inside = vectors[:, used]
    coef = inside @ ((inside.T @ (m.cross / s)) / values[used]) / s
    return coef, float(m.y_mean - m.mean @ coef), int(used.sum())


@dataclass(frozen=True, eq=False)
class Anchor:
    """Moments of the residuals of one fitted model, round which its variants are scored stably."""

    moments: Moments
    coef: Floats
    intercept: float
    error_mean: float
    error_var: float
    error_cross: Floats


def anchor(m: Moments, X: Floats, y: Floats, coef: Floats, intercept: float) -> Anchor:
    """Return what scoring near the model (`coef`, `intercept`) needs, from one pass over its residuals."""
    error = y - (X @ coef + intercept)
    centred = error - error.mean()
    cross = (X - m.mean).T @ centred / m.n
    return Anchor(m, coef, intercept, float(error.mean()), float(centred @ centred) / m.n, frozen(cross))


def anchored(m: Moments, coef: Floats, intercept: float) -> Anchor:
    """Return the same from moments alone.

    ē = ȳ - w·x̄ - b,  cov(x, e) = cross - Gw,  var(e) = var(y) - w·(2·cross - Gw).  No row is read; what is lost
    are digits where the model explains nearly everything.
    """
    explained = m.gram @ coef
    error_var = max(m.y_var - float(coef @ (2 * m.cross - explained)), 0.0)
    return Anchor(m, coef, intercept, m.y_mean - float(m.mean @ coef) - intercept, error_var, m.cross - explained)


def score(a: Anchor, coefs: Floats, intercepts: Floats) -> tuple[Floats, Floats]:
    """Return R² and RMSE of many linear models at once; `coefs` (k, p), `intercepts` (k,): each (k,).

    With D = w - ŵ and db = b - b̂ the error of a candidate is e = e0 + D·x + db, hence
    mean = ē0 + D·x̄ + db,  var = var(e0) + 2 D·g + D'GD,  MSE = var + mean²,  R² = 1 - MSE / var(y).
    Anchored at the fitted model, so that tiny differences do not drown in cancellation. R² is NaN where
    all targets are equal.
    """
    delta = a.coef - coefs
    mean = a.error_mean + delta @ a.moments.mean + (a.intercept - intercepts)
    var = a.error_var + 2 * delta @ a.error_cross + np.einsum("ij,ij->i", delta @ a.moments.gram, delta)
    mse = np.maximum(var, 0.0) + mean**2
    r2 = 1 - mse / a.moments.y_var if a.moments.y_var > 0 else np.full_like(mse, np.nan)
    return r2, np.sqrt(mse)


def output_error(m: Moments, delta: Floats, shift: Floats) -> Floats:
    """Return the mean squared change of the predictions on the rows behind `m`, summed over outputs.

    δ'Gδ + (δ·x̄ + δb)², with δ = ŵ - w (Frantar et al., GPTQ, 2023, equation 1). `delta` (..., o, p) is quantised
    minus original coefficients, `shift` (..., o) the same for the intercepts; the result has the leading axes.
    """
    quadratic = np.einsum("...oi,...oi->...o", delta @ m.gram, delta)
    result: Floats = (quadratic + (delta @ m.mean + shift) ** 2).sum(axis=-1)
    return result
