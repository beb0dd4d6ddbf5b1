"""The agreement of both models: how many test rows change by no more than a tolerance."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.figures.style import Palette, axis, figure, plain
from core.parts import Floats

# More steps than this cannot be told apart.
MOST_STEPS = 400


def agreement_curve(moved: Floats, tolerance: float, unit: str, palette: Palette) -> go.Figure:
    """Return the share of the changes `moved` (n,) within each tolerance, with the chosen one marked.

    The outer 1 % of the changes is drawn only as far as the tolerance reaches.
    """
    ordered = np.sort(moved)
    reach = 1.05 * max(float(np.quantile(ordered, 0.99)), 1.1 * tolerance) or 1.0
    picked = ordered[np.linspace(0, len(ordered) - 1, min(len(ordered), MOST_STEPS)).astype(np.intp)]
    at = np.unique(np.concatenate([[0.0], picked[picked < reach], [reach]]))
    shares = 100 * np.searchsorted(ordered, at, side="right") / len(ordered)
    here = 100 * float((ordered <= tolerance).mean())
    words = plain(unit)
    traces = [
        go.Scatter(
            x=at, y=shares, mode="lines", name="test rows", showlegend=False,
            line={"color": palette.quantized, "width": 2, "shape": "hv"},
            hovertemplate="%{y:.4~g} % of the rows within %{x:,.4~g} " + words + "<extra></extra>",
        ),
        go.Scatter(
            x=[tolerance, tolerance], y=[0, here], mode="lines", showlegend=False, hoverinfo="skip",
            line={"color": palette.context, "width": 2, "dash": "dash"},
        ),
        go.Scatter(
            x=[tolerance], y=[here], mode="markers", name="tolerance", showlegend=False,
            marker={"size": 13, "color": palette.quantized, "line": {"width": 3, "color": palette.context}},
            hovertemplate="%{y:.4~g} % of the rows within %{x:,.4~g} " + words + "<extra></extra>",
        ),
    ]  # fmt: skip
    return figure(
        traces, 380,
        xaxis=axis(f"tolerance, {words}", range=[0, reach]),
        yaxis=axis("test rows within it, %", range=[0, 105]),
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
    )  # fmt: skip
