"""The Compare page: bytes of every candidate, errors of the coefficients, differences of the predictions."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from core.evaluate import Comparison
from core.figures.style import Palette, axis, figure, histogram, plain, rows_height


def coef_errors(c: Comparison, palette: Palette, names: Sequence[str]) -> go.Figure:
    """Return the error of each coefficient, quantised minus original."""
    rows = [p for p in c.parameters if p.name != "intercept"]
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
    """Return the distribution of quantised minus original predictions on the test rows, in the target's unit."""
    counts, middles = histogram(c.differences * factor, 0.005, 41)
    traces = [
        go.Bar(
            x=middles, y=counts, showlegend=False, marker={"color": palette.quantized},
            hovertemplate="%{x:,.4~g} " + plain(unit) + ": %{y} rows",
        )
    ]  # fmt: skip
    return figure(
        traces, 300, bargap=0.05,
        xaxis=axis(f"quantised − original prediction, {plain(unit)}", zeroline=True),
        yaxis=axis("test rows"), margin={"l": 8, "r": 12, "t": 8, "b": 8},
    )  # fmt: skip
