"""The Predict page for regression: both values, what pushes them, and a map where the rows have places."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import families, figures
from core.parts import Floats
from core.train import Trained
from pages import _shared, _state
from pages._format import literal, money
from pages._predict_form import TOO_LARGE, form, loaders, warn
from pages._predict_pushes import bars, centred
from pages._predict_row import put
from pages._result import PLOTLY, setting_words

DEGREES = ("Latitude", "Longitude")


def render(t: Trained, row: Floats) -> None:
    """Draw the page."""
    mapped = len(t.dataset.y) > 0 and set(DEGREES) <= set(t.dataset.feature_names)
    # One element, however much is in it: a message that comes and goes would move the form below.
    with st.container():
        fine = answers(t, row)
    with st.grid(columns=2, min_column_width=420, gap="large"):
        with st.container():
            loaders(t)
            form(t.dataset, t.sketch)
            if mapped and fine:
                pushes(t, row)
        with st.container():
            if mapped:
                place_map(t, row)
            elif fine:
                pushes(t, row)


def answers(t: Trained, row: Floats) -> bool:
    """Draw both answers, their difference and, for a row of the table, the true value; say whether there are any."""
    c, target = _state.comparison(), t.dataset.target
    with np.errstate(over="ignore", invalid="ignore"):
        X = t.preparation.expand(row[None, :])
        before, after = (float(families.predict(p, X)[0]) * target.factor for p in (t.parts, c.decoded))
    if not np.isfinite([before, after]).all():
        st.error(TOO_LARGE, icon=":material/error:")
        return False
    with st.container(key="finding"):
        gap = money(abs(after - before), target.unit)
        more = "more" if after >= before else "less"
        st.markdown(
            f"**{setting_words(c)}:** the quantised model says :orange[{literal(money(after, target.unit))}], "
            f"{literal(gap)} {more} than :blue[{literal(money(before, target.unit))}] of the original."
        )
    index, meaning = st.session_state.district_row, literal(target.meaning)
    unit = target.unit if target.unit == "$" else literal(target.unit)
    with st.grid(columns=4, min_column_width=150):
        st.metric("Original", money(before, unit), border=True, help=meaning)
        st.metric("Quantised", money(after, unit), border=True, help=meaning)
        st.metric("Difference", money(after - before, unit), border=True)
        true = None if index is None else float(t.dataset.y[index]) * target.factor
        st.metric("True value", "–" if true is None else money(true, unit), border=True,
                  help="Known for rows of the data set, until a value is changed.")  # fmt: skip
    warn(t, row)
    return True


def pushes(t: Trained, row: Floats) -> None:
    """Draw each column's contribution against the average training row, for both models."""
    c, target = _state.comparison(), t.dataset.target
    X = centred(t, row)
    before, after = (p.values["coef"][0] * X * target.factor for p in (t.parts, c.decoded))
    base = [float(families.predict(p, t.moments.mean[None, :])[0]) * target.factor for p in (t.parts, c.decoded)]
    st.markdown("**What pushes the answer**")
    bars(
        t, before, after, target.unit,
        f"Against the average training row, for which the original says {literal(money(base[0], target.unit))} and the "
        f"quantised model {literal(money(base[1], target.unit))}.",
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
