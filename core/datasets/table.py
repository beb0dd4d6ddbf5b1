"""`Dataset`: a table with its meaning: units, words, ranges, source and checksum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.parts import Floats, frozen


@dataclass(frozen=True)
class Feature:
    """One column: its name in the table, its unit, what it means, how many decimals make sense.

    `per` is one unit in the singular, for "dollars per …".
    """

    name: str
    label: str
    unit: str
    per: str
    meaning: str
    low: float
    high: float
    decimals: int = 2


@dataclass(frozen=True)
class Target:
    """What is predicted. One unit of the table is `factor` units of `unit` on screen."""

    name: str
    label: str
    unit: str
    factor: float
    meaning: str

    @property
    def table_unit(self) -> str:
        """What 1 in the table stands for: "$100,000"."""
        return f"{self.unit}{self.factor:,.0f}" if self.unit == "$" else f"{self.factor:g} {self.unit}"


@dataclass(frozen=True)
class Place:
    """A named row to try a prediction on."""

    name: str
    row: int


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table `X` (n_rows, n_features) with its target `y` (n_rows,), read-only."""

    name: str
    label: str
    task: str
    features: tuple[Feature, ...]
    target: Target
    X: Floats
    y: Floats
    source: str
    licence: str
    sha256: str
    places: tuple[Place, ...] = ()

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        object.__setattr__(self, "X", frozen(self.X))
        object.__setattr__(self, "y", frozen(self.y))

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(f.name for f in self.features)


@lru_cache(maxsize=32)
def split(n_rows: int, test_size: float, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the row numbers of the training and the test part, in scikit-learn's order, read-only."""
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(np.arange(n_rows), test_size=test_size, random_state=seed)
    train.setflags(write=False)
    test.setflags(write=False)
    return train, test
