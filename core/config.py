"""The whole setting of a result: data, training and scheme, as frozen dataclasses; JSON in and out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.datasets import DATASETS, OWN, Dataset
from core.errors import InvalidInput, shown
from core.fields import Choice, Fields, Flag, Number, Pairs, Texts, complete
from core.metrics import MAIN
from core.models import MODELS, models_for
from core.prepare import DEGREES, IMPUTES, SCALINGS, parse
from core.quant import PRESETS, Scheme, scheme_from_json

TEST_SIZE = Number(
    0.2, 0, 1, open_low=True, open_high=True, label="Test share", help="Share of the rows kept for testing."
)
SEED = Number(42, 0, 2**32 - 1, integer=True, label="Seed", help="Decides which rows are test rows.")
MODEL = Choice("linear", tuple(MODELS), "Model", "What is fitted to the rows.", listed_by="python -m core models")
SCALING = Choice(
    "standard",
    SCALINGS,
    "Scaling",
    "standard: every column of numbers gets mean 0 and standard deviation 1 before the fit. none: as it is.",
)
DEGREE = Number(1, DEGREES[0], DEGREES[-1], integer=True, label="Degree", help="2 adds all products of two.")
IMPUTE = Choice(
    "none",
    IMPUTES,
    "Missing numbers",
    "none: they are refused. median: the median of the training rows takes their place. constant: one number does.",
)
FILL = Number(0.0, -1e9, 1e9, label="Constant", help="What takes the place of a missing number, for constant.")
INDICATOR = Flag(False, "Mark missing", "Adds a column for each feature with gaps: 1 where its number was missing.")
RATIOS = Texts(20, 700, "Ratios", "Columns of numbers to divide, as a/b or name=a/b.")
FEATURES = Texts(500, 10_000, "Features", "The columns that the model may use.")
TASK = Choice("regression", tuple(MAIN), "Task", "regression: a number is predicted. classification: a class is.")

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class DataConfig:
    """Which table, which share of its rows is kept for testing, and the seed of that split.

    A user's own table is called "own" and known by the SHA-256 of its file; then the target, the features and the
    task belong to the recipe as well. Of a bundled table they are fixed, and left empty here.
    """

    dataset: str = "california_housing"
    test_size: float = 0.2
    seed: int = 42
    sha256: str = ""
    target: str = ""
    features: tuple[str, ...] = ()
    task: str = ""

    def __post_init__(self) -> None:
        """Check every field."""
        if self.dataset == OWN:
            self._check_own()
        else:
            Choice("", tuple(DATASETS)).check("dataset", self.dataset)
            for name, empty in _OF_OWN.items():
                if getattr(self, name) != empty:
                    raise InvalidInput(name, getattr(self, name), "left out beside a bundled table")
        TEST_SIZE.check("test_size", self.test_size)
        SEED.check("seed", self.seed)

    def _check_own(self) -> None:
        if not isinstance(self.sha256, str) or not _SHA256.fullmatch(self.sha256):
            raise InvalidInput("sha256", self.sha256, "64 hexadecimal digits, the SHA-256 of the table's file")
        FEATURES.check("target", (self.target,))
        object.__setattr__(self, "features", FEATURES.check("features", self.features))
        if not self.features or self.target in self.features:
            raise InvalidInput("features", list(self.features), "at least one column, and not the target")
        TASK.check("task", self.task)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON; what only an own table has is left out for others."""
        found = {"dataset": self.dataset, "test_size": self.test_size, "seed": self.seed}
        if self.dataset != OWN:
            return found
        return found | {
            "sha256": self.sha256,
            "target": self.target,
            "features": list(self.features),
            "task": self.task,
        }


_OF_OWN: Mapping[str, object] = {"sha256": "", "target": "", "features": (), "task": ""}


@dataclass(frozen=True)
class TrainConfig:
    """Which model, its hyperparameters (completed with their defaults), and how rows are prepared for it.

    `impute` says what becomes of missing numbers, `fill` is the number for "constant", `indicator` marks where they
    were; `ratios` are columns to add, as a/b or name=a/b.
    """

    model: str = "linear"
    scaling: str = "standard"
    degree: int = 1
    params: Pairs = ()
    impute: str = IMPUTE.default
    fill: float = FILL.default
    indicator: bool = INDICATOR.default
    ratios: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check every field and complete the hyperparameters."""
        MODEL.check("model", self.model)
        SCALING.check("scaling", self.scaling)
        DEGREE.check("degree", self.degree)
        object.__setattr__(self, "params", complete(self.model, hyperparameters(self.model), dict(self.params)))
        IMPUTE.check("impute", self.impute)
        object.__setattr__(self, "fill", FILL.check("fill", self.fill))
        INDICATOR.check("indicator", self.indicator)
        object.__setattr__(self, "ratios", RATIOS.check("ratios", self.ratios))
        for ratio in self.ratios:
            parse(ratio)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, with the hyperparameters as an object; of the preparation only what is not default."""
        found = {
            "model": self.model,
            "scaling": self.scaling,
            "degree": self.degree,
            "params": dict(self.params),
        }
        found |= {n: getattr(self, n) for n, f in PREPARING.items() if getattr(self, n) != f.default}
        return found | ({"ratios": list(self.ratios)} if self.ratios else {})


# Settings of the preparation that are left out wherever they have their defaults.
PREPARING: Fields = {"impute": IMPUTE, "fill": FILL, "indicator": INDICATOR}


@dataclass(frozen=True)
class Experiment:
    """Everything that makes a result; equal experiments give equal results, so it is a cache key."""

    data: DataConfig = field(default_factory=DataConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    scheme: Scheme = field(default_factory=Scheme)

    def __post_init__(self) -> None:
        """Check that the model can learn what the table asks."""
        fitting = models_for(task_of(self.data))
        if self.train.model not in fitting:
            raise InvalidInput("model", self.train.model, fitting_models(self.data))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, read back by `experiment_from_json`."""
        return {"data": self.data.to_json(), "train": self.train.to_json(), "scheme": self.scheme.to_json()}


def task_of(data: DataConfig) -> str:
    """Return what the table asks for: "regression" or "classification"."""
    return data.task if data.dataset == OWN else DATASETS[data.dataset].task


def fitting_models(data: DataConfig) -> str:
    """Return in words which models can learn what the table asks."""
    table = "this table" if data.dataset == OWN else data.dataset
    return f"{Choice('', models_for(task_of(data))).allowed} for {table}"


def own_data(dataset: Dataset, test_size: float = DataConfig.test_size, seed: int = DataConfig.seed) -> DataConfig:
    """Return the recipe of a user's own table."""
    return DataConfig(
        OWN, test_size, seed, dataset.sha256, dataset.target.name, dataset.feature_names, dataset.task
    )  # fmt: skip


def starting(dataset: Dataset) -> TrainConfig:
    """Return the settings to start with: the first model for the table's task, gaps filled where there are any."""
    numbers = [i for i, f in enumerate(dataset.features) if not f.categories]
    gaps = bool(np.isnan(dataset.X[:, numbers]).any())
    return TrainConfig(models_for(dataset.task)[0], impute="median" if gaps else IMPUTE.default)


def table_needed(sha256: str, target: str) -> InvalidInput:
    """Return the one message for a recipe of a user's own table that is not open here."""
    allowed = "a table that is open here; rows do not travel with settings, so open the file first"
    if _SHA256.fullmatch(sha256):
        allowed += f" (it predicts {shown(target)}, and its SHA-256 begins with {sha256[:12]})"
    return InvalidInput("dataset", OWN, allowed)


def hyperparameters(model: str) -> Fields:
    """Return the hyperparameters that `model` declares."""
    return MODELS[model].params


def preset_experiment(name: str) -> Experiment:
    """Return the whole setting behind a preset; raises `InvalidInput` for an unknown name."""
    if name not in PRESETS:
        raise InvalidInput("preset", name, "one of " + ", ".join(PRESETS))
    preset = PRESETS[name]
    train = TrainConfig(**dict(preset.train))  # type: ignore[arg-type]
    return Experiment(DataConfig(**dict(preset.data)), train, preset.scheme)  # type: ignore[arg-type]


def _section(name: str, data: object, allowed: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise InvalidInput(name, data, "an object with " + ", ".join(allowed))
    for key in data:
        if key not in allowed:
            raise InvalidInput(f"setting of {name}", key, "one of " + ", ".join(allowed))
    return data


def data_from_json(data: object) -> DataConfig:
    """Return the DataConfig written by `to_json`; raises `InvalidInput`."""
    own = isinstance(data, Mapping) and data.get("dataset") == OWN
    return DataConfig(**_section("data", data, ("dataset", "test_size", "seed", *(_OF_OWN if own else ()))))


def default_model(dataset: str) -> str:
    """Return the model that stands where none is named: the first one for the table's task."""
    return models_for(DATASETS[dataset].task)[0]


def train_from_json(data: object, model: str = TrainConfig.model) -> TrainConfig:
    """Return the TrainConfig written by `to_json`, of `model` where it names none; raises `InvalidInput`."""
    given = dict(_section("train", data, ("model", "scaling", "degree", "params", *PREPARING, "ratios")))
    params = given.pop("params", {})
    if not isinstance(params, Mapping):
        raise InvalidInput("params", params, "an object")
    given.setdefault("model", model)
    return TrainConfig(**given, params=tuple(params.items()))


# The flat settings of reference system 004, all of a logistic regression on the digits.
_FLAT = ("C", "solver", "max_iter", "random_state", "test_size")


def _from_flat(data: Mapping[str, Any]) -> Experiment:
    """Return the Experiment of system 004's settings: raw pixels, its seed for the split."""
    given = {name: data[name] for name in data if name in ("test_size",)}
    # Checked under the name that the file gives it.
    seed: dict[str, Any] = {}
    if "random_state" in data:
        seed["seed"] = SEED.check("random_state", data["random_state"])
    params = tuple((name, data[name]) for name in ("C", "solver", "max_iter") if name in data)
    config = TrainConfig("logistic", scaling="none", params=params)
    return Experiment(DataConfig("digits", **given, **seed), config)


def experiment_from_json(data: object) -> Experiment:
    """Return the Experiment written by `to_json`; missing sections take their defaults.

    The flat form of reference system 004 (`C`, `solver`, `max_iter`, `random_state`, `test_size`) is read too.
    """
    if isinstance(data, Mapping) and data and set(data) <= set(_FLAT):
        return _from_flat(data)
    given = _section("experiment", data, ("data", "train", "scheme"))
    table = data_from_json(given.get("data", {}))
    train = train_from_json(given.get("train", {}), models_for(task_of(table))[0])
    return Experiment(table, train, scheme_from_json(given.get("scheme", {})))
