"""Charts of searches, learning curves and importances, on made-up figures with all their gaps."""

from __future__ import annotations

from typing import Any

import pytest

from core import figures
from core.config import TrainConfig
from core.fields import Pairs
from core.figures.tuning import REACH
from core.tune import Candidate, Curve, Importance, Importances, Tuning
from core.tune.curves import CurvePoint
from tests.test_figures import PALETTE, check_finite, traces

HOSTILE = "<a href='x'>f</a>"


def candidate(params: Pairs, mean: float | None, rows: int = 100) -> Candidate:
    """Return a candidate with this figure, one that could not be fitted where it is None."""
    return Candidate(params, mean, None if mean is None else 0.01, 0.7, 0.002, rows)


def found(*candidates: Candidate) -> Tuning:
    """Return a search with these candidates, best first."""
    return Tuning("r2", "rmse", "grid", 5, candidates, TrainConfig(), 1.0)


def chart(*candidates: Candidate, against: str = "alpha") -> Any:
    """Return the checked chart of these candidates."""
    figure = figures.tuning_chart(found(*candidates), against, "R²", PALETTE)
    check_finite(figure, "chart")
    return figure


def test_one_setting_is_one_line_from_left_to_right_with_bars() -> None:
    """Values stand in order on an axis of factors, bars are one standard deviation, and the best is marked."""
    figure = chart(*(candidate((("alpha", a),), m) for a, m in ((1.0, 0.6), (0.01, 0.59), (100.0, 0.3))))
    line, best = figure.data
    assert (list(line.x), list(line.y)) == ([0.01, 1.0, 100.0], [0.59, 0.6, 0.3])
    assert list(line.error_y.array) == [0.01] * 3
    assert (list(best.x), list(best.y), best.name) == ([1.0], [0.6], "best")
    assert figure.layout.xaxis.type == "log"
    assert list(figure.layout.xaxis.ticktext) == ["0.01", "0.1", "1", "10", "100"]
    assert figure.layout.yaxis.title.text == "R² over 5 folds"


def test_other_settings_make_lines_of_their_own_until_they_are_too_many() -> None:
    """Three shares of the penalty are three named lines of one colour; six would be a tangle, and become marks."""
    few = chart(*(candidate((("alpha", a), ("l1_ratio", r)), 0.5) for r in (0.1, 0.5, 0.9) for a in (0.1, 0.2)))
    assert [t.name for t in few.data] == ["l1_ratio 0.1", "l1_ratio 0.5", "l1_ratio 0.9", "best"]
    assert len({t.line.color for t in few.data[:3]}) == 3
    assert few.layout.xaxis.type is None
    many = chart(*(candidate((("alpha", a), ("l1_ratio", r / 10)), 0.5) for r in range(1, 7) for a in (0.1, 0.2)))
    assert [(t.name, t.mode) for t in many.data] == [("candidates", "markers"), ("best", "markers")]
    assert len(many.data[0].x) == 12


@pytest.mark.parametrize(
    ("values", "shown"), [((False, True), ["false", "true"]), (("saga", "lbfgs"), ["lbfgs", "saga"])]
)
def test_words_are_an_axis_of_words(values: tuple[Any, ...], shown: list[str]) -> None:
    """Yes and no, and one of a few words, are categories in the order of the alphabet."""
    figure = chart(*(candidate((("how", v),), 0.5) for v in values), against="how")
    assert figure.layout.xaxis.type == "category"
    assert list(figure.layout.xaxis.categoryarray) == shown
    assert sorted(figure.data[0].x) == shown


def test_what_has_no_figure_or_fewer_rows_is_told_apart() -> None:
    """Candidates that could not be fitted are left out; those of earlier rounds are grey and on no line."""
    figure = chart(
        candidate((("alpha", 1.0),), 0.6, 900),
        candidate((("alpha", 2.0),), 0.5, 300),
        candidate((("alpha", 3.0),), None),
    )
    drawn = traces(figure)
    assert list(drawn["earlier rounds, fewer rows"].x) == [2.0]
    assert drawn["earlier rounds, fewer rows"].marker.color == PALETTE.faint
    assert list(drawn["candidates"].x) == [1.0]


def test_figures_far_below_the_best_do_not_press_the_others_together() -> None:
    """The axis is cut one below the best, only where something lies there, and how many is known."""
    assert (
        chart(candidate((("alpha", 1.0),), 0.6), candidate((("alpha", 2.0),), 0.6 - REACH)).layout.yaxis.range is None
    )
    low, high = chart(candidate((("alpha", 1.0),), 0.6), candidate((("alpha", 2.0),), -40.0)).layout.yaxis.range
    assert 0.6 - 1.1 * REACH < low < 0.6 - REACH < 0.6 < high
    assert figures.hidden([0.6, -40.0, None, 0.5]) == 1
    assert figures.hidden([]) == figures.hidden([None]) == 0


def test_only_settings_that_took_several_values_can_be_drawn_against() -> None:
    """Those with most values come first."""
    search = found(*(candidate((("a", 1), ("b", b), ("c", c)), 0.5) for b in (1, 2) for c in (1, 2, 3)))
    assert figures.searched(search) == ("c", "b")
    assert figures.searched(found(candidate((("a", 1),), 0.5))) == ()


def test_the_learning_curve_has_both_lines_and_gaps_where_nothing_was_fitted() -> None:
    """A number of rows that was too few for a fit is on neither line."""
    curve = Curve("r2", 5, (CurvePoint(2, None, None, None, None), CurvePoint(50, 0.7, 0.01, 0.5, 0.1)))
    figure = figures.learning_chart(curve, "R²", PALETTE)
    check_finite(figure, "chart")
    drawn = traces(figure)
    assert (list(drawn["rows of the fit"].x), list(drawn["rows of the fit"].y)) == ([50], [0.7])
    assert list(drawn["fold left out"].y) == [0.5]
    assert drawn["fold left out"].line.color == PALETTE.original


def test_a_point_outside_of_the_picture_has_no_bar_in_it() -> None:
    """Too few rows give figures far below; their spread would cross the whole picture."""
    curve = Curve("r2", 5, (CurvePoint(20, 0.7, 0.01, -9.0, 12.0), CurvePoint(50, 0.7, 0.01, 0.5, 0.1)))
    drawn = traces(figures.learning_chart(curve, "R²", PALETTE))
    assert list(drawn["fold left out"].y) == [-9.0, 0.5]
    assert list(drawn["fold left out"].error_y.array) == [0.0, 0.1]
    assert list(drawn["rows of the fit"].error_y.array) == [0.01, 0.01]


def test_importances_are_bars_from_the_top_with_names_shown_letter_by_letter() -> None:
    """Most important first, at most thirty, and a name with mark-up is words."""
    many = tuple(Importance(f"f{i}", 1 - i / 100, 0.01) for i in range(40))
    figure = figures.importance_chart(Importances("r2", 0.6, 50, (Importance(HOSTILE, 2.0, 0.1), *many)), "R²", PALETTE)
    check_finite(figure, "chart")
    (bars,) = figure.data
    assert len(bars.x) == 30
    assert bars.y[0] == "&lt;a href='x'&gt;f&lt;/a&gt;"
    assert figure.layout.yaxis.autorange == "reversed"
    assert figure.layout.xaxis.title.text == "loss of R² when shuffled"
