"""The plain statistics against SciPy's, against definitions worked by hand, and the sketch against whole samples."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.drift.sketched import against, width
from core.drift.statistics import (
    LARGE,
    chi_square,
    effective,
    holm,
    homogeneity,
    ks,
    only_in_batch,
    psi,
    share_p,
    smoothed,
    wasserstein,
)
from core.parts import Floats
from core.prepare.texts import QUANTILES
from tests.support import FORMULAS

# Sums of at most some thousands of terms in another order.
NEAR = 1e-9


def samples(n: int, m: int, seed: int, lumpy: bool = False) -> tuple[Floats, Floats]:
    """Return two samples, the second a little larger; `lumpy` ones are whole numbers."""
    draw = np.random.default_rng(seed)
    first, second = draw.normal(10, 3, n), draw.normal(10.5, 3, m)
    return (np.round(first), np.round(second)) if lumpy else (first, second)


@pytest.mark.parametrize("lumpy", [False, True])
@pytest.mark.parametrize(("n", "m"), [(30, 40), (200, 500), (1, 9)])
def test_two_samples_are_as_far_apart_as_scipy_says(n: int, m: int, lumpy: bool) -> None:
    """Kolmogorov and Smirnov: distance and p-value are those of `ks_2samp`, ties or not."""
    first, second = samples(n, m, 3, lumpy)
    expected = stats.ks_2samp(first, second, method="asymp")
    assert ks(first, second) == pytest.approx((expected.statistic, expected.pvalue), abs=NEAR)


@pytest.mark.parametrize("n", [5, 300, 2 * LARGE])
def test_one_sample_is_as_far_from_a_distribution_as_scipy_says(n: int) -> None:
    """Against a distribution function the p-value is exact, and of many rows Smirnov's limit."""
    sample = samples(n, 1, 4)[0]
    known = stats.norm(10, 3).cdf
    expected = stats.kstest(sample, known, method="exact" if n < LARGE else "asymp")
    assert ks(sample, known) == pytest.approx((expected.statistic, expected.pvalue), abs=NEAR)


def test_the_limit_for_many_rows_is_on_the_safe_side() -> None:
    """Where the exact p-value is no longer computed, what stands for it is larger, by less than a tenth."""
    for distance in (0.02, 0.04, 0.06, 0.08):
        exact, ours = stats.kstwo.sf(distance, LARGE), stats.kstwobign.sf(distance * LARGE**0.5)
        assert exact <= ours <= 1.2 * exact


@pytest.mark.parametrize("lumpy", [False, True])
def test_the_wasserstein_distance_is_that_of_scipy(lumpy: bool) -> None:
    """The way between two samples of unequal size, in their unit."""
    first, second = samples(130, 170, 5, lumpy)
    assert wasserstein(first, second) == pytest.approx(stats.wasserstein_distance(first, second), rel=NEAR)
    assert wasserstein(first, first + 7) == pytest.approx(7, rel=NEAR)


def test_chi_square_is_that_of_scipy() -> None:
    """One row of counts against expected ones, and two rows of counts against each other."""
    observed, expected = np.array([18.0, 22, 40, 20]), np.array([25.0, 25, 25, 25])
    found = stats.chisquare(observed, expected)
    assert chi_square(observed, expected) == pytest.approx((found.statistic, found.pvalue), rel=NEAR)
    other = np.array([190.0, 210, 330, 270])
    both = stats.chi2_contingency(np.stack([observed, other]), correction=False)
    assert homogeneity(observed, other) == pytest.approx((both.statistic, both.pvalue), rel=NEAR)


def test_rare_categories_are_counted_together() -> None:
    """Categories of which too few are expected are one: the result is that of the added counts."""
    counts, reference = np.array([50.0, 40, 1, 2, 0, 3]), np.array([500.0, 450, 12, 9, 14, 15])
    pooled = [np.append(row[:2], row[2:].sum()) for row in (counts, reference)]
    assert homogeneity(counts, reference) == pytest.approx(homogeneity(*pooled), rel=NEAR)
    assert homogeneity(np.array([5.0]), np.array([50.0])) == (0.0, 1.0)


def test_the_stability_index_is_that_of_the_book() -> None:
    """PSI of three bins worked by hand: (0.2 - 0.3)·ln(0.2/0.3) + (0.5 - 0.4)·ln(0.5/0.4) + 0 = 0.0629."""
    assert psi([0.3, 0.4, 0.3], [0.2, 0.5, 0.3]) == pytest.approx(0.0405465 + 0.0223144, abs=1e-7)
    assert psi([0.5, 0.5], [0.5, 0.5]) == 0
    # Half a row in each bin: (0 + 0.5)/(10 + 1) and (10 + 0.5)/(10 + 1).
    assert smoothed(np.array([0.0, 10.0])).tolist() == pytest.approx([0.5 / 11, 10.5 / 11])


def test_exceedances_are_counted_as_all_orders_say() -> None:
    """Of all ways to put 3 batch rows among 7, the share in which the largest k are all the batch's."""
    orders = list(combinations(range(7), 3))
    for k in range(4):
        expected = sum(set(range(7 - k, 7)) <= set(order) for order in orders) / len(orders)
        assert only_in_batch(k, 3, 4) == pytest.approx(expected, rel=NEAR)
    assert only_in_batch(2, 5, 0) == pytest.approx(1)


def test_shares_are_compared_as_fisher_does() -> None:
    """The smaller tail of Fisher's test, doubled."""
    tails = [stats.fisher_exact([[9, 91], [20, 880]], alternative=side).pvalue for side in ("less", "greater")]
    assert share_p(9, 100, 20, 900) == pytest.approx(2 * min(tails), rel=1e-7)
    assert share_p(0, 100, 0, 900) == 1


def test_holms_correction_is_that_of_the_paper() -> None:
    """The smallest times the number of tests, the next times one fewer, never below one before it, at most 1."""
    found = holm(np.array([0.04, 0.01, 0.03, 0.6]))
    assert found.tolist() == pytest.approx([0.09, 0.04, 0.09, 0.6])
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]


@FORMULAS
@given(st.integers(0, 2**32 - 1), st.integers(1, 400), st.integers(30, 900), st.booleans())
def test_the_sketch_never_exaggerates(seed: int, n: int, m: int, lumpy: bool) -> None:
    """Whatever the samples: the distance from a sketch is at most that of the whole samples, and they share one p."""
    batch, reference = samples(n, m, seed, lumpy)
    found = against(np.quantile(reference, QUANTILES), np.sort(batch), m)
    assert found.ks <= ks(batch, reference)[0] + NEAR
    assert sum(found.bins) == pytest.approx(1)
    assert 0 <= found.below <= 1
    assert found.psi >= 0
    assert effective(n, m) < min(n, m)


def test_the_sketch_misses_little_where_rows_are_many() -> None:
    """Of continuous values the distance at 21 places is near the largest of all, as is the way they moved."""
    draw = np.random.default_rng(6)
    reference, batch = draw.normal(size=20_000), 1.0 + draw.normal(size=5_000)
    found = against(np.quantile(reference, QUANTILES), np.sort(batch), 20_000)
    whole = ks(batch, reference)[0]
    # Between two quantiles the difference changes by a twentieth at most.
    assert whole - 0.05 <= found.ks <= whole
    # Only the outer twentieths, in which nothing is assumed, may lack: a tenth of the way.
    assert 0.85 <= found.wasserstein <= wasserstein(batch, reference) + 0.02
    assert found.psi == pytest.approx(1.0, abs=0.1)  # of two normal distributions one deviation apart it is 1


def test_the_same_whole_numbers_are_no_drift() -> None:
    """A lumpy feature against itself: no distance, no way beyond a step, next to no PSI."""
    ages = np.repeat(np.arange(1.0, 53), 40)
    found = against(np.quantile(ages, QUANTILES), ages, len(ages))
    assert found.ks == 0
    assert found.psi < 1e-3
    assert found.wasserstein < 1


def test_a_feature_that_hardly_varies_has_a_width() -> None:
    """Where the quartiles are equal the next wider range stands for them, and of a constant 1."""
    sketch = np.zeros(21)
    assert width(sketch) == 1
    sketch[20] = 4
    assert width(sketch) == 4
    sketch[19] = 3.29
    assert width(sketch) == pytest.approx(1.349)
    assert width(np.linspace(0, 20, 21)) == 10
