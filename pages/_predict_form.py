"""The Predict page's form: ways to load a row, an input for each feature, a warning beyond what was seen."""

from __future__ import annotations

import streamlit as st

from core.parts import Floats
from core.train import Trained
from pages import _predict_inputs
from pages import _predict_row as rows
from pages._predict_inputs import outside
from pages._state import sync

# More sentences than this in one warning are not read.
MOST_WARNINGS = 8
TOO_LARGE = "These values are too large for the models to answer. Choose smaller ones."


def form(t: Trained) -> None:
    """Draw every feature with its unit and what was seen of it in training."""
    count = len(t.dataset.features)
    for start in range(0, count, 2):
        pair = st.columns(2, vertical_alignment="bottom")
        for i, column in zip(range(start, min(start + 2, count)), pair, strict=False):
            with column:
                _predict_inputs.draw(t, i)


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
        else:
            _examples(t)
        st.button("Random test row", key="random", on_click=rows.load_random, icon=":material/casino:")


def _examples(t: Trained) -> None:
    """Draw the choosers of an example of each class and of a test row by its number; both show what is on view."""
    numbers = {index: n for n, index in enumerate(rows.test_rows(t))}
    number, classes = numbers.get(st.session_state.district_row), t.dataset.classes
    if classes:
        found = rows.examples(t)
        shown = next((k for k, n in found.items() if n == number), None)
        st.selectbox(
            "An example of", list(found), format_func=classes.__getitem__, key=sync("example", shown),
            index=None, placeholder=f"Choose a {t.dataset.target.label.lower()}"[:40], on_change=rows.load_example,
            width=140,
        )  # fmt: skip
    st.number_input(
        "Test row", 0, len(numbers) - 1, value=None, step=1, key=sync("test_row", number), placeholder="none",
        on_change=rows.load_number, width=120,
        help=f"From 0 to {len(numbers) - 1}, counted as on the other pages.",
    )  # fmt: skip


def warn(t: Trained, row: Floats, picture: bool = False) -> None:
    """Warn of values beyond the range seen in training; pixels of a picture are only counted."""
    problems = outside(t, row)
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
