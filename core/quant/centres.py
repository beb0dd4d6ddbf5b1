"""A table of values for the leaves of trees, which may be a million: near the best one, in bounded time.

Leaves of one table are first joined by Ward's rule (Journal of the American Statistical Association 58, 1963): those
two neighbours become one that add least to the squared error, w1·w2/(w1 + w2)·(x1 - x2)². Of what is left the best
table is found exactly (`codebook.best_centres`), where that takes at most `EXACT` steps, and is then moved by Lloyd's
rule to rest on the leaves themselves. Against the exact table of up to a thousand values the squared error was at most
3 % larger for up to 6 bits and at most 8 % for 7 to 9, on leaves of forests and on five drawn distributions.
"""

from __future__ import annotations

import numpy as np

from core.parts import Array, Floats
from core.quant.codebook import best_centres

# Steps of the exact search for one table, count·n²: milliseconds.
EXACT = 2**20
# Rounds of Lloyd's rule at most; it comes to rest within ten almost always.
_ROUNDS = 100
# Of the pairs that are cheaper to join than their neighbours this share is joined at once, the cheapest first.
_JOINED = 0.1


def near_best(points: Floats, weights: Floats, count: int) -> Floats:
    """Return `count` centres, ascending, for different, ascending `points` (n,); all of them where there are no more.

    They make the sum of weights times squared distances small; see above how small.
    """
    n = len(points)
    if n <= count:
        return points
    if count * n**2 <= EXACT:
        return best_centres(points, weights, count)
    fewer = int((EXACT / count) ** 0.5)
    if fewer < 2 * count:
        return _moved(points, weights, _joined(points, weights, count)[0])
    return _moved(points, weights, best_centres(*_joined(points, weights, fewer), count))


def _joined(points: Floats, weights: Floats, count: int) -> tuple[Floats, Floats]:
    """Return the means of `count` groups of neighbours, and their weights."""
    x, w = points.copy(), weights.copy()
    while len(x) > count:
        cost = w[1:] * w[:-1] / (w[1:] + w[:-1]) * np.diff(x) ** 2
        framed = np.concatenate([[np.inf], cost, [np.inf]])
        # No two of these share a point.
        cheap = np.flatnonzero((cost < framed[:-2]) & (cost <= framed[2:]))
        many = min(len(x) - count, max(1, int(len(cheap) * _JOINED)))
        cheap = cheap[np.argpartition(cost[cheap], many - 1)[:many]]
        x[cheap] = (w[cheap] * x[cheap] + w[cheap + 1] * x[cheap + 1]) / (w[cheap] + w[cheap + 1])
        w[cheap] += w[cheap + 1]
        stays = np.ones(len(x), dtype=bool)
        stays[cheap + 1] = False
        x, w = x[stays], w[stays]
    return x, w


def _moved(points: Floats, weights: Floats, centres: Floats) -> Floats:
    """Return `centres` moved to the means of the points next to them, again and again until they rest."""
    middle = float(points.mean())
    mass = np.concatenate([[0.0], np.cumsum(weights)])
    moment = np.concatenate([[0.0], np.cumsum(weights * (points - middle))])
    for _ in range(_ROUNDS):
        edges = np.concatenate([[0], np.searchsorted(points, halfway(centres), side="right"), [len(points)]])
        held = np.diff(mass[edges])
        # A centre that no point is next to stays where it is.
        moved = np.where(held > 0, np.diff(moment[edges]) / np.where(held > 0, held, 1.0) + middle, centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    return centres


def halfway(centres: Floats) -> Array:
    """Return what lies halfway between neighbouring centres: up to there a value is next to the lower one."""
    return np.asarray((centres[1:] + centres[:-1]) / 2)
