"""The Compare page: bytes of every candidate, errors of the coefficients, differences of the predictions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.comparison import Comparison
from core.figures.grid import MAX_ROWS
from core.figures.style import Palette, axis, figure, histogram, plain, rows_height
from core.parts import Floats


def coef_errors(c: Comparison, palette: Palette, names: Sequence[str]) -> go.Figure:
    """Return the error of each coefficient, quantised minus original; their distribution where there are many."""
    rows = [p for p in c.parameters if not p.intercept]
    if len(rows) > MAX_ROWS:
        return _histogram(
            np.array([p.error for p in rows]), "quantised − original coefficient", "coefficients", palette
        )
    traces = [
        go.Bar(
            x=[p.error for p in rows], y=[plain(n) for n in names], orientation="h", showlegend=False,
            marker={"color": palette.quantized}, hovertemplate="%{y}: %{x:.3g}",
        )
    ]  # fmt: skip
    return figure(
        traces, rows_height(len(rows)),
        xaxis=axis("quantised − original coefficient", zeroline=True, nticks=6, exponentformat="power"),
        yaxis=axis("", autorange="reversed", type="category"),
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
    )  # fmt: skip


def difference_histogram(c: Comparison, factor: float, unit: str, palette: Palette) -> go.Figure:
    """Return the distribution of quantised minus original predictions on the test rows, in the target's unit.

    For classification: of the probability of the true class, in percentage points.
    """
    if c.metric == "accuracy":
        title = "change of the true class's probability, percentage points"
        return _histogram(c.differences * 100, title, "test rows", palette)
    return _histogram(c.differences * factor, f"quantised − original prediction, {plain(unit)}", "test rows", palette)


def _histogram(values: Floats, title: str, what: str, palette: Palette) -> go.Figure:
    """Return the distribution of `values` between their 0.5 and 99.5 % quantiles."""
    counts, middles = histogram(values, 0.005, 41)
    traces = [
        go.Bar(
            x=middles, y=counts, showlegend=False, marker={"color": palette.quantized},
            hovertemplate="%{x:,.4~g}: %{y} " + what + "<extra></extra>",
        )
    ]  # fmt: skip
    return figure(
        traces, 300, bargap=0.05, xaxis=axis(title, zeroline=True), yaxis=axis(what),
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
    )  # fmt: skip
