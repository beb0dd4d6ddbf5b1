"""`Table`: what a user's file holds, checked: columns of numbers, of true and false, or of text."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import InvalidInput, shown
from core.fields import spell
from core.parts import Array, Floats, frozen

NUMBER, FLAG, TEXT = "number", "flag", "text"
KINDS = (NUMBER, FLAG, TEXT)

Plain = float | bool | str | None

_EXAMPLES = 3
# How many columns a message names.
_NAMED = 10

# 2024-01-31, 31.01.2024, 1/31/24, and a time of day after it.
_DAY_LAST, _DAY_FIRST = r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}", r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.]([0-9]{2}){1,2}"
_DATE = rf"^({_DAY_LAST}|{_DAY_FIRST})([ T][0-9]{{1,2}}:.*)?$"


@dataclass(frozen=True, eq=False)
class Column:
    """One column. All its arrays are read-only.

    `values` has one entry a row: float64 for a number (NaN where it is missing) and for a flag (1.0 is true),
    int32 for a text: its place in the sorted `words`, -1 where it is missing. `low` and `high` are None for text
    and where every value is missing. `note` says what is remarkable, in words, or nothing.
    """

    name: str
    kind: str
    values: Array
    missing: int
    distinct: int
    low: float | None = None
    high: float | None = None
    words: pa.StringArray | None = None
    note: str = ""

    def __post_init__(self) -> None:
        """Freeze the array."""
        object.__setattr__(self, "values", frozen(self.values))

    def __reduce__(self) -> tuple[type[Column], tuple[Any, ...]]:
        """Let a column come out of another process as read-only as it went in."""
        return Column, tuple(getattr(self, f.name) for f in fields(self))

    @property
    def categories(self) -> tuple[str, ...]:
        """The distinct texts, sorted; none for numbers and flags. Arrow holds them in a tenth of the memory."""
        return () if self.words is None else tuple(self.words.to_pylist())

    @property
    def is_dates(self) -> bool:
        """Whether every value is a text that reads like a date."""
        return (
            bool(self.distinct)
            and self.words is not None
            and pc.all(pc.match_substring_regex(self.words, _DATE)).as_py()
        )

    @property
    def examples(self) -> tuple[Plain, ...]:
        """The first three values that are not missing."""
        present = self.values >= 0 if self.kind == TEXT else ~np.isnan(self.values)
        return self.take(np.flatnonzero(present)[:_EXAMPLES])

    def take(self, rows: Array) -> tuple[Plain, ...]:
        """Return the values of some rows (numbers from 0) as plain numbers, bools and texts; None where missing."""
        found = self.values[rows].tolist()
        if self.words is not None:
            return tuple(None if v < 0 else self.words[v].as_py() for v in found)
        return tuple(None if v != v else bool(v) if self.kind == FLAG else v for v in found)


@dataclass(frozen=True, eq=False)
class Table:
    """A user's table. `sha256` and `bytes` are those of the file; `notes` say what was found while reading it."""

    columns: tuple[Column, ...]
    n_rows: int
    sha256: str
    bytes: int
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(c.name for c in self.columns)

    def column(self, name: str, field: str = "column") -> Column:
        """Return a column by its name; raises `InvalidInput` about `field` when there is none."""
        for c in self.columns:
            if c.name == name:
                return c
        first = ", ".join(shown(n) for n in self.names[:_NAMED])
        more = f" and {len(self.names) - _NAMED} more" if len(self.names) > _NAMED else ""
        raise InvalidInput(field, name, f"one of {first}{more}")

    def preview(self, n: int) -> tuple[tuple[Plain, ...], ...]:
        """Return the first `n` rows as plain values, None where one is missing."""
        rows = np.arange(min(n, self.n_rows))
        return tuple(zip(*(c.take(rows) for c in self.columns), strict=True))


def number(name: str, values: Floats, note: str = "", kind: str = NUMBER) -> Column:
    """Return a column of numbers, or of flags as 0 and 1; NaN is missing."""
    present = values[~np.isnan(values)]
    low, high = (float(present.min()), float(present.max())) if present.size else (None, None)
    missing, distinct = values.size - present.size, np.unique(present).size
    return Column(name, kind, values, missing, distinct, low, high, note=note or _plain_note(distinct, low))


def text(name: str, words: pa.StringArray, codes: Array, note: str = "") -> Column:
    """Return a column of text from distinct `words` in any order and the `codes` of its rows, -1 for missing."""
    used = np.bincount(codes + 1, minlength=len(words) + 1)
    order = np.asarray(pc.sort_indices(words))
    order = order[used[1:][order] > 0]
    place = np.full(len(words) + 1, -1, np.int32)  # the last entry is that of -1
    place[order] = np.arange(order.size, dtype=np.int32)
    kept = words.take(pa.array(order))
    note = note or _plain_note(order.size, kept[0].as_py() if order.size else None)
    note = note or ("dates, read as text" if _are_dates(kept) else "")
    return Column(name, TEXT, place[codes], int(used[0]), order.size, words=kept, note=note)


def _are_dates(words: pa.StringArray) -> bool:
    return len(words) > 0 and bool(pc.all(pc.match_substring_regex(words, _DATE)).as_py())


def shown_value(value: Plain) -> str:
    """Return one value of a table as a short printable text: 3, not 3.0."""
    if value is None:
        return "none"
    return shown(value) if isinstance(value, str) else spell(value)


def _plain_note(distinct: int, only: float | str | None) -> str:
    if distinct == 0:
        return "no value in any row"
    return f"one value only: {shown_value(only)}" if distinct == 1 else ""
