"""What a difference is worth: interval, verdict, and the row that carries it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import r2_score

from core.intervals import BETTER, DRAWS, SAME, SEED, WORSE, counts, mean_difference, r2_difference, spread_of, verdict
from core.parts import Floats
from tests.support import FORMULAS, california


def predictions(n: int, seed: int = 0) -> tuple[Floats, Floats, Floats]:
    """Return targets and the predictions of two models."""
    draw = np.random.default_rng(seed)
    y = draw.normal(size=n)
    original = y + 0.5 * draw.normal(size=n)
    return y, original, original + 0.1 * draw.normal(size=n)


def test_the_interval_is_that_of_plain_resampling() -> None:
    """Drawing the rows one resample at a time, with both models on the same rows, gives the same interval."""
    y, original, quantized = predictions(60)
    found = r2_difference(spread_of(y), y, original, quantized)  # type: ignore[arg-type]
    generator, differences = np.random.default_rng(SEED), []
    for _ in range(DRAWS):
        rows = generator.integers(0, 60, 60)
        differences.append(r2_score(y[rows], quantized[rows]) - r2_score(y[rows], original[rows]))
    low, high = np.quantile(differences, [0.025, 0.975])
    # Sums of 60 terms in another order, over a total that a resample shrinks by less than a hundred.
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)
    assert found.low < found.value < found.high


def test_the_value_is_the_difference_of_the_two_scores() -> None:
    """The value is R² of the quantised model minus R² of the original."""
    y, original, quantized = predictions(60)
    found = r2_difference(spread_of(y), y, original, quantized)  # type: ignore[arg-type]
    assert found.value == pytest.approx(r2_score(y, quantized) - r2_score(y, original), abs=1e-13)
    assert found.metric == "r2"


@pytest.mark.parametrize("n", [2, 3, 50])
def test_the_row_is_found_by_leaving_out_each(n: int) -> None:
    """The named row is the one whose removal changes the difference most, and both figures are exact."""
    y, original, quantized = predictions(n, 3)
    found = r2_difference(spread_of(y), y, original, quantized)  # type: ignore[arg-type]
    without = []
    for i in range(n):
        kept = np.arange(n) != i
        total = ((y[kept] - y[kept].mean()) ** 2).sum()
        gain = ((y - original) ** 2 - (y - quantized) ** 2)[kept].sum()
        without.append(gain / total if total > 0 else 0.0)
    effects = found.value - np.array(without)
    assert found.row == np.argmax(np.abs(effects))
    assert found.row_effect == pytest.approx(effects[found.row], rel=1e-9)
    assert found.value_without == pytest.approx(without[found.row], rel=1e-9, abs=1e-15)


def test_equal_predictions_are_no_difference() -> None:
    """A model compared with itself: nothing, an interval of zero width, no evidence."""
    y, original, _ = predictions(60)
    found = r2_difference(spread_of(y), y, original, original)  # type: ignore[arg-type]
    assert (found.value, found.low, found.high, found.row_effect) == (0, 0, 0, 0)
    assert found.verdict == SAME


def test_a_clear_difference_has_a_clear_verdict() -> None:
    """A model that is much worse, or much better, on every row is called that."""
    y, original, _ = predictions(60)
    spread = spread_of(y)
    assert r2_difference(spread, y, original, original + 3).verdict == WORSE  # type: ignore[arg-type]
    assert r2_difference(spread, y, original + 3, original).verdict == BETTER  # type: ignore[arg-type]


def test_the_interval_is_paired() -> None:
    """What both models get wrong alike cancels: the interval is far narrower than that of either score."""
    trained = california()
    columns, y = trained.columns("test")
    predicted = columns @ trained.parts.values["coef"][0] + trained.parts.values["intercept"]
    found = r2_difference(spread_of(y), y, predicted, predicted * 1.001)  # type: ignore[arg-type]
    # The score of one model alone has an interval of 0.08 on these rows.
    assert found.high - found.low < 0.004


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(-1, 1, SAME), (0, 1, SAME), (-1, 0, SAME), (0, 0, SAME), (1e-9, 1, BETTER), (-1, -1e-9, WORSE)],
)
def test_the_verdict_is_no_evidence_whenever_zero_is_inside(low: float, high: float, expected: str) -> None:
    """An interval that touches zero is no evidence, however far it reaches on one side."""
    assert verdict(low, high) == expected


@pytest.mark.parametrize("value", [0.1, 0.3, 5.00001, 0.0, -2e5])
@pytest.mark.parametrize("n", [2, 3, 10, 1001])
def test_constant_targets_have_no_spread(value: float, n: int) -> None:
    """Equal targets have no R²: there is no spread, whatever rounding makes of their mean."""
    assert spread_of(np.full(n, value)) is None


def test_resamples_of_one_value_are_left_out() -> None:
    """Among two rows a resample may hold one of them twice; it has no R², and the rest is finite."""
    y = np.array([1.0, 2.0])
    found = r2_difference(spread_of(y), y, y + 0.5, y + np.array([0.5, 0.1]))  # type: ignore[arg-type]
    assert np.isfinite([found.low, found.high, found.row_effect, found.value_without]).all()


def test_the_weights_are_drawn_once_and_shared() -> None:
    """Counts are whole numbers that sum to the rows, made once for a number of rows, and read-only."""
    drawn = counts(50)
    assert counts(50) is drawn
    assert drawn.shape == (DRAWS, 50)
    assert (drawn.sum(axis=1) == 50).all()
    assert (drawn == np.rint(drawn)).all()
    with pytest.raises(ValueError, match="read-only"):
        drawn[0, 0] = 1
    assert not np.array_equal(counts(50, 1), drawn)


@FORMULAS
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20), st.floats(-10, 10))
def test_any_targets_give_finite_figures(targets: list[float], offset: float) -> None:
    """Whatever the targets, figures are finite and the interval is ordered, or there is no spread."""
    y = np.array(targets)
    spread = spread_of(y)
    # Targets within 1e-100 of each other have squares near the end of float64: no figure is promised there.
    if spread is None or spread.total < 1e-200:
        return
    found = r2_difference(spread, y, y + 0.25, y + offset)
    assert np.isfinite([found.value, found.low, found.high, found.row_effect, found.value_without]).all()
    assert found.low <= found.high


def test_the_figures_are_plain_json() -> None:
    """The difference is written with the names that the command line promises."""
    y, original, quantized = predictions(20)
    found = r2_difference(spread_of(y), y, original, quantized).to_json()  # type: ignore[arg-type]
    assert set(found) == {"metric", "value", "ci95", "verdict", "row"}
    assert set(found["row"]) == {"index", "effect", "value_without"}
    assert type(found["row"]["index"]) is int
    assert all(type(x) is float for x in (*found["ci95"], found["value"], found["row"]["effect"]))


def gains(n: int, seed: int = 3) -> Floats:
    """Return what each row adds to a difference in accuracy: 1, 0 or -1."""
    return np.random.default_rng(seed).choice([-1.0, 0.0, 1.0], size=n, p=[0.15, 0.8, 0.05])


@pytest.mark.parametrize("n", [2, 17, 360])
def test_a_difference_of_means_is_that_of_plain_resampling(n: int) -> None:
    """Value, interval, row and the value without it are those of a loop over resamples and over rows."""
    gain = gains(n)
    found = mean_difference("accuracy", gain)
    generator = np.random.default_rng(SEED)
    drawn = [gain[generator.integers(0, n, n)].mean() for _ in range(DRAWS)]
    assert found.value == gain.mean()
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=1e-12)
    without = [np.delete(gain, i).mean() for i in range(n)]
    assert found.value_without == pytest.approx(without[found.row], abs=1e-15)
    assert abs(found.row_effect) == pytest.approx(np.abs(gain.mean() - without).max(), abs=1e-15)
    assert found.verdict == verdict(found.low, found.high)


@pytest.mark.parametrize(("value", "expected"), [(0.0, SAME), (1.0, BETTER), (-1.0, WORSE)])
@pytest.mark.parametrize("n", [1, 2, 40])
def test_equal_gains_have_an_interval_of_no_width(n: int, value: float, expected: str) -> None:
    """Where every row adds the same, so does every resample; one row alone is enough for that."""
    found = mean_difference("accuracy", np.full(n, value))
    assert (found.value, found.low, found.high) == pytest.approx((value, value, value), abs=1e-12)
    assert found.verdict == expected
