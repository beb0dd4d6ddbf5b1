"""One coefficient on its grid, from near: where it was, the levels round it, and the one on which it landed."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from core.figures.style import Palette, axis, figure
from core.parts import Floats
from core.quant import Quantized, decoded_blocks
from core.quant.levels import levels

# Levels that are drawn on either side of the one that was taken.
NEIGHBOURS = 3


def landing(q: Quantized, index: int, original: float, palette: Palette) -> go.Figure:
    """Return the coefficient at `index`, `original` in its coordinates, with the levels round the one it landed on."""
    back, code = float(decoded_blocks(q)["coef"][index]), int(q.codes["coef"][index])
    # Levels of a narrow window or a table may be equal; each is drawn once.
    values, codes = np.unique(levels(q, "coef", index), return_index=True)
    here = int(np.searchsorted(values, back))
    codes[here] = code
    first, last = max(here - NEIGHBOURS, 0), min(here + NEIGHBOURS, len(values) - 1)
    near = values[first : last + 1]
    low, high = band(values, here)
    lines = np.column_stack([near, near, np.full(len(near), np.nan)]).ravel()
    reach = f"{low:.6g} to {high:.6g}: code {code}".replace("-", "−").replace("e−", "e-")
    value = "%{x:.8~g}<extra></extra>"
    traces = [
        go.Scatter(
            x=[low, high, high, low], y=[-0.5, -0.5, 1.5, 1.5], mode="none", fill="toself", hoveron="fills", text=reach,
            name="band", hoverinfo="text", fillcolor=palette.faint, opacity=0.35,
        ),
        go.Scatter(
            x=lines, y=np.tile([-0.5, 1.5, np.nan], len(near)), mode="lines", name="levels", hoverinfo="skip",
            line={"color": palette.context, "width": 1},
        ),
        go.Scatter(
            x=near, y=[1.5] * len(near), mode="text", name="codes", text=[str(c) for c in codes[first : last + 1]],
            textposition="top center", hovertemplate="code %{text}: " + value,
        ),
        go.Scatter(
            x=[original, back], y=[1, 0], mode="lines", name="moves", hoverinfo="skip",
            line={"color": palette.context, "width": 1.5, "dash": "dot"},
        ),
        go.Scatter(
            x=[original], y=[1], mode="markers", name="original", hovertemplate="original: " + value,
            marker={"color": palette.original, "size": 12},
        ),
        go.Scatter(
            x=[back], y=[0], mode="markers", name="lands on", hovertemplate="lands on: " + value,
            marker={"color": palette.quantized, "size": 13, "symbol": "diamond"},
        ),
    ]  # fmt: skip
    return figure(
        traces, 170, showlegend=False, margin={"l": 8, "r": 12, "t": 4, "b": 8},
        xaxis=axis(f"{q.scheme.space} coefficient", range=_range(np.append(near, original), low, high), showgrid=False),
        yaxis=axis("", range=[-0.6, 2.1], showgrid=False, tickvals=[0, 1], ticktext=["lands on", "original"]),
    )  # fmt: skip


def band(values: Floats, here: int) -> tuple[float, float]:
    """Return the ends of what is rounded to `values[here]` (ascending): halfway to its neighbours.

    An end of the grid, beyond which everything is cut to the last level, gets the same half on its outer side.
    """
    gaps = np.diff(values)
    if len(gaps) == 0:
        return float(values[here]), float(values[here])
    below, above = gaps[max(here - 1, 0)] / 2, gaps[min(here, len(gaps) - 1)] / 2
    return float(values[here] - below), float(values[here] + above)


def _range(points: Floats, low: float, high: float) -> list[float]:
    """Return a range that shows all points and the band, wide enough for its ends to differ."""
    least, most = min(float(points.min()), low), max(float(points.max()), high)
    pad = max(0.06 * (most - least), 1e-6 * max(abs(least), abs(most)), 1e-30)
    return [least - pad, most + pad]
