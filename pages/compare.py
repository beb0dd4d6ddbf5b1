"""Compare: metrics, bytes, coefficients and predictions of both models; every other setting behind tabs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core import figures
from core.comparison import Comparison
from core.metrics import LABELS, SCALARS
from pages import (
    _agreement,
    _budget,
    _choice,
    _findings,
    _goal,
    _pareto,
    _pins,
    _reference,
    _shared,
    _state,
    _sweep,
    _trees,
)
from pages._codes import codes
from pages._format import literal, money, number, signed, size, titled
from pages._result import PLOTLY, finding


def metric_table(c: Comparison, unit: str) -> None:
    """Draw every metric of both models with the difference, on test and training rows."""
    rows = []
    for part in ("test", "train"):
        for name in SCALARS["classification" if c.metric == "accuracy" else "regression"]:
            before, after = (c.metrics[m][part][name] for m in ("original", "quantized"))
            gap = None if before is None or after is None else after - before
            d = c.difference
            interval = f"{signed(d.low, 5)} to {signed(d.high, 5)}" if d and (part, name) == ("test", d.metric) else ""
            rows.append(
                {
                    "metric": f"{LABELS[name]}, {part}",
                    "original": number(before, 6),
                    "quantised": number(after, 6),
                    "difference": signed(gap, 6),
                    "95 % interval": interval,
                }
            )
    right = ("original", "quantised", "difference", "95 % interval")
    widths = (66, 66, 72, 146)
    config: dict[str, Any] = {
        name: st.column_config.TextColumn(name, alignment="right", width=width)
        for name, width in zip(right, widths, strict=True)
    }
    st.dataframe(rows, hide_index=True, key="metrics", column_config=config, alt="Metrics of both models")
    if c.difference is not None:
        d, units = c.difference, "" if c.metric == "accuracy" else f" RMSE and MAE are in units of {literal(unit)}."
        st.caption(
            f"{titled(LABELS[d.metric])} on the test rows: {d.verdict}. Test row {d.row} moves the difference most, by "
            f"{signed(d.row_effect, 6)}; without it the difference is {signed(d.value_without, 6)}. The interval comes "
            f"from 1,000 paired resamples of the test rows.{units}"
        )


def size_table(c: Comparison) -> None:
    """Draw payload, side information, container and file of every candidate."""
    trained = _state.trained()
    original, quantized = c.sizes["original"], c.sizes["quantized"]
    cast_scores = {y.kind: y.score for y in c.yardsticks}
    figure, trees = f"test {LABELS[c.metric]}", c.original.family == "trees"
    first = "original, packed" if trees else "original, float64"
    rows = [
        (first, original, c.score("original")),
        *[(f"{k} cast", found, cast_scores[k]) for k, found in _choice.casts(trained)],
        ("quantised", quantized, c.score("quantized")),
    ]
    whole = {first, "quantised"}
    frame = pd.DataFrame(
        {
            "model": [name for name, _, _ in rows],
            "payload": [s.payload for _, s, _ in rows],
            "side": [s.side for _, s, _ in rows],
            "container": [f"{s.container:,}" if n in whole else "–" for n, s, _ in rows],
            "file": [f"{s.file:,}" if n in whole else "–" for n, s, _ in rows],
            figure: [number(r) for _, _, r in rows],
        }
    )
    config: dict[str, Any] = {
        "model": st.column_config.TextColumn("bytes", width=112),
        "payload": st.column_config.NumberColumn(
            "payload", width=68, format="localized", help="Packed codes, or the floats themselves."
        ),
        "side": st.column_config.NumberColumn(
            "side", width=54, format="localized", help="Scales, zero points, intercept, scaling."
        ),
        "container": st.column_config.TextColumn(
            "container", width=72, alignment="right", help="Names, units, settings and checks in the file."
        ),
        "file": st.column_config.TextColumn("file", width=56, alignment="right", help="The file on disk."),
        figure: st.column_config.TextColumn(figure, width=92, alignment="right"),
    }
    st.dataframe(frame, hide_index=True, key="sizes", column_config=config, alt="Bytes of every candidate")
    st.caption(_size_words(c))
    if c.not_smaller:
        st.warning(c.not_smaller, icon=":material/scale:")


def _size_words(c: Comparison) -> str:
    """Return what the bytes of the quantised model are, and how large other files are."""
    q = c.sizes["quantized"]
    if c.original.family == "trees":
        return (
            f"Quantised: {q.bits_per_parameter:.1f} bits per value of a leaf, the structure included, which is exact "
            f"and the same in all of them. {_trees.files(c)}"
        )
    return (
        f"Quantised: {q.bits_per_parameter:.1f} bits per parameter, {q.scaling} of the {q.side} bytes of side "
        f"information scale raw features. A plain cast has the original's container."
        + (f" Joblib file of the estimator: {size(c.joblib_bytes)}." if c.joblib_bytes else "")
    )


def errors_and_differences(c: Comparison) -> None:
    """Draw errors of coefficients or leaves beside the distribution of prediction differences."""
    trained = _state.trained()
    target, key, colours = trained.dataset.target, _state.key(), _shared.palette()
    grid = st.grid(columns=2, min_column_width=420, gap="medium")
    with grid.container():
        if c.original.family == "trees":
            st.markdown("**Errors of the leaves**")
            _trees.by_tree(c)
        elif c.original.family == "linear":
            _coefficient_errors(c)
        else:
            codes(c)
    if not len(c.differences):
        return
    with grid.container():
        st.markdown("**Differences of the predictions**")
        figure = _shared.drawn(
            "moved", key, lambda: figures.difference_histogram(c, target.factor, target.unit, colours)
        )
        st.plotly_chart(figure, key="moved", config=PLOTLY, alt="Distribution of the prediction differences")
        st.caption(_agreement_words(c, target.factor, target.unit))


def _coefficient_errors(c: Comparison) -> None:
    """Draw the error of each coefficient."""
    st.markdown("**Errors of the coefficients**")
    names = _state.trained().preparation.columns
    figure = _shared.drawn("errors", _state.key(), lambda: figures.coef_errors(c, _shared.palette(), names))
    st.plotly_chart(figure, key="coef_errors", config=PLOTLY, alt="Error of each coefficient")
    errors, width = c.errors, c.coef_range
    share = f", {errors.mean() / width:.4%} of their range" if width > 0 else ""
    st.caption(f"Mean {errors.mean():.6g}{share}; largest {errors.max():.6g}. Without the intercept.")


def _agreement_words(c: Comparison, factor: float, unit: str) -> str:
    """Return how far the predictions lie apart, in words."""
    a = c.agreement
    if a.median is None or a.p99 is None or a.largest is None:
        return ""
    if a.same is not None:
        return (
            f"The class is the same on {a.same:.2%} of the {len(c.differences):,} test rows. The probability of the "
            f"true class moves by less than {a.median * 100:.3g} points on half of them, by at most "
            f"{a.largest * 100:.3g}. The chart leaves out the outer 1 %."
        )
    median, p99, largest = (literal(money(v * factor, unit)) for v in (a.median, a.p99, a.largest))
    return (
        f"Half of the {len(c.differences):,} test rows move by less than {median}, 99 % by less than {p99}; "
        f"the largest move is {largest}. The chart leaves out the outer 1 %."
    )


def classes_side_by_side(c: Comparison) -> None:
    """Draw both confusion matrices, and the rows whose class flips."""
    names, colours, key = _state.trained().dataset.classes, _shared.palette(), _state.key()
    grid = st.grid(columns=2, min_column_width=420, gap="medium")
    for model, label, colour in (
        ("original", "original", colours.original), ("quantized", "quantised", colours.quantized),
    ):  # fmt: skip
        draw = partial(figures.confusion, c.metrics[model]["test"]["confusion_matrix"], names, colour, "test")
        with grid.container():
            st.markdown(f"**Confusion matrix, {label}**")
            figure = _shared.drawn(f"confusion {model}", key, draw)
            st.plotly_chart(figure, key=f"confusion_{model}", config=PLOTLY, alt=f"Confusion matrix, {label} model")
    flipped = c.agreement.flipped
    st.markdown(f"**Rows whose class flips: {len(flipped)} of {len(c.differences):,}**")
    if flipped:
        rows = [
            {
                "test row": f.row,
                "true class": names[f.true],
                "original says": names[f.original],
                "quantised says": names[f.quantized],
                "who is right": _right(f.true, f.original, f.quantized),
            }
            for f in flipped
        ]
        st.dataframe(rows, hide_index=True, key="flipped", alt="Test rows to which the two models give other classes")
    else:
        st.caption("Both models give every test row the same class.")


def _right(true: int, original: int, quantized: int) -> str:
    return "original" if original == true else "quantised" if quantized == true else "neither"


def tabs(c: Comparison) -> None:
    """Draw the tabs; only the open one computes and draws anything."""
    state = st.session_state
    bodies: dict[str, Callable[[], None]] = {
        "Pinned": _pins.render,
        "Every setting": partial(_sweep.render, c),
        _pareto.tab_name(c): partial(_pareto.render, c),
        "Find a setting": partial(_goal.render, c),
        "Agreement": partial(_agreement.render, c),
    }
    names = list(bodies)
    # The open tab is remembered by its place: a visit to another page ends a widget, another model renames a tab.
    if state.get("more") not in names:
        state.more = names[state.get("open_tab", 0)]
    for tab, body in zip(st.tabs(names, key="more", on_change="rerun"), bodies.values(), strict=True):
        if tab.open:
            with tab:
                body()
    state.open_tab = names.index(state.more)


current = _state.comparison()
finding(current)
_findings.render(current)
_budget.device_line(current)
dataset = _state.trained().dataset
measured = len(current.differences) > 0
with st.grid(columns=2, min_column_width=420, gap="medium"):
    if measured:
        with st.container():
            st.markdown("**Metrics**")
            metric_table(current, dataset.target.table_unit)
    with st.container():
        st.markdown("**Sizes**")
        size_table(current)
if measured and dataset.task == "classification":
    classes_side_by_side(current)
errors_and_differences(current)
tabs(current)
with st.expander("Reference systems: stated and recomputed", key="reference_box", on_change="rerun") as box:
    if box.open:
        _reference.render()
