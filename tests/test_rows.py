"""Rows files: every column accounted for, every cell a finite number, one message for what is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import rows
from core.errors import InvalidInput
from core.rows import MISSING, Cell, parse_rows
from core.tables import texts
from tests.support import READERS

FEATURES = ("a", "b", "c")
COLUMNS = "columns must be exactly the columns a, b, c"
FINITE = "must be a finite number, got"


def parse(text: str) -> rows.Rows:
    """Return the rows in `text`, for a model of three features and the target `y`."""
    return parse_rows(text.encode(), FEATURES, "y")


def refused(data: bytes | str) -> str:
    """Return the message for rows that must be refused."""
    with pytest.raises(InvalidInput) as caught:
        parse_rows(data.encode() if isinstance(data, str) else data, FEATURES, "y")
    return str(caught.value)


def test_rows_come_out_in_the_order_of_the_model() -> None:
    """Columns may stand in any order; each value ends up under its own feature."""
    plain, reordered = parse("a,b,c\n1,2,3\n4,5,6\n"), parse("c,a,b\n3,1,2\n6,4,5\n")
    assert plain.X.tolist() == reordered.X.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert plain.y is None


def test_a_column_named_like_the_target_gives_the_true_values() -> None:
    """True values may come along at any place and are no feature."""
    found = parse("a,y,b,c\n1,9,2,3\n4,8,5,6\n")
    assert found.X.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert found.y is not None
    assert found.y.tolist() == [9, 8]


@pytest.mark.parametrize(
    "text",
    [
        "a,b,c\r\n1,2,3\r\n",
        "a,b,c\r1,2,3\r",
        "a,b,c\n1,2,3",
        "\ufeffa,b,c\n1,2,3\n",
        "\n\na,b,c\n\n1,2,3\n\n",
        " a , b,c\n 1 , 2,3\n",
        '"a","b","c"\n"1","2","3"\n',
        "a,b,c\n+1,2.0,0.3e1\n",
    ],
)
def test_every_usual_way_to_write_a_file_is_read(text: str) -> None:
    """Line ends, a byte order mark, blank lines, spaces, quotes and exponents change nothing."""
    assert parse(text).X.tolist() == [[1, 2, 3]]


def test_signed_zero_and_the_smallest_number_survive() -> None:
    """-0.0 and a denormal are finite numbers and are read as they are."""
    found = parse("a,b,c\n-0.0,5e-324,1.7976931348623157e308\n").X
    assert np.signbit(found[0, 0])
    assert found[0, 1:].tolist() == [5e-324, 1.7976931348623157e308]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'rows must be a header and at least one row, got "an empty file"'),
        ("\n\n\r\n", 'rows must be a header and at least one row, got "an empty file"'),
        ("a,b,c\n", 'rows must be a header and at least one row, got "0 data rows"'),
        ("a,b\n1,2\n", f'{COLUMNS}, got "no c"'),
        ("1,2,3\n4,5,6\n", f'{COLUMNS}, got "no a"'),
        ("a,b,c,d\n1,2,3,4\n", f'{COLUMNS} (and y for true values), got "d"'),
        ("a,b,c,\n1,2,3,4\n", f'{COLUMNS} (and y for true values), got ""'),
        ("a,b,c,a\n1,2,3,4\n", f'{COLUMNS}, got "a twice"'),
        ("a,b,c,y,y\n1,2,3,4,5\n", f'{COLUMNS}, got "y twice"'),
        ("A,b,c\n1,2,3\n", f'{COLUMNS}, got "no a"'),
        ("a,b,c\n1,2\n", 'row 1 must be 3 values, one for each column, got "2 values"'),
        ("a,b,c\n1,2,3\n1,2,3,4\n", 'row 2 must be 3 values, one for each column, got "4 values"'),
        ("a,b,c\n1,,3\n", f'b in row 1 {FINITE} ""'),
        ("a,b,c\n1,2,3\n1,two,3\n", f'b in row 2 {FINITE} "two"'),
        ("a,b,c\nNaN,2,3\n", f'a in row 1 {FINITE} "NaN"'),
        ("a,b,c\n1,2,inf\n", f'c in row 1 {FINITE} "inf"'),
        ("a,b,c\n1,2,-Infinity\n", f'c in row 1 {FINITE} "-Infinity"'),
        ("a,b,c\n1,2,1e400\n", f'c in row 1 {FINITE} "1e400"'),
        ("a,b,c\n1_000,2,3\n", f'a in row 1 {FINITE} "1_000"'),
        ("a,b,c\ntrue,2,3\n", f'a in row 1 {FINITE} "true"'),
        ('a,b,c\n"1,5",2,3\n', f'a in row 1 {FINITE} "1,5"'),
        ("a,b,c\n0x10,2,3\n", f'a in row 1 {FINITE} "0x10"'),
        ("a,b,c\n1990-01-01,2,3\n", f'a in row 1 {FINITE} "1990-01-01"'),
        ("a,b,c\n1\x00,2,3\n", f'a in row 1 {FINITE} "1\\x00"'),
        ("a,b,c,y\n1,2,3,nan\n", f'y in row 1 {FINITE} "nan"'),
        ('a,b,c\n"1,2,3\n', 'rows must be comma-separated values, got "unexpected end of data"'),
        (b"\x80\x04\x95", 'rows must be UTF-8 text, got "byte 0x80 at 0"'),
        ("a,b,c\n1,2,é\n".encode("latin-1"), 'rows must be UTF-8 text, got "byte 0xe9 at 10"'),
        ("a,b,c\n1,2,3\n".encode("utf-16"), 'rows must be UTF-8 text, got "byte 0xff at 0"'),
        (b"\x1f\x8b\x08\x00", 'rows must be UTF-8 text, got "byte 0x8b at 1"'),
    ],
)
def test_bad_rows_name_column_row_value_and_what_is_allowed(text: bytes | str, message: str) -> None:
    """Every kind of bad file gets its one message, in full."""
    assert refused(text) == message


@pytest.mark.parametrize("name", ["<b>x</b>", "](http://x)", "=cmd|' '!A0", "\x1b[31m", "x" * 10_000])
def test_a_hostile_column_name_is_one_short_printable_line(name: str) -> None:
    """A name out of the file reaches the message as at most 80 printable characters."""
    message = refused(f'a,b,c,"{name}"\n1,2,3,4\n')
    assert message.isprintable()
    assert len(message) < 200


def test_a_header_of_a_hundred_thousand_columns_is_refused_in_one_pass() -> None:
    """A very wide header is refused for its first unknown name, whether its names differ or not."""
    wide = ",".join(f"n{i}" for i in range(100_000))
    assert refused(f"a,b,c,{wide}\n") == f'{COLUMNS} (and y for true values), got "n0"'
    assert refused("x," * 100_000 + "\n") == f'{COLUMNS}, got "x twice"'


def test_too_many_bytes_and_too_many_rows_name_their_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte or one row above the limit is refused; at the limit the file is read."""
    text = "a,b,c\n1,2,3\n4,5,6\n"
    monkeypatch.setattr(rows, "MAX_BYTES", len(text))
    monkeypatch.setattr(rows, "MAX_ROWS", 2)
    assert len(parse(text).X) == 2
    assert refused(text + "7,8,9\n") == f'rows must be a file of at most {len(text)} bytes, got "24 bytes or more"'
    monkeypatch.setattr(rows, "MAX_BYTES", 100)
    assert refused(text + "7,8,9\n") == 'rows must be at most 2 rows, got "3 rows"'


def test_one_endless_field_is_refused() -> None:
    """A field beyond the reader's limit is refused as what it is."""
    message = refused("a,b,c\n" + "1" * 200_000 + ",2,3\n")
    assert message == 'rows must be comma-separated values, got "field larger than field limit (131072)"'


@READERS
@given(st.binary(max_size=200))
def test_any_bytes_give_rows_or_one_refusal(data: bytes) -> None:
    """Arbitrary bytes either are finite rows of the right width, or are refused as bad input."""
    try:
        found = parse_rows(data, FEATURES, "y")
    except InvalidInput:
        return
    assert found.X.shape[1] == 3
    assert np.isfinite(found.X).all()


@READERS
@given(st.text(alphabet='abcy,\n\r"1-.e+nif _\x00é', max_size=60))
def test_nearly_right_text_gives_rows_or_one_refusal(tail: str) -> None:
    """After a right header any text either is finite rows of the right width, or is refused."""
    try:
        found = parse("a,b,c\n1,2,3\n" + tail)
    except InvalidInput:
        return
    assert found.X[0].tolist() == [1, 2, 3]
    assert np.isfinite(found.X).all()


@given(st.lists(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 3), min_size=1, max_size=20))
@READERS
def test_numbers_survive_their_shortest_spelling(values: list[tuple[float, float, float]]) -> None:
    """Every finite float64 written by Python is read back to the same bits."""
    text = "a,b,c\n" + "".join(f"{a!r},{b!r},{c!r}\n" for a, b, c in values)
    assert np.array_equal(parse(text).X, np.array(values))


CLASSES = ("no", "yes", "<b>")


def test_true_classes_come_as_names_and_become_numbers() -> None:
    """A column named like the target holds names of classes; their numbers come back."""
    found = parse_rows(b"y,a,b,c\nyes,1,2,3\n no ,4,5,6\n<b>,7,8,9\n", FEATURES, "y", CLASSES)
    assert found.y is not None
    assert found.y.tolist() == [1, 0, 2]
    assert found.X.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert parse_rows(b"a,b,c\n1,2,3\n", FEATURES, "y", CLASSES).y is None


@pytest.mark.parametrize("cell", ["maybe", "", "0", "Yes", "nan"])
def test_an_unknown_class_names_those_there_are(cell: str) -> None:
    """A number, another spelling and an empty cell are no classes."""
    with pytest.raises(InvalidInput) as caught:
        parse_rows(f"a,b,c,y\n1,2,3,yes\n1,2,3,{cell}\n".encode(), FEATURES, "y", CLASSES)
    assert str(caught.value) == f'y in row 2 must be one of no, yes, <b>, got "{cell}"'


@pytest.mark.parametrize("classes", [(), CLASSES])
def test_a_feature_called_like_the_target_is_a_feature(classes: tuple[str, ...]) -> None:
    """Its values are numbers of the feature and not true values, for values and for classes."""
    found = parse_rows(b"a,prediction\n1,2\n3,4\n", ("prediction", "a"), "prediction", classes)
    assert found.X.tolist() == [[2, 1], [4, 3]]
    assert found.y is None


@pytest.mark.parametrize("name", ["target", "index", "prediction", "row", "true", "original", "quantised"])
def test_features_may_have_the_names_that_we_use(name: str) -> None:
    """Columns called like those of our own tables are read like any other."""
    found = parse_rows(f"{name},y\n1,2\n".encode(), (name,), "y")
    assert found.X.tolist() == [[1]]
    assert found.y is not None
    assert found.y.tolist() == [2]


MIXED = (Cell(gaps=True), Cell({"north": 0, "far, south": 2}), Cell(flag=True, gaps=True))


def mixed(text: str) -> rows.Rows:
    """Return the rows in `text` of a number with gaps, a text and a flag with gaps."""
    return parse_rows(text.encode(), FEATURES, "y", (), MIXED)


def test_texts_and_flags_become_their_numbers() -> None:
    """A known text is its number, another one -1, a flag 1 or 0 in any spelling, an empty cell a gap."""
    found = mixed('b,a,c,y\nnorth,1,true,5\n" far, south ",,FALSE,6\nNorth,3,1,7\n,NA,,8\neast,5,0,9\n')
    expected = [[1, 0, 1], [np.nan, 2, 0], [3, -1, 1], [np.nan, np.nan, np.nan], [5, -1, 0]]
    assert np.array_equal(found.X, expected, equal_nan=True)
    assert found.unknown == (("b", 2),)
    assert found.missing == (("a", 2), ("b", 1), ("c", 1))
    assert found.y is not None
    assert found.y.tolist() == [5, 6, 7, 8, 9]


@pytest.mark.parametrize("sign", texts.MISSING)
def test_what_means_missing_in_a_table_means_it_here(sign: str) -> None:
    """The two readers agree on the signs, in numbers and in texts."""
    assert texts.MISSING == MISSING
    found = mixed(f"a,b,c\n 1 ,north,true\n {sign} , {sign} , {sign} \n")
    assert np.isnan(found.X[1]).all()
    assert not np.isnan(found.X[0]).any()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,c\nx,north,true\n", 'a in row 1 must be a finite number, or empty, got "x"'),
        ("a,b,c\ninf,north,true\n", 'a in row 1 must be a finite number, or empty, got "inf"'),
        ("a,b,c\n1_0,north,true\n", 'a in row 1 must be a finite number, or empty, got "1_0"'),
        ("a,b,c\n1,north,yes\n", 'c in row 1 must be a finite number, true or false, or empty, got "yes"'),
        ("a,b,c\n1,north\n", 'row 1 must be 3 values, one for each column, got "2 values"'),
        ("a,b,c,y\n1,north,true,\n", 'y in row 1 must be a finite number, got ""'),
    ],
)
def test_bad_cells_say_what_their_feature_takes(text: str, message: str) -> None:
    """What a number, a flag and a true value may be stands in the message."""
    with pytest.raises(InvalidInput) as caught:
        mixed(text)
    assert str(caught.value) == message


def test_names_of_columns_are_read_as_a_table_reads_them() -> None:
    """Spaces and composed letters do not count, unless a feature is called just so."""
    decomposed = "caf\u0065\u0301"
    text = f"total \u00a0 rooms,{decomposed},x  y\n1,2,3\n".encode()
    found = parse_rows(text, ("total rooms", "café", "x  y"), "y")
    assert found.X.tolist() == [[1, 2, 3]]


@READERS
@given(st.text(alphabet='abcy,\n\r"1-.e+nif _\x00éNAnorthtruefals?', max_size=60))
def test_nearly_right_mixed_text_gives_rows_or_one_refusal(tail: str) -> None:
    """Whatever comes, numbers are finite or missing, and texts are known, -1 or missing."""
    try:
        found = mixed("a,b,c\n1,north,true\n" + tail)
    except InvalidInput:
        return
    assert found.X[0].tolist() == [1, 0, 1]
    assert not np.isinf(found.X).any()
    there = found.X[:, 1][~np.isnan(found.X[:, 1])]
    assert np.isin(there, [-1, 0, 2]).all()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_what_stands_between_the_cells_is_found(delimiter: str) -> None:
    """A comma, a semicolon, a tab or a bar: the columns of the model decide, in any order."""
    data = delimiter.join("bca") + "\n" + delimiter.join(["2.5", "3", "-1e2"]) + "\n"
    assert parse_rows(data.encode(), ["a", "b", "c"], "y").X.tolist() == [[-100.0, 2.5, 3.0]]


def test_decimal_commas_are_read_where_they_cannot_be_anything_else() -> None:
    """With semicolons 2,5 is 2.5; a point beside it, or what may be thousands, is refused by name."""
    assert parse_rows(b"a;b\n2,5;1\n-,5;1,25e1\n", ["a", "b"], "y").X.tolist() == [[2.5, 1.0], [-0.5, 12.5]]
    for text, cell in (("a;b\n2,5;1.5\n", "2,5"), ("a;b\n1,500;1\n", "1,500")):
        with pytest.raises(InvalidInput) as caught:
            parse_rows(text.encode(), ["a", "b"], "y")
        assert str(caught.value) == f'a in row 1 must be a finite number, got "{cell}"'


def test_commas_in_texts_stay() -> None:
    """Only numbers have decimal commas: a text with one is the text that it was."""
    cells = [Cell({"x,1": 0}), Cell()]
    assert parse_rows(b"a;b\nx,1;2,5\n", ["a", "b"], "y", cells=cells).X.tolist() == [[0.0, 2.5]]
