"""Training again on the Monitor page: the model in use on its rows and the batch, in a worker, and then the gate."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core import drift, renew, runs, slow
from core.artifact import encode, loads
from core.renew import Renewal
from core.retrain import Challenger, from_file
from pages import _jobs, _monitor_history, _runs_store, _state
from pages._format import literal
from pages._monitor_source import Current, model

KIND = "retrain"
_HELP = (
    "Trains the same model anew on its table and this batch, quantises it as it is now, and makes it the challenger of "
    "the registry. The gate promotes it unless it is worse than the champion, by more than the tolerance at the bad "
    "end of the interval, on rows that neither was trained on."
)


def render(now: Current) -> None:
    """Draw the tolerance and the button, how far the work is, and what came of it."""
    _take()
    refusal = _refusal(now)
    fired = drift.fires(_monitor_history.rule(), _monitor_history.of_model())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "It may be worse by", 0.0, 1.0, 0.01, step=0.005, format="%.4g", key="retrain_tolerance", width=160,
            help=runs.TOLERANCE.help,
        )  # fmt: skip
        st.button(
            "Train again with this batch", key="retrain", icon=":material/model_training:", help=_HELP,
            on_click=partial(_begin, now), disabled=bool(refusal) or _busy(), type="primary" if fired else "secondary",
        )  # fmt: skip
    if refusal:
        st.caption(refusal)
    _jobs.watch(KIND)
    _runs_store.watch()
    _outcome()


def _refusal(now: Current) -> str:
    """Return why nothing can be learnt from the batch on view, "" where something can."""
    if _state.trained().config is None:
        return "A model from outside has no recipe by which it could be trained again."
    if not now.report.performance:
        return f"Without true values, in the column {literal(_state.trained().dataset.target.name)}, nothing is learnt."
    return ""


def _busy() -> bool:
    return _jobs.busy_with(KIND) or _runs_store.busy()


def _begin(now: Current) -> None:
    t, state = _state.trained(), st.session_state
    if t.data is None or t.config is None:
        return
    pair = model()
    file, about, batch = encode(pair), _jobs.About(t.data, t.config), now.batch()
    state.retraining, state.renewal = (file, state.retrain_tolerance), None

    def train(_: int) -> str:
        _jobs.start(KIND, "Training again", about, from_file, file, batch, slow.own_rows_of(t))
        return ""

    # Whether it is the champion is known before anybody waits for a training.
    _runs_store.act("Looking for the champion", train, renew.champion, _runs_store.registry(), pair)


def _take() -> None:
    """Hand a challenger that has come back from the worker over to the registry."""
    _jobs.collect(KIND)
    answer, state = _jobs.answer(KIND), st.session_state
    if answer is None or _runs_store.busy():
        return
    _jobs.drop(KIND)
    file, tolerance = state.retraining
    _runs_store.act("Asking the gate", _told, _renewed, _runs_store.registry(), file, answer.result, tolerance)


def _renewed(registry: runs.Registry, file: bytes, found: Challenger, tolerance: float) -> Renewal:
    return renew.renew(registry, loads(file), found, tolerance)


def _told(found: Renewal) -> str:
    st.session_state.renewal = found
    return ""


def _outcome() -> None:
    """Say what the gate decided about the last challenger of this visit, and why."""
    found: Renewal | None = st.session_state.get("renewal")
    if found is None:
        return
    box, icon = (st.success, ":material/verified:") if found.decision.promoted else (st.warning, ":material/block:")

    box(f"Version {found.version}, {literal(found.decision.reason)}. Runs has both, and the way back.", icon=icon)
