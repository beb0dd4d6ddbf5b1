"""Which rounded parameter moves the predictions, by how much, and why: findings as data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.evaluate import Comparison
from core.train import Trained


@dataclass(frozen=True)
class Effect:
    """What the rounding of one column's coefficient does to the predictions of the training rows.

    `error` is that of the coefficient of the unscaled column; `shift` the mean change that it causes,
    error·mean, and `spread` the standard deviation of that change, |error|·σ, both in the target's unit.
    """

    name: str
    error: float
    mean: float
    shift: float
    spread: float


def effects(trained: Trained, c: Comparison) -> tuple[Effect, ...]:
    """Return the effect of every column, largest root mean square change first."""
    m = trained.moments
    errors = c.decoded.values["coef"][0] - trained.parts.values["coef"][0]
    shifts, spreads = errors * m.mean, np.abs(errors) * np.sqrt(np.diag(m.gram))
    order = np.argsort(-np.hypot(shifts, spreads))
    names = trained.preparation.columns
    return tuple(
        Effect(names[i], float(errors[i]), float(m.mean[i]), float(shifts[i]), float(spreads[i])) for i in order
    )


def mean_shift(trained: Trained, c: Comparison) -> float:
    """Return how much the mean prediction on the training rows moved, in the target's unit."""
    values, before = c.decoded.values, trained.parts.values
    delta = values["coef"][0] - before["coef"][0]
    return float(delta @ trained.moments.mean + values["intercept"][0] - before["intercept"][0])
