"""What to do with a table: which column to predict, from which others, and why the rest is left out."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from core.errors import InvalidInput
from core.tables.limits import MAX_CLASSES
from core.tables.table import FLAG, NUMBER, TEXT, Column, Table

REGRESSION, CLASSIFICATION = "regression", "classification"
TASKS = (REGRESSION, CLASSIFICATION)

# Names that say of themselves that they are to be predicted, the surest first.
TARGETS = ("target", "y", "label", "class", "outcome", "species", "price", "value", "median_house_value")
# Whole numbers with no more different values than this are more likely classes than amounts.
FEW = 10

# id, customer_id, PassengerId, but not humid.
_ID = re.compile(r"(^|[\W_])(?i:id)$|[a-z]I[Dd]$")


@dataclass(frozen=True)
class Use:
    """What is done with one column: `role` is target, feature or left out; `words` say how, or why not."""

    name: str
    role: str
    words: str


@dataclass(frozen=True)
class Proposal:
    """A target, the task, the features in the order of the table, and a sentence for every column."""

    target: str
    task: str
    features: tuple[str, ...]
    uses: tuple[Use, ...]


def propose(table: Table, target: str | None = None) -> Proposal:
    """Return a sensible way to learn from `table`, for the `target` that was chosen or the likeliest one.

    Raises `InvalidInput` when no column can be a target.
    """
    chosen = _likeliest(table) if target is None else table.column(target, "target")
    task = task_of(chosen)
    uses = []
    for column in table.columns:
        reason = why_not(column)
        if column is chosen:
            uses.append(Use(column.name, "target", f"predicted: {_kind(column)}, {task}"))
        elif reason:
            uses.append(Use(column.name, "left out", f"left out: {reason}"))
        else:
            uses.append(Use(column.name, "feature", treatment(column)))
    return Proposal(chosen.name, task, tuple(u.name for u in uses if u.role == "feature"), tuple(uses))


def task_of(column: Column) -> str:
    """Return the task that suits a target: classes for text, true and false, and few whole numbers."""
    if column.kind != NUMBER:
        return CLASSIFICATION
    if column.distinct > FEW or not is_whole(column):
        return REGRESSION
    counts = np.unique(column.values[~np.isnan(column.values)], return_counts=True)[1]
    return CLASSIFICATION if counts.size and counts.min() > 1 else REGRESSION


def is_whole(column: Column) -> bool:
    """Tell whether every number that is not missing is whole."""
    present = column.values[~np.isnan(column.values)]
    return bool((present == np.round(present)).all())


def why_not(column: Column) -> str:
    """Return why a column is better no feature, in words; "" where nothing speaks against it."""
    rows = column.values.size
    if column.distinct == 0:
        return "it has no value in any row"
    if column.distinct == 1:
        return "it has the same value in every row" if not column.missing else "it has one value only"
    if column.kind == TEXT:
        if column.distinct == rows - column.missing:
            return "it has a different text in every row"
        if column.is_dates:
            return "it holds dates; numbers made from them, such as the year, could be used"
        if column.distinct > MAX_CLASSES:
            return f"it has {column.distinct} different texts, more than {MAX_CLASSES}"
    if column.kind == NUMBER and column.distinct == rows and is_whole(column):
        if (np.diff(column.values) > 0).all():
            return "it counts the rows: whole numbers that rise from row to row"
        if _ID.search(column.name):
            return "it names the rows: a different whole number in each"
    return ""


def treatment(column: Column) -> str:
    """Return what is done with a feature, in words."""
    missing = f", {column.missing} missing" if column.missing else ""
    if column.kind == TEXT:
        zero = " (0 in all of them where it is missing)" if missing else ""
        return f"{_kind(column)}{missing}: one column each{zero}"
    filled = ": median filled in" if missing else ""
    return f"{_kind(column)}{missing}{filled}"


def _kind(column: Column) -> str:
    if column.kind == TEXT:
        return f"text, {column.distinct} value{'s' * (column.distinct != 1)}"
    return "true as 1, false as 0" if column.kind == FLAG else "number"


def _likeliest(table: Table) -> Column:
    able = [c for c in table.columns if _can_be_target(c)]
    for name in TARGETS:
        for column in able:
            if column.name.casefold() == name:
                return column
    good = [c for kind in (TEXT, FLAG, NUMBER) for c in able if c.kind == kind and not why_not(c)]
    if good or able:
        return (good or able)[-1]
    raise InvalidInput("target", "none of the columns", "a column with two different values and none missing")


def _can_be_target(column: Column) -> bool:
    few_enough = column.kind != TEXT or column.distinct <= MAX_CLASSES
    return column.missing == 0 and column.distinct > 1 and few_enough
