"""The charts of the Monitor page: the feature on view and the predictions, each on training rows and in the batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core import figures
from core.drift import Column
from core.parts import Floats
from pages import _monitor_result, _shared, _state
from pages._format import listed, literal, number, titled
from pages._monitor_source import Current
from pages._predict_cells import ANOTHER
from pages._result import PLOTLY

# Values that stand for a column of which only 21 quantiles are known.
SPREAD = 401
HELD_BACK = "held-back rows"


def feature(now: Current) -> None:
    """Draw the menu of features, the worst first, the chart of the one on view, and why its verdict is what it is."""
    found = _monitor_result.on_view(now)
    columns = {column.name: column for column in now.report.by_severity}
    st.selectbox(
        "Feature on view", list(columns), index=list(columns).index(found.name), on_change=_take,
        key=_state.sync("monitor_view", found.name),
        format_func=lambda name: f"{listed(columns[name].label)}: {columns[name].verdict}",
    )  # fmt: skip
    figure = now.made(f"overlay {found.name}", lambda: _overlay(now, found))
    st.plotly_chart(
        figure, key="drift_overlay", config=PLOTLY, alt="The feature on view, in the batch and on the training rows"
    )
    with st.container(key="drift_why", gap="xsmall"):
        st.markdown(_figures(found))
        st.caption(f"{_monitor_result.SIGNS[found.verdict]} {literal(titled(found.verdict))}: {literal(found.why)}.")


def _figures(column: Column) -> str:
    """Return the figures of one feature in a line, so that they are in view beside the sliders that move them."""
    shown = [
        ("KS", None if column.ks is None else number(column.ks)),
        ("Wasserstein", None if column.wasserstein is None else _monitor_result.moved(column)),
        ("PSI", None if column.psi is None else number(column.psi)),
        ("chi-square", None if column.chi_square is None else number(column.chi_square)),
        ("missing", f"{100 * column.missing:.3g} %"),
        ("out of range", None if column.kind == "text" else f"{100 * (column.below + column.above):.3g} %"),
        ("new", f"{100 * column.unseen:.3g} %" if column.kind == "text" else None),
    ]
    return " · ".join(f"**{name}** {literal(value)}" for name, value in shown if value is not None)


def _take() -> None:
    st.session_state.monitor_feature = st.session_state.monitor_view


def _overlay(now: Current, column: Column) -> Any:
    title, palette = _title(column.label, column.unit), _shared.palette()
    if column.kind in ("text", "flag"):
        return figures.category_bars(*_categories(now, column), title, palette)
    place = now.report.features.index(column)
    known = np.array(column.quantiles_reference)
    return figures.batch_overlay(figures.shares(known, now.batch().X[:, place]), title, palette)


def _title(label: str, unit: str) -> str:
    return label if not unit or unit.lower() in label.lower() else f"{label}, {unit}"


def _categories(now: Current, column: Column) -> tuple[tuple[str, ...], Floats, Floats]:
    """Return the names of the categories with their shares in per cent, of what is there, on either side."""
    if column.kind == "flag":
        values, known = now.batch().X[:, now.report.features.index(column)], np.array(column.quantiles_reference)
        there = values[~np.isnan(values)]
        yes = [float((known > 0.5).mean()), float((there > 0.5).mean()) if there.size else 0.0]
        reference, batch = (100 * np.array([1 - share, share]) for share in yes)
        return ("no", "yes"), reference, batch
    reference, batch = (np.array(part or [0.0] * len(column.labels)) for part in (column.bins_reference, column.bins))
    other = [max(0.0, 1 - batch.sum())] if column.bins else [0.0]
    return (*column.labels, ANOTHER), 100 * np.append(reference, 0.0), 100 * np.append(batch, other)


def predictions(now: Current) -> None:
    """Draw the original's predictions on the held-back rows and in the batch, where the reference has them."""
    column = now.report.predictions.get("original")
    if column is None or not column.count:
        return
    st.markdown(f"**Predictions of the original** {_monitor_result.SIGNS[column.verdict]} {literal(column.verdict)}")
    figure = now.made("predictions", lambda: _predicted(column))
    st.plotly_chart(
        figure, key="drift_predictions", config=PLOTLY, alt="Predictions in the batch and on the held-back rows"
    )
    st.caption(f"{literal(titled(column.why))}. Drift of the predictions is seen without any true value.")


def _predicted(column: Column) -> Any:
    """Return the chart of the predictions, spread evenly between their quantiles, in the unit on screen."""
    target, palette = _state.trained().dataset.target, _shared.palette()
    if column.kind == "text":
        reference, batch = (100 * np.array(part) for part in (column.bins_reference, column.bins))
        return figures.category_bars(column.labels, reference, batch, column.label, palette, HELD_BACK)
    known, batch = (target.factor * np.array(q) for q in (column.quantiles_reference, column.quantiles))
    spread = np.interp(np.linspace(0, 1, SPREAD), np.linspace(0, 1, len(batch)), batch)
    found = figures.shares(known, spread)
    return figures.batch_overlay(found, _title(column.label, target.unit), palette, HELD_BACK)
