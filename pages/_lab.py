"""The Lab: what no model here does, and why; for trees, thresholds that are rounded instead of indexed."""

from __future__ import annotations

import pyarrow as pa
import streamlit as st

from core.comparison import Comparison
from core.lab import ROUNDINGS, Rounded, round_thresholds
from core.metrics import LABELS
from core.train import Trained
from pages import _choice, _shared, _state
from pages._format import number

# What is looked at first: float32 changes nothing in most trees.
_FIRST = "float16"


def render(c: Comparison) -> None:
    """Draw what rounding the thresholds would do, kind by kind; nothing is computed before it is asked for."""
    t, state = _state.trained(), st.session_state
    st.markdown("**What if thresholds were rounded?**")
    chosen = state.get("lab_kind", _FIRST)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Round thresholds to", list(ROUNDINGS), format_func=lambda k: ROUNDINGS[k].label,
            key=_state.sync("lab_rounding", chosen), on_change=_take, width=260,
        )  # fmt: skip
    found = _shared.drawn(f"lab {chosen}", _choice.model_key(), lambda: round_thresholds(t, chosen))
    st.markdown(_words(found, t))
    table = _shared.drawn(f"lab table {chosen}", _choice.model_key(), lambda: _table(found, c.metric))
    config = {n: st.column_config.TextColumn(n, alignment="right") for n in table.column_names[1:]}
    st.dataframe(
        table, hide_index=True, key="lab_table", column_config=config,
        alt="Both models with exact and with rounded thresholds",
    )  # fmt: skip
    st.caption(
        "No model here is stored so: a row between a threshold and its rounded value goes the other way, and ends in a "
        "leaf that may have little to do with it. Thresholds stand in exact tables, which each question points into; "
        "only leaves become codes. Leaves are those of the original here."
    )


def _take() -> None:
    st.session_state.lab_kind = st.session_state.lab_rounding


def _words(found: Rounded, t: Trained) -> str:
    """Return how many rows end in another leaf."""
    if found.pairs is None or found.rows is None:
        return "There are no test rows to count."
    many = len(t.parts.structure["n_nodes"])
    said = f"**{found.rows:.2%}** of the test rows reach another leaf"
    return f"{said}." if many == 1 else f"{said} in at least one tree; **{found.pairs:.3%}** of all rows and trees."


def _table(found: Rounded, metric: str) -> pa.Table:
    return pa.table(
        {
            "thresholds": ["exact, in tables", ROUNDINGS[found.kind].label],
            "bytes of the tables": [f"{found.table_before:,}", f"{found.table_after:,}"],
            f"{LABELS[metric]}, test": [number(m[metric], 6) for m in (found.before, found.after)],
        }
    )
