"""How far slow work is, in one line of a terminal that is written again and again, and gone at the end."""

from __future__ import annotations

import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType
from typing import TextIO, TypeVar

from core.progress import Progress, silent

Done = TypeVar("Done")

# Seconds between two lines: a person reads no faster, and writing takes time.
_PAUSE = 0.1
# Seconds after which the time that is left can be told from the time that was spent.
_SETTLED = 1.0


def watched(work: Callable[[Progress], Done], stream: TextIO | None = None) -> Done:
    """Return what `work` returns, while its progress stands on `stream` (stderr), if that is a terminal."""
    stream = sys.stderr if stream is None else stream
    with interruptible() as check:
        if not stream.isatty():
            return work(_checked(silent, check))
        line = Line(stream)
        try:
            return work(_checked(line, check))
        finally:
            line.clear()


def _checked(progress: Progress, check: Callable[[], None]) -> Progress:
    def step(done: int, total: int, words: str) -> None:
        check()
        progress(done, total, words)

    return step


@contextmanager
def interruptible() -> Iterator[Callable[[], None]]:
    """Yield what raises `KeyboardInterrupt` once Ctrl-C was pressed.

    Pressed while Python runs a destructor or a callback of a library, the exception that Ctrl-C is gets lost there.
    """
    pressed = []

    def press(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        signal.default_int_handler(number, frame)

    def check() -> None:
        if pressed:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # which alone hears signals
        yield check
        return
    before = signal.signal(signal.SIGINT, press)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)


class Line:
    """Progress as one line: the share that is done, what is being done, and the time that is left."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = monotonic) -> None:
        """Begin to count the time."""
        self.stream, self.clock = stream, clock
        self.start = self.last = clock()
        self.width = 0

    def __call__(self, done: int, total: int, words: str) -> None:
        """Write the line again, unless it was written a moment ago."""
        now = self.clock()
        if self.width and done < total and now - self.last < _PAUSE:
            return
        self.last = now
        spent = now - self.start
        left = f", {duration(spent * (total - done) / done)} left" if 0 < done < total and spent > _SETTLED else ""
        line = f"{done / total:.0%}: {words}{left}"[: shutil.get_terminal_size().columns - 1]
        self.stream.write("\r" + line.ljust(self.width))
        self.stream.flush()
        self.width = len(line)

    def clear(self) -> None:
        """Leave the line as if nothing had been written."""
        self.stream.write("\r" + " " * self.width + "\r")
        self.stream.flush()


def duration(seconds: float) -> str:
    """Return a time in words, rounded as one reads it: 8 s, 2 min 5 s, 1 h 3 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
