"""What happened, as JSON lines in a file and on the console: times, names and counts, never a user's values."""

from __future__ import annotations

import json
import logging
import math
import os
import sys
import traceback
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from core.errors import InvalidInput
from core.settings import ROOT

LOGGER = logging.getLogger("bitdial")
FILE = "bitdial.jsonl"
MAX_BYTES = 1024 * 1024
BACKUPS = 5

LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
# A field is a name, a count or a time. What is longer, or has parts, may be a row.
_LONGEST_TEXT = 200


def safe(value: Any) -> Any:
    """Return `value` if it is one plain value that JSON can hold, else only what kind of thing it was."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str) and len(value) <= _LONGEST_TEXT:
        return value
    return f"<{type(value).__name__}>"


class JsonLines(logging.Formatter):
    """One record, one line: `time`, `level`, `event`, and the fields of the event."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of `record`, made once for all that write it."""
        made: str | None = getattr(record, "line", None)
        if made is not None:
            return made
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        # Twice, so that these three stand first and no field takes their place.
        written = json.dumps({**line, **getattr(record, "fields", {}), **line})
        vars(record)["line"] = written
        return written


class _File(RotatingFileHandler):
    """The same file, with its size counted here: the base class asks the system for every line, which takes longer."""

    size = 0

    def _open(self) -> TextIOWrapper:
        stream = super()._open()
        self.size = os.fstat(stream.fileno()).st_size
        return stream

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802  (the base class calls it so)
        """Return whether the line of `record`, which is ASCII, has no room in the file any more."""
        return self.size + len(self.format(record)) + 1 > self.maxBytes

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of `record`, to a new file where this one is full."""
        super().emit(record)
        self.size += len(self.format(record)) + 1


def configure(folder: Path | None, console: bool = True) -> None:
    """Send what is logged from now on to a file in `folder`, if one is given, and to the console (standard error).

    May be called again, and then replaces what was set. A folder that cannot be written to costs the file and
    nothing else: the console says so.
    """
    shut()
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    if console:
        _add(logging.StreamHandler(sys.stderr))
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _add(_File(folder / FILE, maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8"))
    except OSError as error:
        event("no log file", "warning", folder=str(folder), reason=error.strerror)


def shut() -> None:
    """Close everything that `configure` opened."""
    for handler in LOGGER.handlers[:]:
        LOGGER.removeHandler(handler)
        handler.close()


def _add(handler: logging.Handler) -> None:
    handler.setFormatter(JsonLines())
    LOGGER.addHandler(handler)


def event(name: str, level: str = "info", /, **fields: Any) -> None:
    """Log one event. A field that could hold a user's rows (a table, a list, a long text) loses its value."""
    number = LEVELS[level]
    if LOGGER.isEnabledFor(number):
        # Made here, because `log` would look through the stack for a line of code that nobody reads.
        record = LOGGER.makeRecord(LOGGER.name, number, __file__, 0, name, (), None)
        record.fields = {k: safe(v) for k, v in fields.items()}
        LOGGER.handle(record)


def failure(name: str, error: BaseException, /, **fields: Any) -> None:
    """Log an error by its kind and its place in the code; its message may quote what a user gave, and stays out.

    Bad input is the user's to mend, and no error of ours.
    """
    level = "info" if isinstance(error, InvalidInput) else "error"
    event(name, level, **fields, error=type(error).__name__, where=place(error))


def place(error: BaseException) -> str:
    """Return the file and line of our code in which `error` arose, innermost first, three places at most."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = (f for f in frames if Path(f.filename).is_relative_to(ROOT) and "site-packages" not in f.filename)
    own = [f"{Path(f.filename).name}:{f.lineno}" for f in ours]
    return " < ".join(own[:-4:-1])
