"""An opened file as if it had just been trained: its own numbers on the rows that its recipe names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core import families
from core.artifact.model import Model
from core.config import DataConfig, TrainConfig, own_data, table_needed
from core.cost import QUICK, seconds_to_fit
from core.datasets import OWN, Dataset, load, split
from core.errors import ArtifactError
from core.models import MODELS
from core.moments import moments
from core.parts import Floats, Parts
from core.prepare import fit
from core.train import Trained, TrainReport, train_on

Split = tuple[NDArray[np.intp], NDArray[np.intp]]

REBUILT = "The file holds no original; it was trained again from the recipe in the file."
OUTSIDE = "The model was brought from outside: there are no test rows to measure it on."
AWAY = "The table that the model was trained on is not open here: there are no test rows to measure it on."
DIFFERS = "The file's original differs from what this version trains by the same recipe."
OTHER_FEATURES = "the features of the file are not those of its data set"
SLOW = "the file holds no original, and training it again takes long: train it first, or open a file with both models"


def reopen(model: Model, table: Dataset | None = None) -> Trained:
    """Return the `Trained` behind `model`, with the file's own original where it has one.

    The recipe is trained once more for what a file does not carry (rank, size of the estimator); a note in
    the report says when the file's numbers differ from it. Only linear models are: others may take long. A model of a
    user's own table is opened with this `table`, or without rows like one from outside. Raises `ArtifactError` when
    the data set or its features are not those of the file, and for a file without an original that takes long to train.
    """
    if model.data is None or model.config is None:
        return _from_outside(model, OUTSIDE)
    if model.data.dataset == OWN and table is None and model.original is not None and model.moments is not None:
        return _from_outside(model, AWAY)
    dataset = dataset_of(model, table)
    if model.original is not None and model.original.family != "linear":
        return _as_it_is(model, dataset, model.original, model.data, model.config)
    if MODELS[model.config.model].family != "linear" and seconds_to_fit(dataset, model.data, model.config) > QUICK:
        raise ArtifactError(SLOW)
    trained = train_on(dataset, model.data, model.config)
    if model.preparation.columns != trained.preparation.columns:
        raise ArtifactError(OTHER_FEATURES)
    if model.original is None:
        return replace(trained, report=replace(trained.report, notes=(*trained.report.notes, REBUILT)))
    columns, _ = trained.columns("test")
    ours, theirs = (families.outputs(p, columns) for p in (trained.parts, model.original))
    same = np.allclose(ours, theirs, rtol=1e-9, atol=1e-9 * max(1.0, float(np.abs(ours).max())))
    notes = trained.report.notes if same else (*trained.report.notes, DIFFERS)
    return replace(
        trained,
        parts=model.original,
        moments=model.moments or trained.moments,
        report=replace(trained.report, notes=notes),
    )


def dataset_of(model: Model, table: Dataset | None = None) -> Dataset:
    """Return the table that `model` was trained on: a bundled one, or the user's own `table` when it is the one.

    Raises `ArtifactError` when it is not at hand, or is not that of the file.
    """
    if model.data is None:
        raise ArtifactError(OUTSIDE)
    dataset = _table(model.data, table)
    if dataset.sha256 != model.data_sha256:
        raise ArtifactError("the bundled data set is not the one that this file was made from")
    if dataset.classes != model.classes:
        raise ArtifactError("the classes of the file are not those of its data set")
    return dataset


def held_out(model: Model, table: Dataset | None = None) -> tuple[Floats, Floats]:
    """Return the raw test rows and targets of the recipe in a file; none for a model from outside.

    Raises `ArtifactError` like `reopen`, but trees and perceptrons are not needed for it, nor trained.
    """
    if model.data is None or model.config is None or MODELS[model.config.model].family == "linear":
        return reopen(model, table).rows("test")
    dataset = dataset_of(model, table)
    test = _parts_of(model, dataset, model.data, model.config)[1]
    return dataset.X[test], dataset.y[test]


def _as_it_is(model: Model, dataset: Dataset, original: Parts, data: DataConfig, config: TrainConfig) -> Trained:
    """Return the `Trained` of a file that is not linear, its own numbers on the rows of its recipe; nothing is trained.

    How long the fit took, and the size of the estimator, are not known.
    """
    rows, test = _parts_of(model, dataset, data, config)
    report = TrainReport(len(rows), len(test), len(model.preparation.columns), None, None, None)
    m = model.moments
    if m is None:
        m = moments(model.preparation.expand(dataset.X[rows]), dataset.y[rows])
    return Trained(data, config, dataset, model.preparation, original, m, model.sketch, report)


def _parts_of(model: Model, dataset: Dataset, data: DataConfig, config: TrainConfig) -> Split:
    """Return the numbers of the training and of the test rows, whose columns must be those of the file."""
    rows, test = split(dataset, data.test_size, data.seed)
    preparation, _ = fit(
        dataset.X[rows], dataset.feature_names, config.degree, config.scaling, categories=dataset.categories,
        impute=config.impute, fill=config.fill, indicator=config.indicator, engineered=config.ratios,
    )  # fmt: skip
    if preparation.columns != model.preparation.columns:
        raise ArtifactError(OTHER_FEATURES)
    return rows, test


def _table(data: DataConfig, table: Dataset | None) -> Dataset:
    """Return the table of a recipe: a bundled one, or the user's own `table` when it is the one."""
    if data.dataset != OWN:
        return load(data.dataset)
    if table is None:
        raise ArtifactError(str(table_needed(data.sha256, data.target)))
    if own_data(table, data.test_size, data.seed) != data:
        raise ArtifactError("the open table is not the one that this file was made from, with its target and features")
    return table


def _from_outside(model: Model, note: str) -> Trained:
    """Return a `Trained` without rows: what can be measured on none stays unmeasured."""
    if model.original is None or model.moments is None:
        raise ArtifactError("the file holds no original with training statistics, and no recipe to make one")
    X, y = np.empty((0, len(model.features))), np.empty(0)
    dataset = Dataset(
        "own", model.label or "a model of your own", model.task, model.features, model.target, X, y,
        "brought from outside", "", "", classes=model.classes,
    )  # fmt: skip
    n_columns = len(model.preparation.columns)
    rank = n_columns if model.original.family == "linear" else None
    report = TrainReport(model.moments.n, 0, n_columns, rank, None, None, (note,))
    return Trained(None, None, dataset, model.preparation, model.original, model.moments, model.sketch, report)
