"""The table of codes with the facts of their grid, and the bytes."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import streamlit as st

from core import figures
from core.comparison import Comparison
from core.metrics import LABELS
from core.quant.explain import grid_facts
from pages import _choice, _shared, _state
from pages._format import number, size
from pages._result import PLOTLY


def codes(c: Comparison) -> None:
    """Draw the table of codes and the facts of the grid."""
    st.markdown("**Codes**")
    table(c, "parameter", "Every parameter and its code")
    if c.original.family == "linear":
        st.markdown(_shared.drawn("facts", _state.key(), lambda: _facts(c)))
    elif len(c.parameters) < len(c.errors):
        st.caption(f"The {len(c.parameters)} of {len(c.errors):,} weights that changed most.")


def table(c: Comparison, of: str, alt: str) -> None:
    """Draw the table of the codes of a comparison; its first column says of what they are."""
    bits = c.quantized.scheme.bits
    widths = {"original": 84, "code": 60, "binary": 28 + 7 * max(bits, 5), "quantised": 84, "error": 74}
    config: dict[str, Any] = {
        name: st.column_config.TextColumn(name, alignment="right", width=width) for name, width in widths.items()
    }
    rows = _shared.drawn("codes", _state.key(), lambda: _rows(c, of))
    st.dataframe(rows, hide_index=True, key="codes", column_config=config, alt=alt)


def _rows(c: Comparison, of: str) -> pa.Table:
    """Return the table in the form in which it is sent, so that it is built once a setting."""
    bits = c.quantized.scheme.bits
    return pa.table(
        {
            of: [p.name for p in c.parameters],
            "original": [f"{p.original:.6g}" for p in c.parameters],
            "code": ["float32" if p.code is None else str(p.code) for p in c.parameters],
            "binary": ["" if p.code is None else f"{p.code:0{bits}b}" for p in c.parameters],
            "quantised": [f"{p.quantized:.6g}" for p in c.parameters],
            "error": [f"{p.error:+.2e}" for p in c.parameters],
        }
    )


def _facts(c: Comparison) -> str:
    return " &ensp; ".join(f"{name} **{value}**" for name, value in grid_facts(c.quantized))


def byte_counts(c: Comparison) -> None:
    """Draw the bytes of the original, its plain casts and the quantised model, with what they consist of."""
    original, quantized = c.sizes["original"], c.sizes["quantized"]
    parts = "; ".join(f"{count} bytes: {text}" for _, text, count in quantized.items)
    st.markdown("**Bytes of the numbers**", help=f"Quantised: {parts}.")
    casts = [(f"{kind} cast", found) for kind, found in _choice.casts(_state.trained())]
    rows = [("original", original), *casts, ("quantised", quantized)]
    figure = _shared.drawn("bytes", _state.key(), lambda: figures.bytes_bars(rows, _shared.palette()))
    st.plotly_chart(figure, key="bytes", config=PLOTLY, alt="Bytes of the original, its casts, the quantised model")
    if c.not_smaller:
        st.warning(c.not_smaller, icon=":material/scale:")
    casts_below = [y for y in c.yardsticks if y.numbers < quantized.numbers]
    text = ""
    if casts_below:
        listed = ", ".join(f"{y.kind} {y.numbers:,} bytes{_at(c, y.score)}" for y in casts_below)
        text = f"A plain cast is smaller here: {listed}.\n\n"
    joblib = f"; joblib file of the estimator: {size(c.joblib_bytes)}" if c.joblib_bytes else ""
    st.caption(
        f"{text}Quantised, from dark to light: codes; tables and intercept; scaling of the features. "
        f"The files, with names, units and checks: {size(original.file)} against {size(quantized.file)}{joblib}."
    )


def _at(c: Comparison, score: float | None) -> str:
    return "" if score is None else f" at {LABELS[c.metric]} {number(score)}"
