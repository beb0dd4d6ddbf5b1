"""Reading a user's table: what comes in comes out, and nothing but a table or one message ever does."""

from __future__ import annotations

import csv
import hashlib
import time
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.settings import ROOT
from core.tables import Plain, Table, propose, read
from core.tables.texts import MISSING, MOSTLY
from tests.support import READERS
from tests.tables_support import N, column, delimited, named, parquet

HOUSING = ROOT.parent / "shared" / "data" / "housing.csv"

# Much more than any input of a few kilobytes takes, on a busy machine.
SLOWEST = 1.0


def rows_of(table: Table) -> list[tuple[Plain, ...]]:
    """Return all rows as plain values."""
    return list(table.preview(table.n_rows))


def refused(data: bytes, **how: str) -> str:
    """Return the message for a file that must be refused."""
    with pytest.raises(InvalidInput) as caught:
        read(data, **how)
    return str(caught.value)


def b(cells: list[object], **how: str) -> bytes:
    """Return a file whose column `b` begins with `cells` and goes on with 1."""
    return column(lambda i: cells[i] if i < len(cells) else 1, **how)


@pytest.mark.skipif(not HOUSING.exists(), reason="housing.csv lies beside the project, not in it")
def test_the_table_of_a_whole_state_is_read() -> None:
    """All rows of housing.csv, the missing values of one column and the five texts of another."""
    data = HOUSING.read_bytes()
    table = read(data, "housing.csv")
    assert (table.n_rows, len(table.columns), table.bytes) == (20_640, 10, len(data))
    assert table.sha256 == hashlib.sha256(data).hexdigest()
    assert table.notes == ("UTF-8", "delimiter comma")
    assert {c.name: c.missing for c in table.columns if c.missing} == {"total_bedrooms": 207}
    place = table.column("ocean_proximity")
    assert place.categories == ("<1H OCEAN", "INLAND", "ISLAND", "NEAR BAY", "NEAR OCEAN")
    assert np.bincount(place.values).tolist() == [9136, 6551, 5, 2290, 2658]
    value = table.column("median_house_value")
    assert (value.low, value.high, value.distinct, value.examples) == (
        14_999,
        500_001,
        3_842,
        (452_600, 358_500, 352_100),
    )
    proposal = propose(table)
    assert (proposal.target, proposal.task) == ("median_house_value", "regression")
    assert proposal.features == tuple(n for n in table.names if n != "median_house_value")


def test_numbers_are_read_to_the_nearest_float() -> None:
    """Every spelling of a number gives the float64 that Python reads."""
    written = ["1", "-1", "+1", "1.", ".5", "-.5", "1e5", "1E-5", "+1.5e+3", "0.1", "123456789.123456789",
               "1.7976931348623157e308", "2.2250738585072014e-308", "5e-324", "1e-400", " 7 ", "0", "-0"]  # fmt: skip
    assert read(b(written)).column("b").values[: len(written)].tolist() == [float(w) for w in written]


@pytest.mark.parametrize(
    "cell", ["0x10", "1e", "e5", "1..2", "--1", "1 2", "١٢", "1f", "5%", "nanx", "1_0", "$1", "NULLL"]
)
def test_what_is_no_number_is_no_number(cell: str) -> None:
    """What Python or C would read, and what looks alike, is refused in a column of numbers."""
    shown = cell if len(cell) < 13 else cell[:11] + "…"
    assert refused(b([cell])).endswith(f'got "row 1: {shown}"')


@pytest.mark.parametrize("cell", MISSING)
def test_a_sign_for_no_value_is_one(cell: str) -> None:
    """Each sign is a missing number and a missing text, and is named unless the cell is empty."""
    table = read(delimited(["a", "b"], [(cell, cell), *[(1.5, "x")] * N]).encode())
    assert [c.missing for c in table.columns] == [1, 1]
    assert table.preview(2) == ((None, None), (1.5, "x"))
    assert any(f"missing values are written as {cell}" == note for note in table.notes) == bool(cell)


def test_a_sign_for_no_value_in_other_letters_is_a_text() -> None:
    """Na is sodium."""
    assert read(b(["Na", "K", "none", "n/a"] * 5)).column("b").missing == 0


@pytest.mark.parametrize(("wrong", "kind"), [(10, "number"), (11, "text")])
def test_from_nine_tenths_on_a_column_is_numbers(wrong: int, kind: str) -> None:
    """One text in ten is a mistake, a few more make a column of text."""
    assert MOSTLY == 0.9
    data = column(lambda i: "x" if i < wrong else i, n=100)
    if kind == "text":
        assert read(data).column("b").kind == "text"
    else:
        assert "10 cells, first row 1: x, row 2: x, row 3: x" in refused(data)


def test_texts_are_numbered_in_their_order() -> None:
    """Values are places in the sorted texts, spaces around a text do not count, a missing one is -1."""
    found = read(b([" b", "a", "", "c ", "b"] * 4)).column("b")
    assert found.categories == ("1", "a", "b", "c")
    assert found.values[:5].tolist() == [2, 1, -1, 3, 2]
    assert (found.missing, found.distinct, found.low, found.high, found.examples) == (4, 4, None, None, ("b", "a", "c"))


def test_nothing_in_a_table_can_be_changed() -> None:
    """Arrays are read-only and fields cannot be set, so that visitors can share a cached table."""
    table = read(b(["x"] * N))
    for c in table.columns:
        with pytest.raises(ValueError, match="read-only"):
            c.values[0] = 0
        assert c.values.base is None or not c.values.base.flags.writeable
    for thing, name in ((table, "columns"), (table.columns[0], "values")):
        with pytest.raises(AttributeError):
            setattr(thing, name, None)


def test_a_table_is_the_same_and_as_fixed_in_another_process() -> None:
    """What a worker sends back can be shared like what was read here."""
    table = read(b(["x", "", "y"] * 5))
    back = ForkingPickler.loads(ForkingPickler.dumps(table))
    assert rows_of(back) == rows_of(table)
    assert [c.values.flags.writeable for c in back.columns] == [False, False]


def test_a_column_that_is_not_there_is_named() -> None:
    """The message lists the columns there are, and not all of 500."""
    table = read(named(*(f"c{i}" for i in range(500))))
    with pytest.raises(InvalidInput) as caught:
        table.column("x")
    listed = ", ".join(f'"c{i}"' for i in range(10))
    assert str(caught.value) == f'column must be one of {listed} and 490 more, got "x"'


def test_a_preview_is_never_longer_than_the_table() -> None:
    """It has as many rows as were asked for, or all."""
    table = read(b([]))
    assert [len(table.preview(n)) for n in (0, 5, 1000)] == [0, 5, N]


def test_a_delimiter_in_the_header_is_not_mistaken_for_the_one() -> None:
    """The delimiter is the one with which the rows are as wide as the header."""
    text = delimited(["area, m²", "price|net"], [(f"{i},5", f"{i};5") for i in range(N)], ";")
    table = read(text.encode())
    assert table.names == ("area, m²", "price|net")
    assert "delimiter semicolon" in table.notes


def test_spaces_after_the_delimiter_do_no_harm() -> None:
    """A quoted cell may follow a space."""
    assert read(b"a, b\n" + b'1, "x, y"\n' * N).preview(1) == ((1.0, "x, y"),)


@pytest.mark.parametrize("encoding", ["utf-16", "UTF8", "base64", "rot13", ""])
def test_an_encoding_is_one_of_the_list(encoding: str) -> None:
    """Python's other codecs are not for users."""
    assert refused(b([]), encoding=encoding) == f'encoding must be one of utf-8, latin-1, cp1252, got "{encoding}"'


def test_a_byte_that_the_encoding_lacks_is_named() -> None:
    """Windows-1252 has holes, and UTF-16 may be cut off."""
    data = b([]) + b"1,\x81\n"
    assert refused(data, encoding="cp1252") == f'file must be Windows-1252 text, got "byte 0x81 at {len(data) - 2}"'
    cut = "a,b\n".encode("utf-16") + b"1"
    assert (
        refused(cut)
        == f'file must be UTF-16 with byte order mark, little end first text, got "byte 0x31 at {len(cut) - 1}"'
    )


def test_a_byte_order_mark_wins() -> None:
    """It says more about a file than whoever sends it."""
    table = read(b"\xef\xbb\xbf" + b(["é"] * N), encoding="latin-1")
    assert table.columns[1].categories == ("é",)


def test_a_comma_between_thousands_is_told_from_a_decimal_one() -> None:
    """One cell that cannot group thousands settles what all of them mean."""
    table = read(b(["1,500", "0,5"], delimiter=";"))
    assert table.column("b").values[:2].tolist() == [1.5, 0.5]
    assert "1.500,5" in refused(b(["1.500,5", "0,5"], delimiter=";"))


VALUES = st.floats(allow_nan=False, allow_infinity=False) | st.none()
TEXTS = st.none() | st.text("ab,;|\t\"' éß😀\n", max_size=6).map(lambda t: f"x{t}y")
FLAGS = st.booleans() | st.none()
DIALECTS = st.tuples(
    st.sampled_from(",;\t|"), st.sampled_from([".", ","]), st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)  # fmt: skip


def written(value: object, mark: str) -> str:
    """Return the cell of a value."""
    if value is None:
        return ""
    return repr(value).replace(".", mark) if isinstance(value, float) else str(value)


@READERS
@given(DIALECTS, st.lists(st.tuples(VALUES, TEXTS, FLAGS), min_size=20, max_size=24))
def test_what_csv_writes_is_read_back(dialect: tuple[str, str, str, int, str], rows: list[tuple[Plain, ...]]) -> None:
    """Any table, written in any dialect, comes back with the same values."""
    delimiter, mark, end, quoting, encoding = dialect
    if quoting == csv.QUOTE_MINIMAL:  # csv does not quote a line end that is not its own
        rows = [(v, t and t.replace("\n", " "), f) for v, t, f in rows]
    rows = [(0.5, "x", True), (None, "y", False), *rows]
    cells = [[written(v, mark) for v in row] for row in rows]
    text = delimited(["number", "text", "flag"], cells, delimiter, end, quoting=quoting)
    table = read(text.encode(encoding))
    assert rows_of(table) == rows
    assert [c.kind for c in table.columns] == ["number", "text", "flag"]


GOOD = b([3, "", 0.25])
PIECES = st.lists(
    st.sampled_from([b",", b";", b"\t", b"|", b"\n", b"\r", b'"', b" ", b"a", b"1", b"-", b".", b"e9", b"inf", b"\0", b"\xff",
                     b"NA", b"true", b"1,5", b"00", "é".encode(), b"9" * 20, b"\xef\xbb\xbf", b"PAR1"])
)  # fmt: skip


@READERS
@given(
    st.binary(max_size=400)
    | PIECES.map(b"".join)
    | PIECES.map(lambda p: b"a,b\n" + b"1,2\n" * 20 + b"".join(p))
    | st.tuples(st.integers(0, len(GOOD)), st.integers(0, 4), st.binary(max_size=4)).map(
        lambda edit: GOOD[: edit[0]] + edit[2] + GOOD[edit[0] + edit[1] :]
    )
    | PIECES.map(lambda p: parquet({"a": [1.5] * N, "b": ["x"] * N})[: -len(p) or None] + b"".join(p)),
    st.sampled_from([None, "latin-1", "cp1252"]),
)
def test_any_bytes_give_a_table_or_one_message(data: bytes, encoding: str | None) -> None:
    """Whatever comes in, nothing else comes out, and soon."""
    start = time.process_time()
    try:
        table = read(data, encoding=encoding)
    except InvalidInput as error:
        assert str(error).isprintable()
    else:
        assert table.n_rows >= 20
        assert all(c.values.shape == (table.n_rows,) for c in table.columns)
    assert time.process_time() - start < SLOWEST
