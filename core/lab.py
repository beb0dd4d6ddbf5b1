"""What would become of trees if their thresholds were rounded: the experiment behind the rule that they never are.

Thresholds are indexed instead: each feature has an exact table of those that are asked of it. Once they are rounded,
a row whose value lies between a threshold and what it was rounded to goes the other way, and in a deep tree it ends
in a leaf that has little to do with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from core.errors import InvalidInput
from core.evaluate import baseline
from core.families import trees
from core.fields import Choice
from core.metrics import Metrics, metrics_of
from core.outputs import leaf_ids
from core.packed import sizes
from core.packed.tables import pack_table
from core.parts import Array, Floats, Parts, read_only
from core.quant.stored import stored_structure
from core.train import Trained


@dataclass(frozen=True)
class Rounding:
    """One way to round thresholds. `apply` is given those of one feature, ascending and finite, at least one.

    `grid` says that they come to lie on an even grid, of which the two ends are stored for each feature: then there
    is no table, and the code of a threshold is its place on the grid.
    """

    label: str
    apply: Callable[[Floats], Floats]
    grid: bool = False


@dataclass(frozen=True)
class Rounded:
    """What rounding did: bytes of the tables of thresholds, what ended in another leaf, figures on the test rows.

    `pairs` is the share of the pairs of a test row and a tree, `rows` that of the test rows with at least one such
    pair; None without test rows. `before` and `after` are the figures of the task.
    """

    kind: str
    table_before: int
    table_after: int
    pairs: float | None
    rows: float | None
    before: Metrics
    after: Metrics


def _cast(kind: type[np.floating]) -> Callable[[Floats], Floats]:
    """Return the function that rounds to the nearest number of a type; what is beyond it stops at its largest."""
    limit = float(np.finfo(kind).max)
    return lambda values: np.clip(values, -limit, limit).astype(kind).astype(np.float64)


def bfloat16(values: Floats) -> Floats:
    """Return the nearest numbers of the upper half of a float32: 8 bits of exponent, 7 of fraction, ties to even."""
    bits = _cast(np.float32)(values).astype(np.float32).view(np.uint32).astype(np.uint64)
    # Half of the last place that stays, and the last place itself where that makes the result even.
    rounded = (bits + 0x7FFF + ((bits >> np.uint64(16)) & np.uint64(1))) & np.uint64(0xFFFF0000)
    return rounded.astype(np.uint32).view(np.float32).astype(np.float64)


def _even(bits: int) -> Callable[[Floats], Floats]:
    """Return the function that rounds to an even grid from the lowest to the highest threshold.

    s = (high - low) / (2^b - 1);  t' = low + s·rint((t - low) / s).
    """

    def rounded(values: Floats) -> Floats:
        low, high = values[0], values[-1]
        step = (high - low) / (2**bits - 1)
        return low + step * np.rint((values - low) / step) if step > 0 else values

    return rounded


# The trees of scikit-learn compare float32 already: only those of a boosting lose anything by the first.
ROUNDINGS: dict[str, Rounding] = {
    "float32": Rounding("float32, nearest", _cast(np.float32)),
    "float16": Rounding("float16, nearest", _cast(np.float16)),
    "bfloat16": Rounding("bfloat16, nearest", bfloat16),
    **{f"grid{b}": Rounding(f"even grid of {b} bits a feature", _even(b), grid=True) for b in (10, 8, 6, 4)},
}


def round_thresholds(trained: Trained, kind: str) -> Rounded:
    """Return what a tree model does on its test rows once its thresholds are rounded.

    Raises `InvalidInput` for a model without trees and for a kind that is none of `ROUNDINGS`.
    """
    Choice("", tuple(ROUNDINGS)).check("kind", kind)
    if trained.parts.family != "trees":
        raise InvalidInput("model", trained.parts.family, "one of trees: others have no thresholds")
    rounded = rounded_parts(trained.parts, kind)
    rows, y = trained.columns("test")
    leaves = trees.leaves(rounded, rows)
    elsewhere = leaves != leaf_ids(trained, "test")
    after = metrics_of(trained.dataset.task, y, trees.from_leaves(rounded, leaves), trained.dataset.classes)
    return Rounded(
        kind,
        sizes(stored_structure(trained.parts))["table"],
        _table_size(rounded, ROUNDINGS[kind]),
        float(elsewhere.mean()) if len(y) else None,
        float(elsewhere.any(axis=1).mean()) if len(y) else None,
        baseline(trained).metrics["test"],
        read_only(after),
    )


def rounded_parts(parts: Parts, kind: str) -> Parts:
    """Return trees with rounded thresholds; an infinite one, which parts missing values from others, stays."""
    table = parts.structure["table"].astype(np.float64)
    for one in _features(parts):
        finite = one[np.isfinite(table[one])]
        if len(finite):
            table[finite] = ROUNDINGS[kind].apply(table[finite])
    return replace(parts, structure={**parts.structure, "table": table.astype(parts.structure["table"].dtype)})


def _features(parts: Parts) -> list[Array]:
    """Return the places in the table of the thresholds of each feature."""
    start = parts.structure["table_start"]
    return np.split(np.arange(start[-1]), start[1:-1])


def _table_size(parts: Parts, rounding: Rounding) -> int:
    """Return the bytes of the tables once thresholds that became the same stand there once."""
    different = [np.unique(parts.structure["table"][one].astype(np.float32)) for one in _features(parts)]
    if rounding.grid:
        return sum(2 * 4 for table in different if len(table))
    return pack_table(np.concatenate(different), np.array([len(table) for table in different])).size
