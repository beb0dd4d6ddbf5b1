"""A user's own table in a visit: read, chosen from, used and deleted; nothing here draws.

`draft` is the table that was read last, with what is chosen so far; `own_table` the one that results rest on.
Both live in the visit alone.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core import slow, tables
from core.config import DataConfig, Experiment, TrainConfig, starting
from core.datasets import OWN
from core.errors import InvalidInput
from core.permalink import from_query
from core.settings import ROOT
from pages import _jobs, _leaderboard, _saved, _shared, _state, _training

EXAMPLES = {"flats": "Flats", "seedlings": "Seedlings"}
_LONGEST_NAME = 60
# Files of more bytes are read by a worker: one of 10 MB takes a second.
LARGE = 2 * 1024 * 1024
KIND = "read"

# What else a visit keeps of its own table: the row on Predict and whatever remembers whose it was.
OF_OWN = ("draft", "own_table", "undecoded", "reading", "own_results", "link", "district", "district_of",
          "district_row", "agreement_of", "agreement_tolerance")  # fmt: skip


def example(name: str) -> Path:
    """Return the file of an example table."""
    return ROOT / "examples" / f"{name}.csv"


def draft() -> _shared.OwnTable | None:
    """Return the table that is open to be chosen from, or None."""
    found: _shared.OwnTable | None = st.session_state.draft
    return found


def give_back() -> None:
    """Return memory to the machine: what hangs on errors in circles, and what libraries keep for each thread."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    with suppress(AttributeError, OSError, TypeError):  # where the C library is not GNU's
        ctypes.CDLL(None).malloc_trim(0)


def upload(key: str) -> None:
    """Read the file in the upload field `key`; the next field is a new and empty one: one copy in memory is enough."""
    file: Any = st.session_state[key]
    if file is None:
        return
    data, name = file.getvalue(), file.name
    st.session_state.uploads += 1
    context = get_script_run_ctx()
    if context is not None:
        manager: Any = context.uploaded_file_mgr
        manager.remove_file(context.session_id, file.file_id)
    read(data, name)


def open_example(name: str) -> None:
    """Read one of the example tables."""
    read(example(name).read_bytes(), example(name).name)


def read_again(encoding: str) -> None:
    """Read the file that was refused for its encoding once more, as `encoding`."""
    if st.session_state.undecoded is not None:
        data, name = st.session_state.undecoded
        read(data, name, encoding)


def read(data: bytes, name: str, encoding: str | None = None) -> None:
    """Open the table in `data` with the choices that are proposed; one that is refused becomes a message.

    A large file is read by a worker, and opened when it is done.
    """
    state = st.session_state
    label = "".join(c for c in name if c.isprintable())[:_LONGEST_NAME] or "your table"
    state.own_box, state.problems, state.undecoded = True, [], None
    if LARGE < len(data) <= tables.MAX_BYTES:
        about = _jobs.About(DataConfig(), TrainConfig(), _shared.digest(data))
        if _jobs.start(KIND, "Reading", about, slow.read, data, label, encoding):
            state.reading = (data, label, encoding)
        return
    try:
        _open(tables.read(data, label, encoding), label)
    except InvalidInput as error:
        state.problems = [str(error)]
        _offer(data, label, encoding, str(error))
    finally:
        give_back()


def arrive() -> None:
    """Open the table that a worker has read meanwhile, or offer the encodings when that is why it did not."""
    state = st.session_state
    if state.get("reading") is None:
        return
    _jobs.collect(KIND)
    data, label, encoding = state.reading
    answer = _jobs.answer(KIND)
    if answer is not None:
        _jobs.drop(KIND)
        state.reading = None
        _open(answer.result, label)
    elif not _jobs.busy_with(KIND):
        state.reading = None
        _offer(data, label, encoding, _jobs.said(KIND))
    give_back()


def _offer(data: bytes, label: str, encoding: str | None, why: str) -> None:
    """Keep a file that was refused if it may be read when its encoding is named: the reader says so."""
    if encoding is None and "latin-1" in why:
        st.session_state.undecoded = (data, label)


def _open(table: tables.Table, label: str) -> None:
    """Make `table` the one that is chosen from, with what is proposed."""
    found = tables.propose(table)
    st.session_state.draft = _shared.OwnTable(table, label, found.target, found.task, found.features)
    _follow_link(table.sha256)


def _follow_link(sha256: str) -> None:
    """Take the settings of the link with which the visit began, if it is this table that they were waiting for."""
    state = st.session_state
    if state.link is None or state.link.get("sha256") != sha256:
        return
    query, state.link = state.link, None
    e, errors = from_query(query, {sha256})
    if e.data.dataset == OWN:
        _state.take(e)
    if e.data.dataset == OWN and _state.experiment() == e:
        state.notice = "This is the table of the link: its settings are taken."
        state.draft = state.own_table
    state.problems = [*state.problems, *map(str, errors)]


def choose(key: str, field: str) -> None:
    """Take target, task or features from the widget `key`; another target gets a proposal of its own."""
    state, value = st.session_state, st.session_state[key]
    chosen = state.draft
    if field == "target":
        found = tables.propose(chosen.table, value)
        state.draft = replace(chosen, target=value, task=found.task, features=found.features)
    else:
        state.draft = replace(chosen, **{field: tuple(value) if field == "features" else value})


def use() -> None:
    """Learn from the open table as chosen, with the settings to start with; what cannot be becomes a message."""
    state, chosen, e = st.session_state, st.session_state.draft, _state.experiment()
    try:
        data = DataConfig(
            OWN, e.data.test_size, e.data.seed, chosen.table.sha256, chosen.target, chosen.features, chosen.task
        )  # fmt: skip
        setting = Experiment(data, starting(_shared.own_rows(data)), e.scheme)
    except InvalidInput as error:
        state.problems = [str(error)]
        return
    _state.take(setting)
    if _state.asked() == setting:
        state.own_box = False
    if _state.experiment() == setting:
        state.notice = f"Trained on {chosen.name}: Quantise, Compare and Predict now work on it."


def delete() -> None:
    """Drop the tables and everything that was made of them, and go back to the default experiment."""
    state = st.session_state
    _jobs.end(KIND)
    for sha256 in state.own_seen:
        _leaderboard.forget(sha256)
    problems, state.own_saved = _saved.forget(state.own_saved), []
    _state.drop_pins()
    if state.wanted is not None and state.wanted.data.dataset == OWN:
        _training.drop()
    if _shared.is_own(_state.experiment(), _state.opened()):
        state.experiment, state.opened = Experiment(), None
    for name in OF_OWN:
        state.pop(name, None)
    state.draft = state.own_table = state.undecoded = state.link = None
    state.own_seen = ()
    # Names of columns stand in the texts that stand for settings.
    _shared.key_of.cache_clear()
    state.problems, state.notice = problems, "Your data are deleted."
