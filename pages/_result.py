"""What opens a page: the sentence that is the finding, and the four figures that matter."""

from __future__ import annotations

import streamlit as st

from core.comparison import Comparison
from core.families.trees import rounds
from core.intervals import SAME
from core.metrics import LABELS
from pages import _budget
from pages._format import METHOD_LABELS, number, signed, size

PLOTLY = {"displayModeBar": False}


def setting_words(c: Comparison) -> str:
    """Return "8 bits, symmetric", with what `auto` found behind it, and how many trees and levels are kept."""
    scheme, asked = c.quantized.scheme, c.quantized.requested
    bits = f"{scheme.bits} bit{'s' if scheme.bits > 1 else ''}"
    method = METHOD_LABELS[scheme.method].lower()
    if asked == "auto":
        method = f"best found ({scheme.method}, scale by {scheme.scale})"
    return ", ".join([bits, method, *scheme.kept_words(rounds(c.original))])


def verdict_words(c: Comparison) -> str:
    """Return the verdict on the difference, in plain words."""
    if c.difference is None:
        return "no R², because all test targets are equal"
    return c.difference.verdict if c.difference.verdict == SAME else f"measurably {c.difference.verdict}"


def bytes_words(c: Comparison) -> str:
    """Return what became of the bytes; of trees, which are small already when packed, also what joblib writes."""
    q = c.sizes["quantized"]
    scaling = f", and {q.scaling:,} for the scaling" if q.scaling else ""
    joblib = f", where joblib writes {size(c.joblib_bytes)}" if c.original.family == "trees" and c.joblib_bytes else ""
    return f"{c.sizes['original'].numbers:,} bytes become {q.numbers - q.scaling:,}{scaling}{joblib}"


def finding(c: Comparison) -> None:
    """Write the one sentence that is the result."""
    n_test, name = len(c.differences), LABELS[c.metric]
    before, after = c.score("original"), c.score("quantized")
    fits = _budget.ending(c.sizes["quantized"].numbers)
    with st.container(key="finding"):
        if n_test == 0:
            kept = "–" if c.fidelity is None else f"{c.fidelity:.4%}"
            st.markdown(
                f"**{setting_words(c)}:** :orange[{kept}] of the variance of the :blue[original's] outputs is kept on "
                f"the rows that came with it; {bytes_words(c)}{fits}."
            )
            return
        st.markdown(
            f"**{setting_words(c)}:** :orange[{name} {number(after)}] against :blue[{number(before)}] on "
            f"{n_test:,} test rows, {verdict_words(c)}; {bytes_words(c)}{fits}."
        )


def card(label: str, value: str, below: str, meaning: str) -> None:
    """Draw one figure with words of its own beneath it; `meaning` shows on hover."""
    st.metric(label, value, border=True, help=meaning, delta=below, delta_color="off", delta_arrow="off")


def cards(c: Comparison) -> None:
    """Draw the four figures that matter, and under them what a prediction needs on a device."""
    d, q, n = c.difference, c.sizes["quantized"], len(c.differences)
    name = LABELS[c.metric]
    with st.grid(columns=4, min_column_width=182):
        if n:
            train = [c.score(m, "train") for m in ("original", "quantized")]
            card(f"Original {name}", number(c.score("original")), f"train {number(train[0])}", f"On {n:,} test rows.")
            card(
                f"Quantised {name}", number(c.score("quantized")), f"train {number(train[1])}",
                f"On the same {n:,} test rows.",
            )  # fmt: skip
        else:
            card(
                "Kept variance", "–" if c.fidelity is None else f"{c.fidelity:.4%}", "against the original",
                "R² of the quantised model's outputs against the original's, from sums over the rows that came with "
                "the model. There is no test row, so how good either model is cannot be said.",
            )  # fmt: skip
            typical = float(c.output_error) ** 0.5
            card("Typical change", f"{typical:.4g}", "root mean square", "Of the outputs, on the same rows.")
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
        trees, fits = c.original.family == "trees", _budget.words(q.numbers)
        each = f"{q.bits_per_parameter:.1f} bits per {'value of a leaf' if trees else 'parameter'}"
        meaning = "Packed codes and all that decoding them and scaling the features needs"
        if trees:
            meaning = "Packed codes, what decoding them needs, and the structure of the trees, of both models"
        card(
            "Bytes", f"{q.numbers:,} of {c.sizes['original'].numbers:,}", fits or each,
            meaning + (f": {each}." if fits else "."),
        )  # fmt: skip
    _budget.device_line(c)
