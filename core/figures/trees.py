"""Trees: where their leaves land, how much each tree moves, and where the bytes go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.figures.bytes import ByteBar, stacked_bytes
from core.figures.style import Palette, axis, figure, plain, tint
from core.parts import Array, Floats, Parts
from core.quant import METHODS, Quantized
from core.quant.leaves import tree_of_values
from core.quant.stored import skeleton
from core.sizes import Size
from core.sweep import Point

# Above this many levels single lines could not be told apart.
MOST_LEVELS = 256
# Above this many levels their marks are ticks: wider ones would hide one another.
MOST_MARKS = 32
BINS = 61
# More trees than this are a line, not bars.
MOST_BARS = 40
# From this ratio of the fullest bin to the middle one on, counts are told apart on a logarithmic axis only.
_WIDE = 50.0
# More columns than this are not read; the most frequent ones are drawn.
MOST_COLUMNS = 30


def leaves_of(parts: Parts | Quantized, tree: int | None) -> slice:
    """Return where the values of the leaves of a tree stand, of all trees for None."""
    if tree is None:
        return slice(None)
    owners = tree_of_values(skeleton(parts) if isinstance(parts, Quantized) else parts)
    first, end = np.searchsorted(owners, [tree, tree + 1])
    return slice(int(first), int(end))


def leaf_levels(q: Quantized, tree: int | None) -> Floats:
    """Return the values that a code of the leaves of a tree can stand for; none where each leaf has its own grid."""
    tables, method = q.tables["leaf"], METHODS[q.scheme.method]
    entry = 0 if q.scheme.granularity == "tensor" else tree
    if method.per_value or entry is None:
        return np.empty(0)
    if "codebook" in tables:
        return np.unique(tables["codebook"][entry]).astype(np.float64)
    one = {name: np.float64(table[entry]) for name, table in tables.items()}
    return method.decode(np.arange(method.top_code(q.scheme.bits) + 1, dtype=np.float64), one, q.scheme.bits)


def leaf_histogram(
    original: Parts, q: Quantized, decoded: Floats, tree: int | None, factor: float, unit: str, palette: Palette
) -> go.Figure:
    """Return how many leaves have which value, and under them the levels of the grid, with those in use.

    `decoded` (n_leaves, k) is what the codes stand for; `tree` counts from 0, None stands for all. Values are
    multiplied by `factor` and then in `unit`. Only counts are sent, never the leaves.
    """
    values = original.values["leaf"].ravel()[leaves_of(original, tree)] * factor
    low, high = float(values.min()), float(values.max())
    pad = max((high - low) * 0.02, 1e-9 * max(1.0, abs(low), abs(high)))
    counts, edges = np.histogram(values, bins=BINS, range=(low - pad, high + pad))
    filled = counts[counts > 0]
    wide = float(filled.max()) > _WIDE * float(np.median(filled))
    # A band below the bars holds a tick for each level: a tenth of the height.
    floor, top = (np.log10(0.5), np.log10(2.0 * float(counts.max()))) if wide else (0.0, 1.05 * float(counts.max()))
    band = 0.1 * (top - floor)
    middle = floor - band / 2
    bars = go.Bar(
        x=(edges[:-1] + edges[1:]) / 2, y=counts, name="leaves of the original",
        marker={"color": palette.original}, hovertemplate="about %{x:,.4~g}: %{y:,} leaves<extra></extra>",
    )  # fmt: skip
    scale: dict[str, Any] = {"range": [floor - band, top]}
    scale |= {"type": "log", "dtick": 1} if wide else {"tickmode": "auto", "nticks": 6}
    landed, grid = decoded.ravel()[leaves_of(q, tree)] * factor, leaf_levels(q, tree) * factor
    ticks = _ticks(landed, grid, float(10**middle) if wide else middle, plain(unit), palette)
    return figure(
        [bars, *ticks], 300, bargap=0.03,
        xaxis=axis(f"value of a leaf, {plain(unit)}", showgrid=False),
        yaxis=axis("leaves", zeroline=not wide, **scale),
    )  # fmt: skip


def _ticks(landed: Floats, grid: Floats, at: float, unit: str, palette: Palette) -> list[Any]:
    """Return a tick at the height `at` for each level that leaves have `landed` on, and for each that none has."""
    if not 0 < len(grid) <= MOST_LEVELS:
        return []
    used, many = np.unique(landed, return_counts=True)
    step = float(np.diff(grid).min()) if len(grid) > 1 else 1.0
    free = grid[np.abs(grid[:, None] - used[None, :]).min(axis=1) > step / 2]
    symbol, size = ("diamond", 9) if len(grid) <= MOST_MARKS else ("line-ns", 12)
    found = []
    for name, x, colour, counts in (
        ("level in use", used, palette.quantized, many), ("level not in use", free, palette.context, free * 0),
    ):  # fmt: skip
        if len(x):
            found.append(go.Scatter(
                x=x, y=np.full(len(x), at), mode="markers", name=name, customdata=counts.astype(np.int64),
                marker={"symbol": symbol, "size": size, "color": colour, "line": {"width": 1, "color": colour}},
                hovertemplate="level %{x:,.4~g} " + unit + ": %{customdata:,} leaves<extra></extra>",
            ))  # fmt: skip
    return found


def error_by_tree(by_tree: Floats, factor: float, unit: str, palette: Palette) -> go.Figure:
    """Return the mean absolute change of the leaves of each tree: bars of few trees, a line of many."""
    return _error_by("tree", f"mean change of a leaf, {plain(unit)}", by_tree * factor, plain(unit), palette)


def error_by_neuron(by_neuron: Floats, palette: Palette) -> go.Figure:
    """Return the mean absolute change of the weights of each neuron, counted through all layers."""
    return _error_by("neuron", "mean change of a weight", by_neuron, "", palette)


def _error_by(one: str, title: str, errors: Floats, unit: str, palette: Palette) -> go.Figure:
    """Return bars of few parts of a model, each `one` of them, a line of many; `unit` may be markup already."""
    at = np.arange(1, len(errors) + 1)
    hover = one + " %{x}: %{y:,.4~g} " + unit + "<extra></extra>"
    if len(errors) <= MOST_BARS:
        trace: Any = go.Bar(x=at, y=errors, marker={"color": palette.quantized}, hovertemplate=hover)
    else:
        trace = go.Scatter(
            x=at, y=errors.astype(np.float32), mode="lines", line={"color": palette.quantized, "width": 1.5},
            hovertemplate=hover,
        )  # fmt: skip
    mean = float(errors.mean())
    middle = go.Scatter(
        x=[0.5, len(errors) + 0.5], y=[mean, mean], mode="lines", line={"color": palette.context, "dash": "dot"},
        hovertemplate=f"mean of all: {mean:,.4g} {unit}<extra></extra>",
    )  # fmt: skip
    return figure(
        [trace, middle], 300, showlegend=False,
        xaxis=axis(one, range=[0.5, len(errors) + 0.5], nticks=8),
        yaxis=axis(title, rangemode="tozero"),
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
    )  # fmt: skip


# The parts of a packed tree model, from the root of the bar to its end: what they are called, and how pale they are.
# All but the leaves are exact, and the same in both models.
_PARTS = {
    "leaf_map": ("which nodes are leaves", 0.0),
    "feature": ("features asked", 0.3),
    "threshold": ("thresholds asked", 0.5),
    "table": ("table of thresholds", 0.68),
    "missing": ("ways of missing values", 0.8),
}


def bytes_by_part(rows: Sequence[tuple[str, Size]], palette: Palette) -> go.Figure:
    """Return one stacked bar a model: the structure part by part in grey, the leaves in the model's own colour."""
    names = [name for name, _ in rows]
    sizes = [{key: count for key, _, count in size.items} for _, size in rows]
    own = [palette.original if i < len(rows) - 1 else palette.quantized for i in range(len(rows))]
    stacks: list[tuple[str, Any, list[int], bool]] = [
        (text, tint(palette.context, pale), [s.get(key, 0) for s in sizes], pale < 0.5)
        for key, (text, pale) in _PARTS.items()
    ]
    stacks.append(("leaves", own, [s["leaf"] for s in sizes], True))
    rest = [s.numbers - sum(part.get(key, 0) for key in (*_PARTS, "leaf"))
            for part, (_, s) in zip(sizes, rows, strict=True)]  # fmt: skip
    stacks.append(("scales, tables of values", [tint(c, 0.5) for c in own], rest, False))
    bars = [
        ByteBar(text, values, colour, [f"{text}<br>{v:,}" if v else "" for v in values], dark)
        for text, colour, values, dark in stacks
        if any(values)
    ]
    return stacked_bytes(names, bars, 64)


def size_curve(points: Sequence[Point], bits: int, original: Size, structure: int, palette: Palette) -> go.Figure:
    """Return the bytes against bits: what the structure takes at any width, and the leaves on top of it.

    `structure` are the bytes of all but the leaves. Every point carries its width as `customdata`.
    """
    widths, total = [p.bits for p in points], [p.numbers for p in points]
    here = widths.index(bits)
    steady: dict[str, Any] = {name: {"marker": {"opacity": 1}} for name in ("selected", "unselected")}
    traces = [
        go.Scatter(
            x=[0.5, 16.5], y=[structure] * 2, mode="lines", name="structure, exact", fill="tozeroy",
            line={"color": palette.context, "width": 1}, fillcolor=_faded(palette.context),
            hovertemplate=f"structure: {structure:,} bytes<extra></extra>",
        ),
        go.Scatter(
            x=[0.5, 16.5], y=[original.numbers] * 2, mode="lines", name="original, packed",
            line={"color": palette.original, "width": 2.5},
            hovertemplate=f"original, packed without loss: {original.numbers:,} bytes<extra></extra>",
        ),
        go.Scatter(
            x=widths, y=total, mode="lines+markers", name="quantised", line={"color": palette.quantized, "width": 2},
            marker={"size": [15 if i == here else 7 for i in range(len(widths))], "opacity": 1,
                    "line": {"width": [3 if i == here else 0 for i in range(len(widths))], "color": palette.context}},
            customdata=widths, hovertemplate="%{x} bits: %{y:,} bytes (click to take it)<extra></extra>", **steady,
        ),
    ]  # fmt: skip
    return figure(
        traces, 300, clickmode="event+select",
        xaxis=axis("bits per code", tickvals=[1, 2, 4, 6, 8, 10, 12, 14, 16], range=[0.5, 16.5], fixedrange=True),
        yaxis=axis("bytes of numbers", rangemode="tozero", fixedrange=True),
    )  # fmt: skip


def _faded(colour: str) -> str:
    return "rgba(" + ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + ",0.25)"


def split_counts(names: Sequence[str], counts: Array, palette: Palette) -> go.Figure:
    """Return how often each column is asked about, (n_columns,), the most frequent first."""
    order = np.argsort(-counts, kind="stable")[:MOST_COLUMNS]
    labels = [plain(names[i]) for i in order]
    trace = go.Bar(
        x=counts[order], y=labels, orientation="h", marker={"color": palette.original},
        hovertemplate="%{y}: %{x:,} questions<extra></extra>",
    )  # fmt: skip
    return figure(
        [trace], max(300, 90 + 26 * len(order)), xaxis=axis("questions in all trees"),
        yaxis=axis("", autorange="reversed", type="category"), margin={"l": 8, "r": 12, "t": 8, "b": 8},
    )  # fmt: skip
