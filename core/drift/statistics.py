"""The plain statistics: of two samples, of shares, of counts; equal to SciPy's and to the published definitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from core.parts import Floats

LARGE = 500


def ks(sample: Floats, other: Floats | Callable[[Floats], Floats]) -> tuple[float, float]:
    """Return the distance of Kolmogorov and Smirnov, from 0 to 1, and its two-sided p-value.

    The largest difference of the distribution functions of `sample` (n,) and of `other`: a second sample (m,), or
    a continuous distribution function. Smirnov (1948); the p-value of two samples is that of one with n·m/(n + m).
    """
    ordered, n = np.sort(sample), len(sample)
    if callable(other):
        steps, expected = np.arange(n + 1) / n, other(ordered)
        distance = float(max((steps[1:] - expected).max(), (expected - steps[:-1]).max()))
        return distance, ks_p(distance, n)
    at = np.concatenate([ordered, np.sort(other)])
    first, second = (np.searchsorted(np.sort(values), at, side="right") / len(values) for values in (sample, other))
    distance = float(np.abs(first - second).max())
    return distance, ks_p(distance, effective(n, len(other)))


def ks_p(distance: float, n: float) -> float:
    """Return the chance of so large a distance between `n` draws from a continuous distribution and it.

    Exact for few rows; from 500 on Smirnov's limit, which takes a hundredth of the time and is a little too large.
    """
    if n >= LARGE:
        from scipy.special import kolmogorov

        return float(kolmogorov(n**0.5 * distance))
    from scipy.stats import kstwo

    return float(np.clip(kstwo.sf(distance, max(1, round(n))), 0, 1))


def effective(n: int, m: int | None) -> float:
    """Return as how many rows against a known distribution `n` against `m` rows count, n·m/(n + m).

    A reference of which the number of rows is not known is taken to be as large as the batch.
    """
    return n / 2 if m is None else n * m / (n + m)


def wasserstein(sample: Floats, other: Floats) -> float:
    """Return the mean way that the values of one sample must be moved to become the other, in their unit.

    The area between the two distribution functions: Vallender (1974).
    """
    at = np.sort(np.concatenate([sample, other]))
    below = [np.searchsorted(np.sort(values), at[:-1], side="right") / len(values) for values in (sample, other)]
    return float(np.abs(below[0] - below[1]) @ np.diff(at))


def psi(expected: Sequence[float] | Floats, actual: Sequence[float] | Floats) -> float:
    """Return the population stability index of two lists of shares, none of them 0: sum of (a - e)·ln(a/e).

    Siddiqi, Credit Risk Scorecards (2006); it is the sum of the two Kullback-Leibler divergences, dimensionless.
    """
    e, a = np.asarray(expected, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    return float((a - e) @ np.log(a / e))


def smoothed(counts: Floats) -> Floats:
    """Return the shares of `counts` with half a row added to each, so that none is 0 (Krichevsky and Trofimov 1981)."""
    return np.asarray((counts + 0.5) / (counts + 0.5).sum())


def chi_square(observed: Floats, expected: Floats, freedom: int | None = None) -> tuple[float, float]:
    """Return Pearson's statistic sum of (o - e)²/e and its p-value; `freedom` is one less than there are counts."""
    from scipy.special import chdtrc

    value = float(((observed - expected) ** 2 / expected).sum())
    free = observed.size - 1 if freedom is None else freedom
    return value, float(chdtrc(free, value)) if free > 0 else 1.0


def homogeneity(counts: Floats, reference: Floats) -> tuple[float, float]:
    """Return Pearson's statistic and p-value of two rows of counts that come from the same shares, if that is so.

    Categories of which fewer than five are expected in either row are counted together, the rarest first
    (Cochran 1954): for fewer the p-value is not to be trusted.
    """
    pooled = _pooled(np.stack([counts, reference]))
    if pooled.shape[1] < 2:
        return 0.0, 1.0
    expected = np.outer(pooled.sum(axis=1), pooled.sum(axis=0)) / pooled.sum()
    return chi_square(pooled, expected, pooled.shape[1] - 1)


def _pooled(table: Floats) -> Floats:
    """Return `table` (2, k) with the rarest columns added up until each is expected five times in either row."""
    share = table.sum(axis=1).min() / max(table.sum(), 1.0)
    table = table[:, np.argsort(table.sum(axis=0), kind="stable")]
    few = int((table.sum(axis=0) * share < 5).sum())
    while 0 < few < table.shape[1] and table[:, :few].sum() * share < 5:
        few += 1
    return table if few < 2 else np.column_stack([table[:, :few].sum(axis=1), table[:, few:]])


def only_in_batch(count: float, n: int, m: int) -> float:
    """Return the chance that `count` rows or more, marked among `n` + `m`, all lie in the batch of `n`.

    C(n, k)/C(n + m, k), exact for rows in random order: of the largest k values all are the batch's, of the rows of
    a rare kind none is the reference's. Gumbel and von Schelling (1950) have it as the number of exceedances.
    """
    from scipy.special import gammaln

    if count <= 0:
        return 1.0
    return float(np.exp(gammaln(n + 1) - gammaln(n - count + 1) - gammaln(n + m + 1) + gammaln(n + m - count + 1)))


def share_p(count: int, n: int, marked: float, m: int) -> float:
    """Return the two-sided p-value of `count` of `n` rows against `marked` of `m`: Fisher's test, tails doubled."""
    from scipy.stats import hypergeom

    drawn = hypergeom(n + m, round(count + marked), n)
    return float(min(1.0, 2 * min(drawn.cdf(count), drawn.sf(count - 1))))


def holm(p: Floats) -> Floats:
    """Return the p-values (k,) adjusted so that any of them is below a level by chance with at most that chance.

    The i-th smallest times k - i + 1, never below one before it: Holm (1979); the tests may depend on each other.
    """
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    found = np.empty_like(steps)
    found[order] = np.minimum(steps, 1.0)
    return found
