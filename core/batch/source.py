"""Rows from a file, a piece at a time: CSV or Parquet, told apart by their first bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from core.artifact import Model
from core.batch.delimited import Delimited
from core.batch.parquet import Columns
from core.errors import InvalidInput
from core.rows import Rows

_PARQUET = b"PAR1"


class Source(Protocol):
    """A file that is open for reading; `done` of `total` (bytes or rows) have been read."""

    total: int

    @property
    def done(self) -> int:
        """How much has been read."""

    def pieces(self) -> Iterator[Rows]:
        """Yield the rows, some thousands at a time; raises `InvalidInput` naming column and row."""


def open_rows(path: str | Path, model: Model) -> Source:
    """Return the rows in the file at `path` for `model`, its columns checked; raises `InvalidInput`."""
    try:
        with Path(path).open("rb") as file:
            parquet = file.read(len(_PARQUET)) == _PARQUET
        return Columns(Path(path), model) if parquet else Delimited(Path(path), model)
    except OSError as error:
        allowed = f"a readable CSV or Parquet file ({error.strerror or type(error).__name__})"
        raise InvalidInput("rows", str(path), allowed) from error
