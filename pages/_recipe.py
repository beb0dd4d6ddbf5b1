"""Changes of the data and of the training: taken at once, or as soon as a worker has trained what takes long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from core.config import DataConfig, Experiment, TrainConfig, default_model, starting, task_of
from core.datasets import OWN
from core.models import MODELS, models_for
from core.quant import Scheme, default_scheme
from pages import _shared, _state, _training
from pages._training import suited


def _ask(change: Callable[[], Experiment]) -> None:
    """Take what `change` returns; who goes back to what is there already waits for nothing any more."""
    before = st.session_state.wanted
    _state.attempt(change)
    if before is not None and st.session_state.wanted is before and not st.session_state.problems:
        _training.drop()


def change_train(key: str, field: str) -> None:
    """Take a training setting from the widget `key`; another model starts with its own defaults."""
    e, value = _state.asked(), st.session_state[key]
    if field == "model":
        _ask(lambda: _with_other_model(e, value))
    else:
        _ask(lambda: replace(e, train=replace(e.train, **{field: value})))


def _with_other_model(e: Experiment, model: str) -> Experiment:
    """Return `e` with another model, which starts with its own defaults."""
    return replace(e, train=replace(e.train, model=model, params=()), scheme=_scheme_for(e, model))


def _scheme_for(e: Experiment, model: str) -> Scheme:
    """Return the scheme of `e` for another model; a dial that nobody has turned starts where its family does."""
    before, after = (MODELS[name].family for name in (e.train.model, model))
    untouched = before != after and e.scheme == default_scheme(before)
    return default_scheme(after) if untouched else suited(e.scheme, after)


def change_hyperparameter(key: str, name: str) -> None:
    """Take one hyperparameter of the current model from the widget `key`."""
    e, value = _state.asked(), st.session_state[key]
    pairs = dict(e.train.params) | {name: value}
    _ask(lambda: replace(e, train=replace(e.train, params=tuple(pairs.items()))))


def change_ratios(ratios: tuple[str, ...]) -> None:
    """Take other columns to divide."""
    e = _state.asked()
    _ask(lambda: replace(e, train=replace(e.train, ratios=ratios)))


def change_data(key: str, field: str) -> None:
    """Take a setting of the data from the widget `key`; another table gets a model that fits its task."""
    e, value = _state.asked(), st.session_state[key]
    if field == "dataset":
        _ask(lambda: _on_other_data(e, value))
    else:
        _ask(lambda: replace(e, data=replace(e.data, **{field: value})))


def _on_other_data(e: Experiment, name: str) -> Experiment:
    """Return `e` on another table, with the same share and seed; gaps and ratios are those of a table, and start anew.

    The user's own table comes back with the choices it had.
    """
    if name == OWN:
        own = st.session_state.own_table
        found = DataConfig(OWN, e.data.test_size, e.data.seed, own.table.sha256, own.target, own.features, own.task)
        train = starting(_shared.own_rows(found))
    else:
        found = DataConfig(name, e.data.test_size, e.data.seed)
        train = TrainConfig(default_model(name), e.train.scaling)
    if e.train.model in models_for(task_of(found)):
        train = TrainConfig(e.train.model, e.train.scaling, e.train.degree, e.train.params, train.impute)
    return replace(e, data=found, train=train, scheme=_scheme_for(e, train.model))
