"""Every setting of the current model: at once where that is quick, else by a worker, which says how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from core import slow
from core.config import Experiment
from core.cost import QUICK
from core.quant import Scheme
from core.sweep import Sweep
from pages import _jobs, _shared, _shelves, _state

# A line is computed once for a model and method; up to so many seconds a worker would hardly be sooner.
LINE = 2 * QUICK


def every(model_key: str, folds: int = 0) -> Sweep | None:
    """Return every setting for the current model, or None while a worker tries them: then that is drawn instead.

    `model_key` stands for the model in caches. Raises `InvalidInput` where a fold cannot be fitted.
    """
    e, opened, t = _state.experiment(), _state.opened(), _state.trained()
    key, own, kind = f"{folds} {model_key}", _shared.is_own(e, opened), f"every {folds}"
    seconds: float = _shared.drawn(f"seconds {folds}", model_key, lambda: _seconds(folds))
    about = _jobs.About(t.data or e.data, t.config or e.train, opened[0])
    if seconds <= QUICK or _at_hand("every", key, own, kind, about):
        return _shared.every(e, opened, folds)
    label = "Cross-validation of every setting" if folds else "Every setting"
    _wait(kind, label, about, slow.every, slow.light(t), slow.own_rows_of(t), folds)
    return None


def line(e: Experiment, opened: _shared.Opened, methods: tuple[str, ...] = ()) -> Sweep | None:
    """Return 1 to 16 bits of the current method and switches, or of several `methods`; None while a worker is at it."""
    methods = methods or (e.scheme.method,)
    key, own, t = _shared.line_key(e, opened, methods), _shared.is_own(e, opened), _state.trained()
    seconds = slow.seconds_for(t.parts, len(t.dataset.y), len(methods) * len(_shared.ALL_BITS))
    if seconds <= LINE:
        return _shared.line(e, opened, methods)
    kind, about = f"line {_shared.digest(key.encode())}", _jobs.About(t.data or e.data, t.config or e.train, opened[0])
    if _at_hand("line", key, own, kind, about):
        return _shared.line(e, opened, methods)
    scheme = replace(e.scheme, bits=Scheme().bits)
    label = "Every method at every width" if len(methods) > 1 else "Every width"
    _wait(kind, label, about, slow.line, slow.light(t), slow.own_rows_of(t), methods, scheme)
    return None


def _at_hand(shelf: str, key: str, own: bool, kind: str, about: _jobs.About) -> bool:
    """Return whether a worker has made it already; what it has just made is put on its shelf."""
    if _shelves.shelved(shelf, key, own) is not None:
        return True
    _jobs.collect(kind)
    answer = _jobs.answer(kind)
    if answer is None or answer.about != about:
        return False
    _shelves.shelve(shelf, key, own, answer.result)
    _jobs.drop(kind)
    return True


def _seconds(folds: int) -> float:
    t = _state.trained()
    return slow.seconds_to_sweep(t.parts, len(t.dataset.y), folds)


def _wait(kind: str, label: str, about: _jobs.About, function: Callable[..., Any], *args: Any) -> None:
    """Begin unless that came to nothing before, or other work of this visit is under way; draw how far it is."""
    job = _jobs.task()
    if (job is None or _tries(job.kind)) and not _jobs.said(kind):
        if job is None or (job.kind, job.about) != (kind, about):
            _begin(kind, label, about, function, *args)
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{label} of this model takes a while.", width="content")
            st.button(
                "Start", key=f"try_{kind.replace(' ', '_')}", on_click=_begin,
                args=(kind, label, about, function, *args), disabled=job is not None, icon=":material/play_arrow:",
            )  # fmt: skip
    _jobs.watch(kind)


def _tries(kind: str) -> bool:
    """Return whether a job tries settings, and may give way to another that does."""
    return kind.startswith(("every", "line"))


def _begin(kind: str, label: str, about: _jobs.About, function: Callable[..., Any], *args: Any) -> None:
    job = _jobs.task()
    if job is not None and _tries(job.kind):
        _jobs.end(job.kind)
    _jobs.start(kind, label, about, function, *args)
