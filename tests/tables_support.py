"""Files for the tests of tables, written on the spot."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

MB = 1024 * 1024
N = 24

Cell = object


def delimited(
    header: Sequence[str], rows: Sequence[Sequence[Cell]], delimiter: str = ",", end: str = "\n", **how: Any
) -> str:
    """Return a header and rows as delimited text."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, **how)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def column(cell: Callable[[int], Cell], name: str = "b", n: int = N, **how: Any) -> bytes:
    """Return a file of two columns: `a` with 0.5, 1.5, ..., and the cells that a function of the row number gives."""
    decimal = "," if how.get("delimiter") == ";" else "."
    rows = [(f"{i}{decimal}5", cell(i)) for i in range(n)]
    return delimited(["a", name], rows, **how).encode()


def named(*names: str) -> bytes:
    """Return a file whose columns have these names, and whole numbers for values."""
    return delimited(names, [[i * len(names) + j for j in range(len(names))] for i in range(N)]).encode()


def parquet(columns: dict[str, Any], **how: Any) -> bytes:
    """Return a Parquet file."""
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, **how)
    return buffer.getvalue()


def zipped(**contents: bytes) -> bytes:
    """Return a ZIP archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return buffer.getvalue()
