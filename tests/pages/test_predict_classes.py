"""The Predict page on data sets of every kind: what it shows, loading, the class chooser, out of range."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core import families
from core.config import DataConfig, TrainConfig
from core.datasets import split
from core.evaluate import compare, model_file
from core.quant import Scheme
from core.train import train
from pages import _predict_classes
from tests.pages.predict_page import CLASSES, both, finding, keys, metrics, opened, whole


@pytest.mark.parametrize("dataset", CLASSES)
def test_a_fresh_page_is_complete(dataset: str) -> None:
    """The first test row stands there, with both models' answers as `core` gives them, and the true class."""
    at = opened(dataset)
    t = train(DataConfig(dataset), TrainConfig("logistic"))
    X, y = t.rows("test")
    before, after = both(t, 8, X[0])
    name = t.dataset.classes[before.argmax()]
    shown = [_predict_classes.percent(p.max()) for p in (after, before)]
    assert finding(at) == (
        f"**8 bits, symmetric:** both models say **{name}**, the quantised one with :orange[{shown[0]}], the original "
        f"with :blue[{shown[1]}]."
    )
    assert metrics(at)["Original"] == metrics(at)["Quantised"] == name
    assert metrics(at)["True class"] == t.dataset.classes[int(y[0])]
    assert at.session_state.district == tuple(X[0])
    assert keys(at, "plotly_chart") >= {"probabilities"}
    assert ("pad" in keys(at, "bidi_component")) == (dataset == "digits")


@pytest.mark.parametrize("dataset", ["california_housing", "diabetes", *CLASSES])
def test_a_model_from_outside_has_no_rows_to_load(dataset: str) -> None:
    """Without rows nothing can be loaded; the form starts in the middle of what was seen in training."""
    t = train(DataConfig(dataset), TrainConfig("logistic" if dataset in CLASSES else "linear"))
    model = replace(model_file(t, compare(t, Scheme())), data=None, config=None)
    at = opened(dataset)
    at.session_state.opened = ("own", model)
    whole(at.run())
    assert "random" not in {b.key for b in at.button}
    assert {"place", "example"}.isdisjoint(s.key for s in at.selectbox)
    assert "map" not in keys(at, "plotly_chart")
    assert at.session_state.district == tuple(t.sketch[:, 10])
    assert metrics(at)["True class" if dataset in CLASSES else "True value"] == "–"
    assert ("pad" in keys(at, "bidi_component")) == (dataset == "digits")


@pytest.mark.parametrize("dataset", ["diabetes", *CLASSES])
def test_without_places_there_is_no_map_and_no_place(dataset: str) -> None:
    """Only California has places; a random test row is there for all."""
    at = opened(dataset)
    assert "place" not in {s.key for s in at.selectbox}
    assert "map" not in keys(at, "plotly_chart")
    before = at.session_state.district
    for _ in range(3):
        whole(at.button(key="random").click().run())
    data = train(DataConfig(dataset), TrainConfig("logistic" if dataset in CLASSES else "linear")).dataset
    test = split(data, 0.2, 42)[1]
    assert at.session_state.district_row in test
    assert at.session_state.district == tuple(data.X[at.session_state.district_row])
    assert len(before) == len(data.features)


def test_diabetes_answers_in_points() -> None:
    """A regression without places shows values in its unit, and what pushes them."""
    at = opened("diabetes")
    assert "points less than :blue[" in finding(at) or "points more than :blue[" in finding(at)
    assert metrics(at)["Original"].endswith(" points")
    assert keys(at, "plotly_chart") == {"pushes"}


def test_california_keeps_place_random_and_map() -> None:
    """California's page has its place, its map and its form."""
    at = opened("california_housing")
    assert keys(at, "plotly_chart") == {"pushes", "map"}
    assert "test_row" not in {n.key for n in at.number_input}
    whole(at.selectbox(key="place").select(2).run())
    assert at.number_input(key="f_Latitude").value == pytest.approx(32.7, abs=0.2)
    whole(at.number_input(key="f_MedInc").set_value(40.0).run())
    assert metrics(at)["True value"] == "–"
    assert at.warning[0].value.startswith("Median income 40 lies outside 0.4999 to 15")


def test_examples_and_test_rows_load_and_agree() -> None:
    """An example of a class is a test row of it; the number chosen is the row shown; both choosers follow."""
    at = opened()
    t = train(DataConfig("digits"), TrainConfig("logistic"))
    X, y = t.rows("test")
    whole(at.selectbox(key="example").select(7).run())
    assert metrics(at)["True class"] == "7"
    number = at.number_input(key="test_row").value
    assert y[number] == 7
    assert at.session_state.district == tuple(X[number])
    whole(at.number_input(key="test_row").set_value(359).run())
    assert at.session_state.district == tuple(X[359])
    assert at.selectbox(key="example").value is None


def test_the_class_chooser_follows_or_stays() -> None:
    """The pushes are those towards the likeliest class, until another is chosen; a smaller data set takes it back."""
    at = opened()
    said = metrics(at)["Original"]
    assert f"Towards {said} and away from the average class" in at.caption[1].value
    whole(at.selectbox(key="class_shown").select(8).run())
    assert "Towards 8 and away" in at.caption[1].value
    at.session_state.experiment = replace(
        at.session_state.experiment, data=DataConfig("wine"), train=TrainConfig("logistic")
    )
    whole(at.run())
    assert at.selectbox(key="class_shown").value == _predict_classes.FOLLOW
    assert "Towards cultivar" in at.caption[0].value


def test_fewer_bits_change_the_quantised_answer_alone() -> None:
    """At one bit the models disagree and the sentence says so; the original is as it was."""
    first = metrics(opened())["Original"]
    at = opened(bits=1)
    assert metrics(at)["Original"] == first
    assert metrics(at)["Quantised"] != first
    assert "the models disagree: the quantised one says :orange[" in finding(at)


def test_a_feature_outside_its_range_is_named() -> None:
    """A value beyond the training rows is named with the range; the true class is not known any more."""
    at = opened("wine")
    whole(at.number_input(key="f_alcohol").set_value(40.0).run())
    assert at.warning[0].value.startswith("Alcohol 40 lies outside ")
    assert metrics(at)["True class"] == "–"


def test_values_beyond_all_measure_get_a_message() -> None:
    """A value whose square is infinite is refused by name, and the form stays to correct it."""
    at = opened("wine", degree="2")
    whole(at.number_input(key="f_alcohol").set_value(1e200).run())
    assert [e.value.replace("\\", "") for e in at.error] == [
        "Alcohol must be a number from -1e+09 to 1e+09, got 1e+200"
    ]
    whole(at.number_input(key="f_alcohol").set_value(13.0).run())
    assert not at.error


@pytest.mark.parametrize(
    ("p", "shown"),
    [(0.0, "< 0.01 %"), (1e-9, "< 0.01 %"), (0.00005, "0.01 %"), (0.98213, "98.21 %"), (0.999949, "99.99 %"),
     (0.99999, "> 99.99 %"), (1.0, "> 99.99 %")],
)  # fmt: skip
def test_percent_never_claims_certainty(p: float, shown: str) -> None:
    """Probabilities near 0 and 1 are shown as near them."""
    assert _predict_classes.percent(p) == shown


@pytest.mark.parametrize("dataset", CLASSES)
@pytest.mark.parametrize("degree", [1, 2])
def test_pushes_add_up_to_the_change_of_the_log_odds(dataset: str, degree: int) -> None:
    """Contributions towards a class sum to its log-odds against the others, relative to the average row."""
    if (dataset, degree) == ("digits", 2):
        pytest.skip("2,144 columns take too long to train")
    t = train(DataConfig(dataset), TrainConfig("logistic", degree=degree))
    X = t.columns("test")[0][:5]
    rows = np.vstack([X, t.moments.mean])
    for chosen in range(len(t.dataset.classes)):
        logs = np.log(families.outputs(t.parts, rows))
        other = logs[:, 1 - chosen] if len(t.dataset.classes) == 2 else logs.mean(axis=1)
        odds = logs[:, chosen] - other
        pushed = (X - t.moments.mean) @ _predict_classes.weights(t.parts, chosen)
        np.testing.assert_allclose(pushed, odds[:-1] - odds[-1], atol=1e-6)


def test_products_are_shared_equally() -> None:
    """Of degree 2 each product counts half for each of its pixels, and nothing is lost."""
    columns = np.arange(1.0, 6.0)  # a, b, a², ab, b²
    assert _predict_classes.by_feature(columns, 2, 2).tolist() == [1 + 3 + 2, 2 + 5 + 2]
