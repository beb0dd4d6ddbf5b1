"""One visit's settings: a frozen Experiment in the session, fed by widgets and mirrored in the address bar.

Widgets hold no truth. A change calls `change_*`, which checks and replaces the Experiment; before widgets are
drawn their keys are set from it, so that every page, the sidebar and the address always agree.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import streamlit as st

from core.comparison import Comparison
from core.config import DataConfig, Experiment, TrainConfig, default_model, starting
from core.datasets import OWN
from core.device import check_budget, read_budget
from core.errors import ArtifactError, InvalidInput
from core.parts import Parts
from core.permalink import from_query, to_query
from core.quant import Scheme, default_scheme
from core.sweep import adapt
from core.train import Trained
from core.workspaces import COOKIE, folder_of, is_key, new_key
from pages import _monitor_state, _shared, _training

MAX_PINS = 4


def start() -> None:
    """Read the address on the first run of a visit; afterwards the session is the truth."""
    state = st.session_state
    if "experiment" in state:
        return
    query = st.query_params.to_dict()
    state.byte_budget, refused = _budget_of(query.pop("budget", None))
    refused += _monitor_state.begin(query)
    state.experiment, errors = from_query(query)
    state.problems = [str(error) for error in (*errors, *refused)]
    state.opened, state.pins, state.notice = None, [], ""
    state.workspace, state.saved_id, state.published = _key(), "", {}
    state.own_table, state.draft, state.undecoded, state.uploads = None, None, None, 0
    state.own_saved, state.own_seen = [], ()
    # A link to a result on a user's own table works as soon as that table is open.
    state.link = query if query.get("dataset") == OWN else None
    state.wanted = state.wanted_table = None
    try:
        if _training.needed(state.experiment):
            _training.begin(state.experiment, _trainable(replace(state.experiment, train=_usual(state.experiment))))
        else:
            trained()
            fall_back()
    except InvalidInput as error:  # a share that leaves too few rows to train or to test, a ratio of no two columns
        state.experiment = _trainable(state.experiment)
        state.problems.append(str(error))
    if state.wanted is None and state.link is None:
        state.problems += _monitor_state.unknown(trained().dataset.feature_names)


def _key() -> str:
    """Return the key that the browser keeps; a visit without one has a workspace that nobody finds again."""
    kept = str(st.context.cookies.get(COOKIE, ""))
    return kept if is_key(kept) else new_key()


def _usual(e: Experiment) -> TrainConfig:
    """Return what is trained on the table of `e` when nobody asks for anything else."""
    return starting(_shared.own_rows(e.data)) if e.data.dataset == OWN else TrainConfig(default_model(e.data.dataset))


def _trainable(e: Experiment) -> Experiment:
    """Return settings that can surely be trained in place of `e`, which cannot: as much of `e` as there can be."""
    for data in (e.data, DataConfig()):
        with suppress(InvalidInput):
            found = replace(e, data=data)
            if not _training.needed(found):
                _shared.trained(found)
                return found
    return Experiment(scheme=e.scheme)


def _budget_of(text: str | None) -> tuple[int | None, list[InvalidInput]]:
    """Return the byte budget that an address spells, or none and why it was refused."""
    try:
        return (None if text is None else read_budget(text)), []
    except InvalidInput as error:
        return None, [error]


def address() -> dict[str, str]:
    """Return the settings as parameters of the address; budget and simulated batch of the visit stand beside them."""
    query = to_query(asked()) | _monitor_state.query()
    return query if budget() is None else query | {"budget": str(budget())}


def write_address() -> None:
    """Put the settings into the address bar when they differ from what stands there."""
    query = address()
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)


def experiment() -> Experiment:
    """Return the settings of this visit."""
    found: Experiment = st.session_state.experiment
    return found


def asked() -> Experiment:
    """Return the settings that were asked for: those of this visit, unless a worker is still busy with others."""
    waiting: Experiment | None = st.session_state.wanted
    return experiment() if waiting is None else _training.with_scheme(waiting, experiment())


def budget() -> int | None:
    """Return the bytes that a model may take in this visit, or None for any number."""
    found: int | None = st.session_state.byte_budget
    return found


def change_budget(key: str) -> None:
    """Take the byte budget from the widget `key`; an empty one lifts it."""
    value = st.session_state[key]
    try:
        st.session_state.byte_budget = None if value is None else check_budget(value)
    except InvalidInput as error:
        st.session_state.problems = [str(error)]
        return
    st.session_state.problems = []


def opened() -> _shared.Opened:
    """Return SHA-256 and contents of the file whose own numbers are shown, or "" and None."""
    return st.session_state.opened or _shared.NOTHING


def trained() -> Trained:
    """Return the current original model."""
    return _shared.trained(experiment(), opened())


def comparison() -> Comparison:
    """Return the comparison of the current original with its quantised twin."""
    return _shared.comparison(experiment(), opened())


def twin() -> Parts:
    """Return the quantised twin of the current original as plain parts."""
    return _shared.twin(experiment(), opened())


def folder() -> str:
    """Return the name of the folder of this visit's workspace."""
    return folder_of(st.session_state.workspace)


def family() -> str:
    """Return the family of the current model: "linear", "trees"."""
    return trained().parts.family


def key() -> str:
    """Return the text that stands for the current result in caches."""
    return _shared.key_of(experiment()) + opened()[0]


def take(e: Experiment) -> None:
    """Make `e` the settings of this visit; problems of the address are settled with it.

    Settings that cannot be trained, or quantised so, become a message, and the visit stays as it is; so it does, but
    for the scheme, while a worker trains what would take long.
    """
    state, same = st.session_state, (e.data, e.train) == (experiment().data, experiment().train)
    if not same:
        try:
            if _training.needed(e):
                _training.begin(e, replace(experiment(), scheme=e.scheme))
                return
            _shared.trained(e)
            _quantised(e, _shared.NOTHING)
        except InvalidInput as error:
            state.problems = [str(error)]
            return
        state.opened = None
        _training.drop()
    else:
        try:
            _quantised(e, opened())
        except InvalidInput as error:
            state.problems = [str(error)]
            return
    if e.data.dataset == OWN:
        use_table(e.data)
    state.experiment, state.problems = e, []


def _quantised(e: Experiment, source: _shared.Opened) -> None:
    """Raise `InvalidInput` for a scheme that the model cannot take; a linear one takes every scheme that there is."""
    if _shared.trained(e, source).parts.family != "linear":
        _shared.comparison(e, source)


def fall_back() -> None:
    """Take the usual scheme in place of one that the current model cannot take, and say why."""
    e = experiment()
    try:
        _quantised(e, opened())
    except InvalidInput as error:
        st.session_state.problems = [*st.session_state.problems, str(error)]
        st.session_state.experiment = replace(e, scheme=default_scheme(family()))


def use_table(data: DataConfig) -> None:
    """Make the open table that `data` describes the one in use; pins on another one go, they could not be shown."""
    state, found = st.session_state, _shared.open_table(data.sha256)
    if found is not None:
        state.own_table = replace(found, target=data.target, task=data.task, features=data.features)
        state.own_seen = (*(s for s in state.own_seen if s != data.sha256), data.sha256)
        drop_pins(data.sha256)


def drop_pins(kept: str = "") -> None:
    """Let go of the pinned settings on users' tables other than the one with the SHA-256 `kept`."""
    state = st.session_state
    state.pins = [e for e in state.pins if e.data.dataset != OWN or e.data.sha256 == kept]


def attempt(change: Any, *args: Any, **kwargs: Any) -> None:
    """Take what `change` returns; bad input becomes a message and the settings stay as they are."""
    try:
        take(change(*args, **kwargs))
    except (InvalidInput, ArtifactError) as error:
        st.session_state.problems = [str(error)]


def change_scheme(key: str, field: str, value: Any = None) -> None:
    """Take a switch of the scheme from the widget `key`, or `value`; a new method keeps the switches it can take."""
    value = st.session_state[key] if value is None else value
    e = experiment()
    if field == "method":
        attempt(lambda: replace(e, scheme=adapt(e.scheme, value)))
    else:
        attempt(lambda: replace(e, scheme=replace(e.scheme, **{field: value})))


def change_method_param(key: str, name: str) -> None:
    """Take one setting of the current method from the widget `key`."""
    e, value = experiment(), st.session_state[key]
    pairs = dict(e.scheme.params) | {name: value}
    attempt(lambda: replace(e, scheme=replace(e.scheme, params=tuple(pairs.items()))))


def take_scheme(scheme: Scheme) -> None:
    """Take another way to quantise; data and training stay as they are."""
    take(replace(experiment(), scheme=scheme))


def set_bits(bits: int) -> None:
    """Turn the dial to `bits`."""
    e = experiment()
    take(replace(e, scheme=replace(e.scheme, bits=bits)))


def set_method(method: str) -> None:
    """Take another method, with every switch that it can take."""
    e = experiment()
    take(replace(e, scheme=adapt(e.scheme, method)))


def pin() -> None:
    """Keep the current settings for comparison, at most four, none twice."""
    pins: list[Experiment] = st.session_state.pins
    if experiment() not in pins and len(pins) < MAX_PINS:
        st.session_state.pins = [*pins, experiment()]


def unpin(index: int) -> None:
    """Let go of one pinned setting."""
    pins: list[Experiment] = st.session_state.pins
    st.session_state.pins = pins[:index] + pins[index + 1 :]


def sync(key: str, value: Any) -> str:
    """Set the widget `key` to `value` before it is drawn, and return the key."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    return key
