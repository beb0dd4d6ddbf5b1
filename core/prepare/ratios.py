"""Engineered ratios: one column of numbers divided by another, written a/b, or name=a/b."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import InvalidInput
from core.parts import Floats
from core.prepare.gaps import filled, median_of

# The features of reference system 002, by the names that it gives them.
KNOWN: dict[str, tuple[str, str]] = {
    "rooms_per_household": ("total_rooms", "households"),
    "bedrooms_per_room": ("total_bedrooms", "total_rooms"),
    "population_per_household": ("population", "households"),
}
ALLOWED = "two different columns of numbers as a/b or name=a/b, or one of " + ", ".join(KNOWN)


@dataclass(frozen=True)
class Ratio:
    """The column `name`: feature `over` divided by feature `under`; `fill` where that is no number."""

    name: str
    over: str
    under: str
    fill: float = 0.0

    def values(self, numbers: Floats, names: Sequence[str]) -> Floats:
        """Return over/under for each row of `numbers` (n, p), NaN where the divisor is 0 or the quotient too large."""
        over, under = numbers[:, names.index(self.over)], numbers[:, names.index(self.under)]
        with np.errstate(all="ignore"):
            found = over / under
        return np.where(np.isfinite(found), found, np.nan)

    def column(self, numbers: Floats, names: Sequence[str]) -> Floats:
        """Return the same with every gap filled, shape (n, 1)."""
        return filled(self.values(numbers, names)[:, None], (self.fill,))


def parse(text: str) -> list[tuple[str, str, str]]:
    """Return every way to read `text` as (name, over, under); names of columns may hold "/" and "=" themselves.

    Raises `InvalidInput` when there is none.
    """
    readings = []
    if text in KNOWN:
        readings.append((text, *KNOWN[text]))
    starts = [0, *(i + 1 for i, letter in enumerate(text) if letter == "=" and i)]
    for start in starts:
        name, quotient = text[: start - 1] if start else text, text[start:]
        cuts = [i for i, letter in enumerate(quotient) if letter == "/"]
        readings += [(name, quotient[:i], quotient[i + 1 :]) for i in cuts if quotient[:i] and quotient[i + 1 :]]
    if not readings:
        raise InvalidInput("ratios", text, ALLOWED)
    return readings


def resolve(texts: Sequence[str], names: Sequence[str]) -> tuple[Ratio, ...]:
    """Return the ratios that `texts` mean among the columns of numbers `names`, not yet fitted.

    Raises `InvalidInput` for one that means none of them, or more than one.
    """
    known = set(names)
    found = []
    for text in texts:
        fitting = [Ratio(*r) for r in parse(text) if r[1] in known and r[2] in known and r[1] != r[2]]
        if len(fitting) != 1:
            raise InvalidInput("ratios", text, ALLOWED if not fitting else "a text that can be read in one way only")
        found.append(fitting[0])
    return tuple(found)


def fitted(ratios: Sequence[Ratio], numbers: Floats, names: Sequence[str]) -> tuple[Ratio, ...]:
    """Return `ratios` with the medians of their values on the training rows `numbers` (n, p) as fills."""
    return tuple(Ratio(r.name, r.over, r.under, median_of(r.values(numbers, names))) for r in ratios)


def from_json(data: Mapping[str, Any]) -> Ratio:
    """Return the ratio that was written as a JSON object of its four fields."""
    return Ratio(str(data["name"]), str(data["over"]), str(data["under"]), float(data["fill"]))
