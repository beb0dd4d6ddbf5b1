"""Work that may take longer than a blink, as a worker does it: a fit, and every setting of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core import logs, tables
from core.config import DataConfig, TrainConfig
from core.datasets import OWN, Dataset, load
from core.evaluate import cross_validate
from core.parts import Parts
from core.progress import Progress, silent
from core.quant import Scheme
from core.sweep import Sweep, everything, run, with_cv
from core.sweep.plan import line as plan_line
from core.tables import Table
from core.train import Trained, train_on

# Seconds for one number of one setting of a sweep, and products of a row with a number in a second where rows are
# scored one by one: both measured.
_PER_NUMBER = 14e-6
_SCORED = 1e9


# The same for trees, of which every setting is packed and every row looked up in every tree, besides what each takes
# however small it is. Growing them anew in each fold takes about so long for one row and tree.
_PER_TWIN, _PER_LEAF, _PER_LOOK, _PER_GROWTH = 3e-3, 4e-7, 3e-8, 3e-6


# The same for perceptrons, whose every setting is rounded anew and asked for every row. Training one anew in each fold
# takes about so long for one row, and for one row and weight.
_PER_SETTING, _PER_WEIGHT, _PER_ANSWER = 8e-3, 1e-6, 1e-9
_PER_ROW, _PER_LESSON = 4e-4, 1e-7


def seconds_to_sweep(parts: Parts, n_rows: int, folds: int = 0) -> float:
    """Return how long every setting of a model takes, in seconds: right within a factor of about three."""
    return seconds_for(parts, n_rows, len(everything(parts).schemes), folds)


def seconds_for(parts: Parts, n_rows: int, settings: int, folds: int = 0) -> float:
    """Return how long so many settings of a model take, in seconds."""
    if parts.family == "trees":
        looks = n_rows * len(parts.structure["n_nodes"])
        each = settings * (_PER_TWIN + _PER_LEAF * parts.n_parameters + _PER_LOOK * looks)
        return each + folds * (each + _PER_GROWTH * looks)
    if parts.family == "mlp":
        each = settings * (_PER_SETTING + parts.n_parameters * (_PER_WEIGHT + n_rows * _PER_ANSWER))
        return each + folds * (each + n_rows * (_PER_ROW + parts.n_parameters * _PER_LESSON))
    scored = n_rows / _SCORED if parts.meta["classes"] else 0.0
    return settings * parts.n_parameters * (_PER_NUMBER + scored) * (folds or 1)


def fit(data: DataConfig, train: TrainConfig, table: Dataset | None, progress: Progress = silent) -> Trained:
    """Return the trained model without the rows of its table, which whoever asks has already.

    `table` holds the rows of a user's own table, which `data` describes.
    """
    found = train_on(table if table is not None else load(data.dataset), data, train, progress)
    logs.event("trained", model=train.model, rows=found.report.n_train, columns=found.report.n_columns,
               seconds=round(found.report.seconds or 0, 3))  # fmt: skip
    return light(found)


def read(data: bytes, name: str, encoding: str | None, progress: Progress = silent) -> Table:
    """Return the table in `data`, see `tables.read`."""
    progress(0, 1, "finding out what it is")
    table = tables.read(data, name, encoding)
    logs.event("table read", rows=table.n_rows, columns=len(table.columns), bytes=table.bytes)
    return table


def light(trained: Trained) -> Trained:
    """Return `trained` without rows: for the way to another process and back."""
    if trained.data is None:
        return trained
    X, y = trained.dataset.X[:0], trained.dataset.y[:0]
    return replace(trained, dataset=replace(trained.dataset, X=X, y=y))


def with_rows(trained: Trained, table: Dataset | None) -> Trained:
    """Return `trained` with the rows of its table again: those of the bundled one, or of a user's own `table`."""
    if trained.data is None:
        return trained
    return replace(trained, dataset=load(trained.data.dataset) if table is None else table)


def own_rows_of(trained: Trained) -> Dataset | None:
    """Return the rows that another process cannot read by itself: those of a user's own table."""
    return trained.dataset if trained.data is not None and trained.data.dataset == OWN else None


def line(
    trained: Trained, table: Dataset | None, methods: Sequence[str], scheme: Scheme, progress: Progress = silent
) -> Sweep:
    """Return every width of each method, with the switches of `scheme`, of a model that came without its rows."""
    return run(with_rows(trained, table), plan_line(methods, range(1, 17), scheme), progress)


def cross_validated(
    trained: Trained, table: Dataset | None, scheme: Scheme, progress: Progress = silent
) -> dict[str, dict[str, float]]:
    """Return what cross-validation says of a setting of a model that came without its rows."""
    progress(0, 1, "fitted and quantised anew in each fold")
    return cross_validate(with_rows(trained, table), scheme)


def every(trained: Trained, table: Dataset | None, folds: int, progress: Progress = silent) -> Sweep:
    """Return every setting for a model that came without its rows; with `folds`, cross-validated besides."""
    model = with_rows(trained, table)
    plan = everything(model.parts)
    found = run(model, plan, progress if not folds else silent)
    if folds:
        found = with_cv(model, plan, found, folds, progress)
    logs.event("settings tried", settings=len(found.points), folds=folds)
    return found
