"""CSV of any length: read fast as long as it is as it should be, and cell by cell from where it is not.

The fast reader knows no line numbers and fewer ways to write a number. At the first thing that it does not
understand the careful one takes over, and either reads on or says what is wrong in which line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow

from core.artifact import Model
from core.errors import InvalidInput
from core.parts import Floats
from core.rows import MISSING, Cell, Rows, class_of, counted, delimiter_of, layout_of, rows_of, value_of

# Bytes that are read to learn the layout, and bytes that make a piece of the fast reader.
_SAMPLE = 256 * 1024
_BLOCK = 4 * 1024 * 1024
# Cells that make a piece of the careful reader, and rows from which the decimal mark is learnt.
_CELLS = 200_000
_FIRST_ROWS = 1000


class _UnusualError(Exception):
    """Something that the fast reader leaves to the careful one."""


class Delimited:
    """A CSV file; `done` of `total` bytes have been read."""

    def __init__(self, path: Path, model: Model) -> None:
        """Learn the layout from the first rows; raises `InvalidInput` naming a column."""
        self.path, self.total, self.done = path, max(1, path.stat().st_size), 0
        features, target = [f.name for f in model.features], model.target.name
        with path.open("rb") as file:
            sample = file.read(_SAMPLE)
        delimiter = delimiter_of(_text(sample, whole=len(sample) < _SAMPLE), features, target)
        rows = (row for _, row in _lines(path, delimiter))
        self.header = next(rows, None)
        if self.header is None:
            raise InvalidInput("rows", "an empty file", "a header and at least one row")
        first = list(islice(rows, _FIRST_ROWS))
        self.layout = layout_of(self.header, first, delimiter, features, target, model.classes, model.cells)
        if not first:
            raise InvalidInput("rows", "0 data rows", "a header and at least one row")

    def pieces(self) -> Iterator[Rows]:
        """Yield the rows, some thousands at a time; raises `InvalidInput` naming column, row and line."""
        count = 0
        try:
            for rows in self._fast():
                yield rows
                count += len(rows.X)
        except (_UnusualError, pa.ArrowException):
            yield from self._careful(count)

    def _fast(self) -> Iterator[Rows]:
        """Yield the rows as pyarrow reads them; raises `_UnusualError` or its errors before anything unusual."""
        kinds = zip(self.layout.columns, self.header or [], self.layout.kinds, strict=True)
        types = {
            raw: pa.string() if cell.codes is not None or cell.flag or name == self.layout.named else pa.float64()
            for name, raw, cell in kinds
        }
        with pa.OSFile(str(self.path)) as file:
            reader = arrow.open_csv(
                file,
                arrow.ReadOptions(use_threads=False, block_size=_BLOCK),
                arrow.ParseOptions(delimiter=self.layout.delimiter, newlines_in_values=True),
                arrow.ConvertOptions(
                    column_types=types, null_values=list(MISSING), decimal_point="," if self.layout.comma else "."
                ),
            )
            if reader.schema.names != self.header:
                raise _UnusualError
            for batch in reader:
                if batch.num_rows:
                    yield self._converted(batch)
                self.done = file.tell()

    def _converted(self, batch: pa.RecordBatch) -> Rows:
        layout = self.layout
        found = {
            name: _column(array, cell, layout.classes if name == layout.named else ())
            for name, array, cell in zip(layout.columns, batch.columns, layout.kinds, strict=True)
        }
        X = np.column_stack([found[name] for name in layout.features])
        return counted(layout, X, None if layout.truth is None else found[layout.truth])

    def _careful(self, skipped: int) -> Iterator[Rows]:
        """Yield the rows after the first `skipped` ones, read cell by cell."""
        rows = enumerate(_lines(self.path, self.layout.delimiter, self))
        numbered = islice(rows, 1 + skipped, None)  # the header is the first
        size = max(1, _CELLS // len(self.layout.columns))
        while piece := list(islice(numbered, size)):
            places = [f"row {number:,} (line {line:,})" for number, (line, _) in piece]
            yield rows_of(self.layout, [row for _, (_, row) in piece], places)


def _text(sample: bytes, whole: bool) -> str:
    """Return the beginning of a file as text; raises `InvalidInput` where it is none."""
    try:
        return sample.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if not whole and error.start > len(sample) - 4:
            return sample[: error.start].decode("utf-8-sig")  # a letter that was cut off
        raise InvalidInput("rows", f"byte 0x{sample[error.start]:02x} at {error.start}", "UTF-8 text") from error


def _lines(path: Path, delimiter: str, counting: Delimited | None = None) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, with the number of the line in which each ends."""
    with path.open("rb") as source, io.TextIOWrapper(source, "utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            for row in reader:
                if row:
                    yield reader.line_num, row
                if counting is not None and reader.line_num % 1000 == 0:
                    counting.done = source.tell()
        except csv.Error as error:
            raise InvalidInput(f"line {reader.line_num:,}", str(error), "comma-separated values") from error
        except UnicodeDecodeError as error:
            byte = f"byte 0x{error.object[error.start]:02x}"
            raise InvalidInput(f"the text after line {reader.line_num:,}", byte, "UTF-8") from error


def _column(array: pa.Array, cell: Cell, classes: tuple[str, ...]) -> Floats:
    """Return the numbers that a column stands for; raises `_UnusualError` where one of its cells is none of them."""
    if pa.types.is_floating(array.type):
        values = array.to_numpy(zero_copy_only=False)
        fine = np.isfinite(values) if not cell.gaps else np.isfinite(values) | array.is_null().to_numpy(False)
        if not fine.all():
            raise _UnusualError
        return np.asarray(values, np.float64)
    words = array.dictionary_encode()
    numbers = [class_of(w, classes) if classes else value_of(w, cell) for w in words.dictionary.to_pylist()]
    if None in numbers:
        raise _UnusualError
    return np.asarray(np.array(numbers, np.float64)[words.indices.to_numpy(zero_copy_only=False)])
