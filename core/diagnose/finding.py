"""`Finding` and `Cure`: a cause with its evidence, and the setting that removes it, as frozen results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.config import TrainConfig
from core.parts import read_only
from core.quant import Scheme


@dataclass(frozen=True)
class Cure:
    """A whole new setting, and what it does: computed before it is offered, not promised.

    `error_before` and `error_after` are mean squared changes of the outputs on the training rows, each against the
    original of its own setting; `numbers_before` and `numbers_after` bytes of codes and side information. `train` is
    set where another training is part of the cure, and `price` then says what that does to the original.
    """

    label: str
    scheme: Scheme
    error_before: float
    error_after: float
    numbers_before: int
    numbers_after: int
    train: TrainConfig | None = None
    price: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a result: its stable name, one plain sentence, the numbers in it, and its cure.

    `text` holds names of columns as they are and no mark-up; whoever draws it escapes it.
    """

    name: str
    text: str
    evidence: Mapping[str, Any]
    cure: Cure | None

    def __post_init__(self) -> None:
        """Freeze the evidence."""
        object.__setattr__(self, "evidence", read_only(self.evidence))

    @property
    def weight(self) -> tuple[float, int]:
        """What the cure saves: training output error, then bytes; nothing where it saves none or there is none."""
        if self.cure is None:
            return 0.0, 0
        error = self.cure.error_before - self.cure.error_after
        return max(error, 0.0), max(self.cure.numbers_before - self.cure.numbers_after, 0)


def short(value: float, digits: int = 3) -> str:
    """Return `value` with so many significant digits; whole numbers with separators from 100 up."""
    size = abs(value)
    text = f"{size:,.0f}" if 100 <= size < 1e15 else f"{size:.{digits}g}"
    return f"−{text}" if value < 0 else text


def share(value: float) -> str:
    """Return a share as per cent without decimals: "84 %"."""
    return f"{value:.0%}".replace("%", " %")
