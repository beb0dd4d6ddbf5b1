"""Parquet to columns: the limits are checked in what the file says of itself, before anything is unpacked."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.errors import InvalidInput
from core.tables import footer, infer, table
from core.tables.limits import MAX_CELL, SHOWN_ROWS, column_field, file_field, some
from core.tables.names import check_names, notes_on
from core.tables.texts import texts

_EXACT = 2**53


def parse(data: bytes, name: str) -> tuple[tuple[table.Column, ...], int, tuple[str, ...]]:
    """Return columns, number of rows and notes of a Parquet file; raises `InvalidInput` naming column and row."""
    source = pa.BufferReader(data)
    try:
        footer.check(data, name)
        schema = pq.read_schema(source)
        names = check_names(schema.names)
        for column, field in zip(names, schema, strict=True):
            _check_type(column, field.type)
        # Distinct texts once: a few bytes can stand for a long text in every row.
        file = pq.ParquetFile(source, read_dictionary=[f.name for f in schema if _is_text(f.type)])
        arrays = file.read(use_threads=False)
        arrays.validate(full=True)
        found = tuple(_column(n, c.combine_chunks()) for n, c in zip(names, arrays.columns, strict=True))
    except InvalidInput:
        raise
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InvalidInput(file_field(name), "one that cannot be read", "a whole Parquet file") from error
    return found, arrays.num_rows, ("Parquet", *notes_on(schema.names, names))


def _check_type(name: str, kind: pa.DataType) -> None:
    plain = _value_type(kind)
    checks = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean, pa.types.is_null)
    if not (_is_text(plain) or _is_date(plain) or any(check(plain) for check in checks)):
        raise InvalidInput(column_field(name), str(kind), footer.TYPES)


def _value_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_text(kind: pa.DataType) -> bool:
    kind = _value_type(kind)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_date(kind: pa.DataType) -> bool:
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def _column(name: str, array: pa.Array) -> table.Column:
    """Return a column of the file; a dictionary stands for its values."""
    if _is_text(array.type):
        return _text(name, array)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kind = array.type
    if _is_date(kind):
        naive = array.cast(pa.timestamp(kind.unit)) if pa.types.is_timestamp(kind) else array  # UTC, if it has a zone
        return infer.text_column(texts(name, naive.cast(pa.string())))
    if pa.types.is_integer(kind) and _largest(array) > _EXACT:
        return infer.columns_of([texts(name, array.cast(pa.string()))])[0][0]
    values = np.array(array.cast(pa.float64(), safe=False).fill_null(np.nan))
    rows = np.flatnonzero(np.isinf(values))
    if rows.size:
        cells = [(int(r) + 1, str(values[r])) for r in rows[:SHOWN_ROWS]]
        raise InvalidInput(column_field(name), some(cells, rows.size), "finite numbers")
    return table.number(name, values, kind=table.FLAG if pa.types.is_boolean(kind) else table.NUMBER)


def _text(name: str, array: pa.Array) -> table.Column:
    found = texts(name, array)
    longest = pc.max(pc.utf8_length(found.words)).as_py()
    if longest > MAX_CELL:
        raise InvalidInput(column_field(name), f"{longest} characters", f"at most {MAX_CELL:,} characters a cell")
    return infer.text_column(found)


def _largest(array: pa.Array) -> int:
    """Return the largest magnitude in an array of whole numbers, as Python's own that cannot overflow."""
    ends = pc.min_max(array).as_py()
    return max(abs(int(ends["min"] or 0)), abs(int(ends["max"] or 0)))
