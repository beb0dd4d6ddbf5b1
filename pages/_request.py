"""The row on Predict as a request to the REST interface: to paste into a shell, or to run as Python."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import streamlit as st

from core import workspaces
from core.api.snippets import curl, python
from core.config import Experiment
from core.cost import QUICK, seconds_to_fit
from core.datasets import Feature
from core.train import Trained
from core.workspaces import HEADER
from pages import _shared, _state
from pages._format import literal
from pages._front import base_path
from pages._predict_cells import ANOTHER

# What a browser may call this server; anything else is not repeated.
_HOST = re.compile(r"[A-Za-z0-9._\[\]:-]{1,255}")


def render(t: Trained) -> None:
    """Draw the folder of the page with the request; closed it costs nothing."""
    with st.expander("This request from a program", key="request_box", on_change="rerun", icon=":material/api:") as box:
        if box.open:
            _draw(t)


def _draw(t: Trained) -> None:
    asked = model(t)
    if asked is None:
        st.caption(
            "Programs ask for such a model by its id: save it (at the left, Save and open, Save), and its request "
            "stands here."
        )
        return
    body, headers = {**asked, "rows": [row(t, st.session_state.district)]}, _key(asked)
    url = f"{address()}{base_path()}/api/predict"
    st.caption("The same row and the same answers, by curl in a shell:")
    st.code(curl(url, body, headers), language="bash", wrap_lines=True)
    st.caption("And in Python, with nothing to install:")
    st.code(python(url, body, headers), language="python", wrap_lines=True)
    if headers:
        st.caption(
            f"{literal(HEADER)} carries the key of this browser's workspace. It is like a password: whoever has it can "
            "read all that is saved here."
        )
    docs = f"{base_path()}/api/docs"
    st.caption(f"Every path and field is described at [{docs}]({docs}).")


def _key(asked: dict[str, Any]) -> dict[str, str]:
    """Return the header that a request needs for a model in the workspace."""
    own = asked.get("model") in st.session_state.published.values()
    return {HEADER: st.session_state.workspace} if own else {}


def model(t: Trained) -> dict[str, Any] | None:
    """Return the fields that name the model on view: an id, or the recipe; None where it has to be saved first."""
    saved = st.session_state.published.get(_state.key())
    if saved is not None and workspaces.holds(_state.folder(), saved):
        return {"model": saved}
    e, plain = _state.experiment(), Experiment()
    if e == plain and _state.opened() == _shared.NOTHING:
        return {"model": "default"}
    own = _shared.is_own(e, _state.opened()) or _state.opened() != _shared.NOTHING
    if own or seconds_to_fit(t.dataset, e.data, e.train) > QUICK:
        return None
    # What is as everywhere needs no words, but for what the model's name decides.
    given, usual = e.to_json(), plain.to_json()
    return {"experiment": {name: part for name, part in given.items() if part != usual[name]}}


def row(t: Trained, values: tuple[float, ...]) -> dict[str, Any]:
    """Return the row by the names of its features, as JSON has it: texts by name, null where a value is missing."""
    pairs = zip(t.dataset.features, values, strict=True)
    return {feature.name: _value(feature, value) for feature, value in pairs}


def _value(feature: Feature, value: float) -> Any:
    if np.isnan(value):
        return None
    if feature.categories:
        return feature.categories[int(value)] if value >= 0 else ANOTHER
    if feature.flag and value in (0, 1):
        return bool(value)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def address() -> str:
    """Return scheme and host of this server as the browser called it."""
    parts = urlsplit(st.context.url or "")
    if parts.scheme in ("http", "https") and _HOST.fullmatch(parts.netloc):
        return f"{parts.scheme}://{parts.netloc}"
    return f"http://localhost:{st.get_option('server.port')}"
