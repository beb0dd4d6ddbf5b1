"""The dial: bits and method, in the sidebar, and at the top of the page where the sidebar hides."""

from __future__ import annotations

import streamlit as st

from core.families.trees import levels, rounds
from core.quant import BITS, KEEPING, METHOD_NAMES
from pages import _budget
from pages._format import METHOD_LABELS
from pages._state import change_scheme, experiment, set_bits, set_method, sync, trained

# Streamlit folds its sidebar away below 768 px; the other form of the dial shows only there. Its upload fields count in
# millions of bytes, and would name another limit than ours. A chart that can be clicked swallows the finger that
# scrolls the page: on touch screens it is only looked at. The name stands where the sidebar has its empty head, and
# behind the button that opens it where it hides; as text of the style it costs a rerun nothing. Static text of ours.
_STYLES = """<style>
@media (min-width: 768px) { .st-key-narrow_dial, .st-key-narrow_budget { display: none; } }
[data-testid="stSidebarHeader"]::before, [data-testid="stExpandSidebarButton"]::after {
  content: "Bitdial"; font-size: 1.3rem; font-weight: 700; letter-spacing: -0.01em;
}
[data-testid="stMetricValue"] { font-variant-numeric: tabular-nums; }
[class*="_file_"] [data-testid="stFileUploaderDropzoneInstructions"] { display: none; }
.st-key-finding p { font-size: 1.35rem; line-height: 1.45; }
[class*="st-key-cure_"] button p { text-align: left; }
@media (hover: none) { .st-key-curve .drag, .st-key-size_curve .drag { pointer-events: none !important; } }
</style>"""


def styles() -> None:
    """Write the few rules that the theme has no setting for."""
    st.html(_STYLES)


def dial() -> None:
    """Draw the slider for bits and the menu of methods."""
    scheme = experiment().scheme
    st.slider(
        "Bits",
        int(BITS.low),
        int(BITS.high),
        value=scheme.bits,  # a browser that mounts the slider late starts from here
        key=sync("bits", scheme.bits),
        on_change=change_scheme,
        args=("bits", "bits"),
        help=BITS.help,
    )
    st.selectbox(
        "Method",
        METHOD_NAMES,
        index=METHOD_NAMES.index(scheme.method),
        format_func=METHOD_LABELS.__getitem__,
        key=sync("method", scheme.method),
        on_change=change_scheme,
        args=("method", "method"),
        help="Which values a code can stand for.",
    )
    keeping()


def keeping() -> None:
    """Draw how many trees and levels are kept: of trees the other two ways to a smaller model."""
    parts, scheme = trained().parts, experiment().scheme
    if parts.family != "trees":
        return
    most = {"trees": 0 if parts.meta["kind"] == "tree" else rounds(parts), "depth": levels(parts)}
    shown = [name for name in KEEPING if most[name] > 1]
    if not shown:
        return
    for column, name in zip(st.columns(len(shown)), shown, strict=True):
        with column:
            kept, key = getattr(scheme, name) or None, f"keep_{name}"
            st.number_input(
                KEEPING[name].label, 1, max(most[name], kept or 0), None, step=1, key=sync(key, kept),
                placeholder=f"all {most[name]}", on_change=_change_kept, args=(key, name),
                help=KEEPING[name].help.replace("0 for all", "empty for all"),
            )  # fmt: skip


def _change_kept(key: str, name: str) -> None:
    change_scheme(key, name, st.session_state[key] or 0)


def narrow_dial() -> None:
    """Draw the dial that narrow screens show at the top of the page, and whether the model fits the budget.

    Buttons, which hold no value: a browser sends the values of all widgets with every change, and under load that of
    a second slider would be old, be taken for a change, and turn the dial back.
    """
    scheme = experiment().scheme
    with st.container(key="narrow_dial", horizontal=True, vertical_alignment="center"):
        st.button(
            "Fewer bits", key="bits_down", icon=":material/remove:", on_click=set_bits, args=(scheme.bits - 1,),
            disabled=scheme.bits <= BITS.low,
        )  # fmt: skip
        st.button(
            "More bits", key="bits_up", icon=":material/add:", on_click=set_bits, args=(scheme.bits + 1,),
            disabled=scheme.bits >= BITS.high,
        )  # fmt: skip
        st.menu_button(
            METHOD_LABELS[scheme.method], METHOD_NAMES, key="narrow_method", format_func=METHOD_LABELS.__getitem__,
            on_click=_take_method,
        )  # fmt: skip
    budget = _budget.value()
    if budget is not None:
        with st.container(key="narrow_budget"):
            _budget.line(f"budget {budget:,}: ")


def _take_method() -> None:
    set_method(st.session_state.narrow_method)
