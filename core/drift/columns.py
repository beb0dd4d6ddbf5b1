"""One column of a batch against the reference: its statistics, its tests, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.drift.limits import Limits
from core.drift.result import DRIFT, FEW, LITTLE, NONE, VERDICTS, Column, Test
from core.drift.sketched import Against, against
from core.drift.statistics import effective, holm, homogeneity, ks_p, only_in_batch, psi, share_p, smoothed
from core.parts import Floats
from core.prepare.texts import QUANTILES

VALUES, RANGE, MISSING = "values", "range", "missing"
# How an effect is called in a sentence, and how it is written.
EFFECTS = {
    "ks": "KS distance",
    "shift": "shift in interquartile ranges",
    "distance": "total variation",
    "outside": "share outside the training range",
    "unseen": "share of unseen texts",
    "missing": "change of the share of missing values",
}


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of a column on `rows` reference rows (None: not known).

    `sketch` (21,) are the quantiles of a number, `shares` those of the `categories` of a text; `missing` is the share
    of missing values.
    """

    name: str
    label: str
    unit: str
    flag: bool
    sketch: Floats
    categories: tuple[str, ...]
    shares: tuple[float, ...]
    missing: float
    rows: int | None

    @property
    def kind(self) -> str:
        """Say "text", "constant", "flag" or "number"."""
        if self.categories:
            return "text"
        if self.sketch[0] == self.sketch[-1]:
            return "constant"
        return "flag" if self.flag else "number"

    def there(self, n: int) -> int:
        """Return how many reference rows have a value; where that is not known as many as the batch has, `n`."""
        return n if self.rows is None else round(self.rows * (1 - self.missing))


def measured(known: Known, values: Floats, limits: Limits) -> Column:
    """Return a column of a batch (n,), NaN where a value is missing, with its tests not yet judged."""
    n, there = len(values), np.sort(values[~np.isnan(values)])
    missing = float(1 - len(there) / n)
    empty = Column(
        known.name, known.label, known.unit, known.kind, FEW, "", len(there), missing, known.missing, 0.0, 0.0, 0.0,
        None, None, None, None, None, None, (), (), tuple(known.sketch.tolist()), known.categories, (), (),
    )  # fmt: skip
    found = empty
    if len(there):
        tested = len(there) >= limits.least
        found = (_text if known.categories else _number)(known, there, empty, tested)
    tests = found.tests
    if n >= limits.least and (missing or known.missing):
        m = n if known.rows is None else known.rows
        p = share_p(n - len(there), n, known.missing * m, m)
        tests = (*tests, Test(MISSING, p, p, (("missing", abs(missing - known.missing), limits.missing),), NONE))
    return replace(found, tests=tuple(_limited(test, limits) for test in tests))


def _limited(test: Test, limits: Limits) -> Test:
    """Return a test with the limit of each of its effects."""
    most = {
        "ks": limits.distance, "distance": limits.distance, "shift": limits.shift, "outside": limits.outside,
        "unseen": limits.outside, "missing": limits.missing,
    }  # fmt: skip
    return replace(test, effects=tuple((name, value, most[name]) for name, value, _ in test.effects))


def _number(known: Known, ordered: Floats, column: Column, tested: bool) -> Column:
    """Return the statistics of sorted numbers, and `tested` their tests; of a constant only how many differ from it."""
    n, m = len(ordered), known.there(len(ordered))
    found = against(known.sketch, ordered, None if known.rows is None else max(m, 1))
    column = replace(
        column,
        below=found.below,
        above=found.above,
        quantiles=tuple(np.quantile(ordered, QUANTILES).tolist()),
        wasserstein=found.wasserstein,
    )
    column = replace(column, tests=(_beyond(found, n, m),) if tested else ())
    if known.kind == "constant":
        return column
    if tested:
        p = ks_p(found.ks, effective(n, m))
        effects = (("ks", found.ks, 0.0), ("shift", found.shift, 0.0))
        column = replace(column, tests=(Test(VALUES, p, p, effects, NONE), *column.tests))
    return replace(
        column, ks=found.ks, shift=found.shift, psi=found.psi, bins=found.bins,
        bins_reference=(1 / len(found.bins),) * len(found.bins),
    )  # fmt: skip


def _beyond(found: Against, n: int, m: int) -> Test:
    """Return the test of the numbers beyond the smallest and the largest of the reference, either side by itself."""
    p = min(1.0, 2 * min(only_in_batch(round(share * n), n, m) for share in (found.below, found.above)))
    return Test(RANGE, p, p, (("outside", found.below + found.above, 0.0),), NONE)


def _text(known: Known, codes: Floats, column: Column, tested: bool) -> Column:
    """Return the statistics of the numbers of categories; what training never had is one more category.

    The tests are there where they are `tested`.
    """
    n, m = len(codes), known.there(len(codes))
    shares = np.array(known.shares) / (sum(known.shares) or 1.0)
    numbers = codes[codes >= 0].astype(np.intp)
    counts = np.bincount(numbers, minlength=len(shares)).astype(np.float64)
    seen = shares > 0
    unseen = float(n - counts[seen].sum())
    known_counts = counts[seen]
    value, p = homogeneity(known_counts, shares[seen] * m) if m and known_counts.sum() else (0.0, 1.0)
    distance = float(np.abs(counts / n - shares)[seen].sum() + unseen / n) / 2
    p_unseen = only_in_batch(unseen, n, m)
    index = psi(smoothed(shares[seen] * m), smoothed(known_counts)) if seen.any() else None
    tests = (
        Test(VALUES, p, p, (("distance", distance, 0.0),), NONE),
        Test(RANGE, p_unseen, p_unseen, (("unseen", unseen / n, 0.0),), NONE),
    )
    return replace(
        column, unseen=unseen / n, psi=index, chi_square=value, distance=distance, tests=tests if tested else (),
        bins=tuple((counts / n).tolist()), bins_reference=tuple(shares.tolist()), quantiles_reference=(),
    )  # fmt: skip


def judged(columns: Sequence[Column], limits: Limits) -> list[Column]:
    """Return the columns with their verdicts: Holm's correction over all tests of all of them, and the limits."""
    tests = [test for column in columns for test in column.tests]
    if not tests:
        return [replace(column, verdict=FEW, why=_few(column, limits)) for column in columns]
    adjusted = iter(holm(np.array([test.p for test in tests])).tolist())
    found = []
    for column in columns:
        done = tuple(_judged(test, next(adjusted), limits) for test in column.tests)
        found.append(_verdict(replace(column, tests=done), limits))
    return found


def _judged(test: Test, adjusted: float, limits: Limits) -> Test:
    large = any(value >= most for _, value, most in test.effects)
    verdict = NONE if adjusted > limits.alpha else DRIFT if large else LITTLE
    return replace(test, adjusted=adjusted, verdict=verdict)


def worst(verdicts: Sequence[str]) -> str:
    """Return the worst of some verdicts; of none "too few"."""
    return min(verdicts, key=VERDICTS.index, default=FEW)


def _verdict(column: Column, limits: Limits) -> Column:
    verdict = worst([test.verdict for test in column.tests])
    if verdict in (NONE, FEW) and column.count < limits.least:
        return replace(column, verdict=FEW, why=_few(column, limits))
    deciding = next(test for test in column.tests if test.verdict == verdict)
    if verdict == NONE:
        deciding = min(column.tests, key=lambda test: test.adjusted)
    name, value, most = max(deciding.effects, key=lambda effect: effect[1] / effect[2] if effect[2] else effect[1])
    sides = "at least" if value >= most else "below"
    words = f"{EFFECTS[name]} {value:.3g}, {sides} {most:g}; p {deciding.adjusted:.2g} after Holm's correction"
    return replace(column, verdict=verdict, why=words)


def _few(column: Column, limits: Limits) -> str:
    return f"{column.count:,} values, and a verdict takes {limits.least:,}"
