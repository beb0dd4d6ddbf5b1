"""Would more rows help, and which features matter: scikit-learn's learning curve and permutation importance."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core import logs
from core.fields import Number
from core.metrics import MAIN
from core.progress import Progress, silent
from core.tune.request import Request

POINTS = Number(6, 2, 20, integer=True, label="Points", help="How many numbers of rows are tried.")
REPEATS = Number(5, 1, 50, integer=True, label="Repeats", help="How often each feature is shuffled.")


@dataclass(frozen=True)
class CurvePoint:
    """Mean and standard deviation over the folds of the main figure, on the `rows` of the fit and on the fold left out.

    None where the model cannot be fitted on so few rows.
    """

    rows: int
    train: float | None
    train_std: float | None
    validation: float | None
    validation_std: float | None


@dataclass(frozen=True)
class Curve:
    """The main figure against the number of rows, fewest first."""

    metric: str
    folds: int
    points: tuple[CurvePoint, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {"metric": self.metric, "folds": self.folds, "points": [asdict(p) for p in self.points]}


@dataclass(frozen=True)
class Importance:
    """How much the main figure falls when one feature is shuffled: mean and standard deviation over the repeats."""

    feature: str
    mean: float
    std: float


@dataclass(frozen=True)
class Importances:
    """All features, most important first; `score` is the main figure with none shuffled, on `rows` rows left out."""

    metric: str
    score: float
    rows: int
    features: tuple[Importance, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        features = [asdict(f) for f in self.features]
        return {"metric": self.metric, "score": self.score, "rows": self.rows, "features": features}


def learning_curve(request: Request, points: int = 6, progress: Progress = silent) -> Curve:
    """Return the main figure for a tenth to all of the training rows of each fold; no test row is read."""
    from sklearn.model_selection import learning_curve as curve

    from core.tune.estimator import Scorer, prepared, present

    POINTS.check("points", points)
    rows = request.rows()
    folds = request.cut(rows)
    shares = np.linspace(0.1, 1.0, points)
    smallest = min(len(inside) for inside, _ in folds)
    sizes = np.unique(np.maximum((shares * smallest).astype(int), 2))
    total = int(len(folds) * sizes.sum() + len(sizes) * len(rows.y))

    def words(calls: int) -> str:
        fit = calls // 2  # each fit is scored twice
        fold = min(fit // len(sizes) + 1, len(folds))
        return f"fold {fold} of {len(folds)}, {sizes[fit % len(sizes)]:,} rows"

    scorer = Scorer(rows, total, words, progress, single=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a number of rows that is too few for a fit has no figure: that says it
        used, train, validation = curve(
            prepared(rows, request.train), rows.X, rows.y, train_sizes=sizes, cv=folds, scoring=scorer,
            error_score=np.nan,
        )  # fmt: skip
    scorer.finish()
    found = tuple(
        CurvePoint(int(n), present(t.mean()), present(t.std()), present(v.mean()), present(v.std()))
        for n, t, v in zip(used, train, validation, strict=True)
    )
    logs.event("learning curve", model=request.train.model, points=len(found), rows=len(rows.y))
    return Curve(MAIN[rows.dataset.task], request.folds, found)


def permutation_importance(request: Request, repeats: int = 5, progress: Progress = silent) -> Importances:
    """Return how much the model, fitted on all folds but the first, needs each feature to predict that fold."""
    from sklearn.inspection import permutation_importance as importance

    from core.tune.estimator import Scorer, prepared

    REPEATS.check("repeats", repeats)
    rows = request.rows()
    inside, outside = request.cut(rows)[0]
    model = prepared(rows, request.train).fit(rows.X[inside], rows.y[inside])
    names = rows.dataset.feature_names

    def words(calls: int) -> str:
        feature = max(calls - 1, 0) // repeats
        return f"feature {feature + 1} of {len(names)}" if feature < len(names) else "finishing"

    scorer = Scorer(rows, (len(names) * repeats + 1) * len(outside), words, progress, single=True)
    X, y = rows.X[outside], rows.y[outside]
    found = importance(model, X, y, scoring=scorer, n_repeats=repeats, random_state=request.data.seed)
    scorer.finish()
    # The figure with nothing shuffled, which scikit-learn keeps to itself.
    score = Scorer(rows, 1, lambda calls: "", silent, single=True)(model, X, y)
    order = np.argsort(-found.importances_mean, kind="stable")
    features = tuple(
        Importance(names[i], float(found.importances_mean[i]), float(found.importances_std[i])) for i in order
    )
    logs.event("permutation importance", model=request.train.model, features=len(features), rows=len(y))
    return Importances(MAIN[rows.dataset.task], score, len(y), features)
