"""Predict on a user's own table: texts, gaps and flags in the form, warnings, contributions, and the worst rows."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest

from core.artifact import encode, loads
from core.artifact.model import Model, from_trained
from core.config import Experiment
from core.datasets import split
from core.datasets.own import own_dataset
from core.evaluate import compare, model_file
from core.quant import Scheme
from core.tables import read
from core.train import Trained
from pages._format import amount
from pages._predict_pushes import parts_of
from pages._predict_row import GAP, UNKNOWN
from tests.own_tables import mixed, mixed_bytes
from tests.pages.own_visit import example, model, opened, put
from tests.pages.visit import Visit, unescaped

HOSTILE = "[x](http://a) :red[y] <b>*z*</b> $a$"


def twin(t: Trained) -> Model:
    """Return both models as a file holds them."""
    return from_trained(t, compare(t, Scheme("symmetric", 8)).quantized)


def row(visit: Visit) -> tuple[float, ...]:
    """Return the raw row on view."""
    found: tuple[float, ...] = visit.at.session_state.district
    return found


def answers(visit: Visit) -> list[str]:
    """Return what the cards of both models show."""
    return [visit.metric("Original"), visit.metric("Quantised")]


def said(t: Trained, values: tuple[float, ...]) -> list[str]:
    """Return what `Model.predict` answers for a raw row, as the cards show it."""
    found = [twin(t).predict(np.array([values]), v)[0] for v in ("original", "quantized")]
    return [amount(float(v), "") if t.dataset.task == "regression" else str(v) for v in found]


@pytest.mark.parametrize("name", ["flats", "seedlings"])
def test_answers_are_those_of_the_model_for_rows_of_any_kind(name: str) -> None:
    """The first test row, then gaps, an unknown text and another number: both cards are what `Model.predict` says."""
    visit, t = opened(name), model(name)
    assert row(visit) == tuple(t.rows("test")[0][0])
    assert answers(visit) == said(t, row(visit))
    for i, feature in enumerate(t.dataset.features):
        if feature.categories:
            visit.set("selectbox", f"f_{feature.name}", UNKNOWN)
            assert row(visit)[i] == -1
        elif feature.flag:
            visit.set("selectbox", f"f_{feature.name}", GAP)
            assert isnan(row(visit)[i])
        else:
            visit.set("number_input", f"f_{feature.name}", None)
            assert isnan(row(visit)[i])
        assert visit.errors == []
        assert answers(visit) == said(t, row(visit))
    assert "–" in (visit.metric("True value") if name == "flats" else visit.metric("True class"))


def test_menus_offer_what_training_saw() -> None:
    """A text offers its categories and another one; missing only where training had it; a flag is yes or no."""
    visit = opened("flats")
    assert visit.widget("selectbox", "f_district").options == [
        "Altstadt", "Bahnhof", "Hafen", "Südvorstadt", "another one"
    ]  # fmt: skip
    t = model("flats")
    text = t.preparation.texts[0]
    shares = {unescaped(part) for part in visit.widget("selectbox", "f_district").help[:-1].split(": ")[1].split(", ")}
    assert shares == {f"{text.categories[k]} ({100 * text.shares[k]:.2g} %)" for k in text.seen}
    assert opened("seedlings").widget("selectbox", "f_sun").options[:2] == ["yes", "no"]


def test_an_empty_number_says_what_is_filled_in() -> None:
    """The placeholder is the median of the training rows, and the help says how often it stands there."""
    visit, t = opened("flats"), model("flats")
    built = visit.widget("number_input", "f_built")
    rows = t.rows("train")[0][:, t.dataset.feature_names.index("built")]
    assert built.proto.placeholder == f"empty: median {np.nanmedian(rows):.6g}"
    assert unescaped(built.help) == (
        f"Seen in training: {np.nanmin(rows):g} to {np.nanmax(rows):g}. Missing in {100 * np.isnan(rows).mean():.2g} % "
        "of the training rows."
    )


def test_what_training_did_not_see_is_said_and_what_is_missing_is_not() -> None:
    """A number beyond the range and an unknown text are named; an empty field is no value outside."""
    visit = opened("flats").set("number_input", "f_area_m2", None)
    assert not visit.at.warning
    visit.set("number_input", "f_built", 1850.0).set("selectbox", "f_district", UNKNOWN)
    assert unescaped(visit.at.warning[0].value) == (
        "built 1850 lies outside 1900 to 2020; district is none of the texts seen in training, and counts as none of "
        "them. Both models only guess there."
    )


def test_rows_can_be_loaded_from_an_own_table() -> None:
    """By number, at random, and by class; the row and its true value are those of the table."""
    visit, t = opened("seedlings"), model("seedlings")
    test = split(t.dataset, 0.2, 42)[1]
    visit.set("number_input", "test_row", 4)
    np.testing.assert_array_equal(row(visit), t.dataset.X[test[4]])
    visit.set("selectbox", "example", 2)
    assert visit.metric("True class") == t.dataset.classes[2]
    visit.press("random")
    assert visit.at.session_state.district_row in test
    flats = opened("flats").set("number_input", "test_row", 3)
    assert flats.metric("True value") == amount(float(model("flats").rows("test")[1][3]), "")


def test_there_is_no_map_of_an_own_table() -> None:
    """The map is one of California, and not even an own table with its names of columns has one."""
    assert not [c for c in opened("flats").at.get("plotly_chart") if "map" in c.proto.id]
    lines = [f"{i % 7 + 0.5},{i % 5 + 0.25},{3 * (i % 7) + i % 5}.5" for i in range(40)]
    table = read("\n".join(["Latitude,Longitude,y", *lines]).encode(), "places.csv")
    data = own_dataset(table, "y", "regression", ("Latitude", "Longitude"), "places.csv")
    visit = put(Visit(), table, data).go("predict")
    assert not [c for c in visit.at.get("plotly_chart") if "map" in c.proto.id]


@pytest.mark.parametrize("degree", [1, 2])
def test_contributions_add_up_and_a_text_is_one(degree: int) -> None:
    """All columns of a text are one bar with the text's name; bars add up to the change of the answer."""
    t = mixed(degree=degree)
    for code, name in ((0.0, "east"), (-1.0, "another one"), (nan, "missing")):
        raw = np.array([5.0, code, nan, 0.1])
        names, starts = parts_of(t, raw)
        assert names[-1] == f"f1: {name}"
        assert names[:4] == ["f0", "f2", "f3", "half"]
        assert names[-3:-1] == ["f0 missing", "f2 missing"]
        columns = t.preparation.expand(raw[None, :])[0] - t.moments.mean
        each = t.parts.values["coef"][0] * columns
        bars = np.add.reduceat(each, starts)
        assert len(bars) == len(names) == len(set(names))
        # Two orders of adding the same few terms.
        np.testing.assert_allclose(bars.sum(), each.sum(), rtol=1e-12, atol=1e-12 * np.abs(each).sum())


def test_the_chart_names_the_text_that_is_chosen() -> None:
    """The bar carries the category, and another one once that is chosen."""
    visit = opened("flats")
    assert visit.chart("pushes")["data"][0]["y"][-2:] == ["district: Südvorstadt", "balcony: yes"]
    visit.set("selectbox", "f_district", UNKNOWN)
    assert "district: another one" in visit.chart("pushes")["data"][0]["y"]


def test_a_file_without_its_table_has_a_whole_form() -> None:
    """The most frequent text and the medians stand there; gaps, ratios and unknown texts are answered."""
    file = loads(mixed_bytes())
    visit = Visit("predict")
    visit.at.session_state.opened = ("sha", file)
    visit.run()
    t = mixed()
    shares = t.preparation.texts[0].shares
    assert row(visit) == tuple(shares.index(max(shares)) if i == 1 else t.sketch[i, 10] for i in range(4))
    assert visit.widget("selectbox", "f_f1").options[-2:] == ["another one", "missing"]
    visit.set("number_input", "f_f0", None).set("selectbox", "f_f1", GAP)
    found = file.predict(np.array([row(visit)]), "original")[0]
    assert visit.metric("Original") == amount(float(found), "")
    assert visit.widget("number_input", "f_f0").proto.placeholder == (f"empty: {t.preparation.fills[0]:.6g}")


def test_another_preparation_starts_with_a_row_of_its_own() -> None:
    """A gap of one model is not carried to a model of the same columns that refuses gaps."""
    visit = opened("flats").set("number_input", "f_area_m2", None)
    assert isnan(row(visit)[0])
    visit.at.session_state.experiment = Experiment()
    visit.run()
    assert not any(map(isnan, row(visit)))
    assert visit.errors == []


def test_names_are_shown_letter_by_letter() -> None:
    """Mark-up in names of columns, categories and files is text; menus show it as it is."""
    quoted = f'"{HOSTILE} a","{HOSTILE} b",y\n'
    text = quoted + "".join(f'{i}.5,"{HOSTILE} {"uv"[i % 2]}",{i * 3 + i % 2}\n' for i in range(40))
    table = read(text.encode(), "t.csv")
    data = own_dataset(table, "y", "regression", (f"{HOSTILE} a", f"{HOSTILE} b"), HOSTILE)
    visit = put(Visit(), table, data).go("predict")
    number = visit.widget("number_input", f"f_{HOSTILE} a")
    assert number.label != f"{HOSTILE} a"
    assert unescaped(number.label) == f"{HOSTILE} a"
    menu = visit.widget("selectbox", f"f_{HOSTILE} b")
    assert menu.options[:2] == [f"{HOSTILE} u", f"{HOSTILE} v"]
    assert HOSTILE not in menu.help
    assert "<b>" not in str(visit.chart("pushes")["data"][0]["y"])
    visit.set("number_input", f"f_{HOSTILE} a", 1e6)
    assert HOSTILE not in visit.at.warning[0].value


def test_the_worst_rows_show_texts_and_gaps() -> None:
    """Categories stand in the table by name, flags as words, and what is missing is empty."""
    visit, t = opened("flats", "compare", 4), model("flats")
    visit.at.session_state.more = "Agreement"
    visit.run()
    table = visit.table("Test rows that differ most")
    X = t.rows("test")[0]
    for line in table:
        raw = X[int(line["test row"])]
        for i, feature in enumerate(t.dataset.features):
            if feature.categories:
                assert line[feature.label] == (None if isnan(raw[i]) else feature.categories[int(raw[i])])
            elif isnan(raw[i]):
                assert line[feature.label] is None or isnan(line[feature.label])
            else:
                assert line[feature.label] == raw[i]


def test_a_model_file_of_the_table_gives_the_same_page() -> None:
    """The file and the training show the same answers: nothing of the form hangs on how the model came."""
    t = model("flats")
    file = loads(encode(model_file(t, compare(t, Scheme("symmetric", 8)))))
    visit = Visit("predict")
    visit.at.session_state.opened = ("sha", file)
    visit.run()
    assert answers(visit) == said(t, row(visit))
    assert example("flats")[1].feature_names == tuple(f.name for f in file.features)
