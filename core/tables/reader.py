"""`read`: the bytes of a user's file in, a checked `Table` out, or one message that names what is wrong."""

from __future__ import annotations

from hashlib import sha256

from core.errors import InvalidInput
from core.tables import delimited, infer, parquet
from core.tables.encoding import to_utf8
from core.tables.limits import MAX_BYTES, column_field, file_field
from core.tables.signature import is_parquet
from core.tables.table import Table
from core.tables.texts import texts


def read(data: bytes, name: str = "file", encoding: str | None = None) -> Table:
    """Return the table in `data`, a CSV, TSV or Parquet file: its contents decide which, never its `name`.

    `name` stands in messages only. `encoding`, one of `ENCODINGS`, is that of a text file without byte order mark.
    Raises `InvalidInput` naming column, row and limit; rows are counted from 1, the first below the header.
    """
    if len(data) > MAX_BYTES:
        allowed = f"at most {MAX_BYTES:,} bytes ({MAX_BYTES // 2**20} MB)"
        raise InvalidInput(file_field(name), f"{len(data)} bytes", allowed)
    if is_parquet(data, name):
        columns, n_rows, notes = parquet.parse(data, name)
    else:
        text, label = to_utf8(data, name, encoding)
        cells = delimited.parse(text, name)
        n_rows = cells.n_rows
        columns, found = infer.columns_of([texts(n, c) for n, c in zip(cells.names, cells.columns, strict=True)])
        notes = (label, *cells.notes, *found)
    notes = (*notes, *(f"{column_field(c.name)}: {c.note}" for c in columns if c.note))
    return Table(columns, n_rows, sha256(data).hexdigest(), len(data), notes)
