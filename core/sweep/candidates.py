"""Many settings at once: what each makes of a model, without a row, and their figures, without a row where possible."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.families.linear import probabilities
from core.moments import Anchor, Moments, score
from core.parts import Array, Floats, Parts
from core.progress import Progress, silent
from core.quant import AUTO, Scheme
from core.quant.methods import METHODS
from core.quant.quantize import best_shrink, best_shrinks, output_errors, resolve, variants
from core.sweep.plan import MANY, Family, Plan

# Outputs of many candidates on many rows that are held at once: 32 MB.
_MOST_OUTPUTS = 4_000_000


@dataclass(frozen=True, eq=False)
class Found:
    """k candidates: coefficients (k, o, p), intercepts (k, o), output errors (k,), schemes, methods asked for."""

    coefs: Floats
    intercepts: Floats
    errors: Floats
    schemes: tuple[Scheme, ...] = ()
    asked: tuple[str, ...] = ()


def joined(found: list[Found]) -> Found:
    """Return the candidates of all of `found`, in order."""
    coefs, intercepts = (np.concatenate([getattr(f, name) for f in found]) for name in ("coefs", "intercepts"))
    schemes, asked = (tuple(one for f in found for one in getattr(f, name)) for name in ("schemes", "asked"))
    return Found(coefs, intercepts, np.concatenate([f.errors for f in found]), schemes, asked)


def candidates(parts: Parts, moments: Moments, family: Family) -> Found:
    """Return every setting of a family; raises `InvalidInput` for a width that no code has."""
    schemes = family.schemes
    if family.base.method == AUTO or METHODS[family.base.method].one_width:
        return _one_by_one(parts, moments, schemes)
    shrinks = np.ones((len(family.scales), len(family.bits)))
    if set(family.scales) != {"minmax"}:
        best = best_shrinks(parts, family.base, moments, family.bits, family.scales)
        for i, scale in enumerate(family.scales):
            shrinks[i] = best.get(scale, 1.0)
    bits = np.tile(np.asarray(family.bits), len(family.scales))[:, None]
    v = variants(parts, family.base, moments, bits, shrinks.reshape(-1, 1))
    return Found(v.coefs, v.intercepts, output_errors(parts, moments, v), schemes, ("",) * len(schemes))


def search(parts: Parts, moments: Moments, plan: Plan, progress: Progress = silent) -> Found | None:
    """Return every candidate of a plan, None for an empty one; families of a large model run side by side."""
    if not plan.families:
        return None
    each, count = [], len(plan.families)
    for found in _each(parts, moments, plan):
        each.append(found)
        progress(len(each), count, f"{len(each)} of {count} families of settings tried")
    return joined(each)


def _each(parts: Parts, moments: Moments, plan: Plan) -> Iterator[Found]:
    """Yield the candidates of each family."""
    if parts.n_parameters <= MANY:
        yield from (candidates(parts, moments, family) for family in plan.families)
        return
    from joblib import Parallel, delayed

    # Threads: NumPy lets go of the interpreter on arrays of this size, and nothing has to be copied.
    jobs = Parallel(n_jobs=-1, prefer="threads", return_as="generator")
    yield from jobs(delayed(candidates)(parts, moments, family) for family in plan.families)


def _one_by_one(parts: Parts, moments: Moments, schemes: tuple[Scheme, ...]) -> Found:
    concrete = tuple(resolve(parts, one, moments) for one in schemes)
    each = [variants(parts, one, moments, shrink=best_shrink(parts, one, moments)) for one in concrete]
    coefs, intercepts = (np.concatenate([getattr(v, n) for v in each]) for n in ("coefs", "intercepts"))
    asked = tuple(one.method if one.method == AUTO else "" for one in schemes)
    return Found(coefs, intercepts, np.concatenate([output_errors(parts, moments, v) for v in each]), concrete, asked)


def value_scores(at: Anchor, found: Found) -> tuple[Floats, Floats]:
    """Return R² and RMSE of every candidate on the rows behind an anchor, (k,) each, without reading one."""
    return score(at, found.coefs[:, 0], found.intercepts[:, 0])


def class_scores(columns: Floats, y: Floats, found: Found) -> tuple[Floats, Floats]:
    """Return accuracy and log loss of every candidate on `columns` (n, p) with the classes `y` (n,), (k,) each."""
    truth = y.astype(np.intp)
    each = [_class_scores(columns, truth, *some) for some in _slices(len(y), found)]
    accuracy, loss = (np.concatenate(part) for part in zip(*each, strict=True))
    return accuracy, loss


def _slices(n_rows: int, found: Found) -> Iterator[tuple[Floats, Floats]]:
    k, n_outputs, _ = found.coefs.shape
    step = max(1, _MOST_OUTPUTS // max(1, n_rows * n_outputs))
    for start in range(0, k, step):
        yield found.coefs[start : start + step], found.intercepts[start : start + step]


def _class_scores(columns: Floats, truth: Array, coefs: Floats, intercepts: Floats) -> tuple[Floats, Floats]:
    raw = np.einsum("np,kop->kno", columns, coefs, optimize=True) + intercepts[:, None, :]
    p = probabilities(raw)
    p_true = np.clip(p[:, np.arange(len(truth)), truth], np.finfo(np.float64).eps, 1)
    return (p.argmax(axis=2) == truth).mean(axis=1), -np.log(p_true).mean(axis=1)
