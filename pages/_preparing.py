"""How rows are prepared, on Train: what becomes of missing numbers, and columns divided by others."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.config import FILL, IMPUTE, INDICATOR, RATIOS
from core.datasets import Dataset
from core.prepare import KNOWN
from core.train import Trained
from pages import _choice, _digits, _recipe, _shared, _state
from pages._fields import draw
from pages._format import listed, literal
from pages._state import sync


def gaps(t: Trained) -> None:
    """Draw what becomes of missing numbers; nothing where none is missing and nothing is set."""
    if t.config is None:
        return
    config = _state.asked().train
    missing = _shared.drawn("missing", _choice.model_key(), lambda: _any_missing(t.dataset))
    if not missing and config.impute == IMPUTE.default:
        return
    draw(IMPUTE, "impute", config.impute, _recipe.change_train, "impute")
    if config.impute == "constant":
        draw(FILL, "fill", config.fill, _recipe.change_train, "fill")
    if config.impute != "none":
        draw(INDICATOR, "indicator", config.indicator, _recipe.change_train, "indicator")


def _any_missing(data: Dataset) -> bool:
    numbers = [i for i, f in enumerate(data.features) if not f.categories]
    return bool(np.isnan(data.X[:, numbers]).any())


def numbers_of(data: Dataset) -> list[str]:
    """Return the names of the columns of numbers, which can be divided by each other."""
    return [f.name for f in data.features if not f.categories and not f.flag]


def ratios(t: Trained) -> None:
    """Draw the ratios there are, each with a button that drops it, and a menu to add one; nothing for pictures."""
    names = numbers_of(t.dataset)
    if t.config is None or len(names) < 2 or _digits.is_picture(t.dataset):
        return
    there = _state.asked().train.ratios
    with st.expander("Ratios", key="ratios_box", icon=":material/percent:", on_change="rerun") as box:
        if not box.open:
            return
        st.caption("One column divided by another is a new column: a linear model can use what it cannot work out.")
        if there:
            with st.container(horizontal=True):
                for i, text in enumerate(there):
                    st.button(
                        literal(text), key=f"ratio_{i}", icon=":material/close:", help="Takes this ratio away.",
                        on_click=_recipe.change_ratios, args=(there[:i] + there[i + 1 :],),
                    )  # fmt: skip
        _menu(names, there)


def _menu(names: list[str], there: tuple[str, ...]) -> None:
    """Draw the two columns of a new ratio and the button that adds it, and the known ones that fit the table."""
    full = len(there) >= RATIOS.most
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for label, key, place in (("Divide", "ratio_over", 0), ("by", "ratio_under", 1)):
            chosen = st.session_state.get(key)
            value = chosen if chosen in names else names[place]
            st.selectbox(label, names, names.index(value), format_func=listed, key=sync(key, value), width=240)
        st.button("Add", key="ratio_add", on_click=_add, icon=":material/add:", disabled=full)
    fitting = [n for n, pair in KNOWN.items() if set(pair) <= set(names) and n not in there]
    if fitting and not full:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("Known for such a table", width="content")
            for name in fitting:
                st.button(literal(name), key=f"ratio_{name}", on_click=_recipe.change_ratios, args=((*there, name),))


def _add() -> None:
    state = st.session_state
    there = _state.asked().train.ratios
    _recipe.change_ratios((*there, f"{state.ratio_over}/{state.ratio_under}"))
