"""The Predict page: what pushes a prediction where, and where the district lies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures.style import Palette, axis, figure, plain, rows_height
from core.parts import Floats


def contributions(names: Sequence[str], original: Floats, quantized: Floats, unit: str, palette: Palette) -> go.Figure:
    """Return each feature's contribution against the average district, for both models, in `unit`."""
    labels = [plain(n) for n in names]
    traces = [
        go.Bar(
            x=values, y=labels, orientation="h", name=name, marker={"color": colour},
            hovertemplate="%{y}: %{x:+,.0f} " + plain(unit),
        )
        for values, name, colour in (
            (original, "original", palette.original), (quantized, "quantised", palette.quantized),
        )
    ]  # fmt: skip
    return figure(
        traces, rows_height(len(labels), 34), barmode="group",
        xaxis=axis(f"contribution against the average row, {plain(unit)}", zeroline=True),
        yaxis=axis("", autorange="reversed", type="category"),
    )  # fmt: skip


def district_map(
    longitude: Floats, latitude: Floats, value: Floats, here: tuple[float, float], unit: str, palette: Palette
) -> go.Figure:
    """Return the rows as dots at their longitude and latitude, shaded by value; the current place is marked."""
    traces = [
        go.Scattergl(
            x=longitude.astype(np.float32), y=latitude.astype(np.float32), mode="markers", name="test rows",
            showlegend=False, hovertemplate="%{y:.2f}°, %{x:.2f}°",
            marker={
                "size": 5, "color": np.round(value / 1000).astype(np.float32), "colorscale": "Blues",
                "colorbar": {"title": {"text": f"1,000 {plain(unit)}"}, "thickness": 10},
                "cmin": 0, "cmax": 500,
            },
        ),
        go.Scattergl(
            x=[here[1]], y=[here[0]], mode="markers", name="here", showlegend=False, hoverinfo="skip",
            marker={"size": 16, "color": palette.quantized, "symbol": "cross", "line": {"width": 1, "color": "white"}},
        ),
    ]  # fmt: skip
    return figure(
        traces, 460,
        xaxis=axis("longitude, degrees east"), yaxis=axis("latitude, degrees north", scaleanchor="x", scaleratio=1.2),
        margin={"l": 8, "r": 8, "t": 8, "b": 8}, clickmode="event+select",
    )  # fmt: skip
