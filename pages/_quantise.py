"""Quantise: the finding, every coefficient on its grid, the curve over bits, codes and bytes."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core import figures
from core.evaluate import Comparison
from core.intervals import SAME
from core.quant.explain import explain, grid_facts
from core.quant.levels import steps
from core.sizes import float_size
from core.sweep import fewest_bits
from pages import _shared, _state
from pages._dial import narrow_dial
from pages._format import METHOD_LABELS, literal, number, signed, significant, size

PLOTLY = {"displayModeBar": False}


def render() -> None:
    """Draw the page."""
    narrow_dial()
    c = _state.comparison()
    finding(c)
    cards(c)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _number_line(c)
    with right:
        _curve(c)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _codes(c)
    with right:
        _bytes(c)


def setting_words(c: Comparison) -> str:
    """Return "8 bits, symmetric", with what `auto` found behind it."""
    scheme, asked = c.quantized.scheme, c.quantized.requested
    bits = f"{scheme.bits} bit{'s' if scheme.bits > 1 else ''}"
    if asked == "auto":
        return f"{bits}, best found ({scheme.method}, scale by {scheme.scale})"
    return f"{bits}, {METHOD_LABELS[scheme.method].lower()}"


def verdict_words(c: Comparison) -> str:
    """Return the verdict on the difference, in plain words."""
    if c.difference is None:
        return "no R², because all test targets are equal"
    return c.difference.verdict if c.difference.verdict == SAME else f"it is {c.difference.verdict}"


def finding(c: Comparison) -> None:
    """Write the one sentence that is the result."""
    before, after = (c.metrics[m]["test"]["r2"] for m in ("original", "quantized"))
    q = c.sizes["quantized"]
    scaling = f", and {q.scaling} for the scaling" if q.scaling else ""
    n_test = len(c.differences)
    with st.container(key="finding"):
        st.markdown(
            f"**{setting_words(c)}:** :orange[R² {number(after)}] against :blue[{number(before)}] on "
            f"{n_test:,} test rows, {verdict_words(c)}; {c.sizes['original'].numbers} bytes become "
            f"{q.numbers - q.scaling}{scaling}."
        )


def cards(c: Comparison) -> None:
    """Draw the four figures that matter."""
    before, after = (c.metrics[m]["test"]["r2"] for m in ("original", "quantized"))
    d, q = c.difference, c.sizes["quantized"]
    with st.grid(columns=4, min_column_width=170):
        st.metric("Original, test R²", number(before), border=True, help="Measured on the test rows.")
        st.metric("Quantised, test R²", number(after), border=True, help="The same test rows, the model below.")
        if d is None:
            st.metric("Difference", "–", border=True)
        else:
            st.metric(
                "Difference, 95 % interval",
                signed(d.value),
                border=True,
                help=f"From {signed(d.low, 6)} to {signed(d.high, 6)} in 1,000 paired resamples of the test rows. "
                f"Test row {d.row} moves it most, by {signed(d.row_effect, 6)}; without that row it is "
                f"{signed(d.value_without, 6)}.",
                delta=f"{signed(d.low)} to {signed(d.high)}",
                delta_color="off",
                delta_arrow="off",
            )
        st.metric(
            "Bytes of numbers",
            f"{q.numbers} of {c.sizes['original'].numbers}",
            border=True,
            delta=f"{q.bits_per_parameter:.1f} bits per parameter",
            delta_color="off",
            delta_arrow="off",
            help="Packed codes and all that decoding them and scaling the features needs.",
        )


def _number_line(c: Comparison) -> None:
    st.markdown("**Where each coefficient lands**")
    columns = _state.trained().preparation.columns
    key = (c.experiment, _state.opened()[0])
    figure = _shared.drawn("line", key, lambda: figures.number_line(c, _shared.palette(), columns))
    st.plotly_chart(figure, key="number_line", config=PLOTLY, alt="Coefficients on the grid of representable values")
    gap = significant(float(steps(c.quantized, "coef")[0]), 4)
    count = 2**c.quantized.scheme.bits
    if count > 256:
        st.caption(f"Neighbouring levels are {gap} apart: too close to draw one by one, so the band shows their reach.")
    else:
        st.caption(f"Grey lines are the values that a code can stand for, {gap} apart.")


def _curve(c: Comparison) -> None:
    st.markdown("**From 1 to 16 bits**")
    e, source = _state.experiment(), _state.opened()
    found = _shared.curve(_shared.at_eight_bits(e), *source)
    key = (e, source[0])
    figure = _shared.drawn(
        "curve", key,
        lambda: figures.bits_curve(found.points, e.scheme.bits, found.original_test_r2, _shared.palette()),
    )  # fmt: skip
    st.plotly_chart(figure, key="curve", config=PLOTLY, alt="R² on the test rows for 1 to 16 bits")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        tolerance = st.number_input(
            "R² may fall by", 0.0, 1.0, 0.01, step=0.005, format="%.4g", key="tolerance", width=130,
            help="Judged on the training rows, so that the test rows stay untouched by the choice.",
        )  # fmt: skip
        best = fewest_bits(found.points, found.original_train_r2 or 0.0, tolerance)
        if best is None:
            st.button("No width keeps it", key="fewest", disabled=True)
        else:
            st.button(
                f"Take the fewest bits: {best.bits}", key="fewest", type="primary",
                on_click=_state.set_bits, args=(best.bits,),
                help=f"From {best.bits} bits on every width keeps R² on the training rows within {tolerance:g}; "
                f"R² on the test rows there is {number(best.test_r2)}.",
            )  # fmt: skip


def _codes(c: Comparison) -> None:
    st.markdown("**Codes**")
    bits = c.quantized.scheme.bits
    trained = _state.trained()
    frame = pd.DataFrame(
        {
            "parameter": [p.name for p in c.parameters],
            "original": [f"{p.original:.6g}" for p in c.parameters],
            "code": ["float32" if p.code is None else str(p.code) for p in c.parameters],
            "binary": ["" if p.code is None else f"{p.code:0{bits}b}" for p in c.parameters],
            "quantised": [f"{p.quantized:.6g}" for p in c.parameters],
            "error": [f"{p.error:+.2e}" for p in c.parameters],
        }
    )
    config = {
        name: st.column_config.TextColumn(name, alignment="right") for name in frame.columns if name != "parameter"
    }
    st.dataframe(frame, hide_index=True, key="codes", column_config=config, alt="Every parameter and its code")
    names = list(trained.preparation.columns)
    with st.container(horizontal=True):
        for name, value in grid_facts(c.quantized):
            st.markdown(f"{name} **{value}**", width="content")
    chosen = st.selectbox("One coefficient, step by step", range(len(names)), format_func=names.__getitem__, key="step")
    lines = explain(c.quantized, chosen, c.parameters[chosen].original)
    width = max(len(what) for what, _ in lines)
    st.code("\n".join(f"{what.ljust(width)}  {formula}" for what, formula in lines), language=None)


def _bytes(c: Comparison) -> None:
    st.markdown("**Bytes of the numbers**")
    trained = _state.trained()
    original, quantized = c.sizes["original"], c.sizes["quantized"]
    casts = [(f"{kind} cast", float_size(trained.parts, original.file, kind)) for kind in ("float32", "float16")]
    rows = [("original", original), *casts, ("quantised", quantized)]
    key = (c.experiment, _state.opened()[0])
    figure = _shared.drawn("bytes", key, lambda: figures.bytes_bars(rows, _shared.palette()))
    st.plotly_chart(figure, key="bytes", config=PLOTLY, alt="Bytes of the original, plain casts and the quantised model")
    if c.not_smaller:
        st.warning(c.not_smaller, icon=":material/scale:")
    smallest = min(c.yardsticks, key=lambda y: y.numbers)
    if quantized.numbers > smallest.numbers:
        fit = [y for y in c.yardsticks if y.numbers < quantized.numbers]
        st.caption(
            "A plain cast is smaller here: "
            + ", ".join(f"{y.kind} {y.numbers} bytes at R² {number(y.r2)}" for y in fit)
            + "."
        )
    parts = ", ".join(f"{count} bytes {literal(text.split(':')[0])}" for _, text, count in quantized.items)
    st.caption(f"Quantised: {parts}.")
    st.caption(
        f"As files with names, units and checks: {size(original.file)} against {size(quantized.file)}, of which "
        f"{size(original.container)} and {size(quantized.container)} are not numbers. The estimator's joblib file: "
        f"{size(c.joblib_bytes)}."
    )
