"""Files that are opened: a model with its own numbers, or settings."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.artifact import Model
from core.artifact.reopen import AWAY, DIFFERS, OUTSIDE, reopen
from core.config import Experiment
from core.config_file import parse_config
from core.datasets import OWN
from core.models import MODELS
from pages import _shared, _training
from pages._state import experiment, fall_back, take, use_table
from pages._training import suited


def open_model(model: Model, sha: str) -> None:
    """Make an opened file the current model: its recipe, its scheme, and its own numbers where they differ.

    A model from outside has no recipe, and one of a user's own table that is not open here has no rows; the settings
    of data and training then wait until it is closed.
    """
    own = model.data if model.data is not None and model.data.dataset == OWN else None
    at_hand = own is not None and _shared.open_table(own.sha256) is not None
    again = reopen(model, _shared.own_rows(own) if own is not None and at_hand else None)
    now = experiment()
    scheme = now.scheme if model.quantized is None else model.quantized.scheme
    notes = set(again.report.notes)
    if model.data is None or model.config is None or AWAY in notes:
        _show(replace(now, scheme=scheme), sha, model)
    elif again.parts.family == "trees":  # never trained again, which may take long
        _show(Experiment(model.data, model.config, scheme), sha, model)
    else:
        take(Experiment(model.data, model.config, scheme))
        st.session_state.opened = (sha, model) if {DIFFERS, OUTSIDE} & notes else None


def _show(e: Experiment, sha: str, model: Model) -> None:
    """Show an opened file's own numbers under the settings `e`."""
    state = st.session_state
    _training.drop()
    state.opened, state.experiment, state.problems = (sha, model), e, []
    fall_back()
    if e.data.dataset == OWN:
        use_table(e.data)


def open_settings(data: bytes) -> None:
    """Take the settings in a JSON file; raises `InvalidInput` and changes nothing when they are not ours."""
    e = parse_config(data, "settings")
    if not _training.needed(e):
        _shared.trained(e)
    take(e)
    st.session_state.opened = None


def close_model() -> None:
    """Leave the opened file and go back to training."""
    e = experiment()
    st.session_state.opened = None
    st.session_state.experiment = replace(e, scheme=suited(e.scheme, MODELS[e.train.model].family))
