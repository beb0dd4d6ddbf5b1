"""Delimited text to cells: the delimiter found, every row counted, every quote closed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from core.errors import InvalidInput
from core.tables.limits import (
    MAX_CELL,
    MAX_NAME,
    MIN_COLUMNS,
    check_columns,
    check_enough,
    check_size,
    column_field,
    file_field,
)
from core.tables.names import check_names, notes_on

# In the order in which they are believed when all fit equally well: a comma may also stand in numbers and names.
DELIMITERS = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma"}

# Enough to tell delimiters apart, and short of the longest cell that Python's csv reads.
_SAMPLE = 65_536
# Cells that are turned into columns at a time: few enough that Python's texts weigh little.
_BLOCK = 200_000

_QUOTES = "their quotes closed, and doubled inside"


@dataclass(frozen=True)
class Cells:
    """The texts of a file: the names of its columns, and one array of texts a column."""

    names: tuple[str, ...]
    columns: tuple[pa.StringArray, ...]
    n_rows: int
    notes: tuple[str, ...]


def parse(text: bytes, name: str) -> Cells:
    """Return the cells of UTF-8 `text`; raises `InvalidInput` naming the row (the first below the header is 1)."""
    if not text.strip():
        raise InvalidInput(file_field(name), "an empty file", "a table: a header and rows")
    delimiter = _delimiter(text)
    _check_nul(text, delimiter)
    rows = _rows(text, delimiter)
    try:
        header = next(rows)
    except csv.Error as error:
        raise InvalidInput("header", _complaint(error), f"names of at most {MAX_NAME} characters, {_QUOTES}") from error
    check_columns(len(header), f"at least {MIN_COLUMNS} columns, with comma, semicolon, tab or | between")
    names = check_names(header)
    columns, n_rows = _columns(rows, names)
    return Cells(names, columns, n_rows, (f"delimiter {DELIMITERS[delimiter]}", *notes_on(header, names)))


def _rows(text: bytes, delimiter: str, strict: bool = True) -> Iterator[list[str]]:
    """Yield the rows that are not blank. Lines may end in LF, CRLF or CR."""
    lines = io.TextIOWrapper(io.BytesIO(text), "utf-8", newline="")
    for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=strict):
        if len(row) > 1 or (row and row[0].strip()):
            yield row


def _delimiter(text: bytes) -> str:
    """Return the delimiter that gives the most rows as many cells as the header, and then the most cells."""
    sample = text[:_SAMPLE].decode(errors="ignore").encode()
    best, found = (0.0, 1), ","
    for delimiter in DELIMITERS:
        widths = [len(row) for row in _rows(sample, delimiter, strict=False)]
        if len(text) > _SAMPLE and len(widths) > 1:
            del widths[-1]  # cut off
        width = widths[0] if widths else 1
        fit = (sum(w == width for w in widths[1:]) / max(len(widths) - 1, 1), width)
        if width > 1 and fit > best:
            best, found = fit, delimiter
    return found


def _check_nul(text: bytes, delimiter: str) -> None:
    at = text.find(b"\x00")
    if at >= 0:
        row = sum(1 for _ in _rows(text[: at + 1], delimiter, strict=False)) - 1
        allowed = "text without NUL bytes (UTF-16 needs its byte order mark)"
        raise InvalidInput(f"row {row}" if row > 0 else "header", f"byte 0x00 at {at}", allowed)


def _columns(rows: Iterator[list[str]], names: Sequence[str]) -> tuple[tuple[pa.StringArray, ...], int]:
    """Return the cells of all `rows`, one array a column, and how many rows there are."""
    width, count = len(names), 0
    blocks: list[list[pa.StringArray]] = []
    block: list[list[str]] = []
    try:
        for row in rows:
            count += 1
            if len(row) != width:
                allowed = f"{width} values, one for each column"
                raise InvalidInput(f"row {count}", f"{len(row)} value{'s' * (len(row) != 1)}", allowed)
            block.append(row)
            if len(block) * width >= _BLOCK:
                check_size(count, width, " or more")
                blocks.append(_arrays(block, names, count))
                block = []
    except csv.Error as error:
        allowed = f"at most {MAX_CELL:,} characters long, {_QUOTES}"
        raise InvalidInput(f"cells of row {count + 1}", _complaint(error), allowed) from error
    check_size(count, width)
    check_enough(count)
    if block:
        blocks.append(_arrays(block, names, count))
    return tuple(pa.chunked_array(list(b), pa.string()).combine_chunks() for b in zip(*blocks, strict=True)), count


def _arrays(block: list[list[str]], names: Sequence[str], last: int) -> list[pa.StringArray]:
    """Return the columns of some rows, of which the `last` has that number."""
    arrays = [pa.array(cells, pa.string()) for cells in zip(*block, strict=True)]
    for name, array in zip(names, arrays, strict=True):
        lengths = pc.utf8_length(array)
        at = pc.index(pc.greater(lengths, MAX_CELL), True).as_py()
        if at >= 0:
            row = last - len(block) + at + 1
            allowed = f"at most {MAX_CELL:,} characters a cell"
            raise InvalidInput(f"{column_field(name)} in row {row}", f"{lengths[at]} characters", allowed)
    return arrays


def _complaint(error: csv.Error) -> str:
    """Return what Python's csv complains of, in our words."""
    if "field larger" in str(error):
        return f"a cell of more than {csv.field_size_limit()} characters"
    if "unexpected end" in str(error):
        return "a quote that is never closed"
    return "a quote inside a quoted cell, or one that is never closed"
