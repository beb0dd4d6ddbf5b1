"""Search spaces as text, and where configurations stand among each other."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import DataConfig, TrainConfig
from core.errors import InvalidInput
from core.evaluate import baseline, cross_validate
from core.models import MODELS
from core.quant import Scheme
from core.train import train
from core.tune import SPACES, Range, Request
from core.tune.space import tunable
from core.tune.standing import standings
from core.tune.written import read_space, read_values, suggested, write_values

DIABETES = DataConfig("diabetes")


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("alpha", "0.01, 0.1,1", (0.01, 0.1, 1.0)),
        ("alpha", " 1e-3 to 1e3 in 7 ", Range(1e-3, 1e3, points=7)),
        ("alpha", "0 to 2 in 3 evenly", Range(0, 2, log=False, points=3)),
        ("alpha", "0.5 to 2", Range(0.5, 2)),
        ("degree", "1, 2", (1, 2)),
        ("positive", "true", (True,)),
        ("impute", "none, median", ("none", "median")),
    ],
)
def test_lists_and_ranges_are_read(name: str, text: str, values: object) -> None:
    """Commas make a list, "to" a range, "in" its points and "evenly" its steps."""
    assert read_values("ridge", name, text) == values


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("alpha", "", 'alpha must be a number from 0 to 1e+09, got ""'),
        ("alpha", "1,,2", 'alpha must be a number from 0 to 1e+09, got ""'),
        ("alpha", "small", 'alpha must be a number from 0 to 1e+09, got "small"'),
        ("alpha", "-1", "alpha must be a number from 0 to 1e+09, got -1.0"),
        ("alpha", "1 to x", 'alpha must be a number from 0 to 1e+09, got "x"'),
        ("alpha", "0 to 1", "low of alpha must be above 0 in a range of factors of ten, got 0.0"),
        ("alpha", "5 to 1", "high of alpha must be above low (5), got 1.0"),
        ("alpha", "1 to 5 in 1", "points of alpha must be a whole number from 2 to 100, got 1"),
        ("degree", "1.5", 'degree must be a whole number from 1 to 2, got "1.5"'),
        ("positive", "false to true", 'positive must be true or false, got "false to true"'),
        ("nothing", "1", "setting of ridge must be one of alpha, positive, scaling, degree, impute, fill, indicator"),
    ],
)
def test_what_cannot_be_read_is_refused(name: str, text: str, message: str) -> None:
    """The message names the setting and what came."""
    with pytest.raises(InvalidInput, match=re.escape(message)):
        read_space("ridge", {name: text})


@given(st.floats(1e-6, 1e6), st.floats(1.5, 1e6), st.booleans(), st.integers(2, 100))
def test_a_range_that_is_written_is_read_back(low: float, times: float, log: bool, points: int) -> None:
    """Reading is the inverse of writing, for every range that a penalty may have."""
    values = Range(low, min(low * times, 1e9), log=log, points=points)
    assert read_values("ridge", "alpha", write_values(values)) == values


@pytest.mark.parametrize("model", MODELS)
def test_every_setting_of_every_model_starts_with_a_text_that_can_be_read(model: str) -> None:
    """The model's own space, both answers, every word, or the value as it is."""
    train_ = TrainConfig(model)
    texts = {name: suggested(train_, name) for name in tunable(model)}
    for name, text in texts.items():
        assert read_space(model, {name: text})
    own = {name: texts[name] for name, _ in SPACES[model]}
    assert read_space(model, own) == SPACES[model]


def test_a_standing_is_cross_validation_and_the_fit_on_all_rows() -> None:
    """The same folds as `cross_validate`, the figures of `baseline`, progress that never falls and ends whole."""
    configs = (TrainConfig("ridge"), TrainConfig("lasso", params=(("alpha", 0.1),)))
    told: list[tuple[int, int, str]] = []
    found = standings([Request(DIABETES, c) for c in configs], lambda *now: told.append(now))
    for config, standing in found:
        model = train(DIABETES, config)
        cv = cross_validate(model, Scheme(), 5)["original"]
        # The same folds, models and figures: not one operation differs.
        assert (standing.mean, standing.std) == (cv["r2_mean"], cv["r2_std"])
        base = baseline(model)
        assert (standing.train, standing.test) == (base.metrics["train"]["r2"], base.metrics["test"]["r2"])
        assert standing.numbers == base.size.numbers
    assert [config for config, _ in found] == list(configs)
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert told[-1] == (12, 12, "done")
    assert (3, 12, "model 1 of 2, fold 3 of 5") in told
