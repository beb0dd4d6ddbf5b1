"""The Agreement tab of Compare: shares and rows as core counts them, and every row opens in Predict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.agreement import changes, worst
from core.artifact import encode, from_trained, loads
from core.comparison import Agreement, Comparison
from core.evaluate import compare, model_file
from core.own import from_estimator
from core.parts import frozen
from core.permalink import to_query
from core.quant import Scheme
from core.train import Trained
from pages import _shared, _state
from pages._format import money
from tests.pages.visit import Visit, unescaped
from tests.support import california, digits, table

ROWS = "Test rows that differ most"
DIGITS = {"dataset": "digits", "model": "logistic"}


def opened(**query: Any) -> Visit:
    """Return Compare with the tab open."""
    return again(Visit("compare", **query))


def again(visit: Visit) -> Visit:
    """Open the tab in a visit to Compare."""
    visit.at.session_state.more = "Agreement"
    return visit.run()


def tick(visit: Visit, place: int) -> Visit:
    """Tick one row of the table, as a click into its first column does."""
    visit.at.session_state.worst_rows = {"selection": {"rows": [place], "columns": [], "cells": []}}
    return visit.run()


def figures_of(visit: Visit) -> dict[str, tuple[str, str]]:
    """Return the four cards with what stands below each figure."""
    return {m.label: (unescaped(m.value), m.delta) for m in visit.at.metric}


def current(visit: Visit) -> tuple[Trained, Comparison]:
    """Return the model and the comparison that a visit shows."""
    return _shared.trained(visit.experiment), visit.comparison


def test_the_cards_are_those_of_core() -> None:
    """Share within $1,000, median, 99th percentile and largest change with its row, from the differences."""
    visit = opened()
    c = compare(california(), Scheme())
    moved = np.abs(c.differences) * 1e5
    within = int((moved <= 1000).sum())
    assert visit.widget("number_input", "tolerance_of_rows").value == 1000.0
    assert figures_of(visit) == {
        "Within tolerance": (f"{within / 4128:.2%}".replace("%", " %"), f"{within:,} of 4,128 rows"),
        "Median change": (f"${np.median(moved):.4g}", "half of the rows"),
        "99th percentile": (f"${np.quantile(moved, 0.99):,.0f}", "99 % of the rows"),
        "Largest change": (f"${moved.max():,.0f}", "one row"),
    }
    assert visit.errors == []


def test_a_tolerance_moves_share_and_mark() -> None:
    """Another tolerance changes its card and the mark in the curve, and nothing else; it stays while bits change."""
    visit = opened()
    before = visit.shot()
    visit.set("number_input", "tolerance_of_rows", 250.0)
    after = visit.shot()
    assert {n for n in after if after[n] != before.get(n)} == {"metric Within tolerance 0", "chart agreement"}
    c, moved = visit.comparison, changes(visit.comparison, california())
    assert figures_of(visit)["Within tolerance"][1] == f"{(moved <= 250).sum():,} of {len(c.differences):,} rows"
    assert visit.chart("agreement")["data"][2]["x"] == [250.0]
    visit.set("slider", "bits", 4)
    assert visit.widget("number_input", "tolerance_of_rows").value == 250.0
    visit.go("train").go("compare")
    assert again(visit).widget("number_input", "tolerance_of_rows").value == 250.0


@pytest.mark.parametrize("value", [-1.0, 1e13])
def test_a_tolerance_out_of_range_is_refused(value: float) -> None:
    """One message, and the tolerance before it stays; the next good one settles it."""
    visit = opened()
    before = visit.shot()
    visit.set("number_input", "tolerance_of_rows", value)
    assert visit.errors == [f"tolerance must be a number from 0 to 1e+12, got {value!r}"]
    assert visit.widget("number_input", "tolerance_of_rows").value == 1000.0
    assert {n: v for n, v in visit.shot().items() if not n.startswith("error")} == before
    assert visit.set("number_input", "tolerance_of_rows", 0.0).errors == []
    assert figures_of(visit)["Within tolerance"] == ("0.00 %", "0 of 4,128 rows")


def test_another_data_set_starts_with_its_own_tolerance() -> None:
    """A tolerance in dollars says nothing about classes: one percentage point stands there instead."""
    visit = opened().set("number_input", "tolerance_of_rows", 250.0)
    visit.go("train").set("selectbox", "dataset", "wine").go("compare")
    box = again(visit).widget("number_input", "tolerance_of_rows")
    assert (box.label, box.value) == ("Tolerance, percentage points", 1.0)


def test_the_table_holds_answers_and_features() -> None:
    """Twenty rows, the largest change first: truth and both answers in dollars, every feature with its unit."""
    visit = opened(bits="5")
    trained, c = current(visit)
    found, rows = worst(c, trained), visit.table(ROWS)
    assert [r["test row"] for r in rows] == found.rows.tolist()
    assert len(rows) == 20
    X, y = trained.rows("test")
    for row, n, d in zip(rows, found.rows, found.difference, strict=True):
        assert row["true value, $"] == round(y[n] * 1e5)
        # Answers are rounded to whole dollars, each by half a dollar at most.
        assert abs(row["quantised, $"] - row["original, $"] - d) <= 1
        assert row["difference, $"] == d
        assert row["Median income, $10,000 a year"] == X[n, 0]
    assert len(rows[0]) == 5 + X.shape[1]


def test_digits_are_shown_by_class_and_not_by_pixel() -> None:
    """True class, what both models say and how likely each finds the truth; no column for a pixel."""
    visit = opened(**DIGITS, bits="2", method="symmetric")
    trained, c = current(visit)
    found, rows = worst(c, trained), visit.table(ROWS)
    assert list(rows[0]) == [
        "test row", "difference, percentage points", "true class", "original says", "quantised says", "original, %", "quantised, %",
    ]  # fmt: skip
    flips = {f.row: f for f in c.agreement.flipped}
    for row, n in zip(rows, found.rows.tolist(), strict=True):
        assert row["true class"] == str(int(trained.rows("test")[1][n]))
        assert (row["original says"] != row["quantised says"]) == (n in flips)
    same = len(c.differences) - len(flips)
    said = [unescaped(c.value) for c in visit.at.main.caption]
    assert f"Both models give {same} of the 360 rows the same class: {same / 3.6:.2f} %." in said


def test_features_of_classes_are_shown() -> None:
    """A table of few features lists them behind the classes, each under a heading of its own."""
    rows = opened(dataset="wine", model="logistic", bits="3").table(ROWS)
    assert len(rows[0]) == 7 + 13


@pytest.mark.parametrize("query", [{}, {**DIGITS, "bits": "3"}, {"dataset": "diabetes", "bits": "4"}, {"degree": "2"}])
@pytest.mark.parametrize("way", ["tick", "menu"])
def test_a_row_opens_in_predict(query: dict[str, str], way: str) -> None:
    """A click into the table, or menu and button: Predict shows that very row, its truth and the same answers."""
    visit = opened(**query, budget="500")
    trained, c = current(visit)
    address, found = visit.address, worst(c, trained)
    if way == "tick":
        tick(visit, 3)
    else:
        visit.set("selectbox", "worst_row", 3).press("open_row")
    number = int(found.rows[3])
    assert visit.at.session_state.district == tuple(trained.rows("test")[0][number].tolist())
    assert visit.address == address
    shown = {m.label: m.value for m in visit.at.metric}
    if trained.dataset.classes:
        assert shown["True class"] == trained.dataset.classes[int(found.true[3])]
        assert visit.widget("number_input", "test_row").value == number
    else:
        unit = trained.dataset.target.unit
        assert unescaped(shown["Difference"]) == money(found.difference[3], unit)
        assert unescaped(shown["True value"]) == money(found.true[3], unit)


def test_a_ticked_row_is_forgotten_on_the_way_back() -> None:
    """Compare opens again without sending the visitor away once more; a row of Predict is replaced by the next."""
    visit = tick(opened(), 0)
    first = visit.at.session_state.district
    visit.go("compare")
    assert again(visit).finding.startswith("**8 bits, symmetric:** :orange[R²")
    assert visit.at.session_state.worst_rows["selection"]["rows"] == []
    assert tick(visit, 1).at.session_state.district != first


def test_a_row_replaces_the_one_that_predict_had() -> None:
    """A visitor who has been on Predict before, and chose a place there, finds the ticked row and no place."""
    visit = Visit("predict").set("selectbox", "place", 2).go("compare")
    trained, c = current(visit)
    tick(again(visit), 0)
    number = int(worst(c, trained).rows[0])
    assert visit.at.session_state.district == tuple(trained.rows("test")[0][number].tolist())
    assert visit.widget("selectbox", "place").value is None


@pytest.mark.parametrize("place", [20, -1, 10**9])
def test_a_row_that_is_not_there_opens_nothing(place: int) -> None:
    """What a browser sends is looked up among the rows of the table; anything else is passed over."""
    visit = opened()
    before = visit.shot()
    assert tick(visit, place).shot() == before


def test_fewer_rows_than_twenty() -> None:
    """A small test part fills a small table, and the menu follows when there are fewer rows than the one chosen."""
    visit = opened().set("selectbox", "worst_row", 15)
    visit.at.session_state.experiment = replace(visit.experiment, data=replace(visit.experiment.data, test_size=0.0003))
    visit.run()
    assert len(visit.table(ROWS)) == len(visit.comparison.differences) == 7
    assert visit.widget("selectbox", "worst_row").value in range(7)
    assert len(visit.widget("selectbox", "worst_row").options) == 7


def test_models_that_always_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """When no prediction moves, all rows are within every tolerance, and the first ones stand in the table."""
    visit = Visit("compare", seed="91")
    c = replace(visit.comparison, differences=frozen(np.zeros(4128)), agreement=Agreement(0.0, 0.0, 0.0))
    monkeypatch.setattr(_state, "comparison", lambda: c)
    again(visit)
    assert figures_of(visit)["Within tolerance"] == ("100.00 %", "4,128 of 4,128 rows")
    assert figures_of(visit)["Largest change"] == ("$0", "one row")
    assert [r["test row"] for r in visit.table(ROWS)] == list(range(20))
    assert visit.set("number_input", "tolerance_of_rows", 0.0).errors == []


def test_a_file_with_rows_and_a_model_without() -> None:
    """An opened file is measured on its own rows; for a model from outside one sentence stands in the tab."""
    from sklearn.linear_model import LinearRegression

    visit = Visit("compare").unfold("files_box")
    trained = digits()
    pair = encode(model_file(trained, compare(trained, Scheme(bits=4)), "pair"))
    visit.widget("file_uploader", "upload").set_value(("a.safetensors", pair, "application/octet-stream"))
    visit.run()
    assert len(again(visit).table(ROWS)) == 20
    X, y = table()
    own = encode(from_estimator(LinearRegression().fit(X, y), X))
    visit.widget("file_uploader", "upload").set_value(("b.safetensors", own, "application/octet-stream"))
    visit.run()
    assert not any(d.proto.alt == ROWS for d in again(visit).at.dataframe)
    assert "There are no test rows on which the two models could agree or differ." in [
        c.value for c in visit.at.caption
    ]


def test_an_altered_file_opens_its_rows_with_its_own_numbers() -> None:
    """Numbers that differ from the recipe's: the table and Predict both show those of the file."""
    trained = california()
    changed = replace(
        trained, parts=replace(trained.parts, values={n: v * 1.5 for n, v in trained.parts.values.items()})
    )
    visit = Visit("compare").unfold("files_box")
    data = encode(from_trained(changed, compare(changed, Scheme(bits=5)).quantized))
    visit.widget("file_uploader", "upload").set_value(("c.safetensors", data, "application/octet-stream"))
    visit.run()
    model = loads(data)
    assert model.original is not None
    row = again(visit).table(ROWS)[0]
    assert visit.address == to_query(visit.experiment)
    tick(visit, 0)
    shown = {m.label: m.value for m in visit.at.metric}
    assert shown["Original"] == money(row["original, $"], "$")
    assert shown["Quantised"] == money(row["quantised, $"], "$")
