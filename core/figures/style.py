"""What every figure shares: the two colours that carry the meaning, margins, axes, escaped words."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.parts import Floats


@dataclass(frozen=True)
class Palette:
    """Colours by meaning; the page takes them from the theme, where they are written once.

    `minus` and `plus` are the ends of scales that run both ways; blue and orange stay with the two models.
    """

    original: str
    quantized: str
    context: str
    faint: str
    minus: str
    plus: str


class Shared(go.Figure):  # type: ignore[misc]  # plotly carries no types
    """A finished figure that many visits show: turned into plain data once, instead of at every rerun."""

    def to_dict(self) -> dict[str, Any]:
        """Return the figure as plain data, the same object each time; nobody may change it."""
        if "_plain" not in self.__dict__:
            self.__dict__["_plain"] = super().to_dict()
        found: dict[str, Any] = self.__dict__["_plain"]
        return found


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
    return Shared(traces, {**base, **layout})


def axis(title: str, **more: Any) -> dict[str, Any]:
    """Return an axis with its title (with the unit in it); labels never leave the figure."""
    return {"title": {"text": title, "standoff": 8}, "automargin": True, "zeroline": False, **more}


def histogram(values: Floats, share: float, bins: int) -> tuple[Floats, Floats]:
    """Return counts (bins,) and middles (bins,) of the values between the quantiles `share` and 1 - `share`.

    Values that are all but equal get a range wide enough for its bins to differ.
    """
    low, high = (float(q) for q in np.quantile(values, [share, 1 - share]))
    least = 1e-9 * max(1.0, abs(low), abs(high))
    if high - low < least:
        low, high = low - least, high + least
    counts, edges = np.histogram(values[(values >= low) & (values <= high)], bins=bins, range=(low, high))
    return counts, (edges[:-1] + edges[1:]) / 2


def rows_height(count: int, each: int = 26) -> int:
    """Return the height in pixels of a figure with `count` labelled rows; many rows move closer together."""
    return max(300, 90 + count * (each if count <= 16 else 15))


def tint(colour: str, amount: float) -> str:
    """Return the colour `#rrggbb` mixed with white: 0 is the colour, 1 is white."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(p + (255 - p) * amount):02x}" for p in parts)
