"""A batch that is made up: rows the model was not trained on, or values drawn from the sketch, changed at will."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.artifact import Model
from core.artifact.reopen import dataset_of
from core.datasets import OWN, split
from core.drift.batch import Batch, batch_of
from core.drift.sketched import width
from core.errors import InvalidInput
from core.fields import Number
from core.parts import Floats
from core.prepare.texts import QUANTILES

HELD_BACK, REPEATED = "the held-back rows", "the held-back rows, drawn with replacement"
SKETCHED = "the quantiles of each feature by itself"

_SHARE = Number(0.0, 0.0, 1.0)
_FACTOR = Number(1.0, -1e6, 1e6)
_ROWS = Number(2_000, 1, 200_000, integer=True)
_SEED = Number(0, 0, 2**32 - 1, integer=True)
# The interquartile range of a normal distribution, in standard deviations.
_NORMAL = 1.349


@dataclass(frozen=True)
class Change:
    """What happens to one feature, in this order: times `scale`, plus `shift` in its unit, plus `deviations`.

    One deviation is the interquartile range over 1.349, the standard deviation of a normal distribution, which a few
    huge values do not stretch. `missing` and `new` are the shares of the rows that lose the value, also where the
    model takes no gaps, and that get a text which training never saw (texts only; of these no other change holds).
    """

    feature: str
    scale: float = 1.0
    shift: float = 0.0
    deviations: float = 0.0
    missing: float = 0.0
    new: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers; raises `InvalidInput`."""
        for name in ("scale", "shift", "deviations"):
            _FACTOR.check(name, getattr(self, name))
        for name in ("missing", "new"):
            _SHARE.check(name, getattr(self, name))


def simulate(
    model: Model,
    changes: Sequence[Change] = (),
    n: int = 2_000,
    seed: int = 0,
    rows: tuple[Floats, Floats] | None = None,
) -> Batch:
    """Return a batch of `n` rows with `changes`; its `source` says what it was drawn from. Raises `InvalidInput`.

    Drawn from `rows` (X, y), or from the test rows of the model's data set where that is at hand, each at most once as
    long as there are enough; else from the sketch, every feature by itself and without true values.
    """
    _ROWS.check("n", n)
    draw = np.random.default_rng(_SEED.check("seed", seed))  # type: ignore[arg-type]
    X, y, source = _drawn(model, n, draw, _test_rows(model) if rows is None else rows)
    names = [f.name for f in model.features]
    for change in changes:
        if change.feature not in names:
            raise InvalidInput("feature", change.feature, "one of " + ", ".join(names))
        i = names.index(change.feature)
        X[:, i] = _changed(model, i, X[:, i], change, draw)
    return batch_of(model, X, y, source=source)


def _test_rows(model: Model) -> tuple[Floats, Floats] | None:
    """Return the held-back rows of a bundled table, None for any other."""
    if model.data is None or model.data.dataset == OWN:
        return None
    dataset = dataset_of(model)
    test = split(dataset, model.data.test_size, model.data.seed)[1]
    return dataset.X[test], dataset.y[test]


def _drawn(
    model: Model, n: int, draw: np.random.Generator, rows: tuple[Floats, Floats] | None
) -> tuple[Floats, Floats | None, str]:
    if rows is not None and len(rows[0]):
        X, y = rows
        at = draw.permutation(len(X))[:n] if n <= len(X) else draw.integers(0, len(X), n)
        return X[at], y[at], HELD_BACK if n <= len(X) else REPEATED
    levels = draw.random((n, len(model.features)))
    X = np.column_stack([np.interp(u, QUANTILES, s) for u, s in zip(levels.T, model.sketch, strict=True)])
    for i, feature in enumerate(model.features):
        if feature.flag:
            X[:, i] = np.round(X[:, i])
    for text in model.preparation.texts:
        ends = np.cumsum(text.shares)
        codes = np.searchsorted(ends, levels[:, text.feature], side="right").astype(np.float64)
        X[:, text.feature] = np.where(codes < len(ends), codes, np.nan)
    missing = np.array(model.preparation.missing or (0.0,) * len(model.features))
    missing[[text.feature for text in model.preparation.texts]] = 0.0  # what is left of the shares
    X[draw.random(X.shape) < missing] = np.nan
    return X, None, SKETCHED


def _changed(model: Model, i: int, values: Floats, change: Change, draw: np.random.Generator) -> Floats:
    """Return one column with its change."""
    lost, new = draw.random((2, len(values)))
    if model.features[i].categories:
        found = np.where(new < change.new, -1.0, values)
    else:
        moved = change.shift + change.deviations * width(model.sketch[i]) / _NORMAL
        found = values * change.scale + moved
    return np.where(lost < change.missing, np.nan, found)
