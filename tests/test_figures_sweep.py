"""Figures of the sweep: cells and their colours, the front and what it beats, clicks, and empty cases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core import figures
from core.figures import front as front_figure
from core.figures import sweep as map_figure
from core.quant import METHODS, Scheme
from core.sweep import Cast, Point, Sweep, dominators, front, full_sweep, sweep
from tests.support import ALL_BITS, california

PALETTE = figures.Palette("#000001", "#e8710a", "#000003", "#000004", minus="#000005", plus="#000006")
LABELS = [m.label for m in METHODS.values()]
HOSTILE = "<a href='x'>R²</a>"


def point(bits: int, numbers: int, train: float | None, method: str = "symmetric", **more: Any) -> Point:
    """Return a setting with these figures; on the test rows it is 0.05 worse than on the training rows."""
    test = None if train is None else train - 0.05
    return Point(Scheme(method, bits), test, None, train, 0.0, train, numbers, **more)


def swept(*points: Point, original: float | None = 0.6, **more: Any) -> Sweep:
    """Return a sweep of `points`; the original has 72 bytes, float32 takes 36."""
    casts = (Cast("float32", 36, original, original, 1.0), Cast("float16", 18, 0.58, 0.59, 0.99))
    return Sweep("r2", points, original, original, 72, casts, **more)


def texts(figure: Any) -> list[str]:
    """Return all that marks say on hover, by themselves or through their template."""
    found = [t for trace in figure.data if trace.text is not None for t in np.ravel(trace.text)]
    return [str(t) for t in (*found, *(trace.hovertemplate or "" for trace in figure.data if trace.type == "scatter"))]


def test_the_map_says_the_test_figure_and_colours_the_loss_on_training_rows() -> None:
    """Rows are bits, columns methods; the class of the colour grows with the loss, at the bounds themselves."""
    losses = (-0.1, 0.0, 5e-7, 1e-3, 2e-3, 0.01, 0.05, 0.5, 3.0)
    cells = [point(b + 1, 10, 0.6 - lost) for b, lost in enumerate(losses)]
    figure = figures.loss_map(swept(*cells), cells, "train", PALETTE, "R²", ["Symmetric"])
    heat, marks = figure.data
    assert heat.z[:, 0].tolist() == [0, 0, 0, 1, 2, 2, 3, 4, 5]
    assert [row[0] for row in heat.text] == [f"{p.test:.4f}".replace("-", "−") for p in cells]
    assert list(heat.y) == list(range(1, 10))
    assert [list(marks.x), list(marks.y)] == [[0] * 9, list(range(1, 10))]
    assert list(marks.customdata) == list(range(9))
    assert figure.layout.yaxis.title.text == "bits per code"
    assert heat.colorbar.title.text == "loss of R², training rows"
    assert list(heat.colorbar.ticktext) == ["0", "0.001", "0.01", "0.1", "1"]


def test_the_colours_of_the_map_run_from_pale_to_the_quantised_colour_in_steps() -> None:
    """Six classes of one colour each, lighter before darker; the colour of the original is not among them."""
    scale = map_figure._steps(PALETTE)
    assert [round(end * 6) for end, _ in scale] == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6]
    colours = [c for _, c in scale]
    assert colours[::2] == colours[1::2]
    assert colours[-1] == PALETTE.quantized
    blue = [int(c[5:], 16) for c in colours[::2]]
    assert blue == sorted(blue, reverse=True)
    assert PALETTE.original not in colours


def test_the_map_holds_every_method_and_width() -> None:
    """Of a real sweep each cell stands at its method and width, and its mark carries its place."""
    found = sweep(california(), tuple(METHODS), ALL_BITS)
    figure = figures.loss_map(found, found.points, "train", PALETTE, "R²", LABELS, found.points[7])
    heat, marks = figure.data
    assert heat.z.shape == (16, 4)
    assert not np.isnan(heat.z).any()
    assert list(figure.layout.xaxis.ticktext) == LABELS
    for x, y, place in zip(marks.x, marks.y, marks.customdata, strict=True):
        p = found.points[place]
        assert (list(METHODS)[x], y) == (p.method, p.bits)
        assert heat.text[y - 1][x] == f"{p.test:.4f}".replace("-", "−")
    (frame,) = figure.layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == pytest.approx((-0.48, 0.48, 7.56, 8.44))
    assert frame.line.dash == "solid"


@pytest.mark.parametrize(
    ("here", "dashes"),
    [
        (Scheme("symmetric", 2), ["solid"]),
        (Scheme("symmetric", 2, space="raw"), ["dot"]),
        (Scheme("codebook", 2), []),
    ],
)
def test_the_frame_tells_the_setting_from_its_cell(here: Scheme, dashes: list[str]) -> None:
    """Whole where the cell is the setting, dotted where switches differ, none where its method is not in the map."""
    cells = [point(1, 9, 0.5), point(2, 10, 0.55)]
    now = replace(cells[1], scheme=here)
    figure = figures.loss_map(swept(*cells), cells, "train", PALETTE, "R²", ["Symmetric"], now)
    assert [s.line.dash for s in figure.layout.shapes] == dashes


def test_cells_without_figures_say_so() -> None:
    """Without a figure a cell is empty and says a dash; without test rows it says the fidelity; no cells, no fault."""
    none = point(3, 9, None)
    kept = replace(none, fidelity=0.998)
    figure = figures.loss_map(swept(none, original=None), [none], "train", PALETTE, "R²", ["Symmetric"])
    assert np.isnan(figure.data[0].z).all()
    assert figure.data[0].text[0][0] == "–"
    assert "more than" not in figure.data[1].text[0]
    figure = figures.loss_map(swept(kept, original=None), [kept], "fidelity", PALETTE, "kept variance", ["Symmetric"])
    assert (figure.data[0].z[0, 0], figure.data[0].text[0][0]) == (2, "0.9980")
    assert len(figures.loss_map(swept(), [], "train", PALETTE, "R²", []).data[1].x) == 0


def test_large_figures_fit_into_their_cell() -> None:
    """Whatever a figure is, it takes nine characters at most."""
    for value in (-109033.1, -51023392.21, 0.57578, -11.5133, 0.0, 9.99996, -9.99999, 1e300):
        assert len(map_figure._short(value)) <= 9


def test_the_front_is_drawn_with_its_plain_casts_the_budget_and_now() -> None:
    """Steps through the whole front, marks on its settings, diamonds for the others, a line at the budget."""
    points = (point(1, 9, 0.5), point(2, 10, 0.55), point(3, 11, 0.52), point(4, 20, 0.595), point(5, 80, 0.61))
    found = swept(*points)
    shown = figures.cloud(found, "train", "R²")
    assert [figures.called(c) for c in shown.candidates[5:]] == ["float32", "float16", "original"]
    assert shown.best == front(shown.candidates, "train") == (0, 1, 6, 3, 5, 4)
    figure = figures.pareto(shown, PALETTE, points[3], 24)
    named = {t.name: t for t in figure.data if t.name}
    line = next(t for t in figure.data if t.mode == "lines")
    assert list(line.x) == [9, 10, 18, 20, 36, 80]
    assert line.line.shape == "hv"
    assert [d[0] for d in named["front"].customdata] == [0, 1, 3, 4]
    assert named["front"].marker.color == PALETTE.quantized
    assert [d[0] for d in named["beaten"].customdata] == [2]
    budget = named["budget of 24 bytes"]
    assert (list(budget.x), budget.line.dash) == ([24, 24], "dash")
    now = named["now"]
    assert (list(now.x), list(now.y), now.marker.color) == ([20], [0.595], PALETTE.quantized)
    diamonds = {t.text[0]: (t.x[0], t.marker.color) for t in figure.data if t.marker.symbol == "diamond"}
    assert diamonds == {
        "float32": (36, PALETTE.context), "float16": (18, PALETTE.context), "original": (72, PALETTE.original),
    }  # fmt: skip
    assert figure.layout.xaxis.title.text == "bytes of numbers"
    assert figure.layout.yaxis.title.text == "R² on the training rows"
    assert list(figure.layout.xaxis.ticktext) == ["8", "16", "32", "64", "128"]


def test_who_is_beaten_says_by_whom() -> None:
    """A beaten setting names the one on the front with as few bytes and a better figure; so does a beaten cast."""
    shown = figures.cloud(swept(point(2, 10, 0.595), point(3, 11, 0.52)), "train", "R²")
    figure = figures.pareto(shown, PALETTE)
    beaten = next(t for t in figure.data if t.name == "beaten")
    end = "<br>beaten by 2 bits, symmetric:<br>10 bytes, R² 0.595<extra></extra>"
    assert list(beaten.text) == ["3 bits, symmetric"]
    assert beaten.hovertemplate.endswith(end)
    cast = next(t for t in figure.data if t.text == ("float16",))
    assert cast.hovertemplate.endswith(end)
    assert next(t for t in figure.data if t.text == ("float32",)).hovertemplate.count("beaten") == 0


def test_every_beaten_setting_of_a_real_sweep_is_drawn_once_and_truly_beaten() -> None:
    """No two marks on one spot; what is drawn lies above the edge; what is left out below it or under another."""
    found = full_sweep(california())
    shown = figures.cloud(found, "train", "R²")
    figure = figures.pareto(shown, PALETTE)
    low, high = figure.layout.yaxis.range
    spots: set[tuple[int, float]] = set()
    beaten = dominators(shown.candidates, "train")
    for trace in (t for t in figure.data if t.name == "beaten"):
        for (place, test), x, y in zip(trace.customdata, trace.x, trace.y, strict=True):
            p, by = found.points[place], shown.candidates[beaten[place]]
            # Six significant digits are sent.
            assert (x, y, test) == pytest.approx((p.numbers, p.train, p.test), rel=5e-6)
            assert by.numbers <= p.numbers
            assert by.figure("train") >= p.train - 1e-12
            assert low < y < high
            assert (p.numbers, round(p.train, 12)) not in spots
            spots.add((p.numbers, round(p.train, 12)))
    assert len(spots) > 500
    assert sum(t.showlegend is True for t in figure.data if t.name == "beaten") == 1
    # Sent with every change of the setting, so it has to stay small.
    assert len(figure.to_json()) < 150_000


def test_what_lies_far_below_is_at_the_edge_only_on_the_front() -> None:
    """A setting that nothing smaller beats is drawn as a triangle at the lower edge; a beaten one is left out."""
    points = (point(1, 6, -100.0), point(2, 7, -200.0), point(3, 10, 0.59), point(4, 11, 0.58))
    shown = figures.cloud(swept(*points), "train", "R²")
    figure = figures.pareto(shown, PALETTE, points[1])
    low = next(t for t in figure.data if t.marker.symbol == "triangle-down" and t.name != "now")
    assert [d[0] for d in low.customdata] == [0]
    assert low.text[0] == "1 bit, symmetric<br>6 bytes; R² −100 on the training rows"
    assert low.y[0] == pytest.approx(0.6 - front_figure.DEPTH * 0.6)
    now = next(t for t in figure.data if t.name == "now")
    assert (now.marker.symbol, now.y[0]) == ("triangle-down", low.y[0])
    assert [d[0] for t in figure.data if t.name == "beaten" for d in t.customdata] == [3]


def test_the_folds_are_judged_where_they_are_asked_for() -> None:
    """On cross-validated figures the front, the heights and the title are those; a setting without one is not drawn."""
    points = (point(1, 9, 0.5, cv=0.4), point(2, 10, 0.4, cv=0.45))
    found = swept(*points, original_cv=0.5)
    shown = figures.cloud(found, "cv", "R²")
    figure = figures.pareto(shown, PALETTE, replace(points[0], cv=None))
    assert next(list(t.y) for t in figure.data if t.name == "front") == [0.4, 0.45]
    assert figure.layout.yaxis.title.text == "R² on the folds of the training rows"
    assert "now" not in {t.name for t in figure.data}


def test_one_point_none_and_no_figures() -> None:
    """One setting alone, a sweep without settings, and one without figures are drawn, the last with a word why."""
    alone = figures.pareto(figures.cloud(swept(point(1, 9, 0.5)), "train", "R²"), PALETTE)
    assert next(list(t.x) for t in alone.data if t.name == "front") == [9]
    assert {t.text[0] for t in figures.pareto(figures.cloud(swept(), "train", "R²"), PALETTE).data if t.text} == {
        "float32", "float16", "original",
    }  # fmt: skip
    none = Sweep("r2", (point(1, 9, None),), None, None, 72, ())
    empty = figures.pareto(figures.cloud(none, "train", "R²"), PALETTE, none.points[0], 24)
    assert len(empty.data) == 0
    assert empty.layout.annotations[0].text == "There is no R² on the training rows."


def test_equal_figures_still_have_an_axis() -> None:
    """When nothing is lost anywhere the axis has a height all the same."""
    shown = figures.cloud(swept(point(1, 9, 0.6), point(2, 10, 0.6), original=0.6), "train", "R²")
    low, high = figures.pareto(shown, PALETTE).layout.yaxis.range
    assert low < 0.59 < 0.6 < high


@pytest.mark.parametrize(("low", "high"), [(6, 7), (9, 200), (100, 40_000), (1, 10_000_000)])
def test_bytes_have_few_plain_labels(low: int, high: int) -> None:
    """Powers of two, at most nine of them, written out."""
    found = front_figure._bytes_axis([low, high])
    assert 1 <= len(found["ticktext"]) <= 9
    assert all(int(t.replace(",", "")).bit_count() == 1 for t in found["ticktext"])
    assert found["range"][0] < np.log10(low) < np.log10(high) < found["range"][1]


def test_names_are_shown_literally() -> None:
    """Mark-up in the name of the figure or of a method is text."""
    cells = [point(1, 9, 0.5), point(2, 10, 0.55), point(3, 11, 0.52)]
    heat = figures.loss_map(swept(*cells), cells, "train", PALETTE, HOSTILE, ["<b>S</b>"])
    pareto = figures.pareto(figures.cloud(swept(*cells), "train", HOSTILE), PALETTE, cells[0], 24)
    said = [*texts(heat), *texts(pareto), heat.data[0].colorbar.title.text, pareto.layout.yaxis.title.text]
    assert not [t for t in said if "<a" in t]
    assert sum("&lt;a" in t for t in said) > 5
    assert list(heat.layout.xaxis.ticktext) == ["&lt;b&gt;S&lt;/b&gt;"]


def test_a_click_changes_the_look_of_nothing() -> None:
    """Marks that can be clicked look the same selected, not selected and before."""
    cells = [point(1, 9, 0.5), point(2, 10, 0.55), point(3, 11, 0.52)]
    heat = figures.loss_map(swept(*cells), cells, "train", PALETTE, "R²", ["Symmetric"])
    pareto = figures.pareto(figures.cloud(swept(*cells), "train", "R²"), PALETTE)
    clickable = [t for f in (heat, pareto) for t in f.data if t.customdata is not None and t.marker.symbol != "diamond"]
    assert len(clickable) >= 3
    for trace in clickable:
        opacity = 1 if trace.marker.opacity is None else trace.marker.opacity
        assert trace.selected.marker.opacity == trace.unselected.marker.opacity == opacity
