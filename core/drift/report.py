"""`report`: everything that is said of a batch, from the model file alone."""

from __future__ import annotations

import numpy as np

from core.artifact import Model
from core.batch.answers import outside
from core.drift import answers
from core.drift.batch import Batch
from core.drift.columns import Known, judged, measured, worst
from core.drift.limits import Limits
from core.drift.result import DriftReport
from core.parts import Floats, read_only
from core.rows import Rows

NO_COUNT = (
    "The file does not say how many rows it was trained on: they are taken to be as many as the batch has. "
    "Save the model together with its original to have it."
)
NO_HELD_BACK = "The file does not say what the model said of the test rows: drift of the predictions is not known."
# The squares of larger answers leave the range of 64 bits.
_LARGEST = 1e150


def reference_rows(model: Model) -> int | None:
    """Return how many rows the model was trained on, None where its file does not say."""
    return None if model.moments is None else model.moments.n


def reference(model: Model) -> tuple[Known, ...]:
    """Return what the file says of each feature on the training rows."""
    preparation, m = model.preparation, reference_rows(model)
    shares = {text.feature: text.shares for text in preparation.texts}
    missing = preparation.missing or (0.0,) * len(model.features)
    return tuple(
        Known(f.name, f.label, f.unit, f.flag, model.sketch[i], f.categories, shares.get(i, ()), missing[i], m)
        for i, f in enumerate(model.features)
    )


def report(model: Model, batch: Batch, limits: Limits | None = None) -> DriftReport:
    """Return what is to be said of `batch`; a file with two models is asked for both."""
    limits = limits or Limits()
    features = [measured(known, column, limits) for known, column in zip(reference(model), batch.X.T, strict=True)]
    answered, outputs = _answers(model, batch.X)
    y = None if batch.y is None else batch.y[answered]
    said = answers.prediction_columns(model, outputs, limits)
    # The twin's predictions are shown; those of the original are tested.
    first = list(said)[:1]
    columns = judged([*features, *(said[name] for name in first)], limits)
    found = columns[: len(features)]
    predictions = dict(zip(first, columns[len(features) :], strict=True))
    predictions |= {name: judged([column], limits)[0] for name, column in said.items() if name not in first}
    verdict = worst([column.verdict for column in found])
    of_predictions = worst([predictions[name].verdict for name in first])
    notes = [
        note for note, wanting in ((NO_COUNT, reference_rows(model)), (NO_HELD_BACK, model.held_back)) if not wanting
    ]
    return DriftReport(
        worst([verdict, of_predictions]),
        verdict,
        of_predictions,
        len(batch),
        reference_rows(model),
        sum(len(column.tests) for column in columns),
        limits,
        tuple(found),
        read_only(predictions),
        answers.performance(model, outputs, y, limits),
        answers.gap(model, outputs, y, limits),
        outside(model, Rows(batch.X, None)),
        int((~answered).sum()),
        batch.ignored,
        tuple(notes),
    )


def _answers(model: Model, X: Floats) -> tuple[np.ndarray[tuple[int], np.dtype[np.bool_]], dict[str, Floats]]:
    """Return which rows (n,) every model of the file can answer, and the answers to these by variant."""
    lacking = np.isnan(X) & ~np.array(model.preparation.may_miss)
    answered = ~lacking.any(axis=1)
    with np.errstate(all="ignore"):  # what comes out is looked at instead
        outputs = {name: model.outputs(X[answered], name) for name in model.variants}
    finite = np.ones(int(answered.sum()), dtype=bool)
    for values in outputs.values():
        fine = np.abs(values) <= _LARGEST
        finite &= fine.all(axis=1) if fine.ndim == 2 else fine
    answered[answered] = finite
    return answered, {name: values[finite] for name, values in outputs.items()}
