"""Bytes as stacked bars, one bar a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from core.figures.style import axis, figure


@dataclass(frozen=True)
class ByteBar:
    """One kind of bytes: how many of them each model has, what stands on them, and whether their colour is dark."""

    name: str
    counts: Sequence[int]
    colour: str | Sequence[str]
    texts: Sequence[str]
    dark: bool


def stacked_bytes(names: Sequence[str], bars: Sequence[ByteBar], height: int) -> go.Figure:
    """Return one stacked bar of `height` pixels for each model in `names`."""
    traces = [
        go.Bar(
            x=bar.counts, y=names, orientation="h", name=bar.name, showlegend=False, marker={"color": bar.colour},
            hovertemplate="%{y}, " + bar.name + ": %{x:,} bytes<extra></extra>", text=bar.texts, textposition="inside",
            insidetextanchor="middle", insidetextfont={"color": "#FFFFFF" if bar.dark else "#1B2430"}, textangle=0,
        )
        for bar in bars
    ]  # fmt: skip
    return figure(
        traces, 60 + height * len(names), barmode="stack",
        xaxis=axis("bytes of numbers", rangemode="tozero"),
        yaxis=axis("", autorange="reversed", type="category"),
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        # What does not fit into its segment is left to the hover text.
        uniformtext={"mode": "hide", "minsize": 11},
    )  # fmt: skip
