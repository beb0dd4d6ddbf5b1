"""What is said of a batch: plain frozen data, from which pages draw, and which `to_json` writes out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from core.drift.limits import Limits
from core.intervals import Difference
from core.parts import plain

DRIFT, LITTLE, NONE, FEW = "drift", "differs, but little", "no evidence", "too few"
# From the worst to the best; "too few" says nothing.
VERDICTS = (DRIFT, LITTLE, NONE, FEW)
UNKNOWN = "not known"


@dataclass(frozen=True)
class Test:
    """One test that counts: `name` is "values", "range" or "missing".

    `adjusted` is the p-value after Holm's correction over all tests of the batch. `effects` are what may make a
    change large enough, each with its limit: name, value, limit. `verdict` is that of this test alone.
    """

    name: str
    p: float
    adjusted: float
    effects: tuple[tuple[str, float, float], ...]
    verdict: str

    @property
    def severity(self) -> float:
        """How often the largest effect holds its limit."""
        return max(value / limit if limit > 0 else float(value > 0) for _, value, limit in self.effects)


@dataclass(frozen=True)
class Column:
    """One feature of the batch, or the predictions, against the training rows.

    `kind` is "number", "flag", "text" or "constant"; `count` values are there. `ks`, `wasserstein` (in the unit),
    `shift` (in interquartile ranges) and `psi` are None where they mean nothing; `chi_square` and `distance` (total
    variation) are those of a text. Shares: `missing`, `missing_reference` (None where it is not known), `below` and
    `above` the training range, `unseen` (texts that no training row has). `quantiles` and `quantiles_reference` have
    21 numbers (0, 5, ..., 100 %) of a number; `bins` and `bins_reference` are the shares of the 20 bins of the PSI,
    which lie between the reference's quantiles, or of the categories, whose `labels` they have. `tests` are those
    that count.
    """

    name: str
    label: str
    unit: str
    kind: str
    verdict: str
    why: str
    count: int
    missing: float
    missing_reference: float | None
    below: float
    above: float
    unseen: float
    psi: float | None
    ks: float | None
    wasserstein: float | None
    shift: float | None
    chi_square: float | None
    distance: float | None
    tests: tuple[Test, ...]
    quantiles: tuple[float, ...]
    quantiles_reference: tuple[float, ...]
    labels: tuple[str, ...]
    bins: tuple[float, ...]
    bins_reference: tuple[float, ...]

    @property
    def severity(self) -> tuple[int, float]:
        """What the worst column has most of, to sort by: its verdict, then how often an effect holds its limit."""
        rank = len(VERDICTS) - VERDICTS.index(self.verdict)
        return rank, max((test.severity for test in self.tests), default=0.0)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        found: dict[str, Any] = plain(asdict(self))
        for test in found["tests"]:
            test["effects"] = [{"name": n, "value": v, "limit": most} for n, v, most in test["effects"]]
        return found


@dataclass(frozen=True)
class Performance:
    """How good one variant is on the batch, whose true values came along, against the test rows.

    `metric` is "mae", in the target's unit in the table, or "accuracy"; `low` and `high` bound the bootstrap 99 %
    interval of its `value`, widened for the test rows' own chance; `reference` is None where the file does not say.
    `verdict` is "worse", "better", "no evidence of a difference", "too few" or "not known". `metrics` are all of the
    batch.
    """

    variant: str
    metric: str
    value: float
    low: float
    high: float
    reference: float | None
    verdict: str
    metrics: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Gap:
    """How far the quantised model is from the original on the batch, and on the test rows.

    `mean` is the mean absolute difference of the predictions in the target's unit in the table, or the share of rows
    to which the two give different classes; `low` and `high` bound the 99 % interval of `mean` - `reference`.
    `verdict` is "wider", "narrower", "no evidence of a difference", "too few" or "not known". `difference` is that of
    the main figure, quantised minus original, where true values came along, and `difference_reference` that of the
    test rows.
    """

    mean: float
    largest: float
    reference: float | None
    low: float | None
    high: float | None
    verdict: str
    difference: Difference | None = None
    difference_reference: float | None = None


@dataclass(frozen=True)
class DriftReport:
    """What is said of one batch.

    `verdict` is the worst of the `features`, in the order of the model, and of the `predictions` of the original;
    `verdict_features` and `verdict_predictions` are those of either. `n_tests` tests share the level. `outside` rows
    have a number outside the training range, `unanswered` ones lack a number that the model needs. `ignored` are
    columns that the model does not have. `predictions` has the variants that can be compared; `performance` is empty
    without true values; `gap` is None for a file with one model.
    """

    verdict: str
    verdict_features: str
    verdict_predictions: str
    rows: int
    rows_reference: int | None
    n_tests: int
    limits: Limits
    features: tuple[Column, ...]
    predictions: Mapping[str, Column]
    performance: tuple[Performance, ...]
    gap: Gap | None
    outside: int
    unanswered: int
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def drifting(self) -> tuple[str, ...]:
        """The names of the features that drift, the worst first."""
        return tuple(column.name for column in self.by_severity if column.verdict == DRIFT)

    @property
    def by_severity(self) -> tuple[Column, ...]:
        """The features, the worst first."""
        return tuple(sorted(self.features, key=lambda column: column.severity, reverse=True))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        gap = None
        if self.gap is not None:
            difference = None if self.gap.difference is None else self.gap.difference.to_json()
            gap = {**vars(self.gap), "difference": difference}
        found = {
            "verdict": self.verdict,
            "verdict_features": self.verdict_features,
            "verdict_predictions": self.verdict_predictions,
            "drifting": list(self.drifting),
            "rows": self.rows,
            "rows_reference": self.rows_reference,
            "n_tests": self.n_tests,
            "limits": self.limits.to_json(),
            "features": [column.to_json() for column in self.features],
            "predictions": {name: column.to_json() for name, column in self.predictions.items()},
            "performance": [plain(vars(one)) for one in self.performance],
            "gap": gap,
            "outside_training_range": self.outside,
            "unanswered": self.unanswered,
            "ignored": list(self.ignored),
            "notes": list(self.notes),
        }
        whole: dict[str, Any] = _finite(found)
        return whole


def _finite(value: Any) -> Any:
    """Return JSON-like `value` with None for what is no finite number: huge rows make such quotients."""
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
