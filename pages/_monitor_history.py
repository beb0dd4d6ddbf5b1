"""Recorded batches on the Monitor page: their history, the rule over it, what fired it, and the banner.

They lie in the workspace of the visit's browser, and are read once a visit: a rerun looks at no file.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa
import streamlit as st

from core import drift, figures, workspaces
from core.drift import RULE_FIELDS, STATISTICS, Entry, Rule
from core.errors import ArtifactError, InvalidInput
from core.settings import settings
from pages import _shared, _state
from pages._format import listed, literal, titled
from pages._monitor_source import Current
from pages._result import PLOTLY, setting_words

# So many batches, the newest ones, are drawn and listed.
SHOWN = 50
LONGEST_NAME = 100


def entries() -> tuple[Entry, ...]:
    """Return the recorded batches of this visit's browser, the oldest first."""
    _ready()
    found: tuple[Entry, ...] = st.session_state.monitor_entries
    return found


def rule() -> Rule:
    """Return the rule of this visit's browser."""
    _ready()
    found: Rule = st.session_state.monitor_rule
    return found


def _ready() -> None:
    """Read what is recorded, once a visit."""
    state = st.session_state
    if "monitor_entries" not in state:
        place = workspaces.at(_state.folder())
        state.monitor_entries = () if place is None else drift.history(place)
        state.monitor_rule = Rule() if place is None else drift.read_rule(place)


def forget() -> None:
    """Let go of what was read: it is deleted."""
    for name in ("monitor_entries", "monitor_rule"):
        st.session_state.pop(name, None)


def _mine() -> str:
    """Return the name of the model in use, under which its batches are recorded."""
    t = _state.trained()
    return f"{t.dataset.label}, {setting_words(_state.comparison())}"[:LONGEST_NAME]


def of_model() -> tuple[Entry, ...]:
    """Return the recorded batches of the model in use: a rule over those of several would compare what differs."""
    mine = _mine()
    return tuple(entry for entry in entries() if entry.model == mine)


def banner() -> None:
    """Say that the rule has fired, and why."""
    found, now = of_model(), rule()
    with st.container(key="drift_banner"):
        if drift.fires(now, found):
            value = found[-1].statistics.get(now.test)
            st.warning(
                f"The rule has fired: {_words(now)}; the last one has {value:.4g}. {_answers()}",
                icon=":material/notification_important:",
            )


def _words(now: Rule) -> str:
    """Return the rule in words."""
    row = "" if now.batches == 1 else f" in {now.batches} batches in a row"
    return literal(f"{STATISTICS[now.test]} at least {now.limit:g}{row}")


def _answers() -> str:
    """Return what can be done when the rule has fired."""
    return "Look at the features below, and train again with this batch where it has true values."


def render(now: Current) -> None:
    """Draw the button that records, the rule, and, of what is recorded, the chart and the log."""
    found, r = of_model(), rule()
    st.markdown("**Recorded batches**")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Record this batch", key="monitor_record", icon=":material/add:", on_click=partial(_record, now),
            help="Keeps the figures of the batch, and none of its rows, in this browser's workspace.",
        )  # fmt: skip
        with st.popover("Rule", icon=":material/rule:", key="rule_box", on_change="rerun") as box:
            if box.open:
                _editor(r)
        st.caption(f"Fires at: {_words(r)}.", width="stretch")
    if not found:
        st.caption("Nothing is recorded for this model yet.")
        return
    shown = found[-SHOWN:]
    values = [entry.statistics.get(r.test) for entry in shown]
    key = f"{r} {[(entry.time, value) for entry, value in zip(shown, values, strict=True)]}"
    figure = _once(
        "chart", key,
        lambda: figures.batch_history(
            [entry.time for entry in shown], values, [r.over(entry) for entry in shown], r.limit,
            titled(STATISTICS[r.test]), _shared.palette(),
        ),
    )  # fmt: skip
    st.plotly_chart(figure, key="drift_history", config=PLOTLY, alt="The rule's figure in each recorded batch")
    st.dataframe(
        _once("log", key, lambda: _log(found, r)), hide_index=True, key="drift_log", placeholder="–",
        alt="Recorded batches, the newest first",
    )  # fmt: skip


def _once(name: str, key: str, make: Any) -> Any:
    """Return what `make` makes for `key`: once, in this visit alone, until the key is another."""
    kept = st.session_state.setdefault("monitor_drawn", {})
    if name not in kept or kept[name][0] != key:
        kept[name] = (key, make())
    return kept[name][1]


def _log(found: tuple[Entry, ...], r: Rule) -> pa.Table:
    """Return the recorded batches, the newest first, and at which of them the rule fired."""
    places = range(len(found) - 1, max(-1, len(found) - 1 - SHOWN), -1)
    shown = [found[i] for i in places]
    return pa.table(
        {
            "batch": [i + 1 - max(0, len(found) - SHOWN) for i in places],
            "rule": ["fired" if drift.fires(r, found[: i + 1]) else "" for i in places],
            "time, UTC": [entry.time.removesuffix("+00:00").replace("T", " ") for entry in shown],
            "rows": [entry.rows for entry in shown],
            "verdict": [entry.verdict for entry in shown],
            "drift in": [listed(", ".join(entry.drifting)) or "–" for entry in shown],
            titled(STATISTICS[r.test]): pa.array([entry.statistics.get(r.test) for entry in shown], pa.float64()),
        }
    )


def _record(now: Current) -> None:
    """Record the batch on view; where it makes the rule fire, the operator hears of it."""
    state = st.session_state
    try:
        place = workspaces.made(_state.folder())
        state.monitor_entries = drift.record(place, drift.entry_of(now.report, _mine()))
    except ArtifactError as error:
        state.problems = [str(error)]
        return
    state.problems = []
    # On a public server the operator hears of the service's own batches, not of what strangers simulate.
    if drift.fires(rule(), of_model()) and not settings().hosted:
        drift.alert(rule(), of_model()[-1])


def _editor(r: Rule) -> None:
    """Draw the statistic, the limit and how many batches in a row."""
    test, limit, batches = (RULE_FIELDS[name] for name in ("test", "limit", "batches"))
    st.selectbox(
        test.label, list(STATISTICS), index=list(STATISTICS).index(r.test), on_change=partial(_change, "test"),
        key=_state.sync("rule_test", r.test), format_func=lambda name: titled(STATISTICS[name]),
    )  # fmt: skip
    st.number_input(
        limit.label, value=r.limit, step=0.05, format="%.4g", key=_state.sync("rule_limit", r.limit),
        on_change=partial(_change, "limit"), help="The rule counts batches that are at least this high.",
    )  # fmt: skip
    st.number_input(
        batches.label, value=r.batches, step=1, key=_state.sync("rule_batches", r.batches),
        on_change=partial(_change, "batches"), help="So many batches in a row must be over the limit: one is chance.",
    )  # fmt: skip


def _change(name: str) -> None:
    """Take one field of the rule from its widget, and keep the rule for the next visit where something can be saved."""
    state = st.session_state
    try:
        state.monitor_rule, state.problems = replace(rule(), **{name: state[f"rule_{name}"]}), []
        drift.save_rule(workspaces.made(_state.folder()), state.monitor_rule)
    except (InvalidInput, ArtifactError) as error:
        state.problems = [str(error)]
