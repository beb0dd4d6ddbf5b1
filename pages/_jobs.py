"""Slow work of a visit: one manager for the whole process, and what a page shows of a job while it runs.

A session keeps the id of its one job and, once it is done, its result; the job itself belongs to the manager, so
that it goes on while other pages are looked at.
"""

from __future__ import annotations

import math
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.config import DataConfig, TrainConfig
from core.errors import InvalidInput
from core.jobs import CANCELLED, FINISHED, QUEUED, Busy, Jobs, JobState
from core.settings import settings
from pages._format import literal

# The job of a closed tab ends after so many seconds; a connection that comes back sooner keeps it.
LEASE = 8.0
# How often a page that shows a live job looks at it, in seconds; a page without one never does.
_EVERY = 1.0

_LOCK = threading.Lock()
_OPEN: list[Jobs] = []
# The Streamlit session of each visit that asked for work. Its id opens the session to whoever knows it; so a job
# carries a name of our own, and the id stays here.
_SESSIONS: dict[str, str] = {}


def manager() -> Jobs:
    """Return the manager of this process; made at the start of the server, or by the first who needs it."""
    with _LOCK:
        if not _OPEN:
            s = settings()
            _OPEN.append(Jobs(s.workers, s.queue, s.job_memory, s.job_seconds, lease=LEASE, present=present))
        return _OPEN[0]


def close() -> None:
    """End all jobs and all workers."""
    with _LOCK:
        found = _OPEN[:]
        _OPEN.clear()
        _SESSIONS.clear()
    for jobs in found:
        jobs.close()


def present(owner: str) -> bool:
    """Return whether the visit `owner` has a tab that is connected."""
    session = _SESSIONS.get(owner)
    return session is not None and runtime.exists() and runtime.get_instance().is_active_session(session)


@dataclass(frozen=True)
class About:
    """What a job was asked about."""

    data: DataConfig
    train: TrainConfig
    opened: str = ""  # SHA-256 of the file whose own numbers it is about


@dataclass(frozen=True)
class Task:
    """The job of a visit that is not done yet: its id, what it is for, and its name on the page."""

    id: str
    kind: str
    label: str
    about: About


@dataclass(frozen=True, eq=False)
class Answer:
    """The result of a job, and what it was asked about."""

    about: About
    result: Any


def start(kind: str, label: str, about: About, function: Callable[..., Any], *args: Any) -> bool:
    """Begin `function(*args, progress)` in a worker, in place of a job of the same kind; tell whether there is one.

    When none can be had, the page says why.
    """
    state = st.session_state
    collect()
    end(kind)
    try:
        state.job = Task(manager().submit(_owner(), kind, function, *args), kind, label, about)
    except Busy as busy:
        _say(kind, "warning", str(busy))
        return False
    except InvalidInput as error:
        _say(kind, "error", str(error))
        return False
    state.job_messages = {}
    return True


def _say(kind: str, level: str = "", text: str = "") -> None:
    """Note what the page says of the last job of a kind; nothing takes it back."""
    said = {k: v for k, v in st.session_state.get("job_messages", {}).items() if k != kind}
    st.session_state.job_messages = said | ({kind: (level, text)} if text else {})


def said(kind: str) -> str:
    """Return why the last job of a kind came to nothing, as the page says it, or ""."""
    return str(st.session_state.get("job_messages", {}).get(kind, ("", ""))[1])


def end(kind: str) -> None:
    """End and forget the job of this visit if it is of a kind."""
    job = task()
    if job is not None and job.kind == kind:
        manager().forget(job.id)
        st.session_state.job = None


def _owner() -> str:
    """Return the name of this visit as the owner of jobs, and note which session it is."""
    state, context = st.session_state, get_script_run_ctx()
    if "owner" not in state:
        state.owner = secrets.token_hex(16)
    for gone in [owner for owner in list(_SESSIONS) if not present(owner)]:
        _SESSIONS.pop(gone, None)
    if context is not None:
        _SESSIONS[state.owner] = context.session_id
    return str(state.owner)


def task() -> Task | None:
    """Return the job of this visit that is not done yet, as far as the page knows."""
    found: Task | None = st.session_state.get("job")
    return found


def busy_with(kind: str) -> bool:
    """Return whether a job of a kind is under way in this visit."""
    job = task()
    return job is not None and job.kind == kind


def answer(kind: str) -> Answer | None:
    """Return the last result of a kind, if there is any."""
    found: Answer | None = st.session_state.get("answers", {}).get(kind)
    return found


def drop(kind: str) -> None:
    """Let go of the last result of a kind."""
    st.session_state.answers = {k: a for k, a in st.session_state.get("answers", {}).items() if k != kind}


def forget(sha256: str) -> None:
    """Let go of everything that was found out about a table of the user's own; its job is ended."""
    state, job = st.session_state, task()
    state.answers = {k: a for k, a in state.get("answers", {}).items() if a.about.data.sha256 != sha256}
    if job is not None and job.about.data.sha256 == sha256:
        manager().forget(job.id)
        state.job = None


def collect(*kinds: str) -> None:
    """Fetch the result of a job that has come to its end, or why there is none; of one of `kinds`, or of any."""
    state, job = st.session_state, task()
    if job is not None and kinds and job.kind not in kinds:
        return
    found = manager().state(job.id) if job is not None else None
    if job is None or (found is not None and found.live):
        return
    state.job = None
    if found is None:
        _say(job.kind, "warning", f"{job.label}: the result is no longer kept. Start again.")
        return
    if found.status == FINISHED:
        state.answers = {**state.get("answers", {}), job.kind: Answer(job.about, found.result)}
        _say(job.kind)
    else:
        _say(job.kind, "info" if found.status == CANCELLED else "error", f"{job.label}: {found.message}")
    manager().forget(job.id)


def watch(*kinds: str) -> None:
    """Draw the job of this visit if it is of one of `kinds`, and what went wrong with the last ones of these."""
    said = st.session_state.get("job_messages", {})
    for kind, text in (said[k] for k in kinds if k in said):
        icon = {"info": ":material/info:", "warning": ":material/hourglass_top:", "error": ":material/error:"}[kind]
        {"info": st.info, "warning": st.warning, "error": st.error}[kind](literal(text), icon=icon)
    job = task()
    if job is not None and job.kind in kinds:
        st.fragment(_progress, run_every=_EVERY)()


def _progress() -> None:
    """Draw how far the job is; when it is done, the whole page is drawn anew, and asks no more."""
    job = task()
    found = manager().state(job.id) if job is not None else None
    if job is None or found is None or not found.live:
        st.rerun()
    with st.container(key="job", horizontal=True, vertical_alignment="center"):
        st.progress(found.share, text=literal(words_of(job.label, found)))
        st.button("Cancel", key="cancel_job", on_click=cancel, icon=":material/cancel:")


def words_of(label: str, found: JobState) -> str:
    """Return in words how far a live job is."""
    if found.status == QUEUED:
        ahead = f"place {found.position} in the queue" if found.position > 1 else "next in the queue"
        return f"{label}: waiting for a free worker, {ahead}."
    if not found.total:
        return f"{label}: starting."
    left = "" if found.left is None else f", about {duration(found.left)} left"
    return f"{label}: {found.words}; {found.share:.0%} done{left}."


def duration(seconds: float) -> str:
    """Return a time for people: seconds below two minutes, then minutes."""
    return f"{math.ceil(seconds)} s" if seconds < 120 else f"{math.ceil(seconds / 60)} min"


def cancel() -> None:
    """End the job of this visit."""
    job = task()
    if job is not None:
        manager().cancel(job.id)
