"""A batch against the sketch of a feature: 21 quantiles, between which the distribution is known to a twentieth only.

Of a value x with q_j <= x < q_(j+1) the reference's share of rows up to x lies in [j/20, (j + 1)/20]: no more is
used for the distance of Kolmogorov and Smirnov, so that it is at most the true one and no false alarm comes from
filling in between. A value that many rows share repeats in the sketch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.drift.statistics import psi, smoothed
from core.parts import Floats
from core.prepare.texts import QUANTILES


@dataclass(frozen=True)
class Against:
    """A sorted batch against a sketch: `ks` from 0 to 1, `wasserstein` in the unit, `shift` in interquartile ranges.

    `below` and `above` are shares of the rows outside the sketch; `bins` are those in the 20 between its quantiles.
    """

    ks: float
    wasserstein: float
    shift: float
    psi: float
    below: float
    above: float
    bins: tuple[float, ...]


def against(sketch: Floats, ordered: Floats, m: int | None) -> Against:
    """Return how far the sorted values `ordered` (n,), at least one, are from the `sketch` (21,) of `m` rows."""
    n = len(ordered)
    under = np.searchsorted(ordered, sketch, side="left")
    upto = np.searchsorted(ordered, sketch, side="right")
    moved = _moved(sketch, ordered)
    shares = _shares(under / n, upto / n)
    return Against(
        _distance(under / n, upto / n, m),
        moved,
        float(np.minimum(moved / width(sketch), np.finfo(np.float64).max)),
        psi(np.full(len(shares), 1 / len(shares)), smoothed(shares * n)),
        float(under[0] / n),
        float(1 - upto[-1] / n),
        tuple(shares.tolist()),
    )


def _distance(under: Floats, upto: Floats, m: int | None) -> float:
    """Return the largest distance of the batch's distribution function to the band that the sketch leaves.

    Just below q_j the reference has at most j/20 of its rows, and up to q_j at least j/20. A quantile of m rows that
    is drawn between two of them is off by up to 1/m, which is taken from the distance.
    """
    largest = max(float((under - QUANTILES).max()), float((QUANTILES - upto).max()))
    return max(0.0, largest - (0.0 if m is None else 1 / m))


def _moved(sketch: Floats, ordered: Floats) -> float:
    """Return the mean way from each value to the reference's quantile of the same level, in the unit.

    Between the inner quantiles the reference is taken to be even. In the first and the last twentieth, which may
    reach far, only the way to that stretch counts: there it is a lower bound.
    """
    levels = (np.arange(len(ordered)) + 0.5) / len(ordered)
    first, last = np.searchsorted(levels, [QUANTILES[1], QUANTILES[-2]])
    inner = np.abs(ordered[first:last] - np.interp(levels[first:last], QUANTILES, sketch))
    low = ordered[:first] - np.clip(ordered[:first], sketch[0], sketch[1])
    high = ordered[last:] - np.clip(ordered[last:], sketch[-2], sketch[-1])
    return float(inner.sum() + np.abs(low).sum() + np.abs(high).sum()) / len(ordered)


def width(sketch: Floats) -> float:
    """Return the interquartile range, or of a feature that hardly varies the next wider one that is not 0.

    The others are made comparable by their size for a normal distribution: 3.290/1.349 for 5 to 95 %.
    """
    quartiles, most, whole = sketch[15] - sketch[5], sketch[19] - sketch[1], sketch[20] - sketch[0]
    return float(quartiles or most * 1.349 / 3.290 or whole or 1.0)


def _shares(under: Floats, upto: Floats) -> Floats:
    """Return the batch's share of rows in each of the 20 bins, of which the reference has a twentieth each.

    Rows that equal a quantile lie on both sides of it, in the proportion that is nearest to the reference: of a value
    that many rows share nobody knows how many the reference has. What is outside the sketch is in the outer bins.
    """
    cumulated = np.clip(QUANTILES, under, upto)
    cumulated[[0, -1]] = 0.0, 1.0
    return np.asarray(np.diff(cumulated))
