"""Missing numbers: what stands in their place, and how many there were on the training rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.errors import InvalidInput, shown
from core.parts import Floats

IMPUTES = ("none", "median", "constant")


def median_of(values: Floats) -> float:
    """Return the median of the finite `values` (n,); 0 where there is none, so that the column is constant."""
    found = values[np.isfinite(values)]
    return float(np.median(found)) if found.size else 0.0


def fills_of(numbers: Floats, impute: str, constant: float) -> tuple[float, ...]:
    """Return what stands for a missing value in each column of `numbers` (n, p); nothing when none may be missing."""
    if impute == "none":
        return ()
    return tuple(median_of(column) if impute == "median" else constant for column in numbers.T)


def filled(numbers: Floats, fills: Sequence[float]) -> Floats:
    """Return `numbers` (n, p) with the gaps of each column filled by its number in `fills`, if there are any."""
    return np.where(np.isnan(numbers), fills, numbers) if fills else numbers


def missing_of(rows: Floats) -> tuple[float, ...]:
    """Return the share of missing values of each column of `rows` (n, p); nothing when no value is missing."""
    gaps = np.isnan(rows)
    return tuple(gaps.mean(axis=0).tolist()) if gaps.any() else ()


def check_missing(rows: Floats, names: Sequence[str], categories: Sequence[Sequence[str]], impute: str) -> None:
    """Raise `InvalidInput` when numbers are missing in `rows` (n, p) and nothing is to be put in their place.

    A missing text needs nothing: it is no category.
    """
    if impute != "none":
        return
    gaps = np.isnan(rows).sum(axis=0)
    if categories:
        gaps[[bool(c) for c in categories]] = 0
    if gaps.any():
        first = int(np.argmax(gaps > 0))
        counted = f"{gaps[first]:,} missing in {shown(names[first])}"
        more = int((gaps > 0).sum()) - 1
        counted += f" and more in {more} other column{'s' if more > 1 else ''}" if more else ""
        raise InvalidInput("impute", "none", f"median or constant where numbers are missing ({counted})")
