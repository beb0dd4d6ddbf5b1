"""The table of best values: exactly the best one, and kept whole."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.parts import Floats, Parts
from core.quant import METHODS, Scheme, decoded_blocks, quantize
from core.quant.codebook import MOST_VALUES, cluster, codebook_encode
from tests.support import FORMULAS, U32, U64, digits

# Few different numbers make ties; the others are anywhere.
VALUES = st.lists(st.floats(-100, 100) | st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0]), min_size=1, max_size=8)


def cost(values: Floats, centres: Floats) -> float:
    """Return the sum of squared distances of each value to the nearest centre."""
    return float(((values[:, None] - centres[None, :]) ** 2).min(axis=1).sum())


def brute_force(values: Floats, count: int) -> float:
    """Return the smallest possible cost: of every way to cut the sorted values into at most `count` runs."""
    points = np.sort(values)
    n, best = len(points), np.inf
    for k in range(1, min(count, n) + 1):
        for cuts in combinations(range(1, n), k - 1):
            runs = [points[a:b] for a, b in pairwise((0, *cuts, n))]
            best = min(best, sum(float(((run - run.mean()) ** 2).sum()) for run in runs))
    return best


def noise(values: Floats) -> float:
    """Return how far two ways of summing the squares may lie apart.

    Each running sum takes n + 2 roundings of terms of at most Σx², and a cost subtracts two of them, of which
    a partition of n values adds up at most n; values are centred first, at one rounding of the largest each.
    """
    n, centred = len(values), values - values.mean()
    shift = U64 * float(np.abs(values).max())
    return 4 * n * (n + 2) * U64 * float(centred @ centred) + 4 * n * shift * float(np.abs(centred).max() + shift)


@FORMULAS
@given(VALUES, st.integers(1, 8), st.sampled_from([0.0, 1e8, -3e5]))
def test_the_centres_are_the_best_of_all_partitions(listed: list[float], count: int, offset: float) -> None:
    """No cut of the sorted values into so many runs has a smaller sum of squares, also far away from zero."""
    values = np.array(listed) + offset
    centres = cluster(values, count)
    assert (np.diff(centres) > 0).all()
    assert len(centres) == min(count, len(np.unique(values)))
    assert cost(values, centres) <= brute_force(values, count) + noise(values)


@FORMULAS
@given(VALUES, st.integers(1, 4), st.lists(st.floats(-100, 100), min_size=16, max_size=16))
def test_no_other_table_of_the_same_size_is_better(listed: list[float], bits: int, other: list[float]) -> None:
    """Coded values lie at least as near as with any other table, up to the rounding of entries to float32."""
    values = np.array(listed)
    groups = np.zeros(len(values), dtype=int)
    codes, tables = codebook_encode(values, groups, bits, ())
    decoded = METHODS["codebook"].decode(codes, tables, bits)[0]
    table = np.array(other[: 2**bits])
    # Each decoded value is off by one rounding of the value and one of its entry: 2u of the largest, on top of
    # a distance d, hence (d + 2u·m)² instead of d².
    largest = float(np.abs(values).max())
    slack = 2 * U32 * largest * (2 * np.sqrt(len(values) * cost(values, table)) + 2 * len(values) * U32 * largest)
    assert float(((decoded - values) ** 2).sum()) <= cost(values, table) + slack + noise(values)


@FORMULAS
@given(VALUES, st.integers(1, 16))
def test_codes_name_the_nearest_entry_of_an_ascending_table(listed: list[float], bits: int) -> None:
    """Entries ascend, a short table repeats its last one, and every value has the code of its nearest entry."""
    values = np.array(listed)
    codes, tables = codebook_encode(values, np.zeros(len(values), dtype=int), bits, ())
    table = tables["codebook"][0, 0]
    distinct = len(np.unique(values.astype(np.float32)))
    assert codes.shape == (1, len(values))
    assert tables["codebook"].shape == (1, len(values), min(2**bits, len(values)))
    assert (np.diff(table) >= 0).all()
    assert len(np.unique(table)) == min(2**bits, distinct)
    assert np.array_equal(codes[0], np.abs(values.astype(np.float32)[:, None] - table).argmin(axis=1))
    if 2**bits >= distinct:
        decoded = METHODS["codebook"].decode(codes, tables, bits)[0]
        assert np.array_equal(decoded, values.astype(np.float32).astype(np.float64))


@pytest.mark.parametrize(
    ("values", "count", "centres"),
    [
        ([1, 2, 10, 11, 50], 3, [1.5, 10.5, 50]),
        ([1, 2, 10, 11, 50], 2, [6, 50]),
        ([1, 2, 10, 11, 50], 1, [14.8]),
        ([3, 3, 3], 2, [3]),
        ([3, 3, 3, 9], 1, [4.5]),
        ([0, 0, 0, 1, 5], 2, [0.25, 5]),
        ([-7], 16, [-7]),
        ([1e8, 1e8 + 1, 1e8 + 10, 1e8 + 11], 2, [1e8 + 0.5, 1e8 + 10.5]),
        ([2, 1, 2, 1], 2, [1, 2]),
        ([-1, 1, -1, 1, 0], 3, [-1, 0, 1]),
    ],
)
def test_the_centres_of_small_examples(values: list[float], count: int, centres: list[float]) -> None:
    """Ties, equal values and large offsets give what one finds by hand."""
    assert cluster(np.array(values, dtype=float), count).tolist() == pytest.approx(centres, rel=1e-15)


@pytest.mark.parametrize("seed", range(3))
def test_more_entries_never_cost_more(seed: int) -> None:
    """For 200 values each further centre brings the sum of squares down, to 0 at last."""
    values = np.random.default_rng(seed).standard_t(3, size=200)
    costs = [cost(values, cluster(values, count)) for count in (1, 2, 3, 4, 7, 8, 16, 50, 199, 200)]
    assert costs == sorted(costs, reverse=True)
    assert costs[0] == pytest.approx(200 * values.var(), rel=1e-12)
    assert costs[-1] == 0


def test_groups_have_tables_of_their_own() -> None:
    """Each group gets the table that it would get alone."""
    values, groups = np.array([1.0, 5.0, 9.0, 100.0, 3.0, 101.0]), np.array([7, 7, 7, 2, 7, 2])
    codes, tables = codebook_encode(values, groups, 1, ())
    assert tables["codebook"][0].tolist() == [[3, 9]] * 3 + [[100, 101], [3, 9], [100, 101]]
    assert codes[0].tolist() == [0, 0, 1, 0, 0, 1]


def test_a_table_is_as_wide_as_the_largest_group() -> None:
    """Groups of unequal size share one width; the shorter one repeats its last entry."""
    values, groups = np.array([1.0, 2.0, 3.0, 7.0]), np.array([0, 0, 0, 1])
    _, tables = codebook_encode(values, groups, 4, ())
    assert tables["codebook"][0].tolist() == [[1, 2, 3]] * 3 + [[7, 7, 7]]


@pytest.mark.parametrize(("granularity", "bits"), [("tensor", 2), ("row", 3), ("block", 1)])
def test_no_even_grid_of_as_many_levels_is_nearer(granularity: str, bits: int) -> None:
    """On the digits the table beats both even grids in squared error, whatever shares it."""
    trained = digits()
    errors = {}
    for method in ("codebook", "symmetric", "asymmetric"):
        q = quantize(trained.parts, Scheme(method, bits, granularity=granularity), trained.moments)
        values = trained.parts.values["coef"] * np.sqrt(np.diag(trained.moments.gram))
        constant = np.diag(trained.moments.gram) == 0
        values[:, constant] = trained.parts.values["coef"][:, constant]
        errors[method] = float(((decoded_blocks(q)["coef"] - values.ravel()) ** 2).sum())
    assert errors["codebook"] < min(errors["symmetric"], errors["asymmetric"])


def test_very_many_values_for_one_table_are_refused() -> None:
    """The exact table takes memory with the square of the values: beyond a bound it is refused, not attempted."""
    draw = np.random.default_rng(0).normal(size=(1, MOST_VALUES + 1))
    meta = {"task": "regression", "features": [f"f{i}" for i in range(MOST_VALUES + 1)], "classes": []}
    parts = Parts("linear", {"coef": draw, "intercept": np.zeros(1)}, {}, meta)
    with pytest.raises(InvalidInput) as caught:
        quantize(parts, Scheme("codebook", 3, "raw", intercept="keep"))
    assert str(caught.value) == (
        "different values for one table must be at most 1024 (a granularity of row or block has fewer), got 1025"
    )
    for scheme in (Scheme("codebook", 11, "raw", intercept="keep"),
                   Scheme("codebook", 3, "raw", intercept="keep", granularity="block")):  # fmt: skip
        assert quantize(parts, scheme).codes["coef"].size == MOST_VALUES + 1
