"""An 8 × 8 picture to draw on with pointer or keyboard, and a table of its exact values beneath.

Both are copies of the page's row. What comes from the browser is checked here: 64 numbers from 0 to 16, or it is
refused with one message and the browser is given the row as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.datasets import Dataset
from core.errors import InvalidInput
from pages._format import literal
from pages._predict_row import put, refresh

SIDE, FULL = 8, 16
NAMES = tuple(f"pixel_{r}_{c}" for r in range(SIDE) for c in range(SIDE))
ALLOWED = f"{SIDE * SIDE} numbers from 0 to {FULL}"

_HTML, _CSS, _JS = (
    Path(__file__).with_name(f"pad.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
)
_pad = st.components.v2.component("bitdial_pad", html=_HTML, css=_CSS, js=_JS)


def is_picture(data: Dataset) -> bool:
    """Return whether a row is a picture of 8 × 8 pixels, named as in the digits."""
    return data.feature_names == NAMES


def checked(pixels: Any) -> tuple[float, ...]:
    """Return the pixels that a browser sent; raises `InvalidInput` unless they are 64 numbers from 0 to 16."""
    if not isinstance(pixels, list):
        raise InvalidInput("picture", type(pixels).__name__, ALLOWED)
    if len(pixels) != SIDE * SIDE:
        raise InvalidInput("picture", f"{len(pixels)} values", ALLOWED)
    for value in pixels:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidInput("picture", type(value).__name__, ALLOWED)
        if not 0 <= value <= FULL:
            # Whole numbers of any length may come; only ones that are readable are repeated.
            raise InvalidInput("picture", float(value) if not abs(value) >= 1e300 else "a number beyond", ALLOWED)
    return tuple(float(value) for value in pixels)


def problem() -> None:
    """Show the message of the last refused picture until a good one comes."""
    if st.session_state.get("picture_problem"):
        st.error(literal(st.session_state.picture_problem), icon=":material/error:")


def _take(source: str, read: Callable[[], tuple[float, ...]]) -> None:
    """Make what `read` returns the row of the page, or refuse it with a message and refresh the copy `source`."""
    st.session_state.picture_problem = ""
    try:
        put(read(), source=source)
    except InvalidInput as error:
        st.session_state.picture_problem = str(error)
        refresh(source)


def draw() -> None:
    """Take what was drawn; the number of the message goes back, so that the browser knows what was heard."""
    state = st.session_state

    def read() -> tuple[float, ...]:
        sent = state.pad.get("drawn")
        if not isinstance(sent, Mapping):
            raise InvalidInput("picture", type(sent).__name__, ALLOWED)
        pixels, number = checked(sent.get("pixels")), sent.get("seq")
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 2**53:
            raise InvalidInput("number of the picture", type(number).__name__, "a whole number")
        state.pad_seq = number
        return pixels

    _take("pad", read)


def edit() -> None:
    """Take the pixels that were typed into the table."""
    state = st.session_state

    def read() -> tuple[float, ...]:
        pixels: list[Any] = list(state.table_start[1])
        for row, changes in state[_table_key()]["edited_rows"].items():
            for column, value in changes.items():
                if not (str(row).isdecimal() and int(row) < SIDE and column in _COLUMNS):
                    raise InvalidInput("pixel", f"row {row}, column {column}", f"in rows and columns 1 to {SIDE}")
                pixels[int(row) * SIDE + _COLUMNS.index(column)] = value
        return checked(pixels)

    _take("table", read)


_COLUMNS = [str(c + 1) for c in range(SIDE)]


def _table_key() -> str:
    return f"pixels_{st.session_state.table_revision}"


def picture() -> None:
    """Draw the pad, and the table of exact values when it is opened."""
    state = st.session_state
    data = {"pixels": list(state.district), "revision": state.pad_revision, "seq": state.get("pad_seq", 0)}
    _pad(key="pad", data=data, on_drawn_change=draw)
    st.caption("Draw large, from top to bottom, as the digits of the data are. Or with the keyboard: arrow keys move, "
               "numbers set the ink, Space fills a pixel.")  # fmt: skip
    with st.expander("Exact values", key="pixels_box", on_change="rerun") as box:
        if box.open:
            _table()


def _table() -> None:
    """Draw the table; what was typed lies over the picture with which its key began."""
    state = st.session_state
    if state.get("table_start", ("",))[0] != _table_key():
        state.table_start = (_table_key(), state.district)
    start = state.table_start[1]
    rows = [[round(v) for v in start[r * SIDE : (r + 1) * SIDE]] for r in range(SIDE)]
    table = pd.DataFrame(rows, columns=_COLUMNS, index=pd.Index(_COLUMNS, name="row"))
    number: dict[str, Any] = {
        name: st.column_config.NumberColumn(name, min_value=0, max_value=FULL, step=1, required=True, width=40)
        for name in _COLUMNS
    }
    st.data_editor(table, key=_table_key(), on_change=edit, num_rows="fixed", column_config=number,
                   alt="Ink of every pixel, 0 to 16")  # fmt: skip
