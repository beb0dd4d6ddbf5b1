"""One coefficient with all that explaining its code takes, its numbers as they are written, and one step of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.parts import Floats
from core.quant.quantized import Quantized


@dataclass(frozen=True)
class Step:
    """One step: what happens, in our own words; its formulas, as "s = r / 127"; and each of them in numbers.

    `numbers` go on behind the name, "0.8969 / 127 = 0.007062": expressions and results with equals signs between them.
    """

    title: str
    words: str
    formula: tuple[str, ...]
    numbers: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Case:
    """One coefficient and what its steps are made of.

    `weight` belongs to the raw feature with deviation `sigma`; `value` to the coordinates of the grid, and `rounded` is
    the same as float32. `shared` (n,) are all values on its grid, as float32, and `owners` their names; `sharing` says
    in words whose they are. `table` and `entries` are the grid as stored: numbers by name, or a codebook.
    """

    q: Quantized
    index: int
    weight: float
    sigma: float
    value: float
    rounded: float
    shared: Floats
    owners: tuple[str, ...]
    sharing: str
    table: dict[str, float]
    entries: Floats
    code: int
    back: float

    def text(self, x: float) -> str:
        """Return `x` with so many digits that its code can be worked out from them, six or more.

        With d digits a quotient of up to 2^b is off by at most 2^b·10^(1-d), which is to be 0.0005 at most.
        """
        digits = max(6, 1 + math.ceil(math.log10(2**self.q.scheme.bits / 0.0005)))
        return f"{x + 0.0:.{digits}g}".replace("-", "−").replace("e−", "e-")

    def inner(self, x: float) -> str:
        """Return `x` as it stands behind another sign: in brackets when it has its own."""
        return f"({self.text(x)})" if x < 0 else self.text(x)

    @property
    def stored(self) -> str:
        """The code and its bits."""
        return f"{self.code}, stored as {self.code:0{self.q.scheme.bits}b}"


def rounded_text(x: float) -> str:
    """Return `x` with three decimals, or as many more as show to which whole number it rounds."""
    texts = (f"{x + 0.0:.{places}f}" for places in range(3, 17))
    return next((t for t in texts if np.rint(float(t)) == np.rint(x)), repr(x)).replace("-", "−")


def whole(x: float) -> str:
    """Return the whole number that `x` is."""
    return str(int(x)).replace("-", "−")
