"""Compare: metrics, bytes, coefficients and predictions of both models; up to four pinned settings."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core import figures
from core.errors import InvalidInput
from core.evaluate import Comparison, cross_validate
from core.permalink import to_query
from core.sizes import float_size
from pages import _shared, _state
from pages._format import literal, money, number, signed, size
from pages._quantise import PLOTLY, finding, setting_words

LABELS = {"r2": "R²", "rmse": "RMSE", "mae": "MAE"}


def metric_table(c: Comparison, unit: str) -> None:
    """Draw every metric of both models with the difference, on test and training rows."""
    rows = []
    for part in ("test", "train"):
        for name, label in LABELS.items():
            before, after = (c.metrics[m][part][name] for m in ("original", "quantized"))
            gap = None if before is None or after is None else after - before
            d = c.difference
            interval = f"{signed(d.low, 5)} to {signed(d.high, 5)}" if d and (part, name) == ("test", "r2") else ""
            rows.append(
                {
                    "metric": f"{label}, {part}",
                    "original": number(before, 6),
                    "quantised": number(after, 6),
                    "difference": signed(gap, 6),
                    "95 % interval": interval,
                }
            )
    right = ("original", "quantised", "difference", "95 % interval")
    widths = (76, 76, 80, 146)
    config: dict[str, Any] = {
        name: st.column_config.TextColumn(name, alignment="right", width=width)
        for name, width in zip(right, widths, strict=True)
    }
    st.dataframe(rows, hide_index=True, key="metrics", column_config=config, alt="Metrics of both models")
    if c.difference is not None:
        d = c.difference
        st.caption(
            f"R² on the test rows: {d.verdict}. Test row {d.row} moves the difference most, by "
            f"{signed(d.row_effect, 6)}; without it the difference is {signed(d.value_without, 6)}. The interval comes "
            f"from 1,000 paired resamples of the test rows. RMSE and MAE are in units of \\{unit}."
        )


def size_table(c: Comparison) -> None:
    """Draw payload, side information, container and file of every candidate."""
    trained = _state.trained()
    original, quantized = c.sizes["original"], c.sizes["quantized"]
    r2 = {y.kind: y.r2 for y in c.yardsticks}
    rows = [
        ("original, float64", original, c.metrics["original"]["test"]["r2"]),
        *[
            (f"{k} cast", float_size(trained.parts, original.file - original.numbers, k), r2[k])
            for k in ("float32", "float16")
        ],
        ("quantised", quantized, c.metrics["quantized"]["test"]["r2"]),
    ]
    whole = {"original, float64", "quantised"}
    frame = pd.DataFrame(
        {
            "model": [name for name, _, _ in rows],
            "payload": [s.payload for _, s, _ in rows],
            "side": [s.side for _, s, _ in rows],
            "container": [f"{s.container:,}" if n in whole else "–" for n, s, _ in rows],
            "file": [f"{s.file:,}" if n in whole else "–" for n, s, _ in rows],
            "test R²": [number(r) for _, _, r in rows],
        }
    )
    config: dict[str, Any] = {
        "model": st.column_config.TextColumn("bytes", width=112),
        "payload": st.column_config.NumberColumn("payload", width=62, help="Packed codes, or the floats themselves."),
        "side": st.column_config.NumberColumn("side", width=48, help="Scales, zero points, intercept, scaling."),
        "container": st.column_config.TextColumn(
            "container", width=72, alignment="right", help="Names, units, settings and checks in the file."
        ),
        "file": st.column_config.TextColumn("file", width=56, alignment="right", help="The file on disk."),
        "test R²": st.column_config.TextColumn("test R²", width=62, alignment="right"),
    }
    st.dataframe(frame, hide_index=True, key="sizes", column_config=config, alt="Bytes of every candidate")
    q = quantized
    st.caption(
        f"Quantised: {q.bits_per_parameter:.1f} bits per parameter, {q.scaling} of the {q.side} bytes of side "
        f"information scale raw features. A plain cast has the original's container. Joblib file of the estimator: "
        f"{size(c.joblib_bytes)}."
    )
    if c.not_smaller:
        st.warning(c.not_smaller, icon=":material/scale:")


def errors_and_differences(c: Comparison) -> None:
    """Draw coefficient errors beside the distribution of prediction differences."""
    trained = _state.trained()
    target, key, colours = trained.dataset.target, _state.key(), _shared.palette()
    grid = st.grid(columns=2, min_column_width=420, gap="medium")
    with grid.container():
        st.markdown("**Errors of the coefficients**")
        figure = _shared.drawn("errors", key, lambda: figures.coef_errors(c, colours, trained.preparation.columns))
        st.plotly_chart(figure, key="coef_errors", config=PLOTLY, alt="Error of each coefficient")
        errors, width = c.errors, c.coef_range
        share = f", {errors.mean() / width:.4%} of their range" if width > 0 else ""
        st.caption(f"Mean {errors.mean():.6g}{share}; largest {errors.max():.6g}. Without the intercept.")
    with grid.container():
        st.markdown("**Differences of the predictions**")
        figure = _shared.drawn(
            "moved", key, lambda: figures.difference_histogram(c, target.factor, target.unit, colours)
        )
        st.plotly_chart(figure, key="moved", config=PLOTLY, alt="Distribution of the prediction differences")
        a = c.agreement
        median, p99, largest = (money(v * target.factor, target.unit) for v in (a.median, a.p99, a.largest))
        st.caption(
            f"Half of the {len(c.differences):,} test rows move by less than \\{median}, 99 % by less than \\{p99}; "
            f"the largest move is \\{largest}. The chart leaves out the outer 1 %."
        )


def pins() -> None:
    """Draw the pinned settings beside each other, with what takes or drops them."""
    kept = st.session_state.pins
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Pinned settings**", width="content")
        full = len(kept) >= _state.MAX_PINS or _state.experiment() in kept
        st.button("Pin this setting", key="pin", on_click=_state.pin, disabled=full, icon=":material/keep:")
    if not kept:
        st.caption(f"Pin up to {_state.MAX_PINS} settings to see them side by side.")
        return
    with st.grid(columns=_state.MAX_PINS, min_column_width=210):
        for i, e in enumerate(kept):
            with st.container(border=True):
                c = _shared.comparison(e)
                st.markdown(f"**{setting_words(c)}**")
                extra = [f"{k} {v}" for k, v in to_query(e).items() if k not in ("v", "dataset", "method", "bits")]
                st.caption(", ".join(extra))
                st.metric("Test R²", number(c.metrics["quantized"]["test"]["r2"]))
                d = c.difference
                st.caption(d.verdict if d else "")
                st.metric("Bytes of numbers", f"{c.sizes['quantized'].numbers}")
                st.button("Take it", key=f"take_{i}", on_click=_state.take, args=(e,), width="stretch")
                st.button("Unpin", key=f"unpin_{i}", on_click=_state.unpin, args=(i,), width="stretch")


def cross_validation() -> None:
    """Draw the button and the figures of a cross-validation on the training rows."""
    trained, e = _state.trained(), _state.experiment()
    if st.button("Cross-validate on the training rows", key="cv", help="Five folds; refitted and quantised in each."):
        try:
            found = cross_validate(trained, e.scheme)
        except InvalidInput as error:
            st.error(literal(str(error)), icon=":material/error:")
            return
        first, second = found["original"], found["quantized"]
        st.markdown(
            f"Five folds of the training rows: :blue[R² {number(first['r2_mean'])} ± {number(first['r2_std'])}] "
            f"original, :orange[{number(second['r2_mean'])} ± {number(second['r2_std'])}] quantised."
        )


current = _state.comparison()
finding(current)
dataset = _state.trained().dataset
with st.grid(columns=2, min_column_width=420, gap="medium"):
    with st.container():
        st.markdown("**Metrics**")
        metric_table(current, dataset.target.table_unit)
    with st.container():
        st.markdown("**Sizes**")
        size_table(current)
errors_and_differences(current)
pins()
cross_validation()
