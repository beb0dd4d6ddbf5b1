"""Trees on a device: a row walks from split to split down to a leaf in each tree, and the leaves are added up.

The packed file is not what a program can walk through. It keeps the structure in whole numbers of 1, 2 or 4 bytes, as
wide as each needs: of every split its feature, the place of its threshold in one table of them all, and both
children; of every tree where its splits begin. Children are numbered within their tree, its splits first, its leaves
behind them. Leaves stay codes. Thresholds stay as they are: rounding them would send rows elsewhere.

Counted is the longest way through every tree. A lookup is a read at a place that had to be found out: of a split, of
the column it asks, of its threshold, and of a leaf. Working out where these stand counts as part of the read.
"""

from __future__ import annotations

from collections import Counter

from core.device.cost import Items, Program, answer_items, answer_work
from core.device.linear import code_work, columns_item, decoding
from core.families.trees import questions
from core.parts import Parts
from core.quant import Quantized, packed_size
from core.quant.stored import skeleton
from core.sizes import WIDTHS

# Is this a split or a leaf? Is the column at most the threshold?
QUESTION = Counter(additions=2, lookups=3)
# The last look whether this is a leaf, and the leaf.
_ARRIVED = Counter(additions=1, lookups=1)
# Is the column missing? Then a bit says where to go: it is cut out of its byte.
MISSING = Counter(additions=1, shifts=2)

# Multiplications, additions and lookups for a value of a leaf, and for an output at the end, by how codes are decoded:
# first where all leaves share a grid, so that codes are added up, then where each tree has its own.
_SHARED = {
    "table": ((0, 1, 1), (0, 0, 0)),
    "each": ((1, 2, 0), (0, 0, 0)),
    # sum ± 1, then y = s·sum.
    "sign": ((0, 1, 0), (1, 0, 0)),
    # sum += code − z, then y = s·sum.
    "zero": ((0, 2, 0), (1, 0, 0)),
    # sum += code, then y = s·sum + n·offset for n trees.
    "offset": ((0, 1, 0), (2, 1, 0)),
}
_OF_TREES = {
    **_SHARED,
    # y ± s
    "sign": ((0, 1, 0), (0, 0, 0)),
    # y += s·(code − z)
    "zero": ((1, 2, 0), (0, 0, 0)),
    # y += offset + s·code
    "offset": ((1, 2, 0), (0, 0, 0)),
}


def original(parts: Parts) -> Program:
    """Return what trees need whose leaves are float64."""
    leaf, n_trees = parts.values["leaf"], len(parts.structure["n_nodes"])
    flash = structure_bytes(parts) + leaf.size * WIDTHS["float64"]
    # y += leaf
    work = _walk(parts) + Counter(additions=n_trees * leaf.shape[1])
    outputs = _n_outputs(parts, leaf.shape[1])
    if parts.meta["kind"] != "boosting" and n_trees > 1:
        work += Counter(divisions=outputs)
    return _answered(parts, outputs, Program(flash, work, ()), WIDTHS["float64"], rounded=False)


def quantised(q: Quantized) -> Program:
    """Return what trees need whose leaves are codes; they reckon in float32."""
    parts, n_trees, (_, width) = skeleton(q), len(q.structure["n_nodes"]), q.shape
    flash = structure_bytes(parts) + packed_size(q.n_codes, q.scheme.bits)
    flash += sum(table.nbytes for table in q.tables["leaf"].values())
    way, outputs, shared = decoding(q, "leaf"), _n_outputs(parts, width), q.scheme.granularity == "tensor"
    value, end = (_SHARED if shared else _OF_TREES)[way]
    work = _walk(parts) + code_work(q.scheme.bits, n_trees * width)
    for name, each, last in zip(("multiplications", "additions", "lookups"), value, end, strict=True):
        work[name] += each * n_trees * width + last * outputs
    if "baseline" in q.structure:
        # A sum of codes cannot start at the baseline; one of values does.
        work["additions"] += outputs if shared and way in ("sign", "zero", "offset") else 0
    elif n_trees > 1 and q.meta["task"] == "regression":
        work["divisions"] += 1
    return _answered(parts, outputs, Program(flash, work, ()), WIDTHS["float32"], rounded=True)


def structure_bytes(parts: Parts) -> int:
    """Return the bytes of the structure as a program walks through it, see the head of this file."""
    s = parts.structure
    n_splits = len(s["feature"])
    each = _bytes(len(parts.meta["features"]) - 1) + _bytes(len(s["table"]) - 1) + 2 * _bytes(int(s["n_nodes"].max()))
    total = n_splits * each + (len(s["n_nodes"]) + 1) * _bytes(n_splits) + s["table"].nbytes
    total += s["baseline"].nbytes if "baseline" in s else 0
    return total + (packed_size(n_splits, 1) if "missing_left" in s else 0)


def _bytes(most: int) -> int:
    """Return the width of whole numbers from 0 to `most`."""
    return next(width for width in (1, 2, 4) if most < 256**width)


def _walk(parts: Parts) -> Counter[str]:
    """Return what the longest ways take, down to a leaf in every tree."""
    asked, n_trees = questions(parts), len(parts.structure["n_nodes"])
    each = QUESTION + MISSING if "missing_left" in parts.structure else QUESTION
    return Counter({name: asked * each[name] + n_trees * _ARRIVED[name] for name in {*each, *_ARRIVED}})


def _n_outputs(parts: Parts, width: int) -> int:
    """Return how many sums there are, for leaves of `width` values: trees of a boosting speak for one in turn."""
    return len(parts.structure["baseline"]) if "baseline" in parts.structure else width


def _answered(parts: Parts, outputs: int, program: Program, width: int, rounded: bool) -> Program:
    """Return `program` with what makes an answer of its sums, and all that is kept in memory."""
    n_classes, work = len(parts.meta["classes"]), Counter(program.work)
    items: Items = (columns_item(len(parts.meta["features"]), width),)
    if parts.meta["kind"] == "boosting":
        work += answer_work(n_classes)
        items += answer_items(outputs, n_classes, width)
    else:
        items += (("answer", "the answer" if n_classes == 0 else "shares of the classes", width * outputs),)
    if n_classes and rounded and parts.meta["kind"] != "boosting":
        # Rounded shares need not add up to 1: the lowest, 0 or less, is found and taken off, what is left is added
        # up, looked at whether it is more than 0, and divided by.
        work += Counter(additions=3 * outputs + 1, divisions=outputs)
        items += (("shares", "lowest share and total", 2 * width),)
    return Program(program.flash, work, items)
