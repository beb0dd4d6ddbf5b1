"""Where original and quantised model part: the share of rows within a tolerance, and the rows that differ most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core import families
from core.comparison import Comparison
from core.parts import Floats, frozen
from core.train import Trained


@dataclass(frozen=True, eq=False)
class Worst:
    """The k test rows that differ most, the largest difference first; read-only.

    `rows` are their numbers among the test rows, `features` (k, n_features) their raw values: NaN is missing, and of
    a text stands the number of its category. `original` and `quantized` are predictions in the target's unit or, in
    per cent, the probability of the true class; `difference` is quantised minus original. `true` holds values or
    numbers of classes, `classes` (k, 2) what the two models say (classification only, else (k, 0)).
    """

    rows: NDArray[np.intp]
    features: Floats
    true: Floats
    original: Floats
    quantized: Floats
    difference: Floats
    classes: NDArray[np.intp]

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("rows", "features", "true", "original", "quantized", "difference", "classes"):
            object.__setattr__(self, name, frozen(getattr(self, name)))


def display_factor(trained: Trained) -> float:
    """Return how many units on screen are 1 in `Comparison.differences`: of the target, or percentage points."""
    return 100.0 if trained.dataset.task == "classification" else trained.dataset.target.factor


def changes(c: Comparison, trained: Trained) -> Floats:
    """Return how far the two predictions of each test row lie apart, (n_test,), in units on screen."""
    found: Floats = np.abs(c.differences) * display_factor(trained)
    return found


def share_within(moved: Floats, tolerance: float) -> float:
    """Return the share of the changes `moved` (n,) of at most `tolerance`; NaN when there is none."""
    return float((moved <= tolerance).mean()) if len(moved) else float("nan")


def usual_tolerance(trained: Trained) -> float:
    """Return one percentage point, or 1 % of the target's standard deviation on the training rows, to one digit."""
    if trained.dataset.task == "classification":
        return 1.0
    return float(f"{0.01 * trained.moments.y_var**0.5 * trained.dataset.target.factor:.1g}")


def worst(c: Comparison, trained: Trained, count: int = 20) -> Worst:
    """Return the `count` test rows that differ most; of equal differences the first row comes first."""
    rows = np.argsort(-np.abs(c.differences), kind="stable")[:count]
    X, y = (values[rows] for values in trained.rows("test"))
    columns, factor = trained.preparation.expand(X), display_factor(trained)
    before, after = (families.outputs(p, columns) for p in (trained.parts, c.decoded))
    true, said = y * factor, np.empty((len(rows), 0), dtype=np.intp)
    if trained.dataset.task == "classification":
        true, own = y, (np.arange(len(rows)), y.astype(np.intp))
        said = np.column_stack([before.argmax(axis=1), after.argmax(axis=1)])
        before, after = before[own], after[own]
    return Worst(rows, X, true, before * factor, after * factor, c.differences[rows] * factor, said)
