"""What a difference on one test set is worth: paired bootstrap interval, verdict, and the row that carries it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.moments import mean_of
from core.parts import Floats, frozen

DRAWS = 1000
SEED = 0
SAME, BETTER, WORSE = "no evidence of a difference", "better", "worse"

# Counts that are turned into floats at once: 2 MB, which stay in the processor's cache.
_CHUNK = 2**18


@dataclass(frozen=True)
class Difference:
    """Quantised minus original, of `metric`, on the test rows.

    `low` and `high` bound the paired bootstrap 95 % interval; `row` is the test row that moves the
    difference most, by `row_effect`; without it the difference is `value_without`.
    """

    metric: str
    value: float
    low: float
    high: float
    verdict: str
    row: int
    row_effect: float
    value_without: float

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        row = {"index": self.row, "effect": self.row_effect, "value_without": self.value_without}
        ci = [self.low, self.high]
        return {"metric": self.metric, "value": self.value, "ci95": ci, "verdict": self.verdict, "row": row}


@lru_cache(maxsize=2)
def counts(n_rows: int, seed: int = SEED) -> NDArray[np.uint8]:
    """Return how often each row is drawn in each resample, shape (DRAWS, n_rows), read-only.

    n_rows draws with replacement, counted (Efron and Tibshirani 1993, chapter 6). Both models share them, which makes
    the interval a paired one. A byte a count is enough: fewer than 256 rows cannot be drawn more often than that, and
    of more rows hardly one is ever drawn ten times.
    """
    generator = np.random.default_rng(seed)
    drawn = np.empty((DRAWS, n_rows), dtype=np.uint8)
    for i in range(DRAWS):
        drawn[i] = np.bincount(generator.integers(0, n_rows, n_rows), minlength=n_rows)
    drawn.setflags(write=False)
    return drawn


def resampled_sums(values: Floats) -> Floats:
    """Return the sum of `values` (n_rows, k) over each resample, shape (DRAWS, k), summed in float64."""
    drawn = counts(len(values))
    step = max(1, _CHUNK // len(values))
    parts = [drawn[start : start + step].astype(np.float64) @ values for start in range(0, DRAWS, step)]
    return np.concatenate(parts)


def verdict(low: float, high: float) -> str:
    """Return better, worse or no evidence, for a metric of which more is better."""
    if low <= 0 <= high:
        return SAME
    return BETTER if low > 0 else WORSE


@dataclass(frozen=True, eq=False)
class Spread:
    """Total sums of squares of the targets: as they are, without each row, and in each resample."""

    total: float
    without: Floats
    resampled: Floats

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        object.__setattr__(self, "without", frozen(self.without))
        object.__setattr__(self, "resampled", frozen(self.resampled))


def spread_of(y: Floats) -> Spread | None:
    """Return the `Spread` of the targets `y` (n_rows,), or None when they are all equal.

    Leaving out row i takes (y_i - ȳ)²·n/(n - 1) from the total.
    """
    centred, n = y - mean_of(y), len(y)
    total = float(centred @ centred)
    if total == 0:
        return None
    sums = resampled_sums(np.column_stack([centred**2, centred]))
    return Spread(total, total - centred**2 * n / (n - 1), sums[:, 0] - sums[:, 1] ** 2 / n)


def r2_difference(spread: Spread, y: Floats, original: Floats, quantized: Floats) -> Difference:
    """Return the difference in R² of two sets of predictions for the targets `y`, each (n_rows,).

    On a resample with counts w it is sum w(e0² - e1²) / sum w(y - ȳw)², with e0, e1 the errors of the two.
    """
    gain = (y - original) ** 2 - (y - quantized) ** 2
    value = float(gain.sum()) / spread.total
    drawn = resampled_sums(gain[:, None])[:, 0]
    # Among very few rows a resample can consist of one value only, which has no R².
    usable = spread.resampled > spread.total * 1e-12
    low, high = np.quantile(drawn[usable] / spread.resampled[usable], [0.025, 0.975])
    with np.errstate(divide="ignore", invalid="ignore"):
        without = np.nan_to_num((gain.sum() - gain) / spread.without, posinf=0.0, neginf=0.0)
    effects = value - without
    row = int(np.argmax(np.abs(effects)))
    bounds = (float(low), float(high), verdict(float(low), float(high)))
    return Difference("r2", value, *bounds, row, float(effects[row]), float(without[row]))


def mean_difference(metric: str, gain: Floats) -> Difference:
    """Return the difference in a metric that is a mean over rows, such as accuracy.

    `gain` (n_rows,) is what each row adds: for accuracy 1 where only the quantised model is right, -1 where
    only the original is. Leaving out row i gives (sum - gain_i) / (n - 1).
    """
    n, value = len(gain), float(gain.mean())
    low, high = np.quantile(resampled_sums(gain[:, None])[:, 0] / n, [0.025, 0.975])
    without = (gain.sum() - gain) / max(n - 1, 1)
    row = int(np.argmax(np.abs(value - without)))
    bounds = (float(low), float(high), verdict(float(low), float(high)))
    return Difference(metric, value, *bounds, row, float(value - without[row]), float(without[row]))


def outputs_difference(y: Floats, first: Floats, second: Floats) -> Difference | None:
    """Return the difference of the main figure of `second` minus that of `first`, outputs for the targets `y` (n,).

    Values (n,) differ in R², probabilities (n, n_classes) in accuracy; None where all targets of values are equal.
    """
    if first.ndim == 2:
        right = [(outputs.argmax(axis=1) == y).astype(np.float64) for outputs in (first, second)]
        return mean_difference("accuracy", right[1] - right[0])
    spread = spread_of(y)
    return None if spread is None else r2_difference(spread, y, first, second)


def r2_interval(spread: Spread, y: Floats, predictions: Floats) -> tuple[float, float]:
    """Return the bootstrap 95 % interval of the R² of `predictions` for the targets `y`, each (n_rows,)."""
    drawn = resampled_sums(((y - predictions) ** 2)[:, None])[:, 0]
    usable = spread.resampled > spread.total * 1e-12
    low, high = np.quantile(1 - drawn[usable] / spread.resampled[usable], [0.025, 0.975])
    return float(low), float(high)


def mean_interval(values: Floats) -> tuple[float, float]:
    """Return the bootstrap 95 % interval of the mean of `values` (n_rows,), such as 1 where a class is right."""
    low, high = np.quantile(resampled_sums(values[:, None])[:, 0] / len(values), [0.025, 0.975])
    return float(low), float(high)
