"""A file of rows of any length to a file of answers, a piece at a time: the memory that it takes does not grow."""

from core.batch.answers import SPELLED, Answers, answers, outside
from core.batch.run import Total, gather, predict_file, write
from core.batch.sink import guarded
from core.batch.source import Source, open_rows

__all__ = [
    "SPELLED",
    "Answers",
    "Source",
    "Total",
    "answers",
    "gather",
    "guarded",
    "open_rows",
    "outside",
    "predict_file",
    "write",
]
