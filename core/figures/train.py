"""The Train page: how good the fit is, and what it is made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures.style import Palette, axis, figure, histogram, plain, rows_height, tint
from core.parts import Floats


def actual_vs_predicted(y: Floats, predicted: Floats, unit: str, palette: Palette) -> go.Figure:
    """Return predictions against true values on the test rows, with the line of perfect agreement."""
    low, high = float(y.min()), float(y.max())
    traces = [
        go.Scattergl(
            x=np.round(y, 4).astype(np.float32), y=np.round(predicted, 4).astype(np.float32), mode="markers",
            name="test rows", marker={"color": palette.original, "size": 4, "opacity": 0.35},
            hovertemplate="true %{x:.3f}, predicted %{y:.3f}",
        ),
        go.Scatter(
            x=[low, high], y=[low, high], mode="lines", name="perfect", hoverinfo="skip",
            line={"color": palette.context, "width": 2, "dash": "dash"},
        ),
    ]  # fmt: skip
    # A few rows are predicted far outside; they would press all others into a corner.
    reach = np.quantile(predicted, [0.001, 0.999])
    span = [min(low, float(reach[0])) - 0.2, max(high, float(reach[1])) + 0.2]
    upright = axis(f"predicted, {plain(unit)}", range=span)
    return figure(traces, 340, xaxis=axis(f"true value, {plain(unit)}"), yaxis=upright)


def residuals(y: Floats, predicted: Floats, unit: str, palette: Palette) -> go.Figure:
    """Return the distribution of true minus predicted on the test rows, between its 0.5 and 99.5 % quantiles."""
    counts, middles = histogram(y - predicted, 0.005, 50)
    traces = [
        go.Bar(
            x=middles, y=counts, name="test rows", showlegend=False,
            marker={"color": palette.original}, hovertemplate="%{x:.2f}: %{y} rows",
        )
    ]  # fmt: skip
    return figure(traces, 340, xaxis=axis(f"true − predicted, {plain(unit)}"), yaxis=axis("test rows"), bargap=0.05)


def coefficients(
    names: Sequence[str], standardised: Floats, raw: Floats, units: Sequence[str], palette: Palette
) -> go.Figure:
    """Return each coefficient of the standardised features as a bar; the raw one with its unit on hover."""
    labels = [plain(n) for n in names]
    text = [f"{n}: {r:.4g} {u}" for n, r, u in zip(labels, raw, map(plain, units), strict=True)]
    traces = [
        go.Bar(
            x=standardised, y=labels, orientation="h", marker={"color": palette.original}, showlegend=False,
            hovertext=text, hovertemplate="%{hovertext}<br>per standard deviation %{x:.4f}<extra></extra>",
        )
    ]  # fmt: skip
    return figure(
        traces, rows_height(len(labels)),
        xaxis=axis("change per standard deviation", zeroline=True),
        yaxis=axis("", autorange="reversed", type="category"),
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
    )  # fmt: skip


def confusion(counts: Sequence[Sequence[int]], classes: Sequence[str], colour: str, part: str) -> go.Figure:
    """Return the confusion matrix of one model: rows are true classes, columns predicted ones."""
    labels = [plain(c) for c in classes]
    table = np.array(counts)
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    traces = [
        go.Heatmap(
            z=share, x=labels, y=labels, text=table, texttemplate="%{text}", showscale=False, xgap=1, ygap=1,
            zmin=0, zmax=1, colorscale=[[0, tint(colour, 0.92)], [1, colour]],
            hovertemplate="true %{y}, predicted %{x}: %{text} rows<extra></extra>",
        )
    ]  # fmt: skip
    return figure(
        traces, max(300, 100 + 30 * len(labels)),
        xaxis=axis(f"predicted class, {part} rows", type="category", showgrid=False),
        yaxis=axis("true class", type="category", autorange="reversed", showgrid=False),
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
    )  # fmt: skip


def coefficient_map(classes: Sequence[str], names: Sequence[str], standardised: Floats, palette: Palette) -> go.Figure:
    """Return the coefficients (n_classes, n_columns) as a heat map: one colour pushes towards the class, one away."""
    reach = float(np.abs(standardised).max()) or 1.0
    scale = [[0, palette.minus], [0.5, tint(palette.context, 0.85)], [1, palette.plus]]
    traces = [
        go.Heatmap(
            z=standardised, x=[plain(n) for n in names], y=[plain(c) for c in classes], zmin=-reach, zmax=reach,
            colorscale=scale, colorbar={"thickness": 10}, hovertemplate="%{y}, %{x}: %{z:.4f}<extra></extra>",
        )
    ]  # fmt: skip
    return figure(
        traces, max(300, 100 + 24 * len(classes)),
        xaxis=axis("feature", type="category", showgrid=False, nticks=12),
        yaxis=axis("class", type="category", autorange="reversed", showgrid=False),
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
    )  # fmt: skip
