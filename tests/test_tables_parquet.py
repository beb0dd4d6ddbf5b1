"""Parquet: declared types, the same values as in a text file, and files made to do harm."""

from __future__ import annotations

import datetime
import decimal
import random
import time
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.errors import InvalidInput
from core.tables import Column, footer, read
from core.tables.thrift import struct
from tests.tables_support import N, delimited, parquet

CANNOT_BE_READ = 'file must be a whole Parquet file, got "one that cannot be read"'
TYPES = "one of numbers, text, true and false, or dates"


def column(values: Any, **how: Any) -> Column:
    """Return what becomes of a column of a file."""
    return read(parquet({"a": range(len(values)), "b": values}, **how)).column("b")


def refused(data: bytes) -> str:
    """Return the message for a file that must be refused."""
    with pytest.raises(InvalidInput) as caught:
        read(data)
    return str(caught.value)


@pytest.mark.parametrize(
    "kind",
    [pa.int8(), pa.uint16(), pa.int64(), pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.decimal128(9, 2)],
)
def test_every_kind_of_number_is_a_number(kind: pa.DataType) -> None:
    """Whole, floating and decimal, with a null for a missing one."""
    values = [decimal.Decimal(i) if pa.types.is_decimal(kind) else i for i in range(N - 1)]
    found = column(pa.array([*map(np.float16, values), None] if kind == pa.float16() else [*values, None], kind))
    assert (found.kind, found.missing, found.distinct, found.low, found.high) == ("number", 1, N - 1, 0, N - 2)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
@pytest.mark.parametrize("encoded", [True, False])
def test_every_kind_of_text_is_a_text(kind: pa.DataType, encoded: bool) -> None:
    """Plain or by a dictionary; spaces and signs for no value count as in a text file, digits stay text."""
    array = pa.array([" x", "x ", None, "NA", "", "12"] * 4, kind)
    found = column(array.cast(pa.string()).dictionary_encode() if encoded else array)
    assert (found.kind, found.missing, found.categories) == ("text", 12, ("12", "x"))
    assert found.values[:6].tolist() == [1, 1, -1, -1, -1, 0]


def test_flags_and_numbers_by_a_dictionary() -> None:
    """True and false are flags; a dictionary of numbers stands for its numbers."""
    assert column(pa.array([True, None, False] * 8)).examples == (True, False, True)
    assert column(pa.array([3, None, 4] * 8).dictionary_encode()).examples == (3, 4, 3)
    assert (column(pa.nulls(N)).kind, column(pa.nulls(N)).missing) == ("number", N)


@pytest.mark.parametrize(
    "array",
    [
        pa.array([datetime.date(2024, 1, i + 1) for i in range(N)]),
        pa.array([datetime.datetime(2024, 1, i + 1, 10, 30) for i in range(N)]),
        pa.array([datetime.datetime(2024, 1, i + 1) for i in range(N)], pa.timestamp("us", "Europe/Berlin")),
    ],
)
def test_dates_become_text(array: pa.Array) -> None:
    """They are known as dates, with and without a time of day and a zone."""
    found = column(array)
    assert (found.kind, found.is_dates, found.note) == ("text", True, "dates, read as text")
    assert str(found.examples[0]).startswith("2024-01-01")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (pa.array([[1]] * N), f'column "b" must be {TYPES}, got "a nested type"'),
        (pa.array([{"q": 1}] * N), f'column "b" must be {TYPES}, got "a nested type"'),
        (pa.array([b"x"] * N), f'column "b" must be {TYPES}, got "binary"'),
        (pa.array([datetime.time(1)] * N), f'column "b" must be {TYPES}, got "time64[us]"'),
        (pa.array([1.0] * (N - 1) + [np.inf]), f'column "b" must be finite numbers, got "row {N}: inf"'),
        (
            pa.array([2**53 + 1] + [5] * (N - 1)),
            'column "b" must be numbers that 64 bits hold exactly, where they are whole, got "row 1: 90071992547…"',
        ),
        (pa.array(["x" * 10_001] * N), 'column "b" must be at most 10,000 characters a cell, got "10001 characters"'),
    ],
)
def test_what_is_no_column_of_a_table_is_named(array: pa.Array, message: str) -> None:
    """Nested and binary columns, infinities and what float64 rounds are refused by column, row and kind."""
    assert refused(parquet({"a": range(N), "b": array})) == message


def test_long_whole_numbers_are_ids() -> None:
    """As in a text file, a column of them becomes text that keeps every digit."""
    assert column(pa.array([2**60 + 2 * i + 1 for i in range(N)])).examples[0] == "1152921504606846977"
    assert column(pa.array([-(2**63)] * N)).low == -(2.0**63)  # a power of 2 is exact


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": range(N)}, 'table must be at least 2 columns, got "1 column"'),
        ({f"c{i}": range(N) for i in range(501)}, 'table must be at most 500 columns, got "501 columns"'),
        ({"a": range(19), "b": range(19)}, 'table must be at least 20 rows below the header, got "19 data rows"'),
        ({"a": np.zeros(200_001), "b": np.zeros(200_001)}, 'table must be at most 200,000 rows, got "200001 rows"'),
        (
            {f"c{i}": np.zeros(4_001) for i in range(500)},
            'table must be at most 2,000,000 cells, which is 4,000 rows of 500 columns, got "4001 rows"',
        ),
        (
            {"a": range(N), "A ": range(N)},
            'names of columns 1 and 2 must be different, not only in case or spaces, got "a and A"',
        ),
    ],
)
def test_the_limits_are_those_of_a_text_file(columns: dict[str, Any], message: str) -> None:
    """Rows, columns, cells and names."""
    assert refused(parquet(columns)) == message


@pytest.mark.parametrize("how", [
    {"compression": "none"}, {"compression": "gzip", "data_page_version": "2.0"}, {"compression": "zstd", "version": "1.0"},
    {"use_dictionary": False, "write_statistics": False}, {"row_group_size": 7}, {"data_page_size": 64},
    {"compression": "snappy", "write_page_index": True, "write_page_checksum": True}, {"store_schema": False},
])  # fmt: skip
def test_a_file_gives_the_same_table_as_text(how: dict[str, Any]) -> None:
    """However it is packed, with the same values as the CSV file of the same rows."""
    rows = [(i / 7, None if i % 5 == 0 else "xyz"[i % 3], i % 2 == 0) for i in range(100)]
    text = read(delimited(["n", "t", "f"], [["" if v is None else v for v in row] for row in rows]).encode())
    packed = read(parquet(dict(zip("ntf", map(list, zip(*rows, strict=True)), strict=True)), **how))
    assert packed.preview(100) == text.preview(100) == tuple(rows)
    assert [c.categories for c in packed.columns] == [c.categories for c in text.columns]
    assert packed.notes == ("Parquet",)


def varint(value: int, length: int = 0) -> bytes:
    """Return a number in the compact protocol, filled up to a length."""
    found = []
    while value or not found or len(found) < length:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found[:-1], found[-1] & 127])


def bomb(lying: bool = False) -> bytes:
    """Return a small file that unpacks to 110 MB, and says so or not."""
    how = {"compression": "zstd", "use_dictionary": False, "write_statistics": False}
    data = parquet({"a": [f"{i:02d}" + "x" * 5_500_000 for i in range(20)], "b": range(20)}, **how)
    said = varint(2 * footer_of(data)[0][4][0][1][0][3][6])
    assert said in data
    return data.replace(said, varint(2 * 1000, len(said))) if lying else data


@pytest.mark.parametrize("lying", [False, True])
def test_a_bomb_is_not_unpacked(lying: bool) -> None:
    """What counts is the size in the header of each page, not the summary, which may lie."""
    data = bomb(lying)
    assert len(data) < 100_000
    start = pa.total_allocated_bytes()
    assert refused(data).startswith('file must be at most 104,857,600 bytes once unpacked, got "')
    assert pa.total_allocated_bytes() == start


def footer_of(data: bytes) -> tuple[dict[int, Any], bytes, bytes]:
    """Return what a file says of itself, read and as bytes, and what stands before that."""
    at = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    return struct(data, at)[0], data[at:], data[:at]


def test_a_file_cannot_hide_how_many_rows_it_has() -> None:
    """Twenty million rows in a few bytes, said to be 100 in one of the three places that state them, are refused."""
    rows = 20_000_000
    data = parquet({"a": np.zeros(rows), "b": np.zeros(rows)}, write_statistics=False, row_group_size=rows)
    assert len(data) < 100_000
    summary, written, pages = footer_of(data)
    assert summary[3] == summary[4][0][3] == summary[4][0][1][0][3][5] == rows
    said, small = varint(2 * rows), varint(2 * 100, len(varint(2 * rows)))
    assert written.count(said) >= 4  # once for the file, once for the group, once a column
    start = pa.total_allocated_bytes()
    for places in range(1, written.count(said)):
        assert refused(pages + written.replace(said, small, places)) == CANNOT_BE_READ
    assert refused(pages + written.replace(said, small)) == CANNOT_BE_READ  # the pages still know
    assert pa.total_allocated_bytes() == start


def test_one_long_text_in_every_row_is_kept_once() -> None:
    """A dictionary with a text of 10,000 characters stands for 2 GB, and takes none of it."""
    once = pa.DictionaryArray.from_arrays(pa.array(np.zeros(200_000, np.int32)), pa.array(["x" * 10_000]))
    found = column(once)
    assert (found.distinct, found.missing, found.values.size) == (1, 0, 200_000)


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
def test_texts_that_build_on_each_other_are_refused(encoding: str) -> None:
    """Such an encoding may grow by the square of the rows."""
    data = parquet(
        {"a": range(N), "b": [f"x{i}" for i in range(N)]}, use_dictionary=False, column_encoding={"b": encoding}
    )
    assert refused(data) == f'column "b" must be encoded as PLAIN or by a dictionary, got "{encoding}"'


def test_a_file_of_many_pages_or_a_long_summary_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither is needed for a table, and both are slow to read."""
    data = parquet({"a": range(N), "b": range(N)}, row_group_size=1)
    monkeypatch.setattr(footer, "MAX_PAGES", 40)
    assert refused(data) == 'file must be Parquet with at most 40 pages, got "41 pages or more"'
    monkeypatch.setattr(footer, "MAX_SUMMARY", 100)
    assert refused(data).startswith("file must be Parquet with a summary of at most 100 bytes, got ")


@pytest.mark.parametrize("cut", [1, 4, 8, 20, 200])
def test_a_file_that_is_cut_off_is_named_as_such(cut: int) -> None:
    """Its first bytes still say what it was."""
    data = parquet({"a": range(N), "b": range(N)})[:-cut]
    assert refused(data) == 'file must be a CSV, TSV or Parquet file, got "a Parquet file that is cut off"'


def test_a_text_file_may_begin_like_parquet() -> None:
    """A column may be called PAR1."""
    assert read(b"PAR1,b\n" + b"1,2\n" * N).names == ("PAR1", "b")


def test_damage_gives_a_table_or_one_message() -> None:
    """3,000 damaged files: none of them ends the process, none takes long, and the message is printable."""
    draw = random.Random(7)
    columns = {
        "a": np.arange(N) / 3,
        "b": [f"x{i % 7}" for i in range(N)],
        "c": [None if i % 3 else i for i in range(N)],
    }
    files = [
        parquet(columns, compression=c, data_page_version=v) for c in ("none", "snappy", "zstd") for v in ("1.0", "2.0")
    ]
    tables = 0
    for _ in range(3_000):
        data = bytearray(draw.choice(files))
        for _ in range(draw.choice([1, 1, 2, 5, 20])):
            at = draw.randrange(4, len(data) - 4)
            data[at] = draw.choice([draw.randrange(256), data[at] ^ 1 << draw.randrange(8), 255, 0, 127])
        start = time.process_time()
        try:
            tables += read(bytes(data)).n_rows >= 20
        except InvalidInput as error:
            assert str(error).isprintable()
        assert time.process_time() - start < 1
    assert 100 < tables < 2_900


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x15",
        b"\x1c" * 100,
        b"\x15" + b"\xff" * 20,
        b"\x19\xfc\xff\xff\xff\xff\x0f",
        b"\x1e\x02\x00",
        b"\x15\x02\x05\x02\x02\x00",
    ],
)
def test_what_is_no_structure_is_refused(data: bytes) -> None:
    """Cut off, too deep, too long, of an unknown type, and a field that stands twice."""
    with pytest.raises((ValueError, IndexError)):
        struct(data, 0)


def test_a_structure_is_read_whole() -> None:
    """Numbers with signs, texts, lists, flags, long field numbers and structures inside."""
    data = b"\x15\x03" + b"\x18\x02hi" + b"\x19\x25\x02\x04" + b"\x11" + b"\x0c\xc8\x01\x12\x00" + b"\x00"
    assert struct(data, 0) == ({1: -2, 2: b"hi", 3: [1, 2], 4: True, 100: {1: False}}, len(data))
