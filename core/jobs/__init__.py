"""Slow work in processes of its own: bounded, watched, and ended when it must be, while the server stays free.

Why not a pool that exists: with pebble 5.2.3 a worker killed while it sends its result leaves a lock held, and the
next job never runs; one killed while idle breaks the pool; a cancelled call into C lives for three seconds. loky
waits for ever for the rest of a half-sent result. Python's own pools start workers by running the main module,
which inside Streamlit is the page itself. Here each worker has a pipe of its own, so that its death is always seen.
"""

from core.jobs.manager import Jobs
from core.jobs.state import CANCELLED, FAILED, FINISHED, KILLED, LIVE, QUEUED, RUNNING, Busy, JobState

__all__ = [
    "CANCELLED",
    "FAILED",
    "FINISHED",
    "KILLED",
    "LIVE",
    "QUEUED",
    "RUNNING",
    "Busy",
    "JobState",
    "Jobs",
]
