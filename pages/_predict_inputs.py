"""The Predict page's inputs, one for each feature: a number that may be empty, a menu of texts, yes or no."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core.datasets import Feature
from core.parts import Floats
from core.train import Trained
from pages import _predict_row as rows
from pages._format import literal
from pages._predict_cells import ANOTHER, MISSING, fill_words, filled, is_word, text_of
from pages._state import sync

# More categories than this in a help text are not read; the menu has them all.
MOST_NAMED = 12


def draw(t: Trained, i: int) -> None:
    """Draw the input of feature `i` at the value of the page's row, with what was seen in training as its help."""
    feature, value = t.dataset.features[i], float(st.session_state.district[i])
    known = feature.unit.lower() in feature.label.lower()
    common: dict[str, Any] = {
        "label": literal(feature.label if known else f"{feature.label}, {feature.unit}"),
        "on_change": rows.change_feature,
        "args": (i, f"f_{feature.name}"),
        "help": _help(t, i),
    }
    (_menu if is_word(feature) else _number)(t, i, value, common)


def _number(t: Trained, i: int, value: float, common: dict[str, Any]) -> None:
    feature, seen = t.dataset.features[i], t.sketch[i]
    held = None if np.isnan(value) else value
    if t.preparation.may_miss[i]:
        common |= {"placeholder": f"empty: {filled(t, i)}"}
    spread = float(seen[-2] - seen[1])
    st.number_input(
        value=None if t.preparation.may_miss[i] else held,  # only a field without a default can be emptied
        key=sync(f"f_{feature.name}", held),
        step=float(f"{max(spread / 20, 10.0**-feature.decimals):.1g}"),
        format=f"%.{feature.decimals}f",
        **common,
    )


def _menu(t: Trained, i: int, value: float, common: dict[str, Any]) -> None:
    """Draw the menu of a text or a flag; what the row holds is always among the options."""
    feature = t.dataset.features[i]
    now, options = rows.GAP if np.isnan(value) else int(value), _options(t, i)
    if now not in options:
        options.append(now)
    names = {k: _option(t, i, k) for k in options}
    st.selectbox(
        options=options, index=options.index(now), format_func=names.__getitem__,
        key=sync(f"f_{feature.name}", now), **common,
    )  # fmt: skip


def _options(t: Trained, i: int) -> list[int]:
    text, p = text_of(t, i), t.preparation
    if text is None:
        return [1, 0, *([rows.GAP] if p.may_miss[i] else [])]
    return [*text.seen, rows.UNKNOWN, *([rows.GAP] if p.gap_column(text) else [])]


def _option(t: Trained, i: int, k: int) -> str:
    """Return the words of one option; menus show them letter by letter."""
    feature, text = t.dataset.features[i], text_of(t, i)
    if k == rows.GAP:
        return MISSING if text is not None else f"{MISSING}: {fill_words(t, i)}"
    if k == rows.UNKNOWN:
        return ANOTHER
    if text is None:
        return "yes" if k else "no"
    return feature.categories[k] if k in text.seen else f"{feature.categories[k]} (not seen in training)"


def _help(t: Trained, i: int) -> str:
    """Return meaning, unit and what training saw, in Markdown."""
    feature, p = t.dataset.features[i], t.preparation
    said = [f"{literal(feature.meaning)}."] if feature.meaning else []
    said += [f"Unit: {literal(feature.unit)}."] if feature.unit else []
    missing = p.missing[i] if p.missing else 0.0
    if missing < 1:
        said.append(f"Seen in training: {_seen(t, i, feature)}.")
    if missing:
        said.append(f"Missing in {_percent(missing)} of the training rows.")
    return " ".join(said)


def _percent(share: float) -> str:
    return literal(f"{100 * share:.2g} %")


def _seen(t: Trained, i: int, feature: Feature) -> str:
    text, quantiles = text_of(t, i), t.sketch[i]
    if text is None:
        return "yes and no" if feature.flag else f"{quantiles[0]:g} to {quantiles[-1]:g}"
    often = sorted(text.seen, key=lambda k: -text.shares[k])
    named = ", ".join(f"{literal(text.categories[k])} ({_percent(text.shares[k])})" for k in often[:MOST_NAMED])
    return named + (f" and {len(often) - MOST_NAMED} more" if len(often) > MOST_NAMED else "")


def outside(t: Trained, row: Floats) -> list[str]:
    """Return a sentence in Markdown for each value that training did not see; what is missing is no such value."""
    said = []
    for i, feature in enumerate(t.dataset.features):
        value, label, text = float(row[i]), literal(feature.label), text_of(t, i)
        if np.isnan(value):
            continue
        if text is not None:
            if value < 0:
                said.append(f"{label} is none of the texts seen in training, and counts as none of them")
            elif int(value) not in text.seen:
                said.append(f"{label} {literal(text.categories[int(value)])} was not seen in training")
        elif t.preparation.missing and t.preparation.missing[i] == 1:
            said.append(f"{label} was missing in every row of the training")
        elif not t.sketch[i, 0] <= value <= t.sketch[i, -1]:
            said.append(f"{label} {value:g} lies outside {t.sketch[i, 0]:g} to {t.sketch[i, -1]:g}")
    return said
