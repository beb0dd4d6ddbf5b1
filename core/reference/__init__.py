"""`figures`: what the documents of the reference systems state, computed again through the general path."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.reference.california import system_000, system_001
from core.reference.digits import system_004
from core.reference.figure import OTHER, REPRODUCED, STATUSES, WRONG, Answer, Figure, judge

FILE = Path(__file__).parent.with_name("reference_figures.json")

# Each system's figures by the `key` that stands in the file, or by their name where they have none.
SYSTEMS: dict[str, Callable[[], Mapping[str, Answer]]] = {"000": system_000, "001": system_001, "004": system_004}


def figures(systems: Iterable[str] | None = None) -> tuple[Figure, ...]:
    """Return every stated figure of the systems (of all, if none are named), computed again and judged."""
    answers = {name: SYSTEMS[name]() for name in (SYSTEMS if systems is None else systems)}
    entries = json.loads(FILE.read_text(encoding="utf-8"))
    return tuple(
        judge(entry, answers[entry["system"]][entry.get("key", entry["name"])])
        for entry in entries
        if entry["system"] in answers
    )


def summary(found: Sequence[Figure]) -> dict[str, Any]:
    """Return how many figures there are, and how many of each status."""
    return {"figures": len(found)} | {status: sum(f.status == status for f in found) for status in STATUSES}


__all__ = ["FILE", "OTHER", "REPRODUCED", "STATUSES", "SYSTEMS", "WRONG", "Figure", "figures", "summary"]
