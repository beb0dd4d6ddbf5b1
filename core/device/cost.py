"""`Estimate`, and what the programs of all families have in common: from raw row to columns, scores to answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from core.prepare import Preparation

Items = tuple[tuple[str, str, int], ...]

OPERATIONS = ("multiplications", "additions", "lookups", "divisions", "shifts", "exponentials")


@dataclass(frozen=True)
class Estimate:
    """What one prediction needs; `items` explains the working memory `ram`, name by name.

    `flash` are the bytes of all stored numbers; `shifts` are the shifts and masks that cut codes out of bytes.
    """

    flash: int
    ram: int
    multiplications: int
    additions: int
    lookups: int
    divisions: int
    shifts: int
    exponentials: int
    items: Items


@dataclass(frozen=True)
class Program:
    """What the program of one family needs between columns and answer; of `items` all that it keeps in memory."""

    flash: int
    work: Counter[str]
    items: Items


def columns_work(p: Preparation) -> Counter[str]:
    """Return the operations from a raw row to the model's unscaled columns."""
    n_ratios = len(p.ratios)
    n_factors = len(p.numbers) + n_ratios
    # x ≠ x says that x is missing: one comparison for each number that may be filled.
    n_compared = len(p.numbers) if p.fills else 0
    # a/b, and one comparison for whether the quotient is a number that can be used.
    n_compared += n_ratios
    # A flag is one comparison: x ≠ x where it marks what is missing, code = k for category k.
    n_compared += p.n_flags
    # x_i·x_j: one multiplication for each product; no column is a product of more than two.
    n_products = p.n_columns - p.n_flags - n_factors
    return Counter(multiplications=n_products, additions=n_compared, divisions=n_ratios)


def answer_work(n_classes: int) -> Counter[str]:
    """Return the operations from scores to the answer."""
    if n_classes == 0:
        return Counter()
    if n_classes == 2:
        # p0 = 1 / (1 + exp(y)), p1 = 1 − p0.
        return Counter(exponentials=1, additions=2, divisions=1)
    # exp(y − max) over the sum of them all: k − 1 comparisons for the largest score, which keeps exponentials from
    # overflowing, k subtractions, k additions, k divisions.
    return Counter(exponentials=n_classes, additions=3 * n_classes - 1, divisions=n_classes)


def answer_items(n_outputs: int, n_classes: int, width: int) -> Items:
    """Return the memory of the answer, and of what makes probabilities of scores."""
    if n_classes == 0:
        return (("answer", "the answer", width),)
    items: Items = (("answer", "scores, then probabilities", width * max(n_outputs, n_classes)),)
    if n_classes > 2:
        items += (("softmax", "largest score and total", 2 * width),)
    return items
