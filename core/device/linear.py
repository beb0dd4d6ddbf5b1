"""A linear model on a device: weighted sums, with what a group of codes shares multiplied in once a group."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from core.device.cost import OPERATIONS, Items, Program, answer_items, answer_work
from core.parts import Array, Parts
from core.quant import METHODS, Quantized
from core.sizes import WIDTHS, float_size, quantized_size


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


def original(parts: Parts) -> Program:
    """Return what a linear model needs, in float64."""
    n_outputs, n_columns = parts.values["coef"].shape
    n_classes, width = len(parts.meta["classes"]), WIDTHS["float64"]
    work = float_work(n_outputs, n_columns) + answer_work(n_classes)
    items = (columns_item(n_columns, width), *answer_items(n_outputs, n_classes, width))
    return Program(float_size(parts, 0).numbers, work, items)


def quantised(q: Quantized) -> Program:
    """Return what the twin of a linear model needs, in float32."""
    n_outputs, n_columns = q.shape
    n_classes, width = len(q.meta["classes"]), WIDTHS["float32"]
    ids = q.groups["coef"][: n_outputs * n_columns].reshape(q.shape)
    work = coded_work(q, ids, decoding(q)) + scaling_work(q) + code_work(q.scheme.bits, q.n_codes)
    items = (
        columns_item(n_columns, width),
        *sums([ids], decoding(q)),
        *answer_items(n_outputs, n_classes, width),
    )
    return Program(quantized_size(q, 0).numbers, work + answer_work(n_classes), items)


def columns_item(n_columns: int, width: int) -> tuple[str, str, int]:
    """Return the memory of the columns: the products stand behind the features, and are scaled where they stand."""
    return "columns", f"{n_columns} columns of the row", width * n_columns


def float_work(n_outputs: int, n_columns: int) -> Counter[str]:
    """Return y += w·x from y = b: one multiplication and one addition a weight."""
    return Counter(multiplications=n_outputs * n_columns, additions=n_outputs * n_columns)


def decoding(q: Quantized, block: str = "coef") -> str:
    """Return which of `COSTS` belongs to the weights of `q`, told by what is stored beside the codes."""
    table = q.tables[block]
    if "codebook" in table:
        return "table"
    if METHODS[q.scheme.method].per_value:
        return "each"
    if "offset" in table:
        return "offset"
    return "sign" if q.scheme.bits == 1 and "zero_point" not in table else "zero"


def coded_work(q: Quantized, ids: Array, way: str) -> Counter[str]:
    """Return the operations from columns to scores, for weights whose groups are `ids` (n_outputs, n_columns)."""
    (n_outputs, n_columns), cost = ids.shape, COSTS[way]
    # One partial sum for each group that has weights of an output: sums over two outputs would be of no use.
    n_groups = sum(len(np.unique(row)) for row in ids)
    coded = {"quantised": cost.own, "same-grid": cost.shared}.get(q.scheme.intercept, (0, 0, 0))
    terms = ((n_outputs * n_columns, cost.weight), (n_groups, cost.group), (n_outputs, coded))
    work = Counter({name: sum(n * c[i] for n, c in terms) for i, name in enumerate(OPERATIONS[:3])})
    # Σx, once for all outputs: each column is added to the sum of its group.
    work["additions"] += n_columns if way == "offset" else 0
    return work


def scaling_work(q: Quantized) -> Counter[str]:
    """Return (x − mean) / scale, once for all outputs: what is stored says which of both is needed."""
    divisions, additions = (q.shape[1] if name in q.exact else 0 for name in ("feature_scale", "feature_mean"))
    return Counter(divisions=divisions, additions=additions)


def code_work(bits: int, n_codes: int) -> Counter[str]:
    """Return (bytes >> shift) & mask: a code of 8 or 16 bits fills its bytes and is read as it is."""
    return Counter(shifts=0 if bits in (8, 16) else 2 * n_codes)


def sums(layers: list[Array], way: str) -> Items:
    """Return the running sums beside the scores, for layers one after the other, of weights in groups (o, p) each."""
    if way in ("table", "each"):
        return ()
    items: Items = (("sum", "the sum of a group", WIDTHS["float32"]),)
    if way == "offset":
        most = max(len(np.unique(ids[0])) for ids in layers)
        items += (("column sums", "sums of the columns", WIDTHS["float32"] * most),)
    return items
