"""`Figure`: one stated figure beside ours, and the judgement on it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.parts import plain, read_only

REPRODUCED, WRONG, OTHER = "reproduced", "wrong in the document", "not a figure of a model"
STATUSES = (REPRODUCED, WRONG, OTHER)

# A mapping holds the several figures that one name may mean.
Value = int | float | str | tuple[float, ...] | Mapping[str, float] | None
# One figure of ours, and what has to be said of it.
Answer = tuple[Value, str]

TESTS: Answer = (
    None,
    "It counts the tests of that program, and any seconds are those of one machine: neither measures a model.",
)


@dataclass(frozen=True)
class Figure:
    """One figure: `stated` as the document has it, `ours` as it is right, None where no model has one.

    `status` is one of `STATUSES`; `why` says in plain words what is wrong, or what else one should know.
    """

    system: str
    name: str
    unit: str
    stated: Value
    ours: Value
    tolerance: float | None
    status: str
    why: str

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {name: plain(value) for name, value in vars(self).items()}

    def stated_text(self) -> str:
        """Return what the document states, digit for digit."""
        return _spell(self.stated, repr)

    def ours_text(self) -> str:
        """Return ours with two decimals more than the tolerance asks for, and four at least."""
        decimals = 2 + math.floor(-math.log10(self.tolerance)) if self.tolerance else 0
        return _spell(self.ours, lambda value: f"{value:.{max(4, decimals)}f}")


def _spell(value: Value, number: Callable[[float], str]) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {number(one)}" for name, one in value.items())
    if isinstance(value, tuple):
        return " ".join(map(number, value))
    return "–" if value is None else number(value) if isinstance(value, float) else str(value)


def judge(entry: Mapping[str, Any], answer: Answer) -> Figure:
    """Return the figure of one entry of the file, with the status that ours gives it."""
    value, why = answer
    stated, tolerance = entry["stated"], entry["tolerance"]
    status = OTHER if value is None else REPRODUCED if within(stated, value, tolerance) else WRONG
    unit = entry.get("unit", "")
    return Figure(entry["system"], entry["name"], unit, read_only(stated), read_only(value), tolerance, status, why)


def within(stated: Any, ours: Value, tolerance: float) -> bool:
    """Tell whether ours is what is stated: equal words, or numbers no further apart than `tolerance`.

    Of a text such as "~3x" the number counts; a figure that may mean several must fit in all of them.
    """
    if isinstance(ours, str):
        return bool(stated == ours)
    if isinstance(stated, str):
        stated = float(re.findall(r"-?[0-9]+(?:\.[0-9]+)?", stated)[0])
    values = np.array([*ours.values()] if isinstance(ours, Mapping) else ours, dtype=np.float64)
    # Decimal fractions are not exact: a unit in their last place is no difference.
    return bool((np.abs(values - np.array(stated)) <= tolerance + 1e-12).all())
