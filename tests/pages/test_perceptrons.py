"""Perceptrons on every page: by a link, at another width, out of a file, and after a bad value."""

from __future__ import annotations

import numpy as np
import pytest

from core import families
from core.config import DataConfig, Experiment, TrainConfig
from core.permalink import from_query, to_query
from core.quant import default_scheme
from pages import _shared
from tests.pages.visit import PAGES, Visit, decoded

POINTS = Experiment(
    DataConfig("diabetes"), TrainConfig("mlp", params=(("hidden", 6), ("max_iter", 60))), default_scheme("mlp")
)  # fmt: skip
WINES = Experiment(
    DataConfig("wine"), TrainConfig("mlp_classifier", params=(("hidden", 5), ("hidden_2", 4), ("max_iter", 60))),
    default_scheme("mlp"),
)  # fmt: skip
BOTH = {"points": POINTS, "wines": WINES}


def open_at(e: Experiment, page: str = "home") -> Visit:
    """Return a visit that comes by the link of an experiment."""
    return Visit(page, **to_query(e))


@pytest.mark.parametrize("e", BOTH.values(), ids=BOTH)
def test_every_page_opens_by_a_link(e: Experiment) -> None:
    """All pages speak of the same two models, and the link stays what it was."""
    visit, c = open_at(e), _shared.comparison(e)
    for page in PAGES:
        assert visit.go(page).errors == []
        assert from_query(visit.address) == (e, ())
        if page in ("home", "quantise", "compare"):
            assert f"{c.sizes['original'].numbers:,} bytes become" in visit.finding


def test_the_error_of_each_neuron_is_drawn() -> None:
    """Five, four and three neurons: twelve bars, and words that say which layer is which."""
    visit, c = open_at(WINES), _shared.comparison(WINES)
    drawn = visit.chart("by_neuron")["data"][0]["y"]
    assert decoded(drawn) == c.by_tree.tolist()
    assert len(c.by_tree) == 12
    assert "1 to 5 are layer 1; 6 to 9 are layer 2; 10 to 12 are layer 3." in visit.words()


def test_both_models_answer_for_a_row() -> None:
    """The answers on Predict are those of the two models for the row in the form."""
    visit = open_at(POINTS, "predict")
    c, t = _shared.comparison(POINTS), _shared.trained(POINTS)
    row = np.array([[visit.widget("number_input", f"f_{name}").value for name in t.dataset.feature_names]])
    columns = t.preparation.expand(row)
    for label, parts in (("Original", c.original), ("Quantised", c.decoded)):
        assert visit.metric(label) == f"{families.predict(parts, columns)[0]:.4g} points"


def test_a_bad_value_leaves_both_models_as_they_are() -> None:
    """A number beyond all reason is refused with one message; the next good one is answered."""
    visit = open_at(POINTS, "predict")
    before = visit.finding
    visit.set("number_input", "f_bmi", 1e300)
    assert len(visit.errors) == 1
    assert visit.finding == before
    assert visit.set("number_input", "f_bmi", 30.0).errors == []


@pytest.mark.parametrize("e", BOTH.values(), ids=BOTH)
def test_a_saved_file_opens_with_its_own_numbers(e: Experiment) -> None:
    """Saved and opened again it is the same model at the same width."""
    visit = open_at(e).unfold("files_box").press("save")
    before = visit.finding
    assert visit.set("slider", "bits", 3).finding != before
    visit.press("open_saved")
    assert visit.errors == []
    assert (visit.experiment, visit.finding) == (e, before)
