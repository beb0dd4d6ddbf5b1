"""Rows to predict, from a CSV file: every column accounted for, every cell a finite number."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import InvalidInput
from core.parts import Floats

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 200_000


@dataclass(frozen=True, eq=False)
class Rows:
    """Raw rows (n, n_features) in the model's order of features, and the true values (n,) when they came along."""

    X: Floats
    y: Floats | None


def read_rows(path: str | Path, features: Sequence[str], target: str, classes: Sequence[str] = ()) -> Rows:
    """Return the rows of the CSV file at `path`; raises `InvalidInput` naming column, row and what is allowed."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidInput("rows", str(path), f"a readable CSV file ({error.strerror})") from error
    return parse_rows(data, features, target, classes)


def parse_rows(data: bytes, features: Sequence[str], target: str, classes: Sequence[str] = ()) -> Rows:
    """Return the rows in `data`. Columns may come in any order; one named like the target holds true values.

    With `classes` the true values are their names, and come back as their numbers. A feature that is called like
    the target is a feature.
    """
    truth = None if target in features else target
    if len(data) > MAX_BYTES:
        raise InvalidInput("rows", f"{len(data)} bytes or more", f"a file of at most {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput("rows", f"byte 0x{data[error.start]:02x} at {error.start}", "UTF-8 text") from error
    try:
        lines = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as error:
        raise InvalidInput("rows", str(error), "comma-separated values") from error
    if not lines:
        raise InvalidInput("rows", "an empty file", "a header and at least one row")
    header = [name.strip() for name in lines[0]]
    _check_header(header, features, target)
    if len(lines) == 1:
        raise InvalidInput("rows", "0 data rows", "a header and at least one row")
    if len(lines) - 1 > MAX_ROWS:
        raise InvalidInput("rows", f"{len(lines) - 1} rows", f"at most {MAX_ROWS} rows")
    table = np.array(
        [_numbers(row, header, i, truth if classes else None, classes) for i, row in enumerate(lines[1:], start=1)]
    )
    X = table[:, [header.index(name) for name in features]]
    return Rows(X, table[:, header.index(truth)] if truth in header else None)


def _check_header(header: Sequence[str], features: Sequence[str], target: str) -> None:
    wanted = "exactly the columns " + ", ".join(features)
    seen: set[str] = set()
    for name in header:
        if name in seen:
            raise InvalidInput("columns", f"{name} twice", wanted)
        seen.add(name)
    for name in features:
        if name not in header:
            raise InvalidInput("columns", f"no {name}", wanted)
    for name in header:
        if name not in (*features, target):
            raise InvalidInput("columns", name, f"{wanted} (and {target} for true values)")


def _numbers(
    row: Sequence[str], header: Sequence[str], number: int, named: str | None, classes: Sequence[str]
) -> list[float]:
    if len(row) != len(header):
        raise InvalidInput(f"row {number}", f"{len(row)} values", f"{len(header)} values, one for each column")
    found = []
    for name, cell in zip(header, row, strict=True):
        if name == named:
            if cell.strip() not in classes:
                raise InvalidInput(f"{name} in row {number}", cell, "one of " + ", ".join(classes))
            found.append(float(list(classes).index(cell.strip())))
            continue
        try:
            value = float(cell) if "_" not in cell else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InvalidInput(f"{name} in row {number}", cell, "a finite number")
        found.append(value)
    return found
