"""The section "Your own table" on Train: a file to open, what was found in it, what is to be learnt from it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import streamlit as st

from core import tables
from core.fields import spell
from core.tables.limits import MAX_BYTES
from core.tables.table import FLAG, NUMBER
from pages import _jobs, _own, _shared, _shelves
from pages._format import listed, literal, size
from pages._state import sync

SEEN = 8
# Longer cells are cut off in the preview.
_LONGEST = 60
_EXAMPLES = 3
_DONE = "what is done with it"
_MIB = 1024 * 1024
WHERE = (
    "A table stays in this server's memory, for this visit only, and nobody else can see it; a model that you save is "
    "a file without its rows."
)
TASKS = {"regression": "Regression", "classification": "Classification"}
KINDS = {NUMBER: "number", FLAG: "true or false"}


def render() -> None:
    """Draw the section; closed, it costs nothing."""
    with st.expander("Your own table", key="own_box", icon=":material/upload_file:", on_change="rerun") as box:
        if box.open:
            _own.arrive()
            _files()
            _jobs.watch(_own.KIND)
            chosen = _own.draft()
            if chosen is not None:
                _found(chosen)
                _choices(chosen)
            _ends(chosen)


def _files() -> None:
    """Draw the ways to open a table, and the encodings when one must be named."""
    key = f"own_file_{st.session_state.uploads}"
    with st.grid(columns=2, min_column_width=330, gap="medium"):
        st.file_uploader(
            "CSV, TSV or Parquet, at most 10 MB", key=key, max_upload_size=MAX_BYTES // _MIB + 1, on_change=_own.upload,
            args=(key,),
            help="The contents decide, not the name: delimiter, decimal mark and encoding are found out. At least 20 "
            "rows below a header, at most 200,000 rows and 500 columns.",
        )  # fmt: skip
        with st.container():
            st.markdown("Or start from an example:")
            with st.container(horizontal=True):
                for name, label in _own.EXAMPLES.items():
                    st.button(label, key=f"own_{name}", on_click=_own.open_example, args=(name,))
                st.download_button(
                    "A template to fill in", _own.example("template").read_bytes, file_name="template.csv",
                    mime="text/csv", key="own_template", on_click="ignore", icon=":material/download:",
                )  # fmt: skip
            st.caption(WHERE)
    if st.session_state.undecoded is not None:
        with st.container(horizontal=True):
            for encoding, label in tables.ENCODINGS.items():
                if encoding != "utf-8":
                    st.button(f"Read it as {label}", key=f"own_{encoding}", on_click=_own.read_again, args=(encoding,))


def _found(chosen: _shared.OwnTable) -> None:
    """Draw what was found out while reading, the first rows, and every column with what is done with it."""
    table = chosen.table
    counts = f"{table.n_rows:,} rows, {len(table.columns)} columns, {size(table.bytes)}"
    st.markdown(f"**{literal(chosen.name)}**: {counts}; {literal('; '.join(table.notes))}.")
    key = f"{table.sha256} {chosen.target} {chosen.task} {chosen.features}"
    st.dataframe(
        _shelves.kept("preview", table.sha256, lambda: _preview(table)), hide_index=True, key="own_preview",
        alt="The first rows of the table", column_config=_right([c.name for c in table.columns if c.kind == NUMBER]),
    )  # fmt: skip
    st.dataframe(
        _shelves.kept("columns", key, lambda: _columns(chosen)), hide_index=True, key="own_columns",
        alt="The columns of the table",
        column_config={
            "type": st.column_config.TextColumn(width=84), **_right(["missing", "different"], 72),
            "range": st.column_config.TextColumn(width=150), _DONE: st.column_config.TextColumn(width=400),
        },
    )  # fmt: skip


def _right(names: list[str], width: int | None = None) -> dict[str, Any]:
    return {name: st.column_config.TextColumn(alignment="right", width=width) for name in names}


def _text(value: tables.Plain) -> str:
    """Return one cell as a short text on one line; nothing where a value is missing."""
    if value is None:
        return ""
    text = "".join(c if c.isprintable() else " " for c in value) if isinstance(value, str) else spell(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _preview(table: tables.Table) -> pa.Table:
    """Return the first rows in the form in which they are sent."""
    rows = table.preview(SEEN)
    return pa.table({name: [_text(row[i]) for row in rows] for i, name in enumerate(table.names)})


def _columns(chosen: _shared.OwnTable) -> pa.Table:
    """Return a row for each column: what it holds, and what is done with it."""
    found = chosen.table.columns
    return pa.table(
        {
            "column": [c.name for c in found],
            "type": [KINDS.get(c.kind, "text") for c in found],
            "missing": [f"{c.missing:,}" for c in found],
            "different": [f"{c.distinct:,}" for c in found],
            "range": [_range(c) for c in found],
            _DONE: [_use(chosen, c) for c in found],
        }
    )


def _range(column: tables.Column) -> str:
    """Return the smallest and the largest number, or the first few texts."""
    if column.words is not None:
        first = [_text(word) for word in column.words[:_EXAMPLES].to_pylist()]
        return _text(", ".join(first)) + (", …" if column.distinct > _EXAMPLES else "")
    if column.kind == FLAG or column.low is None or column.high is None:
        return ""
    return f"{column.low:.6g} to {column.high:.6g}"


def _use(chosen: _shared.OwnTable, column: tables.Column) -> str:
    """Return what is done with a column, in the proposal's words wherever the choices follow it."""
    if column.name == chosen.target:
        return f"predicted: {chosen.task}"
    if column.name in chosen.features:
        return tables.treatment(column)
    reason = tables.why_not(column)
    return f"left out: {reason}" if reason else "left out"


def _choices(chosen: _shared.OwnTable) -> None:
    """Draw what is to be predicted, how, and from what."""
    names = chosen.table.names
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Predict", names, names.index(chosen.target), format_func=listed,
            key=sync("own_target", chosen.target), on_change=_own.choose, args=("own_target", "target"), width=260,
            help="The column that the model learns to predict.",
        )  # fmt: skip
        st.segmented_control(
            "Task", list(TASKS), format_func=TASKS.__getitem__, key=sync("own_task", chosen.task), required=True,
            on_change=_own.choose, args=("own_task", "task"),
            help="Regression predicts a number, classification one of a few classes.",
        )  # fmt: skip
    st.multiselect(
        "From these columns", [n for n in names if n != chosen.target], format_func=listed,
        key=sync("own_features", list(chosen.features)), on_change=_own.choose, args=("own_features", "features"),
        help="The features. Proposed are all columns that can tell something about new rows.",
    )  # fmt: skip


def _ends(chosen: _shared.OwnTable | None) -> None:
    """Draw the button that trains on the table, and the one that deletes it with all that was made of it."""
    state = st.session_state
    with st.container(horizontal=True):
        if chosen is not None:
            st.button("Use this table", key="own_use", type="primary", on_click=_own.use, icon=":material/check:")
        if chosen is not None or state.own_table is not None or state.undecoded is not None:
            st.button(
                "Delete my data", key="own_delete", on_click=_own.delete, icon=":material/delete:",
                help="Removes the table, every model trained on it and all their results from this server at once.",
            )  # fmt: skip
