"""`Comparison`: everything that is shown of an original and its quantised twin, as frozen results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.config import Experiment
from core.intervals import Difference
from core.metrics import Metrics
from core.parts import Floats, Parts, plain
from core.quant import Quantized
from core.sizes import Size


@dataclass(frozen=True)
class Parameter:
    """One parameter in the coordinates in which it was rounded; `code` is None where it has none."""

    name: str
    original: float
    quantized: float
    code: int | None
    intercept: bool = False

    @property
    def error(self) -> float:
        """Quantised minus original."""
        return self.quantized - self.original


@dataclass(frozen=True)
class Yardstick:
    """A plain cast of the same parameters: its bytes, and its main figure (R², accuracy) on the test rows."""

    kind: str
    numbers: int
    score: float | None


@dataclass(frozen=True)
class Flip:
    """One test row to which the two models give different classes; all three are numbers of classes."""

    row: int
    true: int
    original: int
    quantized: int


@dataclass(frozen=True)
class Agreement:
    """How far the two models' predictions lie apart on the test rows: absolute differences.

    Of values in the target's unit, or of the probability of the true class; None when there is no test row.
    `same` is the share of equal classes and `flipped` the rows where they differ (classification only).
    """

    median: float | None
    p99: float | None
    largest: float | None
    same: float | None = None
    flipped: tuple[Flip, ...] = ()


@dataclass(frozen=True, eq=False)
class Comparison:
    """Everything that is shown of an original and its quantised twin; immutable.

    `metrics[model][part]` are those of the task; `differences` (n_test,) are quantised minus original
    predictions on the test rows; errors of `parameters` leave the intercept out of mean and maximum.
    """

    experiment: Experiment | None
    quantized: Quantized
    decoded: Parts
    metrics: Mapping[str, Mapping[str, Metrics]]
    difference: Difference | None
    parameters: tuple[Parameter, ...]
    first: Mapping[str, tuple[float | str, ...]]
    differences: Floats
    agreement: Agreement
    sizes: Mapping[str, Size]
    yardsticks: tuple[Yardstick, ...]
    joblib_bytes: int
    not_smaller: str
    output_error: float
    fidelity: float | None

    @property
    def metric(self) -> str:
        """The main figure of the task: r2 or accuracy."""
        return "accuracy" if "accuracy" in self.metrics["original"]["test"] else "r2"

    def score(self, model: str, part: str = "test") -> float | None:
        """Return the main figure of one model on one part of the rows."""
        found: float | None = self.metrics[model][part][self.metric]
        return found

    @property
    def errors(self) -> Floats:
        """Absolute errors of the coefficients, without the intercept."""
        return np.array([abs(p.error) for p in self.parameters if not p.intercept])

    @property
    def coef_range(self) -> float:
        """Largest minus smallest original coefficient."""
        values = [p.original for p in self.parameters if not p.intercept]
        return max(values) - min(values)

    def to_json(self) -> dict[str, Any]:
        """Return the object that `compare --json` prints."""
        errors, width = self.errors, self.coef_range
        values = [
            {"name": p.name, "original": p.original, "quantized": p.quantized, "code": p.code} for p in self.parameters
        ]
        return {
            "experiment": None if self.experiment is None else self.experiment.to_json(),
            "original": plain(self.metrics["original"]),
            "quantized": plain(self.metrics["quantized"]),
            "difference": None if self.difference is None else self.difference.to_json(),
            "parameters": {
                "mean_absolute_error": float(errors.mean()),
                "max_absolute_error": float(errors.max()),
                "relative_error": float(errors.mean()) / width if width > 0 else None,
                "values": values,
            },
            "predictions": {name: list(values) for name, values in self.first.items()},
            "agreement": asdict(self.agreement),
            "sizes": {
                **{name: size.to_json() for name, size in self.sizes.items()},
                "bits_per_parameter": self.sizes["quantized"].bits_per_parameter,
                "joblib": self.joblib_bytes,
                "yardsticks": {y.kind: {"bytes": y.numbers, f"test_{self.metric}": y.score} for y in self.yardsticks},
                "not_smaller": self.not_smaller,
            },
            "scheme": self.quantized.scheme.to_json(),
            "fidelity": self.fidelity,
        }
