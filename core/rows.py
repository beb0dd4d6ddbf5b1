"""Rows to predict, from a CSV file: every column accounted for, every cell what its feature takes."""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.parts import Floats

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 200_000
# Cells that hold no value, where one may be missing; the same that a table may have.
MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "-")

_FLAGS = {"true": 1.0, "false": 0.0}
_DELIMITERS = (",", ";", "\t", "|")
_WITH_COMMA = re.compile(r"\s*[+-]?([0-9]+,[0-9]*|,[0-9]+)([eE][+-]?[0-9]+)?\s*")
_MAY_BE_GROUPED = re.compile(r"\s*[+-]?[0-9]{1,3},[0-9]{3}\s*")


@dataclass(frozen=True)
class Cell:
    """How the cells of one feature are read.

    Of a feature of texts each stands for its number in `codes`, any other for -1; without `codes` cells are
    numbers, and of a `flag` also true and false. `gaps` says that a number may be missing; a text always may.
    """

    codes: Mapping[str, int] | None = None
    flag: bool = False
    gaps: bool = False


@dataclass(frozen=True, eq=False)
class Rows:
    """Raw rows (n, n_features) in the model's order of features, and the true values (n,) when they came along.

    `unknown` and `missing` name the features with texts that training never saw, and with empty cells, and how
    many rows have one.
    """

    X: Floats
    y: Floats | None
    unknown: tuple[tuple[str, int], ...] = ()
    missing: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Layout:
    """What stands in which column of a file, and what its cells take.

    `columns` are the names in the file's order and `delimiter` what stands between its cells; `cells` has one entry a
    feature. Where there are `classes`, a column of true values holds their names. With `comma` numbers have a
    decimal comma.
    """

    columns: tuple[str, ...]
    features: tuple[str, ...]
    target: str
    classes: tuple[str, ...]
    cells: tuple[Cell, ...]
    delimiter: str
    comma: bool = False

    @cached_property
    def truth(self) -> str | None:
        """The column of true values, if there is one; a feature that is called like the target is a feature."""
        return self.target if self.target in self.columns and self.target not in self.features else None

    @cached_property
    def named(self) -> str | None:
        """The column of true values where it holds names of classes."""
        return self.truth if self.classes else None

    @cached_property
    def kinds(self) -> tuple[Cell, ...]:
        """How the cells of each column of the file are read."""
        kinds = dict(zip(self.features, self.cells, strict=True))
        return tuple(kinds.get(name, Cell()) for name in self.columns)

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The places of the columns of numbers in the file."""
        return tuple(i for i, name in enumerate(self.columns) if self.kinds[i].codes is None and name != self.named)


def parse_rows(
    data: bytes,
    features: Sequence[str],
    target: str,
    classes: Sequence[str] = (),
    cells: Sequence[Cell] = (),
) -> Rows:
    """Return the rows in `data`. Columns may come in any order; one named like the target holds true values.

    Between the cells stands a comma, a semicolon, a tab or a bar, whichever makes the most columns of the model; where
    it is no comma, numbers may have a decimal comma.

    With `classes` the true values are their names, and come back as their numbers. A feature that is called like
    the target is a feature. `cells` has one entry a feature; without it all are numbers, and none may be missing.
    """
    header, lines, delimiter = _lines(data, features, target)
    layout = layout_of(header, lines, delimiter, features, target, classes, cells)
    if not lines:
        raise InvalidInput("rows", "0 data rows", "a header and at least one row")
    if len(lines) > MAX_ROWS:
        raise InvalidInput("rows", f"{len(lines)} rows", f"at most {MAX_ROWS} rows")
    return rows_of(layout, lines, [f"row {i}" for i in range(1, len(lines) + 1)])


def layout_of(
    header: Sequence[str],
    lines: Sequence[Sequence[str]],
    delimiter: str,
    features: Sequence[str],
    target: str,
    classes: Sequence[str] = (),
    cells: Sequence[Cell] = (),
) -> Layout:
    """Return the layout of a file from its header and its first rows, or all; raises `InvalidInput` naming a column."""
    known = {*features, target}
    columns = tuple(name.strip() if name.strip() in known else tidy(name) for name in header)
    _check_header(columns, features, target)
    kinds = tuple(cells) or (Cell(),) * len(features)
    layout = Layout(columns, tuple(features), target, tuple(classes), kinds, delimiter)
    numbers = [row[i] for row in lines for i in layout.numbers if i < len(row)]
    return replace(layout, comma=delimiter != "," and _decimal_comma(numbers))


def rows_of(layout: Layout, lines: Sequence[list[str]], places: Sequence[str]) -> Rows:
    """Return the rows in `lines`; raises `InvalidInput` naming column and place, of which there is one a row."""
    if layout.comma:
        for row in lines:
            for i in layout.numbers:
                if i < len(row) and _WITH_COMMA.fullmatch(row[i]):
                    row[i] = row[i].replace(",", ".")
    table = np.array([_values(row, layout, place) for row, place in zip(lines, places, strict=True)])
    X = table[:, [layout.columns.index(name) for name in layout.features]]
    return counted(layout, X, None if layout.truth is None else table[:, layout.columns.index(layout.truth)])


def counted(layout: Layout, X: Floats, y: Floats | None) -> Rows:
    """Return rows in the model's order with what is unknown and missing in them."""
    unknown = (X == -1) & [cell.codes is not None for cell in layout.cells]
    return Rows(X, y, _counted(layout.features, unknown), _counted(layout.features, np.isnan(X)))


def _counted(features: Sequence[str], found: NDArray[np.bool_]) -> tuple[tuple[str, int], ...]:
    """Return the features that have any of what was `found` (n, p), and in how many rows."""
    counts = found.sum(axis=0).tolist()
    return tuple((name, count) for name, count in zip(features, counts, strict=True) if count)


def _decimal_comma(cells: Sequence[str]) -> bool:
    """Return whether numbers are written with a comma: none has a point, and some cannot be thousands."""
    found = [cell for cell in cells if _WITH_COMMA.fullmatch(cell)]
    grouped = all(_MAY_BE_GROUPED.fullmatch(cell) for cell in found)
    return bool(found) and not grouped and not any("." in cell for cell in cells)


def delimiter_of(text: str, features: Sequence[str], target: str) -> str:
    """Return what stands between the cells of the first line: what makes the most known columns of it."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    known = {*features, target}

    def fit(delimiter: str) -> int:
        names = [name.strip().strip('"') for name in first.split(delimiter)]
        return sum(name.strip() in known or tidy(name) in known for name in names)

    return max(_DELIMITERS, key=fit)


def _lines(data: bytes, features: Sequence[str], target: str) -> tuple[list[str], list[list[str]], str]:
    """Return the header, the rows of cells below it, and what stands between the cells."""
    if len(data) > MAX_BYTES:
        raise InvalidInput("rows", f"{len(data)} bytes or more", f"a file of at most {MAX_BYTES} bytes")
    lines, delimiter = cells_of(data, features, target)
    if not lines:
        raise InvalidInput("rows", "an empty file", "a header and at least one row")
    return lines[0], lines[1:], delimiter


def cells_of(
    data: bytes, features: Sequence[str], target: str, field: str = "rows", kind: str = "UTF-8 text"
) -> tuple[list[list[str]], str]:
    """Return the lines of a file, the header among them, as cells, and what stands between these.

    Raises `InvalidInput` about the `field` for what is not UTF-8, which the message calls `kind`, or has no cells.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(field, f"byte 0x{data[error.start]:02x} at {error.start}", kind) from error
    delimiter = delimiter_of(text, features, target)
    try:
        lines = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if row]
    except csv.Error as error:
        raise InvalidInput(field, str(error), "comma-separated values") from error
    return lines, delimiter


def tidy(name: str) -> str:
    """Return a column's name as a table has it: single spaces inside, composed letters (NFC)."""
    return unicodedata.normalize("NFC", " ".join(name.split()))


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


def _values(row: Sequence[str], layout: Layout, place: str) -> list[float]:
    if len(row) != len(layout.columns):
        raise InvalidInput(place, f"{len(row)} values", f"{len(layout.columns)} values, one for each column")
    found = []
    for name, cell, kind in zip(layout.columns, row, layout.kinds, strict=True):
        if name == layout.named:
            value = class_of(cell, layout.classes)
            allowed = "one of " + ", ".join(layout.classes)
        else:
            value = value_of(cell, kind)
            allowed = "a finite number" + (", true or false" if kind.flag else "")
            allowed += ", or empty" if kind.gaps else ""
        if value is None:
            raise InvalidInput(f"{name} in {place}", cell, allowed)
        found.append(value)
    return found


def class_of(cell: str, classes: Sequence[str]) -> float | None:
    """Return the number of the class that `cell` names, None where it names none."""
    return float(classes.index(cell.strip())) if cell.strip() in classes else None


def value_of(cell: str, kind: Cell) -> float | None:
    """Return the number that `cell` stands for, NaN where it is missing and may be, None where it is no such number."""
    text = cell.strip()
    if (kind.gaps or kind.codes is not None) and text in MISSING:
        return math.nan
    if kind.codes is not None:
        return float(kind.codes.get(text, -1))
    if kind.flag and text.lower() in _FLAGS:
        return _FLAGS[text.lower()]
    try:
        value = float(cell) if "_" not in cell else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None
