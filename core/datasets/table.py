"""`Dataset`: a table with its meaning: units, words, ranges, source and checksum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.memo import beside
from core.parts import Floats, frozen, rebuild

# The name of a user's own table, whose rows are only at hand while it is open.
OWN = "own"

# Fewer rows than this on either side make no figure worth showing.
MIN_ROWS = 2


@dataclass(frozen=True)
class Feature:
    """One column: its name in the table, its unit, what it means, how many decimals make sense.

    `per` is one unit in the singular, for "dollars per …". A feature with `categories` is text: in a row stands
    the number of its category, from 0. A `flag` is true or false: in a row stands 1 or 0.
    """

    name: str
    label: str
    unit: str
    per: str
    meaning: str
    low: float
    high: float
    decimals: int = 2
    categories: tuple[str, ...] = ()
    flag: bool = False


def decimals_of(low: float, high: float) -> int:
    """Return how many decimals give four significant digits of a feature's range."""
    return int(np.clip(4 - np.ceil(np.log10(max(high - low, 1e-8))), 0, 8))


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
        if self.unit == "$":
            return f"{self.unit}{self.factor:,.0f}"
        return self.unit if self.factor == 1 else f"{self.factor:g} {self.unit}".strip()


@dataclass(frozen=True)
class Place:
    """A named row to try a prediction on."""

    name: str
    row: int


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table `X` (n_rows, n_features) with its target `y` (n_rows,), read-only.

    A missing value in `X` is NaN; the number of a category may also be -1, for a text that is none of them.
    For classification `y` holds the numbers of the `classes`, from 0.
    """

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
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        object.__setattr__(self, "X", frozen(self.X))
        object.__setattr__(self, "y", frozen(self.y))

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        """Return how a copy is made in another process."""
        return rebuild(self)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(f.name for f in self.features)

    @property
    def categories(self) -> tuple[tuple[str, ...], ...]:
        """The categories of each feature, none for numbers; nothing at all when every feature is one of numbers."""
        return tuple(f.categories for f in self.features) if any(f.categories for f in self.features) else ()


Split = tuple[NDArray[np.intp], NDArray[np.intp]]


@beside(most=8)
def split(dataset: Dataset, test_size: float, seed: int) -> Split:
    """Return the row numbers of the training and the test part, in scikit-learn's order, read-only.

    Classes keep their shares in both parts. Raises `InvalidInput` when a part cannot hold two rows, or one of
    each class.
    """
    from sklearn.model_selection import train_test_split

    n_rows, n_classes = len(dataset.y), len(dataset.classes)
    least = max(MIN_ROWS, n_classes)
    n_test = int(np.ceil(test_size * n_rows))
    if min(n_test, n_rows - n_test) < least:
        raise InvalidInput("test_size", test_size, f"a share that leaves {least} rows on either side")
    stratify = dataset.y if n_classes else None
    parts = train_test_split(np.arange(n_rows), test_size=test_size, random_state=seed, stratify=stratify)
    train, test = (frozen(part) for part in parts)
    return train, test
