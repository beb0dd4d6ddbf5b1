"""The button that saves what is on view as a run, and what became of it."""

from __future__ import annotations

import streamlit as st

from core import runs
from core.comparison import Comparison
from core.evaluate import model_file
from core.models import MODELS
from core.runs import Registry, Run
from core.train import Trained
from pages import _runs_store, _state
from pages._format import literal


def first() -> None:
    """Draw the button of a page that has no run yet."""
    st.button(
        "Save the current setting as the first run", key="save_first", on_click=save, args=("Runs",), type="primary",
        icon=":material/bookmark_add:", disabled=_runs_store.busy(),
    )  # fmt: skip


def control(page: str) -> None:
    """Draw the button, and once a run is saved where it is to be found; nothing of this looks at the store."""
    state = st.session_state
    st.button(
        "Save run", key="save_run", on_click=save, args=(page,), icon=":material/bookmark_add:",
        disabled=_runs_store.busy(), width="stretch",
        help="Keeps settings, figures with their intervals, sizes and the file, to be compared, opened again and put "
        "into service on the page Runs.",
    )  # fmt: skip
    if page == "Runs":
        return
    _runs_store.watch()
    if state.get("run_saved", ("", ""))[0] == _state.key():
        with st.container(key="sidebar_run", gap="small"):
            st.caption(f"Saved as a run: {literal(state.run_saved[1])}.")
            st.page_link("runs.py", label="See it under Runs", icon=":material/science:")


def save(page: str) -> None:
    """Save the result on view as a run of this visit's registry."""
    key, trained, c = _state.key(), _state.trained(), _state.comparison()

    def saved(run: Run) -> str:
        st.session_state.run_saved = (key, run.label)
        _runs_store.choose((run.id,))
        return f"Saved as a run: {run.label}."

    _runs_store.act("Saving the run", saved, _saved, _runs_store.registry(), trained, c, page)


def _saved(whose: Registry, trained: Trained, c: Comparison, page: str) -> Run:
    """Save a run that is called by its model and how it is quantised."""
    model = MODELS[trained.config.model].label if trained.config else "Own model"
    label = f"{model}, {c.quantized.scheme.label}"
    return runs.save_run(whose, model_file(trained, c, label), c, trained, label=label, origin=page)
