"""The Predict page's form: ways to load a row, a number for each feature, a warning beyond what was seen."""

from __future__ import annotations

import streamlit as st

from core.datasets import Dataset, Feature
from core.parts import Floats
from core.train import Trained
from pages import _predict_row as rows
from pages._format import literal
from pages._state import sync

# More sentences than this in one warning are not read.
MOST_WARNINGS = 8
TOO_LARGE = "These values are too large for the models to answer. Choose smaller ones."


def form(data: Dataset, sketch: Floats) -> None:
    """Draw every feature with its unit and the range seen in training."""
    for start in range(0, len(data.features), 2):
        pair = st.columns(2, vertical_alignment="bottom")
        for i, column in zip(range(start, min(start + 2, len(data.features))), pair, strict=False):
            with column:
                _input(data.features[i], sketch[i], i)


def _input(feature: Feature, seen: Floats, i: int) -> None:
    key = f"f_{feature.name}"
    low, high, spread = float(seen[0]), float(seen[-1]), float(seen[-2] - seen[1])
    known = feature.unit.lower() in feature.label.lower()
    st.number_input(
        literal(feature.label if known else f"{feature.label}, {feature.unit}"),
        value=float(st.session_state.district[i]),
        key=sync(key, float(st.session_state.district[i])),
        step=float(f"{max(spread / 20, 10.0**-feature.decimals):.1g}"),
        format=f"%.{feature.decimals}f",
        on_change=rows.change_feature,
        args=(i, key),
        help=f"{literal(feature.meaning)}. Unit: {literal(feature.unit)}. Seen in training: {low:g} to {high:g}.",
    )


def loaders(t: Trained) -> None:
    """Draw the ways to take a row of the data set: a place or an example, a random test row, one by number."""
    data = t.dataset
    if not len(data.y):
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if data.places:
            names = [p.name for p in data.places]
            st.selectbox(
                "A place", range(len(names)), format_func=names.__getitem__, key="place", index=None,
                placeholder="Choose a city", on_change=rows.load_place, width=220,
            )  # fmt: skip
        elif data.classes:
            _examples(t)
        st.button("Random test row", key="random", on_click=rows.load_random, icon=":material/casino:")


def _examples(t: Trained) -> None:
    """Draw the choosers of an example of each class and of a test row by its number; both show what is on view."""
    found, numbers = rows.examples(t), {index: n for n, index in enumerate(rows.test_rows(t))}
    number = numbers.get(st.session_state.district_row)
    shown = next((k for k, n in found.items() if n == number), None)
    classes = t.dataset.classes
    st.selectbox(
        "An example of", list(found), format_func=lambda k: literal(classes[k]), key=sync("example", shown),
        index=None, placeholder=f"Choose a {t.dataset.target.label.lower()}"[:40], on_change=rows.load_example,
        width=140,
    )  # fmt: skip
    st.number_input(
        "Test row", 0, len(numbers) - 1, value=None, step=1, key=sync("test_row", number), placeholder="none",
        on_change=rows.load_number, width=120,
        help=f"From 0 to {len(numbers) - 1}, counted as on the other pages.",
    )  # fmt: skip


def outside(data: Dataset, sketch: Floats, row: Floats) -> list[str]:
    """Return a sentence in Markdown for each value beyond the range seen in training."""
    return [
        f"{literal(f.label)} {v:g} lies outside {s[0]:g} to {s[-1]:g}"
        for f, v, s in zip(data.features, row, sketch, strict=True)
        if not s[0] <= v <= s[-1]
    ]


def warn(t: Trained, row: Floats, picture: bool = False) -> None:
    """Warn of values beyond the range seen in training; pixels of a picture are only counted."""
    problems = outside(t.dataset, t.sketch, row)
    if not problems:
        return
    text = "; ".join(problems[:MOST_WARNINGS])
    if picture:
        many = len(problems) > 1
        text = f"{len(problems)} pixel{'s' if many else ''} {'hold' if many else 'holds'} more or less ink than in any "
        text += "training picture"
    elif len(problems) > MOST_WARNINGS:
        text += f"; and {len(problems) - MOST_WARNINGS} more"
    st.warning(text + ". Both models only guess there.", icon=":material/warning:")
