"""The worker process: limits first, then one job after another from its pipe, until the pipe or the server ends."""

from __future__ import annotations

import gc
import logging
import os
import resource
import select
import signal
import sys
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler

from core import logs
from core.errors import ArtifactError, InvalidInput

# At most five messages a second; the first and the last unit of work are always told.
_EVERY = 0.2
# Nothing of ours writes large files; and a crash must not leave a picture of a user's rows on the disk.
_MAX_FILE = 256 * 1024 * 1024
# The server ends a job at its time limit; this many seconds later the kernel does, should the server be gone.
_GRACE = 10


def main(fd: int, memory: int, niceness: int) -> None:
    """Serve the pipe `fd`: with at most `memory` bytes, and only the time that nobody else wants."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends its workers itself
    os.nice(niceness)
    # What the process can write to, not its addresses: the libraries reserve far more of these than they use.
    _limit(resource.RLIMIT_DATA, memory)
    _limit(resource.RLIMIT_FSIZE, _MAX_FILE)
    _limit(resource.RLIMIT_CORE, 0)
    threading.Thread(target=_end_with_server, args=(fd,), daemon=True).start()
    pipe = Connection(fd)
    logs.LOGGER.setLevel(logging.INFO)
    logs.LOGGER.propagate = False
    logs.LOGGER.addHandler(_Forward(pipe))
    with suppress(EOFError, OSError):
        while True:
            payload = pipe.recv_bytes()
            pipe.send(("started",))
            _answer(pipe, payload)
            del payload
            gc.collect()


def _limit(which: int, value: int) -> None:
    """Lower a limit for good, where the system knows it and it is not lower already."""
    with suppress(ValueError, OSError):
        resource.setrlimit(which, (value, value))


def _allow_time(seconds: float) -> None:
    """Let the kernel end this process when it has computed for `seconds` more, and some grace."""
    used = time.process_time()
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (int(used + seconds) + _GRACE, hard))


def _end_with_server(fd: int) -> None:
    """Wait until the other end of the pipe is closed, also in the middle of a job; then end at once."""
    poller = select.poll()
    poller.register(fd, 0)  # nothing but the end is reported
    poller.poll()
    os._exit(0)


class _Forward(logging.Handler):
    """Hand what is logged here to the server, the only process that writes the log."""

    def __init__(self, pipe: Connection) -> None:
        super().__init__()
        self.pipe = pipe

    def emit(self, record: logging.LogRecord) -> None:
        level = "error" if record.levelno >= logging.ERROR else record.levelname.lower()
        self.pipe.send(("event", record.getMessage(), level, getattr(record, "fields", {})))


class _Teller:
    """The progress function that a job is given: tells the server, but not too often."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe, self.last = pipe, -_EVERY

    def __call__(self, done: int, total: int, words: str) -> None:
        now = time.monotonic()
        if now - self.last >= _EVERY or done >= total:
            self.last = now
            self.pipe.send(("progress", int(done), int(total), str(words)))


def _answer(pipe: Connection, payload: bytes) -> None:
    """Run one job and send its result, or in one message why there is none."""
    try:
        seconds, function, args = ForkingPickler.loads(payload)
        _allow_time(seconds)
        pipe.send(("result", function(*args, _Teller(pipe))))
    except MemoryError:
        pipe.send(("memory",))
    except (InvalidInput, ArtifactError) as error:
        pipe.send(("refused", str(error)))
    except Exception as error:  # noqa: BLE001  (whatever goes wrong in a job is the job's end, not the worker's)
        logs.failure("error in a job", error)
        pipe.send(("error", type(error).__name__))


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:4]))
