"""`Batch`: raw rows that came in after training, as they are: with gaps, unknown texts and columns too many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.artifact import Model
from core.errors import InvalidInput
from core.parts import Floats, frozen, rebuild
from core.rows import MAX_ROWS

# Sums of squares of larger numbers leave the range of 64 bits.
_LARGEST = 1e150


@dataclass(frozen=True, eq=False)
class Batch:
    """Raw rows `X` (n, n_features) in the model's order, NaN where a value is missing, -1 for an unknown text.

    `y` (n,) are the true values, numbers of classes for classes, or None; `ignored` are columns that the model does
    not have; `source` says where the rows are from.
    """

    X: Floats
    y: Floats | None
    ignored: tuple[str, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        object.__setattr__(self, "X", frozen(self.X))
        if self.y is not None:
            object.__setattr__(self, "y", frozen(self.y))

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        """Return how a copy is made in another process."""
        return rebuild(self)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.X)


def batch_of(
    model: Model, X: Floats, y: Floats | None = None, ignored: tuple[str, ...] = (), source: str = ""
) -> Batch:
    """Return the batch of raw rows `X` (n, n_features) and true values `y` (n,); raises `InvalidInput`.

    Any cell may be missing, also where the model takes no gaps.
    """
    if X.ndim != 2 or X.shape[1] != len(model.features):
        raise InvalidInput("batch", f"shape {X.shape}", f"rows of {len(model.features)} columns")
    if not 1 <= len(X) <= MAX_ROWS:
        raise InvalidInput("batch", f"{len(X):,} rows", f"1 to {MAX_ROWS:,} rows")
    if y is not None and y.shape != (len(X),):
        raise InvalidInput("targets", f"{y.size:,} values", f"{len(X):,} values, one a row")
    if y is not None and not (np.abs(y) <= _LARGEST).all():
        raise InvalidInput(f"row {int(np.argmin(np.abs(y) <= _LARGEST)) + 1}", "a target", "a number up to 1e150")
    large = np.argwhere(np.abs(X) > _LARGEST)
    if len(large):
        row, column = large[0]
        allowed = "a number up to 1e150"
        raise InvalidInput(f"{model.features[column].name} in row {row + 1}", float(X[row, column]), allowed)
    model.preparation.check_codes(X)
    return Batch(np.asarray(X, dtype=np.float64), y, ignored, source)
