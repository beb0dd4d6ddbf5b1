"""Train, for trees: how large they are, which columns they ask about, and which of these matter."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import figures
from core.parts import Array, Parts
from core.train import Trained
from pages import _choice, _shared, _tuning
from pages._format import size
from pages._result import PLOTLY


def words(t: Trained) -> str:
    """Return how many trees, questions and leaves there are, and how large joblib's file of the estimator is."""
    text: str = _shared.drawn("tree words", _choice.model_key(), lambda: _words(t))
    return text


def _words(t: Trained) -> str:
    s = t.parts.structure
    trees, questions, leaves = len(s["n_nodes"]), len(s["feature"]), len(t.parts.values["leaf"])
    text = f"{trees:,} tree{'s' if trees > 1 else ''} with {questions:,} questions and {leaves:,} leaves"
    if t.report.joblib_bytes is None:
        return f"{text}."
    return f"{text}; joblib's file of the estimator has {size(t.report.joblib_bytes)}."


def importances(t: Trained) -> None:
    """Draw how often each column is asked about, beside how much the model loses without it; nothing without trees."""
    if t.parts.family != "trees":
        return
    with st.grid(columns=2, min_column_width=420, gap="medium"):
        with st.container():
            st.markdown("**What the trees ask about**")
            figure = _shared.drawn(
                "questions", _choice.model_key(),
                lambda: figures.split_counts(t.preparation.columns, counts(t.parts), _shared.palette()),
            )  # fmt: skip
            st.plotly_chart(figure, key="questions", config=PLOTLY, alt="How often each column is asked about")
            many = len(t.preparation.columns) > figures.MOST_COLUMNS
            st.caption(
                "Questions in all trees. A column that is asked about often need not matter much: questions deep in a "
                "tree concern few rows." + (f" The {figures.MOST_COLUMNS} most frequent are drawn." if many else "")
            )
        with st.container():
            st.markdown("**What matters to its figure**")
            _tuning.importance(t)


def counts(parts: Parts) -> Array:
    """Return how many questions ask about each column, (n_columns,)."""
    return np.bincount(parts.structure["feature"], minlength=len(parts.meta["features"])).astype(np.int64)
