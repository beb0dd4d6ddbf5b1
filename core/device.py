"""What a prediction costs a small device: flash, working memory and operations, from the structure alone.

The program that is counted is the plain one: codes are read one after the other, what a group of codes shares is
multiplied in once a group, and the answer is that of the decoded model. Sums start at the intercept, or at zero,
and each term is one addition. A subtraction and a comparison count as additions. Not counted are loads, stores,
loop counters, turning a whole number into a float, the bytes of the program itself, and those of its constants: what
fills gaps, and the numbers of the categories.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from core.errors import InvalidInput
from core.parts import Parts
from core.prepare import Preparation
from core.quant import METHODS, Quantized
from core.sizes import WIDTHS, float_size, quantized_size

Items = tuple[tuple[str, str, int], ...]

OPERATIONS = ("multiplications", "additions", "lookups", "divisions", "shifts", "exponentials")

MOST_BYTES = 10**9
_BUDGET = f"a whole number from 1 to {MOST_BYTES}"


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
class Cost:
    """Multiplications, additions and lookups that one way of decoding needs.

    For each `weight`, for each `group` of weights of one output, for each intercept with a code of its `own`, and
    for each that is `shared` with the grid of the weights.
    """

    weight: tuple[int, int, int]
    group: tuple[int, int, int]
    own: tuple[int, int, int]
    shared: tuple[int, int, int]


# y is the score of an output, x a column. Where an intercept has a code, y starts at what the code stands for, or,
# on the weights' grid, the sum starts at the code.
COSTS = {
    # y += table[code]·x. A table is all that codes share, and nothing is multiplied in later.
    "table": Cost(weight=(1, 1, 1), group=(0, 0, 0), own=(0, 0, 1), shared=(0, 0, 1)),
    # y += (offset + s·code)·x. Offset and s belong to one code alone, so that each is decoded by itself.
    "each": Cost(weight=(2, 2, 0), group=(0, 0, 0), own=(1, 1, 0), shared=(1, 1, 0)),
    # sum ± x, then y += s·sum. One bit is a sign, so that no weight needs a multiplication.
    "sign": Cost(weight=(0, 1, 0), group=(1, 1, 0), own=(0, 0, 0), shared=(0, 0, 0)),
    # sum += (code − z)·x, then y += s·sum. The step s is common to all terms of the sum.
    "zero": Cost(weight=(1, 2, 0), group=(1, 1, 0), own=(1, 1, 0), shared=(0, 1, 0)),
    # sum += code·x, then y += s·sum and y += offset·Σx. Step and offset are common; Σx serves every output.
    "offset": Cost(weight=(1, 1, 0), group=(2, 2, 0), own=(1, 1, 0), shared=(0, 0, 0)),
}


def estimate(model: Parts | Quantized, preparation: Preparation) -> Estimate:
    """Return what one prediction costs, from a raw row to the answer, for an original or a quantised model.

    An original computes in float64, as it is stored, a quantised one in float32.
    """
    n_classes = len(model.meta["classes"])
    if isinstance(model, Quantized):
        n_outputs, n_columns = model.shape
        flash, width = quantized_size(model, 0).numbers, WIDTHS["float32"]
        work, items = _coded_work(model), _sums(model)
    else:
        n_outputs, n_columns = model.values["coef"].shape
        flash, width = float_size(model, 0).numbers, WIDTHS["float64"]
        # y += w·x from y = b: one multiplication and one addition a weight.
        work, items = Counter(multiplications=n_outputs * n_columns, additions=n_outputs * n_columns), ()
    work += _columns_work(preparation) + _answer_work(n_classes)
    items = (
        # The products stand behind the features, and columns are scaled where they stand.
        ("columns", f"{n_columns} columns of the row", width * n_columns),
        *items,
        *_answer_items(n_outputs, n_classes, width),
    )
    counts = {name: work[name] for name in OPERATIONS}
    return Estimate(flash, sum(n for _, _, n in items), **counts, items=items)


def decoding(q: Quantized) -> str:
    """Return which of `COSTS` belongs to the weights of `q`, told by what is stored beside the codes."""
    table = q.tables["coef"]
    if "codebook" in table:
        return "table"
    if METHODS[q.scheme.method].per_value:
        return "each"
    if "offset" in table:
        return "offset"
    return "sign" if q.scheme.bits == 1 and "zero_point" not in table else "zero"


def _columns_work(p: Preparation) -> Counter[str]:
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


def _coded_work(q: Quantized) -> Counter[str]:
    """Return the operations from columns to scores."""
    (n_outputs, n_columns), way = q.shape, decoding(q)
    weights, cost = n_outputs * n_columns, COSTS[way]
    # One partial sum for each group that has weights of an output: sums over two outputs would be of no use.
    ids = q.groups["coef"][:weights].reshape(q.shape)
    n_groups = sum(len(np.unique(row)) for row in ids)
    coded = {"quantised": cost.own, "same-grid": cost.shared}.get(q.scheme.intercept, (0, 0, 0))
    terms = ((weights, cost.weight), (n_groups, cost.group), (n_outputs, coded))
    work = Counter({name: sum(n * c[i] for n, c in terms) for i, name in enumerate(OPERATIONS[:3])})
    # Σx, once for all outputs: each column is added to the sum of its group.
    work["additions"] += n_columns if way == "offset" else 0
    # (x − mean) / scale, once for all outputs: what is stored is the scale, and the mean only for a coded intercept.
    work["divisions"] += n_columns if "feature_scale" in q.exact else 0
    work["additions"] += n_columns if "feature_mean" in q.exact else 0
    # (bytes >> shift) & mask: a code of 8 or 16 bits fills its bytes and is read as it is.
    work["shifts"] += 0 if q.scheme.bits in (8, 16) else 2 * q.n_codes
    return work


def _answer_work(n_classes: int) -> Counter[str]:
    """Return the operations from scores to the answer."""
    if n_classes == 0:
        return Counter()
    if n_classes == 2:
        # p0 = 1 / (1 + exp(y)), p1 = 1 − p0.
        return Counter(exponentials=1, additions=2, divisions=1)
    # exp(y − max) over the sum of them all: k − 1 comparisons for the largest score, which keeps exponentials from
    # overflowing, k subtractions, k additions, k divisions.
    return Counter(exponentials=n_classes, additions=3 * n_classes - 1, divisions=n_classes)


def _sums(q: Quantized) -> Items:
    """Return the running sums that a quantised model needs beside its scores."""
    way = decoding(q)
    if way in ("table", "each"):
        return ()
    items: Items = (("sum", "the sum of a group", WIDTHS["float32"]),)
    if way == "offset":
        count = len(np.unique(q.groups["coef"][: q.shape[1]]))
        items += (("column sums", "sums of the columns", WIDTHS["float32"] * count),)
    return items


def _answer_items(n_outputs: int, n_classes: int, width: int) -> Items:
    if n_classes == 0:
        return (("answer", "the answer", width),)
    items: Items = (("answer", "scores, then probabilities", width * max(n_outputs, n_classes)),)
    if n_classes > 2:
        items += (("softmax", "largest score and total", 2 * width),)
    return items


def check_budget(value: object) -> int:
    """Return `value` as a budget of bytes; raises `InvalidInput` when it is none."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_BYTES:
        raise InvalidInput("budget", value, _BUDGET)
    return value


def read_budget(text: str) -> int:
    """Return the budget that `text` spells; raises `InvalidInput` (24.5 is not a whole number)."""
    if not re.fullmatch("[0-9]{1,18}", text):
        raise InvalidInput("budget", text, _BUDGET)
    return check_budget(int(text))
