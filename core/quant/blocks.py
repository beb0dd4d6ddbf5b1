"""One block of values on a grid, as trees and perceptrons have it: its tables, and the factor on a grid's range."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np

from core.parts import Array, Floats
from core.quant.affine import single
from core.quant.centres import halfway, near_best
from core.quant.methods import METHODS
from core.quant.scheme import Scheme

# Factors by which the range of a grid is shrunk or stretched: first these, then those round the best of them. A forest
# has a million leaves, so that few are tried.
COARSE = (1.0, 0.3, 0.5, 0.7, 0.9, 1.1)
FINE = (-0.1, -0.05, 0.05, 0.1)


def best_factor(error: Callable[[float], float]) -> float:
    """Return the factor on the range of a grid of which `error` is least; the first of equals wins, 1 above all."""
    tried: dict[float, float] = {}
    for factors in (COARSE, FINE):
        start = min(tried, key=lambda f: tried[f]) if tried else 0.0
        for factor in factors:
            tried[start + factor] = error(start + factor)
    return min(tried, key=lambda f: tried[f])


def table_types(scheme: Scheme) -> dict[str, type]:
    """Return the tables that stand beside codes of `scheme`, with their types."""
    code = np.uint8 if scheme.bits <= 8 else np.uint16
    kinds = METHODS[scheme.method].tables
    unused = "zero_point" if dict(scheme.params).get("zero_point") == "offset" else "offset"
    left_out = {unused} if "zero_point" in kinds else set()
    return {name: code if kind == "code" else np.float32 for name, kind in kinds.items() if name not in left_out}


def tabled(values: Floats, first: Array, count: int, weights: Floats) -> tuple[Array, dict[str, Floats]]:
    """Return codes, and a table of up to `count` values for each group, which begin at `first`."""
    rounded, edges = single(values), [*first.tolist(), len(values)]
    groups = [slice(a, b) for a, b in pairwise(edges)]
    found: list[Floats] = []
    for group in groups:
        points, index = np.unique(rounded[group], return_inverse=True)
        held = np.asarray(np.bincount(index, weights[group]), dtype=np.float64)
        found.append(single(near_best(points, held, count)))
    tables = np.empty((len(groups), max(map(len, found))))
    codes = np.empty(len(values), dtype=np.intp)
    for i, (group, centres) in enumerate(zip(groups, found, strict=True)):
        # A shorter table repeats its last entry.
        tables[i] = np.concatenate([centres, np.full(tables.shape[1] - len(centres), centres[-1])])
        codes[group] = np.searchsorted(halfway(centres), rounded[group])
    return codes, {"codebook": tables}


def decoded_block(scheme: Scheme, codes: Array, tables: Mapping[str, Array], ids: Array) -> Floats:
    """Return what the codes of one block stand for, (n,)."""
    if "codebook" in tables:
        return np.asarray(tables["codebook"].astype(np.float64)[ids, codes])
    each = {name: table.astype(np.float64)[ids] for name, table in tables.items()}
    return METHODS[scheme.method].decode(codes.astype(np.float64), each, scheme.bits)
