"""What the models say of a batch: drift of the predictions, performance, and the gap between the two models."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.artifact import Model
from core.drift.columns import Known, measured
from core.drift.limits import Limits
from core.drift.result import FEW, UNKNOWN, Column, Gap, Performance
from core.intervals import SAME, outputs_difference, resampled_sums, verdict
from core.metrics import metrics_of
from core.parts import Floats, read_only

WIDER, NARROWER = "wider", "narrower"
# The figure by which performance is judged: a mean over rows.
FIGURE = {"regression": "mae", "classification": "accuracy"}
# The half-width of a 99 % interval, in standard errors of a mean (two-sided, normal).
_Z = 2.5758293035489004


def prediction_columns(model: Model, outputs: Mapping[str, Floats], limits: Limits) -> dict[str, Column]:
    """Return the predictions of each variant against those of the original on the test rows.

    Empty for a file that does not have these, and where no row can be answered.
    """
    held = model.held_back
    if held is None or not len(next(iter(outputs.values()), ())):
        return {}
    classes, target = model.classes, model.target
    unit = "" if classes else target.table_unit
    sketch = np.zeros(21) if classes else held.predictions
    shares = tuple(held.predictions.tolist()) if classes else ()
    found = {}
    for name, values in outputs.items():
        known = Known(name, target.label, unit, False, sketch, classes, shares, 0.0, held.rows)
        said = values.argmax(axis=1).astype(np.float64) if classes else values
        found[name] = measured(known, said, limits)
    return found


def performance(
    model: Model, outputs: Mapping[str, Floats], y: Floats | None, limits: Limits
) -> tuple[Performance, ...]:
    """Return the mean absolute error, or the accuracy, on rows with true values `y` (n,) against the test rows'.

    The mean absolute error, not R²: R² falls already where the true values of the batch spread less.
    """
    if y is None or len(y) < 2:
        return ()
    figure = FIGURE[model.task]
    apart = [values.argmax(axis=1) == y if model.classes else np.abs(values - y) for values in outputs.values()]
    intervals = _intervals(np.column_stack(apart).astype(np.float64), model)
    found = []
    for (name, values), (low, high) in zip(outputs.items(), intervals, strict=True):
        metrics = read_only(metrics_of(model.task, y, values, model.classes))
        stored = model.metrics.get(name, {}).get("test", {}).get(figure)
        if stored is None or model.held_back is None:
            said = UNKNOWN
        elif len(y) < limits.least:
            said = FEW
        else:
            sign = 1 if model.classes else -1
            said = verdict(*sorted((sign * (low - stored), sign * (high - stored))))
        found.append(Performance(name, figure, metrics[figure], low, high, stored, said, metrics))
    return tuple(found)


def _intervals(each: Floats, model: Model) -> list[tuple[float, float]]:
    """Return the bootstrap 99 % intervals of the means of columns (n, k), with the chance of m test rows in them.

    Rows of the same kind vary alike: the difference to the mean of m others has (1 + n/m) times the variance.
    """
    n, means = len(each), each.mean(axis=0)
    ends = np.quantile(resampled_sums(each) / n, [0.005, 0.995], axis=0)
    factor = 1.0 if model.held_back is None else float(np.sqrt(1 + n / model.held_back.rows))
    low, high = means + (ends - means) * factor
    return list(zip(low.tolist(), high.tolist(), strict=True))


def gap(model: Model, outputs: Mapping[str, Floats], y: Floats | None, limits: Limits) -> Gap | None:
    """Return how far the two models are from each other on rows (n,), None for a file with one of them."""
    if len(outputs) < 2 or not len(outputs["original"]):
        return None
    original, quantized = outputs["original"], outputs["quantized"]
    apart = np.abs(quantized - original)
    if model.classes:
        apart = (original.argmax(axis=1) != quantized.argmax(axis=1)).astype(np.float64)
    held, n, mean = model.held_back, len(apart), float(apart.mean())
    reference = low = high = None
    said = UNKNOWN
    if held is not None and held.gap is not None and held.gap_deviation is not None:
        reference = held.gap
        # Welch: the two means vary independently.
        error = _Z * float(np.sqrt(apart.var() / n + held.gap_deviation**2 / held.rows))
        low, high = mean - reference - error, mean - reference + error
        said = FEW if n < limits.least else SAME if low <= 0 <= high else WIDER if low > 0 else NARROWER
    stored = model.metrics.get("difference", {}).get("value")
    difference = outputs_difference(y, original, quantized) if y is not None and len(y) > 1 else None
    return Gap(mean, float(apart.max()), reference, low, high, said, difference, stored)
