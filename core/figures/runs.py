"""The Runs page: bytes against the figure of every run, differences with their intervals, and curves over bits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from core.figures.style import Palette, axis, figure, plain, tint

# One shape a method: the colour is taken, it means the quantised model.
_SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "star")


@dataclass(frozen=True)
class Mark:
    """One run in a chart: its name, its method, its bytes and figure, the original's; whether it is chosen.

    `difference` is quantised minus original with the ends of its interval, None where there is none.
    """

    name: str
    method: str
    bits: int
    numbers: int
    score: float | None
    original_numbers: int
    original: float | None
    chosen: bool = False
    difference: tuple[float, float, float] | None = None


def run_cloud(marks: Sequence[Mark], title: str, palette: Palette) -> go.Figure:
    """Return bytes of numbers against the figure `title` on the test rows, a shape for each method.

    Each quantised model carries its place in `marks`; those that are chosen have a grey rim. The originals, of which
    several runs may share one, are crosses.
    """
    shown = [(i, m) for i, m in enumerate(marks) if m.score is not None and m.numbers > 0]
    methods = sorted({m.method for _, m in shown})
    traces = [_of_method(name, k, [(i, m) for i, m in shown if m.method == name], title, palette)
              for k, name in enumerate(methods)]  # fmt: skip
    originals = sorted({(m.original_numbers, m.original) for _, m in shown if m.original is not None})
    if originals:
        traces.append(
            go.Scatter(
                x=[n for n, _ in originals], y=[s for _, s in originals], mode="markers", name="original",
                marker={"symbol": "x-thin", "size": 11, "line": {"width": 2.5, "color": palette.original}},
                hovertemplate=f"original<br>%{{x:,}} bytes; {plain(title)} %{{y:.6g}}<extra></extra>",
            )
        )  # fmt: skip
    sizes = [*(m.numbers for _, m in shown), *(n for n, _ in originals)]
    return figure(
        traces,
        400,
        hoverdistance=12,
        xaxis=_bytes_axis(sizes),
        yaxis=axis(f"{plain(title)} on the test rows", nticks=6),
    )


def _of_method(name: str, place: int, found: Sequence[tuple[int, Mark]], title: str, palette: Palette) -> Any:
    edge = [palette.context if m.chosen else palette.quantized for _, m in found]
    return go.Scatter(
        x=[m.numbers for _, m in found], y=[m.score for _, m in found], mode="markers", name=plain(name),
        text=[plain(m.name) for _, m in found], customdata=[i for i, _ in found],
        marker={
            "symbol": _SHAPES[place % len(_SHAPES)], "size": 12, "color": palette.quantized,
            "line": {"width": [3 if m.chosen else 1 for _, m in found], "color": edge},
        },
        hovertemplate=f"%{{text}}<br>%{{x:,}} bytes; {plain(title)} %{{y:.6g}}<extra></extra>",
    )  # fmt: skip


def _bytes_axis(sizes: Sequence[int]) -> dict[str, Any]:
    """Return a logarithmic axis over `sizes` with plain labels: at powers of two, or of few sizes at each of them."""
    if not sizes:
        return axis("bytes of numbers")
    edges = [math.log10(min(sizes) / 1.3), math.log10(max(sizes) * 1.3)]
    if max(sizes) < 4 * min(sizes):
        ticks = _apart(sorted(set(sizes)))
        return axis("bytes of numbers", type="log", range=edges, tickvals=ticks, ticktext=[f"{t:,}" for t in ticks])
    first, last = math.floor(math.log2(min(sizes))), math.ceil(math.log2(max(sizes)))
    ticks = [2**k for k in range(first, last + 1, max(1, math.ceil((last - first) / 8)))]
    return axis("bytes of numbers", type="log", range=edges, tickvals=ticks, ticktext=[f"{t:,}" for t in ticks])


def _apart(sizes: Sequence[int]) -> list[int]:
    """Return those of the ordered `sizes` whose labels do not touch."""
    found: list[int] = []
    for one in sizes:
        if not found or one > 1.15 * found[-1]:
            found.append(one)
    return found


def series_colours(palette: Palette, count: int) -> list[str]:
    """Return one colour for each of up to five runs side by side."""
    colours = (palette.quantized, palette.minus, palette.plus, palette.context, tint(palette.quantized, 0.45))
    return list(colours[:count])


def run_differences(marks: Sequence[Mark], title: str, palette: Palette) -> go.Figure:
    """Return quantised minus original of each run as a mark with its 95 % interval; a line stands at no difference."""
    found = [(m.name, m.difference, colour) for m, colour in
             zip(marks, series_colours(palette, len(marks)), strict=True) if m.difference is not None]  # fmt: skip
    traces = [
        go.Scatter(
            x=[d[0]], y=[plain(name)], mode="markers", showlegend=False,
            marker={"size": 11, "color": colour},
            error_x={"type": "data", "symmetric": False, "array": [d[2] - d[0]], "arrayminus": [d[0] - d[1]],
                     "color": colour, "thickness": 2.5, "width": 7},
            hovertemplate=f"%{{y}}: %{{x:+.4~g}}, 95 %: {d[1]:+.4g} to {d[2]:+.4g}<extra></extra>",
        )
        for name, d, colour in found
    ]  # fmt: skip
    return figure(
        traces, 110 + 44 * max(len(found), 1),
        xaxis=axis(f"quantised − original {plain(title)}", zeroline=True, nticks=4, exponentformat="power"),
        yaxis=axis("", autorange="reversed", type="category"),
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
    )  # fmt: skip


def run_curves(
    marks: Sequence[Mark], curves: Sequence[Sequence[tuple[int, float]] | None], title: str, palette: Palette
) -> go.Figure:
    """Return the figure over bits of each run whose curve is known, and a mark where each run stands on it."""
    traces: list[Any] = []
    for m, points, colour in zip(marks, curves, series_colours(palette, len(marks)), strict=True):
        name = plain(m.name)
        if points:
            traces.append(
                go.Scatter(
                    x=[b for b, _ in points], y=[s for _, s in points], mode="lines", name=name, showlegend=False,
                    line={"color": colour, "width": 2},
                    hovertemplate=f"{name}<br>%{{x}} bits: %{{y:.6g}}<extra></extra>",
                )
            )  # fmt: skip
        traces.append(
            go.Scatter(
                x=[m.bits], y=[m.score], mode="markers", name=name, marker={"size": 12, "color": colour},
                hovertemplate=f"{name}<br>%{{x}} bits: %{{y:.6g}}<extra></extra>",
            )
        )  # fmt: skip
    best = max((m.score for m in marks if m.score is not None), default=1.0)
    values = [s for points in curves for _, s in points or ()] + [m.score for m in marks if m.score is not None]
    # One bit is often far below everything: it would press all other points together.
    floor = max(min(values, default=0.0), best - 0.3 * max(abs(best), 0.3))
    pad = 0.06 * max(best - floor, 1e-6)
    return figure(
        traces, 360,
        xaxis=axis("bits", tickvals=list(range(1, 17)), range=[0.5, 16.5]),
        yaxis=axis(f"{plain(title)} on the test rows", range=[floor - pad, best + 2 * pad]),
        legend={"orientation": "h", "x": 0, "y": -0.2, "xanchor": "left", "yanchor": "top"},
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
    )  # fmt: skip
