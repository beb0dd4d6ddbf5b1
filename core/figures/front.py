"""Bytes against the figure: the Pareto front of a sweep, what it beats, and the plain casts beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from core.figures.style import Palette, axis, figure, plain
from core.figures.sweep import ROWS, called, clickable, written
from core.sweep import Cast, Point, Sweep, dominators, front
from core.sweep.front import Candidate, worth

# Figures further below the best than this share of it are left out: they would press all others together.
DEPTH = 0.2


@dataclass(frozen=True, eq=False)
class Cloud:
    """All candidates of a sweep on one basis: settings, then casts, then the original; the front; who beats whom."""

    found: Sweep
    basis: str
    name: str
    candidates: tuple[Candidate, ...]
    best: tuple[int, ...]
    beaten: tuple[int | None, ...]
    family: str = "linear"

    @property
    def settings(self) -> int:
        """How many of the candidates are settings; they come first."""
        return len(self.found.tried)

    @property
    def title(self) -> str:
        """What the figure is called, and on which rows it is."""
        return f"{self.name} on the {ROWS[self.basis]}"

    def value(self, place: int) -> float:
        """Return the figure of the candidate at `place`; minus infinity where there is none."""
        return worth(self.candidates[place], self.basis)


def cloud(found: Sweep, basis: str, name: str, family: str = "linear") -> Cloud:
    """Return the candidates of a sweep of a model of this family; `name` is what their figure is called."""
    original = Cast(
        "original", found.original_numbers, found.original_test, found.original_train, 1.0, found.original_cv
    )
    candidates: tuple[Candidate, ...] = (*found.tried, *found.casts, original)
    best, beaten = front(candidates, basis), dominators(candidates, basis)
    return Cloud(found, basis, plain(name), candidates, best, beaten, family)


def pareto(shown: Cloud, palette: Palette, here: Point | None = None, budget: int | None = None) -> go.Figure:
    """Return bytes against the figure: the front as steps, what it beats in grey, the setting `here`, a byte budget.

    What lies far below is left out; what is on the front all the same is drawn at the lower edge. Marks of settings
    carry their place among the candidates.
    """
    if not shown.best:
        return _nothing(shown)
    values = [v for i in range(len(shown.candidates)) if math.isfinite(v := shown.value(i))]
    top = max(values)
    floor = max(min(values), top - DEPTH * max(abs(top), 0.3))
    groups = _beaten(shown, floor)
    traces = [
        *(_grey(shown, by, places, palette, first=i == 0) for i, (by, places) in enumerate(groups.items())),
        *_front(shown, floor, palette),
        *_plain_numbers(shown, floor, palette),
    ]
    sizes = [shown.candidates[i].numbers for i in (*shown.best, *(i for places in groups.values() for i in places))]
    if budget is not None:
        traces.append(_budget(budget, floor, top, palette))
        sizes.append(budget)
    if here is not None and here.figure(shown.basis) is not None:
        traces.append(_here(shown, here, floor, palette))
        sizes.append(here.numbers)
    pad = 0.06 * max(top - floor, 1e-6)
    upright = axis(shown.title, range=[floor - pad, top + 2 * pad], fixedrange=True)
    return figure(traces, 440, hoverdistance=12, xaxis=_bytes_axis(sizes), yaxis=upright)


def _nothing(shown: Cloud) -> go.Figure:
    note = {"text": f"There is no {shown.title}.", "showarrow": False, "xref": "paper", "yref": "paper"}
    note |= {"x": 0.5, "y": 0.5}
    return figure([], 440, xaxis=axis("bytes of numbers"), yaxis=axis(shown.title, range=[0, 1]), annotations=[note])


def _bytes_axis(sizes: Sequence[int]) -> dict[str, Any]:
    """Return a logarithmic axis over `sizes` with plain labels at powers of two."""
    low, high = min(sizes), max(sizes)
    first, last = math.floor(math.log2(low)), math.ceil(math.log2(high))
    ticks = [2**k for k in range(first, last + 1, max(1, math.ceil((last - first) / 8)))]
    edges = [math.log10(low / 1.15), math.log10(high * 1.15)]
    words = {"tickvals": ticks, "ticktext": [f"{t:,}" for t in ticks]}
    return axis("bytes of numbers", type="log", range=edges, fixedrange=True, **words)


def _beaten(shown: Cloud, floor: float) -> dict[int, list[int]]:
    """Return the settings that others beat, by who beats them; of several on one spot the first, as on the front."""
    seen: set[tuple[int, float]] = set()
    found: dict[int, list[int]] = {}
    for i in range(shown.settings):
        by, spot = shown.beaten[i], (shown.candidates[i].numbers, shown.value(i))
        if by is not None and spot[1] >= floor and spot not in seen:
            seen.add(spot)
            found.setdefault(by, []).append(i)
    return found


def _template(shown: Cloud, end: str = "") -> str:
    """Return what marks say on hover: what is the same for all is sent once."""
    test = ", %{customdata[1]:.6g} on the test rows" if shown.found.original_test is not None else ""
    return "%{text}<br>%{x:,} bytes; " + f"{shown.name} %{{y:.6g}} on the {ROWS[shown.basis]}{test}{end}<extra></extra>"


def _grey(shown: Cloud, by: int, places: Sequence[int], palette: Palette, first: bool) -> go.Scatter:
    """Return the marks of all settings that the candidate `by` beats."""
    return go.Scatter(
        **_marks(shown, places), name="beaten", legendgroup="beaten", showlegend=first,
        hovertemplate=_template(shown, _by(shown, by)),
        **clickable({"size": 5, "color": palette.faint, "opacity": 0.7}),
    )  # fmt: skip


def _by(shown: Cloud, by: int) -> str:
    """Return the end of what a mark says: who beats it, and with what."""
    better = shown.candidates[by]
    figures = f"{better.numbers:,} bytes, {shown.name} {written(better.figure(shown.basis))}"
    return f"<br>beaten by {called(better, shown.family)}:<br>{figures}"


def _marks(shown: Cloud, places: Sequence[int]) -> dict[str, Any]:
    chosen = [shown.candidates[i] for i in places]
    return {
        "x": [one.numbers for one in chosen], "y": [_lean(shown.value(i)) for i in places], "mode": "markers",
        "text": [called(one, shown.family) for one in chosen],
        "customdata": [[i, _lean(one.test)] for i, one in zip(places, chosen, strict=True)],
    }  # fmt: skip


def _lean(value: float | None) -> float | None:
    """Return a figure with no more digits than are shown."""
    return None if value is None else float(f"{value:.6g}")


def _front(shown: Cloud, floor: float, palette: Palette) -> tuple[go.Scatter, ...]:
    """Return the front as steps (so many bytes buy this much), and the marks of its settings, drawn low or not."""
    line = go.Scatter(
        x=[shown.candidates[i].numbers for i in shown.best], y=[max(shown.value(i), floor) for i in shown.best],
        mode="lines", showlegend=False, hoverinfo="skip",
        line={"color": palette.quantized, "width": 1.5, "shape": "hv"},
    )  # fmt: skip
    settings = [i for i in shown.best if i < shown.settings]
    seen = [i for i in settings if shown.value(i) >= floor]
    low = [i for i in settings if shown.value(i) < floor]
    full = {"color": palette.quantized, "size": 9}
    marks = go.Scatter(
        **_marks(shown, seen), name="front", hovertemplate=_template(shown), **clickable(full),
    )  # fmt: skip
    text = [f"{called(shown.candidates[i], shown.family)}<br>{shown.candidates[i].numbers:,} bytes; {shown.name} "
            f"{written(shown.value(i))} on the {ROWS[shown.basis]}" for i in low]  # fmt: skip
    below = go.Scatter(
        **_marks(shown, low) | {"y": [floor] * len(low), "text": text}, showlegend=False, hoverinfo="text",
        **clickable(full | {"symbol": "triangle-down"}),
    )  # fmt: skip
    return (line, marks, below) if low else (line, marks)


def _plain_numbers(shown: Cloud, floor: float, palette: Palette) -> list[go.Scatter]:
    """Return the plain casts and the original, each with its name; they are no settings, and a click takes nothing."""
    found = []
    for i in range(shown.settings, len(shown.candidates)):
        one, value = shown.candidates[i], shown.value(i)
        if value >= floor:
            colour = palette.original if i == len(shown.candidates) - 1 else palette.context
            by = shown.beaten[i]
            end = "" if by is None else _by(shown, by)
            found.append(
                go.Scatter(
                    **_marks(shown, [i]) | {"mode": "markers+text", "customdata": [[None, _lean(one.test)]]},
                    textposition="top center", textfont={"color": colour}, showlegend=False,
                    hovertemplate=_template(shown, end), marker={"size": 10, "symbol": "diamond", "color": colour},
                )
            )  # fmt: skip
    return found


def _budget(budget: int, floor: float, top: float, palette: Palette) -> go.Scatter:
    return go.Scatter(
        x=[budget, budget], y=[floor, top], mode="lines", name=f"budget of {budget:,} bytes", hoverinfo="name",
        line={"color": palette.context, "width": 2, "dash": "dash"},
    )  # fmt: skip


def _here(shown: Cloud, here: Point, floor: float, palette: Palette) -> go.Scatter:
    """Return the large mark on the current setting; its figure is there, or it is not drawn at all."""
    value = worth(here, shown.basis)
    marker = {
        "size": 15, "color": palette.quantized, "line": {"width": 3, "color": palette.context},
        "symbol": "circle" if value >= floor else "triangle-down",
    }  # fmt: skip
    test = "" if here.test is None else f", {written(here.test)} on the test rows"
    figures = f"{shown.name} {written(value)} on the {ROWS[shown.basis]}{test}"
    return go.Scatter(
        x=[here.numbers], y=[max(value, floor)], mode="markers", name="now", hoverinfo="text", marker=marker,
        text=[f"now: {called(here, shown.family)}<br>{here.numbers:,} bytes; {figures}"],
    )  # fmt: skip
