"""The registry on the Runs page: put a run into service, see what the gate said, go back to the one before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import streamlit as st

from core import runs
from core.datasets import Dataset
from core.runs import CHAMPION, Decision, Registry, Run, Version
from pages import _runs_store
from pages._format import listed, literal, titled
from pages._runs_store import Listing


def service(run: Run, found: Listing) -> None:
    """Draw what puts a run into service: the tolerance of the gate and the button."""
    version, champion = found.version_of(run.id), found.called(CHAMPION)
    if version is not None and CHAMPION in version.aliases:
        st.caption(f"In service: version {version.number} is the champion, which programs ask for by that name.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "It may be worse by", 0.0, 1.0, 0.01, step=0.005, format="%.4g", key="gate_tolerance", width=160,
            help="The gate compares this run with the champion on the rows that neither was trained on, at least "
            f"{runs.LEAST_ROWS} of them. {runs.TOLERANCE.help}",
        )  # fmt: skip
        st.button("Promote to champion", key="promote", on_click=_promote, args=(run, version),
                  icon=":material/verified:",
                  help="The first champion needs no gate." if champion is None else None)  # fmt: skip


def _promote(run: Run, version: Version | None) -> None:
    tolerance = st.session_state.gate_tolerance

    def decided(decision: Decision) -> str:
        st.session_state.runs_decision = decision
        return ""

    whose, table = _runs_store.registry(), _runs_store.table_of(run)
    _runs_store.act("Promoting", decided, _registered, whose, run, version, tolerance, table)


def _registered(
    whose: Registry, run: Run, version: Version | None, tolerance: float, table: Dataset | None
) -> Decision:
    """Register a run that is in no version yet, and ask the gate."""
    number = runs.register(whose, run.id).number if version is None else version.number
    return runs.promote(whose, number, tolerance, table)


def render(found: Listing) -> None:
    """Draw the versions, the last decision and the way back."""
    decision: Decision | None = st.session_state.get("runs_decision")
    if decision is not None:
        box, icon = (st.success, ":material/verified:") if decision.promoted else (st.warning, ":material/block:")
        box(f"{titled(literal(decision.reason))}.", icon=icon)
    if not found.versions:
        return
    st.markdown("**Registry**: versions that were put into service or asked to be")
    st.dataframe([_row(v) for v in found.versions], hide_index=True, key="runs_versions",
                 alt="Versions of the registry with alias, stage and decision",
                 column_config={"since": st.column_config.DatetimeColumn("Since", format="distance")})  # fmt: skip
    before = runs.before(found.versions)
    text = "Roll back" if before is None else f"Roll back to version {before}"
    st.button(text, key="rollback", on_click=_rollback, disabled=before is None, icon=":material/history:",
              help="The champion before this one is in service again at once, without a gate.")  # fmt: skip


def _row(version: Version) -> dict[str, Any]:
    return {
        "version": version.number,
        "alias": ", ".join(version.aliases),
        "stage": version.stage,
        "run": listed(version.label),
        "since": datetime.fromtimestamp(version.time, UTC),
        "decision": "" if version.decision is None else listed(version.decision.reason),
    }


def _rollback() -> None:
    def back(version: Version) -> str:
        st.session_state.runs_decision = None
        return f"Rolled back: version {version.number}, {version.label}, is the champion again."

    _runs_store.act("Rolling back", back, runs.rollback, _runs_store.registry())
