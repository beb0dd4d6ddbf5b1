"""A file of rows on Predict: its answers, its counts, what is refused, and the file that is taken away."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
import pytest

from core.artifact.model import Model, from_trained
from core.evaluate import compare
from core.quant import Scheme
from core.rows import parse_rows
from pages import _batch_file
from tests.pages.own_visit import model, opened
from tests.pages.visit import Visit

HEADER = "area_m2,built,district,floor,balcony"
# An unknown text that a spreadsheet would run, two gaps of numbers, a text that is missing, a value beyond the range.
LINES = ("50,1990,Hafen,2,yes", "60.5,,=1+1,3,no", "70,2001,,,yes", "900,1950,Altstadt,1,no")
FILE = "\n".join([HEADER, *LINES]).encode()
FLOWERS = b"height_cm,leaf_cm,stem_cm,days,sun,grown_in,species\n12,2,0.4,30,true,pot,basil\n9,,0.3,25,,jar,chives\n"


def unfolded(name: str) -> Visit:
    """Return Predict on an example table with the folder of files open."""
    return opened(name).unfold("batch_box")


def sent(visit: Visit, data: bytes, name: str = "rows.csv") -> Visit:
    """Upload a file of rows."""
    visit.at.file_uploader[0].set_value((name, data, "text/csv"))
    return visit.run()


def pair(name: str, bits: int = 8) -> Model:
    """Return both models of an example table."""
    t = model(name)
    return from_trained(t, compare(t, Scheme("symmetric", bits)).quantized)


def rows_of(name: str, data: bytes) -> np.ndarray[Any, Any]:
    """Return the raw rows in a file."""
    m = pair(name)
    return parse_rows(data, [f.name for f in m.features], m.target.name, m.classes, m.cells).X


def table_of(visit: Visit) -> list[dict[str, Any]]:
    """Return the first rows as they are shown, None where a cell is empty."""
    shown = visit.table("First rows with both answers")
    return [{name: None if value != value else value for name, value in line.items()} for line in shown]


def test_values_are_those_of_the_model_and_counted() -> None:
    """Both answers of each row are `Model.predict`; unknown texts, filled numbers and rows outside are counted."""
    visit = sent(unfolded("flats"), FILE)
    assert visit.errors == []
    m, X = pair("flats"), rows_of("flats", FILE)
    shown = table_of(visit)
    assert [line["original"] for line in shown] == m.predict(X, "original").tolist()
    assert [line["quantised"] for line in shown] == m.predict(X, "quantized").tolist()
    np.testing.assert_array_equal(
        [line["difference"] for line in shown], m.predict(X, "quantized") - m.predict(X, "original")
    )
    assert [line["district"] for line in shown] == ["Hafen", "another one", None, "Altstadt"]
    assert [visit.metric(label) for label in ("Rows", "Outside training", "Unknown texts", "Filled numbers")] == [
        "4", "2", "1", "2"
    ]  # fmt: skip


def test_classes_are_those_of_the_model() -> None:
    """Both classes, the probability of the original's class in per cent, and the true classes that came along."""
    visit = sent(unfolded("seedlings"), FLOWERS)
    m, X = pair("seedlings"), rows_of("seedlings", FLOWERS)
    shown = table_of(visit)
    first, second = (m.predict(X, v) for v in ("original", "quantized"))
    assert [(line["original"], line["quantised"]) for line in shown] == list(zip(first, second, strict=True))
    before, after = (m.outputs(X, v) for v in ("original", "quantized"))
    said = before.argmax(axis=1)
    points = 100 * (after - before)[np.arange(2), said]
    # Per cent are taken before or after the difference: two roundings of numbers up to 100.
    np.testing.assert_allclose([line["difference, points"] for line in shown], points, rtol=0, atol=1e-13)
    assert [line["true class"] for line in shown] == ["basil", "chives"]
    assert [line["sun"] for line in shown] == ["yes", None]
    assert visit.metric("Agreement") == f"{100 * np.mean(first == second):.2f} %"


def test_the_file_holds_every_row_and_nothing_that_runs() -> None:
    """All rows come back as CSV; texts and headings that a spreadsheet would run begin with a quote, numbers do not."""
    columns: dict[str, list[Any]] = {
        "=cmd": ["=1+1", "+a", "-b", "@c", "\td", "\re", "plain", "", None],
        "number": [-1.5, 0.1 + 0.2, 1e300, -0.0, 3.0, 1e-300, 2.0, 1.0, None],
    }
    lines = list(csv.reader(io.StringIO(_batch_file.written(columns).decode(), newline="")))
    assert lines[0] == ["'=cmd", "number"]
    assert [line[0] for line in lines[1:]] == ["'=1+1", "'+a", "'-b", "'@c", "'\td", "'\re", "plain", "", ""]
    assert [float(line[1]) for line in lines[1:-1]] == columns["number"][:-1]
    assert lines[-1] == ["", ""]


def test_the_template_is_a_file_that_is_taken() -> None:
    """The template holds the model's columns and the row on view; sent back it gives that row's answers."""
    for name in ("flats", "seedlings"):
        m, row = pair(name), model(name).rows("test")[0][0]
        np.testing.assert_array_equal(rows_of(name, _batch_file.template(m, row.tolist())), row[None, :])
    visit = unfolded("flats")
    assert "batch_template" in {d.key for d in visit.at.download_button}
    sent(visit, _batch_file.template(pair("flats"), visit.at.session_state.district))
    assert visit.errors == []
    assert visit.metric("Rows") == "1"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (f"{HEADER}\n{LINES[0]}\nlarge,1990,Hafen,2,yes".encode(), 'area_m2 in row 2 must be a finite number, or empty, '
         'got "large"'),
        (f"{HEADER}\n{LINES[0]}\n1e10,1990,Hafen,2,yes".encode(), "area_m2 in row 2 must be a number from -1e+09 to "
         "1e+09, got 10000000000.0"),
        (f"{HEADER},colour\n{LINES[0]},red".encode(), "columns must be exactly the columns area_m2, built, district, "
         'floor, balcony (and rent for true values), got "colour"'),
        (f"{HEADER}\n50,1990,Hafen,2".encode(), "row 1 must be 5 values, one for each column, got \"4 values\""),
        (HEADER.encode(), 'rows must be a header and at least one row, got "0 data rows"'),
        (b"\xff\xfe\x00", 'rows must be UTF-8 text, got "byte 0xff at 0"'),
    ],
)  # fmt: skip
def test_a_refused_file_is_one_message_and_changes_nothing(data: bytes, message: str) -> None:
    """Row and column are named; the answers to the file before stay as they were."""
    visit = sent(unfolded("flats"), FILE)
    before = table_of(visit)
    sent(visit, data, "bad.csv")
    assert visit.errors == [f"bad.csv: {message}"]
    assert table_of(visit) == before
    sent(visit, FILE)
    assert visit.errors == []


def test_a_file_is_read_once_and_answered_again_for_another_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turning the dial does not read the file again; the quantised answers are those of the new width."""
    visit, read = sent(unfolded("flats"), FILE), []
    true_read = _batch_file.read
    monkeypatch.setattr(_batch_file, "read", lambda *args: read.append(1) or true_read(*args))
    before = [line["original"] for line in table_of(visit)]
    visit.set("slider", "bits", 3)
    assert [line["original"] for line in table_of(visit)] == before
    expected = pair("flats", 3).predict(rows_of("flats", FILE), "quantized").tolist()
    assert [line["quantised"] for line in table_of(visit)] == expected
    sent(visit, FILE)
    assert read == []


def test_the_file_of_another_model_is_a_message_of_its_own() -> None:
    """A file whose columns the next model does not take is refused by name; with its own model it is answered again."""
    visit = sent(unfolded("flats"), FILE)
    own = visit.experiment
    visit.at.session_state.experiment = type(own)()
    visit.run()
    assert visit.errors[0].startswith("rows.csv: columns must be exactly the columns MedInc, ")
    visit.at.session_state.experiment = own
    assert len(table_of(visit.run())) == len(LINES)


def test_nothing_of_a_file_outlives_its_visit() -> None:
    """File and answers are in the session, among what "Delete my data" drops; another visit sees none of it."""
    visit = sent(unfolded("flats"), FILE)
    assert visit.at.session_state.own_results["batch"]["sent"].data == FILE
    assert "rows.csv" not in unfolded("flats").words()
    visit.press("batch_close")
    assert visit.at.session_state.own_results["batch"].get("sent") is None
    assert "First rows with both answers" not in {d.proto.alt for d in visit.at.dataframe}


def test_a_closed_folder_answers_nothing() -> None:
    """While the folder is closed nothing is drawn of a file."""
    visit = opened("flats")
    assert not visit.at.file_uploader
    assert "batch_template" not in {d.key for d in visit.at.download_button}


def test_the_name_of_a_file_is_shown_letter_by_letter() -> None:
    """Mark-up in the name of a file is text."""
    visit = sent(unfolded("flats"), FILE, "a:red[b]*c*.csv")
    assert "a\\:red\\[b\\]\\*c\\*\\.csv" in visit.words()
