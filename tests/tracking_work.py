"""What one of several processes does that save runs at once: `python -m tests.tracking_work NAME THREADS RUNS`."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from core import runs
from core.artifact import loads
from tests.support import pair_bytes, small_bytes


def main(name: str, threads: int, count: int) -> None:
    """Save `count` runs in each of so many threads, each of its own name, of one of two models in turn."""
    models = [loads(data) for data in (pair_bytes(), small_bytes())]
    registry = runs.Registry()

    def work(thread: int) -> None:
        for i in range(count):
            label = f"{name}-{thread}-{i}"
            runs.save_run(registry, models[i % 2], label=label, note=label[::-1])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
