"""`train`: an experiment's data and model to `Trained`: the parts, the statistics, the report."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from core import families
from core.config import DataConfig, TrainConfig, own_data, table_needed
from core.datasets import OWN, Dataset, load, split
from core.errors import InvalidInput
from core.families.linear import fold_scaling
from core.models import MODELS
from core.moments import Moments, moments
from core.parts import Floats, Parts, frozen, rebuild
from core.prepare import REACH, Preparation, check_missing, check_rows, fit, sketch
from core.progress import Progress, silent


@dataclass(frozen=True)
class TrainReport:
    """How the fit went. `rank` of `n_columns` directions were used; `joblib_bytes` is the estimator's file."""

    n_train: int
    n_test: int
    n_columns: int
    rank: int
    seconds: float
    joblib_bytes: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Trained:
    """A fitted model with everything that quantising, comparing and predicting need; immutable.

    A model that was brought from outside has neither `data` nor `config`, and a dataset without rows.

    `moments` are those of the training rows' columns; `sketch` holds 21 quantiles of each raw feature on the
    training rows, smallest and largest included, shape (n_features, 21). Of a text they are numbers of categories.
    """

    data: DataConfig | None
    config: TrainConfig | None
    dataset: Dataset
    preparation: Preparation
    parts: Parts
    moments: Moments
    sketch: Floats
    report: TrainReport

    def __post_init__(self) -> None:
        """Freeze the array."""
        object.__setattr__(self, "sketch", frozen(self.sketch))

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        """Return how a copy is made in another process."""
        return rebuild(self)

    def rows(self, part: str) -> tuple[Floats, Floats]:
        """Return the raw rows and targets of the `train` or the `test` part; none for a model from outside."""
        if self.data is None:
            return self.dataset.X, self.dataset.y
        index = split(self.dataset, self.data.test_size, self.data.seed)[part == "test"]
        return self.dataset.X[index], self.dataset.y[index]

    def columns(self, part: str) -> tuple[Floats, Floats]:
        """Return the model's unscaled columns and the targets of one part."""
        rows, y = self.rows(part)
        return self.preparation.expand(rows), y


def rank_tolerance(columns: Floats, scale: Floats) -> tuple[int, float]:
    """Return the rank of the centred, equilibrated columns, and the cut-off that keeps it in the fit.

    scikit-learn passes `tol` (1e-6) to LAPACK as the relative size below which directions are dropped,
    measured on the columns as they come: on raw, ill-conditioned columns it drops honest ones. The rank of
    the equilibrated columns does not depend on units; when it is full nothing may be cut.
    """
    mean = columns.mean(axis=0)
    # What is left of a constant column is rounding of its mean, and no direction.
    constant = np.ptp(columns, axis=0) <= 1e-12 * np.abs(mean)
    centred = np.where(constant, 0.0, (columns - mean) / scale)
    noise = np.finfo(np.float64).eps * max(columns.shape)
    # Of the Gram matrix's eigenvalues, which are squares: cheaper than the rows' singular values.
    eigenvalues = np.linalg.eigvalsh(centred.T @ centred / len(centred))
    rank = int((eigenvalues > noise * max(eigenvalues[-1], np.finfo(np.float64).tiny)).sum())
    return rank, 0.0 if rank == columns.shape[1] else noise


def estimator(config: TrainConfig, rank_tol: float, n_numbers: int, n_flags: int) -> Any:
    """Return the unfitted scikit-learn estimator or pipeline of `config`; the flags, last, are not scaled."""
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = MODELS[config.model].make(rank_tol=rank_tol, **dict(config.params))
    if config.scaling == "none" or not n_numbers:
        return model
    if not n_flags:
        return make_pipeline(StandardScaler(), model)
    numbers = make_column_transformer((StandardScaler(), slice(0, n_numbers)), remainder="passthrough")
    return make_pipeline(numbers, model)


def fit_estimator(
    config: TrainConfig, columns: Floats, y: Floats, rank_tol: float, n_flags: int = 0
) -> tuple[Any, list[str]]:
    """Return the fitted estimator and what its solver had to say, in our words; `n_flags` columns, last, are flags."""
    from sklearn.exceptions import ConvergenceWarning

    fitted, notes = estimator(config, rank_tol, columns.shape[1] - n_flags, n_flags), []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted.fit(columns, y)
    if any(issubclass(w.category, ConvergenceWarning) for w in caught):
        notes.append("The solver stopped before it had converged: allow more rounds or scale the features.")
    return fitted, notes


def extract(fitted: Any, names: tuple[str, ...], classes: tuple[str, ...] = ()) -> Parts:
    """Return the parts of a fitted estimator or scaling pipeline, for the unscaled columns `names`.

    `classes` name the class numbers on which a classifier was fitted.
    """
    last = fitted[-1] if hasattr(fitted, "steps") else fitted
    parts = families.extract(last)
    named = {"features": list(names)} | ({"classes": list(classes)} if classes else {})
    parts = Parts(parts.family, parts.values, parts.structure, {**parts.meta, **named})
    return fold_scaling(parts, *_scaling(fitted[0], len(names))) if hasattr(fitted, "steps") else parts


def _scaling(scaler: Any, n_columns: int) -> tuple[Floats, Floats]:
    """Return mean and scale of every column, 0 and 1 for the flags behind those that were scaled."""
    of_numbers = scaler if hasattr(scaler, "mean_") else scaler.named_transformers_["standardscaler"]
    mean, scale = np.zeros(n_columns), np.ones(n_columns)
    mean[: len(of_numbers.mean_)], scale[: len(of_numbers.mean_)] = of_numbers.mean_, of_numbers.scale_
    return mean, scale


def joblib_size(fitted: Any) -> int:
    """Return how many bytes joblib writes for the estimator; the file itself is never read back."""
    import joblib

    buffer = io.BytesIO()
    joblib.dump(fitted, buffer)
    return buffer.tell()


@dataclass(frozen=True, eq=False)
class Fit:
    """One fit on given rows: the estimator, and what was taken from it."""

    estimator: Any
    preparation: Preparation
    parts: Parts
    moments: Moments
    rank: int
    seconds: float
    notes: tuple[str, ...]


def fit_rows(
    X: Floats,
    y: Floats,
    features: tuple[str, ...],
    config: TrainConfig,
    classes: tuple[str, ...] = (),
    categories: tuple[tuple[str, ...], ...] = (),
) -> Fit:
    """Return the model fitted on the raw rows `X` (n, n_features) and targets `y`, and on nothing else.

    `categories` are those of each feature, see `Dataset.categories`. Raises `InvalidInput` when the rows lack one
    of the `classes`, or cannot be prepared as `config` says.
    """
    if classes and len(np.unique(y)) != len(classes):
        raise InvalidInput("rows", f"{len(np.unique(y))} classes", f"rows of all {len(classes)} classes")
    with np.errstate(over="ignore"):
        if not np.isfinite(np.square(y).sum()):
            raise InvalidInput("target", float(np.abs(y).max()), REACH)
    preparation, columns = fit(
        X, features, config.degree, config.scaling, categories=categories, impute=config.impute, fill=config.fill,
        indicator=config.indicator, engineered=config.ratios,
    )  # fmt: skip
    rank, tol = rank_tolerance(columns, preparation.scale)
    start = perf_counter()
    fitted, notes = fit_estimator(config, columns, y, tol, preparation.n_flags)
    seconds = perf_counter() - start
    if rank < columns.shape[1]:
        why = " The columns of a text always add up to 1." if preparation.texts else ""
        notes.append(f"Only {rank} of {columns.shape[1]} columns are independent on these rows.{why}")
    empty = preparation.missing.count(1.0)
    if empty:
        notes.append(f"Features without a value on any of these rows, from which nothing is learnt: {empty}.")
    parts = extract(fitted, preparation.columns, classes)
    return Fit(fitted, preparation, parts, moments(columns, y), rank, seconds, tuple(notes))


def train(data: DataConfig, config: TrainConfig) -> Trained:
    """Return the model fitted on all training rows of a bundled table; raises `InvalidInput`, see `train_on`."""
    if data.dataset == OWN:
        raise table_needed(data.sha256, data.target)
    return train_on(load(data.dataset), data, config)


def train_on(dataset: Dataset, data: DataConfig, config: TrainConfig, progress: Progress = silent) -> Trained:
    """Return the model fitted on all training rows of `dataset`, the table that `data` describes.

    Raises `InvalidInput` when it is another table, when a part has too few rows, when numbers are missing that
    `config` does not fill, and when the rows cannot be prepared as it says.
    """
    own = data.dataset == OWN
    fits = own_data(dataset, data.test_size, data.seed) == data if own else dataset.name == data.dataset
    if not fits:
        raise InvalidInput("dataset", dataset.label, "the table that the settings describe")
    rows, test = split(dataset, data.test_size, data.seed)
    check_missing(dataset.X, dataset.feature_names, dataset.categories, config.impute)
    X, y = dataset.X[rows], dataset.y[rows]
    progress(0, 3, "fitting")
    f = fit_rows(X, y, dataset.feature_names, config, dataset.classes, dataset.categories)
    progress(1, 3, "checking")
    check_rows(f.preparation, len(dataset.y))
    n_columns = len(f.preparation.columns)
    report = TrainReport(len(y), len(test), n_columns, f.rank, f.seconds, joblib_size(f.estimator), f.notes)
    seen = sketch(X, dataset.categories)
    progress(2, 3, "measuring")
    return Trained(data, config, dataset, f.preparation, f.parts, f.moments, seen, report)
