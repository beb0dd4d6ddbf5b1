"""A table of the best values: each code names one of 2^b values that were chosen to fit the model."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from core.errors import InvalidInput
from core.parts import Array, Floats
from core.quant.affine import Tables, single

# Different values that one table may stand for: memory grows with their square, time with a table's length besides.
MOST_VALUES = 1024


def cluster(values: Floats, count: int) -> Floats:
    """Return the `count` centres, ascending, with the smallest sum of squared distances to `values` (n,).

    Exact: D[i, m] = min_j D[j-1, m-1] + d(j..i) over the sorted values, with d from running sums (Wang and
    Song, Ckmeans.1d.dp, R Journal 3(2), 2011, equation 1). Fewer centres come back when there are fewer
    distinct values. Time grows with count·n², in vectorised steps; raises `InvalidInput` for more than
    `MOST_VALUES` values.
    """
    points, weights = np.unique(values, return_counts=True)
    n = len(points)
    if n <= count:
        return points
    if n > MOST_VALUES:
        allowed = f"at most {MOST_VALUES} (a granularity of row or block has fewer)"
        raise InvalidInput("different values for one table", n, allowed)
    return best_centres(points, weights, count)


def best_centres(points: Floats, weights: Array, count: int) -> Floats:
    """Return the centres of `cluster` for different, ascending `points` (n,) with `weights`, more than `count`."""
    n = len(points)
    # Centred, so that differences of the running sums of squares do not drown in a large offset.
    middle = float(points.mean())
    x = points - middle
    zero = np.zeros(1)
    w = np.concatenate([zero, np.cumsum(weights)])
    s = np.concatenate([zero, np.cumsum(weights * x)])
    q = np.concatenate([zero, np.cumsum(weights * x * x)])
    i, j = np.arange(1, n + 1)[:, None], np.arange(n)[None, :]
    mass = np.where(j < i, w[i] - w[j], 1.0)
    # cost[i-1, j] of one cluster that holds the points j .. i-1; no cluster ends before it begins.
    cost = np.where(j < i, (q[i] - q[j]) - (s[i] - s[j]) ** 2 / mass, np.inf)
    best = cost[:, 0]
    starts = [np.zeros(n, dtype=np.intp)]
    for _ in range(1, count):
        total = cost + np.concatenate([[np.inf], best[:-1]])[None, :]
        starts.append(np.argmin(total, axis=1))
        best = total[np.arange(n), starts[-1]]
    edges, end = [n], n
    for start in reversed(starts):
        end = int(start[end - 1])
        edges.append(end)
    edges.reverse()
    return np.array([(s[b] - s[a]) / (w[b] - w[a]) + middle for a, b in pairwise(edges)])


def codebook_encode(values: Floats, groups: Array, bits: Any, params: Any, shrink: Any = 1.0) -> tuple[Floats, Tables]:
    """Return codes (1, n) and, for each value, the table of its group, (1, n, 2^b or fewer).

    A table never has more entries than its largest group has values; a shorter one repeats its last entry.
    One width at a time; `shrink` has no effect.
    """
    count = 2 ** int(np.asarray(bits).ravel()[0])
    rounded = single(values)
    ids, index, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    width = min(count, int(sizes.max()))
    tables, codes = np.empty((len(ids), width)), np.empty(values.shape)
    for g in range(len(ids)):
        own = rounded[index == g]
        centres = single(cluster(own, width))
        tables[g] = np.concatenate([centres, np.full(width - len(centres), centres[-1])])
        codes[index == g] = np.abs(own[:, None] - centres).argmin(axis=1)
    return codes[None, :], {"codebook": tables[index][None]}


def codebook_decode(codes: Floats, tables: Tables, bits: Any) -> Floats:
    """Return the entry of each code in its group's table; `tables["codebook"]` has one row a value."""
    found = np.take_along_axis(tables["codebook"], codes[..., None].astype(np.intp), axis=-1)[..., 0]
    return np.asarray(found)
