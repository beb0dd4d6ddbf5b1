"""What every figure shares: the two colours that carry the meaning, margins, axes, escaped words."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go


@dataclass(frozen=True)
class Palette:
    """Colours by meaning; the page takes them from the theme, where they are written once."""

    original: str
    quantized: str
    context: str
    faint: str


def plain(text: str) -> str:
    """Return `text` so that plotly shows it literally: its mark-up and links are not read."""
    return html.escape(text, quote=False)


def figure(traces: list[Any], height: int, **layout: Any) -> go.Figure:
    """Return a figure of the house's look: no title, tight margins, a legend above the plot."""
    base = {
        "height": height,
        "margin": {"l": 8, "r": 12, "t": 34, "b": 8},
        "legend": {"orientation": "h", "x": 0, "y": 1.0, "xanchor": "left", "yanchor": "bottom"},
        "hoverlabel": {"align": "left"},
        "bargap": 0.25,
        "dragmode": False,
    }
    return go.Figure(traces, {**base, **layout})


def axis(title: str, **more: Any) -> dict[str, Any]:
    """Return an axis with its title (with the unit in it); labels never leave the figure."""
    return {"title": {"text": title, "standoff": 8}, "automargin": True, "zeroline": False, **more}
