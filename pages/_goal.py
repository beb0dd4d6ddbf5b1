"""Find a setting: at most this loss, or at most this many bytes; chosen on training figures, reported on test rows."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.comparison import Comparison
from core.errors import InvalidInput
from core.sweep import Chosen, Goal, OutOfReach, Sweep, seek
from core.sweep.goal import BUDGET, LOSS
from pages import _budget, _choice, _shared, _state
from pages._format import literal, number, signed, titled
from pages._result import card, verdict_words

KINDS = {"loss": "At most this loss", "bytes": "At most this many bytes"}


def render(c: Comparison) -> None:
    """Draw what is asked for, and the setting that meets it best."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = _kind()
        amount = _amount(kind, c)
        swept = _choice.swept()
    if swept is None:
        return
    found, basis = swept
    try:
        goal = Goal(kind, amount, basis)
        key = f"{_choice.model_key()} {goal}"
        chosen: Chosen = _shared.drawn("sought", key, lambda: seek(found, goal))
    except OutOfReach as error:
        st.error(literal(str(error)), icon=":material/error:")
        nearest = error.nearest
        st.button(
            f"Take the nearest: {nearest.scheme.words_for(_state.family())} ({nearest.numbers:,} bytes)",
            key="take_nearest", on_click=_state.take_scheme, args=(nearest.scheme,),
        )  # fmt: skip
        return
    except InvalidInput as error:
        st.error(literal(str(error)), icon=":material/error:")
        return
    _result(c, chosen, found)


def _kind() -> str:
    """Draw which of the two is limited; with a byte budget it starts with the bytes."""
    state = st.session_state
    kind: str = state.get("goal_kind") or ("loss" if _budget.value() is None else "bytes")
    st.segmented_control(
        "What is limited", list(KINDS), format_func=KINDS.__getitem__, required=True, on_change=_change_kind,
        key=_state.sync("goal", kind),
        help="The smallest setting within a loss, or the best one within a number of bytes.",
    )  # fmt: skip
    return kind


def _change_kind() -> None:
    st.session_state.goal_kind = st.session_state.goal


def _amount(kind: str, c: Comparison) -> float:
    """Draw the number that is asked for, and return it."""
    if kind == "bytes":
        start = _budget.value() or int(BUDGET.default)
        count = _bytes_asked(start)
        st.number_input(
            BUDGET.label, step=1, key=_state.sync("goal_bytes", count), on_change=_change_bytes, args=(start,),
            width=180, help=f"{BUDGET.help} Allowed: {BUDGET.allowed}.",
        )  # fmt: skip
        return count
    lost: float = st.session_state.get("asked_loss", LOSS.default)
    st.number_input(
        f"Loss of {_choice.main_name(c)} at most", step=0.005, format="%.6g", key=_state.sync("goal_loss", lost),
        on_change=_change_loss, width=220, help=f"How far it may fall below the original's. Allowed: {LOSS.allowed}.",
    )  # fmt: skip
    return lost


def _bytes_asked(start: int) -> int:
    """Return the bytes that were asked for; another budget, or none, begins anew at `start`."""
    asked: tuple[int, int] = st.session_state.get("asked_bytes", (start, start))
    return asked[0] if asked[1] == start else start


def _change_bytes(start: int) -> None:
    st.session_state.asked_bytes = (st.session_state.goal_bytes, start)


def _change_loss() -> None:
    st.session_state.asked_loss = st.session_state.goal_loss


def _result(c: Comparison, chosen: Chosen, found: Sweep) -> None:
    """Draw the chosen setting: in words, in figures, and the button that takes it."""
    e, point, basis = _state.experiment(), chosen.point, chosen.goal.basis
    twin = _shared.comparison(replace(e, scheme=point.scheme), _state.opened())
    with st.container(border=True):
        st.markdown(_sentence(c, chosen, found, twin))
        _cards(c, chosen, found, twin)
        if point.scheme == c.quantized.scheme:
            st.markdown(":material/check_circle: This is the current setting.")
        else:
            st.button(
                "Take this setting", key="take_chosen", type="primary", on_click=_state.take_scheme,
                args=(point.scheme,), icon=":material/check:",
            )  # fmt: skip
    skipped = f" Not tried, because the model is large: {' and '.join(found.skipped)}." if found.skipped else ""
    st.caption(f"The {_superlative(chosen)} of {len(found.tried):,} settings. {_choice.CHOSEN[basis]}{skipped}")


def _cards(c: Comparison, chosen: Chosen, found: Sweep, twin: Comparison) -> None:
    """Draw bytes, loss and, where there are test rows, what they say."""
    point, d, name = chosen.point, twin.difference, _choice.main_name(c)
    each = f"{twin.sizes['quantized'].bits_per_parameter:.1f} bits per parameter"
    whole = f"{point.numbers:,} of {found.original_numbers:,}"
    with st.grid(columns=4, min_column_width=182):
        card("Bytes", whole, _budget.words(point.numbers) or each, "Codes and all side information.")
        on = f"{titled(_choice.ON[chosen.goal.basis])}, against the original."
        card(f"Loss of {name}", number(chosen.loss, 6), _choice.SHORT[chosen.goal.basis], on)
        if point.test is not None:
            card(f"Test {name}", number(point.test), f"original {number(found.original_test)}", "On the test rows.")
        if d is not None:
            interval = f"95 %: {signed(d.low)} to {signed(d.high)}"
            card("Difference on test", signed(d.value), interval, "In 1,000 paired resamples of the test rows.")


def _superlative(chosen: Chosen) -> str:
    return "smallest" if chosen.goal.kind == "loss" else "best"


def _sentence(c: Comparison, chosen: Chosen, found: Sweep, twin: Comparison) -> str:
    """Return what was found, in words: on what it was chosen, what the test rows say, and which cast does better."""
    name, point, on = _choice.main_name(c), chosen.point, _choice.ON[chosen.goal.basis]
    judged, original = point.figure(chosen.goal.basis), found.original(chosen.goal.basis)
    setting = titled(point.scheme.words_for(c.original.family))
    text = f"**{setting}: {point.numbers:,} bytes.** {titled(name)} {number(judged)} {on} against "
    text += f"{number(original)} of the original"
    if point.test is not None:
        text += (
            f"; on the test rows :orange[{number(point.test)}] against :blue[{number(found.original_test)}], "
            f"{verdict_words(twin)}"
        )
    text += "."
    if chosen.cast is not None:
        cast, figure = chosen.cast, number(chosen.cast.figure(chosen.goal.basis))
        better = "does that in fewer bytes" if chosen.goal.kind == "loss" else "is better within these bytes"
        text += f" A plain {cast.kind} cast {better}: {cast.numbers:,} bytes, {name} {figure}."
    return text
