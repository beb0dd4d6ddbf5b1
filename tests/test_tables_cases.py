"""The torture plan's cases 1 to 72 that concern a table: each with its exact words, here and in docs/inputs.md."""

from __future__ import annotations

import gzip
import io
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import pytest

from core.errors import InvalidInput
from core.settings import ROOT
from core.tables import Table, check_target, propose, read
from tests.tables_support import MB, N, column, delimited, named, zipped


class Canary:
    """An object that leaves a file behind when it is unpickled."""

    def __init__(self, path: str) -> None:
        """Remember where."""
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        """Return the call that unpickling makes."""
        return open, (self.path, "w")


def pickled(path: str = "canary") -> bytes:
    """Return a joblib file whose loading would leave a file at `path`."""
    buffer = io.BytesIO()
    joblib.dump(Canary(path), buffer)
    return buffer.getvalue()


def told(table: Table) -> set[str]:
    """Return all sentences that a user is shown about a table that was read."""
    return {*table.notes, *(f"{use.name}: {use.words}" for use in propose(table).uses)}


@dataclass(frozen=True)
class Case:
    """An input of the torture plan: what is done with it, and the exact words that say so."""

    number: int
    what: str
    data: Callable[[], bytes]
    says: str
    read: bool = False
    name: str = "file"
    encoding: str | None = None
    target: tuple[str, str, tuple[str, ...]] | None = None

    def run(self) -> Table:
        """Return the table that comes of it, its target checked if the case is about one."""
        table = read(self.data(), self.name, self.encoding)
        if self.target is not None:
            check_target(table, *self.target)
        return table


def refused(number: int, what: str, data: bytes | Callable[[], bytes], says: str, **more: Any) -> Case:
    """Return a case that ends with a message."""
    return Case(number, what, data if callable(data) else lambda: data, says, **more)


def accepted(number: int, what: str, data: bytes | Callable[[], bytes], says: str = "", **more: Any) -> Case:
    """Return a case that is read, with the sentence that the user is shown about it."""
    return Case(number, what, data if callable(data) else lambda: data, says, read=True, **more)


PLAIN = column(lambda i: i)
CLASSES = ("b", "classification", ("a",))
AMOUNTS = ("b", "regression", ("a",))

UTF_8 = "UTF-8 text (in another encoding only when it is named: latin-1 or cp1252)"
KINDS = "a CSV, TSV or Parquet file"
EMPTY = 'file must be a table: a header and rows, got "an empty file"'
QUOTES = "at most 10,000 characters long, their quotes closed, and doubled inside"
TWO_BYTES = "text without NUL bytes (UTF-16 needs its byte order mark)"
NUMBERS = "numbers, no marks between thousands, and empty where missing"
NAME = "1 to 200 characters without control characters"
DIFFERENT = "different, not only in case or spaces"
EXACT = "numbers that 64 bits hold exactly, where they are whole"


def exactly(size: int) -> bytes:
    """Return a good file of exactly `size` bytes, nearly all of them in its texts."""
    cells, last = divmod(size - len("a,b\n"), 5_000)
    return b"a,b\n" + (b"1," + b"x" * 4_997 + b"\n") * (cells - 1) + b"1," + b"x" * (last + 4_997) + b"\n"


def text_of(size: int) -> bytes:
    """Return a file with one cell of `size` characters."""
    return column(lambda i: "x" * size if i == 4 else "x")


FILES = (
    refused(1, "no bytes", b"", EMPTY),
    refused(2, "blank lines only", b"\n\r\n  \n", EMPTY),
    refused(3, "header only", b"a,b\n", 'table must be at least 20 rows below the header, got "0 data rows"'),
    accepted(4, "10 MB exactly", lambda: exactly(10 * MB)),
    refused(
        4, "10 MB and a byte", lambda: exactly(10 * MB + 1),
        'file must be at most 10,485,760 bytes (10 MB), got "10485761 bytes"',
    ),
    refused(7, "gzip", lambda: gzip.compress(PLAIN), f'file must be {KINDS}, got "compressed (gzip)"'),
    refused(
        8, "ZIP, or xlsx", lambda: zipped(**{"xl/workbook.xml": b"<workbook/>"}),
        f'file must be {KINDS}, got "a ZIP archive or an Excel workbook"',
    ),
    refused(
        9, "ZIP bomb", lambda: zipped(a=bytes(30 * MB)),
        f'file must be {KINDS}, got "a ZIP archive or an Excel workbook"',
    ),
    refused(
        10, "joblib called .csv", pickled, f'file "m.csv" must be {KINDS}, got "not text (byte 0x80 at 0)"',
        name="m.csv",
    ),
    refused(11, "PNG", b"\x89PNG\r\n\x1a\n" + bytes(99), f'file must be {KINDS}, got "a PNG image"'),
    refused(11, "PDF", b"%PDF-1.7\n", f'file must be {KINDS}, got "a PDF document"'),
    refused(
        12, "NUL bytes", column(lambda i: "x\0y" if i == 4 else "x"), f'row 5 must be {TWO_BYTES}, got "byte 0x00 at 33"'
    ),
    accepted(
        13, "UTF-16 with byte order mark", PLAIN.decode().encode("utf-16"),
        "UTF-16 with byte order mark, little end first",
    ),
    refused(
        13, "UTF-16 without", PLAIN.decode().encode("utf-16-le"), f'header must be {TWO_BYTES}, got "byte 0x00 at 1"'
    ),
    accepted(14, "UTF-8 byte order mark", b"\xef\xbb\xbf" + PLAIN, "UTF-8 with byte order mark"),
    refused(
        15, "Latin-1", column(lambda i: "é").decode().encode("latin-1"), f'file must be {UTF_8}, got "byte 0xe9 at 8"'
    ),
    accepted(
        15, "Latin-1 that was named", column(lambda i: "é").decode().encode("latin-1"), "Latin-1", encoding="latin-1"
    ),
    accepted(16, "lines ending in CR", column(lambda i: i, end="\r")),
    accepted(17, "lines ending in CRLF", column(lambda i: i, end="\r\n")),
    refused(
        18, "quote never closed", b'a,b\n1,x\n2,"y\n' + b"3,z\n" * N,
        f'cells of row 2 must be {QUOTES}, got "a quote that is never closed"',
    ),
    refused(
        18, "quote closed by the next", b'a,b\n1,x\n2,"y\n3,"z"\n',
        f'cells of row 2 must be {QUOTES}, got "a quote inside a quoted cell, or one that is never closed"',
    ),
    refused(
        19, "one field of 20 MB", lambda: text_of(20 * MB),
        f'file must be at most 10,485,760 bytes (10 MB), got "{len(text_of(20 * MB))} bytes"',
    ),
    refused(
        19, "one field of 9 MB", lambda: text_of(9 * MB),
        f'cells of row 5 must be {QUOTES}, got "a cell of more than 131072 characters"',
    ),
    refused(
        19, "one field of 10,001", lambda: text_of(10_001),
        'column "b" in row 5 must be at most 10,000 characters a cell, got "10001 characters"',
    ),
    refused(20, "10 million commas", lambda: b"," * 10**7, 'table must be at most 500 columns, got "10000001 columns"'),
    accepted(21, "semicolon", column(lambda i: i, delimiter=";"), "delimiter semicolon"),
    accepted(22, "decimal comma", column(lambda i: i, delimiter=";"), "decimal comma: 0,5 is read as 0.5"),
    refused(
        22, "decimal comma and point", column(lambda i: f"{i},25"),
        'column "b" must be written with one decimal mark (column "a" has 0.5), '
        'got "24 cells, first row 1: 0,25, row 2: 1,25, row 3: 2,25"',
    ),
    refused(
        22, "comma of thousands, maybe", delimited(["a", "b"], [(i, f"{i + 1},500") for i in range(N)]).encode(),
        'column "b" must be numbers, no marks between thousands (1,234 may be 1234 or 1.234), '
        'got "24 cells, first row 1: 1,500, row 2: 2,500, row 3: 3,500"',
    ),
    accepted(23, "tab", column(lambda i: i, delimiter="\t"), "delimiter tab"),
    accepted(23, "bar", column(lambda i: i, delimiter="|"), "delimiter bar"),
    refused(26, "name ../../x", b"", EMPTY.replace("file", 'file "../../x"', 1), name="../../x"),
    refused(27, "name with HTML", b"", EMPTY.replace("file", 'file "<b>x"', 1), name="<b>x"),
    refused(
        28, "name of 5,000 characters", b"", EMPTY.replace("file", f'file "{"x" * 79}…"', 1), name="x" * 5000
    ),
    refused(29, "name with RTL override", b"", EMPTY.replace("file", 'file "x\\x202efdp"', 1), name="x\u202efdp"),
)  # fmt: skip

COLUMNS = (
    refused(
        30, "1 column", b"a\n" + b"1\n" * N,
        'table must be at least 2 columns, with comma, semicolon, tab or | between, got "1 column"',
    ),
    accepted(31, "500 columns", named(*(f"c{i}" for i in range(500)))),
    refused(
        31, "501 columns", named(*(f"c{i}" for i in range(501))),
        'table must be at most 500 columns, got "501 columns"',
    ),
    refused(
        32, "100,000 columns", lambda: ",".join(f"c{i}" for i in range(100_000)).encode(),
        'table must be at most 500 columns, got "100000 columns"',
    ),
    refused(
        33, "100,000 columns of one name", lambda: ",".join(["a"] * 100_000).encode(),
        'table must be at most 500 columns, got "100000 columns"',
    ),
    refused(34, "two equal names", named("x", "y", "x"), f'names of columns 1 and 3 must be {DIFFERENT}, got "x"'),
    accepted(35, "first name empty", named("", "b"), "the first column has no name and is called column 1"),
    refused(35, "another name empty", named("a", " "), f'name of column 2 must be {NAME}, got ""'),
    refused(36, "names equal but for case", named("Age", "age"), f'names of columns 1 and 2 must be {DIFFERENT}, got "Age and age"'),
    refused(36, "names equal but for spaces", named("a b", " a  b"), f'names of columns 1 and 2 must be {DIFFERENT}, got "a b"'),
    refused(36, "names equal but for NFC", named("\u00e9", "e\u0301"), f'names of columns 1 and 2 must be {DIFFERENT}, got "é"'),
    accepted(37, "name <img onerror>", named("a", "<img src=x onerror=alert(1)>")),
    accepted(38, "name ![](http://x)", named("a", "![](http://x)")),
    accepted(39, "name </script>", named("a", "</script>")),
    accepted(40, "name =cmd|..", named("a", "=cmd|'/c calc'!A1")),
    accepted(41, "name __proto__", named("a", "__proto__")),
    accepted(42, "name :red[x]", named("a", ":red[x]")),
    accepted(43, "name of 200 characters", named("a", "x" * 200)),
    refused(43, "name of 10,000 characters", named("a", "x" * 10_000), f'name of column 2 must be {NAME}, got "10000 characters"'),
    accepted(44, "emoji in a name", named("a", "👩\u200d🔬 ok")),
    accepted(45, "line end in a name", named("a", "two\nlines")),
    refused(45, "control character in a name", named("a", "x\x1b[31m"), f'name of column 2 must be {NAME}, got "x\\x1b[31m"'),
    accepted(46, "names that are numbers", named("1", "2.5"), "every column is called a number: is the first line a row?"),
    accepted(47, "names target, index, prediction", named("index", "prediction", "target"), "target: predicted: number, regression"),
)  # fmt: skip

VALUES = (
    accepted(48, "cells without a value", column(lambda i: ("", "NA", "?")[i] if i < 3 else i), "b: number, 3 missing: median filled in"),
    accepted(49, "no value in a column", column(lambda i: "NA"), "b: left out: it has no value in any row"),
    refused(50, "inf", column(lambda i: "inf" if i == 4 else i), 'column "b" must be finite numbers, got "row 5: inf"'),
    refused(51, "1e400", column(lambda i: "1e400" if i == 4 else i), 'column "b" must be numbers that 64 bits hold, up to 1.8e308, got "row 5: 1e400"'),
    accepted(52, "-0.0 and a denormal", column(lambda i: ("-0.0", "5e-324")[i % 2])),
    refused(
        53, "strings in a numeric column", column(lambda i: "abc" if i % 25 == 2 else i, n=100),
        f'column "b" must be {NUMBERS}, got "4 cells, first row 3: abc, row 28: abc, row 53: abc"',
    ),
    accepted(
        54, "dates", column(lambda i: f"2024-01-{i % 20 + 1:02d}"),
        "b: left out: it holds dates; numbers made from them, such as the year, could be used",
    ),
    accepted(55, "true and false", column(lambda i: ("true", "False")[i % 2]), "b: true as 1, false as 0"),
    refused(
        56, "99999999999999999999", column(lambda i: "99999999999999999999" if i == 4 else i),
        f'column "b" must be {EXACT}, got "row 5: 99999999999…"',
    ),
    accepted(
        56, "as many digits in every row", column(lambda i: 99999999999999999999 - i),
        'column "b": read as text: whole numbers too long for 64 bits, as "99999999999999999999"',
    ),
    refused(57, "1_000", column(lambda i: "1_000" if i == 4 else i), f'column "b" must be {NUMBERS}, got "row 5: 1_000"'),
    accepted(
        58, "mixed types", column(lambda i: "x" if i % 4 == 0 else i % 5),
        'column "b": read as text, though 18 of 24 values are numbers',
    ),
    refused(59, "short row", PLAIN + b"1\n", 'row 25 must be 2 values, one for each column, got "1 value"'),
    refused(60, "long row", PLAIN + b"1,2,3\n", 'row 25 must be 2 values, one for each column, got "3 values"'),
    refused(61, "every row one longer", b"a,b\n" + b"9,1,2\n" * N, 'row 1 must be 2 values, one for each column, got "3 values"'),
    accepted(62, "constant feature", column(lambda i: 7), "b: left out: it has the same value in every row"),
    accepted(63, "equal rows", PLAIN + PLAIN.partition(b"\n")[2]),
    accepted(64, "200,000 rows", lambda: column(lambda i: i % 7, n=200_000)),
    refused(64, "200,001 rows", lambda: column(lambda i: i % 7, n=200_001), 'table must be at most 200,000 rows, got "200001 rows"'),
    refused(
        64, "2,000,001 cells or more", lambda: delimited(range(500), [range(500)] * 4001).encode(),
        'table must be at most 2,000,000 cells, which is 4,000 rows of 500 columns, got "4001 rows"',
    ),
    accepted(65, "ids with leading zeros", column(lambda i: f"{i:05d}"), 'column "b": read as text for its leading zeros: "00000"'),
)  # fmt: skip

TARGETS = (
    refused(66, "constant target", column(lambda i: 7), 'target "b" must be a column with at least 2 different values, got "1 value: 7"', target=AMOUNTS),
    refused(66, "one class", column(lambda i: "x"), 'target "b" must be a column of at least 2 classes, got "1 class: "x""', target=CLASSES),
    refused(
        67, "class with one row", column(lambda i: "rare" if i == 4 else "xy"[i % 2]),
        'target "b" must be a column with at least 2 rows of each class, to split into training and test, got "1 row of "rare", row 5"',
        target=CLASSES,
    ),
    accepted(68, "100 classes", column(lambda i: f"c{i % 100}", n=200), target=CLASSES),
    refused(
        68, "101 classes", column(lambda i: f"c{i % 101}", n=202),
        'target "b" must be a column of at most 100 classes, got "101 classes"', target=CLASSES,
    ),
    refused(
        68, "101 classes that are numbers", column(lambda i: i % 101, n=202),
        'target "b" must be a column of at most 100 classes; choose regression for it, got "101 classes"', target=CLASSES,
    ),
    refused(
        69, "continuous target for a classifier", column(lambda i: i / 4),
        'target "b" must be a column of classes; choose regression for it, got "numbers with fractions"', target=CLASSES,
    ),
    refused(
        69, "text target for a regression", column(lambda i: "xy"[i % 2]),
        'target "b" must be a column of numbers for regression; choose classification for it, got "text"', target=AMOUNTS,
    ),
    refused(
        70, "target without a value", column(lambda i: "" if i % 5 == 2 else i),
        'target "b" must be a column with a value in every row, got "5 missing, rows 3, 8, 13, …"', target=AMOUNTS,
    ),
    refused(71, "target among the features", PLAIN, 'features must be columns other than the target, got "b"', target=("b", "regression", ("a", "b"))),
    accepted(72, "classes that look like HTML", column(lambda i: ("<b>x", "</script>")[i % 2]), "b: text, 2 values: one column each", target=CLASSES),
)  # fmt: skip

CASES = FILES + COLUMNS + VALUES + TARGETS
TRANSPORT = {5, 6, 24, 25}  # what never reaches the reader
DOCUMENT = (ROOT / "docs" / "inputs.md").read_text(encoding="utf-8")


def case_id(case: Case) -> str:
    """Return the number and the words of a case."""
    return f"{case.number} {case.what}"


def case(words: str) -> Case:
    """Return a case by its words."""
    return next(c for c in CASES if c.what == words)


def documented() -> list[tuple[str, ...]]:
    """Return the rows of the table of cases: number, input, outcome, words."""
    rows = re.findall(r"^\| (\d+) \| (.+?) \| (read|refused) \| (.*?) \|$", DOCUMENT, re.M)
    return [(number, what, outcome, says.strip("`").replace("\\|", "|")) for number, what, outcome, says in rows]


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_case_has_its_exact_words(case: Case) -> None:
    """A bad input ends with one printable message, a good one is read and what is remarkable is said."""
    if case.read:
        table = case.run()
        assert not case.says or case.says in told(table)
        return
    with pytest.raises(InvalidInput) as caught:
        case.run()
    assert str(caught.value) == case.says
    assert case.says.isprintable()


def test_no_case_is_left_out() -> None:
    """Every number from 1 to 72 stands in the list, but for those that end before a file is there."""
    assert {c.number for c in CASES} == set(range(1, 73)) - TRANSPORT
    assert max(Counter(map(case_id, CASES)).values()) == 1


def test_the_document_says_what_happens() -> None:
    """The table of cases in docs/inputs.md is this list, word for word."""
    assert documented() == [
        (str(c.number), c.what, "read" if c.read else "refused", c.says) for c in sorted(CASES, key=lambda c: c.number)
    ]


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    """What its loading would do does not happen."""
    canary = tmp_path / "canary"
    data = pickled(str(canary))
    with pytest.raises(InvalidInput, match="not text"):
        read(data, "m.csv")
    assert not canary.exists()
    joblib.load(io.BytesIO(data)).close()  # the trap works
    assert canary.exists()


@pytest.mark.parametrize("number", range(37, 48))
def test_names_come_out_as_they_are(number: int) -> None:
    """Mark-up, formulas and emoji in a name are part of it; only outer spaces and line ends give way."""
    for c in CASES:
        if c.number == number and c.read:
            header = c.data().decode().partition("\n")[0] if number != 45 else "a,two lines"
            assert ",".join(c.run().names) == header


@pytest.mark.parametrize(
    "words", ["UTF-16 with byte order mark", "UTF-8 byte order mark", "lines ending in CR", "lines ending in CRLF",
              "semicolon", "tab", "bar", "decimal comma"]
)  # fmt: skip
def test_every_way_to_write_a_file_gives_the_same_table(words: str) -> None:
    """Encoding, line ends, delimiter and decimal mark leave the names clean and the numbers the same."""
    table = case(words).run()
    assert table.names == ("a", "b")
    assert table.preview(3) == ((0.5, 0.0), (1.5, 1.0), (2.5, 2.0))
    assert table.n_rows == N


def test_the_values_of_the_cases_that_are_read() -> None:
    """Missing, constant, tiny, true, dated and zero-led values come out as what they are."""
    missing = case("cells without a value").run().column("b")
    assert (missing.kind, missing.missing, missing.distinct, missing.low, missing.high) == (
        "number",
        3,
        N - 3,
        3,
        N - 1,
    )
    empty = case("no value in a column").run().column("b")
    assert (empty.missing, empty.distinct, empty.low, empty.high, empty.examples) == (N, 0, None, None, ())
    tiny = case("-0.0 and a denormal").run().column("b").values
    assert (tiny[1], str(tiny[0])) == (5e-324, "-0.0")
    flags = case("true and false").run().column("b")
    assert (flags.kind, flags.examples, flags.low, flags.high) == ("flag", (True, False, True), 0, 1)
    ids = case("ids with leading zeros").run().column("b")
    assert (ids.kind, ids.categories[:2], ids.values[:2].tolist()) == ("text", ("00000", "00001"), [0, 1])
    assert case("dates").run().column("b").examples[0] == "2024-01-01"
    assert case("classes that look like HTML").run().column("b").categories == ("</script>", "<b>x")
    assert case("equal rows").run().n_rows == 2 * N
