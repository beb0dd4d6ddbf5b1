"""What the tabs of Compare share: the sweep and what a choice rests on, and the ways to take a setting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from core.comparison import Comparison
from core.errors import InvalidInput
from core.evaluate import cast_parts
from core.metrics import LABELS
from core.quant import Scheme
from core.sizes import Size, float_size
from core.sweep import Point, Sweep
from core.train import Trained
from pages import _every, _shared, _state
from pages._format import literal
from pages._result import PLOTLY

# A second click on the same mark is a click, not the double click that lets go of all marks.
CLICKED = {**PLOTLY, "doubleClick": False}
FOLDS = 5
BASES = {"train": "Training rows", "cv": f"Cross-validated ({FOLDS} folds)"}
# How the sentences of a tab speak of what a choice rests on.
ON = {"train": "on the training rows", "cv": f"over {FOLDS} folds of the training rows",
      "fidelity": "on the rows that came with the model"}  # fmt: skip
SHORT = {"train": "training rows", "cv": "cross-validated", "fidelity": "all rows"}
CHOSEN = {"train": "Chosen on the training rows; the test rows only report.",
          "cv": "Chosen by cross-validation on the training rows; the test rows only report.",
          "fidelity": "Chosen on the rows that came with the model."}  # fmt: skip


def model_key() -> str:
    """Return the text that stands for the current model in caches: a sweep does not depend on the setting."""
    return _shared.key_of(_state.experiment(), False) + _state.opened()[0]


def casts(trained: Trained) -> tuple[tuple[str, Size], ...]:
    """Return the sizes of the plain casts of the original; packed leaves have to be cast to be counted."""
    found: tuple[tuple[str, Size], ...] = _shared.drawn("casts", model_key(), lambda: _casts(trained))
    return found


def _casts(trained: Trained) -> tuple[tuple[str, Size], ...]:
    parts = [(kind, cast_parts(trained.parts, kind)) for kind in ("float32", "float16")]
    return tuple((kind, float_size(cast, 0, kind)) for kind, cast in parts)


def main_name(c: Comparison) -> str:
    """Return what the figure of a choice is called."""
    return LABELS[c.metric] if len(c.differences) else "kept variance"


def swept() -> tuple[Sweep, str] | None:
    """Draw what a choice rests on, where there is anything to choose; return the sweep with these figures.

    None while a worker is still at it.
    """
    state = st.session_state
    found = _every.every(model_key())
    if found is None:
        return None
    if found.basis != "train":
        return found, found.basis
    if _state.trained().config is not None:
        st.segmented_control(
            "Judged by", list(BASES), format_func=BASES.__getitem__, required=True, on_change=_change_basis,
            key=_state.sync("basis", state.get("choice_basis", "train")),
            help="What a choice looks at. Test rows are never looked at. Cross-validated: the model is fitted and "
            "quantised anew in each fold, and judged on the rows left out.",
        )  # fmt: skip
    if state.get("choice_basis") == "cv" and _state.trained().config is not None:
        try:
            judged = _every.every(model_key(), FOLDS)
        except InvalidInput as error:  # a fold would lack the rows of a class
            st.error(literal(str(error)), icon=":material/error:")
            return found, "train"
        return None if judged is None else (judged, "cv")
    return found, "train"


def _change_basis() -> None:
    st.session_state.choice_basis = st.session_state.basis


def here(c: Comparison, found: Sweep, basis: str) -> Point:
    """Return the current setting as a point of a sweep, with no cross-validated figure where it was not tried."""
    now: Point = _shared.drawn(f"here {basis}", _state.key(), lambda: _here(c, found))
    return now


def _here(c: Comparison, found: Sweep) -> Point:
    scheme, size = c.quantized.scheme, c.sizes["quantized"].numbers
    for point in found.tried:
        if point.scheme == scheme:
            return point
    test, train = (c.score("quantized", rows) if len(c.differences) else None for rows in ("test", "train"))
    return Point(scheme, test, None, train, float(c.output_error), c.fidelity, size)


def clicked(key: str, schemes: Sequence[Scheme | None]) -> Callable[[], None]:
    """Return what a click on the chart `key` calls: it takes the setting whose place in `schemes` the mark carries."""
    return partial(_take_clicked, key, schemes, st.session_state.get("clicks", 0))


def _take_clicked(key: str, schemes: Sequence[Scheme | None], clicks: int) -> None:
    shown = st.session_state.get(key)
    for point in shown.selection.points[:1] if shown else ():
        data = point.get("customdata")
        _take(schemes, data[0] if isinstance(data, list) and data else data, clicks)


def chosen_row(key: str, schemes: Sequence[Scheme | None]) -> Callable[[], None]:
    """Return what choosing a row of the table `key` calls: it takes the setting of that row."""
    return partial(_take_row, key, schemes, st.session_state.get("clicks", 0))


def _take_row(key: str, schemes: Sequence[Scheme | None], clicks: int) -> None:
    shown = st.session_state.get(key)
    for place in shown.selection.rows[:1] if shown else ():
        _take(schemes, place, clicks)


def _take(schemes: Sequence[Scheme | None], place: Any, clicks: int) -> None:
    """Take the setting at `place`, unless it was clicked on a chart or a table that is gone.

    Under load a browser sends the old selection of a chart once more, with every other change, until it has drawn
    the new one. It would be taken for a click and turn the dial back; so a click is heard once.
    """
    state = st.session_state
    known = type(place) is int and place in range(len(schemes))
    scheme = schemes[place] if known else None
    if scheme is not None and clicks == state.get("clicks", 0):
        state.clicks = clicks + 1
        _state.take_scheme(scheme)


def menu(label: str, key: str, names: Sequence[str], schemes: Sequence[Scheme], now: Scheme) -> None:
    """Draw the way without a mouse: a menu of settings that starts at `now`, and a button that takes one."""
    if key not in st.session_state and now in schemes:
        st.session_state[key] = schemes.index(now)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = st.selectbox(label, range(len(names)), format_func=names.__getitem__, key=key, width=600)
        known = place in range(len(schemes))
        st.button(
            "Take it", key=f"{key}_take", disabled=not known, on_click=_state.take_scheme,
            args=(schemes[place],) if known else None,
        )  # fmt: skip
