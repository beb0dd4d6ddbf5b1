"""Work that may take longer than a blink, as a worker does it: a fit, and every setting of a model."""

from __future__ import annotations

from dataclasses import replace

from core import logs, tables
from core.config import DataConfig, TrainConfig
from core.datasets import OWN, Dataset, load
from core.parts import Parts
from core.progress import Progress, silent
from core.sweep import Sweep, everything, run, with_cv
from core.tables import Table
from core.train import Trained, train_on

# Seconds for one number of one setting of a sweep, and products of a row with a number in a second where rows are
# scored one by one: both measured.
_PER_NUMBER = 14e-6
_SCORED = 1e9


def seconds_to_sweep(parts: Parts, n_rows: int, folds: int = 0) -> float:
    """Return how long every setting of a model takes, in seconds: right within a factor of about three."""
    settings = sum(len(family.schemes) for family in everything(parts).families)
    scored = n_rows / _SCORED if parts.meta["classes"] else 0.0
    return settings * parts.n_parameters * (_PER_NUMBER + scored) * (folds or 1)


def fit(data: DataConfig, train: TrainConfig, table: Dataset | None, progress: Progress = silent) -> Trained:
    """Return the trained model without the rows of its table, which whoever asks has already.

    `table` holds the rows of a user's own table, which `data` describes.
    """
    found = train_on(table if table is not None else load(data.dataset), data, train, progress)
    logs.event("trained", model=train.model, rows=found.report.n_train, columns=found.report.n_columns,
               seconds=round(found.report.seconds, 3))  # fmt: skip
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


def every(trained: Trained, table: Dataset | None, folds: int, progress: Progress = silent) -> Sweep:
    """Return every setting for a model that came without its rows; with `folds`, cross-validated besides."""
    model = with_rows(trained, table)
    plan = everything(model.parts)
    found = run(model, plan, progress if not folds else silent)
    if folds:
        found = with_cv(model, plan, found, folds, progress)
    logs.event("settings tried", settings=len(found.points), folds=folds)
    return found
