"""What is wrong with the columns: far apart in size, nearly dependent, and a mean that the intercept did not follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.comparison import Comparison
from core.diagnose.cure import best_cure, material
from core.diagnose.effects import mean_shifts
from core.diagnose.finding import Finding, share, short
from core.diagnose.penalty import ridge_cure
from core.memo import beside
from core.moments import Moments
from core.parts import Array
from core.quant.coordinates import column_scale
from core.train import Trained

# A step that raw coefficients share moves the outputs by step·σ: a tenfold σ costs more than three bits.
FAR_APART = 10.0

# Condition index (root of the condition number) from which dependence does harm (Belsley, Kuh and Welsch,
# Regression Diagnostics, 1980, section 3.2).
DEPENDENT = 30.0**2

# Coefficients that cancel: their parts have ten times the variance of the sum, which costs log2(10) / 2 = 1.7 bits.
CANCEL = 10.0


def moving(m: Moments) -> Array:
    """Return which columns are not constant, (p,)."""
    deviation = np.sqrt(np.diag(m.gram))
    result: Array = (deviation > 0) & (column_scale(m) == deviation)
    return result


def features_unscaled(trained: Trained, c: Comparison) -> Finding | None:
    """Find columns whose deviations lie far apart, when coefficients are rounded in raw coordinates."""
    varied = np.flatnonzero(moving(trained.moments))
    if c.quantized.scheme.space != "raw" or len(varied) < 2 or not material(trained, c):
        return None
    deviation = np.sqrt(np.diag(trained.moments.gram))
    least, most = (int(varied[pick(deviation[varied])]) for pick in (np.argmin, np.argmax))
    ratio = float(deviation[most] / deviation[least])
    if ratio < FAR_APART:
        return None
    cure = best_cure(trained, c, ("standardise",))
    if cure is None:
        return None
    names = trained.preparation.columns
    text = (
        f"Coefficients are rounded unscaled, though {names[most]} varies {short(ratio)} times as much as "
        f"{names[least]}: the same rounding error moves the outputs that much more."
    )
    evidence = {"largest": names[most], "smallest": names[least], "ratio": ratio}
    return Finding("features_unscaled", text, evidence, cure)


def shift_not_refitted(trained: Trained, c: Comparison) -> Finding | None:
    """Find an intercept that stayed where it was, when one shift of all outputs makes half of their squared change."""
    if c.quantized.scheme.intercept == "refit" or not material(trained, c):
        return None
    shifts = mean_shifts(trained, c)
    part = float((shifts**2).sum()) / c.output_error
    if part < 0.5:
        return None
    cure = best_cure(trained, c, ("refit",))
    if cure is None:
        return None
    text = f"One shift of all outputs makes {share(part)} of their squared change: the intercept did not follow it."
    return Finding("shift_not_refitted", text, {"share": part, "shift": float(np.abs(shifts).max())}, cure)


@dataclass(frozen=True)
class Dependence:
    """How nearly dependent the columns are: condition number of their correlations, and the closest pair."""

    condition: float
    first: str
    second: str
    correlation: float


@beside(most=1)
def dependence(trained: Trained) -> Dependence | None:
    """Return the dependence of the columns that are not constant, or None for fewer than two.

    Where rounding cannot tell the smallest eigenvalue from 0, the condition number is as large as it can be told.
    """
    m = trained.moments
    varied = np.flatnonzero(moving(m))
    if len(varied) < 2:
        return None
    scale = np.sqrt(np.diag(m.gram))[varied]
    correlations = m.gram[np.ix_(varied, varied)] / np.outer(scale, scale)
    eigenvalues = np.linalg.eigvalsh(correlations)
    least = max(float(eigenvalues[0]), len(varied) * np.finfo(np.float64).eps * float(eigenvalues[-1]))
    apart = np.triu(np.abs(correlations), 1)
    i, j = np.unravel_index(int(np.argmax(apart)), apart.shape)
    names = [trained.preparation.columns[varied[k]] for k in (i, j)]
    return Dependence(float(eigenvalues[-1]) / least, names[0], names[1], float(correlations[i, j]))


def cancellation(trained: Trained) -> float:
    """Return how much more the columns' parts vary than the outputs that they add up to, at least 0.

    sum of (w·σ)² / w'Gw, over all outputs: 1 for independent columns; 0 where the outputs do not vary.
    """
    coef, gram = trained.parts.values["coef"], trained.moments.gram
    whole = float(np.einsum("oi,oi->", coef @ gram, coef))
    return float((coef**2 @ np.diag(gram)).sum()) / whole if whole > 0 else 0.0


def _four(correlation: float) -> str:
    """Return a correlation with four decimals, cut and not rounded: only a perfect one is 1.0000."""
    size = min(abs(correlation), 1.0)
    cut = size if size > 1 - 1e-12 else np.floor(size * 1e4) / 1e4
    return f"{'−' if correlation < 0 else ''}{cut:.4f}"


def columns_dependent(trained: Trained, c: Comparison) -> Finding | None:
    """Find nearly dependent columns whose large coefficients cancel, so that rounding them leaves large remainders."""
    if not material(trained, c):
        return None
    found, cancelled = dependence(trained), cancellation(trained)
    if found is None or found.condition < DEPENDENT or cancelled < CANCEL:
        return None
    cure = best_cure(trained, c, ("standardise", "fit scale", "rows", "blocks"))
    cure = ridge_cure(trained, c, cure) or cure
    condition = short(found.condition) if found.condition < 1e12 else "above 10¹²"
    text = (
        f"Nearly dependent columns cancel: {found.first} and {found.second} correlate at {_four(found.correlation)}, "
        f"and apart the columns move the outputs {short(np.sqrt(cancelled))} times as far as together (condition "
        f"number {condition})."
    )
    evidence = {
        "condition": found.condition, "first": found.first, "second": found.second,
        "correlation": found.correlation, "times_apart": float(np.sqrt(cancelled)),
    }  # fmt: skip
    return Finding("columns_dependent", text, evidence, cure)
