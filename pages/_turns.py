"""One script at a time, in the order in which they came.

Python runs one at a time anyway, and scripts that interrupt each other at every system call take far longer together
than one after the other. A plain lock lets whoever comes at the right moment pass those who wait: of 50 visitors a
few waited five times as long as most.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

# Seconds after which a script that still runs (a training, a cross-validation) is no longer waited for.
LONGEST = 0.25

_LOCK = threading.Lock()
# The script whose turn it is, then those that wait, in their order; an event says that a script's turn has come.
_LINE: deque[threading.Event] = deque()
_SINCE = [0.0]


@contextmanager
def turn() -> Iterator[None]:
    """Wait for this script's turn, for each of those before it `LONGEST` at most; the body runs in any case."""
    mine = threading.Event()
    with _LOCK:
        _LINE.append(mine)
        if _LINE[0] is mine:
            _begin()
    while not mine.wait(LONGEST):
        _pass_by(mine)
    try:
        yield
    finally:
        with _LOCK:
            if _LINE and _LINE[0] is mine:  # else another one has passed by
                _LINE.popleft()
                _begin()


def is_free() -> bool:
    """Return whether nobody has a turn."""
    return not _LINE


def _begin() -> None:
    """Let the first in the line begin, if there is one; the lock is held."""
    if _LINE:
        _SINCE[0] = time.monotonic()
        _LINE[0].set()


def _pass_by(mine: threading.Event) -> None:
    """Let the next in the line begin where the first takes too long and `mine` has waited behind it."""
    with _LOCK:
        if not mine.is_set() and time.monotonic() - _SINCE[0] >= LONGEST:
            _LINE.popleft()
            _begin()
