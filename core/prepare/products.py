"""Degree 2: the products of two columns of numbers, beside the columns themselves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np

from core.parts import Floats

DEGREES = (1, 2)


def count(n_features: int, degree: int) -> int:
    """Return how many columns there will be, without listing them: p, or p(p + 3)/2 for degree 2."""
    return n_features if degree == 1 else n_features * (n_features + 3) // 2


def terms(n_features: int, degree: int) -> Sequence[tuple[int, ...]]:
    """Return the feature indices that are multiplied for each column, in scikit-learn's order."""
    return [t for d in range(1, degree + 1) for t in combinations_with_replacement(range(n_features), d)]


def expand(rows: Floats, degree: int) -> Floats:
    """Return all products of up to `degree` features, the features themselves first; no constant column."""
    if degree == 1 or not rows.shape[1]:
        return rows
    return np.column_stack([rows[:, list(t)].prod(axis=1) for t in terms(rows.shape[1], degree)])
