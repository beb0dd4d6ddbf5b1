"""Quantise: the finding, every coefficient on its grid, the curve over bits, codes and bytes."""

from __future__ import annotations

import streamlit as st

from core import figures
from core.comparison import Comparison
from core.diagnose import effects, mean_shift
from core.intervals import WORSE
from core.metrics import LABELS
from core.quant.levels import steps
from core.sweep import fewest_bits
from pages import _gallery, _shared, _state
from pages._codes import byte_counts, codes
from pages._format import literal, money, number, signed, significant, titled
from pages._result import PLOTLY, cards, finding


def render() -> None:
    """Draw the page."""
    c = _state.comparison()
    finding(c)
    cards(c)
    _gallery.render()
    _cause(c)
    with st.grid(columns=2, min_column_width=420, gap="medium"):
        with st.container():
            _number_line(c)
        with st.container():
            _curve(c)
        with st.container():
            codes(c)
        with st.container():
            byte_counts(c)


def _cause(c: Comparison) -> None:
    """Say what costs the most when the quantised model is measurably worse."""
    if c.difference is None or c.difference.verdict != WORSE:
        return
    trained = _state.trained()
    target, worst = trained.dataset.target, effects(trained, c)[0]
    if c.metric == "accuracy":
        st.info(
            f"What costs most is {literal(worst.name)}: its coefficient moved by {signed(worst.error, 6)}, which "
            f"changes the score of its class by {worst.spread:.3g} (one standard deviation).",
            icon=":material/troubleshoot:",
        )
        return
    shift, overall = worst.shift * target.factor, mean_shift(trained, c) * target.factor
    text = (
        f"What costs most is {literal(worst.name)}: its coefficient moved by {signed(worst.error, 6)}, which changes "
        f"predictions by {literal(money(worst.spread * target.factor, target.unit))} (one standard deviation)"
    )
    if abs(overall) > 0.2 * abs(shift) and abs(shift) > worst.spread * target.factor / 4:
        text += f" and shifts all of them by about {literal(money(shift, target.unit))}, at {worst.mean:,.4g} a row"
    if c.quantized.scheme.intercept not in ("refit",) and abs(overall) > 0.05 * target.factor:
        text += ". The intercept is not refitted, so the shift stays"
    st.info(text + ".", icon=":material/troubleshoot:")


def _number_line(c: Comparison) -> None:
    space = "standardised features" if c.quantized.scheme.space == "standardised" else "raw features"
    st.markdown(f"**Where each coefficient lands** ({space})")
    trained, key = _state.trained(), _state.key()
    figure = _shared.drawn(
        "line", key,
        lambda: figures.number_line(c, _shared.palette(), trained.preparation.columns, trained.dataset.classes),
    )  # fmt: skip
    st.plotly_chart(figure, key="number_line", config=PLOTLY, alt="Coefficients on the grid of representable values")
    st.caption(_shared.drawn("line words", key, lambda: _line_words(c)))


def _line_words(c: Comparison) -> str:
    """Return what the grey lines or bars of the number line are."""
    gap = significant(float(steps(c.quantized, "coef")[0]), 4)
    several = len(set(c.quantized.groups["coef"].tolist())) > 1
    if c.quantized.scheme.method == "codebook":
        text = "Grey shows the entries of the table; errors are in units of their mean distance."
    elif figures.draws_levels(c):
        text = f"Grey lines are the values that a code can stand for, {gap} apart."
    elif several:
        text = "A grey bar is the reach of the codes of its row; each has a grid of its own."
    else:
        text = f"The grey bar is the reach of the codes; neighbouring levels are {gap} apart, too close to draw."
    drawn = len(figures.shown_coefficients(c))
    if c.quantized.shape[0] == 1 and drawn < c.quantized.shape[1]:
        text += f" The {drawn} largest of {c.quantized.shape[1]} coefficients are drawn."
    return text


def _curve(c: Comparison) -> None:
    st.markdown("**From 1 to 16 bits**")
    e = _state.experiment()
    found = _shared.curve(e, _state.opened())
    name = LABELS[c.metric] if len(c.differences) else "kept variance"
    field, original = ("test", found.original_test) if len(c.differences) else ("fidelity", 1.0)
    figure = _shared.drawn(
        "curve", _state.key(),
        lambda: figures.bits_curve(found.points, e.scheme.bits, original, _shared.palette(), name, field),
    )  # fmt: skip
    st.plotly_chart(figure, key="curve", config=PLOTLY, alt=f"{name} for 1 to 16 bits")
    if not len(c.differences):
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        tolerance = st.number_input(
            f"{titled(name)} may fall by", 0.0, 1.0, 0.01, step=0.005, format="%.4g", key="tolerance", width=150,
            help="Judged on the training rows, so that the test rows stay untouched by the choice.",
        )  # fmt: skip
        best = fewest_bits(found.points, found.original_train, tolerance)
        if best is None:
            st.button("No width keeps it", key="fewest", disabled=True)
        else:
            st.button(
                f"Take the fewest bits: {best.bits}", key="fewest", type="primary",
                on_click=_state.set_bits, args=(best.bits,),
                help=f"From {best.bits} bits on every width keeps {name} on the training rows within {tolerance:g}; "
                f"{name} on the test rows there is {number(best.test)}.",
            )  # fmt: skip
