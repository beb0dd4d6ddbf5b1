"""The row on the Predict page: one tuple in the session that the form, the map, drawing and loading all change."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import numpy as np
import streamlit as st

from core.datasets import split
from core.errors import InvalidInput
from core.fields import Number
from core.train import Trained
from pages import _state

# Far beyond any row, and far from where squares and sums overflow.
REACH = Number(0, -1e9, 1e9)

# In the menu of a text or a flag: any text that training never saw, and none at all.
UNKNOWN, GAP = -1, -2

# Inputs that keep a copy of the row on their own side; each learns of a change that another one made.
COPIES = ("pad", "table")


def put(values: Sequence[float], index: int | None = None, source: str = "") -> None:
    """Make `values` the row of the page; `index` is its number in the data set, `source` the copy it came from."""
    state = st.session_state
    state.district, state.district_row = tuple(float(v) for v in values), index
    for name in COPIES:
        if name != source:
            refresh(name)


def refresh(name: str) -> None:
    """Have the copy `name` take the row of the page once more."""
    st.session_state[f"{name}_revision"] = st.session_state.get(f"{name}_revision", 0) + 1


def ready(t: Trained) -> None:
    """Start with a row of the current data set unless one is there; without rows, in the middle of what was seen."""
    data = t.dataset
    # A row of one preparation may be none of another: gaps that nothing fills, other categories.
    same = (data.name, data.sha256, len(data.y), data.features, t.preparation.may_miss)
    if st.session_state.get("district_of") == same:
        return
    st.session_state.district_of = same
    if data.places:
        load_row(data.places[0].row)
    elif len(data.y):
        load_row(int(test_rows(t)[0]))
    else:
        put(middle(t))


def middle(t: Trained) -> list[float]:
    """Return the median of each number that training saw, and the most frequent text."""
    found = t.sketch[:, t.sketch.shape[1] // 2].tolist()
    for text in t.preparation.texts:
        found[text.feature] = int(np.argmax(text.shares))
    # Half of yes is no answer.
    return [float(round(v)) if f.flag else float(v) for f, v in zip(t.dataset.features, found, strict=True)]


def test_rows(t: Trained) -> list[int]:
    """Return the numbers of the test rows in the data set, in the order in which every page counts them."""
    if t.data is None:
        return []
    found: list[int] = split(t.dataset, t.data.test_size, t.data.seed)[1].tolist()
    return found


def examples(t: Trained) -> dict[int, int]:
    """Return the place among the test rows of the first row of each class."""
    truth = t.dataset.y[test_rows(t)]
    return {k: int(np.argmax(truth == k)) for k in range(len(t.dataset.classes)) if (truth == k).any()}


def load_row(index: int) -> None:
    """Take a row of the data set."""
    put(_state.trained().dataset.X[index].tolist(), index)


def load_random() -> None:
    """Take a random test row."""
    _forget_place()
    load_row(int(np.random.default_rng().choice(test_rows(_state.trained()))))


def _forget_place() -> None:
    """Empty the menu of places, so that the same one can be chosen again."""
    if "place" in st.session_state:
        st.session_state.place = None


def load_place() -> None:
    """Take the row of the chosen place."""
    places, chosen = _state.trained().dataset.places, st.session_state.place
    if chosen in range(len(places)):
        load_row(places[chosen].row)


def load_example() -> None:
    """Take the example of the chosen class."""
    t = _state.trained()
    found = examples(t).get(st.session_state.example)
    if found is not None:
        load_row(test_rows(t)[found])


def load_number() -> None:
    """Take the test row of the chosen number."""
    rows, chosen = test_rows(_state.trained()), st.session_state.test_row
    if chosen in range(len(rows)):
        load_row(rows[chosen])


def open_row(number: int) -> None:
    """Take the test row of that number from another page, so that Predict opens with it."""
    t = _state.trained()
    ready(t)
    _forget_place()
    load_row(test_rows(t)[number])


def change_feature(i: int, key: str) -> None:
    """Take one value from the form; one that is refused becomes a message and the row stays."""
    state, values, t = st.session_state, list(st.session_state.district), _state.trained()
    given, feature = state[key], t.dataset.features[i]
    try:
        empty = given is None or ((feature.categories or feature.flag) and given == GAP)
        values[i] = nan if empty and t.preparation.may_miss[i] else float(REACH.check(feature.label, given))
    except InvalidInput as error:
        state.problems = [str(error)]
        return
    state.problems = []
    _forget_place()
    put(values)
