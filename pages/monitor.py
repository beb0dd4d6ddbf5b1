"""Monitor: a batch of rows against what the model in use saw in training, and what drift does to both models."""

from __future__ import annotations

import streamlit as st

from pages import _monitor_charts, _monitor_history, _monitor_result, _monitor_simulator, _monitor_source, _retrain

now = _monitor_source.current()
_monitor_history.banner()
_monitor_result.finding(now)
_monitor_result.cards(now)
_monitor_result.notes(now)
with st.grid(columns=2, min_column_width=340, gap="medium"):
    with st.container():
        _monitor_simulator.render(now.name)
    with st.container():
        _monitor_charts.feature(now)
_monitor_result.table(now)
with st.grid(columns=2, min_column_width=340, gap="medium"):
    with st.container():
        _monitor_charts.predictions(now)
    with st.container():
        _monitor_history.render(now)
        _retrain.render(now)
