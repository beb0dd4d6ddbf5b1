"""Our preparation and model as one scikit-learn estimator, so that its searches fit both inside each fold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from core import families
from core.config import TrainConfig
from core.metrics import MAIN, metrics_of
from core.parts import Floats
from core.progress import Progress
from core.train import fit_rows
from core.tune.request import Rows, with_settings

# The second figure of each task, of which less is better.
LOSS = {"regression": "rmse", "classification": "log_loss"}


class Prepared(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A model of ours, fitted on raw rows as `train` does it: the preparation sees no row but those it is given."""

    def __init__(
        self,
        config: TrainConfig,
        features: tuple[str, ...],
        classes: tuple[str, ...] = (),
        categories: tuple[tuple[str, ...], ...] = (),
    ) -> None:
        """Keep what the fit needs."""
        self.config, self.features, self.classes, self.categories = config, features, classes, categories

    def set_params(self, **params: Any) -> Prepared:
        """Change settings of the configuration: this is how a search hands over a candidate."""
        self.config = with_settings(self.config, params)
        return self

    def fit(self, X: Floats, y: Floats) -> Prepared:
        """Fit preparation and model on the raw rows `X` (n, n_features) and targets `y` (n,)."""
        found = fit_rows(X, y, self.features, self.config, self.classes, self.categories)
        self.preparation_, self.parts_ = found.preparation, found.parts
        return self

    def outputs(self, X: Floats) -> Floats:
        """Return values (n,), or probabilities (n, k), for raw rows."""
        return families.outputs(self.parts_, self.preparation_.expand(X))


def prepared(rows: Rows, config: TrainConfig) -> Prepared:
    """Return the unfitted estimator for a table."""
    return Prepared(config, rows.dataset.feature_names, rows.dataset.classes, rows.dataset.categories)


class Scorer:
    """What scikit-learn calls once for each fit and part that it scores; counts the scored rows as progress.

    Returns the main figure of the task as "score", and the loss; with `single` the main figure alone.
    """

    def __init__(
        self, rows: Rows, total: int, words: Callable[[int], str], progress: Progress, single: bool = False
    ) -> None:
        """Tell of the beginning; `words` says in words what comes after so many calls."""
        self.task, self.classes, self.single = rows.dataset.task, rows.dataset.classes, single
        self.total, self.words, self.progress = max(total, 1), words, progress
        self.calls = self.done = 0
        progress(0, self.total, words(0))

    def __call__(self, estimator: Prepared, X: Floats, y: Floats) -> Any:
        """Return the figures of a fitted estimator on rows that it has not seen."""
        found = metrics_of(self.task, y, estimator.outputs(X), self.classes)
        self.calls, self.done = self.calls + 1, min(self.done + len(y), self.total)
        self.progress(self.done, self.total, self.words(self.calls))
        score = number(found[MAIN[self.task]])
        return score if self.single else {"score": score, "loss": number(found[LOSS[self.task]])}

    def finish(self) -> None:
        """Tell that all is done."""
        self.progress(self.total, self.total, "done")


def number(value: float | None) -> float:
    """Return a figure as scikit-learn wants it: NaN where there is none."""
    return np.nan if value is None else float(value)


def present(value: float) -> float | None:
    """Return a figure as we show it: None where there is none."""
    return float(value) if np.isfinite(value) else None
