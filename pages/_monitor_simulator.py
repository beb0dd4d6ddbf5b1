"""The simulator of the Monitor page: sliders that change one feature of a drawn batch."""

from __future__ import annotations

from functools import partial

import streamlit as st

from pages import _monitor_source, _monitor_state, _state
from pages._format import listed, literal
from pages._monitor_state import NUMBERS, ROWS, change
from pages._state import sync

STEPS = {"scale": 0.05, "shift": 0.05, "missing": 1.0, "new": 1.0}
FORMS = {"scale": "%.2f", "shift": "%.2f", "missing": "%.0f", "new": "%.0f"}


def render(file: str) -> None:
    """Draw the sliders, or the name of the `file` that takes their place, and the way to another file."""
    with st.container(border=True, key="simulator"):
        if file:
            st.markdown(f"**{literal(file)}**")
            st.button(
                "Close the file", key="monitor_close", on_click=_monitor_source.close, icon=":material/close:",
                width="stretch",
            )  # fmt: skip
        else:
            _sliders()
        _monitor_source.upload()


def _sliders() -> None:
    """Draw what the simulator changes: a text has no scale, and a number no categories."""
    t, now, feature = _state.trained(), _monitor_state.simulation(), _monitor_source.changed()
    names = t.dataset.feature_names
    i, labels = names.index(feature), {f.name: listed(f.label) for f in t.dataset.features}
    st.selectbox(
        "Feature to change", names, index=i, key=sync("sim_feature", feature), on_change=_take_feature,
        format_func=labels.__getitem__,
        help="Rows are drawn from those held back from training, and this feature is changed in them.",
    )  # fmt: skip
    text = bool(t.dataset.features[i].categories)
    for name in (*(("new",) if text else ("scale", "shift")), "missing"):
        number, key = NUMBERS[name], f"sim_{name}"
        value = float(getattr(now, name))
        st.slider(
            number.label, float(number.low), float(number.high), value=value, step=STEPS[name], format=FORMS[name],
            key=sync(key, value), on_change=partial(change, key, name), help=number.help,
        )  # fmt: skip
    rows = NUMBERS["rows"]
    st.select_slider(
        rows.label, ROWS, value=now.rows, key=sync("sim_rows", now.rows), on_change=partial(change, "sim_rows", "rows"),
        format_func=lambda n: f"{n:,}", help=rows.help,
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seed = NUMBERS["seed"]
        st.number_input(
            seed.label, int(seed.low), int(seed.high), now.seed, step=1, key=sync("sim_seed", now.seed), width=140,
            on_change=partial(change, "sim_seed", "seed"), help=seed.help,
        )  # fmt: skip
        st.button("No change", key="sim_calm", on_click=_monitor_state.calm, icon=":material/restart_alt:")


def _take_feature() -> None:
    """Change another feature, and look at it."""
    change("sim_feature", "feature")
    st.session_state.monitor_feature = ""
