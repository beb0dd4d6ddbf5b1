"""What came of the batches before this one, a JSON line each, and the rule that says when somebody should look."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.artifact.disk import locked, reason, replacing
from core.drift.result import DRIFT, DriftReport
from core.errors import ArtifactError
from core.fields import Choice, Field, Number
from core.parts import read_only

FILE, RULE_FILE = "drift.jsonl", "drift-rule.json"
MOST = 500
_LONGEST_LABEL = 100


def _most(report: DriftReport, value: Callable[[Any], float | None]) -> float:
    return max((found for c in report.features if (found := value(c)) is not None), default=0.0)


def _worsening(report: DriftReport) -> float | None:
    """Return how much worse than on the test rows the file's last model is, which is the quantised one of two."""
    one = report.performance[-1] if report.performance else None
    if one is None or not one.reference:
        return None
    return one.reference - one.value if one.metric == "accuracy" else one.value / one.reference - 1


# What a rule can look at: its words, and the number that is kept of a report; None where there is none.
_READ: dict[str, tuple[str, Callable[[DriftReport], float | None]]] = {
    "drifting": ("features with drift", lambda r: float(len(r.drifting))),
    "ks": ("largest KS distance of a feature", lambda r: _most(r, lambda c: c.ks)),
    "shift": ("largest shift of a feature, interquartile ranges", lambda r: _most(r, lambda c: c.shift)),
    "psi": ("largest PSI of a feature", lambda r: _most(r, lambda c: c.psi)),
    "missing": ("largest share of missing values", lambda r: _most(r, lambda c: c.missing)),
    "outside": ("share of rows outside the training range", lambda r: r.outside / r.rows),
    "predictions": ("1 where the predictions drift", lambda r: float(r.verdict_predictions == DRIFT)),
    "worse": ("error above the test rows', as a share of it; of classes the accuracy below theirs", _worsening),
    "gap": (
        "gap of the two models, times that of the test rows",
        lambda r: r.gap.mean / r.gap.reference if r.gap is not None and r.gap.reference else None,
    ),
}
STATISTICS: Mapping[str, str] = {name: words for name, (words, _) in _READ.items()}


@dataclass(frozen=True)
class Entry:
    """One recorded batch: when (UTC, ISO 8601), which model, how many rows, the verdict and the statistics by name."""

    time: str
    model: str
    rows: int
    verdict: str
    drifting: tuple[str, ...]
    statistics: Mapping[str, float | None]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {**vars(self), "drifting": list(self.drifting), "statistics": dict(self.statistics)}


@dataclass(frozen=True)
class Rule:
    """Look when the statistic `test` is at least `limit` in so many `batches` in a row."""

    test: str = "drifting"
    limit: float = 1.0
    batches: int = 3

    def __post_init__(self) -> None:
        """Check every field; raises `InvalidInput`."""
        for name, field in RULE_FIELDS.items():
            object.__setattr__(self, name, field.check(name, getattr(self, name)))

    def over(self, entry: Entry) -> bool:
        """Return whether one batch is over the limit; one without the statistic is not."""
        value = entry.statistics.get(self.test)
        return value is not None and value >= self.limit


RULE_FIELDS: Mapping[str, Field] = {
    "test": Choice("drifting", tuple(STATISTICS), label="Statistic"),
    "limit": Number(1.0, 0.0, 1e6, open_low=True, label="Limit"),
    "batches": Number(3, 1, 100, integer=True, label="Batches in a row"),
}


def entry_of(report: DriftReport, model: str = "", time: datetime | None = None) -> Entry:
    """Return what is kept of a report; `model` is a name for people, and `time` now where it is left out."""
    when = (time or datetime.now(UTC)).isoformat(timespec="seconds")
    found = read_only({name: read(report) for name, (_, read) in _READ.items()})
    return Entry(when, model[:_LONGEST_LABEL], report.rows, report.verdict, report.drifting, found)


def fires(rule: Rule, entries: Sequence[Entry]) -> bool:
    """Return whether the last batches, oldest first, are all over the rule's limit."""
    last = entries[-rule.batches :]
    return len(last) == rule.batches and all(rule.over(entry) for entry in last)


def history(folder: Path) -> tuple[Entry, ...]:
    """Return the recorded batches in a folder, the oldest first; lines that are none of ours are left out."""
    try:
        lines = (folder / FILE).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ()
    found = (_entry(line) for line in lines[-MOST:])
    return tuple(entry for entry in found if entry is not None)


def record(folder: Path, entry: Entry) -> tuple[Entry, ...]:
    """Write one more batch into a folder, which exists, and return the last 500; raises `ArtifactError`."""
    try:
        with locked(folder):
            entries = (*history(folder), entry)[-MOST:]
            _write(folder / FILE, "".join(json.dumps(one.to_json(), allow_nan=False) + "\n" for one in entries))
    except OSError as error:
        raise _unwritten(error) from error
    return entries


def save_rule(folder: Path, rule: Rule) -> None:
    """Write the rule of a folder, which exists; raises `ArtifactError`."""
    _write(folder / RULE_FILE, json.dumps(asdict(rule)))


def read_rule(folder: Path) -> Rule:
    """Return the rule of a folder, the default one where there is none that can be read."""
    try:
        return Rule(**json.loads((folder / RULE_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Rule()


def _write(path: Path, text: str) -> None:
    try:
        with replacing(path) as file:
            file.write(text.encode())
    except OSError as error:
        raise _unwritten(error) from error


def _unwritten(error: OSError) -> ArtifactError:
    return ArtifactError(f"the history cannot be written: {reason(error)}; nothing was changed")


def _entry(line: str) -> Entry | None:
    """Return the entry in a line, None where it is none."""
    try:
        data = json.loads(line)
        statistics = {str(name): None if v is None else float(v) for name, v in data["statistics"].items()}
        time, model, verdict = (str(data[name]) for name in ("time", "model", "verdict"))
        drifting = tuple(str(name) for name in data["drifting"])
        found = Entry(time, model, int(data["rows"]), verdict, drifting, read_only(statistics))
    except (ValueError, TypeError, LookupError, AttributeError):
        return None
    return found if all(v is None or math.isfinite(v) for v in statistics.values()) else None
