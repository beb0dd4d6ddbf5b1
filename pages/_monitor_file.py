"""A file of the visitor's as a batch, without a screen: CSV as everywhere, Parquet by the reader of own tables."""

from __future__ import annotations

import numpy as np

from core import drift
from core.artifact import Model
from core.drift import Batch
from core.errors import InvalidInput
from core.fields import spell
from core.parts import Floats
from core.rows import Cell, class_of
from core.tables import Column, Table
from core.tables import read as read_table
from core.tables.signature import is_parquet
from core.tables.table import TEXT


def read(model: Model, data: bytes, name: str) -> Batch:
    """Return the batch in the file `data` called `name`; raises `InvalidInput` naming what is wrong with it."""
    if not is_parquet(data, name):
        return drift.read(model, data, name)
    table, wanted = read_table(data, name), [f.name for f in model.features]
    for feature in wanted:
        if feature not in table.names:
            raise InvalidInput("columns", f"no {feature}", "the columns " + ", ".join(wanted))
    X = np.column_stack(
        [_values(table.column(feature), cell) for feature, cell in zip(wanted, model.cells, strict=True)]
    )
    ignored = tuple(column for column in table.names if column not in (*wanted, model.target.name))
    return drift.batch_of(model, X, _targets(model, table), ignored, name)


def _values(column: Column, cell: Cell) -> Floats:
    """Return one feature as it stands in raw rows: texts by their number, -1 for one that training never saw."""
    if cell.codes is None:
        return _numbers(column)
    codes = np.array([cell.codes.get(str(word), -1) for word in column.categories], dtype=np.float64)
    if column.kind != TEXT:
        # Numbers in place of texts: training saw none of them.
        return np.where(np.isnan(column.values), np.nan, -1.0)
    return np.append(codes, np.nan)[column.values]


def _numbers(column: Column) -> Floats:
    """Return a column of numbers, NaN where one is missing; raises `InvalidInput` for one of texts."""
    if column.kind != TEXT:
        return column.values.astype(np.float64)
    present = np.flatnonzero(column.values >= 0)
    if len(present):
        row = int(present[0])
        raise InvalidInput(f"{column.name} in row {row + 1}", column.take(present[:1])[0], "a finite number, or empty")
    return np.full(len(column.values), np.nan)


def _targets(model: Model, table: Table) -> Floats | None:
    """Return the true values where they came along, numbers of classes for classes; every row must have one."""
    name = model.target.name
    if name not in table.names or name in {f.name for f in model.features}:
        return None
    column = table.column(name)
    if not model.classes:
        found = _numbers(column)
    else:
        words = ["" if value is None else spell(value) for value in column.take(np.arange(table.n_rows))]
        numbers = [class_of(word, model.classes) for word in words]
        found = np.array([np.nan if number is None else number for number in numbers])
    wrong = np.flatnonzero(np.isnan(found))
    if len(wrong):
        allowed = "one of " + ", ".join(model.classes) if model.classes else "a finite number"
        raise InvalidInput(f"{name} in row {int(wrong[0]) + 1}", column.take(wrong[:1])[0], allowed)
    return found
