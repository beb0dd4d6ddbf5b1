"""A user's own table: bytes in, a checked `Table` out, and a proposal what to do with it."""

from core.tables.encoding import ENCODINGS
from core.tables.limits import MAX_BYTES, MAX_CELLS, MAX_CLASSES, MAX_COLUMNS, MAX_ROWS, MIN_ROWS
from core.tables.proposal import Proposal, Use, propose, task_of, treatment, why_not
from core.tables.reader import read
from core.tables.table import Column, Plain, Table
from core.tables.target import check_target

__all__ = [
    "ENCODINGS", "MAX_BYTES", "MAX_CELLS", "MAX_CLASSES", "MAX_COLUMNS", "MAX_ROWS", "MIN_ROWS", "Column", "Plain",
    "Proposal", "Table", "Use", "check_target", "propose", "read", "task_of", "treatment", "why_not",
]  # fmt: skip
