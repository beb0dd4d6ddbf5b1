"""`Preparation`: everything between a raw row and the model's columns, as plain numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from core.parts import Floats, frozen

DEGREES = (1, 2)
SCALINGS = ("standard", "none")


@dataclass(frozen=True, eq=False)
class Preparation:
    """Raw features to model columns, with the training mean and standard deviation of each column.

    `mean` and `scale` have one entry a column (after the degree-2 expansion). A column that is constant
    on the training rows has scale 1. `scaling` says whether the model was trained on scaled columns.
    """

    features: tuple[str, ...]
    degree: int
    scaling: str
    mean: Floats
    scale: Floats

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        object.__setattr__(self, "mean", frozen(self.mean))
        object.__setattr__(self, "scale", frozen(self.scale))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the model's columns, in order."""
        return tuple("·".join(self.features[i] for i in term) for term in terms(len(self.features), self.degree))

    def expand(self, rows: Floats) -> Floats:
        """Return the model's unscaled columns, (n_rows, n_columns), for raw `rows` (n_rows, n_features)."""
        return expand(rows, self.degree)

    def to_json(self) -> dict[str, Any]:
        """Return the choices without the arrays."""
        return {"features": list(self.features), "degree": self.degree, "scaling": self.scaling}


def terms(n_features: int, degree: int) -> Sequence[tuple[int, ...]]:
    """Return the feature indices that are multiplied for each column, in scikit-learn's order."""
    return [t for d in range(1, degree + 1) for t in combinations_with_replacement(range(n_features), d)]


def expand(rows: Floats, degree: int) -> Floats:
    """Return all products of up to `degree` features, the features themselves first; no constant column."""
    if degree == 1:
        return rows
    return np.column_stack([rows[:, list(t)].prod(axis=1) for t in terms(rows.shape[1], degree)])


def fit(rows: Floats, features: Sequence[str], degree: int, scaling: str) -> tuple[Preparation, Floats]:
    """Return the Preparation fitted on the training `rows`, and their unscaled columns."""
    columns = expand(rows, degree)
    mean, scale = columns.mean(axis=0), columns.std(axis=0)
    # Relative to the column's size: a constant column's deviation is rounding noise, not a scale.
    constant = scale <= 1e-12 * np.maximum(np.abs(mean), 1e-300)
    scale = np.where(constant, 1.0, scale)
    return Preparation(tuple(features), degree, scaling, mean, scale), columns


def from_json(data: Mapping[str, Any], mean: Floats, scale: Floats) -> Preparation:
    """Return the Preparation written by `to_json`, with its arrays."""
    return Preparation(tuple(data["features"]), int(data["degree"]), str(data["scaling"]), mean, scale)
