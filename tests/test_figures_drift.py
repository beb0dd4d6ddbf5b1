"""Figures of the Monitor page: shares that add up, repeated quantiles in one bin, names shown literally."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core import figures
from core.figures import drift
from core.prepare.texts import QUANTILES

PALETTE = figures.Palette("#000001", "#000002", "#000003", "#000004", minus="#000005", plus="#000006")
EVEN = np.linspace(0, 100, 21)
HOSTILE = "<a href='x'>k</a>"


def test_an_even_reference_gives_even_shares_and_the_batch_its_own() -> None:
    """Between the 5 % and the 95 % quantile bins are equal; the two ends also hold the twentieth beyond each."""
    found = figures.shares(EVEN, np.full(50, 52.0), bins=18)
    np.testing.assert_allclose(found.edges, np.linspace(5, 95, 19))
    np.testing.assert_allclose(found.reference, [10, *[5] * 16, 10])
    assert found.batch.tolist() == [0] * 9 + [100] + [0] * 8


def test_a_repeated_quantile_falls_into_the_bin_of_its_value() -> None:
    """Half of the reference is 10: its bin has that half, wherever the edges lie."""
    sketch = np.concatenate([np.linspace(0, 9, 10), np.full(11, 10.0)])
    found = figures.shares(sketch, np.array([0.0, 20.0]))
    at_ten = int(np.searchsorted(found.edges, 10.0, side="left")) - 1
    assert found.reference[at_ten] >= 50
    assert found.reference[at_ten + 1 :].sum() == 0


@given(
    arrays(np.float64, 21, elements=st.floats(-1e6, 1e6)).map(np.sort),
    arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e9, 1e9) | st.just(float("nan"))),
)
def test_shares_add_up_for_any_rows(sketch: np.ndarray, values: np.ndarray) -> None:
    """Both hold every row once: 100 %, to the rounding of so many sums; a batch without a value holds none."""
    found = figures.shares(sketch, values)
    assert (np.diff(found.edges) > 0).all()
    assert (found.reference >= 0).all()
    assert found.reference.sum() == pytest.approx(100, abs=1e-9)
    assert found.batch.sum() == pytest.approx(0 if np.isnan(values).all() else 100, abs=1e-9)


def test_quantiles_are_those_of_the_sketch() -> None:
    """A batch that is the reference itself differs by no more than the rows between two quantiles."""
    values = np.random.default_rng(0).normal(size=4_000)
    found = figures.shares(np.quantile(values, QUANTILES), values)
    # Each edge's share is known to within one twentieth, and a bin has two edges.
    assert np.abs(found.reference - found.batch).max() <= 10


def test_a_batch_is_drawn_in_neither_models_colour() -> None:
    """Bars of the batch, steps of the reference; the axis is the feature's, its name literal."""
    figure = figures.batch_overlay(figures.shares(EVEN, EVEN), HOSTILE, PALETTE)
    batch, training = figure.data
    assert (batch.name, training.name) == ("batch", "training rows")
    assert (batch.marker.color, training.line.color) == ("#000006", "#000003")
    assert len(training.x) == len(training.y) == len(batch.x) + 1
    assert figure.layout.xaxis.title.text == "&lt;a href='x'&gt;k&lt;/a&gt;"


def test_of_many_categories_those_that_moved_most_are_kept() -> None:
    """In the order of the categories, with literal names."""
    reference, batch = np.full(50, 2.0), np.full(50, 2.0)
    batch[[3, 40]] = 9.0, 0.0
    names = [HOSTILE if i == 3 else f"c{i}" for i in range(50)]
    training, drawn = figures.category_bars(names, reference, batch, "f", PALETTE).data
    assert len(drawn.x) == drift.MOST_BARS
    assert "&lt;a href='x'&gt;k&lt;/a&gt;" in drawn.x
    assert "c40" in training.x
    assert (training.marker.color, drawn.marker.color) == ("#000003", "#000006")


def test_a_history_marks_what_is_over_its_limit() -> None:
    """One point a batch in order, its limit beside it; a batch without the figure leaves a gap."""
    figure = figures.batch_history(["a", "b", "c"], [0.1, None, 0.4], [False, False, True], 0.3, "KS", PALETTE)
    points, limit = figure.data
    assert list(points.x) == [1, 2, 3]
    assert list(points.y) == [0.1, None, 0.4]
    assert list(points.marker.symbol) == ["circle", "circle", "diamond"]
    assert list(limit.y) == [0.3, 0.3]
