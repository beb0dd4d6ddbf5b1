"""The Quantise page: the curve over bits, the number line of every coefficient, the bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.evaluate import Comparison
from core.figures.style import Palette, axis, figure, plain, rows_height, tint
from core.parts import Floats
from core.quant.levels import levels, steps
from core.sizes import Size
from core.sweep import Point

# Above this many levels in view a grid is a grey band: single lines could not be told apart.
MAX_LINES = 64


def bits_curve(
    points: Sequence[Point], bits: int, original: float | None, palette: Palette, metric: str = "test_r2"
) -> go.Figure:
    """Return R² against bits, with the current width marked; what falls far below is drawn at the edge."""
    widths = [p.bits for p in points]
    part = {"test_r2": "test", "train_r2": "training"}[metric]
    along = axis("bits per code", tickvals=[1, 2, 4, 6, 8, 10, 12, 14, 16], range=[0.5, 16.5])
    if any(getattr(p, metric) is None for p in points):
        return _without_r2(along, part)
    values = np.array([getattr(p, metric) for p in points])
    top = max(float(values.max()), original or 0.0)
    floor = max(float(values.min()), top - 0.7 * max(abs(top), 0.3))
    drawn = np.maximum(values, floor)
    below = values < floor
    pad = 0.06 * max(top - floor, 1e-6)
    text = [f"{b} bits: R² {v:.6g}" for b, v in zip(widths, values, strict=True)]
    traces: list[go.Scatter] = []
    if original is not None:
        traces.append(
            go.Scatter(
                x=[widths[0], widths[-1]], y=[original, original], mode="lines", name="original",
                line={"color": palette.original, "width": 2.5}, hovertemplate=f"original: R² {original:.6g}",
            )
        )  # fmt: skip
    traces.append(
        go.Scatter(
            x=widths, y=drawn, mode="lines+markers", name="quantised", text=text, hoverinfo="text",
            line={"color": palette.quantized, "width": 2},
            marker={"size": np.where(below, 0, 7)},
        )
    )  # fmt: skip
    if below.any():
        under = [w for w, b in zip(widths, below, strict=True) if b]
        traces.append(
            go.Scatter(
                x=under, y=[floor] * len(under), mode="markers", showlegend=False, hoverinfo="text",
                text=[t for t, b in zip(text, below, strict=True) if b],
                marker={"size": 9, "symbol": "triangle-down", "color": palette.quantized},
            )
        )  # fmt: skip
    here = widths.index(bits)
    traces.append(
        go.Scatter(
            x=[bits], y=[drawn[here]], mode="markers", name="now", showlegend=False, text=[text[here]],
            hoverinfo="text",
            marker={"size": 15, "color": palette.quantized, "line": {"width": 3, "color": palette.context},
                    "symbol": "triangle-down" if below[here] else "circle"},
        )
    )  # fmt: skip
    return figure(traces, 300, xaxis=along, yaxis=axis(f"R² on the {part} rows", range=[floor - pad, top + 2 * pad]))


def _without_r2(along: dict[str, Any], part: str) -> go.Figure:
    """Return an empty curve that says why it is empty."""
    text = f"All targets of the {part} rows are equal: there is no R²."
    note = {"text": text, "showarrow": False, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}
    upright = axis(f"R² on the {part} rows", range=[0, 1], showticklabels=False)
    return figure([], 300, xaxis=along, yaxis=upright, annotations=[note])


def number_line(c: Comparison, palette: Palette, names: Sequence[str]) -> go.Figure:
    """Return every coefficient on the grid of representable values, and its error in steps beside it."""
    rows = [p for p in c.parameters if p.name != "intercept"]
    labels = [plain(n) for n in names]
    at = list(range(len(rows)))
    original, quantized = [p.original for p in rows], [p.quantized for p in rows]
    fine = draws_levels(c)
    grid_x, grid_y = _grid(c, fine)
    left = {"xaxis": "x", "yaxis": "y"}
    hover = "%{text}: %{x:.6g}"
    traces = [
        go.Scatter(
            x=grid_x, y=grid_y, mode="lines", name="levels", hoverinfo="skip", opacity=0.9 if fine else 0.35,
            line={"color": palette.faint, "width": 1 if fine else 14}, **left,
        ),
        go.Scatter(
            x=original, y=at, mode="markers", name="original", text=labels, hovertemplate=hover,
            marker={"color": palette.original, "size": 10, "symbol": "line-ns",
                    "line": {"width": 3, "color": palette.original}}, **left,
        ),
        go.Scatter(
            x=quantized, y=at, mode="markers", name="lands on", text=labels, hovertemplate=hover,
            marker={"color": palette.quantized, "size": 9, "symbol": "diamond"}, **left,
        ),
        go.Bar(
            x=error_in_steps(c), y=at, orientation="h", name="error in steps", showlegend=False,
            hovertext=labels, marker={"color": palette.quantized}, xaxis="x2", yaxis="y",
            hovertemplate="%{hovertext}: %{x:.3f} steps<extra></extra>",
        ),
    ]  # fmt: skip
    reach = max(0.55, float(np.abs(error_in_steps(c)).max()) * 1.1)
    return figure(
        traces, rows_height(len(rows)),
        xaxis=axis("coefficient", domain=[0, 0.68], showgrid=False, nticks=7),
        xaxis2=axis("error, steps", domain=[0.77, 1], range=[-reach, reach], zeroline=True, nticks=4),
        yaxis=axis("", range=[len(rows) - 0.5, -0.5], showgrid=False, tickvals=at, ticktext=labels),
    )  # fmt: skip


def error_in_steps(c: Comparison) -> Floats:
    """Return each coefficient's error divided by the distance of two levels, shape (n_columns,)."""
    count = c.quantized.shape[1]
    errors = np.array([p.error for p in c.parameters[:count]])
    return np.asarray(errors / steps(c.quantized, "coef")[:count])


def draws_levels(c: Comparison) -> bool:
    """Return whether all coefficients share levels few enough to be drawn one by one."""
    q = c.quantized
    return len(np.unique(q.groups["coef"])) == 1 and len(levels(q, "coef", 0)) <= MAX_LINES


def _grid(c: Comparison, fine: bool) -> tuple[Floats, Floats]:
    """Return the lines of the grid, NaN between two: one a level, else one bar a coefficient from end to end."""
    count, q = c.quantized.shape[1], c.quantized
    if fine:
        shared = levels(q, "coef", 0)
        x = np.column_stack([shared, shared, np.full(len(shared), np.nan)])
        y = np.tile([-0.5, count - 0.5, np.nan], (len(shared), 1))
    else:
        ends = np.array([levels(q, "coef", i)[[0, -1]] for i in range(count)])
        x = np.column_stack([ends, np.full(count, np.nan)])
        rows = np.arange(count, dtype=np.float64)
        y = np.column_stack([rows, rows, np.full(count, np.nan)])
    return x.ravel().astype(np.float32), y.ravel().astype(np.float32)


def bytes_bars(rows: Sequence[tuple[str, Size]], palette: Palette) -> go.Figure:
    """Return one stacked bar a model: codes or floats, what decodes them, and the scaling of the features."""
    names = [name for name, _ in rows]
    parts = {
        "parameters": [s.payload for _, s in rows],
        "scales, zero point, intercept": [s.side - s.scaling for _, s in rows],
        "scaling of the features": [s.scaling for _, s in rows],
    }
    shades = (0.0, 0.35, 0.7)
    colours = [palette.original if i == 0 else palette.context for i in range(len(rows))]
    colours[-1] = palette.quantized
    traces = [
        go.Bar(
            x=values, y=names, orientation="h", name=name, showlegend=False,
            marker={"color": [tint(c, shade) for c in colours]}, hovertemplate="%{y}, " + name + ": %{x} bytes",
            text=[str(v) if v else "" for v in values], textposition="inside", insidetextanchor="middle",
            insidetextfont={"color": "#FFFFFF" if shade == 0 else "#1B2430"}, textangle=0,
        )
        for (name, values), shade in zip(parts.items(), shades, strict=True)
    ]  # fmt: skip
    return figure(
        traces, 60 + 44 * len(rows), barmode="stack",
        xaxis=axis("bytes of numbers", rangemode="tozero"),
        yaxis=axis("", autorange="reversed", type="category"),
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        # A number that does not fit into its segment is left to the hover text.
        uniformtext={"mode": "hide", "minsize": 11},
    )  # fmt: skip
