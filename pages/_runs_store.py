"""The store of runs as a visit sees it: asked in threads of its own, so that no rerun waits for it for long.

A visit has one thing at a time under way, and keeps the list that it saw last. Until an answer is there, a fragment
looks for it, and the page goes on with what it has.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core import runs, tracking
from core.artifact.disk import Stamp, stamp_of
from core.config import Experiment
from core.datasets import OWN, Dataset
from core.errors import ArtifactError, InvalidInput
from core.runs import Registry, Run, Version
from core.settings import settings
from pages import _shared, _state
from pages._format import literal

# Seconds that a rerun waits for an answer, after which a list is asked for anew, and between two looks.
_SOON, _FRESH, _EVERY = 0.2, 1.0, 0.4

# What the files of the store are like; None of a server.
Stamps = tuple[Stamp | None, ...] | None

_POOL = ThreadPoolExecutor(2, "runs")


@dataclass(frozen=True, eq=False)
class Listing:
    """The runs of a registry, the newest first, and its versions."""

    runs: tuple[Run, ...]
    versions: tuple[Version, ...]

    def version_of(self, run: str) -> Version | None:
        """Return the newest version that is of a run."""
        return max((v for v in self.versions if v.run == run), key=lambda v: v.number, default=None)

    def called(self, alias: str) -> Version | None:
        """Return the version that has an alias."""
        return next((v for v in self.versions if alias in v.aliases), None)


@dataclass(frozen=True, eq=False)
class Task:
    """What a visit waits for: a result and the list after it, its name on the page, and who takes the result.

    Without `then` it is only the list that is looked at anew.
    """

    future: Future[tuple[Any, Seen]]
    words: str
    then: Callable[[Any], str] | None = None


@dataclass(frozen=True, eq=False)
class Seen:
    """A list of runs, when it was seen, and what the files of the store were like just before."""

    listing: Listing
    at: float
    stamp: Stamps


def registry() -> Registry:
    """Return the registry of this visit: everybody's, or on a hosted server its own."""
    return runs.registry_of(_state.folder())


def _task() -> Task | None:
    found: Task | None = st.session_state.get("runs_task")
    return found


def busy() -> bool:
    """Return whether this visit waits for something that it asked the store to do."""
    task = _task()
    return task is not None and task.then is not None


def act(words: str, then: Callable[[Any], str], function: Callable[..., Any], *args: Any) -> None:
    """Call `function(*args)` in a thread; `then` takes its result in this visit and returns what the page says."""
    if busy():
        st.session_state.problems = ["the store of runs is still busy with your last request: wait a moment"]
        return
    st.session_state.problems, st.session_state.runs_broken = [], ""
    _begin(words, then, function, *args)


def _begin(words: str, then: Callable[[Any], str] | None, function: Callable[..., Any], *args: Any) -> None:
    st.session_state.runs_task = Task(_POOL.submit(_then_listed, registry(), function, *args), words, then)
    collect(_SOON)


def _then_listed(whose: Registry, function: Callable[..., Any], *args: Any) -> tuple[Any, Seen]:
    """Return what `function` returns, and the list of runs after it."""
    found, stamp = function(*args), _stamp()
    listing = Listing(runs.runs(whose), runs.versions(whose))
    return found, Seen(listing, time.monotonic(), stamp)


def _stamp() -> Stamps:
    """Return what the files of the store are like; they change with all that is kept in it. A server has none."""
    if settings().tracking_uri:
        return None
    return tuple(stamp_of(tracking.folder() / name) for name in ("runs.db", "runs.db-wal"))


def collect(patience: float = 0.0) -> None:
    """Take the answer that this visit waits for, if it comes within `patience` seconds."""
    state, task = st.session_state, _task()
    if task is None or not wait([task.future], patience).done:
        return
    state.runs_task = None
    try:
        result, state.runs_seen = task.future.result()
        state.runs_broken = ""
        if task.then is not None:
            state.notice = task.then(result) or state.notice
    except (ArtifactError, InvalidInput) as error:
        if task.then is None:
            state.runs_broken = f"{task.words}: {error}"
        else:
            state.problems = [f"{task.words}: {error}"]


def listing() -> Listing | None:
    """Return the runs of this visit, of a server as of a second ago; None as long as nobody knows them."""
    seen: Seen | None = st.session_state.get("runs_seen")
    if _is_old(seen) and _task() is None and not st.session_state.get("runs_broken"):
        _begin("Opening the store of runs", None, lambda: None)
        seen = st.session_state.get("runs_seen")
    return None if seen is None else seen.listing


def _is_old(seen: Seen | None) -> bool:
    """Return whether there may be another list by now: of our own store only when its files have changed."""
    if seen is None or seen.stamp is None:
        return seen is None or time.monotonic() - seen.at > _FRESH
    return seen.stamp != _stamp()


def broken() -> None:
    """Draw why the store cannot be opened, where it cannot, and a button that tries again."""
    if st.session_state.get("runs_broken"):
        st.error(literal(st.session_state.runs_broken), icon=":material/error:")
        st.button("Try again", key="try_again", on_click=_again, icon=":material/refresh:")


def _again() -> None:
    st.session_state.problems, st.session_state.runs_broken = [], ""


def settings_of(run: Run) -> Experiment | None:
    """Return the settings of a run as they were written down with it, None where there are none."""
    return runs.settings_of(registry(), run) if run.setting else None


def table_of(run: Run) -> Dataset | None:
    """Return the user's own table that a run was made from, where it is open in this visit."""
    e = settings_of(run)
    if e is None or e.data.dataset != OWN:
        return None
    try:
        return _shared.own_rows(e.data)
    except InvalidInput:
        return None


def chosen_ids() -> tuple[str, ...]:
    """Return the ids of the runs that are chosen in this visit."""
    found: tuple[str, ...] = st.session_state.get("runs_chosen", ())
    return found


def choose(ids: tuple[str, ...]) -> None:
    """Choose these runs; the table is drawn anew, so that it shows them as chosen."""
    st.session_state.runs_chosen, st.session_state.runs_drawn = ids, None


def forget() -> None:
    """Let go of everything that this visit knows of runs that are gone for good."""
    state = st.session_state
    choose(())
    state.runs_gone, state.runs_decision, state.champion = (), None, ("", None)
    state.run_saved = ("", "")


def watch() -> None:
    """Draw what this visit waits for, and look for it until it is there."""
    if _task() is not None:
        st.fragment(_progress, run_every=_EVERY)()


def _progress() -> None:
    """Draw the name of what is under way; once it is done, the whole page is drawn anew."""
    task = _task()
    if task is None or task.future.done():
        st.rerun()
    st.caption(f":material/hourglass_top: {literal(task.words)} …")
