"""Predict: type, draw or load a row, get both models' answers and what pushes them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages import _batch, _predict_champion, _predict_classes, _predict_row, _predict_values, _request, _state

current = _state.trained()
_predict_row.ready(current)
page = _predict_classes if current.dataset.classes else _predict_values
row = np.array(st.session_state.district)
page.render(current, row)
_batch.render(current)
_request.render(current)
_predict_champion.render(current, row)
