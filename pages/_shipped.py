"""The model that comes with the program: the forest of the gallery, packed, so that nobody waits for its training."""

from __future__ import annotations

from dataclasses import replace

from core.artifact import load
from core.artifact.reopen import reopen
from core.config import DataConfig, Experiment, TrainConfig
from core.quant import default_scheme
from core.settings import ROOT
from core.train import Trained

FILE = ROOT / "core" / "gallery" / "forest.safetensors"
LABEL = "The forest that shrinks thirty-fold"
FOREST = Experiment(DataConfig(), TrainConfig("random_forest", params=(("n_estimators", 9),)), default_scheme("trees"))


def is_shipped(e: Experiment) -> bool:
    """Return whether what `e` trains is here already."""
    return (e.data, e.train) == (FOREST.data, FOREST.train)


def read() -> Trained:
    """Return the forest from its file, through all checks of the reader; how long its fit took is not known."""
    model = load(FILE)
    found = reopen(model)
    return replace(found, report=replace(found.report, joblib_bytes=model.metrics["joblib_bytes"]))
