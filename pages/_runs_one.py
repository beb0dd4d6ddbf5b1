"""One chosen run: its figures, what can be done with it, and its note."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core import runs
from core.artifact import SUFFIX, Model
from core.metrics import LABELS
from core.runs import Run
from pages import _opening, _runs_registry, _runs_store
from pages._format import literal, number, signed, size
from pages._result import card
from pages._runs_store import Listing
from pages._runs_table import data_label, model_label
from pages._state import sync


def render(run: Run, found: Listing) -> None:
    """Draw one run."""
    st.subheader(literal(run.label), anchor=False)
    _figures(run)
    _settings(run)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button("Open again", key="open_run", on_click=open_again, args=(run,), type="primary",
                  icon=":material/folder_open:", help="Model and settings come back to all pages.")  # fmt: skip
        st.download_button(
            "Model file", partial(runs.artefact, _runs_store.registry(), run.id), f"run-{run.id[:8]}{SUFFIX}",
            "application/octet-stream", key="download_run", on_click="ignore", icon=":material/download:",
            help=f"{size(run.bytes)}; it opens here, on the command line and in Python.",
        )  # fmt: skip
        report((run,))
        delete((run,))
    _note(run)
    _runs_registry.service(run, found)


def _figures(run: Run) -> None:
    gap, name = run.difference, LABELS.get(run.metric, run.metric)
    with st.grid(columns=4, min_column_width=182):
        for title, variant in (("Original", "original"), ("Quantised", "quantized")):
            train = number(run.score(variant, "train"))
            card(f"{title} {name}", number(run.score(variant)), f"train {train}", "On the test rows.")
        if gap is None:
            st.metric("Difference", "–", border=True)
        else:
            card("Difference", signed(gap.value), f"95 %: {signed(gap.low)} to {signed(gap.high)}", gap.verdict)
        before, after = (run.size(variant, "numbers") for variant in ("original", "quantized"))
        shown = f"{_many(after)} of {_many(before)}" if after is not None else _many(before)
        card("Bytes", shown, f"file {size(run.bytes)}", "Numbers that a device must hold; the file holds both models.")


def _many(count: int | None) -> str:
    return "–" if count is None else f"{count:,}"


def _settings(run: Run) -> None:
    words = [f"{model_label(run)} on {data_label(run.dataset)}"]
    words += [f"{name.partition('.')[2]} {value}" for name, value in run.params.items() if name.startswith("scheme.")]
    made = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    st.caption(literal(f"{', '.join(words)}. Saved on {run.origin}; {made}."))


def open_again(run: Run) -> None:
    """Make the model of a run the current one on all pages, with its settings."""

    def opened(model: Model) -> str:
        _opening.open_model(model, run.sha256)
        return f"Opened {run.label}: every page now shows it."

    _runs_store.act("Opening the run", opened, runs.model_of, _runs_store.registry(), run.id)


def report(chosen: tuple[Run, ...]) -> None:
    """Draw the button that downloads the report of one run or several as one page of HTML."""
    st.download_button(
        "Report", lambda: runs.report_html(chosen).encode(), f"bitdial-report-{chosen[0].id[:8]}.html", "text/html",
        key="report", on_click="ignore", icon=":material/description:",
        help="One file with figures, charts and how to reproduce them; it needs no internet.",
    )  # fmt: skip


def delete(chosen: tuple[Run, ...]) -> None:
    """Draw the button that deletes runs; it can be undone, so it asks nothing."""
    text = "Delete" if len(chosen) == 1 else f"Delete these {len(chosen)}"
    st.button(text, key="delete_runs", on_click=_delete, args=(chosen,), icon=":material/delete:")


def _delete(chosen: tuple[Run, ...]) -> None:
    whose = _runs_store.registry()

    def gone(_result: None) -> str:
        st.session_state.runs_gone = chosen
        _runs_store.choose(())
        return f"Deleted {_names(chosen)}."

    def each() -> None:
        for run in chosen:
            runs.delete(whose, run.id)

    _runs_store.act("Deleting", gone, each)


def undo() -> None:
    """Draw the button that brings back what was deleted last."""
    gone: tuple[Run, ...] = st.session_state.get("runs_gone", ())
    if gone:
        st.button(f"Undo: bring back {literal(_names(gone))}", key="undo_delete", on_click=_restore, args=(gone,),
                  icon=":material/undo:")  # fmt: skip


def _restore(gone: tuple[Run, ...]) -> None:
    whose = _runs_store.registry()

    def back(_result: None) -> str:
        st.session_state.runs_gone = ()
        _runs_store.choose(tuple(run.id for run in gone))
        return f"Brought back {_names(gone)}."

    def each() -> None:
        for run in gone:
            runs.restore(whose, run.id)

    _runs_store.act("Bringing back", back, each)


def _names(found: tuple[Run, ...]) -> str:
    return found[0].label if len(found) == 1 else f"{len(found)} runs"


def _note(run: Run) -> None:
    key = sync(f"note_{run.id}", run.note)
    st.text_input("Note", key=key, max_chars=runs.LONGEST_NOTE, placeholder="What should be remembered of this run?",
                  on_change=_noted, args=(run, key))  # fmt: skip


def _noted(run: Run, key: str) -> None:
    text = st.session_state[key]
    _runs_store.act("Keeping the note", lambda _: "", runs.note, _runs_store.registry(), run.id, text)
