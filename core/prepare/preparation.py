"""`Preparation`: everything between a raw row and the model's columns, fitted on the training rows only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from core.errors import InvalidInput
from core.parts import Floats, frozen, rebuild
from core.prepare import gaps, products, ratios, texts
from core.prepare.ratios import Ratio
from core.prepare.texts import MOST_CATEGORIES, Text

SCALINGS = ("standard", "none")

# A Gram matrix of so many columns takes 50 MB, and a table of so many values 200 MB; a fit needs a few of each.
MOST_COLUMNS = 2_500
MOST_VALUES = 25_000_000

REACH = "numbers that are small enough to be squared: 64 bits hold no square of 1e155"


@dataclass(frozen=True, eq=False)
class Preparation:
    """Raw features to model columns, with the training mean and standard deviation of each column.

    The columns, in order: the numbers, gaps filled; the `ratios`; for degree 2 all products of two of these; then
    the flags, columns of 0 and 1: "missing" for the numbers, and the categories of each text. A product with a
    flag is left out: of one text's categories it is always 0, of a flag with itself the flag.

    `mean` and `scale` have one entry a column. A column that is constant on the training rows has scale 1.
    `scaling` says whether the model was trained on scaled columns; flags are never scaled. `missing` has the share
    of missing values of each feature on the training rows, or nothing when none was missing; `fills` what stands
    for a missing number of each feature of numbers, or nothing when it is refused.
    """

    features: tuple[str, ...]
    degree: int
    scaling: str
    mean: Floats
    scale: Floats
    texts: tuple[Text, ...] = ()
    missing: tuple[float, ...] = ()
    fills: tuple[float, ...] = ()
    indicator: bool = False
    ratios: tuple[Ratio, ...] = ()

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        object.__setattr__(self, "mean", frozen(self.mean))
        object.__setattr__(self, "scale", frozen(self.scale))

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        """Return how a copy is made in another process."""
        return rebuild(self)

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The indices of the features that are numbers."""
        words = {text.feature for text in self.texts}
        return tuple(i for i in range(len(self.features)) if i not in words)

    @cached_property
    def number_names(self) -> tuple[str, ...]:
        """The names of the features that are numbers."""
        return tuple(self.features[i] for i in self.numbers)

    @cached_property
    def marked(self) -> tuple[int, ...]:
        """The indices of the numbers with a column that says where they were missing."""
        return tuple(i for i in self.numbers if self.missing and self.missing[i] > 0) if self.indicator else ()

    def gap_column(self, text: Text) -> bool:
        """Return whether a missing text is one of the columns: when it was missing on a training row."""
        return bool(self.missing) and self.missing[text.feature] > 0

    @cached_property
    def may_miss(self) -> tuple[bool, ...]:
        """Whether a value of each feature may be missing: a text always, a number where it is filled."""
        numbers = set(self.numbers)
        return tuple(bool(self.fills) or i not in numbers for i in range(len(self.features)))

    @cached_property
    def codes(self) -> tuple[Mapping[str, int], ...]:
        """For each feature the number of each text that was seen in training; nothing for numbers."""
        found = {t.feature: {t.categories[code]: code for code in t.seen} for t in self.texts}
        return tuple(MappingProxyType(found.get(i, {})) for i in range(len(self.features)))

    @property
    def learns(self) -> bool:
        """Return whether more than the scaling was learnt from the training rows: what fills gaps, or categories."""
        return bool(self.texts or self.fills or self.ratios)

    @property
    def n_flags(self) -> int:
        """How many columns, the last ones, hold only 0 and 1."""
        return len(self.marked) + sum(len(text.seen) + self.gap_column(text) for text in self.texts)

    @property
    def n_columns(self) -> int:
        """How many columns the model has, counted without listing them: there are quadratically many."""
        return products.count(len(self.numbers) + len(self.ratios), self.degree) + self.n_flags

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the model's columns, in order."""
        base = [*self.number_names, *(ratio.name for ratio in self.ratios)]
        names = ["·".join(base[i] for i in term) for term in products.terms(len(base), self.degree)]
        names += [f"{self.features[i]} missing" for i in self.marked]
        for text in self.texts:
            name = self.features[text.feature]
            names += [f"{name}={text.categories[code]}" for code in text.seen]
            names += [f"{name} missing"] if self.gap_column(text) else []
        return tuple(names)

    def check_codes(self, rows: Floats) -> None:
        """Raise `InvalidInput` where a text of the raw `rows` is not the number of a category, -1 or missing."""
        for text in self.texts:
            codes, last = rows[:, text.feature], len(text.categories) - 1
            bad = ~(np.isnan(codes) | ((codes >= -1) & (codes <= last) & (codes == np.floor(codes))))
            if bad.any():
                allowed = f"the number of a category, from 0 to {last}, or -1 for any other text"
                raise InvalidInput(self.features[text.feature], float(codes[bad][0]), allowed)

    def expand(self, rows: Floats) -> Floats:
        """Return the model's unscaled columns, (n_rows, n_columns), for raw `rows` (n_rows, n_features)."""
        numbers = gaps.filled(rows[:, self.numbers] if self.texts else rows, self.fills)
        if self.ratios:
            numbers = np.hstack([numbers, *(r.column(numbers, self.number_names) for r in self.ratios)])
        found = products.expand(numbers, self.degree)
        flags = [np.isnan(rows[:, self.marked]).astype(np.float64)] if self.marked else []
        for text in self.texts:
            codes = rows[:, text.feature]
            flags.append(text.columns(codes))
            flags += [np.isnan(codes)[:, None].astype(np.float64)] if self.gap_column(text) else []
        return np.hstack([found, *flags]) if flags else found

    def to_json(self) -> dict[str, Any]:
        """Return everything but the arrays; what a table of complete numbers does not need is left out."""
        found: dict[str, Any] = {
            "features": list(self.features), "degree": self.degree, "scaling": self.scaling
        }  # fmt: skip
        more = {
            "texts": [asdict(t) | {"categories": list(t.categories), "shares": list(t.shares)} for t in self.texts],
            "missing": list(self.missing),
            "fills": list(self.fills),
            "indicator": self.indicator,
            "ratios": [asdict(r) for r in self.ratios],
        }
        return found | {name: value for name, value in more.items() if value}


def fit(
    rows: Floats,
    features: Sequence[str],
    degree: int,
    scaling: str,
    *,
    categories: Sequence[Sequence[str]] = (),
    impute: str = "none",
    fill: float = 0.0,
    indicator: bool = False,
    engineered: Sequence[str] = (),
) -> tuple[Preparation, Floats]:
    """Return the Preparation fitted on the training `rows`, and their unscaled columns.

    `categories` has one entry a feature, empty for numbers, or is empty when all are numbers; `engineered` are
    ratios as texts. Raises `InvalidInput` for missing numbers that nothing fills, for a ratio of no two columns,
    for names that are not different, for more columns than a model can have here, and for numbers beyond `REACH`.
    """
    gaps.check_missing(rows, features, categories, impute)
    bare = Preparation(
        tuple(features), degree, scaling, np.empty(0), np.empty(0), texts.texts_of(rows, categories),
        gaps.missing_of(rows), (), indicator and impute != "none",
    )  # fmt: skip
    numbers, names = rows[:, bare.numbers], bare.number_names
    fills = gaps.fills_of(numbers, impute, fill)
    made = ratios.fitted(ratios.resolve(engineered, names), gaps.filled(numbers, fills), names)
    bare = replace(bare, fills=fills, ratios=made)
    _check_size(bare, len(rows))
    # What overflows on the way is looked at instead.
    with np.errstate(over="ignore", invalid="ignore"):
        columns = bare.expand(rows)
        mean, scale = columns.mean(axis=0), columns.std(axis=0)
    if not np.isfinite(scale).all():
        raise InvalidInput("columns", bare.columns[int(np.argmin(np.isfinite(scale)))], REACH)
    # Relative to the column's size: a constant column's deviation is rounding noise, not a scale.
    constant = scale <= 1e-12 * np.maximum(np.abs(mean), 1e-300)
    return replace(bare, mean=mean, scale=np.where(constant, 1.0, scale)), columns


def _check_size(preparation: Preparation, n_rows: int) -> None:
    """Raise `InvalidInput` for columns that would fill the memory, that share a name, or that are none."""
    for text in preparation.texts:
        if len(text.categories) > MOST_CATEGORIES:
            field = f"categories of {preparation.features[text.feature]}"
            raise InvalidInput(field, len(text.categories), f"at most {MOST_CATEGORIES} different texts")
    count = preparation.n_columns
    if not 1 <= count <= MOST_COLUMNS:
        allowed = f"1 to {MOST_COLUMNS:,} in number (degree 2, ratios and categories add to them)"
        raise InvalidInput("columns", count, allowed)
    check_rows(preparation, n_rows)
    seen: set[str] = set()
    for name in preparation.columns:
        if name in seen:
            raise InvalidInput("columns", f"{name} twice", "of different names: rename a feature or a ratio")
        seen.add(name)


def check_rows(preparation: Preparation, n_rows: int) -> None:
    """Raise `InvalidInput` where the columns of so many rows would fill the memory."""
    count = preparation.n_columns
    if count * n_rows > MOST_VALUES:
        raise InvalidInput("rows", n_rows, f"few enough for {count:,} columns: at most {MOST_VALUES // count:,}")


def from_json(data: Mapping[str, Any], mean: Floats, scale: Floats) -> Preparation:
    """Return the Preparation written by `to_json`, with its arrays."""
    return Preparation(
        tuple(data["features"]),
        int(data["degree"]),
        str(data["scaling"]),
        mean,
        scale,
        tuple(texts.from_json(text) for text in data.get("texts", ())),
        tuple(float(share) for share in data.get("missing", ())),
        tuple(float(value) for value in data.get("fills", ())),
        bool(data.get("indicator", False)),
        tuple(ratios.from_json(ratio) for ratio in data.get("ratios", ())),
    )
