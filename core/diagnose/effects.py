"""Which rounded parameter moves the predictions, and by how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.comparison import Comparison
from core.evaluate import parameter_names
from core.parts import Floats
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
    errors = c.decoded.values["coef"] - trained.parts.values["coef"]
    shifts, spreads = (errors * m.mean).ravel(), (np.abs(errors) * np.sqrt(np.diag(m.gram))).ravel()
    means = np.tile(m.mean, len(errors))
    order = np.argsort(-np.hypot(shifts, spreads))
    names, _ = parameter_names(trained.parts)
    return tuple(
        Effect(names[i], float(errors.ravel()[i]), float(means[i]), float(shifts[i]), float(spreads[i])) for i in order
    )


def mean_shifts(trained: Trained, c: Comparison) -> Floats:
    """Return how much the mean of each output on the training rows moved, (o,): δ·mean + δb."""
    values, before = c.decoded.values, trained.parts.values
    found: Floats = (values["coef"] - before["coef"]) @ trained.moments.mean + values["intercept"] - before["intercept"]
    return found


def mean_shift(trained: Trained, c: Comparison) -> float:
    """Return how much the mean output on the training rows moved, in its unit: the largest shift of all outputs."""
    found = mean_shifts(trained, c)
    return float(found[np.argmax(np.abs(found))])
