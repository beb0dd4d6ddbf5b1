"""What single rows do to a result: one carries the difference, or a few outside the training range carry the change.

The test rows are only reported here; the cures are chosen by the training rows, as everywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.comparison import Comparison
from core.diagnose.cure import best_cure, material
from core.diagnose.finding import Finding, share, short
from core.evaluate import baseline
from core.metrics import LABELS
from core.parts import Array, Floats
from core.train import Trained

# Half of the last decimal with which the difference is shown: below it there is nothing to carry.
SEEN = 5e-5

# What a row must hold of all gains and losses: where these nearly cancel, any row would "carry" what is left.
A_TENTH = 0.1

# How much more than their share of the rows those outside the range must hold of the squared change.
TIMES_THEIR_SHARE = 10.0

_CURES = ("standardise", "refit", "fit scale", "rows", "blocks")


def _signed(value: float) -> str:
    """Return a difference with its sign, to one decimal more than R² is shown with."""
    return f"{value:+,.{5 if abs(value) < 1 else 2}f}".replace("-", "−")


def one_row_carries(trained: Trained, c: Comparison) -> Finding | None:
    """Find a test row that makes half of the difference in R² or more, and a tenth of all gains and losses.

    Not for accuracy, of which every row that flips moves the same amount.
    """
    d = c.difference
    if d is None or d.metric != "r2" or abs(d.value) < SEEN or abs(d.row_effect) < abs(d.value) / 2:
        return None
    rows, y = trained.rows("test")
    error = y - baseline(trained).outputs
    gain = error**2 - (error - c.differences) ** 2
    total = float(np.abs(gain).sum())
    part = abs(float(gain[d.row])) / total if total > 0 else 0.0
    if part < A_TENTH:
        return None
    text = (
        f"Test row {d.row} alone moves the difference in {LABELS[d.metric]} from {_signed(d.value_without)} to "
        f"{_signed(d.value)}"
    )
    evidence: dict[str, Any] = {
        "row": d.row, "difference": d.value, "without": d.value_without, "share_of_gains_and_losses": part,
    }  # fmt: skip
    odd = _oddest(trained, rows[d.row])
    if odd is not None:
        feature, value, away = odd
        text += f": {feature} is {short(value)} there, {short(away)} deviations from the mean"
        evidence |= {"feature": feature, "value": value, "deviations": away}
    return Finding("one_row_carries", text + ".", evidence, best_cure(trained, c, _CURES))


def _oddest(trained: Trained, row: Floats) -> tuple[str, float, float] | None:
    """Return the number of a raw row that is most deviations from its mean, None where it holds no number.

    A text and a flag have no mean that says anything, and what is missing is nowhere.
    """
    p = trained.preparation
    # The first columns of the model are the numbers, in this order.
    measured = [
        (abs(float(row[i]) - float(p.mean[j])) / float(p.scale[j]), i)
        for j, i in enumerate(p.numbers)
        if not (np.isnan(row[i]) or trained.dataset.features[i].flag)
    ]
    if not measured:
        return None
    away, i = max(measured, key=lambda pair: pair[0])
    return p.features[i], float(row[i]), away


def beyond(trained: Trained, rows: Floats) -> Floats:
    """Return how far each value lies outside the training range of its feature, in widths of it, (n, n_features).

    0 inside; a feature that is constant in training has no width, and is measured in its own unit. A text lies 1
    outside when no training row has it. What is missing lies inside: something known stands in its place.
    """
    low, high = trained.sketch[:, 0], trained.sketch[:, -1]
    width = np.where(high > low, high - low, 1.0)
    result: Floats = np.maximum(np.maximum(low - rows, rows - high), 0.0) / width
    for text in trained.preparation.texts:
        result[:, text.feature] = ~np.isin(rows[:, text.feature], text.seen)
    result[np.isnan(rows)] = 0.0
    return result


def inputs_out_of_range(trained: Trained, c: Comparison) -> Finding | None:
    """Find test rows outside the training range with a tenth of the squared change, ten times their share or more."""
    if not len(c.differences) or not material(trained, c):
        return None
    rows, _ = trained.rows("test")
    outside = beyond(trained, rows)
    out: Array = np.asarray(outside.any(axis=1))
    squared = c.differences**2
    count, total = int(out.sum()), float(squared.sum())
    part = float(squared[out].sum()) / total if total > 0 else 0.0
    if not count or part < max(A_TENTH, TIMES_THEIR_SHARE * count / len(out)):
        return None
    row = int(np.argmax(np.where(out, squared, -1.0)))
    column = int(np.argmax(outside[row]))
    feature, value = trained.dataset.features[column], float(rows[row, column])
    low, high = float(trained.sketch[column, 0]), float(trained.sketch[column, -1])
    evidence: dict[str, Any] = {"rows": count, "of": len(out), "share": part, "row": row, "feature": feature.name}
    if feature.categories:
        shown = feature.categories[int(value)] if value >= 0 else "no known text"
        said = f"{shown}, which no training row has"
        evidence |= {"value": shown}
    else:
        said = f"{short(value)}, in training {short(low)} to {short(high)}"
        evidence |= {"value": value, "low": low, "high": high}
    text = (
        f"{count:,} of {len(out):,} test rows lie outside the training range and hold {share(part)} of the squared "
        f"change; in row {row} {feature.name} is {said}."
    )
    return Finding("inputs_out_of_range", text, evidence, best_cure(trained, c, _CURES))
