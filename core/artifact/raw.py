"""The part of a file's header that says what a raw row is and how it is prepared: checked, then built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from core.config import TrainConfig
from core.datasets import Feature, Target
from core.errors import ArtifactError
from core.parts import Array
from core.prepare import MOST_CATEGORIES, Preparation, from_json, resolve

_KINDS = {"str": (str,), "float": (int, float), "int": (int,)}

# More than any table here has; they keep what a small file can unfold to within bounds.
LONGEST_WORDS = 10_000
_MOST_FEATURES, _MOST_DECIMALS = 500, 12
# Letters in the names of all parameters, each spelt out with its columns and its class.
_MOST_LETTERS = 50_000_000
_MISFIT = "the preparation does not fit the features and the training"


def _typed(kind: type[Any], data: Mapping[str, Any]) -> Any:
    """Return the dataclass `kind` made of `data`, whose words must be words and whose numbers numbers."""
    made = kind(**data)
    for field in fields(kind):
        value = getattr(made, field.name)
        if field.name in ("categories", "flag"):
            continue
        if isinstance(value, bool) or not isinstance(value, _KINDS[str(field.type)]):
            raise ArtifactError(f"the {kind.__name__.lower()}'s {field.name} is of the wrong kind")
        if isinstance(value, str) and len(value) > LONGEST_WORDS:
            raise ArtifactError(f"the {kind.__name__.lower()}'s {field.name} is too long")
    return made


def target_of(data: Mapping[str, Any]) -> Target:
    """Return the target; raises `ArtifactError`."""
    target: Target = _typed(Target, data)
    if not target.factor > 0:
        raise ArtifactError("the target's factor is not above zero")
    return target


def _feature(data: Mapping[str, Any]) -> Feature:
    made: Feature = _typed(Feature, data)
    if not isinstance(made.flag, bool) or (made.flag and made.categories):
        raise ArtifactError("the feature's flag is of the wrong kind")
    if "categories" not in data:
        return made
    found: Any = made.categories
    fits = isinstance(found, list) and all(isinstance(c, str) and len(c) <= LONGEST_WORDS for c in found)
    if not fits or not 1 <= len(set(found)) == len(found) <= MOST_CATEGORIES:
        raise ArtifactError("the categories of a feature are not different texts, or there are too many")
    return replace(made, categories=tuple(found))


def features_of(listed: list[Any], sketch: Array) -> tuple[Feature, ...]:
    """Return the features, whose ranges are those of the `sketch` (n_features, 21); raises `ArtifactError`."""
    features = tuple(_feature(data) for data in listed)
    if not 1 <= len({f.name for f in features}) == len(features) <= _MOST_FEATURES:
        raise ArtifactError("the features do not have names of their own, or there are too many")
    if any(not 0 <= f.decimals <= _MOST_DECIMALS for f in features):
        raise ArtifactError("a feature's decimals are out of range")
    ends = [(f.low, f.high) for f in features]
    if sketch.shape != (len(features), 21) or (np.diff(sketch, axis=1) < 0).any():
        raise ArtifactError("the sketch of the features does not fit them")
    if not np.array_equal(sketch[:, [0, -1]], ends):
        raise ArtifactError("the range of a feature is not that of its sketch")
    for f, codes in zip(features, sketch, strict=True):
        if f.categories and not np.isin(codes, np.arange(len(f.categories))).all():
            raise ArtifactError("the sketch of a text holds something else than numbers of its categories")
    return features


def preparation_of(
    data: Mapping[str, Any], mean: Array, scale: Array, features: tuple[Feature, ...], config: TrainConfig | None
) -> Preparation:
    """Return the preparation, which must be the one that `config` asks for on such features; raises `ArtifactError`."""
    made = from_json(data, mean, scale)
    recipe = config or TrainConfig(scaling="none")
    names = tuple(f.name for f in features)
    texts = [(i, f.categories) for i, f in enumerate(features) if f.categories]
    if (made.features, made.degree, made.scaling) != (names, recipe.degree, recipe.scaling):
        raise ArtifactError(_MISFIT)
    if [(t.feature, t.categories) for t in made.texts] != texts:
        raise ArtifactError(_MISFIT)
    _check_missing(made, recipe)
    unfitted = tuple(replace(ratio, fill=0.0) for ratio in made.ratios)
    if unfitted != resolve(recipe.ratios, made.number_names):
        raise ArtifactError(_MISFIT)
    # Counted before they are spelt out: there are quadratically many.
    if mean.shape != (made.n_columns,) or (scale <= 0).any():
        raise ArtifactError("the preparation's scaling does not fit its columns")
    return made


def _check_missing(made: Preparation, recipe: TrainConfig) -> None:
    """Raise `ArtifactError` for shares that are none, and for fills that the recipe does not give."""
    p, filling = len(made.features), recipe.impute != "none"
    missing = np.array(made.missing or (0.0,) * p)
    if missing.shape != (p,) or not ((missing >= 0) & (missing <= 1)).all() or (made.missing and not missing.any()):
        raise ArtifactError("the shares of missing values are impossible")
    for text in made.texts:
        shares = np.array(text.shares)
        whole = abs(shares.sum() + missing[text.feature] - 1) <= 1e-9
        if shares.shape != (len(text.categories),) or (shares < 0).any() or not whole:
            raise ArtifactError("the shares of a text's categories are impossible")
    fills = len(made.numbers) if filling else 0
    constant = recipe.impute == "constant" and any(value != recipe.fill for value in made.fills)
    if len(made.fills) != fills or constant or made.indicator != (filling and recipe.indicator):
        raise ArtifactError(_MISFIT)
    if not filling and missing[list(made.numbers)].any():
        raise ArtifactError("numbers were missing in training, and nothing fills them")


def check_letters(made: Preparation, classes: list[str]) -> None:
    """Raise `ArtifactError` where the names of all parameters, spelt out, would fill the memory.

    Of p names with n letters in all, degree 2 makes p(p + 3)/2 columns, in which each name occurs p + 2 times.
    """
    base = [*made.number_names, *(ratio.name for ratio in made.ratios)]
    letters = sum(len(name) for name in base)
    spelt = letters if made.degree == 1 else (len(base) + 2) * letters
    spelt += sum(len(made.features[i]) for i in made.marked)
    for text in made.texts:
        name = len(made.features[text.feature])
        spelt += name * made.gap_column(text) + sum(name + len(text.categories[code]) for code in text.seen)
    rows = len(classes) if len(classes) > 2 else 1
    if rows * spelt + made.n_columns * sum(len(c) for c in classes) > _MOST_LETTERS:
        raise ArtifactError("the names of features and classes are too long for so many of them")
