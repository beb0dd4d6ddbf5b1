"""The Predict page: what pushes a prediction where, how likely each class is, and where the district lies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.figures.style import Palette, axis, figure, plain, rows_height
from core.parts import Floats

# A unit of so many letters fits behind the title of an axis on a phone; a longer one stands below it.
SHORT = 9
# More classes than this cannot be told apart in one chart; the most likely ones are kept.
MOST_CLASSES = 20


def contributions(
    names: Sequence[str],
    original: Floats,
    quantized: Floats,
    unit: str,
    palette: Palette,
    title: str = "contribution against the average row",
) -> go.Figure:
    """Return what each feature does to the answer, for both models, in `unit`; `title` says what is drawn."""
    labels = [plain(n) for n in names]
    below = " " if len(unit) <= SHORT else "<br>"
    number = "+,.0f" if unit == "$" else "+,.4~g"
    traces = [
        go.Bar(
            x=values, y=labels, orientation="h", name=name, marker={"color": colour},
            hovertemplate="%{y}: %{x:" + number + "} " + plain(unit),
        )
        for values, name, colour in (
            (original, "original", palette.original), (quantized, "quantised", palette.quantized),
        )
    ]  # fmt: skip
    return figure(
        traces, rows_height(len(labels), 34), barmode="group",
        xaxis=axis(f"{plain(title)},{below}{plain(unit)}", zeroline=True),
        yaxis=axis("", autorange="reversed", type="category"),
    )  # fmt: skip


def class_probabilities(classes: Sequence[str], original: Floats, quantized: Floats, palette: Palette) -> go.Figure:
    """Return the probability (n_classes,) of every class, for both models side by side; of many, the most likely."""
    kept = np.arange(len(classes))
    if len(kept) > MOST_CLASSES:
        kept = np.sort(np.argsort(-np.maximum(original, quantized), kind="stable")[:MOST_CLASSES])
    labels = [plain(classes[int(i)]) for i in kept]
    traces = [
        go.Bar(
            x=labels, y=100 * values[kept], name=name, marker={"color": colour}, hovertemplate="%{x}: %{y:.4~g} %",
        )
        for values, name, colour in (
            (original, "original", palette.original), (quantized, "quantised", palette.quantized),
        )
    ]  # fmt: skip
    return figure(
        traces, 260, barmode="group",
        xaxis=axis("class", type="category"),
        yaxis=axis("probability, %", range=[0, 100], tickvals=[0, 25, 50, 75, 100]),
    )  # fmt: skip


def _clear(colour: str) -> str:
    """Return the colour `#rrggbb` fully transparent: what lies behind the figure shows, in any theme."""
    return "rgba(" + ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + ",0)"


def pixel_pushes(values: Floats, top: float, name: str, palette: Palette, unit: str = "log-odds") -> go.Figure:
    """Return a map of each pixel's contribution `values` (rows, columns) in `unit`, the first row on top.

    From one colour (away) over nothing to another (towards), each full at ± `top`; a sign stands on the strong
    ones, so that colour is not needed to read it.
    """
    signs = np.where(np.abs(values) < 0.2 * top, "", np.where(values > 0, "+", "−"))
    minus, plus = palette.minus, palette.plus
    rows, columns = ([str(i + 1) for i in range(n)] for n in values.shape)
    y, x = np.indices(values.shape)
    # White on what is nearly full, grey on what is pale: both can be read in either theme.
    inks = np.where(np.abs(values) < 0.5 * top, palette.context, "#FFFFFF").ravel()
    marks = go.Scatter(
        x=[columns[i] for i in x.ravel()], y=[rows[i] for i in y.ravel()], text=signs.ravel(), mode="text",
        textfont={"color": inks, "size": 13}, hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    cells = go.Heatmap(
        z=values, x=columns, y=rows, zmin=-top, zmax=top, xgap=1, ygap=1, name=name,
        colorscale=[[0, minus], [0.5, _clear(minus)], [0.5, _clear(plus)], [1, plus]],
        hovertemplate="row %{y}, column %{x}: %{z:+.4~g} " + plain(unit) + "<extra></extra>",
        colorbar={
            "orientation": "h", "thickness": 8, "len": 0.9, "y": 0, "yanchor": "top", "outlinewidth": 0,
            "tickvals": [-top, 0, top], "ticktext": [f"−{top:.2g}", "0", f"+{top:.2g}"],
            "title": {"text": f"{name}, {plain(unit)}", "side": "bottom"},
        },
    )  # fmt: skip
    hidden = {"showgrid": False, "showticklabels": False, "ticks": "", "type": "category", "constrain": "domain"}
    return figure(
        [cells, marks], 310,
        xaxis=axis("", **hidden), yaxis=axis("", autorange="reversed", scaleanchor="x", **hidden),
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
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
