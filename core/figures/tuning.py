"""Searches and their kin: figures over folds against a setting, against the number of rows, and by feature."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from core.fields import Value, spell
from core.figures.style import Palette, axis, figure, plain, rows_height, tint
from core.tune import Candidate, Curve, Importances, Tuning

# With more combinations of the other settings than this, lines would be a tangle: marks alone are drawn.
_MOST_LINES = 5
# From this ratio of largest to smallest on, values are told apart on a logarithmic axis only.
_WIDE = 50.0
# Figures further below the best than this are outside of the picture: they would press all others together.
REACH = 1.0


def searched(found: Tuning) -> tuple[str, ...]:
    """Return the settings that took more than one value, those with most values first."""
    names = [name for name, _ in found.candidates[0].params]
    counts = {name: len({dict(c.params)[name] for c in found.candidates}) for name in names}
    return tuple(sorted((n for n in names if counts[n] > 1), key=lambda n: -counts[n]))


def tuning_chart(found: Tuning, against: str, name: str, palette: Palette) -> go.Figure:
    """Return the main figure (called `name`) of each candidate against the setting `against`.

    Bars are one standard deviation over the folds. Candidates with the same other settings share a line; those of
    earlier rounds of halving, which saw fewer rows, are grey.
    """
    last = max(c.rows for c in found.candidates)
    fitted = [c for c in found.candidates if c.mean is not None]
    early = [c for c in fitted if c.rows < last]
    groups: dict[str, list[Candidate]] = {}
    for c in fitted:
        if c.rows == last:
            groups.setdefault(_others(c, against), []).append(c)
    lines = len(groups) <= _MOST_LINES and any(len(group) > 1 for group in groups.values())
    traces = []
    if lines:
        shades = [tint(palette.original, 0.65 * i / max(len(groups) - 1, 1)) for i in range(len(groups))]
        for shade, (words, group) in zip(shades, groups.items(), strict=True):
            traces.append(_trace(group, against, words or "candidates", shade, "lines+markers", len(groups) > 1))
    else:
        level = [c for group in groups.values() for c in group]
        traces.append(_trace(level, against, "candidates", palette.original, "markers", False))
    if early:
        traces.append(_trace(early, against, "earlier rounds, fewer rows", palette.faint, "markers", True))
    if fitted:
        traces.append(_best(fitted[0], against, palette))
    upright = _upright([c.mean for c in fitted], found.folds, name)
    return figure(traces, 340, xaxis=_across(fitted, against), yaxis=upright)


def hidden(means: Sequence[float | None]) -> int:
    """Return how many figures are so far below the best that the picture does not reach them."""
    return sum(m < _floor(means) for m in means if m is not None)


def _floor(means: Sequence[float | None]) -> float:
    return max((m for m in means if m is not None), default=math.inf) - REACH


def _upright(means: Sequence[float | None], folds: int, name: str) -> dict[str, Any]:
    """Return the axis of the figures; it is cut only where some are far below the best."""
    title = f"{plain(name)} over {folds} folds"
    if not hidden(means):
        return axis(title, fixedrange=True)
    low = _floor(means)
    return axis(title, range=[low - 0.05 * REACH, low + 1.1 * REACH], fixedrange=True)


def _others(c: Candidate, against: str) -> str:
    """Return in words the settings of a candidate besides `against`."""
    return ", ".join(f"{name} {_written(value)}" for name, value in c.params if name != against)


def _written(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else spell(value)


def _place(c: Candidate, against: str) -> Any:
    """Return where a candidate stands on the axis of a setting: its number, or its word."""
    value = dict(c.params)[against]
    return spell(value) if isinstance(value, bool | str) else value


def _trace(
    group: Sequence[Candidate], against: str, words: str, colour: str, mode: str, listed: bool
) -> go.Scatter:  # fmt: skip
    ordered = sorted(group, key=lambda c: _place(c, against))
    text = [", ".join(f"{n} {_written(v)}" for n, v in c.params) + f"; {c.rows:,} rows" for c in ordered]
    return go.Scatter(
        x=[_place(c, against) for c in ordered], y=[c.mean for c in ordered], mode=mode, name=plain(words),
        error_y={"array": [c.std for c in ordered], "color": colour, "thickness": 1, "width": 3},
        marker={"color": colour, "size": 7}, line={"color": colour, "width": 2}, showlegend=listed,
        text=list(map(plain, text)), hovertemplate="%{text}<br>%{y:.6g} ± %{error_y.array:.2g}<extra></extra>",
    )  # fmt: skip


def _best(best: Candidate, against: str, palette: Palette) -> go.Scatter:
    return go.Scatter(
        x=[_place(best, against)], y=[best.mean], mode="markers", name="best", hoverinfo="skip",
        marker={"color": palette.original, "size": 14, "line": {"width": 3, "color": palette.context}},
    )  # fmt: skip


def _across(fitted: Sequence[Candidate], against: str) -> dict[str, Any]:
    """Return the axis of a setting: words stay words, and a wide range of numbers is logarithmic."""
    places = [_place(c, against) for c in fitted]
    title = plain(against)
    if any(isinstance(p, str) for p in places):
        return axis(title, type="category", categoryorder="array", categoryarray=sorted(set(places)), fixedrange=True)
    if places and min(places) > 0 and max(places) / min(places) >= _WIDE:
        low, high = math.floor(math.log10(min(places))), math.ceil(math.log10(max(places)))
        ticks = [10.0**k for k in range(low, high + 1)]
        return axis(title, type="log", tickvals=ticks, ticktext=[f"{t:g}" for t in ticks], fixedrange=True)
    return axis(title, fixedrange=True)


def learning_chart(found: Curve, name: str, palette: Palette) -> go.Figure:
    """Return the main figure (called `name`) against the number of rows, on the rows of the fit and on others."""
    means = [figure_ for p in found.points for figure_ in (p.train, p.validation)]
    floor, traces = _floor(means), []
    for words, colour, part in (("rows of the fit", palette.context, "train"),
                                ("fold left out", palette.original, "validation")):  # fmt: skip
        points = [p for p in found.points if getattr(p, part) is not None]
        # What lies outside of the picture must not stand in it as a bar without its point.
        bars = [getattr(p, f"{part}_std") if getattr(p, part) >= floor else 0.0 for p in points]
        traces.append(
            go.Scatter(
                x=[p.rows for p in points], y=[getattr(p, part) for p in points], mode="lines+markers", name=words,
                error_y={"array": bars, "thickness": 1, "width": 3},
                line={"color": colour, "width": 2}, marker={"color": colour, "size": 7},
                hovertemplate="%{x:,} rows: %{y:.6g} ± %{error_y.array:.2g}<extra></extra>",
            )
        )  # fmt: skip
    across = axis("training rows", rangemode="tozero", tickformat=",d", fixedrange=True)
    return figure(traces, 340, xaxis=across, yaxis=_upright(means, found.folds, name))


def importance_chart(found: Importances, name: str, palette: Palette, most: int = 30) -> go.Figure:
    """Return by how much the main figure (called `name`) falls for each feature that is shuffled, at most `most`."""
    shown = found.features[:most]
    traces = [
        go.Bar(
            x=[f.mean for f in shown], y=[plain(f.feature) for f in shown], orientation="h", showlegend=False,
            error_x={"array": [f.std for f in shown], "color": palette.context, "thickness": 1, "width": 3},
            marker={"color": palette.original},
            hovertemplate="%{y}: %{x:.6g} ± %{error_x.array:.2g}<extra></extra>",
        )
    ]  # fmt: skip
    return figure(
        traces, rows_height(len(shown)),
        xaxis=axis(f"loss of {plain(name)} when shuffled", zeroline=True, fixedrange=True),
        yaxis=axis("", autorange="reversed", type="category", fixedrange=True),
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
    )  # fmt: skip
