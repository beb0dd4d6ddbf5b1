"""An opened file as if it had just been trained: its own numbers on the rows that its recipe names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core import families
from core.artifact.model import Model
from core.config import DataConfig, own_data, table_needed
from core.datasets import OWN, Dataset, load
from core.errors import ArtifactError
from core.train import Trained, TrainReport, train_on

REBUILT = "The file holds no original; it was trained again from the recipe in the file."
OUTSIDE = "The model was brought from outside: there are no test rows to measure it on."
AWAY = "The table that the model was trained on is not open here: there are no test rows to measure it on."
DIFFERS = "The file's original differs from what this version trains by the same recipe."


def reopen(model: Model, table: Dataset | None = None) -> Trained:
    """Return the `Trained` behind `model`, with the file's own original where it has one.

    The recipe is trained once more for what a file does not carry (rank, size of the estimator); a note in
    the report says when the file's numbers differ from it. A model of a user's own table is opened with this
    `table`, or without rows like one from outside. Raises `ArtifactError` when the data set or its features are
    not those of the file.
    """
    if model.data is None or model.config is None:
        return _from_outside(model, OUTSIDE)
    if model.data.dataset == OWN and table is None and model.original is not None and model.moments is not None:
        return _from_outside(model, AWAY)
    dataset = _table(model.data, table)
    if dataset.sha256 != model.data_sha256:
        raise ArtifactError("the bundled data set is not the one that this file was made from")
    if dataset.classes != model.classes:
        raise ArtifactError("the classes of the file are not those of its data set")
    trained = train_on(dataset, model.data, model.config)
    if model.preparation.columns != trained.preparation.columns:
        raise ArtifactError("the features of the file are not those of its data set")
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
    report = TrainReport(model.moments.n, 0, n_columns, n_columns, 0.0, 0, (note,))
    return Trained(None, None, dataset, model.preparation, model.original, model.moments, model.sketch, report)
