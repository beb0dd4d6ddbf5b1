"""The batch on view: drawn by the simulator, or a file of the visitor's, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
import streamlit as st

from core import drift, evaluate
from core.artifact import Model
from core.drift import Batch, Change, DriftReport, Limits
from core.errors import InvalidInput
from core.rows import MAX_BYTES, MAX_ROWS
from pages import _monitor_state, _shared, _state
from pages._format import literal
from pages._received import Sent, kept, made, received

# Where the visit keeps the file and what was made of it.
PLACE = "monitor"
ALL_ROWS = "all rows, those of the training among them because too few were held back"


@dataclass(frozen=True, eq=False)
class Current:
    """What the page shows: the report, and how to come by the batch that it is about.

    `name` is that of the visitor's file, "" for a simulated batch; `source` says what that was drawn from. `made`
    keeps what is drawn of it: shared between visitors, or in the visit alone where it comes from a file.
    """

    report: DriftReport
    batch: Callable[[], Batch]
    name: str
    source: str
    made: Callable[[str, Callable[[], Any]], Any]


def model() -> Model:
    """Return both models in use with what they know of the rows that they were trained on."""
    return evaluate.model_file(_state.trained(), _state.comparison())


def changed() -> str:
    """Return the feature that the simulator changes: the one chosen, else the first that is no constant."""
    wanted, t = _monitor_state.simulation().feature, _state.trained()
    if wanted in t.dataset.feature_names:
        return wanted
    varies = t.sketch[:, 0] < t.sketch[:, -1]
    return t.dataset.feature_names[int(np.argmax(varies))]


def current() -> Current:
    """Return the batch on view; a file that the model in use does not take is a message, and the simulator answers."""
    sent: Sent | None = kept(PLACE).get("sent")
    if sent is not None:
        try:
            return _of_file(sent)
        except InvalidInput as error:
            st.error(literal(f"{sent.name}: {error}"), icon=":material/error:")
    key = f"{_state.key()} {json.dumps(asdict(_monitor_state.simulation()))}"
    batch = cache(_simulated)
    found, source = _shared.drawn("drift", key, lambda: (drift.report(model(), batch()), batch().source))
    return Current(found, batch, "", source, lambda name, make: _shared.drawn(f"drift {name}", key, make))


def _of_file(sent: Sent) -> Current:
    batch: Batch = made(PLACE, "batch", _state.trained(), lambda: drift.read(model(), sent.data, sent.name))
    compared = _state.comparison()
    found: DriftReport = made(PLACE, "report", compared, lambda: drift.report(model(), batch))
    return Current(found, lambda: batch, sent.name, batch.source, lambda name, make: made(PLACE, name, compared, make))


def _simulated() -> Batch:
    """Draw the batch of the simulator; no row twice, which would be drift where nothing has changed."""
    now, t = _monitor_state.simulation(), _state.trained()
    change = Change(changed(), now.scale, deviations=now.shift, missing=now.missing / 100, new=now.new / 100)
    rows, few = t.rows("test"), False
    if 0 < len(rows[0]) < Limits().least:  # no verdict could ever be shown
        train = t.rows("train")
        rows, few = (np.concatenate([rows[0], train[0]]), np.concatenate([rows[1], train[1]])), True
    found = drift.simulate(model(), (change,), min(now.rows, len(rows[0]) or now.rows), now.seed, rows)
    return replace(found, source=ALL_ROWS) if few else found


def close() -> None:
    """Let go of the file; the simulator's batch is on view again."""
    kept(PLACE).clear()


def upload() -> None:
    """Draw the field for a batch of the visitor's own."""
    with st.popover(
        "A batch of your own", icon=":material/upload:", key="monitor_box", on_change="rerun", width="stretch"
    ) as box:
        if not box.open:
            return
        st.caption(
            f"CSV or Parquet, at most {MAX_BYTES // 1024**2} MB and {MAX_ROWS:,} rows, with the model's columns in any "
            f"order; others are left out, and a column {literal(_state.trained().dataset.target.name)} with true "
            "values may stand beside them. The file stays in this visit."
        )
        key = f"monitor_file_{st.session_state.get('monitor_revision', 0)}"
        st.file_uploader(
            "Batch of rows", type=["csv", "tsv", "txt", "parquet"], key=key, on_change=partial(_take, key),
            max_upload_size=MAX_BYTES // 1024**2 + 1,  # the browser counts in millions
        )  # fmt: skip


def _take(key: str) -> None:
    """Read the file in the upload field `key`; one that is refused becomes a message, and the last batch stays."""
    state, file = st.session_state, received(key, "monitor_revision")
    if file is None:
        return
    name, data = file
    try:
        found = drift.read(model(), data, name)
    except InvalidInput as error:
        state.problems = [f"{name}: {error}"]
        return
    sent = Sent(name, _shared.digest(data), data)
    kept(PLACE).clear()
    kept(PLACE).update(sent=sent, batch=(sent.sha, _state.trained(), found))
    state.problems, state.monitor_feature, state.monitor_box = [], "", False
