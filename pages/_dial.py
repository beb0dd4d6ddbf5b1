"""The dial: bits and method, in the sidebar, and at the top of the page where the sidebar hides."""

from __future__ import annotations

import streamlit as st

from core.quant import BITS, METHOD_NAMES
from pages._format import METHOD_LABELS
from pages._state import change_scheme, experiment, sync

# Streamlit folds its sidebar away below 768 px; the copy of the dial shows only there. Static text of ours.
_STYLES = """<style>
@media (min-width: 768px) { .st-key-narrow_dial { display: none; } }
[data-testid="stMetricValue"] { font-variant-numeric: tabular-nums; }
.st-key-finding p { font-size: 1.35rem; line-height: 1.45; }
</style>"""


def styles() -> None:
    """Write the few rules that the theme has no setting for."""
    st.html(_STYLES)


def dial(suffix: str = "") -> None:
    """Draw the slider for bits and the menu of methods."""
    scheme = experiment().scheme
    st.slider(
        "Bits",
        int(BITS.low),
        int(BITS.high),
        key=sync(f"bits{suffix}", scheme.bits),
        on_change=change_scheme,
        args=(f"bits{suffix}", "bits"),
        help=BITS.help,
    )
    st.selectbox(
        "Method",
        METHOD_NAMES,
        format_func=METHOD_LABELS.__getitem__,
        key=sync(f"method{suffix}", scheme.method),
        on_change=change_scheme,
        args=(f"method{suffix}", "method"),
        help="Which values a code can stand for.",
    )


def narrow_dial() -> None:
    """Draw the copy of the dial that narrow screens show at the top of the page."""
    with st.container(key="narrow_dial"):
        dial("_narrow")
