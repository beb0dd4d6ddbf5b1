"""The limits of a user's table, and what its refusals have in common."""

from __future__ import annotations

from core.errors import InvalidInput, shown

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 200_000
MIN_ROWS = 20
MAX_COLUMNS = 500
MIN_COLUMNS = 2
MAX_CELLS = 2_000_000
MAX_CELL = 10_000
MAX_NAME = 200
MAX_CLASSES = 100

# How many rows a message names, and how much of their cells it shows.
SHOWN_ROWS = 3
_SHOWN_CELL = 12


def file_field(name: str) -> str:
    """Return what messages call the file: the word "file", and its name on one printable line."""
    return "file" if name == "file" else f"file {shown(name)}"


def column_field(name: str) -> str:
    """Return what messages call a column: the word "column", and its name on one printable line."""
    return f"column {shown(name)}"


def check_size(rows: int, columns: int, or_more: str = "") -> None:
    """Raise `InvalidInput` when a table has too many rows or cells; `or_more` stands after a count that is not over."""
    if rows > MAX_ROWS:
        raise InvalidInput("table", f"{rows} rows{or_more}", f"at most {MAX_ROWS:,} rows")
    if rows * columns > MAX_CELLS:
        most = MAX_CELLS // columns
        allowed = f"at most {MAX_CELLS:,} cells, which is {most:,} rows of {columns} columns"
        raise InvalidInput("table", f"{rows} rows{or_more}", allowed)


def check_enough(rows: int) -> None:
    """Raise `InvalidInput` when a table has too few rows."""
    if rows < MIN_ROWS:
        raise InvalidInput("table", f"{rows} data row{'s' * (rows != 1)}", f"at least {MIN_ROWS} rows below the header")


def check_columns(count: int, allowed: str = "") -> None:
    """Raise `InvalidInput` when a table has too few or too many columns; `allowed` says more about too few."""
    if count < MIN_COLUMNS:
        raise InvalidInput("table", "1 column" if count else "no columns", allowed or f"at least {MIN_COLUMNS} columns")
    if count > MAX_COLUMNS:
        raise InvalidInput("table", f"{count} columns", f"at most {MAX_COLUMNS} columns")


def some(cells: list[tuple[int, str]], count: int) -> str:
    """Return the first of `count` cells, (row, text) with rows from 1, as one short line."""
    found = [
        f"row {row}: {text if len(text) <= _SHOWN_CELL else text[: _SHOWN_CELL - 1] + '…'}"
        for row, text in cells[:SHOWN_ROWS]
    ]
    return (f"{count} cells, first " if count > len(found) else "") + ", ".join(found)
