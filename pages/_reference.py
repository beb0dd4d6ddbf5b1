"""The figures of the reference systems: what their documents state, and what comes out here."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.reference import REPRODUCED, WRONG, Figure, summary
from pages import _shared
from pages._format import literal


def render() -> None:
    """Draw all stated figures beside ours, and beneath them why some are wrong in their document."""
    found = _shared.reference_figures()
    counts = summary(found)
    st.markdown(
        f"Three public systems, computed again in the same way as every result here: of {counts['figures']} stated "
        f"figures {counts[REPRODUCED]} are reproduced and {counts[WRONG]} are wrong in the document; the others do "
        "not measure a model."
    )
    right: dict[str, Any] = {name: st.column_config.TextColumn(name, alignment="right") for name in ("stated", "ours")}
    st.dataframe(
        [_row(f) for f in found], hide_index=True, key="reference", column_config=right,
        alt="Figures of the reference systems, stated and ours",
    )  # fmt: skip
    wrong = [f for f in found if f.status == WRONG]
    st.markdown("\n".join(["**What is wrong, and why**", "", *[_why(f) for f in wrong]]))
    known = [f for f in found if f.status == REPRODUCED and f.why]
    st.markdown("\n".join(["**Worth knowing**", "", *[_why(f) for f in known]]))


def _row(f: Figure) -> dict[str, str]:
    return {
        "system": f.system, "figure": f.name, "stated": f.stated_text(), "ours": f.ours_text(), "unit": f.unit,
        "status": f.status,
    }  # fmt: skip


def _why(f: Figure) -> str:
    """Return one point of a list; what stands in the document is shown letter by letter."""
    facts = f"{f.name}, stated {f.stated_text()}, ours {f.ours_text()}"
    return f"- System {literal(f.system)}, {literal(facts)}: {literal(f.why)}"
