"""The address: a copied link shows the same numbers, for ever, to whoever opens it."""

from __future__ import annotations

from typing import Any

import pytest

from core.config import DataConfig, Experiment, TrainConfig, preset_experiment
from core.permalink import to_query
from core.quant import PRESETS, Scheme
from tests.pages.visit import PAGES, Visit

OFFSET = (("zero_point", "offset"),)

SETTINGS = [
    Experiment(),
    Experiment(scheme=Scheme("asymmetric", 1)),
    Experiment(scheme=Scheme("window", 16, params=(("width", 0.2),))),
    Experiment(scheme=Scheme("auto", 3, space="raw", intercept="keep")),
    Experiment(scheme=Scheme("asymmetric", 5, scale="output", intercept="same-grid", params=OFFSET)),
    Experiment(scheme=Scheme("symmetric", 7, space="raw", scale="mse", intercept="quantised")),
    Experiment(DataConfig(test_size=0.35, seed=7)),
    Experiment(DataConfig(test_size=0.1 + 0.2, seed=4294967295), TrainConfig("ridge", "none", 2, (("alpha", 2.5),))),
    Experiment(train=TrainConfig("lasso", params=(("alpha", 1e-3), ("positive", True), ("max_iter", 777)))),
    Experiment(train=TrainConfig("elastic_net", "none", 1, (("alpha", 0.125), ("l1_ratio", 0.01)))),
    Experiment(DataConfig(test_size=0.9), TrainConfig(degree=2), Scheme("auto", 12)),
    Experiment(DataConfig(test_size=0.0003, seed=1), TrainConfig("ridge", params=(("alpha", 1e9),)), Scheme(bits=2)),
    *[preset_experiment(name) for name in PRESETS],
]


@pytest.mark.parametrize("e", SETTINGS)
def test_a_copied_link_shows_the_same_page(e: Experiment) -> None:
    """The address that the app writes for a setting brings a fresh visitor to that setting and its every number."""
    first = Visit()
    first.at.session_state.experiment = e
    first.run()
    address = first.address
    assert address == to_query(e)
    assert all(isinstance(v, str) for v in address.values())
    for page in ("home", "train", "compare", "predict"):
        fresh = Visit(page, **address)
        assert fresh.errors == []
        assert fresh.experiment == e
        assert fresh.address == address
        assert fresh.shot() == first.go(page).shot()


@pytest.mark.parametrize(
    ("query", "finding"),
    [
        (
            {"v": "1", "dataset": "california_housing", "model": "linear", "method": "symmetric", "bits": "8"},
            "**8 bits, symmetric:** :orange[R² 0.5763] against :blue[0.5758] on 4,128 test rows, "
            "no evidence of a difference; 72 bytes become 16, and 32 for the scaling.",
        ),
        (
            {"v": "1", "model": "linear", "scaling": "none", "method": "window", "bits": "8", "space": "raw",
             "intercept": "quantised", "width": "0.05"},
            "**8 bits, window:** :orange[R² 0.4854] against :blue[0.5758] on 4,128 test rows, measurably worse; "
            "72 bytes become 81.",
        ),
        (
            {"v": "1", "model": "linear", "scaling": "none", "method": "asymmetric", "bits": "8", "space": "raw",
             "intercept": "same-grid", "zero_point": "offset"},
            "**8 bits, asymmetric:** :orange[R² −4,190] against :blue[0.5758] on 4,128 test rows, measurably worse; "
            "72 bytes become 17.",
        ),
        (
            {"bits": "4"},
            "**4 bits, symmetric:** :orange[R² 0.5439] against :blue[0.5758] on 4,128 test rows, measurably worse; "
            "72 bytes become 12, and 32 for the scaling.",
        ),
    ],
)  # fmt: skip
def test_links_of_version_1_keep_their_meaning(query: dict[str, Any], finding: str) -> None:
    """Addresses that were copied long ago say the same, whatever becomes a default later."""
    visit = Visit(**query)
    assert visit.errors == []
    assert visit.finding == finding


def test_the_order_of_the_address_does_not_matter() -> None:
    """Settings may come in any order and with their defaults spelt out."""
    e = SETTINGS[4]
    address = to_query(e) | {"seed": "42", "test_size": "0.2", "positive": "false", "rounding": "nearest"}
    assert Visit(**dict(reversed(address.items()))).shot() == Visit(**to_query(e)).shot()


@pytest.mark.parametrize("page", PAGES)
def test_the_address_is_the_same_on_every_page(page: str) -> None:
    """Going from page to page changes no setting."""
    visit = Visit(bits="5", method="asymmetric", model="ridge")
    address = visit.address
    assert visit.go(page).address == address
    assert visit.run().address == address


def test_the_settings_of_a_visit_outlive_its_address() -> None:
    """An address that someone edits while the page is open is not read half-way: the visit goes on."""
    visit = Visit(bits="5")
    visit.at.query_params["bits"] = "3"
    visit.run()
    assert visit.experiment.scheme.bits == 5
    assert visit.address["bits"] == "5"
