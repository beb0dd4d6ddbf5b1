"""Every method at every width with every switch: scored from sufficient statistics, without touching a row."""

from __future__ import annotations

from core.sweep.folds import with_cv
from core.sweep.front import dominators, front
from core.sweep.goal import Chosen, Goal, OutOfReach, fewest_bits, seek
from core.sweep.plan import adapt, everything, line
from core.sweep.point import Cast, Point, Sweep
from core.sweep.run import anchors, full_sweep, run, sweep

__all__ = [
    "Cast",
    "Chosen",
    "Goal",
    "OutOfReach",
    "Point",
    "Sweep",
    "adapt",
    "anchors",
    "dominators",
    "everything",
    "fewest_bits",
    "front",
    "full_sweep",
    "line",
    "run",
    "seek",
    "sweep",
    "with_cv",
]
