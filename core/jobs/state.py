"""What is known of a job, as its owner sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

QUEUED, RUNNING = "queued", "running"
FINISHED, FAILED, CANCELLED, KILLED = "finished", "failed", "cancelled", "killed"
# A job in one of these still has something before it.
LIVE = (QUEUED, RUNNING)


class Busy(RuntimeError):  # noqa: N818  (nothing is wrong: it is a state of the machine)
    """No job can be taken now; the message says why and what to do, in words for the user."""


@dataclass(frozen=True)
class JobState:
    """A job at one moment.

    A queued job has a `position`, 1 for the next one. A running job has done `done` of `total` units of work, is at
    what `words` say since `seconds` seconds, and has about `left` seconds before it, None when that is not known
    yet. A finished job has its `result`. A job that failed, was cancelled or was killed has a `message`.
    """

    id: str
    kind: str
    status: str
    position: int = 0
    done: int = 0
    total: int = 0
    words: str = ""
    seconds: float = 0.0
    left: float | None = None
    result: Any = None
    message: str = ""

    @property
    def live(self) -> bool:
        """Whether the job still waits or runs."""
        return self.status in LIVE

    @property
    def share(self) -> float:
        """Which share of the work is done, from 0 to 1."""
        return min(max(self.done / self.total, 0.0), 1.0) if self.total > 0 else 0.0


def seconds_left(done: int, total: int, spent: float, since: float) -> float | None:
    """Return how long the rest takes at the pace so far, in seconds, or None before the first unit is done.

    `spent` seconds went into the `done` units; the last of them was done `since` seconds ago.
    """
    if done <= 0 or total <= 0:
        return None
    return max(spent / done * (total - done) - since, 0.0)
