"""Drift: a batch of rows against what a model file says of its training rows; the method is in docs/drift.md.

`read(model, data)` or `simulate(model, changes, n, seed)` makes a `Batch`, `report(model, batch, limits)` says what
is to be said of it, `record` and `history` keep it, and a `Rule` says when somebody should look.
"""

from core.drift.alert import alert
from core.drift.batch import Batch, batch_of
from core.drift.files import read
from core.drift.history import (
    RULE_FIELDS,
    STATISTICS,
    Entry,
    Rule,
    entry_of,
    fires,
    history,
    read_rule,
    record,
    save_rule,
)
from core.drift.limits import FIELDS, Limits
from core.drift.report import report
from core.drift.result import DRIFT, FEW, LITTLE, NONE, UNKNOWN, VERDICTS, Column, DriftReport, Gap, Performance, Test
from core.drift.simulate import Change, simulate

__all__ = [
    "DRIFT",
    "FEW",
    "FIELDS",
    "LITTLE",
    "NONE",
    "RULE_FIELDS",
    "STATISTICS",
    "UNKNOWN",
    "VERDICTS",
    "Batch",
    "Change",
    "Column",
    "DriftReport",
    "Entry",
    "Gap",
    "Limits",
    "Performance",
    "Rule",
    "Test",
    "alert",
    "batch_of",
    "entry_of",
    "fires",
    "history",
    "read",
    "read_rule",
    "record",
    "report",
    "save_rule",
    "simulate",
]
