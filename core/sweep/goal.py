"""Goal seek, both ways: the smallest setting within a loss, or the best within a number of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import InvalidInput
from core.fields import Choice, Number
from core.sweep.front import SAME, worth
from core.sweep.point import BASES, Cast, Point, Sweep

KINDS = ("loss", "bytes")
LOSS = Number(0.01, 0, 10, label="Loss at most", help="How far R² or accuracy may fall below the original's.")
BUDGET = Number(24, 1, 1e9, integer=True, label="Bytes at most", help="Codes and all side information.")
FIELDS = {"loss": LOSS, "bytes": BUDGET}


@dataclass(frozen=True)
class Goal:
    """What is asked for: at most `amount` of loss or of bytes, judged by the figure on `basis`, never on test rows."""

    kind: str
    amount: float
    basis: str = "train"

    def __post_init__(self) -> None:
        """Check every field."""
        Choice("", KINDS).check("goal", self.kind)
        Choice("", BASES).check("basis", self.basis)
        FIELDS[self.kind].check(self.kind, self.amount)


class OutOfReach(InvalidInput):
    """A goal that no setting meets; `nearest` is the setting that comes closest."""

    def __init__(self, goal: Goal, nearest: Point, allowed: str) -> None:
        """Say what the nearest reachable goal is."""
        super().__init__(goal.kind, goal.amount, allowed)
        self.nearest = nearest


@dataclass(frozen=True)
class Chosen:
    """The setting that was chosen, what it loses on the goal's basis, and the plain cast that does it too, if any."""

    goal: Goal
    point: Point
    loss: float
    cast: Cast | None


def loss(found: Sweep, one: Point | Cast, basis: str) -> float:
    """Return how far the figure of a candidate lies below the original's, in units of the figure."""
    original = found.original(basis)
    return float("inf") if original is None else round(original - worth(one, basis), SAME)


def seek(found: Sweep, goal: Goal) -> Chosen:
    """Return the setting of `found` that meets the goal best; raises `OutOfReach` when none does.

    Those with fewer trees and levels count. Within a loss: the fewest bytes, then the best figure. Within bytes: the
    best figure, then the fewest bytes. What is equal in both goes by the smaller output error on the training rows,
    then by the order of the sweep.
    """
    points = [p for p in found.tried if p.figure(goal.basis) is not None]
    if not points or found.original(goal.basis) is None:
        raise InvalidInput("basis", goal.basis, "a figure that this model has")
    within = [p for p in points if meets(found, p, goal)]
    if not within:
        raise _out_of_reach(found, goal, points)
    chosen = min(within, key=lambda p: _order(p, goal))
    return Chosen(goal, chosen, loss(found, chosen, goal.basis), _cast(found, goal, chosen))


def meets(found: Sweep, one: Point | Cast, goal: Goal) -> bool:
    """Tell whether a candidate stays within the goal."""
    return loss(found, one, goal.basis) <= goal.amount if goal.kind == "loss" else one.numbers <= goal.amount


def _order(p: Point, goal: Goal) -> tuple[float, float, float]:
    value = -worth(p, goal.basis)
    first, second = (p.numbers, value) if goal.kind == "loss" else (value, p.numbers)
    return (first, second, p.output_error)


def _cast(found: Sweep, goal: Goal, chosen: Point) -> Cast | None:
    """Return the plain cast that meets the goal and beats the chosen setting in what the goal asks for."""
    better = [
        c for c in found.casts
        if meets(found, c, goal)
        and (c.numbers < chosen.numbers if goal.kind == "loss" else worth(c, goal.basis) > worth(chosen, goal.basis))
    ]  # fmt: skip
    return min(better, key=lambda c: c.numbers, default=None)


def _out_of_reach(found: Sweep, goal: Goal, points: Sequence[Point]) -> OutOfReach:
    if goal.kind == "bytes":
        nearest = min(points, key=lambda p: (p.numbers, -worth(p, goal.basis), p.output_error))
        return OutOfReach(goal, nearest, f"at least {nearest.numbers}, the bytes of the smallest setting")
    nearest = min(points, key=lambda p: (-worth(p, goal.basis), p.numbers, p.output_error))
    least = loss(found, nearest, goal.basis)
    return OutOfReach(goal, nearest, f"at least {least:.3g}, the loss of the best setting ({nearest.numbers} bytes)")


def fewest_bits(points: Sequence[Point], train: float | None, tolerance: float) -> Point | None:
    """Return the point of fewest bits from which on every width keeps the main figure on the training rows.

    "Keeps" means: at most `tolerance` below `train`. None when not even the widest does.
    """
    best = None
    for point in sorted(points, key=lambda p: -p.bits):
        if point.train is None or train is None or point.train < train - tolerance:
            break
        best = point
    return best
