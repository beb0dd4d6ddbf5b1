"""A worker process as the server holds it: start, one job at a time over a pipe, and a sure end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.reduction import ForkingPickler
from typing import Any

from core.jobs.state import FAILED, FINISHED, KILLED
from core.settings import ROOT, worker_environment

# Of two processes that want one core the worker gets about a seventieth.
NICENESS = 19

# What a worker sends: ("started",) when it has a job; then any number of ("progress", done, total, words) and
# ("event", name, level, fields); at the end ("result", value), ("refused", text), ("error", kind) or ("memory",).
Message = tuple[Any, ...]
LOST: Message = ("lost",)
_BEFORE_THE_END = ("started", "progress", "event")


def packed(seconds: float, function: Callable[..., Any], args: tuple[Any, ...]) -> bytes:
    """Return what a worker unpacks: only ever from this process to its own worker, and never kept.

    Raises `TypeError` for what cannot be sent: a function that is no module's, or arguments that are no plain data.
    """
    try:
        return bytes(ForkingPickler.dumps((seconds, function, args)))
    except Exception as error:  # which kind depends on what was found
        raise TypeError(f"{function} and its arguments must be plain data and a module's function") from error


def default_workers() -> int:
    """Return one worker fewer than there are cores for this process, so that the server keeps one; at least one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)


class Worker:
    """One worker process with a pipe of its own: nothing that it holds when it dies can hold up anybody else.

    It is started as a program of its own, not as a copy of this process or of its main module, inherits no open
    file but its end of the pipe, and is in a process group of its own, out of reach of Ctrl-C.
    """

    def __init__(self, memory: int) -> None:
        """Start the process; raises `OSError` when the machine cannot."""
        self.pipe, theirs = Pipe()
        with theirs:
            # No session of its own: the kernel may weigh sessions alike, whatever the niceness of their processes.
            self.process = subprocess.Popen(  # noqa: S603  (our own module, in the interpreter that runs this)
                [sys.executable, "-m", "core.jobs.worker", str(theirs.fileno()), str(memory), str(NICENESS)],
                cwd=ROOT, env=worker_environment(), pass_fds=(theirs.fileno(),), process_group=0,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        self.jobs = 0
        self.idle_since = time.monotonic()

    def run(self, payload: bytes, listen: Callable[[Message], None]) -> Message:
        """Return the last message of the job `payload`; `listen` gets every message before.

        When the process ends before, it is ("died", code), the code that of `subprocess` (-9 for a process ended by
        signal 9), or `LOST` when it ended while it was idle and never knew of the job.
        """
        self.jobs += 1
        knows = self.jobs == 1
        try:
            self.pipe.send_bytes(payload)
            while True:
                message: Message = self.pipe.recv()
                knows = True
                if message[0] not in _BEFORE_THE_END:
                    self.idle_since = time.monotonic()
                    return message
                listen(message)
        except (EOFError, OSError):
            code = self.end()
            return ("died", code) if knows else LOST

    def kill(self) -> None:
        """End the process and all that it started, at once; `run` sees it."""
        if self.process.returncode is None:  # not yet reaped, so that its number is no other's
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def end(self) -> int:
        """Make sure that the process is gone, and return its code."""
        # A process that ended by itself is reaped here only, hence keeps its code and its number until now.
        self.kill()
        code = self.process.wait()
        self.pipe.close()
        return code


def outcome(last: Message, memory: int) -> tuple[str, str, Any]:
    """Return status, message and result for the last message of a worker, which had `memory` bytes."""
    kind, *rest = last
    if kind == "result":
        return FINISHED, "", rest[0]
    if kind == "refused":
        return FAILED, rest[0], None
    if kind == "error":
        return FAILED, f"The job failed with an error of ours ({rest[0]}); the log says where.", None
    if kind == "memory":
        limit = f"{memory / 1024**3:.3g} GiB"
        return KILLED, f"Stopped, because it needed more than {limit} of memory, the limit of one job.", None
    code = rest[0]
    if code == -signal.SIGKILL:
        return KILLED, "Its worker was stopped from outside: by hand, or by the machine for lack of memory.", None
    cause = signal.Signals(-code).name if code < 0 else f"code {code}"
    return KILLED, f"Its worker ended unexpectedly ({cause}), perhaps for lack of memory.", None
