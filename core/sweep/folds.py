"""Cross-validated figures of every setting: in each fold the model is fitted and quantised anew, test rows unread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.config import TrainConfig
from core.evaluate import folds_of, recipe_of
from core.memo import beside
from core.models import MODELS
from core.moments import Moments, anchored, least_squares, merge, moments
from core.parts import Floats, Parts
from core.progress import Progress, silent
from core.quant.coordinates import column_scale
from core.sweep.candidates import Found, class_scores, search, value_scores
from core.sweep.plan import Plan
from core.sweep.point import Sweep, present
from core.sweep.refitted import refitted_figures
from core.sweep.run import cast_candidates
from core.train import Trained, fit_rows

Figures = Sequence[float | None]


@dataclass(frozen=True, eq=False)
class Fold:
    """A model fitted on all folds but one, its statistics, and the rows held out: as moments, or as they are."""

    parts: Parts
    moments: Moments
    held: Moments | None
    columns: Floats
    y: Floats

    def figures(self, found: Found) -> Floats:
        """Return the main figure of every candidate on the rows held out, (k,)."""
        if self.held is None:
            return class_scores(self.columns, self.y, found)[0]
        coef, intercept = self.parts.values["coef"][0], float(self.parts.values["intercept"][0])
        return value_scores(anchored(self.held, coef, intercept), found)[0]

    @property
    def original(self) -> Found:
        """The model itself as the only candidate."""
        return Found(self.parts.values["coef"][None], self.parts.values["intercept"][None], np.zeros(1))


def with_cv(trained: Trained, plan: Plan, found: Sweep, count: int = 5, progress: Progress = silent) -> Sweep:
    """Return `found`, the sweep of `plan`, with the mean of the main figure over `count` folds in every point.

    Raises `InvalidInput` for a model without rows and where a fold would lack rows of a class.
    """
    kinds = tuple(c.kind for c in found.casts)
    if trained.parts.family != "linear":  # every setting has to be asked for the rows
        figures = refitted_figures(trained, recipe_of(trained, count), plan, kinds, count, progress)
        original, *rest = map(present, figures)
        return _put(found, original, rest[: len(kinds)], rest[len(kinds) :])
    totals = [np.zeros(n) for n in (1, len(kinds), len(found.points))]
    for i, fold in enumerate(folds(trained, count)):
        progress(i, count, f"fold {i + 1} of {count}")
        swept = search(fold.parts, fold.moments, plan)
        each = [fold.original, cast_candidates(fold.parts, fold.moments, kinds), swept]
        for total, some in zip(totals, each, strict=True):
            if some is not None:
                total += fold.figures(some)
    (original,), casts, points = ([present(v) for v in total / count] for total in totals)
    return _put(found, original, casts, points)


def _put(found: Sweep, original: float | None, casts: Figures, points: Figures) -> Sweep:
    """Return `found` with the figures over the folds in their places."""
    count = len(found.points)
    return replace(
        found,
        original_cv=original,
        casts=tuple(replace(c, cv=v) for c, v in zip(found.casts, casts, strict=True)),
        points=tuple(replace(p, cv=v) for p, v in zip(found.points, points[:count], strict=True)),
        smaller=tuple(replace(p, cv=v) for p, v in zip(found.smaller, points[count:], strict=True)),
    )


@beside(most=2)
def folds(trained: Trained, count: int) -> tuple[Fold, ...]:
    """Return the folds of the training rows, fitted; rows are read once, whatever is scored on them later."""
    config = recipe_of(trained, count)
    penalty = MODELS[config.model].penalty(dict(config.params))
    if penalty is not None and not trained.preparation.learns:
        return tuple(_from_sums(trained, config, penalty, count))
    return tuple(_from_rows(trained, config, count))


def _from_sums(trained: Trained, config: TrainConfig, penalty: float, count: int) -> Iterator[Fold]:
    """Yield the folds of a model of least squares: sums of each fold, merged; no row is read twice."""
    columns, y = trained.columns("train")
    held = [moments(columns[outside], y[outside]) for _, outside in folds_of(trained, count)]
    nothing = np.empty((0, columns.shape[1]))
    for i, one in enumerate(held):
        inside = merge(*held[:i], *held[i + 1 :])
        unit = column_scale(inside) if config.scaling == "standard" else None
        coef, intercept, _ = least_squares(inside, penalty, unit)
        parts = replace(trained.parts, values={"coef": coef[None], "intercept": np.array([intercept])})
        yield Fold(parts, inside, one, nothing, nothing[:, 0])


def _from_rows(trained: Trained, config: TrainConfig, count: int) -> Iterator[Fold]:
    """Yield the folds of any other model, fitted by scikit-learn."""
    (X, y), data = trained.rows("train"), trained.dataset
    for inside, outside in folds_of(trained, count):
        f = fit_rows(X[inside], y[inside], data.feature_names, config, data.classes, data.categories)
        columns = f.preparation.expand(X[outside])
        held = None if data.classes else moments(columns, y[outside])
        kept = columns if data.classes else columns[:0]
        yield Fold(f.parts, f.moments, held, kept, y[outside] if data.classes else y[:0])
