"""What is proposed for a table, what is refused as a target, and the example files."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from core.errors import InvalidInput
from core.settings import ROOT
from core.tables import MAX_CLASSES, Proposal, Table, check_target, propose, read
from tests.tables_support import delimited, parquet

EXAMPLES = ROOT / "examples"
ROWS = 40


def table(**columns: Sequence[object]) -> Table:
    """Return a table of these columns."""
    return read(delimited(list(columns), list(zip(*columns.values(), strict=True))).encode())


AMOUNT = [i * 37 % 101 / 4 for i in range(ROWS)]
KIND = ["xyz"[i % 3] for i in range(ROWS)]
FLAG = [i % 4 == 0 for i in range(ROWS)]
FEW = [i % 3 for i in range(ROWS)]


def words(proposal: Proposal, name: str) -> str:
    """Return what is said about a column."""
    return next(u.words for u in proposal.uses if u.name == name)


@pytest.mark.parametrize(
    ("names", "target"),
    [
        (("a", "b", "c"), "c"),
        (("price", "b", "c"), "price"),
        (("value", "b", "price"), "price"),
        (("Target", "label", "price"), "Target"),
        (("y", "median_house_value", "class"), "y"),
    ],
)
def test_a_target_is_known_by_its_name_or_stands_last(names: tuple[str, ...], target: str) -> None:
    """The surest name wins, in any case; without one it is the last column of numbers."""
    assert propose(table(**dict.fromkeys(names, AMOUNT))).target == target


@pytest.mark.parametrize(
    ("columns", "target", "task"),
    [
        ({"a": AMOUNT, "b": KIND}, "a", "regression"),
        ({"a": FLAG, "b": KIND}, "a", "classification"),
        ({"a": KIND, "b": KIND}, "b", "classification"),
        ({"a": KIND, "b": FEW}, "b", "classification"),
        ({"a": KIND, "b": [*range(5), *FEW[5:]]}, "b", "regression"),
        ({"a": AMOUNT, "b": ["", *AMOUNT[1:]]}, "a", "regression"),
        ({"a": AMOUNT, "b": range(ROWS)}, "a", "regression"),
        ({"a": range(ROWS), "b": range(ROWS)}, "b", "regression"),
        ({"a": AMOUNT, "label": [1] * ROWS}, "a", "regression"),
        ({"a": AMOUNT, "label": [f"t{i}" for i in range(ROWS)]}, "label", "classification"),
    ],
)
def test_the_target_and_its_task_fit_each_other(columns: dict[str, Sequence[object]], target: str, task: str) -> None:
    """Text, flags and few whole numbers are classes; a target has no gaps, two values and no row numbers."""
    proposal = propose(table(**columns))
    assert (proposal.target, proposal.task) == (target, task)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (AMOUNT, "number"),
        (["", *AMOUNT[1:]], "number, 1 missing: median filled in"),
        (KIND, "text, 3 values: one column each"),
        (["", *KIND[1:]], "text, 3 values, 1 missing: one column each (0 in all of them where it is missing)"),
        (FLAG, "true as 1, false as 0"),
        (["", *FLAG[1:]], "true as 1, false as 0, 1 missing: median filled in"),
        (["NA"] * ROWS, "left out: it has no value in any row"),
        ([1] * ROWS, "left out: it has the same value in every row"),
        (["", *[1] * (ROWS - 1)], "left out: it has one value only"),
        ([f"t{i}" for i in range(ROWS)], "left out: it has a different text in every row"),
        (range(7, 7 + ROWS), "left out: it counts the rows: whole numbers that rise from row to row"),
        (range(ROWS, 0, -1), "number"),
        (
            [f"2024-01-{i % 9 + 10}" for i in range(ROWS)],
            "left out: it holds dates; numbers made from them, such as the year, could be used",
        ),
    ],
)
def test_every_column_is_given_a_use_and_a_reason(cells: Sequence[object], said: str) -> None:
    """In words that a page can show."""
    proposal = propose(table(x=cells, y=AMOUNT))
    assert words(proposal, "x") == said
    assert ("x" in proposal.features) == (not said.startswith("left out"))
    assert words(proposal, "y") == "predicted: number, regression"


@pytest.mark.parametrize("name", ["id", "ID", "customer_id", "house id", "PassengerId", "rowID"])
def test_a_different_whole_number_in_every_row_may_be_a_name(name: str) -> None:
    """An id is known by its name and its values; paid and humid are none."""
    shuffled = [i * 17 % 101 for i in range(ROWS)]
    said = "left out: it names the rows: a different whole number in each"
    assert words(propose(table(**{name: shuffled, "y": AMOUNT})), name) == said
    assert words(propose(table(paid=shuffled, y=AMOUNT)), "paid") == "number"
    assert words(propose(table(**{name: FEW, "y": AMOUNT})), name) == "number"


def test_too_many_texts_are_left_out() -> None:
    """A hundred texts are a hundred columns, one more is too many."""
    for count, kept in ((MAX_CLASSES, True), (MAX_CLASSES + 1, False)):
        many = [f"t{i % count}" for i in range(2 * count)]
        proposal = propose(table(x=many, y=[i * 7 % 31 / 4 for i in range(2 * count)]))
        assert (proposal.features == ("x",)) == kept
    assert words(proposal, "x") == "left out: it has 101 different texts, more than 100"


def test_the_target_may_be_chosen() -> None:
    """Task, features and reasons follow the choice; a name that is not there is refused."""
    t = table(a=AMOUNT, b=KIND, c=AMOUNT)
    proposal = propose(t, "b")
    assert (proposal.target, proposal.task, proposal.features) == ("b", "classification", ("a", "c"))
    assert words(proposal, "b") == "predicted: text, 3 values, classification"
    with pytest.raises(InvalidInput, match='target must be one of "a", "b", "c", got "d"'):
        propose(t, "d")


def test_a_table_without_a_possible_target_says_so() -> None:
    """Nothing can be learnt where every column is constant or has gaps."""
    with pytest.raises(
        InvalidInput, match=r"^target must be a column with two different values and none missing, got "
    ):
        propose(table(a=[1] * ROWS, b=["", *AMOUNT[1:]]))


T = table(a=AMOUNT, b=KIND, c=FLAG, d=["NA"] * ROWS, e=FEW)
MANY = table(x=[f"t{i % 101}" for i in range(202)], y=[i * 7 % 31 / 4 for i in range(202)])


@pytest.mark.parametrize(
    ("t", "target", "task", "features", "message"),
    [
        (T, "x", "regression", ["b"], 'target must be one of "a", "b", "c", "d", "e", got "x"'),
        (T, "a", "ranking", ["b"], 'task must be one of regression, classification, got "ranking"'),
        (T, "a", "regression", [], 'features must be at least one column, got "none"'),
        (T, "a", "regression", ["b", "x"], 'features must be one of "a", "b", "c", "d", "e", got "x"'),
        (T, "a", "regression", ["b", "b"], 'features must be different columns, got "b twice"'),
        (T, "a", "regression", ["d"], 'column "d" must be a feature with a value in some row, got "none"'),
        (MANY, "y", "regression", ["x"], 'column "x" must be a feature with at most 100 different texts, got "101 different texts"'),
        (T, "d", "regression", ["a"], 'target "d" must be a column with a value in every row, got "40 missing, rows 1, 2, 3, …"'),
        (
            T, "c", "regression", ["a"],
            'target "c" must be a column of numbers for regression; choose classification for it, got "true and false"',
        ),
    ],
)  # fmt: skip
def test_a_choice_that_cannot_work_is_refused(
    t: Table, target: str, task: str, features: list[str], message: str
) -> None:
    """One message names the column and what is allowed; the plan's own cases stand with the others."""
    with pytest.raises(InvalidInput) as caught:
        check_target(t, target, task, features)
    assert str(caught.value) == message


def test_a_missing_text_is_a_gap_in_the_target() -> None:
    """Its row is named."""
    t = table(a=AMOUNT, b=["x", "", *KIND[2:]])
    with pytest.raises(InvalidInput, match=r'value in every row, got "1 missing, row 2"'):
        check_target(t, "b", "classification", ["a"])


@pytest.mark.parametrize(("target", "task"), [("a", "regression"), ("e", "regression"), ("b", "classification"),
                                             ("c", "classification"), ("e", "classification")])  # fmt: skip
def test_what_can_be_learnt_passes(target: str, task: str) -> None:
    """Numbers for a regression; text, flags and whole numbers as classes."""
    check_target(T, target, task, [n for n in ("a", "b", "c", "e") if n != target])


def test_a_proposal_passes_the_checks_of_a_choice() -> None:
    """What is proposed can be trained as it stands."""
    for t in (T, table(a=FLAG, b=KIND), table(a=AMOUNT, b=[*range(5), *FEW[5:]])):
        proposal = propose(t)
        check_target(t, proposal.target, proposal.task, proposal.features)


def test_flags_of_a_parquet_file_are_proposed_like_those_of_text() -> None:
    """The kind comes from the file, the words are the same."""
    t = read(parquet({"x": FLAG, "y": AMOUNT}))
    assert words(propose(t), "x") == "true as 1, false as 0"


@pytest.mark.parametrize(
    ("name", "rows", "target", "task", "missing", "left_out", "notes"),
    [
        ("template", 24, "price", "regression", {"rooms": 2}, [], ["delimiter comma"]),
        ("flats", 240, "rent", "regression", {"built": 12}, ["id"],
         ["delimiter semicolon", "decimal comma: 19,6 is read as 19.6", "missing values are written as ?"]),
        ("seedlings", 150, "species", "classification", {"height_cm": 2}, [], ["delimiter tab", "missing values are written as NA"]),
    ],
)  # fmt: skip
def test_an_example_file_is_read_as_the_document_says(
    name: str, rows: int, target: str, task: str, missing: dict[str, int], left_out: list[str], notes: list[str]
) -> None:
    """Rows, target, gaps and what was detected; the document names the file with its rows and its target."""
    t = read((EXAMPLES / f"{name}.csv").read_bytes(), f"{name}.csv")
    proposal = propose(t)
    check_target(t, proposal.target, proposal.task, proposal.features)
    assert (t.n_rows, proposal.target, proposal.task) == (rows, target, task)
    assert {c.name: c.missing for c in t.columns if c.missing} == missing
    assert [u.name for u in proposal.uses if u.role == "left out"] == left_out
    assert list(t.notes) == ["UTF-8", *notes]
    document = (ROOT / "docs" / "inputs.md").read_text(encoding="utf-8")
    line = next(line for line in document.splitlines() if f"(../examples/{name}.csv)" in line)
    assert f"| {rows} |" in line
    assert f"target `{target}`" in line
