"""The values that a grid can represent: what its codes decode to, one level a code."""

from __future__ import annotations

import numpy as np

from core.parts import Floats
from core.quant.methods import METHODS
from core.quant.quantized import Quantized


def levels(q: Quantized, block: str, index: int) -> Floats:
    """Return every value that the code at `index` of `block` could stand for, ascending.

    Shape (top_code + 1,), in the coordinates in which the block was rounded.
    """
    method = METHODS[q.scheme.method]
    if "codebook" in q.tables[block]:
        _, rows = np.unique(q.groups[block], return_inverse=True)
        return np.unique(q.tables[block]["codebook"][int(rows[index])]).astype(np.float64)
    codes = np.arange(method.top_code(q.scheme.bits) + 1, dtype=np.float64)
    _, inverse = np.unique(q.groups[block], return_inverse=True)
    entry = int(inverse[index])
    tables = {name: np.float64(table[entry]) for name, table in q.tables[block].items()}
    return method.decode(codes, tables, q.scheme.bits)


def steps(q: Quantized, block: str) -> Floats:
    """Return the distance of two neighbouring levels for each value of `block`, shape (n,).

    For a codebook, whose levels are uneven, the mean distance; 1 where there is a single level.
    """
    _, inverse = np.unique(q.groups[block], return_inverse=True)
    if "codebook" in q.tables[block]:
        table = q.tables[block]["codebook"].astype(np.float64)
        reach = table[:, -1] - table[:, 0]
        distinct = np.array([max(len(np.unique(row)) - 1, 1) for row in table])
        gaps: Floats = np.where(reach > 0, reach / distinct, 1.0)[inverse]
        return gaps
    scale = q.tables[block]["scale"].astype(np.float64)
    # One symmetric bit has the two levels -s and +s.
    wide = 2.0 if q.scheme.method == "symmetric" and q.scheme.bits == 1 else 1.0
    result: Floats = scale[inverse] * wide
    return result
