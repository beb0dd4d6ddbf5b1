"""Cross-validated figures of every setting of trees or a perceptron: in each fold it is trained and quantised anew.

Trees are scored by looking up the leaves that the rows held out reach; no row walks through a tree twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from core import families
from core.config import TrainConfig
from core.evaluate import cast_parts, folds_of
from core.families import trees
from core.metrics import main_metric
from core.parts import Array, Floats, Parts
from core.progress import Progress, silent
from core.quant import dequantize, quantize
from core.quant.layers import Seen, look
from core.sweep.plan import Plan
from core.train import Trained, fit_rows


def refitted_figures(
    trained: Trained, config: TrainConfig, plan: Plan, kinds: Sequence[str], count: int, progress: Progress = silent
) -> Floats:
    """Return the mean main figure over the folds of the original, of its plain casts and of every setting of a plan.

    No test row is read.
    """
    (X, y), data, schemes = trained.rows("train"), trained.dataset, plan.schemes
    each, done, total = [], 0, count * (len(schemes) + 1)
    for fold, (inside, outside) in enumerate(folds_of(trained, count)):
        words = f"fold {fold + 1} of {count}"
        progress(done, total, words)
        f = fit_rows(X[inside], y[inside], data.feature_names, config, data.classes, data.categories)
        known, outputs = _asked(f.parts, *(f.preparation.expand(X[rows]) for rows in (inside, outside)))
        figures = [_figure(p, outputs, y[outside]) for p in (f.parts, *(cast_parts(f.parts, k) for k in kinds))]
        for scheme in schemes:
            done += 1
            progress(done, total, words)
            twin = dequantize(quantize(f.parts, scheme, f.moments, known))
            figures.append(_figure(twin, outputs, y[outside]))
        done += 1
        each.append(figures)
    return np.asarray(np.mean(each, axis=0))


def _asked(parts: Parts, inside: Floats, outside: Floats) -> tuple[Array | Seen | None, Callable[[Parts], Floats]]:
    """Return what is known of a model from the rows inside, and what asks a twin of it for those outside."""
    if parts.family != "trees":
        return look(parts, inside), partial(families.outputs, X=outside)
    ids = trees.leaves(parts, outside)
    return trees.leaves(parts, inside), lambda twin: trees.from_leaves(twin, trees.reached(parts, twin, ids))


def _figure(parts: Parts, outputs: Callable[[Parts], Floats], y: Floats) -> float:
    """Return the main figure of `parts` on the rows with the targets `y` (n,)."""
    found = main_metric(parts.meta["task"], y, outputs(parts))
    return float("nan") if found is None else found
