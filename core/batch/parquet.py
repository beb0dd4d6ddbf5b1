"""Parquet of any length: columns by name, a few thousand rows of a row group at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.artifact import Model
from core.errors import InvalidInput
from core.parts import Floats
from core.rows import Cell, Rows, class_of, counted, layout_of, value_of

_ROWS = 50_000
_BUFFER = 1024 * 1024


class Columns:
    """A Parquet file; `done` of `total` rows have been read."""

    def __init__(self, path: Path, model: Model) -> None:
        """Check the columns against what the model takes; raises `InvalidInput`."""
        self.done = 0
        try:
            # Buffered: a row group may hold the whole file, and is not to be read at once.
            self.file = pq.ParquetFile(path, memory_map=False, buffer_size=_BUFFER, pre_buffer=False)
        except (pa.ArrowException, ValueError) as error:
            raise InvalidInput("rows", str(path), "a whole Parquet file") from error
        self.total = max(1, self.file.metadata.num_rows)
        names = self.file.schema_arrow.names
        features = [f.name for f in model.features]
        self.layout = layout_of(names, [], ",", features, model.target.name, model.classes, model.cells)
        if not self.file.metadata.num_rows:
            raise InvalidInput("rows", "0 data rows", "at least one row")

    def pieces(self) -> Iterator[Rows]:
        """Yield the rows, some thousands at a time; raises `InvalidInput` naming column and row."""
        layout = self.layout
        try:
            for batch in self.file.iter_batches(_ROWS, use_threads=False):
                found = {
                    name: _column(name, array, cell, layout.classes if name == layout.named else (), self.done)
                    for name, array, cell in zip(layout.columns, batch.columns, layout.kinds, strict=True)
                }
                X = np.column_stack([found[name] for name in layout.features])
                yield counted(layout, X, None if layout.truth is None else found[layout.truth])
                self.done += len(X)
        except (pa.ArrowException, OSError) as error:
            raise InvalidInput(f"the file after row {self.done:,}", "damaged", "a whole Parquet file") from error


def _column(name: str, array: pa.Array, cell: Cell, classes: tuple[str, ...], done: int) -> Floats:
    """Return the numbers that a column stands for, NaN where one is missing and may be."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _texts(name, array, cell, classes, done)
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    empty, flag = pa.types.is_null(kind), pa.types.is_boolean(kind)
    text = (cell.codes is not None and not empty) or bool(classes)
    if text or not (numeric or empty or (flag and cell.flag)):
        wanted = "a column of texts" if cell.codes is not None or classes else "a column of numbers"
        raise InvalidInput(name, f"a column of {kind}", wanted)
    values = np.asarray(array.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy(zero_copy_only=False))
    bad = np.flatnonzero(np.isinf(values) if cell.gaps or cell.codes is not None else ~np.isfinite(values))
    if bad.size:
        value = "missing" if np.isnan(values[bad[0]]) else float(values[bad[0]])
        allowed = "a finite number" + (", or missing" if cell.gaps else "")
        raise InvalidInput(f"{name} in row {done + int(bad[0]) + 1:,}", value, allowed)
    return values


def _texts(name: str, array: pa.Array, cell: Cell, classes: tuple[str, ...], done: int) -> Floats:
    """Return the numbers that texts stand for; a text in a column of numbers is none, unless the column has flags."""
    words = array.dictionary_encode(null_encoding="encode")
    plain = cell.codes is None and not cell.flag and not classes
    found = []
    for word in words.dictionary.to_pylist():
        text = "" if word is None else word
        found.append(None if plain else class_of(text, classes) if classes else value_of(text, cell))
    numbers = np.array([np.nan if n is None else n for n in found], np.float64)
    wrong = np.array([n is None for n in found], bool)
    indices = words.indices.to_numpy(zero_copy_only=False)
    bad = np.flatnonzero(wrong[indices])
    if bad.size:
        value = words.dictionary[int(indices[bad[0]])].as_py()
        allowed = "one of " + ", ".join(classes) if classes else "a finite number"
        raise InvalidInput(f"{name} in row {done + int(bad[0]) + 1:,}", value, allowed)
    return np.asarray(numbers[indices])
