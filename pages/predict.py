"""Predict: type in a district, get both models' answers and what pushes them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import families, figures
from core.datasets import Dataset
from core.errors import InvalidInput
from core.fields import Number
from core.parts import Floats
from core.train import Trained
from pages import _shared, _state
from pages._format import literal, money
from pages._quantise import PLOTLY, setting_words
from pages._state import sync

# Far beyond any district, and far from where squares and sums overflow.
REACH = Number(0, -1e9, 1e9)


def load_row(index: int) -> None:
    """Put a row of the data set into the form."""
    data = _state.trained().dataset
    st.session_state.district = tuple(float(v) for v in data.X[index])
    st.session_state.district_row = index


def load_random() -> None:
    """Put a random test row into the form."""
    t = _state.trained()
    from core.datasets import split

    _, test = split(len(t.dataset.y), t.data.test_size, t.data.seed)
    load_row(int(np.random.default_rng().choice(test)))
    st.session_state.place = None  # so that the place can be chosen again


def load_place() -> None:
    """Put the chosen place into the form."""
    chosen = st.session_state.place
    if chosen is not None:
        load_row(_state.trained().dataset.places[chosen].row)


def change_feature(i: int, key: str) -> None:
    """Take one value from the form; one that is refused becomes a message and the district stays."""
    state, values = st.session_state, list(st.session_state.district)
    try:
        values[i] = float(REACH.check(_state.trained().dataset.features[i].label, state[key]))
    except InvalidInput as error:
        state.problems = [str(error)]
        return
    state.district, state.district_row, state.problems = tuple(values), None, []
    state.place = None


def click_map() -> None:
    """Take latitude and longitude from the dot that was clicked."""
    points = st.session_state.map.selection.points
    if not points:
        return
    names = list(_state.trained().dataset.feature_names)
    values = list(st.session_state.district)
    values[names.index("Latitude")], values[names.index("Longitude")] = points[0]["y"], points[0]["x"]
    # The dots are drawn in float32; two decimals are what the table has.
    st.session_state.district = tuple(round(v, 2) if n in ("Latitude", "Longitude") else v
                                      for n, v in zip(names, values, strict=True))  # fmt: skip
    st.session_state.district_row = st.session_state.place = None


def form(data: Dataset, sketch: Floats) -> None:
    """Draw every feature with its unit and the range seen in training."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = [p.name for p in data.places]
        st.selectbox(
            "A place", range(len(names)), format_func=names.__getitem__, key="place", index=None,
            placeholder="Choose a city", on_change=load_place, width=220,
        )  # fmt: skip
        st.button("Random test row", key="random", on_click=load_random, icon=":material/casino:")
    for start in range(0, len(data.features), 2):
        pair = st.columns(2, vertical_alignment="bottom")
        for i, column in zip(range(start, min(start + 2, len(data.features))), pair, strict=False):
            with column:
                _input(data, sketch, i)


def _input(data: Dataset, sketch: Floats, i: int) -> None:
    feature, key = data.features[i], f"f_{data.features[i].name}"
    low, high = float(sketch[i, 0]), float(sketch[i, -1])
    spread = float(sketch[i, -2] - sketch[i, 1])
    known = feature.unit.lower() in feature.label.lower()
    st.number_input(
        feature.label if known else f"{feature.label}, {feature.unit}",
        key=sync(key, float(st.session_state.district[i])),
        step=float(f"{max(spread / 20, 10.0**-feature.decimals):.1g}"),
        format=f"%.{feature.decimals}f",
        on_change=change_feature,
        args=(i, key),
        help=f"{feature.meaning}. Unit: {feature.unit}. Seen in training: {low:g} to {high:g}.",
    )


def outside(data: Dataset, sketch: Floats, row: Floats) -> list[str]:
    """Return a sentence for each value beyond the range seen in training."""
    return [
        f"{f.label} {v:g} lies outside {s[0]:g} to {s[-1]:g}"
        for f, v, s in zip(data.features, row, sketch, strict=True)
        if not s[0] <= v <= s[-1]
    ]


def answers(t: Trained, row: Floats) -> None:
    """Draw both answers, their difference and, for a row of the table, the true value."""
    c, target = _state.comparison(), t.dataset.target
    X = t.preparation.expand(row[None, :])
    before, after = (float(families.predict(p, X)[0]) * target.factor for p in (t.parts, c.decoded))
    with st.container(key="finding"):
        gap = money(abs(after - before), target.unit)
        more = "more" if after >= before else "less"
        st.markdown(
            f"**{setting_words(c)}:** the quantised model says :orange[{literal(money(after, target.unit))}], "
            f"{literal(gap)} {more} than :blue[{literal(money(before, target.unit))}] of the original."
        )
    index = st.session_state.district_row
    with st.grid(columns=4, min_column_width=150):
        st.metric("Original", money(before, target.unit), border=True, help=target.meaning)
        st.metric("Quantised", money(after, target.unit), border=True, help=target.meaning)
        st.metric("Difference", money(after - before, target.unit), border=True)
        true = None if index is None else float(t.dataset.y[index]) * target.factor
        st.metric("True value", "–" if true is None else money(true, target.unit), border=True,
                  help="Known for rows of the data set, until a value is changed.")  # fmt: skip
    problems = outside(t.dataset, t.sketch, row)
    if problems:
        st.warning("; ".join(problems) + ". Both models only guess there.", icon=":material/warning:")


def pushes(t: Trained, row: Floats) -> None:
    """Draw each column's contribution against the average training row, for both models."""
    c, target = _state.comparison(), t.dataset.target
    X = t.preparation.expand(row[None, :])[0] - t.moments.mean
    before, after = (p.values["coef"][0] * X * target.factor for p in (t.parts, c.decoded))
    shown = np.argsort(-np.abs(before))[:10] if len(before) > 10 else np.arange(len(before))
    names = [t.preparation.columns[i] for i in shown]
    figure = figures.contributions(names, before[shown], after[shown], target.unit, _shared.palette())
    st.markdown("**What pushes the answer**")
    st.plotly_chart(figure, key="pushes", config=PLOTLY, alt="Contribution of each feature for both models")
    base = [float(families.predict(p, t.moments.mean[None, :])[0]) * target.factor for p in (t.parts, c.decoded)]
    most = " The ten largest are shown." if len(before) > 10 else ""
    st.caption(
        f"Against the average training row, for which the original says {literal(money(base[0], target.unit))} and the "
        f"quantised model {literal(money(base[1], target.unit))}.{most}"
    )


def place_map(t: Trained, row: Floats) -> None:
    """Draw the test rows at their longitude and latitude; a click takes the place of a dot."""
    names = list(t.dataset.feature_names)
    if "Latitude" not in names:
        return
    lat, lon = names.index("Latitude"), names.index("Longitude")
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


current = _state.trained()
if "district" not in st.session_state or len(st.session_state.district) != len(current.dataset.features):
    load_row(current.dataset.places[0].row)
values = np.array(st.session_state.district)
answers(current, values)
with st.grid(columns=2, min_column_width=420, gap="large"):
    with st.container():
        form(current.dataset, current.sketch)
        pushes(current, values)
    with st.container():
        place_map(current, values)
