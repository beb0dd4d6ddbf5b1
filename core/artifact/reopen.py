"""An opened file as if it had just been trained: its own numbers on the rows that its recipe names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core import families
from core.artifact.model import Model
from core.errors import ArtifactError
from core.train import Trained, train

REBUILT = "The file holds no original; it was trained again from the recipe in the file."
DIFFERS = "The file's original differs from what this version trains by the same recipe."


def reopen(model: Model) -> Trained:
    """Return the `Trained` behind `model`, with the file's own original where it has one.

    The recipe is trained once more for what a file does not carry (rank, size of the estimator); a note in
    the report says when the file's numbers differ from it. Raises `ArtifactError` when the data set or its
    features are not those of the file.
    """
    trained = train(model.data, model.config)
    if trained.dataset.sha256 != model.data_sha256:
        raise ArtifactError("the bundled data set is not the one that this file was made from")
    if model.preparation.columns != trained.preparation.columns:
        raise ArtifactError("the features of the file are not those of its data set")
    if model.original is None:
        return replace(trained, report=replace(trained.report, notes=(*trained.report.notes, REBUILT)))
    columns, _ = trained.columns("test")
    ours, theirs = (families.predict(p, columns) for p in (trained.parts, model.original))
    same = np.allclose(ours, theirs, rtol=1e-9, atol=1e-9 * max(1.0, float(np.abs(ours).max())))
    notes = trained.report.notes if same else (*trained.report.notes, DIFFERS)
    return replace(
        trained,
        parts=model.original,
        moments=model.moments or trained.moments,
        report=replace(trained.report, notes=notes),
    )
