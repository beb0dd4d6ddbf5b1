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
from core.models import MODELS, grow
from core.moments import Moments, moments
from core.parts import Floats, Parts, frozen, rebuild
from core.prepare import REACH, Preparation, check_missing, check_rows, fit, sketch
from core.progress import Progress, silent

# The largest number with which trees reckon: a float32.
SINGLE = 1e38


@dataclass(frozen=True)
class TrainReport:
    """How the fit went. `rank` of `n_columns` directions were used; `joblib_bytes` is the estimator's file.

    None where it is not known: only linear models use directions, and a file tells neither of estimator nor of fit.
    """

    n_train: int
    n_test: int
    n_columns: int
    rank: int | None
    seconds: float | None
    joblib_bytes: int | None
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
    # Trees ask whether one column is above a value: its scale says nothing. A perceptron learns next to nothing else.
    family = MODELS[config.model].family
    if family == "trees" or not n_numbers or (config.scaling == "none" and family != "mlp"):
        return model
    if not n_flags:
        return make_pipeline(StandardScaler(), model)
    numbers = make_column_transformer((StandardScaler(), slice(0, n_numbers)), remainder="passthrough")
    return make_pipeline(numbers, model)


def fit_estimator(
    config: TrainConfig, columns: Floats, y: Floats, rank_tol: float, n_flags: int = 0, progress: Progress = silent
) -> tuple[Any, list[str]]:
    """Return the fitted estimator and what its solver had to say, in our words; `n_flags` columns, last, are flags."""
    from sklearn.exceptions import ConvergenceWarning

    fitted, notes = estimator(config, rank_tol, columns.shape[1] - n_flags, n_flags), []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            grow(fitted, columns, y, progress) if n_trees(config) else fitted.fit(columns, y)
        except ValueError as error:
            raise _failed(config, error) from error
    if any(issubclass(w.category, ConvergenceWarning) for w in caught):
        notes.append("The solver stopped before it had converged: allow more rounds or scale the features.")
    return fitted, notes


def _failed(config: TrainConfig, error: ValueError) -> InvalidInput:
    """Return why a fit came to nothing: the weights of a perceptron grew beyond bounds, or what scikit-learn says."""
    rate = dict(config.params).get("learning_rate_init")
    if rate is not None and "non-finite" in str(error):
        allowed = "smaller for these rows: with steps of this size the weights grew beyond all numbers"
        return InvalidInput("learning_rate_init", rate, allowed)
    return InvalidInput(f"settings of {config.model}", str(error), "such that scikit-learn can fit it to these rows")


def n_trees(config: TrainConfig) -> int:
    """Return how many trees of a forest grow one after the other, 0 for any other model."""
    return int(dict(config.params).get("n_estimators", 0))


def extract(fitted: Any, names: tuple[str, ...], classes: tuple[str, ...] = ()) -> Parts:
    """Return the parts of a fitted estimator or scaling pipeline, for the unscaled columns `names`.

    `classes` name the class numbers on which a classifier was fitted.
    """
    last = fitted[-1] if hasattr(fitted, "steps") else fitted
    # No gap is left in the columns, so that no split knows one.
    tree = type(last).__name__ in families.trees.KINDS
    parts = families.trees.extract(last, missing=False) if tree else families.extract(last)
    named = {"features": list(names)} | ({"classes": list(classes)} if classes else {})
    parts = Parts(parts.family, parts.values, parts.structure, {**parts.meta, **named})
    return families.fold_scaling(parts, *_scaling(fitted[0], len(names))) if hasattr(fitted, "steps") else parts


def _scaling(scaler: Any, n_columns: int) -> tuple[Floats, Floats]:
    """Return mean and scale of every column, 0 and 1 for the flags behind those that were scaled."""
    of_numbers = scaler if hasattr(scaler, "mean_") else scaler.named_transformers_["standardscaler"]
    mean, scale = np.zeros(n_columns), np.ones(n_columns)
    mean[: len(of_numbers.mean_)], scale[: len(of_numbers.mean_)] = of_numbers.mean_, of_numbers.scale_
    return mean, scale


class _Counter(io.RawIOBase):
    """A file that keeps nothing of what is written but how much it was: a forest's has 145 MB."""

    count = 0

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, data: Any) -> int:
        """Count the bytes of `data`."""
        size = memoryview(data).nbytes
        self.count += size
        return size

    def tell(self) -> int:
        """Return how many bytes there are: joblib aligns arrays by it."""
        return self.count


def joblib_size(fitted: Any) -> int:
    """Return how many bytes joblib writes for the estimator; the file itself is never read back."""
    import joblib

    counter = _Counter()
    joblib.dump(fitted, counter)
    return counter.count


@dataclass(frozen=True, eq=False)
class Fit:
    """One fit on given rows: the estimator, and what was taken from it."""

    estimator: Any
    preparation: Preparation
    parts: Parts
    moments: Moments
    rank: int | None
    seconds: float
    notes: tuple[str, ...]


def fit_rows(
    X: Floats,
    y: Floats,
    features: tuple[str, ...],
    config: TrainConfig,
    classes: tuple[str, ...] = (),
    categories: tuple[tuple[str, ...], ...] = (),
    progress: Progress = silent,
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
    family = MODELS[config.model].family
    if family == "trees":
        _check_single(columns, y)
    rank, tol = rank_tolerance(columns, preparation.scale) if family == "linear" else (None, 0.0)
    start = perf_counter()
    fitted, notes = fit_estimator(config, columns, y, tol, preparation.n_flags, progress)
    seconds = perf_counter() - start
    if rank is not None and rank < columns.shape[1]:
        why = " The columns of a text always add up to 1." if preparation.texts else ""
        notes.append(f"Only {rank} of {columns.shape[1]} columns are independent on these rows.{why}")
    empty = preparation.missing.count(1.0)
    if empty:
        notes.append(f"Features without a value on any of these rows, from which nothing is learnt: {empty}.")
    parts = extract(fitted, preparation.columns, classes)
    return Fit(fitted, preparation, parts, moments(columns, y), rank, seconds, tuple(notes))


def _check_single(columns: Floats, y: Floats) -> None:
    """Raise `InvalidInput` for numbers with which trees cannot reckon: they compare, and add up, in float32."""
    for field, values in (("features", columns), ("target", y)):
        largest = float(np.abs(values).max())
        if largest > SINGLE:
            raise InvalidInput(field, largest, f"at most {SINGLE:g} in size, for trees reckon in 32 bits")


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
    # Of a forest the trees are counted; what comes after them takes about a tenth of their time each.
    steps = max(1, n_trees(config))
    rest = max(1, steps // 10)
    total = steps + 2 * rest
    progress(0, total, "fitting")
    f = fit_rows(
        X, y, dataset.feature_names, config, dataset.classes, dataset.categories,
        lambda done, _, words: progress(done, total, words),
    )  # fmt: skip
    progress(steps, total, "checking")
    check_rows(f.preparation, len(dataset.y))
    n_columns = len(f.preparation.columns)
    report = TrainReport(len(y), len(test), n_columns, f.rank, f.seconds, joblib_size(f.estimator), f.notes)
    seen = sketch(X, dataset.categories)
    progress(steps + rest, total, "measuring")
    return Trained(data, config, dataset, f.preparation, f.parts, f.moments, seen, report)
