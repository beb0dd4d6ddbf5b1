"""What a file says of its test rows, for the batches that come later: checked, then built; old files lack it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from core.artifact.model import HeldBack
from core.comparison import Comparison
from core.errors import ArtifactError
from core.parts import Array, Floats
from core.prepare.texts import QUANTILES

HELD_BACK = "held_back"
_FIELDS = {"rows", "gap", "gap_deviation"}


def measured_on(outputs: Floats, comparison: Comparison) -> HeldBack | None:
    """Return in short what both models said of the test rows, None where there are none.

    `outputs` are those of the original: values (n,), or probabilities (n, k).
    """
    n = len(outputs)
    if n == 0:
        return None
    if outputs.ndim == 2:
        shares = np.bincount(outputs.argmax(axis=1), minlength=outputs.shape[1]) / n
        apart = len(comparison.agreement.flipped) / n
        return HeldBack(n, shares, apart, float(np.sqrt(apart * (1 - apart))))
    moved = np.abs(comparison.differences)
    return HeldBack(n, np.quantile(outputs, QUANTILES), float(moved.mean()), float(moved.std()))


def held_back_of(
    header: Mapping[str, Any], arrays: dict[str, Array], classes: Sequence[str], take: Callable[..., Array]
) -> HeldBack:
    """Return what the `header` and one of the `arrays`, which is taken out, say; raises `ArtifactError`."""
    found = take(arrays, f"{HELD_BACK}.predictions", "f8", (len(classes) or 21,))
    rows, gap = header.get("rows"), (header.get("gap"), header.get("gap_deviation"))
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 for value in gap)
    if set(header) != _FIELDS or type(rows) is not int or rows < 1 or not (numbers or gap == (None, None)):
        raise ArtifactError("what the file says of the test rows is impossible")
    shares = (found >= 0).all() and abs(found.sum() - 1) <= 1e-9
    if not (shares if classes else (np.diff(found) >= 0).all()):
        raise ArtifactError("the predictions for the test rows are impossible")
    return HeldBack(rows, found, *gap)
