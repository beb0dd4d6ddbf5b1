"""Training that takes long: a worker does it, the page goes on with the model it has, and takes the new one then.

What was asked for waits in the session as `wanted`; a newer wish takes its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from core import slow
from core.config import Experiment
from core.cost import QUICK, seconds_to_fit
from core.datasets import OWN, load
from core.models import MODELS
from core.quant import Scheme
from pages import _jobs, _shared, _shelves, _shipped

KIND = "train"


def needed(e: Experiment) -> bool:
    """Return whether a worker must train `e` first; raises `InvalidInput` for a user's table that is not open."""
    if _shipped.is_shipped(e):
        return False
    own = e.data.dataset == OWN
    data = _shared.own_rows(e.data) if own else load(e.data.dataset)
    if seconds_to_fit(data, e.data, e.train) <= QUICK:
        return False
    return _shelves.shelved("trained", _shared.key_of(e, False), own) is None


def begin(e: Experiment, meanwhile: Experiment) -> None:
    """Let a worker train `e`, and show `meanwhile`, which is trained already; when none can be had, say why."""
    state, own = st.session_state, e.data.dataset == OWN
    table = _shared.own_rows(e.data) if own else None
    label = f"Training of {MODELS[e.train.model].label}"
    state.problems = []
    state.experiment = replace(meanwhile, scheme=suited(meanwhile.scheme, MODELS[meanwhile.train.model].family))
    state.wanted = state.wanted_table = None
    if _jobs.start(KIND, label, _jobs.About(e.data, e.train), slow.fit, e.data, e.train, table):
        state.wanted = e
        state.wanted_table = _shared.open_table(e.data.sha256) if own else None


def drop() -> None:
    """Wait for nothing any more; a worker that is still at it is free at once."""
    _jobs.end(KIND)
    st.session_state.wanted = st.session_state.wanted_table = None


def arrive(take: Callable[[Experiment], None]) -> None:
    """Take what a worker has trained meanwhile; begin anew with a model that is no longer kept."""
    state = st.session_state
    if state.wanted is None:
        if state.opened is None and needed(state.experiment):
            begin(state.experiment, Experiment(scheme=state.experiment.scheme))
        return
    _jobs.collect(KIND)
    wanted, answer = state.wanted, _jobs.answer(KIND)
    if answer is not None and (answer.about.data, answer.about.train) == (wanted.data, wanted.train):
        own = wanted.data.dataset == OWN
        found = slow.with_rows(answer.result, _shared.own_rows(wanted.data) if own else None)
        _shelves.shelve("trained", _shared.key_of(wanted, False), own, found)
        _jobs.drop(KIND)
        take(with_scheme(wanted, state.experiment))
        state.wanted_table = None
        state.notice = f"{MODELS[wanted.train.model].label} is trained: every page now shows it."
    elif not _jobs.busy_with(KIND):
        state.wanted = state.wanted_table = None


def with_scheme(wanted: Experiment, now: Experiment) -> Experiment:
    """Return what was wanted, quantised as the dial stands by now; untouched, it is as it was asked for."""
    family, other = (MODELS[e.train.model].family for e in (wanted, now))
    touched = now.scheme != suited(wanted.scheme, other)
    return Experiment(wanted.data, wanted.train, suited(now.scheme, family) if touched else wanted.scheme)


def suited(scheme: Scheme, family: str) -> Scheme:
    """Return `scheme` as a model of this family can take it: only trees can be fewer; their leaves form no blocks."""
    if family != "trees":
        return replace(scheme, trees=0, depth=0)
    return replace(scheme, granularity="row") if scheme.granularity == "block" else scheme


def banner() -> None:
    """Draw how far the worker is, and what became of the last training where nothing came of it."""
    _jobs.watch(KIND)
