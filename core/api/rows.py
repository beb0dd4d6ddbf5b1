"""Rows in a request: every value what its feature takes, or refused by row and column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from core.api.refusal import Refusal, plain
from core.api.served import Served
from core.parts import Floats
from core.rows import Cell

MAX_ROWS = 1000

# Where a text stands that training never saw: row from 0, column, and the text.
Unknown = tuple[int, str, Any]


def matrix(served: Served, rows: Any) -> tuple[Floats, list[Unknown]]:
    """Return the raw rows (n, n_features) as the model takes them, and the texts in them that it does not know.

    A row is an array in the order of the features or an object by their names. Raises `Refusal`.
    """
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_ROWS:
        value = f"{len(rows):,} rows" if isinstance(rows, list) else rows
        raise Refusal(422, "rows", value, f"a list of 1 to {MAX_ROWS:,} rows")
    unknown: list[Unknown] = []
    found = []
    for i, row in enumerate(rows):
        values = _ordered(served, i, row)
        # A bool is an int for Python, and a text spells a number for NumPy: neither is one here.
        if not served.numbers_only or not all(type(v) is float or type(v) is int for v in values):
            values = [_value(served, i, j, v, unknown) for j, v in enumerate(values)]
        found.append(values)
    try:
        X = np.array(found, dtype=np.float64)
    except OverflowError:
        X = np.array([[_float(v) for v in values] for values in found])
    if served.numbers_only and not np.isfinite(X).all():
        i, j = (int(at) for at in np.argwhere(~np.isfinite(X))[0])
        raise _refused(served, i, j, float(X[i, j]))
    return X, unknown


def _ordered(served: Served, i: int, row: Any) -> Sequence[Any]:
    """Return the values of row `i` in the order of the features."""
    names = served.names
    if type(row) is dict:
        if row.keys() != served.known:
            for name in names:
                if name not in row:
                    raise Refusal(422, f"rows[{i}]", f"no {name}", _wanted(served), i, name)
            extra = next(name for name in row if name not in served.known)
            raise Refusal(422, f"rows[{i}]", extra, _wanted(served), i, plain(extra))
        return [row[name] for name in names]
    if type(row) is not list or len(row) != len(names):
        value = f"{len(row)} values" if type(row) is list else row
        raise Refusal(422, f"rows[{i}]", value, _wanted(served), i)
    return row


def _wanted(served: Served) -> str:
    names = served.names
    listed = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    return f"{len(names)} values in this order, or an object with exactly these names: {listed}"


def _float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _value(served: Served, i: int, j: int, value: Any, unknown: list[Unknown]) -> float:
    """Return the number that stands for one value; NaN where it is missing and may be, -1 for an unknown text."""
    cell = served.cells[j]
    if value is None and (cell.gaps or cell.codes is not None):
        return math.nan
    if cell.codes is not None:
        if not isinstance(value, str):
            raise _refused(served, i, j, value)
        code = cell.codes.get(value.strip())
        if code is None:
            unknown.append((i, served.names[j], plain(value)))
            return -1.0
        return float(code)
    if cell.flag and isinstance(value, bool):
        return float(value)
    number = _float(value) if type(value) is float or type(value) is int else math.nan
    if not math.isfinite(number):
        raise _refused(served, i, j, value)
    return number


def _refused(served: Served, i: int, j: int, value: Any) -> Refusal:
    name = served.names[j]
    return Refusal(422, f"rows[{i}].{name}", value, _allowed(served.cells[j]), i, name)


def _allowed(cell: Cell) -> str:
    if cell.codes is not None:
        return "a text, or null where it is missing"
    kind = "a finite number" + (", true or false" if cell.flag else "")
    return kind + (", or null where it is missing" if cell.gaps else "")
