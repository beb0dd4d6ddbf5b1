"""What pushes an answer: each column's contribution against the average training row, for both models."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import figures
from core.parts import Floats
from core.train import Trained
from pages import _shared
from pages._result import PLOTLY

# More bars than this are not read; the largest are kept.
MOST_BARS = 10


def centred(t: Trained, row: Floats) -> Floats:
    """Return the model's columns of `row` (n_features,) minus their averages on the training rows."""
    found: Floats = t.preparation.expand(row[None, :])[0] - t.moments.mean
    return found


def bars(t: Trained, before: Floats, after: Floats, unit: str, caption: str) -> None:
    """Draw the contributions (n_columns,) of both models, the largest ones of many."""
    many = len(before) > MOST_BARS
    shown = np.argsort(-np.abs(before))[:MOST_BARS] if many else np.arange(len(before))
    names = [t.preparation.columns[i] for i in shown]
    figure = figures.contributions(names, before[shown], after[shown], unit, _shared.palette())
    st.plotly_chart(figure, key="pushes", config=PLOTLY, alt="Contribution of each feature for both models")
    st.caption(caption + (" The ten largest are shown." if many else ""))
