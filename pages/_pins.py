"""Up to four pinned settings side by side, and the cross-validation of the current one."""

from __future__ import annotations

import streamlit as st

from core import slow
from core.cost import QUICK, seconds_to_fit
from core.errors import InvalidInput
from core.evaluate import cross_validate
from core.metrics import LABELS, MAIN
from core.permalink import to_query
from core.train import Trained
from pages import _budget, _jobs, _shared, _state
from pages._format import literal, number
from pages._result import setting_words


def render() -> None:
    """Draw the pinned settings; under them, where there are rows, the cross-validation."""
    pins()
    if _state.trained().data is not None:
        cross_validation()


def pins() -> None:
    """Draw the pinned settings beside each other, with what takes or drops them."""
    kept = st.session_state.pins
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Pinned settings**", width="content")
        from_file = _state.opened()[1] is not None
        full = len(kept) >= _state.MAX_PINS or _state.experiment() in kept or from_file
        st.button("Pin this setting", key="pin", on_click=_state.pin, disabled=full, icon=":material/keep:")
    if not kept:
        st.caption(f"Pin up to {_state.MAX_PINS} settings to see them side by side.")
        return
    with st.grid(columns=_state.MAX_PINS, min_column_width=210):
        for i, e in enumerate(kept):
            with st.container(border=True):
                c = _shared.comparison(e)
                st.markdown(f"**{setting_words(c)}**")
                extra = [f"{k} {v}" for k, v in to_query(e).items() if k not in ("v", "dataset", "method", "bits")]
                st.caption(", ".join(extra))
                st.metric(f"Test {LABELS[c.metric]}", number(c.score("quantized")))
                d = c.difference
                st.caption(d.verdict if d else "")
                numbers = c.sizes["quantized"].numbers
                st.metric("Bytes of numbers", f"{numbers:,}")
                fits = _budget.words(numbers)
                if fits:
                    st.caption(fits)
                st.button("Take it", key=f"take_{i}", on_click=_state.take, args=(e,), width="stretch")
                st.button("Unpin", key=f"unpin_{i}", on_click=_state.unpin, args=(i,), width="stretch")


def cross_validation() -> None:
    """Draw the button and the figures of a cross-validation on the training rows."""
    t, e = _state.trained(), _state.experiment()
    asked = st.button(
        "Cross-validate on the training rows", key="cv", help="Five folds; refitted and quantised in each.",
        disabled=_jobs.task() is not None,
    )  # fmt: skip
    if t.config is not None and 5 * seconds_to_fit(t.dataset, e.data, t.config) > QUICK:
        _by_worker(t, asked)
    elif asked:
        try:
            _figures(t, cross_validate(t, e.scheme))
        except InvalidInput as error:
            st.error(literal(str(error)), icon=":material/error:")


def _by_worker(t: Trained, asked: bool) -> None:
    """Let a worker cross-validate what takes long; draw how far it is, or what it found."""
    e, opened = _state.experiment(), _state.opened()
    kind = f"cv {_shared.digest(_state.key().encode())}"
    about = _jobs.About(e.data, e.train, opened[0])
    if asked:
        _jobs.start(kind, "Cross-validation", about, slow.cross_validated, slow.light(t), slow.own_rows_of(t), e.scheme)
    _jobs.collect(kind)
    answer = _jobs.answer(kind)
    if answer is not None and answer.about == about:
        _figures(t, answer.result)
    _jobs.watch(kind)


def _figures(t: Trained, found: dict[str, dict[str, float]]) -> None:
    """Write what cross-validation says of both models."""
    main = MAIN[t.dataset.task]
    first, second = (
        f"{number(found[m][f'{main}_mean'])} ± {number(found[m][f'{main}_std'])}" for m in ("original", "quantized")
    )
    st.markdown(
        f"{LABELS[main]} over five folds of the training rows: :blue[{first}] original, :orange[{second}] quantised."
    )
