"""Entry of every visit: page set-up, navigation, the settings of the address, the shared sidebar."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

# One module, one cache: everything is imported as `pages.…` and `core.…` from the project's root.
ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from pages import _dial, _sidebar, _state, _training, _turns  # noqa: E402  (needs the root on sys.path)

with _turns.turn():
    st.set_page_config(page_title="Bitdial", page_icon="🎚️", layout="wide")
    page = st.navigation(
        [
            st.Page("home.py", title="Quantise", icon=":material/tune:", default=True),
            st.Page("quantise.py", title="Quantise", url_path="quantise", visibility="hidden"),
            st.Page("train.py", title="Train", icon=":material/model_training:"),
            st.Page("compare.py", title="Compare", icon=":material/compare_arrows:"),
            st.Page("predict.py", title="Predict", icon=":material/home_pin:"),
            st.Page("runs.py", title="Runs", icon=":material/science:"),
            st.Page("monitor.py", title="Monitor", icon=":material/monitoring:"),
        ]
    )
    _state.start()
    _training.arrive(_state.take)
    _dial.styles()
    _sidebar.render(page.title)
    _sidebar.problems()
    _training.banner()
    # Here and not in the pages: a widget that two pages draw under one key starts empty on the second.
    if page.title not in ("Train", "Runs"):
        _dial.narrow_dial()
    page.run()
    _state.write_address()
