"""The number line: where coefficients land on the grid of representable values, and how far off they end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.comparison import Comparison
from core.figures.style import Palette, axis, figure, plain, rows_height
from core.parts import Floats
from core.quant.levels import levels, steps

# Above this many levels in view a grid is a grey band: single lines could not be told apart.
MAX_LINES = 64
# More coefficients than this cannot be read; the largest are drawn.
MAX_ROWS = 60


def shown_coefficients(c: Comparison) -> NDArray[np.intp]:
    """Return which coefficients of a single output are drawn: all, or the largest sixty in their order."""
    size = np.abs([p.original for p in c.parameters if not p.intercept])
    if len(size) <= MAX_ROWS:
        return np.arange(len(size))
    return np.sort(np.argsort(-size)[:MAX_ROWS])


def number_line(c: Comparison, palette: Palette, names: Sequence[str], classes: Sequence[str] = ()) -> go.Figure:
    """Return every coefficient on its grid, and its error in steps beside it; one row a coefficient or a class."""
    if c.quantized.shape[0] > 1:
        return _by_class(c, palette, classes)
    drawn = shown_coefficients(c)
    rows = [c.parameters[i] for i in drawn]
    labels = [plain(names[i]) for i in drawn]
    errors = error_in_steps(c)[drawn]
    at = list(range(len(rows)))
    original, quantized = [p.original for p in rows], [p.quantized for p in rows]
    hover = "%{text}: %{x:.6g}"
    traces = [
        _levels(c, palette, drawn, len(rows)),
        go.Scatter(
            x=original, y=at, mode="markers", name="original", text=labels, hovertemplate=hover,
            marker={"color": palette.original, "size": 10, "symbol": "line-ns",
                    "line": {"width": 3, "color": palette.original}},
        ),
        go.Scatter(
            x=quantized, y=at, mode="markers", name="lands on", text=labels, hovertemplate=hover,
            marker={"color": palette.quantized, "size": 9, "symbol": "diamond"},
        ),
        go.Bar(
            x=errors, y=at, orientation="h", name="error in steps", showlegend=False,
            hovertext=labels, marker={"color": palette.quantized}, xaxis="x2", yaxis="y",
            hovertemplate="%{hovertext}: %{x:.3f} steps<extra></extra>",
        ),
    ]  # fmt: skip
    return _rows(traces, labels, float(np.abs(errors).max(initial=0)), "error, steps")


def _by_class(c: Comparison, palette: Palette, classes: Sequence[str]) -> go.Figure:
    """Return one row a class with all its coefficients, and the root mean square error in steps beside it."""
    n_outputs, n_columns = c.quantized.shape
    labels, at = [plain(n) for n in classes], list(range(n_outputs))
    rows = np.repeat(np.arange(n_outputs), n_columns)
    listed = c.parameters[: n_outputs * n_columns]
    rms = np.sqrt((error_in_steps(c).reshape(n_outputs, n_columns) ** 2).mean(axis=1))
    text = [plain(p.name) for p in listed]
    original, quantized = (np.array([getattr(p, n) for p in listed]) for n in ("original", "quantized"))
    hover = "%{text}: %{x:.6g}"
    traces = [
        _levels(c, palette, np.arange(n_outputs) * n_columns, n_outputs),
        go.Scatter(
            x=original, y=rows - 0.18, mode="markers", name="original", text=text, hovertemplate=hover,
            marker={"color": palette.original, "size": 7, "symbol": "line-ns",
                    "line": {"width": 1.5, "color": palette.original}},
        ),
        go.Scatter(
            x=quantized, y=rows + 0.18, mode="markers", name="lands on", text=text, hovertemplate=hover,
            marker={"color": palette.quantized, "size": 6, "symbol": "diamond", "opacity": 0.7},
        ),
        go.Bar(
            x=rms, y=at, orientation="h", name="error", showlegend=False, hovertext=labels,
            marker={"color": palette.quantized}, xaxis="x2", yaxis="y",
            hovertemplate="%{hovertext}: %{x:.3f} steps, root mean square<extra></extra>",
        ),
    ]  # fmt: skip
    return _rows(traces, labels, float(rms.max(initial=0)), "error, steps", signed=False)


def _rows(traces: list[go.Scatter], labels: list[str], reach: float, title: str, signed: bool = True) -> go.Figure:
    at, reach = list(range(len(labels))), max(0.55, reach * 1.1)
    low = -reach if signed else 0.0
    return figure(
        traces, rows_height(len(labels)),
        xaxis=axis("coefficient", domain=[0, 0.68], showgrid=False, nticks=7),
        xaxis2=axis(title, domain=[0.77, 1], range=[low, reach], zeroline=True, nticks=4),
        yaxis=axis("", range=[len(labels) - 0.5, -0.5], showgrid=False, tickvals=at, ticktext=labels),
    )  # fmt: skip


def error_in_steps(c: Comparison) -> Floats:
    """Return each coefficient's error divided by the distance of two levels, shape (n_coefficients,)."""
    count = c.quantized.shape[0] * c.quantized.shape[1]
    errors = np.array([p.error for p in c.parameters[:count]])
    return np.asarray(errors / steps(c.quantized, "coef")[:count])


def draws_levels(c: Comparison) -> bool:
    """Return whether all coefficients share levels few enough to be drawn one by one."""
    q = c.quantized
    return len(np.unique(q.groups["coef"])) == 1 and len(levels(q, "coef", 0)) <= MAX_LINES


def _levels(c: Comparison, palette: Palette, members: NDArray[np.intp], count: int) -> go.Scatter:
    """Return the grid: a line a level where all share few, else a bar a row from end to end of `members`' grids."""
    q, fine = c.quantized, draws_levels(c)
    if fine:
        shared = levels(q, "coef", 0)
        x = np.column_stack([shared, shared, np.full(len(shared), np.nan)])
        y = np.tile([-0.5, count - 0.5, np.nan], (len(shared), 1))
    else:
        ends = np.array([levels(q, "coef", int(i))[[0, -1]] for i in members])
        x = np.column_stack([ends, np.full(count, np.nan)])
        rows = np.arange(count, dtype=np.float64)
        y = np.column_stack([rows, rows, np.full(count, np.nan)])
    return go.Scatter(
        x=x.ravel().astype(np.float32), y=y.ravel().astype(np.float32), mode="lines", name="levels",
        hoverinfo="skip", opacity=0.9 if fine else 0.35, line={"color": palette.faint, "width": 1 if fine else 14},
    )  # fmt: skip
