"""What the models in a file say to some rows: columns by name, as they are printed and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.artifact import Model
from core.errors import InvalidInput
from core.parts import Floats
from core.rows import Rows

SPELLED = {"original": "original", "quantized": "quantised"}
# Half the range: differences of two such numbers are numbers as well.
_LARGEST = np.finfo(np.float64).max / 2

Codes = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Answers:
    """Columns of numbers (n,) by name in their order; of `classes` a column holds the numbers of the names.

    `outputs` are those of each model: values (n,), or probabilities (n, k).
    """

    columns: Mapping[str, Floats | Codes]
    outputs: Mapping[str, Floats]
    classes: tuple[str, ...]

    def values(self, name: str, count: int | None = None) -> list[float] | list[str]:
        """Return the first `count` values of a column, or all: numbers, or names of classes."""
        column = self.columns[name][:count]
        return [self.classes[i] for i in column] if self.is_class(name) else column.tolist()

    def is_class(self, name: str) -> bool:
        """Return whether a column holds classes."""
        return bool(self.classes) and self.columns[name].dtype.kind == "i"


def answers(model: Model, rows: Rows, first: int = 0) -> Answers:
    """Return the answers of every model in the file, their errors and difference, or their probabilities.

    Raises `InvalidInput` for a row that is too large to be answered; `first` is the number of the first, from 0.
    """
    with np.errstate(all="ignore"):  # what comes out is looked at instead
        outputs = {name: model.outputs(rows.X, name) for name in model.variants}
    _check_finite(rows, outputs, first)
    classes, columns = model.classes, dict[str, Floats | Codes]()
    if classes:
        if rows.y is not None:
            columns["true"] = rows.y.astype(np.intp)
        columns |= {SPELLED[name]: values.argmax(axis=1) for name, values in outputs.items()}
        columns |= {f"probability {SPELLED[name]}": values.max(axis=1) for name, values in outputs.items()}
        return Answers(columns, outputs, classes)
    if rows.y is not None:
        columns["true"] = rows.y
    columns |= {SPELLED[name]: values for name, values in outputs.items()}
    if rows.y is not None:
        columns |= {f"error {SPELLED[name]}": np.abs(values - rows.y) for name, values in outputs.items()}
    if len(outputs) == 2:
        columns["difference"] = outputs["quantized"] - outputs["original"]
    return Answers(columns, outputs, classes)


def outside(model: Model, rows: Rows) -> int:
    """Return how many rows have a number outside the range seen in training; a text has no range, a gap no number."""
    low = np.array([-np.inf if f.categories else f.low for f in model.features])
    high = np.array([np.inf if f.categories else f.high for f in model.features])
    return int(((low > rows.X) | (high < rows.X)).any(axis=1).sum())


def _check_finite(rows: Rows, outputs: Mapping[str, Floats], first: int) -> None:
    """Raise `InvalidInput` for the first row with which the arithmetic leaves the range of numbers."""
    for values in (*outputs.values(), *([] if rows.y is None else [rows.y])):
        bad = np.flatnonzero(~(np.abs(values.reshape(len(values), -1)) <= _LARGEST).all(axis=1))
        if bad.size:
            largest = np.abs(np.nan_to_num(rows.X[bad[0]])).max()  # a gap is no number
            raise InvalidInput(f"row {first + int(bad[0]) + 1:,}", largest.item(), "small enough for a finite answer")
