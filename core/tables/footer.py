"""What a Parquet file says of itself, checked before pyarrow sees it.

Two things make this worth doing by hand. A file of 26 kB can unpack to gigabytes whatever its summary of sizes says,
because a reader makes room for what the header of each page asks for. And pyarrow ends the whole process over some
damaged summaries when they are asked for from Python. The structures are those of
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from __future__ import annotations

from collections.abc import Iterator

from core.errors import InvalidInput
from core.tables.limits import MAX_BYTES, MAX_ROWS, check_columns, check_enough, check_size, column_field, file_field
from core.tables.thrift import Struct, struct

TYPES = "one of numbers, text, true and false, or dates"

# A text file of the largest size needs about as much once it is read.
MAX_UNPACKED = 10 * MAX_BYTES
# A summary of 500 columns takes a quarter of this; an ordinary file has a few pages a column.
MAX_SUMMARY, MAX_PAGES = 1024 * 1024, 20_000

# The file ends with its summary, the summary's length in 4 bytes, and PAR1.
_END = 8

# Field numbers: FileMetaData, SchemaElement, RowGroup, ColumnChunk, ColumnMetaData, PageHeader.
_SCHEMA, _ROWS, _GROUPS = 2, 3, 4
_REPETITION, _NAME, _CHILDREN = 3, 4, 5
_COLUMNS, _GROUP_ROWS, _META = 1, 3, 3
_PATH, _VALUES, _CHUNK_SIZE, _DATA_AT, _DICTIONARY_AT = 3, 5, 7, 9, 11
_UNPACKED, _PACKED = 2, 3
# The parts of a PageHeader for data pages and dictionaries: where they say how many values, and how encoded.
_PARTS, _DATA = {5: (1, 2), 7: (1, 2), 8: (1, 4)}, (5, 8)
_REPEATED = 2
# Encodings of texts that grow by the square of the rows, or cannot be read as texts that are each kept once.
_DELTAS = {6: "DELTA_LENGTH_BYTE_ARRAY", 7: "DELTA_BYTE_ARRAY"}


def check(data: bytes, name: str) -> None:
    """Raise `InvalidInput` for too many rows, columns and bytes, and for nested columns.

    Raises ValueError, LookupError, TypeError or AttributeError where the structure is not that of a Parquet file.
    """
    size = int.from_bytes(data[-_END:-4], "little")
    if size > MAX_SUMMARY:
        allowed = f"Parquet with a summary of at most {MAX_SUMMARY:,} bytes"
        raise InvalidInput(file_field(name), f"{size} bytes", allowed)
    summary, _ = struct(data, len(data) - _END - size)
    columns = summary[_SCHEMA][1:]  # the first is the root
    check_columns(len(columns))
    check_size(summary[_ROWS], len(columns))
    check_enough(summary[_ROWS])
    for column in columns:
        if column.get(_CHILDREN) or column.get(_REPETITION) == _REPEATED:
            raise InvalidInput(column_field(column[_NAME].decode()), "a nested type", TYPES)
    _check_groups(summary)
    _check_pages(data, summary, name)


def _check_groups(summary: Struct) -> None:
    """Raise ValueError unless every group has all columns, and these have as many values as the file has rows."""
    rows = 0
    for group in summary[_GROUPS]:
        rows += group[_GROUP_ROWS]
        values = [column[_META][_VALUES] for column in group[_COLUMNS]]
        if values != [group[_GROUP_ROWS]] * (len(summary[_SCHEMA]) - 1):
            raise ValueError("a group of rows of another shape")
    if rows != summary[_ROWS]:
        raise ValueError("another number of rows")


def _check_pages(data: bytes, summary: Struct, name: str) -> None:
    unpacked = count = 0
    for column, page in _pages(data, summary):
        unpacked, count = unpacked + page[_UNPACKED], count + 1
        for part, (values, encoding) in _PARTS.items():
            if part in page and not 0 <= page[part][values] <= MAX_ROWS:
                raise ValueError("more values than rows")
            if part in page and page[part][encoding] in _DELTAS:
                delta = _DELTAS[page[part][encoding]]
                raise InvalidInput(column_field(column), delta, "encoded as PLAIN or by a dictionary")
        if unpacked > MAX_UNPACKED:
            allowed = f"at most {MAX_UNPACKED:,} bytes once unpacked"
            raise InvalidInput(file_field(name), f"{unpacked} bytes or more", allowed)
        if count > MAX_PAGES:
            raise InvalidInput(file_field(name), f"{count} pages or more", f"Parquet with at most {MAX_PAGES:,} pages")


def _pages(data: bytes, summary: Struct) -> Iterator[tuple[str, Struct]]:
    """Yield the name of the column and the header of every page."""
    for group in summary[_GROUPS]:
        for column in group[_COLUMNS]:
            chunk = column[_META]
            at = chunk[_DATA_AT]
            if 0 < chunk.get(_DICTIONARY_AT, 0) < at:
                at = chunk[_DICTIONARY_AT]
            end, values = at + chunk[_CHUNK_SIZE], 0
            while at < end:
                page, at = struct(data, at)
                if page[_PACKED] < 0 or page[_UNPACKED] < 0:
                    raise ValueError("a page without a size")
                values += sum(page[part][_PARTS[part][0]] for part in _DATA if part in page)
                yield chunk[_PATH][0].decode(), page
                at += page[_PACKED]
            if values != chunk[_VALUES]:
                raise ValueError("another number of values")
