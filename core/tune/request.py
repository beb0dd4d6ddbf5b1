"""What is asked: a table, a model, a search; plain data that can be sent to a worker."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.config import SEED, DataConfig, Experiment, TrainConfig, own_data, table_needed
from core.datasets import OWN, Dataset, load, split
from core.errors import InvalidInput
from core.fields import Choice, Number
from core.parts import Floats
from core.prepare import check_missing
from core.tune.space import MAX_CANDIDATES, Space, checked, default_space

SEARCHES = {
    "grid": "Every combination of the values.",
    "random": "Combinations drawn at random; ranges are drawn from as a whole.",
    "halving": "Many random combinations on few rows; the best third goes on, on three times as many.",
}
SEARCH = Choice("grid", tuple(SEARCHES), "Search", "Which combinations are tried.")
CANDIDATES = Number(20, 2, MAX_CANDIDATES, integer=True, label="Candidates", help="How many combinations are drawn.")
FOLDS = Number(5, 2, 20, integer=True, label="Folds", help="In how many parts the training rows are cut.")


@dataclass(frozen=True, eq=False)
class Rows:
    """The training rows `X` (n, n_features) and targets `y` (n,) of a table, and what they mean."""

    dataset: Dataset
    X: Floats
    y: Floats


@dataclass(frozen=True)
class Request:
    """Which table, which model, and into how many folds its training rows are cut.

    `table` holds the rows of a user's own table, which `data` describes. The folds are those of
    `evaluate.cross_validate`; without `shuffle` they are cut as the rows come, which is in random order too, as the
    split drew them: scikit-learn's `cv=5`.
    """

    data: DataConfig = field(default_factory=DataConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    table: Dataset | None = None
    folds: int = 5
    shuffle: bool = True

    def __post_init__(self) -> None:
        """Check that table and model fit each other."""
        FOLDS.check("folds", self.folds)
        Experiment(self.data, self.train)

    def rows(self) -> Rows:
        """Return the training rows; raises `InvalidInput` when they are not at hand or not what `data` describes."""
        if self.data.dataset != OWN:
            dataset = load(self.data.dataset)
        elif self.table is None:
            raise table_needed(self.data.sha256, self.data.target)
        elif own_data(self.table, self.data.test_size, self.data.seed) != self.data:
            raise InvalidInput("dataset", self.table.label, "the table that the settings describe")
        else:
            dataset = self.table
        check_missing(dataset.X, dataset.feature_names, dataset.categories, self.train.impute)
        index = split(dataset, self.data.test_size, self.data.seed)[0]
        rows = Rows(dataset, dataset.X[index], dataset.y[index])
        smallest = int(np.bincount(rows.y.astype(np.intp)).min()) if dataset.classes else len(rows.y) // 2
        most = max(min(int(FOLDS.high), smallest), 2)
        if self.folds > smallest:
            allowed = f"a whole number from 2 to {most}, with rows of every kind in each fold"
            raise InvalidInput("folds", self.folds, allowed)
        return rows

    def cut(self, rows: Rows) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Return for each fold the numbers of the rows to fit on, and of those to score."""
        from sklearn.model_selection import KFold, StratifiedKFold

        kind = StratifiedKFold if rows.dataset.classes else KFold
        seed = self.data.seed if self.shuffle else None
        return list(kind(self.folds, shuffle=self.shuffle, random_state=seed).split(rows.X, rows.y))


@dataclass(frozen=True)
class TuneRequest(Request):
    """A search for the best settings of a model; what is not in `space` (by default the model's) stays as in `train`.

    A grid tries every combination; the others draw `candidates` by `seed`.
    """

    space: Space = ()
    search: str = SEARCH.default
    candidates: int = 20
    seed: int = 42

    def __post_init__(self) -> None:
        """Check every field."""
        super().__post_init__()
        SEARCH.check("search", self.search)
        CANDIDATES.check("candidates", self.candidates)
        SEED.check("seed", self.seed)
        model = self.train.model
        object.__setattr__(self, "space", checked(model, self.space) if self.space else default_space(model))


def with_settings(config: TrainConfig, given: dict[str, Any]) -> TrainConfig:
    """Return `config` with some settings changed, hyperparameters and those of the preparation alike."""
    own = {name: value for name, value in given.items() if hasattr(config, name)}
    rest = {name: value for name, value in given.items() if name not in own}
    return replace(config, **own, params=tuple({**dict(config.params), **rest}.items()))
