"""What is wrong with the grid: who takes up its range, and what it leaves out."""

from __future__ import annotations

import numpy as np

from core.comparison import Comparison
from core.diagnose.cure import best_cure, material
from core.diagnose.finding import Finding, short
from core.parts import Floats
from core.quant import METHODS, Quantized
from core.quant.levels import steps
from core.train import Trained

# The range is twice as wide as it must be: one bit of every code is lost.
A_BIT = 2.0

# The largest coefficient against a typical one. Of bell-shaped values the largest of a thousand is five times the
# median; at eight the typical coefficient has lost three bits to it.
STANDS_OUT = 8.0


def _even(q: Quantized) -> bool:
    """Tell whether the coefficients share evenly spaced levels."""
    return "scale" in q.tables["coef"] and not METHODS[q.scheme.method].per_value


def _reach(values: Floats, q: Quantized) -> float:
    """Return how far apart the ends of a grid for `values` lie."""
    if q.scheme.method == "symmetric":
        return 2 * float(np.abs(values).max())
    if "offset" in q.tables["coef"]:
        return float(np.ptp(values))
    return max(float(values.max()), 0.0) - min(float(values.min()), 0.0)


def intercept_shares_grid(trained: Trained, c: Comparison) -> Finding | None:
    """Find an intercept that makes the grid of the coefficients at least twice as wide, in one group or more."""
    q = c.quantized
    if q.scheme.intercept != "same-grid" or not _even(q) or not material(trained, c):
        return None
    values = np.array([p.original for p in c.parameters])
    groups, count = q.groups["coef"], q.shape[0] * q.shape[1]
    found = []
    for place in range(count, len(values)):
        alone = _reach(values[:count][groups[:count] == groups[place]], q)
        found.append(_reach(values[groups == groups[place]], q) / alone if alone > 0 else 1.0)
    worst = int(np.argmax(found))
    wider, intercept = float(found[worst]), c.parameters[count + worst]
    if wider < A_BIT:
        return None
    cure = best_cure(trained, c, ("refit", "keep", "own code"))
    if cure is None:
        return None
    gone = min(float(np.log2(wider)), float(q.scheme.bits))
    named = "The intercept" if q.shape[0] == 1 else intercept.name
    text = (
        f"{named} ({short(intercept.original)}) shares the grid of the coefficients and makes it "
        f"{short(wider)} times as wide, which takes {gone:.1f} of {_bits(q)}."
    )
    evidence = {"name": intercept.name, "intercept": intercept.original, "wider": wider, "bits_lost": gone}
    return Finding("intercept_shares_grid", text, evidence, cure)


def _bits(q: Quantized) -> str:
    return f"{q.scheme.bits} bits" if q.scheme.bits > 1 else "1 bit"


def coefficient_eats_range(trained: Trained, c: Comparison) -> Finding | None:
    """Find a coefficient beside which the typical one (the median of those that are not 0) is less than a step.

    Sizes are taken in steps of each one's own grid, so that groups with grids of their own compare.
    """
    q = c.quantized
    if not _even(q) or not material(trained, c):
        return None
    count = q.shape[0] * q.shape[1]
    step = steps(q, "coef")[:count]
    sizes = np.abs([p.original for p in c.parameters[:count]]) / step
    present = sizes[sizes > 0]
    typical = float(np.median(present)) if present.size else 0.0
    largest = int(np.argmax(sizes))
    if not 0 < typical < 1 or sizes[largest] < STANDS_OUT * typical:
        return None
    cure = best_cure(trained, c, ("standardise", "fit scale", "rows", "blocks"))
    if cure is None:
        return None
    lost, one = int((sizes < 0.5).sum()), c.parameters[largest]
    times = float(sizes[largest] / typical)
    text = (
        f"The coefficient of {one.name} ({short(one.original)}) eats the range: it is {short(times)} times the typical "
        f"one, and {lost:,} of {count:,} coefficients are smaller than half a step of {short(float(step[largest]))}."
    )
    evidence = {
        "name": one.name, "value": one.original, "times_typical": times, "step": float(step[largest]),
        "below_half_a_step": lost, "coefficients": count,
    }  # fmt: skip
    return Finding("coefficient_eats_range", text, evidence, cure)


def nearest_to_zero(q: Quantized) -> Floats:
    """Return the level nearest to zero in the grid of each coefficient, (n,); 0 everywhere for a table of values.

    The entries of a table were chosen to fit: a zero among them would be a worse fit.
    """
    table, count = q.tables["coef"], q.shape[0] * q.shape[1]
    one_bit = q.scheme.method == "symmetric" and q.scheme.bits == 1
    if not one_bit and "offset" not in table:
        return np.zeros(count)
    _, inverse = np.unique(q.groups["coef"], return_inverse=True)
    tables = {name: t.astype(np.float64)[inverse] for name, t in table.items()}
    method = METHODS[q.scheme.method]
    if one_bit:
        codes = np.ones(len(inverse))
    else:
        codes = np.clip(np.rint(-tables["offset"] / tables["scale"]), 0, method.top_code(q.scheme.bits))
    found: Floats = method.decode(codes, tables, q.scheme.bits)[:count]
    return found


def zero_not_representable(trained: Trained, c: Comparison) -> Finding | None:
    """Find coefficients that would be nearer to the truth at zero, had the grid a zero; name the costliest."""
    q = c.quantized
    missing = nearest_to_zero(q) != 0
    if not missing.any() or not material(trained, c):
        return None
    given = c.parameters[: len(missing)]
    sizes = np.abs([p.original for p in given])
    errors = np.abs([p.error for p in given])
    better = missing & (errors > sizes)
    if not better.any():
        return None
    cure = best_cure(trained, c, ("symmetric", "zero", "two bits"))
    if cure is None:
        return None
    m = trained.moments
    delta = np.abs(c.decoded.values["coef"] - trained.parts.values["coef"])
    moved = (delta * np.hypot(np.sqrt(np.diag(m.gram)), m.mean)).ravel()
    worst = int(np.argmax(np.where(better, moved, -1.0)))
    one, count = given[worst], int(better.sum())
    text = (
        f"Zero is not one of the levels: the coefficient of {one.name} ({short(one.original)}) became "
        f"{short(one.quantized)}, and {count:,} of {len(given):,} would be nearer at zero."
    )
    evidence = {
        "name": one.name, "value": one.original, "became": one.quantized,
        "nearer_at_zero": count, "coefficients": len(given),
    }  # fmt: skip
    return Finding("zero_not_representable", text, evidence, cure)
