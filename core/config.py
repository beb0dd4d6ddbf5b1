"""The whole setting of a result: data, training and scheme, as frozen dataclasses; JSON in and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.datasets import DATASETS
from core.errors import InvalidInput
from core.fields import Choice, Fields, Number, Pairs, complete
from core.models import MODELS, models_for
from core.prepare import DEGREES, SCALINGS
from core.quant import PRESETS, Scheme, scheme_from_json

TEST_SIZE = Number(
    0.2, 0, 1, open_low=True, open_high=True, label="Test share", help="Share of the rows kept for testing."
)
SEED = Number(42, 0, 2**32 - 1, integer=True, label="Seed", help="Decides which rows are test rows.")
SCALING = Choice(
    "standard",
    SCALINGS,
    "Scaling",
    "standard: every column gets mean 0 and standard deviation 1 before the fit. none: as it is.",
)
DEGREE = Number(1, DEGREES[0], DEGREES[-1], integer=True, label="Degree", help="2 adds all products of two.")


@dataclass(frozen=True)
class DataConfig:
    """Which table, which share of its rows is kept for testing, and the seed of that split."""

    dataset: str = "california_housing"
    test_size: float = 0.2
    seed: int = 42

    def __post_init__(self) -> None:
        """Check every field."""
        Choice("", tuple(DATASETS)).check("dataset", self.dataset)
        TEST_SIZE.check("test_size", self.test_size)
        SEED.check("seed", self.seed)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {"dataset": self.dataset, "test_size": self.test_size, "seed": self.seed}


@dataclass(frozen=True)
class TrainConfig:
    """Which model, its hyperparameters (completed with their defaults), scaling and degree."""

    model: str = "linear"
    scaling: str = "standard"
    degree: int = 1
    params: Pairs = ()

    def __post_init__(self) -> None:
        """Check every field and complete the hyperparameters."""
        Choice("", tuple(MODELS)).check("model", self.model)
        SCALING.check("scaling", self.scaling)
        DEGREE.check("degree", self.degree)
        object.__setattr__(self, "params", complete(self.model, hyperparameters(self.model), dict(self.params)))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, with the hyperparameters as an object."""
        return {
            "model": self.model,
            "scaling": self.scaling,
            "degree": self.degree,
            "params": dict(self.params),
        }


@dataclass(frozen=True)
class Experiment:
    """Everything that makes a result; equal experiments give equal results, so it is a cache key."""

    data: DataConfig = field(default_factory=DataConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    scheme: Scheme = field(default_factory=Scheme)

    def __post_init__(self) -> None:
        """Check that the model can learn what the table asks."""
        fitting = models_for(DATASETS[self.data.dataset].task)
        if self.train.model not in fitting:
            allowed = f"{Choice('', fitting).allowed} for {self.data.dataset}"
            raise InvalidInput("model", self.train.model, allowed)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, read back by `experiment_from_json`."""
        return {"data": self.data.to_json(), "train": self.train.to_json(), "scheme": self.scheme.to_json()}


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
    return DataConfig(**_section("data", data, ("dataset", "test_size", "seed")))


def default_model(dataset: str) -> str:
    """Return the model that stands where none is named: the first one for the table's task."""
    return models_for(DATASETS[dataset].task)[0]


def train_from_json(data: object, dataset: str = DataConfig.dataset) -> TrainConfig:
    """Return the TrainConfig written by `to_json`; raises `InvalidInput`."""
    given = dict(_section("train", data, ("model", "scaling", "degree", "params")))
    params = given.pop("params", {})
    if not isinstance(params, Mapping):
        raise InvalidInput("params", params, "an object")
    given.setdefault("model", default_model(dataset))
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
    train = train_from_json(given.get("train", {}), table.dataset)
    return Experiment(table, train, scheme_from_json(given.get("scheme", {})))
