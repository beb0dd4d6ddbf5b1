"""Example cards: what quantising can do, and how it fails; one click each."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.config import DataConfig, Experiment, TrainConfig, preset_experiment
from core.quant import Scheme
from pages import _shipped, _state


@dataclass(frozen=True)
class Card:
    """One example: its name, what one sees in it, and the setting that it takes."""

    title: str
    text: str
    setting: Experiment


CARDS: dict[str, Card] = {
    "free": Card("8 bits for free", "A house-price model in a byte a coefficient: no measurable loss.", Experiment()),
    "collapse": Card(
        "The collapse",
        "The intercept shares the grid of the coefficients, and nothing is left of the model.",
        preset_experiment("system-001-global"),
    ),
    "digits": Card(
        "Digits at 2 bits",
        "Handwriting read with weights of four values; draw your own on Predict.",
        Experiment(DataConfig("digits"), TrainConfig("logistic"), Scheme("asymmetric", 2, granularity="row")),
    ),
    "forest": Card(
        _shipped.LABEL,
        "A random forest on house prices: 12.4 MiB of joblib, and the same answers from 330 KiB.",
        _shipped.FOREST,
    ),
}


def render() -> None:
    """Draw one button a card; what it shows is said on hover."""
    with st.container(horizontal=True, vertical_alignment="center", key="gallery"):
        st.markdown("Examples", width="content")
        for name, card in CARDS.items():
            st.button(card.title, key=f"card_{name}", help=card.text, on_click=_state.take, args=(card.setting,))
