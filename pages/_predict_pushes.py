"""What pushes an answer: each column's contribution against the average training row, for both models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core import figures
from core.parts import Floats
from core.train import Trained
from pages import _shared
from pages._format import titled
from pages._predict_cells import MISSING, cell
from pages._result import PLOTLY

# More bars than this are not read; the largest are kept.
MOST_BARS = 10
LONGEST = 36


def centred(t: Trained, row: Floats) -> Floats:
    """Return the model's columns of `row` (n_features,) minus their averages on the training rows."""
    found: Floats = t.preparation.expand(row[None, :])[0] - t.moments.mean
    return found


def parts_of(t: Trained, row: Floats) -> tuple[list[str], list[int]]:
    """Return the names of what pushes, and the first column of each: a text is one thing, with all its columns."""
    p, features = t.preparation, t.dataset.features
    first = p.n_columns - p.n_flags + len(p.marked)
    names, starts = list(p.columns[:first]), list(range(first))
    for text in p.texts:
        count = len(text.seen) + p.gap_column(text)
        if count:
            said = cell(features[text.feature], float(row[text.feature]))
            names.append(f"{p.features[text.feature]}: {MISSING if said is None else said}")
            starts.append(first)
            first += count
    return names, starts


def bars(t: Trained, row: Floats, before: Floats, after: Floats, unit: str, caption: str) -> None:
    """Draw the contributions (n_columns,) of both models to the answer for `row`, the largest ones of many."""
    names, starts = parts_of(t, row)
    before, after = (np.add.reduceat(values, starts) for values in (before, after))
    draw(names, before, after, unit, caption, "contribution against the average row")


def draw(names: Sequence[str], before: Floats, after: Floats, unit: str, caption: str, title: str) -> None:
    """Draw a pair of bars for each name, the largest ones of many; `title` says what they are."""
    many = len(before) > MOST_BARS
    shown = np.argsort(-np.abs(before))[:MOST_BARS] if many else np.arange(len(before))
    figure = figures.contributions(_short(names, shown), before[shown], after[shown], unit, _shared.palette(), title)
    st.plotly_chart(figure, key="pushes", config=PLOTLY, alt=f"{titled(title)} of each feature, both models")
    st.caption(caption + (" The ten largest are shown." if many else ""))


def _short(names: Sequence[str], shown: NDArray[np.intp]) -> list[str]:
    """Return the names of the bars `shown`, short enough for an axis; no two are alike, or they would be one bar."""
    found: list[str] = []
    for i in shown.tolist():
        name = names[i] if len(names[i]) <= LONGEST else names[i][: LONGEST - 1] + "…"
        found.append(f"{name} ({i + 1})" if name in found else name)
    return found
