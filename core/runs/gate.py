"""The gate: is one model worse than another on rows that neither was trained on? An interval says it, not a number."""

from __future__ import annotations

import time

import numpy as np

from core.artifact import Model
from core.config import DataConfig, own_data
from core.datasets import OWN, Dataset, load, split
from core.errors import InvalidInput
from core.fields import Number
from core.intervals import outputs_difference
from core.metrics import LABELS
from core.parts import Floats
from core.runs.run import Decision, Gap

# Fewer rows give intervals that are wide and, of the bootstrap, too narrow for what they claim.
LEAST_ROWS = 50
TOLERANCE = Number(
    0.01, 0, 1, label="Tolerance",
    help="By so much the new model may be worse at the bad end of the interval: in R², or as a share of the rows.",
)  # fmt: skip


def held_back(first: Model, second: Model, table: Dataset | None = None) -> tuple[Floats, Floats]:
    """Return the raw rows and targets that were held back from both trainings.

    `table` is the user's own table where both models were made from it. Raises `InvalidInput` with the reason where
    there are no such rows at hand, or fewer than 50.
    """
    before, after = _recipe(first), _recipe(second)
    if first.data_sha256 != second.data_sha256 or before.dataset != after.dataset or before.target != after.target:
        raise InvalidInput("data", after.dataset, "those of the champion: on other rows nothing can be compared")
    dataset = _dataset(before, first, table)
    if _dataset(after, second, table) is not dataset:
        raise InvalidInput("data", after.dataset, "read with the same columns")
    mine, theirs = (split(dataset, data.test_size, data.seed)[1] for data in (before, after))
    rows = mine[np.isin(mine, theirs)]
    if len(rows) < LEAST_ROWS:
        raise InvalidInput("held-back rows", len(rows), f"at least {LEAST_ROWS} that neither model was trained on")
    return dataset.X[rows], dataset.y[rows]


def gap(first: Model, second: Model, rows: Floats, targets: Floats) -> Gap:
    """Return second minus first in the main figure on raw `rows` (n, n_features) and their `targets` (n,).

    The quantised model answers where a file holds one. Raises `InvalidInput` where the figure is not defined.
    """
    before, after = (model.outputs(rows, model.variants[-1]) for model in (first, second))
    found = outputs_difference(targets, before, after)
    if found is None:
        raise InvalidInput("held-back rows", "targets that are all equal", "rows on which R² is defined")
    return Gap(found.metric, found.value, found.low, found.high, found.verdict)


def _recipe(model: Model) -> DataConfig:
    if model.data is None:
        raise InvalidInput("model", model.label, "one with a recipe: this one was brought from outside, without rows")
    return model.data


def _dataset(data: DataConfig, model: Model, table: Dataset | None) -> Dataset:
    """Return the rows that a model was made from; raises `InvalidInput` where they are not at hand."""
    if data.dataset != OWN:
        found = load(data.dataset)
    elif table is None or own_data(table, data.test_size, data.seed) != data:
        raise InvalidInput("table", "none", f"open here: the one whose SHA-256 begins with {data.sha256[:12]}")
    else:
        found = table
    if found.sha256 != model.data_sha256 or found.classes != model.classes:
        raise InvalidInput("data", data.dataset, "those that the model was made from, and they have changed since")
    return found


def decide(
    champion: Model,
    challenger: Model,
    rows: Floats,
    targets: Floats,
    tolerance: float,
    *,
    version: int = 0,
    before: int = 0,
) -> Decision:
    """Return whether `challenger` may take the place of `champion`, judged on raw `rows` that neither was trained on.

    It may when the bad end of the paired 95 % interval of its main figure minus the champion's is not below
    -`tolerance`. `version` and `before` are their numbers. With fewer than 50 rows, or where the figure is not defined,
    the answer is no, with the reason.
    """
    try:
        if len(targets) < LEAST_ROWS:
            raise InvalidInput("held-back rows", len(targets), f"at least {LEAST_ROWS}")
        found = gap(champion, challenger, rows, targets)
    except InvalidInput as error:
        return refused(error, version, before, tolerance)
    promoted = found.low >= -tolerance
    reason = (
        f"{'promoted' if promoted else 'not promoted'}: {LABELS[found.metric]} minus the champion's on the same "
        f"{len(targets):,} held-back rows is {_signed(found.value)}, 95 % interval {_signed(found.low)} to "
        f"{_signed(found.high)}; its bad end is {'within' if promoted else 'beyond'} the tolerance of {tolerance:g}"
    )
    return Decision(
        promoted, version, before, tolerance, reason, time.time(), found.metric, len(targets), found.value, found.low,
        found.high,
    )  # fmt: skip


def refused(error: InvalidInput, version: int, before: int, tolerance: float) -> Decision:
    """Return the decision where two models cannot be compared: no, and why."""
    return Decision(False, version, before, tolerance, f"not promoted, for want of a comparison: {error}", time.time())


def first_champion(version: int, tolerance: float) -> Decision:
    """Return the decision where there is no champion: there is none that a version could be worse than."""
    return Decision(True, version, 0, tolerance, "promoted: it is the first champion", time.time())


def _signed(value: float) -> str:
    return f"{value:+.4g}".replace("-", "−") if value else "0"


def checked_tolerance(tolerance: object) -> float:
    """Return a tolerance as a number; raises `InvalidInput`."""
    return float(TOLERANCE.check("tolerance", tolerance))
