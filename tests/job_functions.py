"""What the tests of the job manager have done in a worker."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from core import logs
from core.errors import InvalidInput
from core.progress import Progress


def count(total: int, pause: float, progress: Progress) -> tuple[int, int]:
    """Count to `total` with a pause before each; return the total and the process."""
    for i in range(total):
        time.sleep(pause)
        progress(i + 1, total, f"number {i + 1} of {total}")
    return total, os.getpid()


def chatter(times: int, progress: Progress) -> int:
    """Tell of far more progress than anyone can read."""
    for i in range(times):
        progress(i, times, "word " * 20)
    return times


def compute(progress: Progress) -> int:
    """Stay in one call into C for minutes, in which Python handles no signal."""
    progress(1, 100, "in C")
    return sum(range(10**12))


def labour(progress: Progress) -> None:
    """Say once that the work has begun, then work on without a word."""
    progress(1, 2, "at work")
    while True:
        np.linalg.svd(np.ones((50, 50)))


def allocate(size: int, progress: Progress) -> int:
    """Write to `size` bytes."""
    return int(np.ones(size, dtype=np.uint8).sum())


def load_everything(progress: Progress) -> list[str]:
    """Import what training and reading need, and use the linear algebra."""
    import pandas
    import pyarrow
    import sklearn.ensemble
    import sklearn.linear_model

    X = np.random.default_rng(0).normal(size=(2000, 50))
    np.linalg.svd(X, full_matrices=False)
    sklearn.ensemble.HistGradientBoostingRegressor(max_iter=5).fit(X, X[:, 0])
    return [module.__name__ for module in (pandas, pyarrow, sklearn)]


def large(size: int, progress: Progress) -> bytes:
    """Return `size` bytes."""
    progress(1, 2, "making it")
    return b"x" * size


def refuse(progress: Progress) -> None:
    """Meet bad input."""
    raise InvalidInput("alpha", -1, "a number from 0 to 10")


def break_down(secret: str, progress: Progress) -> None:
    """Meet an error of ours whose message quotes a value."""
    raise KeyError(secret)


def stop_working(code: int, progress: Progress) -> None:
    """End the process with `code`, or by a signal when it is negative."""
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(code)


def unsendable(progress: Progress) -> object:
    """Return what no pipe can carry."""
    return lambda: None


def circumstances(progress: Progress) -> dict[str, object]:
    """Tell what a worker finds: threads, priority, open files, modules, and a limit on what it writes."""
    files = [
        os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd") if Path(f"/proc/self/fd/{n}").exists()
    ]
    return {
        "threads": [os.environ[f"{name}_NUM_THREADS"] for name in ("OMP", "OPENBLAS", "MKL")],
        "niceness": os.nice(0),
        "files": sorted(files),
        "streamlit": "streamlit" in sys.modules,
        "group": os.getpgid(0) == os.getpid(),
        "session": os.getsid(0) == os.getsid(os.getppid()),
    }


def parent(progress: Progress) -> tuple[int, int]:
    """Start a process that outlives its parent unless somebody ends it, then work on."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    progress(1, 2, str(child.pid))
    time.sleep(600)
    return os.getpid(), child.pid


def note(progress: Progress) -> None:
    """Log something from within a worker."""
    logs.event("noted in a worker", rows=3)
