"""The map of a sweep: what every method loses at every width against the original."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.figures.style import Palette, axis, figure, plain, tint
from core.sweep import Point, Sweep
from core.sweep.front import SAME, Candidate
from core.sweep.goal import loss

# What is lost is shown in classes: nothing (to six decimals), and up to each of these; the last class has no end.
BOUNDS = (1e-6, 1e-3, 1e-2, 1e-1, 1.0)
SHADES = (0.94, 0.8, 0.6, 0.4, 0.2, 0.0)
ROWS = {"train": "training rows", "cv": "folds of the training rows", "fidelity": "training outputs"}
# The cells of the map are light in every theme, so what stands on them is dark in every theme.
INK = "#1B2430"


def loss_map(
    found: Sweep, cells: Sequence[Point], basis: str, palette: Palette, name: str, labels: Sequence[str],
    here: Point | None = None, family: str = "linear",
) -> go.Figure:  # fmt: skip
    """Return a map of bits (rows) by method (columns): colour is what `cells` lose on `basis` against the original.

    The figure on the test rows stands on each cell; without test rows, the fidelity. `labels` name the methods in the
    order in which `cells` have them. The cell of the setting `here` is outlined. Marks carry the place of their cell.
    """
    methods, widths = list(dict.fromkeys(p.method for p in cells)), sorted({p.bits for p in cells})
    classes = np.full((len(widths), len(methods)), math.nan)
    text = np.full(classes.shape, "", dtype=object)
    for p in cells:
        at = widths.index(p.bits), methods.index(p.method)
        classes[at], text[at] = _class(loss(found, p, basis)), _short(p.fidelity if p.test is None else p.test)
    traces = [
        go.Heatmap(
            z=classes, x=list(range(len(methods))), y=widths, text=text, texttemplate="%{text}", hoverinfo="skip",
            zmin=-0.5, zmax=len(BOUNDS) + 0.5, colorscale=_steps(palette), colorbar=_scale(plain(name), basis),
            textfont={"color": INK, "size": 12}, xgap=1, ygap=1,
        ),
        # A map tells of no clicks; these marks, which nobody sees, do.
        go.Scatter(
            x=[methods.index(p.method) for p in cells], y=[p.bits for p in cells], mode="markers", showlegend=False,
            text=[_hover(found, p, basis, plain(name), family) for p in cells], hoverinfo="text",
            customdata=list(range(len(cells))), **clickable({"size": 18, "opacity": 0}),
        ),
    ]  # fmt: skip
    ticks = {"tickvals": list(range(len(methods))), "ticktext": list(map(plain, labels))}
    across, up = [-0.5, len(methods) - 0.5], [min(widths, default=1) - 0.5, max(widths, default=1) + 0.5]
    return figure(
        traces, 130 + 25 * len(widths), hoverdistance=-1, shapes=[] if here is None else _outline(here, cells, methods),
        xaxis=axis("", side="top", range=across, showgrid=False, fixedrange=True, **ticks),
        yaxis=axis("bits per code", tickvals=widths, range=up, showgrid=False, fixedrange=True),
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
    )  # fmt: skip


def clickable(marker: dict[str, Any]) -> dict[str, Any]:
    """Return the marks of a trace that can be clicked: a click neither fades the others nor stands out."""
    same = {"marker": {"opacity": marker.get("opacity", 1)}}
    return {"marker": marker, "selected": same, "unselected": same}


def called(one: Candidate, family: str = "linear") -> str:
    """Return what a candidate is called: its setting in words, of a model of this family, or the kind of its cast."""
    return one.scheme.words_for(family) if isinstance(one, Point) else one.kind


def written(value: float | None, digits: int = 6) -> str:
    """Return a figure with so many significant digits."""
    return "–" if value is None else f"{value:.{digits}g}".replace("-", "−")


def _hover(found: Sweep, p: Point, basis: str, name: str, family: str) -> str:
    lost = loss(found, p, basis)
    parts = [f"{name} {written(p.figure(basis))} on the {ROWS[basis]}"]
    if math.isfinite(lost):
        parts.append(f"{written(abs(lost), 3)} {'less' if lost > 0 else 'more'} than the original")
    if p.test is not None:
        parts.append(f"{written(p.test)} on the test rows")
    return f"{called(p, family)}<br>{p.numbers:,} bytes<br>" + "<br>".join(parts)


def _class(lost: float) -> float:
    return float(np.searchsorted(BOUNDS, round(lost, SAME))) if math.isfinite(lost) else math.nan


def _short(value: float | None) -> str:
    """Return a figure in at most nine characters."""
    if value is None:
        return "–"
    return (f"{value:.4f}" if abs(value) < 10 else f"{value:.3g}").replace("-", "−")


def _steps(palette: Palette) -> list[list[Any]]:
    """Return a scale of one colour a class, from pale to full."""
    ends = [(i + side, tint(palette.quantized, shade)) for i, shade in enumerate(SHADES) for side in (0, 1)]
    return [[end / len(SHADES), colour] for end, colour in ends]


def _scale(name: str, basis: str) -> dict[str, Any]:
    """Return the legend: the limits between the classes, under the map."""
    return {
        "orientation": "h", "y": 0, "yanchor": "top", "ypad": 8, "thickness": 12, "len": 1.0, "outlinewidth": 0,
        "tickvals": [i + 0.5 for i in range(len(BOUNDS))], "ticktext": ["0", *(f"{b:g}" for b in BOUNDS[1:])],
        "title": {"text": f"loss of {name}, {ROWS[basis]}", "side": "bottom"},
    }  # fmt: skip


def _outline(here: Point, cells: Sequence[Point], methods: Sequence[str]) -> list[dict[str, Any]]:
    """Return the frame of the cell of `here`: whole where the cell is this setting, dotted where switches differ."""
    if here.method not in methods:
        return []
    column = methods.index(here.method)
    dash = "solid" if any(p.scheme == here.scheme for p in cells) else "dot"
    corners = {"x0": column - 0.48, "x1": column + 0.48, "y0": here.bits - 0.44, "y1": here.bits + 0.44}
    return [{"type": "rect", "line": {"color": INK, "width": 3, "dash": dash}, **corners}]
