"""The rows of a file, answered: all of them to another file, or all at once where they are few."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.artifact import Model
from core.batch import sink
from core.batch.answers import Answers, answers, outside
from core.batch.source import Source, open_rows
from core.errors import InvalidInput
from core.progress import Progress, silent
from core.rows import MAX_ROWS, Rows


@dataclass(frozen=True)
class Total:
    """What is counted while rows come by; `found` are the answers to the first of them."""

    rows: int = 0
    outside: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    found: Answers = field(default_factory=lambda: Answers({}, {}, ()))

    def with_more(self, model: Model, rows: Rows, found: Answers) -> Total:
        """Return what is counted with some more rows."""
        return Total(
            self.rows + len(rows.X),
            self.outside + outside(model, rows),
            self.unknown + Counter(dict(rows.unknown)),
            self.missing + Counter(dict(rows.missing)),
            self.found if self.rows else found,
        )


def predict_file(model: Model, path: str | Path, out: str | Path, progress: Progress = silent) -> Total:
    """Write the answers to the rows in the file at `path` to the file `out`, and return what was counted.

    Raises `InvalidInput` naming what is wrong with the rows, and `ArtifactError` when `out` cannot be written; in
    either case nothing of it is left.
    """
    total, source = Total(), open_rows(path, model)
    with sink.opened(out) as target:
        for rows in source.pieces():
            found = answers(model, rows, total.rows)
            target.write(found, total.rows)
            total = total.with_more(model, rows, found)
            progress(min(source.done, source.total), source.total, f"{total.rows:,} rows")
    return total


def write(found: Answers, out: str | Path) -> None:
    """Write answers to the file `out`; raises `ArtifactError` when it cannot be written."""
    with sink.opened(out) as target:
        target.write(found, 0)


def gather(source: Source) -> Rows:
    """Return all rows of a file at once; raises `InvalidInput` where there are too many for that."""
    pieces: list[Rows] = []
    count = 0
    for rows in source.pieces():
        pieces.append(rows)
        count += len(rows.X)
        if count > MAX_ROWS:
            raise InvalidInput("rows", f"{count:,} rows or more", f"at most {MAX_ROWS:,} rows without --out FILE")
    unknown, missing = Counter[str](), Counter[str]()
    for one in pieces:
        unknown.update(dict(one.unknown))
        missing.update(dict(one.missing))
    y = None if pieces[0].y is None else np.concatenate([one.y for one in pieces if one.y is not None])
    return Rows(np.concatenate([one.X for one in pieces]), y, tuple(unknown.items()), tuple(missing.items()))
