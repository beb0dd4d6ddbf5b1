"""The one cure that trains again: a ridge penalty, which keeps coefficients small enough to be rounded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.artifact.reopen import DIFFERS
from core.comparison import Comparison
from core.config import TrainConfig
from core.diagnose.cure import lowers_error
from core.diagnose.finding import Cure
from core.models import MODELS
from core.moments import Moments, anchored, least_squares, score
from core.parts import Floats, Parts
from core.quant import Scheme
from core.quant.coordinates import column_scale
from core.quant.quantize import best_shrink, output_errors, variants
from core.sizes import numbers
from core.train import Trained

# The penalties tried, by decades: from few rows to many.
PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0, 10000.0)


def _r2(m: Moments, coef: Floats, intercept: float) -> float:
    """Return R² on the rows behind `m` of the model `coef` (p,), `intercept`."""
    return float(score(anchored(m, coef, intercept), coef[None], np.array([intercept]))[0][0])


def _quantized(parts: Parts, scheme: Scheme, m: Moments) -> tuple[float, float]:
    """Return training R² and training output error of the twin of `parts`."""
    one = variants(parts, scheme, m, shrink=best_shrink(parts, scheme, m))
    return _r2(m, one.coefs[0, 0], float(one.intercepts[0, 0])), float(output_errors(parts, m, one)[0])


def ridge_cure(trained: Trained, c: Comparison, other: Cure | None) -> Cure | None:
    """Return a ridge penalty with which the quantised model fits the training rows better than with the cure `other`.

    A larger penalty always lowers the change by rounding, and in the end the model itself: so the penalty is the one
    whose quantised model has the largest R² on the training rows. None for a model that sums do not give, and for one
    from a file, which training again would put away.
    """
    config, m, scheme = trained.config, trained.moments, c.quantized.scheme
    now = None if config is None else MODELS[config.model].penalty(dict(config.params))
    if config is None or now is None or DIFFERS in trained.report.notes or m.y_var <= 0:
        return None
    reached = _quantized(trained.parts, scheme if other is None else other.scheme, m)[0]
    best, after, kept = None, np.inf, 0.0
    for alpha in PENALTIES:
        if alpha <= now:
            continue
        coef, intercept, _ = least_squares(m, alpha, column_scale(m))
        parts = replace(trained.parts, values={"coef": coef[None], "intercept": np.array([intercept])})
        r2, error = _quantized(parts, scheme, m)
        if r2 > reached:
            best, reached, after, kept = alpha, r2, error, _r2(m, coef, intercept)
    if best is None:
        return None
    before, values = c.sizes["quantized"].numbers, trained.parts.values
    was = _r2(m, values["coef"][0], float(values["intercept"][0]))
    price = f"R² of the original on the training rows {was:.4f} → {kept:.4f}"
    train = TrainConfig("ridge", "standard", config.degree, (("alpha", best),))
    label = f"Train ridge, penalty {best:g}"
    cure = Cure(label, scheme, c.output_error, after, before, numbers(scheme, trained.parts), train, price)
    return cure if lowers_error(trained, cure) else None
