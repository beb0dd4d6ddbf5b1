"""Figures of the Predict page: what they draw, in which colours, and that names are shown literally."""

from __future__ import annotations

import numpy as np
import pytest

from core import figures
from core.figures import predict

PALETTE = figures.Palette("#000001", "#000002", "#000003", "#000004", minus="#000005", plus="#000006")


def test_probabilities_are_a_pair_of_bars_for_each_class() -> None:
    """Original in its colour beside quantised in its own, in per cent of a fixed axis."""
    figure = figures.class_probabilities(("a", "b"), np.array([0.25, 0.75]), np.array([0.5, 0.5]), PALETTE)
    original, quantized = figure.data
    assert (original.name, quantized.name) == ("original", "quantised")
    assert (original.marker.color, quantized.marker.color) == ("#000001", "#000002")
    assert list(original.x) == list(quantized.x) == ["a", "b"]
    assert list(original.y) == [25, 75]
    assert list(figure.layout.yaxis.range) == [0, 100]
    assert figure.layout.yaxis.title.text == "probability, %"
    assert figure.layout.xaxis.type == "category"


def test_of_many_classes_the_most_likely_are_kept_in_order() -> None:
    """More classes than can be read become the most likely of either model, in the order of the classes."""
    p, q = np.full(50, 0.001), np.full(50, 0.001)
    p[40], q[3] = 0.9, 0.8
    labels = list(figures.class_probabilities([f"c{i}" for i in range(50)], p, q, PALETTE).data[0].x)
    assert len(labels) == predict.MOST_CLASSES
    assert {"c3", "c40"} <= set(labels)
    assert labels == sorted(labels, key=lambda c: int(c[1:]))


def test_names_are_shown_literally() -> None:
    """Mark-up in the names of classes and features is text."""
    hostile = "<a href='x'>k</a>"
    figure = figures.class_probabilities([hostile, "b"], np.array([1.0, 0.0]), np.array([1.0, 0.0]), PALETTE)
    assert figure.data[0].x[0].startswith("&lt;a")
    bars = figures.contributions([hostile], np.array([1.0]), np.array([2.0]), "log-odds", PALETTE)
    assert bars.data[0].y[0].startswith("&lt;a")


@pytest.mark.parametrize(("unit", "number"), [("$", "+,.0f"), ("log-odds", "+,.4~g"), ("points", "+,.4~g")])
def test_contributions_are_read_in_their_unit(unit: str, number: str) -> None:
    """Dollars are whole; anything else keeps its digits."""
    figure = figures.contributions(["a"], np.array([1.0]), np.array([2.0]), unit, PALETTE)
    assert number in figure.data[0].hovertemplate
    assert figure.layout.xaxis.title.text == f"contribution against the average row, {unit}"
    long = figures.contributions(["a"], np.array([1.0]), np.array([2.0]), "$100,000 a year", PALETTE)
    assert long.layout.xaxis.title.text == "contribution against the average row,<br>$100,000 a year"


def test_the_pixel_map_is_upright_symmetric_and_signed() -> None:
    """The first row is on top, the colours reach equally far to both sides, strong pixels carry a sign."""
    values = np.zeros((8, 8))
    values[0, 7], values[3, 2], values[7, 0] = 2.0, -1.0, 0.1
    figure = figures.pixel_pushes(values, 2.0, "quantised", PALETTE)
    cells, marks = figure.data
    assert (cells.zmin, cells.zmax) == (-2.0, 2.0)
    assert np.asarray(cells.z).tolist() == values.tolist()
    assert figure.layout.yaxis.autorange == "reversed"
    assert cells.colorscale[0][1] == PALETTE.minus
    assert cells.colorscale[-1][1] == PALETTE.plus
    assert {c for at, c in cells.colorscale if at == 0.5} == {"rgba(0,0,5,0)", "rgba(0,0,6,0)"}
    signs = {(y, x): s for x, y, s in zip(marks.x, marks.y, marks.text, strict=True) if s}
    assert signs == {("1", "8"): "+", ("4", "3"): "−"}
    assert cells.colorbar.title.text == "quantised, log-odds"
