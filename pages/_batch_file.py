"""A file of rows and its answers, without a screen: read, answered by both models, counted, written as CSV again."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.agreement import display_factor, share_within, usual_tolerance
from core.artifact import Model
from core.batch import guarded
from core.diagnose.rows import beyond
from core.errors import InvalidInput
from core.fields import spell
from core.parts import Floats
from core.prepare import check_rows
from core.rows import Rows, parse_rows
from core.train import Trained
from pages._predict_cells import cells
from pages._predict_row import REACH


@dataclass(frozen=True, eq=False)
class Answers:
    """What both models say to each row, in the unit of the table, as columns by name; and how far they agree.

    `share` is the share of rows on which they agree: the same class, or values within `tolerance`, which is in the
    target's unit on screen. `outside` counts the rows with a value that training did not see.
    """

    columns: dict[str, list[Any]]
    share: float
    tolerance: float | None
    outside: int


def read(model: Model, data: bytes) -> Rows:
    """Return the rows in the CSV file `data`; raises `InvalidInput` naming row and column of what is refused."""
    names = [f.name for f in model.features]
    found = parse_rows(data, names, model.target.name, model.classes, model.cells)
    check_rows(model.preparation, len(found.X))
    # What is missing is no number, and not beyond any limit.
    too_large = np.argwhere(np.abs(found.X) > REACH.high)
    if len(too_large):
        row, column = (int(i) for i in too_large[0])
        raise InvalidInput(f"{names[column]} in row {row + 1}", float(found.X[row, column]), REACH.allowed)
    return found


def answered(t: Trained, model: Model, rows: Rows) -> Answers:
    """Return the answers of both models; raises `InvalidInput` where one of them is no number."""
    with np.errstate(over="ignore", invalid="ignore"):
        before, after = (model.outputs(rows.X, name) for name in ("original", "quantized"))
    fine = np.isfinite(np.column_stack([before, after])).all(axis=1)
    if not fine.all():
        raise InvalidInput(f"row {int(np.argmin(fine)) + 1}", "values too large", "one that both models can answer")
    outside = int((beyond(t, rows.X) > 0).any(axis=1).sum())
    if model.classes:
        first, second = before.argmax(axis=1), after.argmax(axis=1)
        return Answers(_classes(model, rows, before, after), float((first == second).mean()), None, outside)
    moved, tolerance = np.abs(after - before) * display_factor(t), usual_tolerance(t)
    columns: dict[str, list[Any]] = {"original": before.tolist(), "quantised": after.tolist()}
    columns["difference"] = (after - before).tolist()
    if rows.y is not None:
        columns["true value"] = rows.y.tolist()
    return Answers(columns, share_within(moved, tolerance), tolerance, outside)


def _classes(model: Model, rows: Rows, before: Floats, after: Floats) -> dict[str, list[Any]]:
    """Return both classes, and the probability in per cent that both models give to the class of the original."""
    said, n = before.argmax(axis=1), np.arange(len(before))
    first, second = 100 * before[n, said], 100 * after[n, said]
    columns: dict[str, list[Any]] = {
        "original": [model.classes[i] for i in said],
        "quantised": [model.classes[i] for i in after.argmax(axis=1)],
        "original, % for its class": first.tolist(),
        "quantised, % for that class": second.tolist(),
        "difference, points": (second - first).tolist(),
    }
    if rows.y is not None:
        columns["true class"] = [model.classes[int(k)] for k in rows.y]
    return columns


def table(model: Model, rows: Rows, answers: Answers, count: int | None = None) -> dict[str, list[Any]]:
    """Return the first `count` rows, or all, as columns by name: the answers, then the features in words."""
    found = {name: values[:count] for name, values in answers.columns.items()}
    for feature, values in zip(model.features, rows.X.T, strict=True):
        name = feature.name
        while name in found:
            name += " (feature)"
        found[name] = cells(feature, values[:count])
    return found


def _cell(value: object) -> str:
    """Return one cell of a CSV file; a text that a spreadsheet would run is defused."""
    if value is None:
        return ""
    return guarded(value) if isinstance(value, str) else spell(value)  # type: ignore[arg-type]


def written(columns: dict[str, list[Any]]) -> bytes:
    """Return `columns` as a CSV file."""
    return _csv([list(columns), *zip(*columns.values(), strict=True)])


def template(model: Model, row: Sequence[float]) -> bytes:
    """Return a file with the columns that the model takes, and one row as an example."""
    values = [cells(f, np.array([v]))[0] for f, v in zip(model.features, row, strict=True)]
    flags = {"yes": "true", "no": "false"}
    shown = [flags.get(str(v), v) if f.flag else v for f, v in zip(model.features, values, strict=True)]
    return _csv([[f.name for f in model.features], shown])


def _csv(lines: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerows([_cell(value) for value in line] for line in lines)
    return text.getvalue().encode()
