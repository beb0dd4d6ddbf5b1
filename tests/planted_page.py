"""A page that fails with a message that nobody may see; only `planted_app.py` shows it."""

import streamlit as st

st.title("Planted")
raise ValueError(f"planted secret {4700 + 11}")  # its line may be shown, its words may not
