"""The pair of models behind a recipe on a bundled table, and the one that is there without any file."""

from __future__ import annotations

from functools import lru_cache

from core.artifact import Model
from core.config import DataConfig, Experiment, TrainConfig
from core.cost import QUICK, seconds_to_fit
from core.datasets import OWN, load
from core.errors import InvalidInput
from core.evaluate import compare, model_file
from core.train import Trained, train


@lru_cache(maxsize=16)
def trained(data: DataConfig, config: TrainConfig) -> Trained:
    """Return the trained model of a recipe; the latest ones are kept."""
    return train(data, config)


def check_quick(data: DataConfig, config: TrainConfig) -> None:
    """Raise `InvalidInput` for a recipe that would hold up others: trained at once is only what is quick."""
    if data.dataset == OWN:
        return  # its rows are not here, which `train` says
    seconds = seconds_to_fit(load(data.dataset), data, config)
    if seconds > QUICK:
        allowed = (
            f"a recipe that is trained within {QUICK:g} s at worst, and this one may take {seconds:,.0f} s: train it "
            "on the page or on the command line, save it, and name the saved model"
        )
        raise InvalidInput("train", config.model, allowed)


def pair(e: Experiment, label: str = "") -> Model:
    """Return the contents of a file with the model of `e` and its quantised twin; raises `InvalidInput`."""
    check_quick(e.data, e.train)
    found = trained(e.data, e.train)
    return model_file(found, compare(found, e.scheme), label)


@lru_cache(maxsize=1)
def default() -> Model:
    """Return the default model with its twin: what the first page shows."""
    return pair(Experiment(), "default")
