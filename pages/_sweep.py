"""Every setting: the map of bits by method, coloured by what is lost; a click takes a cell."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core import figures
from core.comparison import Comparison
from core.figures import called
from core.quant import METHODS
from core.sweep import Point, Sweep
from core.sweep.front import worth
from pages import _choice, _every, _shared, _state
from pages._format import METHOD_LABELS, number

SWITCHES = {"current": "With the current switches", "best": "With the best switches"}
LABELS = tuple(METHOD_LABELS[name] for name in METHODS)


def render(c: Comparison) -> None:
    """Draw the map, what it shows in words, and the menu of its cells."""
    st.segmented_control(
        "Switches", list(SWITCHES), format_func=SWITCHES.__getitem__, required=True, on_change=_change_switches,
        key=_state.sync("switches", st.session_state.get("map_switches", "current")),
        help="Current: space, scale, intercept and granularity as they are under Advanced. Best: in each cell those "
        "with the best figure on the training rows.",
    )  # fmt: skip
    best = st.session_state.get("map_switches") == "best"
    shown = _cells(c, best)
    if shown is None:
        return
    found, cells, key = shown
    name, now = _choice.main_name(c), _choice.here(c, found, found.basis)
    figure = _shared.drawn(
        f"map {best}", _state.key(),
        lambda: figures.loss_map(
            found, cells, found.basis, _shared.palette(), name, LABELS, now, c.original.family
        ),
    )  # fmt: skip
    schemes = tuple(p.scheme for p in cells)
    st.plotly_chart(
        figure, key="map_of_settings", config=_choice.CLICKED, on_select=_choice.clicked("map_of_settings", schemes),
        selection_mode="points", alt=f"Loss of {name} for every width and method; click a cell to take its setting",
    )  # fmt: skip
    st.caption(_words(c, found, best))
    names = _shared.drawn("names of cells", key, lambda: _names(cells))
    _choice.menu("A setting of the map", "map_choice", names, schemes, now.scheme)


def _change_switches() -> None:
    st.session_state.map_switches = st.session_state.switches


def _cells(c: Comparison, best: bool) -> tuple[Sweep, tuple[Point, ...], str] | None:
    """Return the sweep behind the map, a point a cell, and the text that stands for both; None while there is none."""
    if best:
        swept = _every.every(_choice.model_key())
        if swept is None:
            return None
        found = swept
        key = f"{_choice.model_key()} best"
        return found, _shared.drawn("cells", key, lambda: best_cells(found)), key
    # What `auto` found is a method with its switches, from which the map goes on.
    e, opened, methods = replace(_state.experiment(), scheme=c.quantized.scheme), _state.opened(), tuple(METHODS)
    line = _every.line(e, opened, methods)
    return None if line is None else (line, line.points, _shared.line_key(e, opened, methods))


def best_cells(found: Sweep) -> tuple[Point, ...]:
    """Return of each method and width the setting with the best figure, and of those the fewest bytes."""
    best: dict[tuple[str, int], Point] = {}
    for p in found.points:
        at = (p.method, p.bits)
        if at not in best or _rank(p, found.basis) > _rank(best[at], found.basis):
            best[at] = p
    return tuple(best.values())


def _rank(p: Point, basis: str) -> tuple[float, int, float]:
    return worth(p, basis), -p.numbers, -p.output_error


def _names(cells: tuple[Point, ...]) -> tuple[str, ...]:
    return tuple(f"{called(p, _state.family())}: {p.numbers:,} bytes" for p in cells)


def _words(c: Comparison, found: Sweep, best: bool) -> str:
    """Return what the map shows, in words."""
    name = _choice.main_name(c)
    on = _choice.ON[found.basis]
    cell = f"{name} on the test rows" if len(c.differences) else f"the {name}"
    text = (
        f"Each cell says {cell}; its colour says how far {name} {on} lies below the original's "
        f"{number(found.original(found.basis))}, and 0 means by less than a millionth. "
    )
    if best:
        text += f"Of {len(found.points):,} settings each cell has the best {on}; a dotted frame has other switches. "
        text += _left_out(found)
    return text + "The frame is the current setting. Click a cell to take its setting."


def _left_out(found: Sweep) -> str:
    skipped = " and ".join(found.skipped)
    return f"Not tried, because the model is large: {skipped}. " if skipped else ""
