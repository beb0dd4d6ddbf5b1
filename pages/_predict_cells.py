"""One value of a raw row in words: a category by its name, a flag as yes or no, nothing where it is missing."""

from __future__ import annotations

import numpy as np

from core.datasets import Feature
from core.parts import Floats
from core.prepare import Text
from core.train import Trained

ANOTHER, MISSING = "another one", "missing"


def is_word(feature: Feature) -> bool:
    """Return whether values of the feature are shown as words."""
    return bool(feature.categories) or feature.flag


def cell(feature: Feature, value: float) -> str | float | None:
    """Return what stands in a table for one value; None where it is missing."""
    if np.isnan(value):
        return None
    if feature.categories:
        return feature.categories[int(value)] if value >= 0 else ANOTHER
    if feature.flag and value in (0, 1):
        return "yes" if value else "no"
    return value


def cells(feature: Feature, values: Floats) -> list[str | float | None]:
    """Return what stands in a column of a table for the `values` (n,) of one feature."""
    return [cell(feature, value) for value in values.tolist()]


def text_of(t: Trained, i: int) -> Text | None:
    """Return what training saw of the texts of feature `i`, None for a feature of numbers."""
    return next((text for text in t.preparation.texts if text.feature == i), None)


def filled(t: Trained, i: int) -> str:
    """Return what takes the place of a missing number of feature `i`, which has something that does."""
    p = t.preparation
    what = {"median": "median ", "constant": "constant "}.get(t.config.impute if t.config else "", "")
    fill = cell(t.dataset.features[i], p.fills[p.numbers.index(i)])
    return f"{what}{fill if isinstance(fill, str) else f'{fill:.6g}'}"


def fill_words(t: Trained, i: int) -> str:
    """Return in words that something takes the place of a missing number of feature `i`."""
    what = filled(t, i)
    return f"{'the ' if what[0].isalpha() and ' ' in what else ''}{what} is filled in"
