"""A widget for each kind of field: forms are drawn from the registries' data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.fields import Choice, Field, Number, Value
from pages._state import sync


def draw(field: Field, key: str, value: Value, changed: Callable[[str, str], None], name: str) -> None:
    """Draw the widget of `field` at `value`; a change calls `changed(key, name)`.

    `value` is the widget's default as well as its state: a browser that mounts it late starts from the default.
    """
    common: dict[str, Any] = {
        "key": sync(key, value),
        "on_change": changed,
        "args": (key, name),
        "help": f"{field.help} Allowed: {field.allowed}.".strip() if field.help else field.allowed,
    }
    label = field.label or name
    if isinstance(field, Number):
        kind = int if field.integer else float
        step = 1 if field.integer else max(abs(float(value)) / 10, 1e-4)
        st.number_input(
            label, kind(field.low), kind(field.high), kind(value), step=kind(step), format=_format(field), **common
        )
    elif isinstance(field, Choice):
        st.selectbox(label, field.options, field.options.index(str(value)), **common)
    else:
        st.checkbox(label, bool(value), **common)


def _format(field: Number) -> str:
    return "%d" if field.integer else "%.6g"
