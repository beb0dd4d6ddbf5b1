"""Bytes against the figure: the Pareto front as a chart and as a table, both of which take a setting."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import streamlit as st

from core import figures
from core.comparison import Comparison
from core.figures import Cloud, called
from core.quant import Scheme
from core.sweep import Point
from pages import _budget, _choice, _shared, _state
from pages._format import number


def tab_name(c: Comparison) -> str:
    """Return the name of the tab, which says against what the bytes are drawn."""
    return f"Bytes against {_choice.main_name(c)}"


def render(c: Comparison) -> None:
    """Draw the chart, what it shows in words, the table of the front and the menu of its settings."""
    swept = _choice.swept()
    if swept is None:
        return
    found, basis = swept
    name, key, budget = _choice.main_name(c), f"{_choice.model_key()} {basis}", _budget.value()
    shown: Cloud = _shared.drawn("cloud", key, lambda: figures.cloud(found, basis, name, c.original.family))
    now = _choice.here(c, found, basis)
    figure = _shared.drawn(
        f"pareto {basis} {budget}", _state.key(), lambda: figures.pareto(shown, _shared.palette(), now, budget)
    )
    schemes = tuple(p.scheme for p in found.tried)
    st.plotly_chart(
        figure, key="pareto", config=_choice.CLICKED, on_select=_choice.clicked("pareto", schemes),
        selection_mode="points",
        alt=f"Bytes against {name} of every setting, with the front that none beats; click a setting to take it",
    )  # fmt: skip
    words = f"{len(found.tried):,} settings, the plain casts and the original; grey ones are beaten"
    absent = now.figure(basis) is None
    st.caption(
        f"{words}: another has as few bytes and as good a figure, and hovering says which. Settings far below are not "
        f"drawn. {_choice.CHOSEN[basis]}" + (" The current setting is not among those tried." if absent else "")
    )
    _table(shown, now, key)


def _table(shown: Cloud, now: Point, key: str) -> None:
    """Draw the front as a table; choosing a row, or the menu beneath, takes the setting."""
    st.markdown("**The front: what none beats**")
    sent, schemes = _shared.drawn(
        f"front {_budget.value()} {now.scheme.words}", key, lambda: (_rows(shown, now), _schemes(shown))
    )
    # A click is heard once, and leaves no row chosen: the table of the next setting is another one.
    rows = f"front_rows_{st.session_state.get('clicks', 0)}"
    with st.container(key="front_rows"):
        st.dataframe(
            sent, hide_index=True, key=rows, on_select=_choice.chosen_row(rows, schemes), selection_mode="single-row",
            column_config=_columns(shown), alt="The settings that none beats",
        )  # fmt: skip
    settings = [shown.candidates[i] for i in shown.best if i < shown.settings]
    names = [f"{p.numbers:,} bytes: {called(p, shown.family)}" for p in settings]
    _choice.menu("Setting on the front", "front_choice", names, [s for s in schemes if s is not None], now.scheme)


def _schemes(shown: Cloud) -> tuple[Scheme | None, ...]:
    """Return the setting of each row of the table; none for the plain casts and the original."""
    return tuple(p.scheme if isinstance(p, Point) else None for p in (shown.candidates[i] for i in shown.best))


def _headings(shown: Cloud) -> tuple[str, str]:
    """Return what the two columns of figures are called."""
    name, basis = shown.name, {"train": "training", "cv": "cross-validated"}
    return (name if shown.basis == "fidelity" else f"{name}, {basis[shown.basis]}"), f"{name}, test"


def _rows(shown: Cloud, now: Point) -> pa.Table:
    """Return the table in the form in which it is sent."""
    front, budget = [shown.candidates[i] for i in shown.best], _budget.value()
    judged, test = _headings(shown)
    columns: dict[str, list[Any]] = {
        "bytes": [p.numbers for p in front],
        "setting": [called(p, shown.family) if isinstance(p, Point) else _not_a_setting(p.kind) for p in front],
        judged: [number(p.figure(shown.basis), 6) for p in front],
    }
    if shown.found.original_test is not None:
        columns[test] = [number(p.test, 6) for p in front]
    if budget is not None:
        columns["fits the budget"] = ["yes" if p.numbers <= budget else "no" for p in front]
    columns["now"] = ["●" if isinstance(p, Point) and p.scheme == now.scheme else "" for p in front]
    return pa.table(columns)


def _not_a_setting(kind: str) -> str:
    return "the original, float64" if kind == "original" else f"plain {kind} cast"


def _columns(shown: Cloud) -> dict[str, Any]:
    """Return width, alignment and meaning of the columns."""
    judged, test = _headings(shown)
    figures_ = {
        heading: st.column_config.TextColumn(heading, alignment="right", width=100) for heading in (judged, test)
    }
    return figures_ | {
        "now": st.column_config.TextColumn("now", width=44, help="The current setting."),
        "bytes": st.column_config.NumberColumn("bytes", width=64, format="localized"),
        "setting": st.column_config.TextColumn("setting", width=500),
        "fits the budget": st.column_config.TextColumn("fits the budget", width=100),
    }
