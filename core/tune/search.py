"""`tune`: which settings of a model do best, by cross-validation on the training rows."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from core import logs
from core.config import TrainConfig
from core.errors import InvalidInput
from core.fields import Pairs
from core.metrics import MAIN
from core.progress import Progress, silent
from core.tune.request import Rows, TuneRequest, with_settings
from core.tune.space import draws_of, grid_of, grid_size

# Of the candidates of a round of halving one in three goes on, to a round with three times as many rows.
_FACTOR = 3


@dataclass(frozen=True)
class Candidate:
    """One combination: mean and standard deviation of the main figure over the folds, mean loss, seconds of a fit.

    All None when it could not be fitted. `rows` are those that its last folds were cut from.
    """

    params: Pairs
    mean: float | None
    std: float | None
    loss: float | None
    seconds: float
    rows: int


@dataclass(frozen=True)
class Tuning:
    """All candidates, best first, and the configuration with the best; `metric` and `loss` name the figures."""

    metric: str
    loss: str
    search: str
    folds: int
    candidates: tuple[Candidate, ...]
    best: TrainConfig
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        table = [
            {
                "params": dict(c.params), f"{self.metric}_mean": c.mean, f"{self.metric}_std": c.std,
                f"{self.loss}_mean": c.loss, "fit_seconds": c.seconds, "rows": c.rows,
            }
            for c in self.candidates
        ]  # fmt: skip
        return {
            "search": self.search, "folds": self.folds, "best": self.best.to_json(), "candidates": table,
            "seconds": self.seconds,
        }  # fmt: skip


def tune(request: TuneRequest, progress: Progress = silent) -> Tuning:
    """Return all candidates of a search, best first; no test row is read.

    Raises `InvalidInput` when no candidate at all can be fitted, with the reason of the first.
    """
    from core.tune.estimator import LOSS, Scorer, prepared  # here, because scikit-learn takes a second to import

    start = perf_counter()
    rows = request.rows()
    folds = request.cut(rows)
    rounds = plan(request, rows)
    total = sum(count * used for count, used in rounds)
    scorer = Scorer(rows, total, words_of(rounds, request.folds), progress)
    search = _search(request, rounds, prepared(rows, request.train), scorer, folds)
    with warnings.catch_warnings():
        # A candidate that cannot be fitted has no figure, and stands last in the table: that says it.
        warnings.simplefilter("ignore")
        try:
            search.fit(rows.X, rows.y)
        except ValueError as error:
            raise _why_none(request, rows, folds) from error
    candidates = _ranked(search.cv_results_, len(rows.y))
    if candidates[0].mean is None:
        raise _why_none(request, rows, folds)
    scorer.finish()
    task = rows.dataset.task
    best = with_settings(request.train, dict(candidates[0].params))
    seconds = perf_counter() - start
    logs.event("tuned", model=best.model, search=request.search, candidates=len(candidates), folds=request.folds,
               rows=len(rows.y), seconds=round(seconds, 3))  # fmt: skip
    return Tuning(MAIN[task], LOSS[task], request.search, request.folds, candidates, best, seconds)


def plan(request: TuneRequest, rows: Rows) -> list[tuple[int, int]]:
    """Return for each round of the search how many candidates are tried, and on how many rows.

    Halving begins with so few rows that the last round, with three times as many in each, has nearly all; as few as
    it may, when there are not enough for that: two of each class in each fold.
    """
    n = len(rows.y)
    if request.search == "grid":
        return [(math.prod(len(v) for v in grid_of(request.train.model, request.space).values()), n)]
    count = _draws(request)
    if request.search == "random":
        return [(count, n)]
    wanted = 1 + math.floor(math.log(count, _FACTOR))
    least = min(max(2 * request.folds * max(len(rows.dataset.classes), 1), n // _FACTOR ** (wanted - 1)), n)
    possible = 1 + math.floor(math.log(n // least, _FACTOR))
    found = []
    for i in range(min(wanted, possible)):
        found.append((count, min(_FACTOR**i * least, n)))
        count = math.ceil(count / _FACTOR)
    return found


def _draws(request: TuneRequest) -> int:
    """Return how many candidates are drawn: of lists alone no more than they have combinations."""
    lists = all(isinstance(values, list) for values in draws_of(request.train.model, request.space).values())
    return min(request.candidates, grid_size(request.space)) if lists else request.candidates


def words_of(rounds: Sequence[tuple[int, int]], folds: int) -> Callable[[int], str]:
    """Return a function that says which candidate and fold come after so many fits."""
    steps = [
        (f"round {i + 1} of {len(rounds)}, " if len(rounds) > 1 else "") + f"candidate {c + 1} of {count}"
        for i, (count, _) in enumerate(rounds)
        for c in range(count)
    ]

    def words(fits: int) -> str:
        candidate, fold = divmod(fits, folds)
        return f"{steps[candidate]}, fold {fold + 1} of {folds}" if candidate < len(steps) else "finishing"

    return words


def _search(request: TuneRequest, rounds: Sequence[tuple[int, int]], model: Any, scorer: Any, folds: Any) -> Any:
    """Return scikit-learn's search, unfitted; one process, one thread: where it runs is decided elsewhere."""
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401  (without it the next line fails)
    from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV, RandomizedSearchCV

    name, shared = request.train.model, {"scoring": scorer, "cv": folds, "error_score": np.nan}
    if request.search == "grid":
        return GridSearchCV(model, grid_of(name, request.space), refit=False, **shared)
    draws, count = draws_of(name, request.space), rounds[0][0]
    if request.search == "random":
        return RandomizedSearchCV(model, draws, n_iter=count, random_state=request.seed, refit=False, **shared)
    return HalvingRandomSearchCV(
        model, draws, n_candidates=count, factor=_FACTOR, min_resources=rounds[0][1], random_state=request.seed,
        refit="score", return_train_score=False, **shared,
    )  # fmt: skip


def _ranked(results: dict[str, Any], n_rows: int) -> tuple[Candidate, ...]:
    """Return each candidate once, as in the last round that it reached; later rounds first, then by main figure."""
    from core.tune.estimator import present

    used = results.get("n_resources", np.full(len(results["params"]), n_rows))
    found: dict[Pairs, Candidate] = {}
    for i, params in enumerate(results["params"]):
        mean, std, loss = (results[n][i] for n in ("mean_test_score", "std_test_score", "mean_test_loss"))
        key = tuple(params.items())
        found[key] = Candidate(
            key, present(mean), present(std), present(loss), float(results["mean_fit_time"][i]), int(used[i])
        )
    return tuple(sorted(found.values(), key=lambda c: (-c.rows, math.inf if c.mean is None else -c.mean)))


def _why_none(request: TuneRequest, rows: Rows, folds: Sequence[Any]) -> InvalidInput:
    """Return why no candidate could be fitted: what the first one has to say."""
    from core.tune.estimator import prepared

    first = {name: values[0] for name, values in grid_of(request.train.model, request.space).items()}
    inside = folds[0][0]
    try:
        prepared(rows, request.train).set_params(**first).fit(rows.X[inside], rows.y[inside])
    except InvalidInput as error:
        return error
    return InvalidInput("search", request.search, "one of which at least one candidate can be fitted on each fold")
