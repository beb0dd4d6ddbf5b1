"""Times of several ways to do one thing, measured side by side."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

# Rounds that count, of each side.
ROUNDS = 15


def in_turn(**sides: Callable[[], Any]) -> dict[str, float]:
    """Return the median of the seconds that each side takes: they are run in turn, the first round is left out."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS + 1):
        for name, run in sides.items():
            start = perf_counter()
            run()
            times[name].append(perf_counter() - start)
    return {name: median(found[1:]) for name, found in times.items()}
