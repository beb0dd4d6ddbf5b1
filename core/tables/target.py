"""A chosen target, task and features: checked before anything is trained on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.errors import InvalidInput, shown
from core.parts import Array
from core.tables.limits import MAX_CLASSES, SHOWN_ROWS, column_field
from core.tables.proposal import CLASSIFICATION, REGRESSION, TASKS, is_whole
from core.tables.table import NUMBER, TEXT, Column, Table, shown_value


def check_target(table: Table, target: str, task: str, features: Sequence[str]) -> None:
    """Raise `InvalidInput`, naming column and rows, unless `task` can learn `target` from `features`."""
    if task not in TASKS:
        raise InvalidInput("task", task, "one of " + ", ".join(TASKS))
    column = table.column(target, "target")
    _check_features(table, target, features)
    field = f"target {shown(target)}"
    if column.missing:
        rows = np.flatnonzero(np.isnan(column.values) if column.kind != TEXT else column.values < 0)
        raise InvalidInput(field, _rows(rows), "a column with a value in every row")
    if task == CLASSIFICATION:
        _check_classes(column, field)
    elif column.kind != NUMBER:
        raise InvalidInput(field, _kind(column), "a column of numbers for regression; choose classification for it")
    elif column.distinct < 2:
        found = f"1 value: {shown_value(column.examples[0])}"
        raise InvalidInput(field, found, "a column with at least 2 different values")


def _check_features(table: Table, target: str, features: Sequence[str]) -> None:
    if not features:
        raise InvalidInput("features", "none", "at least one column")
    if target in features:
        raise InvalidInput("features", target, "columns other than the target")
    for i, name in enumerate(features):
        column = table.column(name, "features")
        if name in features[:i]:
            raise InvalidInput("features", f"{name} twice", "different columns")
        if column.distinct == 0:
            raise InvalidInput(column_field(name), "none", "a feature with a value in some row")
        if column.kind == TEXT and column.distinct > MAX_CLASSES:
            allowed = f"a feature with at most {MAX_CLASSES} different texts"
            raise InvalidInput(column_field(name), f"{column.distinct} different texts", allowed)


def _check_classes(column: Column, field: str) -> None:
    """Raise `InvalidInput` unless the values of a column without missing ones can be classes."""
    regression = f"; choose {REGRESSION} for it" if column.kind == NUMBER else ""
    if column.kind == NUMBER and not is_whole(column):
        raise InvalidInput(field, "numbers with fractions", f"a column of classes{regression}")
    if column.distinct > MAX_CLASSES:
        allowed = f"a column of at most {MAX_CLASSES} classes{regression}"
        raise InvalidInput(field, f"{column.distinct} classes", allowed)
    values, first, counts = np.unique(column.values, return_index=True, return_counts=True)
    if values.size < 2:
        raise InvalidInput(field, f"1 class: {shown_value(column.examples[0])}", "a column of at least 2 classes")
    if counts.min() < 2:
        row = first[np.argmin(counts)]
        found = f"1 row of {shown_value(column.take(np.array([row]))[0])}, row {row + 1}"
        raise InvalidInput(field, found, "a column with at least 2 rows of each class, to split into training and test")


def _rows(rows: Array) -> str:
    """Return the numbers of rows without a value, counted from 1, as one short line."""
    first = ", ".join(str(r + 1) for r in rows[:SHOWN_ROWS])
    return f"{rows.size} missing, row{'s' * (rows.size != 1)} {first}{', …' * (rows.size > SHOWN_ROWS)}"


def _kind(column: Column) -> str:
    return "text" if column.kind == TEXT else "true and false"
