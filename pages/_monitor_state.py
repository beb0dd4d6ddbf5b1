"""What the simulator of the Monitor page changes: one frozen setting of the visit, mirrored in the address bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import streamlit as st

from core.errors import InvalidInput
from core.fields import Number, Value, spell

# Batches between which the slider of rows steps: the smallest is too small for a verdict.
ROWS = (20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
LONGEST_NAME = 200
# So many features are named in a message.
MOST_NAMED = 12

NUMBERS = {
    "scale": Number(1, 0.5, 2, label="Scale", help="Every value of the feature is multiplied by it. KS sees a small "
              "change early; PSI, which counts rows in twenty bins, sees it late."),
    "shift": Number(0, -2, 2, label="Shift, standard deviations", help="Added to every value. Watch Wasserstein: it is "
              "the distance that values moved, in the unit of the feature."),
    "missing": Number(0, 0, 50, label="Missing, %", help="So many values are taken away. KS and PSI look at what is "
                "there, and do not see it; the share of missing values is a test of its own."),
    "new": Number(0, 0, 50, label="New category, %", help="So many rows get a text that training never saw. It is "
            "counted by itself: chi-square compares the categories that training knows."),
    "rows": Number(2_000, ROWS[0], ROWS[-1], integer=True, label="Rows", help="Fewer rows see less: what 2,000 rows "
             "show may be no evidence in 200, and below 50 there is no verdict."),
    "seed": Number(0, 0, 9_999, integer=True, label="Seed", help="Another draw of the same batch: what changes with "
             "the seed is chance."),
}  # fmt: skip
PREFIX = "batch_"


@dataclass(frozen=True)
class Simulation:
    """A batch to draw: `feature` is changed, "" for the first that varies; shares are in per cent."""

    feature: str = ""
    scale: float = 1.0
    shift: float = 0.0
    missing: float = 0.0
    new: float = 0.0
    rows: int = 2_000
    seed: int = 0


def begin(query: dict[str, str]) -> list[InvalidInput]:
    """Take the simulation out of the parameters of an address; return what is wrong with them."""
    found, errors = {}, []
    for name in [f.name for f in fields(Simulation) if PREFIX + f.name in query]:
        text = query.pop(PREFIX + name)
        try:
            found[name] = _read(name, text)
        except InvalidInput as error:
            errors.append(error)
    st.session_state.simulation = Simulation(**found)  # type: ignore[arg-type]
    return errors


def _read(name: str, text: str) -> Value:
    """Return the value that an address spells; raises `InvalidInput`."""
    if name == "feature":
        if not 0 < len(text) <= LONGEST_NAME:
            raise InvalidInput(PREFIX + name, text, f"the name of a feature of at most {LONGEST_NAME} characters")
        return text
    value = NUMBERS[name].parse(PREFIX + name, text)
    if name == "rows" and value not in ROWS:
        raise InvalidInput(PREFIX + name, value, "one of " + ", ".join(str(n) for n in ROWS))
    return value


def unknown(names: Sequence[str]) -> list[str]:
    """Return what is wrong with the feature of an address, which is let go, where it is none of `names`."""
    wanted = simulation().feature
    if not wanted or wanted in names:
        return []
    st.session_state.simulation = replace(simulation(), feature="")
    named = ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")
    return [str(InvalidInput(f"{PREFIX}feature", wanted, f"one of {named}"))]


def query() -> dict[str, str]:
    """Return what differs from the first sight of the page, as parameters of the address."""
    now: Simulation = st.session_state.simulation
    values = {f.name: (getattr(now, f.name), f.default) for f in fields(Simulation)}
    return {PREFIX + name: spell(value) for name, (value, default) in values.items() if value != default}


def simulation() -> Simulation:
    """Return what the simulator of this visit changes."""
    found: Simulation = st.session_state.simulation
    return found


def change(key: str, name: str) -> None:
    """Take one setting of the simulator from the widget `key`."""
    value: Any = st.session_state[key]
    if name in NUMBERS:
        value = NUMBERS[name].check(name, int(value) if NUMBERS[name].integer else float(value))
    st.session_state.simulation = replace(simulation(), **{name: value})


def calm() -> None:
    """Leave the feature as it is: no change, the same rows and seed."""
    now = simulation()
    st.session_state.simulation = Simulation(now.feature, rows=now.rows, seed=now.seed)
