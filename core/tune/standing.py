"""Where a configuration stands among others: ranked by cross-validation, with what else one wants to know of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from core import logs
from core.config import TrainConfig
from core.evaluate import baseline
from core.metrics import MAIN
from core.progress import Progress, silent
from core.train import train_on
from core.tune.request import Request


@dataclass(frozen=True)
class Standing:
    """Mean and standard deviation of the main figure over the folds; the figure on both parts; bytes; seconds.

    The figures of the model fitted on all training rows: `train`, `test`, the bytes of its `numbers`, and how long
    that fit took. The test rows are only reported. None stands for a figure that is not defined, or not known
    yet.
    """

    mean: float | None
    std: float | None
    train: float | None
    test: float | None
    numbers: int | None
    seconds: float


def standings(requests: Sequence[Request], progress: Progress = silent) -> tuple[tuple[TrainConfig, Standing], ...]:
    """Return each configuration with its standing; raises `InvalidInput` for one that cannot be fitted."""
    total, done, found = sum(request.folds + 1 for request in requests), 0, []
    for place, request in enumerate(requests):
        words = f"model {place + 1} of {len(requests)}"
        progress(done, total, words)
        found.append((request.train, _standing(request, partial(_tell, progress, done, total, words))))
        done += request.folds + 1
    progress(total, total, "done")
    logs.event("models compared", models=len(found))
    return tuple(found)


def _tell(progress: Progress, before: int, total: int, words: str, fold: int, folds: int) -> None:
    progress(before + fold, total, f"{words}, fold {fold} of {folds}")


def _standing(request: Request, tell: Callable[[int, int], None]) -> Standing:
    from core.tune.estimator import Scorer, prepared, present  # here, because scikit-learn takes a second to import

    rows = request.rows()
    model = train_on(rows.dataset, request.data, request.train)
    metrics, main = baseline(model).metrics, MAIN[rows.dataset.task]
    scorer, scores = Scorer(rows, 1, lambda calls: "", silent, single=True), []
    for fold, (inside, outside) in enumerate(request.cut(rows)):
        tell(fold + 1, request.folds)
        fitted = prepared(rows, request.train).fit(rows.X[inside], rows.y[inside])
        scores.append(scorer(fitted, rows.X[outside], rows.y[outside]))
    return Standing(
        present(np.mean(scores)), present(np.std(scores)), metrics["train"][main], metrics["test"][main],
        baseline(model).size.numbers, model.report.seconds or 0.0,
    )  # fmt: skip
