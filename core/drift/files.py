"""A file as a `Batch`: CSV as rows to predict are read, Parquet by the reader of own tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core import tables
from core.artifact import Model
from core.drift.batch import Batch, batch_of
from core.errors import InvalidInput
from core.fields import spell
from core.parts import Floats
from core.rows import MAX_BYTES, MAX_ROWS, Cell, cells_of, class_of, layout_of, rows_of, tidy
from core.tables import Column, Table
from core.tables.signature import is_parquet
from core.tables.table import TEXT


def read(model: Model, data: bytes, name: str = "file") -> Batch:
    """Return the batch in the file `data`, CSV or Parquet; raises `InvalidInput` naming what is wrong with it.

    Columns may come in any order, and those that the model does not have are left out and listed. A cell may be
    empty, and a text may be one that training never saw.
    """
    return _of_parquet(model, data, name) if is_parquet(data, name) else _of_csv(model, data, name)


def _of_csv(model: Model, data: bytes, name: str) -> Batch:
    features, target = [f.name for f in model.features], model.target.name
    header, lines, delimiter = _cells(data, features, target)
    known = {*features, target}
    called = [tidy(column) for column in header]
    kept = [i for i, column in enumerate(called) if column in known or header[i].strip() in known]
    for number, line in enumerate(lines, 1):
        if len(line) != len(header):
            raise InvalidInput(f"row {number}", f"{len(line)} values", f"{len(header)} values, one for each column")
    lines = [[line[i] for i in kept] for line in lines]
    cells = [replace(cell, gaps=True) for cell in model.cells]
    names = [header[i] for i in kept]
    layout = layout_of(names, lines, delimiter, features, target, model.classes, cells)
    rows = rows_of(layout, lines, [f"row {i}" for i in range(1, len(lines) + 1)])
    ignored = tuple(called[i] for i in range(len(header)) if i not in kept)
    return batch_of(model, rows.X, rows.y, ignored, name)


def _cells(data: bytes, features: list[str], target: str) -> tuple[list[str], list[list[str]], str]:
    """Return header, rows of cells and what stands between them."""
    if len(data) > MAX_BYTES:
        raise InvalidInput("batch", f"{len(data):,} bytes", f"a file of at most {MAX_BYTES:,} bytes")
    lines, delimiter = cells_of(data, features, target, "batch", "CSV in UTF-8")
    if not 2 <= len(lines) <= MAX_ROWS + 1:
        raise InvalidInput("batch", f"{max(0, len(lines) - 1):,} rows", f"a header and 1 to {MAX_ROWS:,} rows")
    return lines[0], lines[1:], delimiter


def _of_parquet(model: Model, data: bytes, name: str) -> Batch:
    table, wanted = tables.read(data, name), [f.name for f in model.features]
    for feature in wanted:
        if feature not in table.names:
            raise InvalidInput("columns", f"no {feature}", "the columns " + ", ".join(wanted))
    X = np.column_stack(
        [_values(table.column(feature), cell) for feature, cell in zip(wanted, model.cells, strict=True)]
    )
    ignored = tuple(column for column in table.names if column not in (*wanted, model.target.name))
    return batch_of(model, X, _targets(model, table), ignored, name)


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
