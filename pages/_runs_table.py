"""The table of runs: filters, sortable columns, and which of the runs are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from core.datasets import DATASETS, OWN
from core.metrics import LABELS
from core.models import MODELS
from core.runs import Run
from pages import _runs_store
from pages._format import METHOD_LABELS, listed
from pages._runs_store import Listing

ALL = "All"
DESCRIBED = "Saved runs with their figures and sizes; choose rows to see, compare or delete them"


def render(found: Listing) -> tuple[Run, ...]:
    """Draw filters and table; return the runs that pass the filters."""
    shown = _filtered(found.runs)
    if not shown:
        st.caption("No run passes these filters.")
        return ()
    ids, chosen = tuple(r.id for r in shown), _runs_store.chosen_ids()
    cells = [_row(r, found) for r in shown]
    key = _key((ids, tuple(tuple(row.values()) for row in cells)))
    rows = [i for i, run in enumerate(ids) if run in chosen]
    st.dataframe(
        cells, hide_index=True, key=key, selection_mode="multi-row",
        on_select=lambda: _take(key, ids), selection_default={"selection": {"rows": rows}},
        column_config=_columns(), height=min(38 + 35 * len(shown), 388), placeholder="–", alt=DESCRIBED,
    )  # fmt: skip
    return shown


def _key(drawn: tuple[Any, ...]) -> str:
    """Return the key of the table: a new one where its cells, or what is chosen in it, changed from outside.

    A table that stays the same one drops what is chosen in it when its cells change.
    """
    state = st.session_state
    if state.get("runs_drawn") != drawn:
        state.runs_drawn, state.runs_revision = drawn, state.get("runs_revision", 0) + 1
    return f"runs_table_{state.runs_revision}"


def _take(key: str, ids: tuple[str, ...]) -> None:
    """Take the rows that are chosen in the table."""
    rows = st.session_state[key].selection.rows
    st.session_state.runs_chosen = tuple(ids[i] for i in rows if i < len(ids))


def _filtered(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Draw the filters, and return the runs that pass them."""
    with st.grid(columns=3, min_column_width=200, vertical_alignment="bottom"):
        data = _menu("Data", "runs_data", [r.dataset for r in runs], data_label)
        method = _menu("Method", "runs_method", [r.method for r in runs], method_label)
        text = st.text_input("Words in label, note or model", key="runs_text", max_chars=60, placeholder="any")
    words = text.casefold().split()
    return tuple(
        r for r in runs
        if data in (ALL, r.dataset) and method in (ALL, r.method) and all(w in _words(r) for w in words)
    )  # fmt: skip


def _menu(label: str, key: str, values: Sequence[str], named: Any) -> str:
    """Draw a menu of what there is; a choice that is no longer there is none."""
    options = [ALL, *sorted(set(values))]
    if st.session_state.get(key) not in options:
        st.session_state[key] = ALL
    return str(st.selectbox(label, options, key=key, format_func=lambda v: ALL if v == ALL else listed(named(v))))


def _words(run: Run) -> str:
    return " ".join([run.label, run.note, model_label(run), data_label(run.dataset)]).casefold()


def data_label(name: str) -> str:
    """Return what a data set is called on the screen."""
    return DATASETS[name].label if name in DATASETS else "a table of one's own" if name == OWN else name


def model_label(run: Run) -> str:
    """Return what the model of a run is called on the screen."""
    return MODELS[run.model].label if run.model in MODELS else run.model or "own model"


def method_label(name: str) -> str:
    """Return what a method is called on the screen."""
    return METHOD_LABELS.get(name, name or "not quantised")


def _row(run: Run, found: Listing) -> dict[str, Any]:
    gap, version = run.difference, found.version_of(run.id)
    return {
        "label": listed(run.label),
        "registry": "" if version is None else " ".join([f"v{version.number}", *version.aliases]),
        "data": listed(data_label(run.dataset)),
        "bits": run.bits or None,
        "figure": LABELS.get(run.metric, run.metric),
        "original": run.score("original"),
        "quantised": run.score("quantized"),
        "difference": None if gap is None else gap.value,
        "bytes": run.size(kind="numbers"),
        "saved": datetime.fromtimestamp(run.time, UTC),
        "note": listed(run.note),
    }


def _columns() -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    return {
        "label": text("Run", width=250),
        "registry": text("Registry", width=100, help="Version in the registry, and its aliases."),
        "data": text("Data", width=140),
        "bits": number("Bits", width=50),
        "figure": text("Figure", width=70, help="What the next three columns measure, on the test rows."),
        "original": number("Original", format="%.4f"),
        "quantised": number("Quantised", format="%.4f"),
        "difference": number("Difference", format="%+.2e"),
        "bytes": number("Bytes", format="localized", help="Of the numbers that a device must hold."),
        "saved": st.column_config.DatetimeColumn("Saved", format="distance"),
        "note": text("Note"),
    }
