"""Texts to columns: what is a number, true or false, or text, and what is refused rather than guessed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import InvalidInput, shown
from core.parts import Array, Floats
from core.tables import table
from core.tables.limits import column_field
from core.tables.texts import Texts

# Above 2^53 not every whole number is a float64; no whole number of at most 15 digits is that large.
_EXACT_DIGITS = 15

# From this share of numbers on, a column of text is worth a second look.
_WORTH_SAYING = 0.5

_ZERO_FIRST = r"^[+-]?0[0-9]+$"
_LONG = rf"^[+-]?[0-9]{{{_EXACT_DIGITS + 1},}}$"
_MAY_BE_GROUPED = r"^[+-]?[1-9][0-9]{0,2},[0-9]{3}$"
_TRUE_OR_FALSE, _TRUE = r"(?i)^(true|false)$", r"(?i)^true$"


def columns_of(columns: Sequence[Texts]) -> tuple[tuple[table.Column, ...], tuple[str, ...]]:
    """Return the columns that texts stand for, and notes on the whole table.

    Raises `InvalidInput` naming column and rows.
    """
    mark, note = _decimal_mark(columns)
    markers = {str(word) for t in columns for word in t.words.filter(pa.array(~t.present)).to_pylist() if word}
    signs = "missing values are written as " + ", ".join(sorted(markers)) if markers else ""
    return tuple(_column(t, mark) for t in columns), tuple(n for n in (note, signs) if n)


def text_column(t: Texts, note: str = "") -> table.Column:
    """Return the texts as a column of text, with what is remarkable about them."""
    codes = np.where(t.present, np.arange(len(t.words)), -1)[t.codes]
    return table.text(t.name, t.words, codes, note)


def _decimal_mark(columns: Sequence[Texts]) -> tuple[str, str]:
    """Return the decimal mark of the table, and a note. Two marks, or one that may group thousands, are refused."""
    numbers = [t for t in columns if t.is_numbers]
    commas = [(t, t.with_comma & ~t.with_point) for t in numbers]
    commas = [(t, found) for t, found in commas if found.any()]
    if not commas:
        return ".", ""
    t, found = commas[0]
    for other in numbers:
        points = other.with_point & ~other.with_comma
        if points.any():
            allowed = f"written with one decimal mark ({column_field(other.name)} has {other.first(points)})"
            raise InvalidInput(column_field(t.name), t.where(found), allowed)
    if all((each.match(_MAY_BE_GROUPED) >= chosen).all() for each, chosen in commas):
        allowed = "numbers, no marks between thousands (1,234 may be 1234 or 1.234)"
        raise InvalidInput(column_field(t.name), t.where(found), allowed)
    return ",", f"decimal comma: {t.first(found)} is read as {t.first(found).replace(',', '.')}"


def _column(t: Texts, mark: str) -> table.Column:
    """Return the column that the texts are, given the table's decimal mark."""
    if t.is_numbers:
        return _numbers(t, mark)
    if not t.n_present:
        return table.number(t.name, np.full(t.codes.size, np.nan))
    if (t.match(_TRUE_OR_FALSE) == t.present).all():
        return table.number(t.name, np.where(t.present, t.match(_TRUE), np.nan)[t.codes], kind=table.FLAG)
    numbers = _with(t, mark)
    mixed = f"read as text, though {t.counts[numbers].sum()} of {t.n_present} values are numbers"
    return text_column(t, mixed if t.share(numbers) >= _WORTH_SAYING else "")


def _numbers(t: Texts, mark: str) -> table.Column:
    """Return the column of texts that nearly all are numbers; raises `InvalidInput` naming the rows of the others."""
    zero_first = t.match(_ZERO_FIRST)
    if zero_first.any():
        return text_column(t, f"read as text for its leading zeros: {shown(t.first(zero_first))}")
    _refuse(t, t.infinite, "finite numbers")
    _refuse(t, t.present & ~_with(t, mark), "numbers, no marks between thousands, and empty where missing")
    values = _parsed(t, mark)
    _refuse(t, np.isinf(values), "numbers that 64 bits hold, up to 1.8e308")
    inexact = _inexact(t, values)
    if inexact.any() and t.share(inexact) >= 0.5:
        return text_column(t, f"read as text: whole numbers too long for 64 bits, as {shown(t.first(inexact))}")
    _refuse(t, inexact, "numbers that 64 bits hold exactly, where they are whole")
    return table.number(t.name, values[t.codes])


def _with(t: Texts, mark: str) -> Array:
    return t.with_point if mark == "." else t.with_comma


def _refuse(t: Texts, wrong: Array, allowed: str) -> None:
    if wrong.any():
        raise InvalidInput(column_field(t.name), t.where(wrong), allowed)


def _parsed(t: Texts, mark: str) -> Floats:
    """Return each word as float64, correctly rounded; NaN for the ones that are missing."""
    words = pc.if_else(pa.array(t.present), t.words, "nan")
    values: Floats = np.array(pc.replace_substring(words, mark, ".").cast(pa.float64()))
    return values


def _inexact(t: Texts, values: Floats) -> Array:
    """Tell which words are whole numbers that float64 rounds."""
    found = t.match(_LONG)
    words = t.words.filter(pa.array(found)).to_pylist()
    found[found] = [int(w) != int(v) for w, v in zip(words, values[found].tolist(), strict=True)]
    return found
