"""The champion of the registry on Predict: what it answers to the row, and how programs ask for it by that name."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import runs
from core.api.snippets import curl
from core.artifact import Model
from core.parts import Floats
from core.runs import CHAMPION, Version
from core.settings import settings
from core.train import Trained
from core.workspaces import HEADER
from pages import _request, _runs_store
from pages._format import amount, literal, money
from pages._front import base_path


def render(t: Trained, row: Floats) -> None:
    """Draw the folder with the champion's answer; closed it costs nothing, open it follows the registry."""
    with st.expander("The champion's answer", key="champion_box", on_change="rerun", icon=":material/verified:") as box:
        if not box.open:
            return
        found = _runs_store.listing()
        version = None if found is None else found.called(CHAMPION)
        if version is not None:
            _of(t, row, version)
        elif found is not None:
            st.caption("No model is in service yet: save a run, choose it under Runs and promote it.")
        _runs_store.broken()
        _runs_store.watch()


def _of(t: Trained, row: Floats, version: Version) -> None:
    sha256, model = st.session_state.get("champion", ("", None))
    if sha256 != version.sha256:
        _fetch(version)
        sha256, model = st.session_state.get("champion", ("", None))
    if model is None or sha256 != version.sha256:
        return
    if [(f.name, f.categories) for f in model.features] != [(f.name, f.categories) for f in t.dataset.features]:
        st.caption(f"Version {version.number}, {literal(version.label)}, takes other features than the current model.")
        return
    if (np.isnan(row) & ~np.array(model.preparation.may_miss)).any():
        st.caption("The champion answers no row with a missing value.")
        return
    _answer(model, version, row)
    body = {"model": CHAMPION, "rows": [_request.row(t, st.session_state.district)]}
    headers = {HEADER: st.session_state.workspace} if settings().hosted else {}
    st.caption(f"Programs that name the model `{CHAMPION}` follow every promotion within a second:")
    st.code(curl(f"{_request.address()}{base_path()}/api/predict", body, headers), language="bash", wrap_lines=True)


def _fetch(version: Version) -> None:
    """Read the champion's file, checked; it is kept in this visit."""

    def fetched(model: Model) -> str:
        st.session_state.champion = (version.sha256, model)
        return ""

    _runs_store.act("Reading the champion", fetched, runs.model_of, _runs_store.registry(), version.run)


def _answer(model: Model, version: Version, row: Floats) -> None:
    """Write what the champion says to the row."""
    with np.errstate(all="ignore"):  # what comes out is looked at instead
        outputs = model.outputs(row[None, :], model.variants[-1])[0]
    if not np.isfinite(outputs).all():
        st.caption("These values are too large for the champion to answer.")
        return
    if model.classes:
        k = int(np.argmax(outputs))
        said = f"{model.classes[k]} ({float(outputs[k]):.1%})"
    else:
        value, unit = float(outputs) * model.target.factor, model.target.unit
        said = money(value, unit) if unit == "$" else amount(value, unit)
    st.markdown(f"**Version {version.number}**, {literal(version.label)}, says :orange[{literal(said)}].")
