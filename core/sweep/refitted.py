"""Cross-validated figures of every setting of a perceptron: in each fold it is trained and quantised anew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core import families
from core.config import TrainConfig
from core.evaluate import cast_parts, folds_of
from core.metrics import main_metric
from core.parts import Floats, Parts
from core.progress import Progress, silent
from core.quant import dequantize, quantize
from core.quant.layers import look
from core.sweep.plan import Plan
from core.train import Trained, fit_rows


def layer_figures(
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
        known, held = look(f.parts, f.preparation.expand(X[inside])), f.preparation.expand(X[outside])
        figures = [_figure(p, held, y[outside]) for p in (f.parts, *(cast_parts(f.parts, k) for k in kinds))]
        for scheme in schemes:
            done += 1
            progress(done, total, words)
            figures.append(_figure(dequantize(quantize(f.parts, scheme, f.moments, known)), held, y[outside]))
        done += 1
        each.append(figures)
    return np.asarray(np.mean(each, axis=0))


def _figure(parts: Parts, columns: Floats, y: Floats) -> float:
    """Return the main figure of `parts` on `columns` (n, p) with the targets `y` (n,)."""
    found = main_metric(parts.meta["task"], y, families.outputs(parts, columns))
    return float("nan") if found is None else found
