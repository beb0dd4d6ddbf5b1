"""The Pareto front of bytes against the figure that a choice rests on, and who dominates whom."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from core.sweep.point import Cast, Point

Candidate = Point | Cast

# Figures closer than this are the same: what is left between them is the rounding of sums.
SAME = 12


def worth(candidate: Candidate, basis: str) -> float:
    """Return the figure of a candidate on `basis`, rounded to `SAME` decimals; absent is worth nothing."""
    found = candidate.figure(basis)
    return float("-inf") if found is None else round(found, SAME)


def front(candidates: Sequence[Candidate], basis: str) -> tuple[int, ...]:
    """Return the places of the candidates that none beats, by bytes: fewer bytes, or a better figure, than any other.

    Of several with equal bytes and figures the first stands for all.
    """
    order = sorted(range(len(candidates)), key=lambda i: (candidates[i].numbers, -worth(candidates[i], basis), i))
    found: list[int] = []
    best = float("-inf")
    for i in order:
        value = worth(candidates[i], basis)
        if value > best:
            found.append(i)
            best = value
    return tuple(found)


def dominators(candidates: Sequence[Candidate], basis: str) -> tuple[int | None, ...]:
    """Return for each candidate the place of the one on the front that beats it, or None on the front.

    That is the best of those with as many bytes or fewer. A candidate without a figure may have nobody below it.
    """
    best = front(candidates, basis)
    sizes = [candidates[i].numbers for i in best]
    on_front = set(best)
    below = [bisect_right(sizes, candidate.numbers) for candidate in candidates]
    return tuple(None if i in on_front or not n else best[n - 1] for i, n in enumerate(below))
