"""Everything of this browser's workspace and of this visit that can be deleted, deleted at once."""

from __future__ import annotations

import streamlit as st

from core import runs, workspaces
from core.settings import settings
from pages import _monitor_history, _own, _runs_store, _state
from pages._format import size


def render() -> None:
    """Draw the button that asks once more, and says beforehand what goes."""
    with st.popover("Reset", key="reset_box", on_change="rerun", width="stretch", icon=":material/delete_forever:"):
        also = ", your runs and versions" if settings().hosted else ""
        st.markdown(
            f"All models saved in this browser{also}, its recorded batches, your pinned settings and your own tables "
            "are gone for good then."
        )
        st.button("Delete it all", key="reset", on_click=reset, type="primary", width="stretch")


def reset() -> None:
    """Delete the models of the workspace, the pins and the tables of the visit, and say what was deleted."""
    state = st.session_state
    state.reset_box = False
    pins, tables = len(state.pins), len(_tables())
    count, taken = workspaces.reset(_state.folder())
    if tables or state.get("undecoded") or state.get("reading"):
        _own.delete()
    state.problems, state.pins, state.published, state.saved_id = [], [], {}, ""
    _monitor_history.forget()
    left = len(workspaces.saved(_state.folder()))
    if left:
        state.problems = [f"{left} of {left + count} saved models cannot be deleted: the folder is read-only"]
    parts = [_many(count, "saved model") + (f" ({size(taken)})" if count else "")]
    state.notice = "Deleted: " + ", ".join([*parts, _many(pins, "pinned setting"), _many(tables, "table")]) + "."
    if settings().hosted:  # elsewhere they belong to all who work with this installation
        _forget_runs(state.notice)


def _forget_runs(said: str) -> None:
    """Delete every run and version of this visit's own registry, and say it beside what was `said`."""

    def gone(count: int) -> str:
        _runs_store.forget()
        return f"{said} {_many(count, 'run')} deleted." if count else said

    _runs_store.act("Deleting the runs", gone, runs.forget, _runs_store.registry())


def _tables() -> set[str]:
    """Return the tables of this visit by their SHA-256: used, or read and not yet used."""
    state = st.session_state
    read = (state.draft, state.own_table, state.wanted_table)
    return {*state.own_seen, *(found.table.sha256 for found in read if found is not None)}


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
