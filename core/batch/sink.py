"""Answers to a file, a piece at a time: CSV or Parquet by its name, in its place only when it is whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow
import pyarrow.parquet as pq

from core.artifact.disk import replacing
from core.batch.answers import Answers
from core.errors import ArtifactError, InvalidInput

# Texts that begin with one of these are run as formulas by spreadsheets.
RUN = ("=", "+", "-", "@", "\t", "\r")
PARQUET = (".parquet", ".pq")


def guarded(text: str) -> str:
    """Return a text as a cell of a CSV file: one that a spreadsheet would run gets a leading quote."""
    return "'" + text if text.startswith(RUN) else text


class Sink(Protocol):
    """Where answers go."""

    def write(self, answers: Answers, first: int) -> None:
        """Write some rows, of which the first has that number, from 0."""

    def close(self) -> None:
        """Write what is still to be written."""


@contextmanager
def opened(path: str | Path) -> Iterator[Sink]:
    """Yield where to write; the file is in its place, whole, after the body, and untouched when the body fails.

    Raises `ArtifactError` with the system's reason when it cannot be written.
    """
    target = Path(path)
    if target.exists() and not target.is_file():
        raise InvalidInput("--out", str(path), "a file")
    try:
        with replacing(target) as file:
            sink: Sink = _Parquet(file) if target.suffix.lower() in PARQUET else _Csv(file)
            yield sink
            sink.close()
    except OSError as error:
        raise ArtifactError(f"the predictions cannot be written: {error.strerror or error}") from error


def _table(answers: Answers, first: int, names: Sequence[str]) -> pa.RecordBatch:
    """Return the answers with a column that counts the rows; `names` are those of the classes."""
    columns: dict[str, pa.Array] = {}
    for name, values in answers.columns.items():
        if answers.is_class(name):
            columns[name] = pa.array(list(names), pa.string()).take(pa.array(values))
        else:
            columns[name] = pa.array(values)
        count = len(values)
    return pa.RecordBatch.from_pydict({"row": pa.array(np.arange(first, first + count)), **columns})


class _Csv:
    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.writer: Any = None

    def write(self, answers: Answers, first: int) -> None:
        table = _table(answers, first, [guarded(name) for name in answers.classes])
        if self.writer is None:
            self.file.write((",".join(table.schema.names) + "\r\n").encode())
            options = arrow.WriteOptions(include_header=False, quoting_style="needed", eol="\r\n")
            self.writer = arrow.CSVWriter(self.file, table.schema, write_options=options)
        self.writer.write_batch(table)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()


class _Parquet:
    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.writer: Any = None

    def write(self, answers: Answers, first: int) -> None:
        table = _table(answers, first, answers.classes)
        if self.writer is None:
            self.writer = pq.ParquetWriter(self.file, table.schema)
        self.writer.write_batch(table)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
