"""The Monitor page: a batch against what training saw, and a statistic over the recorded batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from core.figures.style import Palette, axis, figure, plain
from core.parts import Floats

BINS = 24
# More categories than this cannot be told apart in one chart; those that moved most are kept.
MOST_BARS = 20


@dataclass(frozen=True, eq=False)
class Shares:
    """Per cent of the rows in each bin (n,): on the reference and in the batch; `edges` (n + 1,) lie between the bins.

    The first and the last bin also hold everything beyond them.
    """

    edges: Floats
    reference: Floats
    batch: Floats


def shares(sketch: Floats, values: Floats, bins: int = BINS) -> Shares:
    """Return what part of the reference and of the `values` (n,) lies in each of some equal bins.

    `sketch` (21,) holds the reference's quantiles, between which it is taken to be even; a quantile that repeats is a
    value that many rows have, and all of these fall into the bin of that value. Missing values are left out. The
    bins end where a twentieth of either lies beyond: there even would be far from what the reference is.
    """
    there = values[~np.isnan(values)]
    ends = np.concatenate([sketch[[1, -2]], np.quantile(there, [0.05, 0.95]) if there.size else []])
    low, high = float(ends.min()), float(ends.max())
    size = max(1.0, abs(low), abs(high))
    if high - low < 1e-9 * size:
        low, high = low - size / 2, high + size / 2
    edges = np.linspace(low, high, bins + 1)
    inner = edges[1:-1]
    below = [_below(sketch, inner)]
    below.append(np.searchsorted(np.sort(there), inner, side="right") / max(there.size, 1))
    reference, batch = (100 * np.diff(np.concatenate([[0.0], part, [1.0]])) for part in below)
    return Shares(edges, reference, batch if there.size else np.zeros(bins))


def _below(sketch: Floats, at: Floats) -> Floats:
    """Return the share of the reference that is at most each of the values `at`."""
    levels = np.linspace(0, 1, len(sketch))
    found: Floats = np.interp(at, sketch, levels)  # of a repeated quantile the last one counts
    return np.where(at < sketch[0], 0.0, np.where(at >= sketch[-1], 1.0, found))


def batch_overlay(found: Shares, title: str, palette: Palette, reference: str = "training rows") -> go.Figure:
    """Return the batch as bars and the `reference` as steps over them, both in per cent of their rows.

    Neither is one of the two models, whose colours they do not take.
    """
    middles = (found.edges[:-1] + found.edges[1:]) / 2
    traces = [
        go.Bar(
            x=middles, y=found.batch, width=np.diff(found.edges), name="batch", marker={"color": palette.plus},
            opacity=0.55, hovertemplate="around %{x:.4~g}: %{y:.3~g} % of the batch<extra></extra>",
        ),
        go.Scatter(
            x=found.edges, y=[*found.reference, found.reference[-1]], mode="lines", name=reference,
            line={"color": palette.context, "width": 2, "shape": "hv"},
            hovertemplate="from %{x:.4~g}: %{y:.3~g} % of the " + reference + "<extra></extra>",
        ),
    ]  # fmt: skip
    return figure(
        traces, 330, bargap=0, xaxis=axis(plain(title)), yaxis=axis("rows, %", rangemode="tozero", nticks=6),
    )  # fmt: skip


def category_bars(
    names: Sequence[str], reference: Floats, batch: Floats, title: str, palette: Palette,
    called: str = "training rows",
) -> go.Figure:  # fmt: skip
    """Return the share of the rows in per cent (n,) of every category, on the reference and in the batch."""
    kept = np.arange(len(names))
    if len(kept) > MOST_BARS:
        kept = np.sort(np.argsort(-np.abs(batch - reference), kind="stable")[:MOST_BARS])
    labels = [plain(names[int(i)]) for i in kept]
    traces = [
        go.Bar(
            x=labels, y=values[kept], name=name, marker={"color": colour}, opacity=opacity,
            hovertemplate="%{x}: %{y:.3~g} % of the " + name + "<extra></extra>",
        )
        for values, name, colour, opacity in (
            (reference, called, palette.context, 1), (batch, "batch", palette.plus, 0.55),
        )
    ]  # fmt: skip
    return figure(
        traces, 330, barmode="group", xaxis=axis(plain(title), type="category"),
        yaxis=axis("rows, %", rangemode="tozero", nticks=6),
    )  # fmt: skip


def batch_history(
    times: Sequence[str], values: Sequence[float | None], over: Sequence[bool], limit: float, name: str,
    palette: Palette,
) -> go.Figure:  # fmt: skip
    """Return a statistic of each recorded batch in order, with its limit; batches `over` it are marked."""
    numbers = list(range(1, len(values) + 1))
    traces = [
        go.Scatter(
            x=numbers, y=list(values), mode="lines+markers", name="recorded batches", text=list(times),
            line={"color": palette.plus, "width": 2},
            marker={"size": 9, "symbol": ["diamond" if mark else "circle" for mark in over]},
            hovertemplate="batch %{x}, %{text}: %{y:.4~g}<extra></extra>",
        ),
        go.Scatter(
            x=[0.5, len(values) + 0.5], y=[limit, limit], mode="lines", name="limit", hoverinfo="skip",
            line={"color": palette.context, "width": 1.5, "dash": "dash"},
        ),
    ]  # fmt: skip
    return figure(
        traces, 240, xaxis=axis("recorded batch", range=[0.5, len(values) + 0.5], tick0=1, dtick=-(-len(values) // 10)),
        yaxis=axis(plain(name), rangemode="tozero", nticks=6),
    )  # fmt: skip
