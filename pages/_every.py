"""Every setting of the current model: at once where that is quick, else by a worker, which says how far it is."""

from __future__ import annotations

import streamlit as st

from core import slow
from core.cost import QUICK
from core.sweep import Sweep
from pages import _jobs, _shared, _state


def every(model_key: str, folds: int = 0) -> Sweep | None:
    """Return every setting for the current model, or None while a worker tries them: then that is drawn instead.

    `model_key` stands for the model in caches. Raises `InvalidInput` where a fold cannot be fitted.
    """
    e, opened, t = _state.experiment(), _state.opened(), _state.trained()
    key, own, kind = f"{folds} {model_key}", _shared.is_own(e, opened), f"every {folds}"
    seconds: float = _shared.drawn(f"seconds {folds}", model_key, lambda: _seconds(folds))
    if seconds <= QUICK or _shared.shelved("every", key, own) is not None:
        return _shared.every(e, opened, folds)
    _jobs.collect(kind)
    about, answer = _jobs.About(t.data or e.data, t.config or e.train, opened[0]), _jobs.answer(kind)
    if answer is not None and answer.about == about:
        _shared.shelve("every", key, own, answer.result)
        _jobs.drop(kind)
        return _shared.every(e, opened, folds)
    _wait(kind, about, folds)
    return None


def _seconds(folds: int) -> float:
    t = _state.trained()
    return slow.seconds_to_sweep(t.parts, len(t.dataset.y), folds)


def _wait(kind: str, about: _jobs.About, folds: int) -> None:
    """Begin unless that came to nothing before, or other work of this visit is under way; draw how far it is."""
    job = _jobs.task()
    if (job is None or job.kind.startswith("every")) and not _jobs.said(kind):
        if job is None or (job.kind, job.about) != (kind, about):
            _begin(kind, about, folds)
    else:
        words = "Cross-validating every setting of this model" if folds else "Trying every setting of this model"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{words} takes a while.", width="content")
            st.button(
                "Start", key=f"try_all_{folds}", on_click=_begin, args=(kind, about, folds),
                disabled=job is not None, icon=":material/play_arrow:",
            )  # fmt: skip
    _jobs.watch(kind)


def _begin(kind: str, about: _jobs.About, folds: int) -> None:
    t = _state.trained()
    for other in ("every 0", f"every {folds}"):
        _jobs.end(other)
    label = "Cross-validation of every setting" if folds else "Every setting"
    _jobs.start(kind, label, about, slow.every, slow.light(t), slow.own_rows_of(t), folds)
