"""The Predict page for regression: both values, what pushes them, and a map where the rows have places."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import families, figures
from core.parts import Floats
from core.train import Trained
from pages import _predict_trees, _shared, _state
from pages._format import amount, literal, money
from pages._predict_form import TOO_LARGE, form, loaders, warn
from pages._predict_pushes import bars, centred
from pages._predict_row import put
from pages._result import PLOTLY, setting_words

DEGREES = ("Latitude", "Longitude")


def render(t: Trained, row: Floats) -> None:
    """Draw the page."""
    # The map is one of California: its words and colours fit no other table.
    mapped = len(t.dataset.places) > 0 and set(DEGREES) <= set(t.dataset.feature_names)
    # One element, however much is in it: a message that comes and goes would move the form below.
    with st.container():
        fine = answers(t, row)
    with st.grid(columns=2, min_column_width=420, gap="large"):
        with st.container():
            loaders(t)
            form(t)
        with st.container():
            if mapped:
                place_map(t, row)
            elif fine:
                pushes(t, row)
    if mapped and fine:
        pushes(t, row)


def _value(value: float, unit: str) -> str:
    """Return a value in the target's unit: whole dollars, four significant digits of anything else."""
    return money(value, unit) if unit == "$" else amount(value, unit)


def answers(t: Trained, row: Floats) -> bool:
    """Draw both answers, their difference and, for a row of the table, the true value; say whether there are any."""
    c, target = _state.comparison(), t.dataset.target
    with np.errstate(over="ignore", invalid="ignore"):
        X = t.preparation.expand(row[None, :])
        before, after = (float(families.predict(p, X)[0]) * target.factor for p in (t.parts, _state.twin()))
    if not np.isfinite([before, after]).all():
        st.error(TOO_LARGE, icon=":material/error:")
        return False
    with st.container(key="finding"):
        gap = _value(abs(after - before), target.unit)
        more = "more" if after >= before else "less"
        st.markdown(
            f"**{setting_words(c)}:** the quantised model says :orange[{literal(_value(after, target.unit))}], "
            f"{literal(gap)} {more} than :blue[{literal(_value(before, target.unit))}] of the original."
        )
    index, meaning = st.session_state.district_row, literal(target.meaning)
    unit = target.unit if target.unit == "$" else literal(target.unit)
    with st.grid(columns=4, min_column_width=150):
        st.metric("Original", _value(before, unit), border=True, help=meaning)
        st.metric("Quantised", _value(after, unit), border=True, help=meaning)
        st.metric("Difference", _value(after - before, unit), border=True)
        true = None if index is None else float(t.dataset.y[index]) * target.factor
        st.metric("True value", "–" if true is None else _value(true, unit), border=True,
                  help="Known for rows of the data set, until a value is changed.")  # fmt: skip
    warn(t, row)
    return True


def pushes(t: Trained, row: Floats) -> None:
    """Draw what each feature does to the answer, for both models; of trees also the way through one of them."""
    c, target = _state.comparison(), t.dataset.target
    if t.parts.family != "linear":
        st.markdown("**What each value changes**")
        before, after = (found * target.factor for found in _predict_trees.effects(t, row))
        _predict_trees.bars(t, row, before, after, target.unit or target.label, _predict_trees.CAPTION)
        _predict_trees.way(t, row)
        return
    X = centred(t, row)
    before, after = (p.values["coef"][0] * X * target.factor for p in (t.parts, c.decoded))
    base = [float(families.predict(p, t.moments.mean[None, :])[0]) * target.factor for p in (t.parts, c.decoded)]
    first, second = (literal(_value(value, target.unit)) for value in base)
    st.markdown("**What pushes the answer**")
    bars(
        t, row, before, after, target.unit or target.label,
        f"Against the average training row, for which the original says {first} and the quantised model {second}.",
    )  # fmt: skip


def click_map() -> None:
    """Take latitude and longitude from the dot that was clicked."""
    points = st.session_state.map.selection.points
    if not points:
        return
    names = _state.trained().dataset.feature_names
    # The dots are drawn in float32; two decimals are what the table has.
    clicked = dict(zip(DEGREES, (round(points[0]["y"], 2), round(points[0]["x"], 2)), strict=True))
    put([clicked.get(n, v) for n, v in zip(names, st.session_state.district, strict=True)])


def place_map(t: Trained, row: Floats) -> None:
    """Draw the test rows at their longitude and latitude; a click takes the place of a dot."""
    lat, lon = (t.dataset.feature_names.index(n) for n in DEGREES)
    X, y = t.rows("test")
    here = (float(row[lat]), float(row[lon]))
    figure = _shared.drawn(
        "map", f"{t.data} {here}",
        lambda: figures.district_map(
            X[:, lon], X[:, lat], y * t.dataset.target.factor, here, t.dataset.target.unit, _shared.palette()
        ),
    )  # fmt: skip
    st.markdown("**Where it is**")
    st.plotly_chart(
        figure, key="map", config=PLOTLY, on_select=click_map, selection_mode="points",
        alt="Block groups of California by longitude and latitude; click one to move there",
    )  # fmt: skip
    st.caption(f"{len(y):,} test rows, darker is dearer. Click a dot to move latitude and longitude there.")
