"""Where two models agree: shares and worst rows against plain NumPy, and the curve of shares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import families, figures
from core.agreement import changes, display_factor, share_within, usual_tolerance, worst
from core.comparison import Comparison
from core.evaluate import compare
from core.figures.agreement import MOST_STEPS
from core.parts import Floats, frozen
from core.quant import METHOD_NAMES, Scheme
from core.train import Trained
from tests.support import FORMULAS, california, classifier_on, digits, small, table, trained_on
from tests.test_figures import HOSTILE, PALETTE, axes, texts

CHANGES = st.lists(st.floats(0, 1e6) | st.sampled_from([0.0, 1.0, 2.0]), min_size=1, max_size=60).map(np.array)


def both(trained: Trained, c: Comparison, rows: Floats) -> list[Floats]:
    """Return the outputs of both models for raw rows."""
    return [families.outputs(p, trained.preparation.expand(rows)) for p in (trained.parts, c.decoded)]


@FORMULAS
@given(CHANGES, st.floats(0, 2e6) | st.sampled_from([0.0, 1.0, 2.0]))
def test_the_share_is_counted_row_by_row(moved: Floats, tolerance: float) -> None:
    """The share within a tolerance is the number of changes of at most that much; its end is 1."""
    assert share_within(moved, tolerance) == sum(1 for m in moved if m <= tolerance) / len(moved)
    assert share_within(moved, float(moved.max())) == 1


def test_a_share_of_no_rows_is_no_number() -> None:
    """Without a row there is nothing to agree on, which is neither 0 nor 1."""
    assert np.isnan(share_within(np.zeros(0), 1.0))


@pytest.mark.parametrize("bits", [1, 4, 16])
def test_changes_of_values_are_in_the_unit_on_screen(bits: int) -> None:
    """California counts in $100,000: a change of 0.01 is $1,000 on screen."""
    trained = california()
    c = compare(trained, Scheme("asymmetric", bits))
    moved = changes(c, trained)
    before, after = both(trained, c, trained.rows("test")[0])
    assert display_factor(trained) == 1e5
    np.testing.assert_array_equal(moved, np.abs(after - before) * 1e5)
    within = share_within(moved, 1000.0)
    assert within == np.mean(np.abs(after - before) * 1e5 <= 1000)
    assert c.agreement.median is not None
    # Half of the rows move by at most the median: up to one of 4,128 rows.
    assert abs(share_within(moved, c.agreement.median * 1e5) - 0.5) <= 1 / len(moved)


def test_changes_of_classes_are_percentage_points_of_the_true_class() -> None:
    """Of ten probabilities that of the true class counts, in points."""
    trained = digits()
    c = compare(trained, Scheme(bits=3))
    X, y = trained.rows("test")
    before, after = both(trained, c, X)
    own = (np.arange(len(y)), y.astype(int))
    np.testing.assert_allclose(changes(c, trained), 100 * np.abs(after[own] - before[own]), rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", ["california", "small", "digits", "two classes"])
@pytest.mark.parametrize("method", METHOD_NAMES)
def test_the_worst_rows_are_those_of_a_full_sort(name: str, method: str) -> None:
    """Row numbers, raw features, truth and both answers of the twenty largest changes, from all rows by NumPy."""
    made = {
        "california": california,
        "small": small,
        "digits": digits,
        "two classes": lambda: classifier_on(*table(), 2),
    }
    trained = made[name]()
    c = compare(trained, Scheme(method, 3, granularity="row"))
    found = worst(c, trained)
    X, y = trained.rows("test")
    before, after = both(trained, c, X)
    k = len(found.rows)
    assert k == min(20, len(y))
    assert len(set(found.rows.tolist())) == k
    sizes = np.sort(np.abs(c.differences))[::-1][:k]
    np.testing.assert_array_equal(np.abs(c.differences[found.rows]), sizes)
    np.testing.assert_array_equal(found.features, X[found.rows])
    factor = display_factor(trained)
    np.testing.assert_array_equal(found.difference, c.differences[found.rows] * factor)
    rows = np.arange(k)
    if trained.dataset.classes:
        truth = y[found.rows].astype(int)
        np.testing.assert_array_equal(found.true, truth)
        said = np.column_stack([p[found.rows].argmax(axis=1) for p in (before, after)])
        np.testing.assert_array_equal(found.classes, said)
        before, after = before[found.rows][rows, truth], after[found.rows][rows, truth]
    else:
        np.testing.assert_array_equal(found.true, y[found.rows] * factor)
        assert found.classes.shape == (k, 0)
        before, after = before[found.rows], after[found.rows]
    # A product of twenty rows may round otherwise than one of all rows: p roundings of the largest partial sum.
    p = trained.parts.values["coef"].shape[1]
    size = max(
        float((np.abs(m.values["coef"]) @ np.abs(trained.preparation.expand(X[found.rows])).T).max())
        for m in (trained.parts, c.decoded)
    )
    near = factor * 4 * p * 2.0**-53 * (size + float(np.abs(trained.parts.values["intercept"]).max()))
    np.testing.assert_allclose(found.original, before * factor, rtol=0, atol=near)
    np.testing.assert_allclose(found.quantized, after * factor, rtol=0, atol=near)
    np.testing.assert_allclose(found.quantized - found.original, found.difference, rtol=0, atol=2 * near)


def test_of_equal_changes_the_first_row_comes_first() -> None:
    """Ties are settled by the number of the row, whichever way it moved; so are rows that do not move at all."""
    trained = small()
    c = compare(trained, Scheme())
    tied = np.zeros(len(c.differences))
    tied[[9, 4, 17]] = [2.0, -2.0, 3.0]
    found = worst(replace(c, differences=frozen(tied)), trained, 6)
    assert found.rows.tolist() == [17, 4, 9, 0, 1, 2]
    assert found.difference.tolist() == [3000.0, -2000.0, 2000.0, 0.0, 0.0, 0.0]
    assert worst(replace(c, differences=frozen(0 * tied)), trained, 3).rows.tolist() == [0, 1, 2]


def test_what_is_shared_between_visitors_cannot_be_changed() -> None:
    """Every array of the worst rows is read-only."""
    found = worst(compare(digits(), Scheme()), digits())
    for name, array in vars(found).items():
        assert not array.flags.writeable, name


def test_the_usual_tolerance_is_a_hundredth_of_the_spread() -> None:
    """1 % of the target's deviation on the training rows to one digit; one point for classes; nothing for none."""
    y = california().rows("train")[1]
    assert usual_tolerance(california()) == float(f"{0.01 * y.std() * 1e5:.1g}") == 1000.0
    assert usual_tolerance(digits()) == 1.0
    X, _ = table()
    assert usual_tolerance(trained_on(X, np.full(len(X), 3.0))) == 0.0


@pytest.mark.parametrize("tolerance", [0.0, 3.0, 50.0, 1e9])
def test_the_curve_gives_the_share_at_every_step(tolerance: float) -> None:
    """Each point of the line is the share within it, it ends at the edge, and the mark lies on it."""
    moved = np.abs(np.random.default_rng(3).normal(size=5000)) * 10
    figure = figures.agreement_curve(moved, tolerance, "metres", PALETTE)
    line, stem, mark = figure.data
    assert len(line.x) <= MOST_STEPS + 2
    np.testing.assert_allclose(line.y, [100 * (moved <= x).mean() for x in line.x], rtol=1e-12)
    assert (np.diff(line.x) > 0).all()
    assert line.x[-1] == figure.layout.xaxis.range[1] > tolerance
    assert (mark.x[0], mark.y[0]) == (tolerance, 100 * (moved <= tolerance).mean())
    assert list(stem.x) == [tolerance, tolerance]
    titles = {a["title"]["text"] for a in axes(figure).values()}
    assert titles == {"tolerance, metres", "test rows within it, %"}
    assert (line.line.color, mark.marker.color) == (PALETTE.quantized, PALETTE.quantized)


def test_the_curve_of_equal_models_is_a_line_at_the_top() -> None:
    """Where nothing moves every row is within no tolerance at all, and the axis still has a width."""
    figure = figures.agreement_curve(np.zeros(7), 0.0, "$", PALETTE)
    assert set(figure.data[0].y) == {100.0}
    assert figure.layout.xaxis.range[1] > 0


def test_a_unit_is_shown_letter_by_letter() -> None:
    """Mark-up in a unit comes out escaped everywhere in the figure."""
    for unit in HOSTILE:
        shown = list(texts(figures.agreement_curve(np.arange(9.0), 2.0, unit, PALETTE).to_dict()))
        assert not any("<" in text.replace("<extra></extra>", "") for text in shown)
