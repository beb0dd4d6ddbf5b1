"""The Quantise page: the curve over bits, the number line of every coefficient, the bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.figures.bytes import ByteBar, stacked_bytes
from core.figures.style import Palette, axis, figure, tint
from core.sizes import Size
from core.sweep import Point

# plotly dims what was not clicked; here a click is a command and leaves everything as it is.
_STEADY: dict[str, Any] = {name: {"marker": {"opacity": 1}} for name in ("selected", "unselected")}


def bits_curve(
    points: Sequence[Point], bits: int, original: float | None, palette: Palette, name: str = "R²", field: str = "test"
) -> go.Figure:
    """Return one figure of the points against bits, with the current width marked.

    `field` is test, train or fidelity, `name` what its values are called. What falls far below is drawn at the edge.
    Every point carries its width as `customdata`, for those who click it; a click changes the look of none.
    """
    widths = [p.bits for p in points]
    rows = {"test": "test", "train": "training", "fidelity": "training"}[field]
    along = axis("bits per code", tickvals=[1, 2, 4, 6, 8, 10, 12, 14, 16], range=[0.5, 16.5], fixedrange=True)
    if any(getattr(p, field) is None for p in points):
        return _without_r2(along, rows, name)
    values = np.array([getattr(p, field) for p in points])
    top = max(float(values.max()), original or 0.0)
    floor = max(float(values.min()), top - 0.7 * max(abs(top), 0.3))
    drawn = np.maximum(values, floor)
    below = values < floor
    # A line that is level is drawn in the middle of a scale that can be read.
    pad = 0.06 * (top - floor) if top - floor > 1e-6 else 0.02 * max(abs(top), 0.1)
    text = [f"{b} bits: {name} {v:.6g}" for b, v in zip(widths, values, strict=True)]
    hints = [f"{t} (click to take it)" for t in text]
    traces: list[go.Scatter] = []
    if original is not None:
        traces.append(
            go.Scatter(
                # From edge to edge, so that its ends do not lie under the points that can be clicked.
                x=[0.5, 16.5], y=[original, original], mode="lines", name="original",
                line={"color": palette.original, "width": 2.5}, hovertemplate=f"original: {name} {original:.6g}",
            )
        )  # fmt: skip
    traces.append(
        go.Scatter(
            x=widths, y=drawn, mode="lines+markers", name="quantised", text=hints, hoverinfo="text",
            line={"color": palette.quantized, "width": 2},
            # Without it plotly takes points of several sizes for bubbles and draws them pale.
            marker={"size": np.where(below, 0, 7), "opacity": 1}, customdata=widths, **_STEADY,
        )
    )  # fmt: skip
    if below.any():
        under = [w for w, b in zip(widths, below, strict=True) if b]
        traces.append(
            go.Scatter(
                x=under, y=[floor] * len(under), mode="markers", showlegend=False, hoverinfo="text",
                text=[t for t, b in zip(hints, below, strict=True) if b],
                marker={"size": 9, "symbol": "triangle-down", "color": palette.quantized}, customdata=under, **_STEADY,
            )
        )  # fmt: skip
    here = widths.index(bits)
    traces.append(_here(widths[here], float(drawn[here]), text[here], bool(below[here]), palette))
    upright = axis(f"{name} on the {rows} rows", range=[floor - pad, top + 2 * pad], fixedrange=True)
    return figure(traces, 300, xaxis=along, yaxis=upright, clickmode="event+select")


def _here(width: int, value: float, text: str, below: bool, palette: Palette) -> go.Scatter:
    """Return the large mark on the current width."""
    marker = {
        "size": 15, "color": palette.quantized, "line": {"width": 3, "color": palette.context},
        "symbol": "triangle-down" if below else "circle",
    }  # fmt: skip
    return go.Scatter(
        x=[width], y=[value], mode="markers", name="now", showlegend=False, text=[text], hoverinfo="text",
        marker=marker, customdata=[width], **_STEADY,
    )  # fmt: skip


def _without_r2(along: dict[str, Any], rows: str, name: str) -> go.Figure:
    """Return an empty curve that says why it is empty."""
    text = f"All targets of the {rows} rows are equal: there is no {name}."
    note = {"text": text, "showarrow": False, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}
    upright = axis(f"{name} on the {rows} rows", range=[0, 1], showticklabels=False)
    return figure([], 300, xaxis=along, yaxis=upright, annotations=[note])


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
    bars = [
        ByteBar(name, values, [tint(c, shade) for c in colours], [str(v) if v else "" for v in values], shade == 0)
        for (name, values), shade in zip(parts.items(), shades, strict=True)
    ]
    return stacked_bytes(names, bars, 44)
