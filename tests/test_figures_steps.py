"""One coefficient from near, and the curve that can be clicked: points where the numbers are, for every grid."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from core import figures
from core.evaluate import parameters
from core.figures.steps import NEIGHBOURS, band
from core.parts import Floats, Parts
from core.quant import METHODS, Quantized, Scheme, quantize
from core.quant.levels import levels, steps
from core.sweep import sweep
from tests.support import ALL_BITS, U32, california
from tests.test_figures import PALETTE, axes, check_finite, curve, traces


def near(scheme: Scheme, index: int) -> tuple[Quantized, dict[str, go.Scatter]]:
    """Return the default model quantised by `scheme`, and the traces of the figure of one coefficient."""
    trained = california()
    q = quantize(trained.parts, scheme, trained.moments)
    original = parameters(trained.parts, q, trained.moments)[index].original
    figure = figures.landing(q, index, original, PALETTE)
    check_finite(figure, str(scheme))
    return q, traces(figure)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("bits", ALL_BITS)
def test_a_coefficient_is_drawn_among_the_levels_round_it(method: str, bits: int) -> None:
    """Up to three levels either side with their codes, the original above, and below it the level it landed on."""
    trained = california()
    for index in range(8):
        q, drawn = near(Scheme(method, bits), index)
        p = parameters(trained.parts, q, trained.moments)[index]
        assert (drawn["original"].x[0], drawn["original"].marker.color) == (p.original, PALETTE.original)
        assert (drawn["lands on"].x[0], drawn["lands on"].marker.color) == (p.quantized, PALETTE.quantized)
        found = levels(q, "coef", index)
        codes = [int(c) for c in drawn["codes"].text]
        assert p.code in codes
        assert [found[c] for c in codes] == list(drawn["codes"].x) == list(drawn["levels"].x[::3])
        least = max(p.code - NEIGHBOURS, 0), min(p.code + NEIGHBOURS, len(found) - 1)
        assert (codes[0], codes[-1]) == least
        low, high = drawn["band"].x[0], drawn["band"].x[1]
        assert low <= p.quantized <= high
        # Levels, and the quotient that chose one, are rounded to float32 at most four times.
        slack = 4 * U32 * (np.abs(found).max() + np.ptp(found))
        middles = (np.delete(found, p.code) + p.quantized) / 2
        assert not ((low + slack < middles) & (middles < high - slack)).any()
        beyond = not found[0] <= p.original <= found[-1]
        assert beyond or low - slack <= p.original <= high + slack, (method, bits, index)


def test_the_band_is_half_a_step_either_way() -> None:
    """On an even grid the band is one step wide, to the roundings of levels to float32."""
    for method in ("symmetric", "asymmetric"):
        for bits in (1, 2, 5):
            q, drawn = near(Scheme(method, bits), 2)
            assert drawn["band"].x[1] - drawn["band"].x[0] == pytest.approx(steps(q, "coef")[2], rel=1e-5)


@pytest.mark.parametrize(
    ("values", "here", "wanted"),
    [
        ([0.0, 1.0, 4.0], 1, (0.5, 2.5)),
        ([0.0, 1.0, 4.0], 0, (-0.5, 0.5)),
        ([0.0, 1.0, 4.0], 2, (2.5, 5.5)),
        ([3.0], 0, (3.0, 3.0)),
    ],
)
def test_a_band_ends_halfway_to_its_neighbours(values: Floats, here: int, wanted: tuple[float, float]) -> None:
    """Uneven neighbours, either end of the grid, and a single level."""
    assert band(np.array(values), here) == wanted


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("weights", [[0.0, 0.0], [0.5, 0.5], [-3.0], [1e-42, 0.0], [7e30, -7e30], [1e6 + 0.03, 1e6]])
def test_equal_and_extreme_values_can_be_drawn(method: str, weights: list[float]) -> None:
    """Zeros, equal values, one value alone, denormals and huge ones: all ranges ascend and all points are finite."""
    meta = {"task": "regression", "features": [f"x{i}" for i in range(len(weights))], "classes": []}
    parts = Parts("linear", {"coef": np.array([weights]), "intercept": np.array([0.0])}, {}, meta)
    for bits in (1, 2, 8, 16):
        q = quantize(parts, Scheme(method, bits, "raw", intercept="keep"))
        for index, weight in enumerate(weights):
            check_finite(figures.landing(q, index, weight, PALETTE), f"{method} {bits} {weights}")


def test_a_value_far_beyond_the_grid_is_in_the_picture() -> None:
    """Where a search cut the range, the original outside is drawn with the levels at the end."""
    q, drawn = near(Scheme("symmetric", 8, "raw", "mse"), 0)
    far = 3 * float(levels(q, "coef", 0)[-1])
    figure = figures.landing(q, 0, far, PALETTE)
    low, high = axes(figure)["xaxis"]["range"]
    assert low < drawn["lands on"].x[0] < far < high


@pytest.mark.parametrize("bits", ALL_BITS)
def test_every_point_of_the_curve_carries_its_width(bits: int) -> None:
    """All points, the marked one and the triangles at the edge say which width they stand for; no click dims any."""
    scheme = Scheme("asymmetric", bits, "raw", intercept="same-grid", params=(("zero_point", "offset"),))
    points = sweep(california(), ["asymmetric"], ALL_BITS, scheme).points
    figure = figures.bits_curve(points, bits, 0.5758, PALETTE)
    original, *marked = figure.data
    assert original.customdata is None
    # The ends of the line lie a half width away from every point, so that a click never means them.
    assert not set(original.x) & set(ALL_BITS)
    assert len(marked) == 3, "this setting collapses: there are triangles"
    for trace in marked:
        assert list(trace.customdata) == list(trace.x)
        assert trace.selected.marker.opacity == trace.unselected.marker.opacity == 1
    assert list(marked[0].customdata) == list(ALL_BITS)
    assert list(marked[-1].customdata) == [bits]
    assert all(a["fixedrange"] for a in axes(figure).values())


def test_a_curve_that_does_not_collapse_can_be_clicked_as_well() -> None:
    """Without triangles there are the points and the marked one, and the hover says what a click does."""
    figure = curve({1: 0.2, 4: 0.3, 8: 0.59}, 8)
    assert [list(t.customdata) for t in figure.data[1:]] == [[1, 4, 8], [8]]
    assert figure.data[1].text[1] == "4 bits: R² 0.3 (click to take it)"
