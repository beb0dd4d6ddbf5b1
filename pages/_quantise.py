"""Quantise: the finding, every coefficient on its grid, the curve over bits, codes and bytes."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import streamlit as st

from core import figures
from core.diagnose import effects, mean_shift
from core.evaluate import Comparison
from core.intervals import SAME, WORSE
from core.quant.explain import explain, grid_facts
from core.quant.levels import steps
from core.sizes import float_size
from core.sweep import fewest_bits
from pages import _shared, _state
from pages._format import (
    METHOD_LABELS,
    literal,
    money,
    number,
    signed,
    significant,
    size,
)

PLOTLY = {"displayModeBar": False}


def render() -> None:
    """Draw the page."""
    c = _state.comparison()
    finding(c)
    cards(c)
    _cause(c)
    with st.grid(columns=2, min_column_width=420, gap="medium"):
        with st.container():
            _number_line(c)
        with st.container():
            _curve(c)
        with st.container():
            _codes(c)
        with st.container():
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
    return c.difference.verdict if c.difference.verdict == SAME else f"measurably {c.difference.verdict}"


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
    train = [c.metrics[m]["train"]["r2"] for m in ("original", "quantized")]
    d, q, n = c.difference, c.sizes["quantized"], len(c.differences)
    with st.grid(columns=4, min_column_width=200):
        st.metric(
            "Original R²",
            number(before),
            border=True,
            help=f"On {n:,} test rows.",
            delta=f"train {number(train[0])}",
            delta_color="off",
            delta_arrow="off",
        )
        st.metric(
            "Quantised R²",
            number(after),
            border=True,
            help=f"On the same {n:,} test rows.",
            delta=f"train {number(train[1])}",
            delta_color="off",
            delta_arrow="off",
        )
        if d is None:
            st.metric("Difference", "–", border=True)
        else:
            st.metric(
                "Difference",
                signed(d.value),
                border=True,
                help=f"From {signed(d.low, 6)} to {signed(d.high, 6)} in 1,000 paired resamples of the test rows. "
                f"Test row {d.row} moves it most, by {signed(d.row_effect, 6)}; without that row it is "
                f"{signed(d.value_without, 6)}.",
                delta=f"95 %: {signed(d.low)} to {signed(d.high)}",
                delta_color="off",
                delta_arrow="off",
            )
        st.metric(
            "Bytes",
            f"{q.numbers} of {c.sizes['original'].numbers}",
            border=True,
            delta=f"{q.bits_per_parameter:.1f} bits per parameter",
            delta_color="off",
            delta_arrow="off",
            help="Packed codes and all that decoding them and scaling the features needs.",
        )


def _cause(c: Comparison) -> None:
    """Say what costs the most when the quantised model is measurably worse."""
    if c.difference is None or c.difference.verdict != WORSE:
        return
    trained = _state.trained()
    target, worst = trained.dataset.target, effects(trained, c)[0]
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
    columns = _state.trained().preparation.columns
    figure = _shared.drawn("line", _state.key(), lambda: figures.number_line(c, _shared.palette(), columns))
    st.plotly_chart(figure, key="number_line", config=PLOTLY, alt="Coefficients on the grid of representable values")
    gap = significant(float(steps(c.quantized, "coef")[0]), 4)
    if figures.draws_levels(c):
        st.caption(f"Grey lines are the values that a code can stand for, {gap} apart.")
    else:
        st.caption(f"The grey bar is the reach of the codes; neighbouring levels are {gap} apart, too close to draw.")


def _curve(c: Comparison) -> None:
    st.markdown("**From 1 to 16 bits**")
    e = _state.experiment()
    found = _shared.curve(e, _state.opened())
    figure = _shared.drawn(
        "curve", _state.key(),
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
    widths = {"original": 84, "code": 54, "binary": 28 + 7 * max(bits, 5), "quantised": 84, "error": 74}
    config: dict[str, Any] = {
        name: st.column_config.TextColumn(name, alignment="right", width=width) for name, width in widths.items()
    }
    table = _shared.drawn("codes", _state.key(), lambda: _code_table(c))
    st.dataframe(table, hide_index=True, key="codes", column_config=config, alt="Every parameter and its code")
    st.markdown(_shared.drawn("facts", _state.key(), lambda: _facts(c)))
    names = _state.trained().preparation.columns
    chosen = st.selectbox("One coefficient, step by step", range(len(names)), format_func=names.__getitem__, key="step")
    st.code(_shared.drawn(f"steps {chosen}", _state.key(), lambda: _steps(c, chosen)), language=None, wrap_lines=True)


def _code_table(c: Comparison) -> pa.Table:
    """Return the table in the form in which it is sent, so that it is built once a setting."""
    bits = c.quantized.scheme.bits
    return pa.table(
        {
            "parameter": [p.name for p in c.parameters],
            "original": [f"{p.original:.6g}" for p in c.parameters],
            "code": ["float32" if p.code is None else str(p.code) for p in c.parameters],
            "binary": ["" if p.code is None else f"{p.code:0{bits}b}" for p in c.parameters],
            "quantised": [f"{p.quantized:.6g}" for p in c.parameters],
            "error": [f"{p.error:+.2e}" for p in c.parameters],
        }
    )


def _facts(c: Comparison) -> str:
    return " &ensp; ".join(f"{name} **{value}**" for name, value in grid_facts(c.quantized))


def _steps(c: Comparison, chosen: int) -> str:
    lines = explain(c.quantized, chosen, c.parameters[chosen].original)
    width = max(len(what) for what, _ in lines)
    return "\n".join(f"{what.ljust(width)}  {formula}" for what, formula in lines)


def _bytes(c: Comparison) -> None:
    trained = _state.trained()
    original, quantized = c.sizes["original"], c.sizes["quantized"]
    parts = "; ".join(f"{count} bytes: {text}" for _, text, count in quantized.items)
    st.markdown("**Bytes of the numbers**", help=f"Quantised: {parts}.")
    casts = [(f"{kind} cast", float_size(trained.parts, original.file, kind)) for kind in ("float32", "float16")]
    rows = [("original", original), *casts, ("quantised", quantized)]
    figure = _shared.drawn("bytes", _state.key(), lambda: figures.bytes_bars(rows, _shared.palette()))
    st.plotly_chart(figure, key="bytes", config=PLOTLY, alt="Bytes of the original, its casts, the quantised model")
    if c.not_smaller:
        st.warning(c.not_smaller, icon=":material/scale:")
    casts_below = [y for y in c.yardsticks if y.numbers < quantized.numbers]
    text = ""
    if casts_below:
        listed = ", ".join(f"{y.kind} {y.numbers} bytes at R² {number(y.r2)}" for y in casts_below)
        text = f"A plain cast is smaller here: {listed}.\n\n"
    st.caption(
        f"{text}Quantised, from dark to light: codes; scales, zero point and intercept; scaling of the features. "
        f"The files, with names, units and checks: {size(original.file)} against {size(quantized.file)}; joblib file "
        f"of the estimator: {size(c.joblib_bytes)}."
    )
