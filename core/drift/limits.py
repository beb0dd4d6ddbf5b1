"""What counts as drift: the level of the tests, and how large a change must be to matter; see docs/drift.md."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from core.fields import Number

# Each limit with the range that it may be set to; a page draws its editor from these.
FIELDS = {
    "alpha": Number(0.05, 0.001, 0.2, label="Level", help="Chance of any false alarm in a batch"),
    "distance": Number(0.05, 0.0, 1.0, label="Distance", help="Share of the rows that has moved past some value"),
    "shift": Number(0.1, 0.0, 100.0, label="Shift", help="Wasserstein distance, in interquartile ranges"),
    "outside": Number(0.01, 0.0, 1.0, label="Outside", help="Share of the rows outside the range seen in training"),
    "missing": Number(0.05, 0.0, 1.0, label="Missing", help="Change of the share of missing values"),
    "least": Number(50, 2, 100_000, integer=True, label="Fewest rows", help="Fewer rows are too few for a verdict"),
}


@dataclass(frozen=True)
class Limits:
    """When a change is drift: significant at `alpha` in the whole batch, and at least as large as one limit says.

    `distance` is a share of rows (Kolmogorov and Smirnov, or total variation of categories), `shift` is in
    interquartile ranges, `outside` and `missing` are shares. Fewer than `least` rows get no verdict.
    """

    alpha: float = 0.05
    distance: float = 0.05
    shift: float = 0.1
    outside: float = 0.01
    missing: float = 0.05
    least: int = 50

    def __post_init__(self) -> None:
        """Check every limit; raises `InvalidInput`."""
        for field in fields(self):
            object.__setattr__(self, field.name, FIELDS[field.name].check(field.name, getattr(self, field.name)))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)
