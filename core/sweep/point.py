"""`Point` and `Sweep`: what a sweep found, setting by setting, as frozen results."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from core.quant import Scheme

# What a choice may rest on; never the test rows. `fidelity` stands in where a model came without rows.
BASES = ("train", "cv", "fidelity")


def present(value: float) -> float | None:
    """Return a figure, or None where there is none (NaN)."""
    return None if math.isnan(value) else float(value)


@dataclass(frozen=True)
class Point:
    """One setting: its figures, and the bytes of its numbers (codes and side information).

    `test` and `train` are the main figure of the task (R² or accuracy) on these rows; `test_loss` is the RMSE,
    or the log loss, on the test rows; `cv` is the mean of the main figure over folds of the training rows, where it
    was asked for. `fidelity` is that of the training outputs (see `evaluate.fidelity`). `scheme` is what was done;
    `asked` is `auto` where the method was chosen.
    """

    scheme: Scheme
    test: float | None
    test_loss: float | None
    train: float | None
    output_error: float
    fidelity: float | None
    numbers: int
    cv: float | None = None
    asked: str = ""

    @property
    def method(self) -> str:
        """The method that was asked for."""
        return self.asked or self.scheme.method

    @property
    def bits(self) -> int:
        """The width of the setting's codes."""
        return self.scheme.bits

    @property
    def scale(self) -> str:
        """How the range of the setting's grid was found."""
        return self.scheme.scale

    def figure(self, basis: str) -> float | None:
        """Return the figure that a choice on `basis` looks at."""
        found: float | None = getattr(self, basis)
        return found


@dataclass(frozen=True)
class Cast:
    """The plain cast of all numbers to `kind` (float32, float16): what every setting has to beat."""

    kind: str
    numbers: int
    test: float | None
    train: float | None
    fidelity: float | None
    cv: float | None = None

    def figure(self, basis: str) -> float | None:
        """Return the figure that a choice on `basis` looks at."""
        found: float | None = getattr(self, basis)
        return found


@dataclass(frozen=True)
class Sweep:
    """All points, and the original beside them; `casts` are the plain float32 and float16 versions.

    `skipped` names the switches that were not turned because the model is large. `smaller` are settings with fewer
    trees or levels: a goal is sought among them too.
    """

    metric: str
    points: tuple[Point, ...]
    original_test: float | None
    original_train: float | None
    original_numbers: int
    casts: tuple[Cast, ...]
    original_cv: float | None = None
    skipped: tuple[str, ...] = ()
    smaller: tuple[Point, ...] = ()

    @property
    def tried(self) -> tuple[Point, ...]:
        """All settings among which a goal is sought."""
        return (*self.points, *self.smaller)

    def of(self, method: str) -> tuple[Point, ...]:
        """Return the points of one method, by bits."""
        return tuple(p for p in self.points if p.method == method)

    def original(self, basis: str) -> float | None:
        """Return the original's figure on `basis`; its fidelity to itself is 1."""
        return {"train": self.original_train, "cv": self.original_cv, "fidelity": 1.0}[basis]

    @property
    def basis(self) -> str:
        """What a choice rests on unless cross-validation was asked for: the training rows, where there are any."""
        return "fidelity" if self.original_train is None else "train"

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON; figures carry the name of the metric."""
        names = {n: f"{n}_{self.metric}" for n in ("test", "train", "cv")}
        original = {names["test"]: self.original_test, names["train"]: self.original_train}
        if self.original_cv is not None:
            original[names["cv"]] = self.original_cv
        return {
            "metric": self.metric,
            "points": [self._point(p, names) for p in self.points],
            "original": original | {"numbers": self.original_numbers},
            "casts": [
                {"kind": c.kind, "numbers": c.numbers} | {names[n]: getattr(c, n) for n in ("test", "train")}
                for c in self.casts
            ],
            "skipped": list(self.skipped),
            **({"smaller": [self._point(p, names) for p in self.smaller]} if self.smaller else {}),
        }

    def _point(self, p: Point, names: dict[str, str]) -> dict[str, Any]:
        loss = "log_loss" if self.metric == "accuracy" else "rmse"
        found = {names["test"]: p.test, f"test_{loss}": p.test_loss, names["train"]: p.train}
        if p.cv is not None:
            found[names["cv"]] = p.cv
        figures = {"output_error": p.output_error, "fidelity": p.fidelity, "numbers": p.numbers}
        asked = {"asked": p.asked} if p.asked else {}
        return p.scheme.to_json() | asked | found | figures
