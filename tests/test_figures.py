"""Figures: every axis named with its unit, every word shown literally, every colour by its meaning."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from core import figures
from core.comparison import Comparison
from core.config import preset_experiment
from core.evaluate import compare
from core.figures import Palette
from core.figures.grid import MAX_LINES, error_in_steps
from core.figures.style import tint
from core.parts import Floats
from core.quant import METHOD_NAMES, PRESETS, Scheme
from core.quant.coordinates import column_scale
from core.sizes import float_size
from core.sweep import Point, sweep
from core.train import Trained, train
from tests.support import ALL_BITS, california, small

PALETTE = Palette("#2F7DE1", "#E8710A", "#7D8899", "#AAB3C0", "#7A5FC7", "#0F9E8E")
HOSTILE = ("<b>x</b>", "<a href='http://x'>y</a>", "a<br>b & c")


def point(bits: int, r2: float | None) -> Point:
    """Return a point of a curve that has no other figures."""
    return Point(Scheme("symmetric", bits), r2, 1.0, r2, 0.0, r2, 16)


def curve(values: dict[int, float | None], bits: int, original: float | None = 0.6) -> go.Figure:
    """Return the curve through R² `values` by width."""
    return figures.bits_curve([point(b, v) for b, v in values.items()], bits, original, PALETTE)


def all_figures(trained: Trained, c: Comparison, names: tuple[str, ...], unit: str) -> dict[str, go.Figure]:
    """Return every figure there is, for one comparison, with feature names and unit as given."""
    e = c.experiment
    assert e is not None
    columns, y = trained.columns("test")
    raw = trained.parts.values["coef"][0]
    units = [f"{unit} per {n}" for n in names]
    points = sweep(trained, [e.scheme.method], ALL_BITS, e.scheme).points
    sizes = [("original", c.sizes["original"]), ("float32 cast", float_size(trained.parts, 9, "float32"))]
    predicted = columns @ raw + trained.parts.values["intercept"][0]
    return {
        "curve": figures.bits_curve(points, e.scheme.bits, c.metrics["original"]["test"]["r2"], PALETTE),
        "line": figures.number_line(c, PALETTE, names),
        "landing": figures.landing(c.quantized, 0, c.parameters[0].original, PALETTE),
        "bytes": figures.bytes_bars([*sizes, ("quantised", c.sizes["quantized"])], PALETTE),
        "errors": figures.coef_errors(c, PALETTE, names),
        "moved": figures.difference_histogram(c, 1000.0, unit, PALETTE),
        "actual": figures.actual_vs_predicted(y, predicted, unit, PALETTE),
        "residuals": figures.residuals(y, predicted, unit, PALETTE),
        "coefficients": figures.coefficients(names, raw * column_scale(trained.moments), raw, units, PALETTE),
        "contributions": figures.contributions(names, raw, 0.9 * raw, unit, PALETTE),
        "map": figures.district_map(columns[:, 0], columns[:, 1], y, (1.0, 2.0), unit, PALETTE),
    }


@cache
def of_california(scheme: Scheme, degree: int = 1) -> dict[str, go.Figure]:
    """Return every figure of the default data, with its own names and unit."""
    trained = california(degree=degree)
    return all_figures(trained, compare(trained, scheme), trained.preparation.columns, "$")


def texts(value: Any) -> Iterator[str]:
    """Yield every text in a figure's plain data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list | tuple | np.ndarray) and not (isinstance(value, np.ndarray) and value.dtype != object):
        for one in value:
            yield from texts(one)


def axes(figure: go.Figure) -> dict[str, Any]:
    """Return the axes of a figure by name."""
    layout = figure.to_dict()["layout"]
    return {name: value for name, value in layout.items() if name.startswith(("xaxis", "yaxis"))}


def traces(figure: go.Figure) -> dict[str, Any]:
    """Return the traces of a figure by name."""
    return {trace.name: trace for trace in figure.data}


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("curve", ["bits per code", "R² on the test rows"]),
        ("line", ["coefficient", "error, steps", ""]),
        ("landing", ["standardised coefficient", ""]),
        ("bytes", ["bytes of numbers", ""]),
        ("errors", ["quantised − original coefficient", ""]),
        ("moved", ["quantised − original prediction, $", "test rows"]),
        ("actual", ["true value, $", "predicted, $"]),
        ("residuals", ["true − predicted, $", "test rows"]),
        ("coefficients", ["change per standard deviation", ""]),
        ("contributions", ["contribution against the average row, $", ""]),
        ("map", ["longitude, degrees east", "latitude, degrees north"]),
    ],
)
def test_every_axis_says_what_it_shows(name: str, titles: list[str]) -> None:
    """Each axis has a title with its unit; the only one without lists names that speak for themselves."""
    figure = of_california(Scheme())[name]
    assert sorted(a["title"]["text"] for a in axes(figure).values()) == sorted(titles)
    for axis_name, one in axes(figure).items():
        if one["title"]["text"] == "":
            spelt = one.get("ticktext") or list(figure.data[0].y)
            assert spelt
            assert all(isinstance(s, str) for s in spelt), axis_name


def test_the_colour_bar_of_the_map_names_its_unit() -> None:
    """The shades of the map are in thousands of the target's unit, and the bar says so."""
    bar = of_california(Scheme())["map"].to_dict()["data"][0]["marker"]["colorbar"]
    assert bar["title"]["text"] == "1,000 $"


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("bits", [1, 4, 16])
def test_words_from_outside_are_shown_letter_by_letter(method: str, bits: int) -> None:
    """Feature names and units with mark-up come out escaped in every text of every figure."""
    trained = small()
    made = all_figures(trained, compare(trained, Scheme(method, bits)), HOSTILE, "<i>u</i>")
    for name, figure in made.items():
        for text in texts(figure.to_dict()):
            own = text.replace("<extra></extra>", "").replace("<br>per standard deviation", "").replace("row,<br>", "")
            assert "<" not in own, (name, text)
    for name in ("line", "errors", "coefficients", "contributions"):
        everything = "\n".join(texts(made[name].to_dict()))
        assert "&lt;b&gt;x&lt;/b&gt;" in everything, name
        assert "a&lt;br&gt;b &amp; c" in everything, name
    for name in ("moved", "actual", "residuals", "contributions", "map"):
        assert any("&lt;i&gt;u" in text for text in texts(made[name].to_dict())), name


def test_the_two_colours_mean_the_same_everywhere() -> None:
    """What is named original is blue, what is quantised is orange, and context is grey."""
    made = of_california(Scheme("asymmetric", 4))
    assert traces(made["curve"])["original"].line.color == PALETTE.original
    assert traces(made["curve"])["quantised"].line.color == PALETTE.quantized
    assert traces(made["curve"])["now"].marker.color == PALETTE.quantized
    line = traces(made["line"])
    assert line["original"].marker.color == PALETTE.original
    assert line["lands on"].marker.color == line["error in steps"].marker.color == PALETTE.quantized
    assert line["levels"].line.color == PALETTE.faint
    both = traces(made["contributions"])
    assert (both["original"].marker.color, both["quantised"].marker.color) == (PALETTE.original, PALETTE.quantized)
    for name in ("errors", "moved"):
        assert {t.marker.color for t in made[name].data} == {PALETTE.quantized}
    for name in ("residuals", "coefficients"):
        assert {t.marker.color for t in made[name].data} == {PALETTE.original}
    assert traces(made["actual"])["test rows"].marker.color == PALETTE.original
    assert traces(made["actual"])["perfect"].line.color == PALETTE.context
    assert traces(made["map"])["here"].marker.color == PALETTE.quantized


def test_bars_of_bytes_are_blue_grey_and_orange() -> None:
    """The original's bar is blue, the quantised model's orange, casts are context; parts differ in shade."""
    parts = of_california(Scheme())["bytes"].data
    for shade, trace in zip((0.0, 0.35, 0.7), parts, strict=True):
        wanted = [PALETTE.original, PALETTE.context, PALETTE.quantized]
        assert list(trace.marker.color) == [tint(c, shade) for c in wanted]


def test_bars_of_bytes_add_up_to_what_is_stored() -> None:
    """The three parts of a bar are codes, side information and scaling, together payload and side."""
    c = compare(california(), Scheme())
    parts = of_california(Scheme())["bytes"].data
    q = c.sizes["quantized"]
    assert [trace.x[-1] for trace in parts] == [q.payload, q.side - q.scaling, q.scaling] == [8, 8, 32]
    assert sum(trace.x[0] for trace in parts) == c.sizes["original"].numbers == 72
    assert [trace.text[-1] for trace in parts] == ["8", "8", "32"]


@pytest.mark.parametrize(("amount", "wanted"), [(0.0, "#2f7de1"), (1.0, "#ffffff"), (0.5, "#97bef0")])
def test_a_tint_lies_between_the_colour_and_white(amount: float, wanted: str) -> None:
    """0 is the colour, 1 is white, one half is the middle of each channel."""
    assert tint("#2F7DE1", amount) == wanted


@pytest.mark.parametrize("name", [n for n, p in PRESETS.items() if not p.data])
def test_ranges_stay_finite_when_a_model_collapses(name: str) -> None:
    """Every range and every point of every preset is a finite number, R² of −4190 included."""
    e = preset_experiment(name)
    trained = train(e.data, e.train)
    made = all_figures(trained, compare(trained, e.scheme), trained.preparation.columns, "$")
    for key, figure in made.items():
        check_finite(figure, key)
    low, high = axes(made["curve"])["yaxis"]["range"]
    assert high - low < 1.2
    # Only where a width falls so far is there an edge to draw it at.
    values = [p.test or 0.0 for p in sweep(trained, [e.scheme.method], ALL_BITS, e.scheme).points]
    assert (len(made["curve"].data) == 4) == (min(values) < low)


def check_finite(figure: go.Figure, name: str) -> None:
    """Assert that ranges ascend, points are finite, and only lines have gaps."""
    for axis in axes(figure).values():
        if "range" in axis:
            low, high = axis["range"]
            assert math.isfinite(low), name
            assert math.isfinite(high), name
            assert low != high, name
    for trace in figure.data:
        for values in (trace.x, trace.y):
            if values is not None and len(values) and not isinstance(values[0], str):
                numbers = np.asarray(values, dtype=np.float64)
                gaps = np.isnan(numbers)
                assert np.isfinite(numbers[~gaps]).all(), name
                assert not gaps.any() or trace.name == "levels", name


@pytest.mark.parametrize("worst", [-0.5, -4190.0, -1e12, -1e300])
def test_a_collapse_is_drawn_at_the_edge_and_not_to_scale(worst: float) -> None:
    """Widths that fall far below are marked at the lower edge, so that the others can still be told apart."""
    figure = curve({1: worst, 4: 0.3, 8: 0.59}, 1)
    low, high = axes(figure)["yaxis"]["range"]
    assert high - low < 1.2
    named = traces(figure)
    assert all(low <= v <= high for v in named["quantised"].y)
    under = figure.data[2]
    assert list(under.x) == [1]
    assert under.marker.symbol == "triangle-down"
    assert named["now"].marker.symbol == "triangle-down"
    assert named["now"].text[0] == f"1 bits: R² {worst:.6g}"


def test_a_curve_that_stays_above_zero_has_no_edge() -> None:
    """Without a collapse every width is drawn where it is."""
    figure = curve({1: 0.2, 4: 0.3, 8: 0.59}, 8)
    assert [t.name for t in figure.data] == ["original", "quantised", "now"]
    assert list(traces(figure)["quantised"].y) == [0.2, 0.3, 0.59]
    assert traces(figure)["now"].y[0] == 0.59


def test_a_flat_curve_still_has_a_range() -> None:
    """Equal figures at all widths, even all zero, leave room above and below."""
    for value in (0.6, 0.0):
        check_finite(curve({1: value, 8: value}, 8, value), "flat")


def test_a_curve_where_every_model_is_bad_is_still_drawn() -> None:
    """With an original far below zero the curve is drawn round the best of them."""
    check_finite(curve({1: -50.0, 8: -7.0, 16: -3.0}, 8, -3.0), "bad")


def test_a_curve_without_r2_says_why_it_is_empty() -> None:
    """Where all targets are equal there is no R², and the empty chart says so."""
    figure = curve({1: None, 8: None}, 8, None)
    assert len(figure.data) == 0
    assert figure.layout.annotations[0].text == "All targets of the test rows are equal: there is no R²."
    check_finite(figure, "empty")
    assert axes(figure)["yaxis"]["title"]["text"] == "R² on the test rows"


def test_models_that_agree_have_a_histogram_all_the_same() -> None:
    """When no prediction moves at all the distribution is one bar at zero."""
    trained = california("lasso")
    c = compare(trained, Scheme("window", 16))
    figure = figures.difference_histogram(c, 1e5, "$", PALETTE)
    check_finite(figure, "moved")
    figure = figures.difference_histogram(replace(c, differences=np.zeros(10)), 1e5, "$", PALETTE)
    check_finite(figure, "zero")
    assert sum(figure.data[0].y) == 10


def test_the_number_line_draws_levels_while_they_can_be_told_apart() -> None:
    """Up to 64 shared levels are lines over all coefficients; above that, and for windows, bars of reach."""
    for bits in ALL_BITS:
        for method in ("symmetric", "asymmetric", "window"):
            c = compare(california(), Scheme(method, bits))
            few = method != "window" and 2**bits <= MAX_LINES
            assert figures.draws_levels(c) == few
            drawn = traces(figures.number_line(c, PALETTE, california().preparation.columns))["levels"]
            ends = np.asarray(drawn.x)[0::3]
            assert len(ends) == (len(set(ends.tolist())) if few else 8)


def test_the_number_line_shows_what_was_coded() -> None:
    """Original and quantised values, and errors in steps, are those of the comparison, in its order."""
    c = compare(california(), Scheme("asymmetric", 5))
    line = traces(of_california(Scheme("asymmetric", 5))["line"])
    assert list(line["original"].x) == [p.original for p in c.parameters[:-1]]
    assert list(line["lands on"].x) == [p.quantized for p in c.parameters[:-1]]
    assert list(line["original"].text) == list(california().preparation.columns)
    assert np.array_equal(np.asarray(line["error in steps"].x), error_in_steps(c))
    # Half a step, and the roundings of value and product to float32, at most 2^5 units of a step.
    assert np.abs(error_in_steps(c)).max() <= 0.5 + 2**5 * 4 * 2.0**-24


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_many_columns_are_drawn_as_well(method: str) -> None:
    """All 44 columns of degree 2 get their row, closer together, with finite ranges."""
    made = of_california(Scheme(method, 8), degree=2)
    for name, figure in made.items():
        check_finite(figure, name)
    for name in ("line", "errors", "coefficients", "contributions"):
        assert made[name].layout.height > of_california(Scheme(method, 8))[name].layout.height
        assert made[name].layout.height < 44 * 40 + 90
    assert len(axes(made["line"])["yaxis"]["ticktext"]) == 44
    assert len(made["errors"].data[0].y) == len(set(made["errors"].data[0].y)) == 44


def test_showing_a_figure_twice_changes_nothing() -> None:
    """Figures are shared between visitors: turned into data twice they are the same, and so is their JSON."""
    for name, figure in of_california(Scheme("asymmetric", 6)).items():
        first = json.dumps(figure.to_dict(), default=plain)
        text = figure.to_json()
        assert figure.to_dict() is figure.to_dict(), name
        assert json.dumps(figure.to_dict(), default=plain) == first, name
        assert figure.to_json() == text, name


def plain(value: object) -> object:
    """Return an array as a list, for comparing."""
    assert isinstance(value, np.ndarray)
    return value.tolist()


@pytest.mark.parametrize(
    "draw",
    [
        lambda y: figures.residuals(y, y + 0.5, "$", PALETTE),
        lambda y: figures.actual_vs_predicted(y, y + 0.5, "$", PALETTE),
        lambda y: figures.district_map(y, y, y, (0.0, 0.0), "$", PALETTE),
    ],
)
@pytest.mark.parametrize("rows", [2, 3, 500])
def test_few_rows_and_equal_values_can_be_drawn(draw: Callable[[Floats], go.Figure], rows: int) -> None:
    """A split may leave two test rows, and all targets may be equal."""
    for y in (np.linspace(0, 5, rows), np.full(rows, 5.00001)):
        check_finite(draw(y), "few")


def test_figures_leave_their_input_as_it_was() -> None:
    """Drawing changes none of the arrays it is given."""
    y = np.linspace(0, 5, 50)
    before = y.copy()
    figures.residuals(y, y, "$", PALETTE)
    figures.actual_vs_predicted(y, y, "$", PALETTE)
    figures.contributions([str(i) for i in range(50)], y, y, "$", PALETTE)
    figures.coefficients([str(i) for i in range(50)], y, y, ["$"] * 50, PALETTE)
    figures.district_map(y, y, y, (0.0, 0.0), "$", PALETTE)
    assert np.array_equal(y, before)


def test_the_map_fetches_nothing() -> None:
    """Places are a plain scatter: no trace that would load tiles or shapes from elsewhere."""
    for name, figure in of_california(Scheme()).items():
        for trace in figure.data:
            assert trace.type in ("scatter", "scattergl", "bar"), name
        assert not {"mapbox", "map", "geo", "images"} & set(figure.to_dict()["layout"]), name
        assert not any("http" in text for text in texts(figure.to_dict())), name
