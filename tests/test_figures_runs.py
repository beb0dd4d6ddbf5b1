"""Charts of the Runs page: every run where its numbers are, names as text, intervals and curves as they were given."""

from __future__ import annotations

import pytest

from core.figures import Mark, Palette, run_cloud, run_curves, run_differences

COLOURS = Palette("#111111", "#222222", "#333333", "#444444", "#555555", "#666666")
HOSTILE = "<b>a</b>"


def mark(name: str, method: str = "Symmetric", bits: int = 4, **more: object) -> Mark:
    """Return a run of 16 bytes with 0.5 against the 0.6 in 72 bytes of its original."""
    found = Mark(name, method, bits, 16, 0.5, 72, 0.6, difference=(-0.1, -0.2, 0.05))
    return Mark(**{**vars(found), **more})  # type: ignore[arg-type]


def test_each_method_has_a_shape_and_each_run_its_place() -> None:
    """What was chosen has a rim; an original that several share is drawn once; names are no mark-up."""
    marks = [mark(HOSTILE), mark("b", "Window", chosen=True, numbers=20), mark("c", score=None), mark("d", bits=8)]
    chart = run_cloud(marks, "R²", COLOURS).to_dict()
    by_name = {trace["name"]: trace for trace in chart["data"]}
    assert set(by_name) == {"Symmetric", "Window", "original"}
    assert by_name["Symmetric"]["text"] == ["&lt;b&gt;a&lt;/b&gt;", "d"]
    assert [list(by_name[n]["customdata"]) for n in ("Symmetric", "Window")] == [[0, 3], [1]]
    assert by_name["Symmetric"]["marker"]["symbol"] != by_name["Window"]["marker"]["symbol"]
    assert by_name["Window"]["marker"]["line"] == {"width": [3], "color": ["#333333"]}
    assert (list(by_name["original"]["x"]), list(by_name["original"]["y"])) == ([72], [0.6])
    low, high = chart["layout"]["xaxis"]["range"]
    assert 10**low < 16 < 72 < 10**high


def test_no_run_with_a_figure_is_an_empty_chart() -> None:
    """Nothing is made up for runs without a figure."""
    assert len(run_cloud([mark("a", score=None, original=None)], "R²", COLOURS).data) == 0


def test_differences_reach_from_end_to_end_of_their_intervals() -> None:
    """The bars end where the interval does; a run without one is left out."""
    chart = run_differences([mark("a"), mark("b", difference=None)], "R²", COLOURS)
    (trace,) = chart.data
    assert list(trace.x) == [-0.1]
    assert list(trace.error_x.array) == [pytest.approx(0.15)]
    assert list(trace.error_x.arrayminus) == [pytest.approx(0.1)]


def test_curves_have_the_run_on_them_and_one_bit_does_not_press_the_rest() -> None:
    """A line where the curve is known, a mark in any case; the axis leaves out what is far below."""
    marks = [mark("a"), mark(HOSTILE, score=0.55)]
    chart = run_curves(marks, [[(1, -900.0), (4, 0.5), (8, 0.6)], None], "R²", COLOURS)
    assert [trace.mode for trace in chart.data] == ["lines", "markers", "markers"]
    assert [list(trace.x) for trace in chart.data[1:]] == [[4], [4]]
    assert chart.data[0].line.color == chart.data[1].marker.color != chart.data[2].marker.color
    assert chart.data[2].name == "&lt;b&gt;a&lt;/b&gt;"
    low, high = chart.layout.yaxis.range
    assert 0 < low < 0.5 < 0.55 < high
