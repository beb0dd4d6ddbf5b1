"""A file of rows on Predict: both models answer each, and the answers can be taken away.

File and answers live in the visit alone: in the session, by the file's SHA-256, never in a shared cache.
"""

from __future__ import annotations

import pyarrow as pa
import streamlit as st

from core.artifact import Model
from core.artifact.model import from_trained
from core.errors import InvalidInput
from core.rows import MAX_BYTES, MAX_ROWS, Rows
from core.train import Trained
from pages import _batch_file, _shared, _state
from pages._batch_file import Answers
from pages._format import amount, literal, titled
from pages._received import Sent, kept, made, received

# Where the visit keeps the file and what was made of it.
PLACE = "batch"
SHOWN = 20


def render(t: Trained) -> None:
    """Draw the folder of the page in which a file is answered; closed it costs nothing."""
    with st.expander("A file of rows", key="batch_box", on_change="rerun", icon=":material/table_rows:") as box:
        if box.open:
            _draw(t)


def close() -> None:
    """Let go of the file and of what was made of it."""
    kept(PLACE).clear()


def _draw(t: Trained) -> None:
    model = made(PLACE, "model", _state.comparison(), lambda: from_trained(t, _state.comparison().quantized))
    st.caption(
        "Both models answer every row of a CSV file: UTF-8, with commas, semicolons or tabs between, at most "
        f"{MAX_BYTES // 1024**2} MB and {MAX_ROWS:,} rows, with exactly the model's columns in any order; a column "
        f"{literal(t.dataset.target.name)} with true values may stand beside them. The file stays in this visit."
    )
    key = f"batch_file_{st.session_state.get('batch_revision', 0)}"
    st.file_uploader(
        "Rows to predict",
        type=["csv", "tsv", "txt"],
        key=key,
        on_change=_take,
        args=(key,),
        max_upload_size=MAX_BYTES // 1024**2 + 1,  # the browser counts in millions
    )
    st.download_button(
        "Download a template", _batch_file.template(model, st.session_state.district), file_name="rows.csv",
        mime="text/csv", key="batch_template", on_click="ignore", icon=":material/download:",
        help="The columns that the model takes, with the row above as an example.",
    )  # fmt: skip
    sent: Sent | None = kept(PLACE).get("sent")
    if sent is None:
        return
    try:
        rows = made(PLACE, "rows", t, lambda: _batch_file.read(model, sent.data))
        answers = made(PLACE, "answers", _state.comparison(), lambda: _batch_file.answered(t, model, rows))
    except InvalidInput as error:
        st.error(literal(f"{sent.name}: {error}"), icon=":material/error:")
        return
    _summary(t, sent, rows, answers)
    _answers(t, sent, model, rows, answers)


def _take(key: str) -> None:
    """Read the file in the upload field `key`; one that is refused becomes a message, and the last one stays."""
    state, file = st.session_state, received(key, "batch_revision")
    if file is None:
        return
    name, data = file
    t, sent = _state.trained(), Sent(name, _shared.digest(data), data)
    if "sent" not in kept(PLACE) or kept(PLACE)["sent"].sha != sent.sha:
        try:
            rows = _batch_file.read(from_trained(t, _state.comparison().quantized), data)
        except InvalidInput as error:
            state.problems = [f"{name}: {error}"]
            return
        kept(PLACE)["rows"] = (sent.sha, t, rows)
    kept(PLACE)["sent"], state.problems = sent, []


def _summary(t: Trained, sent: Sent, rows: Rows, answers: Answers) -> None:
    """Draw how many rows there are, what was unknown or missing in them, and how far the models agree."""
    numbers = {t.preparation.features[i] for i in t.preparation.numbers}
    filled = tuple(pair for pair in rows.missing if pair[0] in numbers)
    empty = tuple(pair for pair in rows.missing if pair[0] not in numbers)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{literal(sent.name)}**", width="content")
        st.button("Close the file", key="batch_close", on_click=close, icon=":material/close:")
    alike = "the same class"
    if answers.tolerance is not None:
        alike = f"at most {amount(answers.tolerance, t.dataset.target.unit)} apart"
    # fmt: off
    with st.grid(columns=5, min_column_width=130):
        _card("Rows", f"{len(rows.X):,}", "read", "Rows below the header.")
        _card("Agreement", f"{100 * answers.share:.2f} %", literal(alike),
              "Share of the rows with the same class from both models, or with values no further apart.")
        _card("Outside training", f"{answers.outside:,}", "rows",
              "Rows with a value beyond the training range, or an unknown text. Both models only guess there.")
        _card("Unknown texts", f"{_total(rows.unknown):,}", "cells", "Texts that training never saw count as none.")
        _card("Filled numbers", f"{_total(filled):,}", "cells", "Empty cells in which a number of the training stands.")
    # fmt: on
    named = (("unknown texts", rows.unknown), ("filled numbers", filled), ("texts missing", empty))
    said = [f"{what}: " + ", ".join(f"{literal(n)} {c:,}" for n, c in pairs) for what, pairs in named if pairs]
    if said:
        st.caption(titled("; ".join(said)) + ".")


def _total(pairs: tuple[tuple[str, int], ...]) -> int:
    return sum(count for _, count in pairs)


def _card(label: str, value: str, below: str, meaning: str) -> None:
    st.metric(label, value, border=True, help=meaning, delta=below, delta_color="off", delta_arrow="off")


def _answers(t: Trained, sent: Sent, model: Model, rows: Rows, answers: Answers) -> None:
    """Draw the first rows with their answers, and the file of all of them."""
    first = made(PLACE, "first", answers, lambda: pa.table(_batch_file.table(model, rows, answers, SHOWN)))
    st.dataframe(first, hide_index=True, key="batch_rows", placeholder="", alt="First rows with both answers")
    more = f"The first {SHOWN} of {len(rows.X):,} rows. " if len(rows.X) > SHOWN else ""
    unit = "" if model.classes else f"Values are in {literal(t.dataset.target.table_unit or t.dataset.target.label)}. "
    st.caption(f"{more}{unit}A leading quote in the file keeps spreadsheets from running a text.")
    st.download_button(
        "Download all answers",
        lambda: _batch_file.written(_batch_file.table(model, rows, answers)),
        file_name="answers.csv", mime="text/csv", key="batch_download", on_click="ignore", type="primary",
        icon=":material/download:", help="Every row with both answers and their difference, as CSV.",
    )  # fmt: skip
