"""A user's own table as a `Dataset`: the chosen columns as numbers, with categories and classes by name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.datasets.table import OWN, Dataset, Feature, Target, decimals_of
from core.fields import spell
from core.parts import Floats
from core.tables import Column, Table, check_target
from core.tables.proposal import is_whole
from core.tables.table import FLAG, NUMBER, TEXT


def own_dataset(table: Table, target: str, task: str, features: Sequence[str], label: str) -> Dataset:
    """Return what is learnt from `table`: `target` from `features`; `label` is what the table is called on screen.

    Raises `InvalidInput` for a target or features that cannot be learnt from.
    """
    check_target(table, target, task, features)
    columns = [table.column(name) for name in features]
    y, classes = _target(table.column(target), task)
    return Dataset(
        OWN, label, task, tuple(_feature(c) for c in columns), Target(target, target, "", 1.0, ""),
        np.column_stack([_values(c) for c in columns]), y, "a file of your own", "", table.sha256, classes=classes,
    )  # fmt: skip


def _values(column: Column) -> Floats:
    """Return the column of the matrix: numbers, or the numbers of categories; NaN is missing in both."""
    values = column.values.astype(np.float64)
    return np.where(values < 0, np.nan, values) if column.kind == TEXT else values


def _feature(column: Column) -> Feature:
    name, categories = column.name, column.categories
    low = 0.0 if column.low is None else column.low
    high = float(len(categories) - 1) if categories else 0.0 if column.high is None else column.high
    decimals = decimals_of(low, high) if column.kind == NUMBER and not is_whole(column) else 0
    return Feature(name, name, "", "unit", "", low, high, decimals, categories, column.kind == FLAG)


def _target(column: Column, task: str) -> tuple[Floats, tuple[str, ...]]:
    """Return the values to predict, or the numbers of the classes and their names."""
    if task == "regression":
        return column.values.astype(np.float64), ()
    found, numbers = np.unique(column.values, return_inverse=True)
    if column.kind == TEXT:
        names = column.categories
    elif column.kind == FLAG:
        names = tuple("true" if value else "false" for value in found.tolist())
    else:
        names = tuple(spell(value) for value in found.tolist())
    return numbers.astype(np.float64), names
