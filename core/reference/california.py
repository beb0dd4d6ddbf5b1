"""Systems 000 and 001: linear regression on California Housing, with eight bits a coefficient."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from core import families
from core.comparison import Comparison
from core.config import preset_experiment
from core.evaluate import compare
from core.intervals import Difference
from core.metrics import main_metric
from core.parts import Floats
from core.reference import files
from core.reference.figure import TESTS, Answer
from core.train import Trained, train

# Below this R² system 000 takes no quantised model.
USABLE = 0.5


def compared(*presets: str) -> tuple[Trained, list[Comparison]]:
    """Return the comparisons of presets that share one model, and that model."""
    experiments = [preset_experiment(name) for name in presets]
    trained = train(experiments[0].data, experiments[0].train)
    return trained, [compare(trained, e.scheme) for e in experiments]


def selected(symmetric: float, asymmetric: float, wide: Callable[[], float]) -> str:
    """Return the method that system 000 takes, by R² on the test rows; `wide` gives that of 16 bits."""
    if symmetric >= asymmetric and symmetric > USABLE:
        return "symmetric"
    if asymmetric > USABLE:
        return "asymmetric"
    return "16 bits" if wide() > USABLE else "none"


def system_000() -> dict[str, Answer]:
    """Return the figures of system 000: two even grids on the standardised coefficients."""
    trained, (symmetric, c) = compared("system-000-symmetric", "system-000-asymmetric")
    before, after = c.metrics["original"]["test"], c.metrics["quantized"]["test"]
    r2 = _r2(symmetric), _r2(c)
    wide = replace(symmetric.quantized.scheme, bits=16)
    verdict, mean = f"It is no gain to rely on. {_verdict(_difference(c))}", float(c.errors.mean())
    found: dict[str, Answer] = {
        f"{part}_{name}": (value, "")
        for part, metrics in c.metrics["original"].items()
        for name, value in metrics.items()
    }
    return found | {
        "symmetric_test_r2": (r2[0], ""),
        "asymmetric_test_r2": (r2[1], ""),
        "selected_method": (
            selected(*r2, lambda: _r2(compare(trained, wide))),
            "It is chosen by the test rows, which then no longer measure it fairly.",
        ),
        "quant_test_rmse": (after["rmse"], ""),
        "quant_test_mae": (after["mae"], ""),
        "r2_diff": (after["r2"] - before["r2"], verdict),
        "rmse_diff": (after["rmse"] - before["rmse"], ""),
        "mae_diff": (after["mae"] - before["mae"], "MAE is an error: this is a change for the worse."),
        "performance_retained_pct": (100 * after["r2"] / before["r2"], verdict),
        "performance_improvement_pct": _improvement(trained, c),
        "coef_mean_abs_error": (mean, ""),
        "coef_max_abs_error": (float(c.errors.max()), ""),
        "coef_relative_error_pct": (100 * mean / c.coef_range, ""),
        "sample_mean_abs_error": _sample(trained, c),
        "train_samples": (trained.report.n_train, ""),
        "test_samples": (trained.report.n_test, ""),
        "features": (trained.report.n_columns, ""),
        "tests": TESTS,
        **files.bytes_000(c),
    }


def system_001() -> dict[str, Answer]:
    """Return the figures of system 001: a window round each raw coefficient, and its first version."""
    trained, (window, first) = compared("system-001-window", "system-001-global")
    before, after = window.metrics["original"]["test"], window.metrics["quantized"]["test"]
    *weights, intercept = window.parameters
    distinct = sorted({str(p.code) for p in window.parameters})
    codes = (
        f"All {len(window.parameters)} codes are {' and '.join(distinct)}: each window has its value in the middle, so "
        f"the codes say nothing, and R² falls by {before['r2'] - after['r2']:.4f} all the same."
    )
    last = _outputs(trained, window)[2][-3:]
    return {
        "test_r2": (before["r2"], ""),
        "test_rmse": (before["rmse"], ""),
        "ci_table_rmse": (before["rmse"], "The digits were cut off, not rounded; elsewhere the document has all four."),
        "coefficients": (tuple(p.original for p in weights), ""),
        "intercept": (intercept.original, ""),
        "orig_predictions_first5": (_numbers(window.first["original"]), ""),
        "quant_r2": (after["r2"], codes),
        "quant_rmse": (after["rmse"], ""),
        "quant_predictions_first5": (_numbers(window.first["quantized"]), ""),
        "quant_predictions_last3": (_numbers(last), ""),
        "quant_coefficients": (tuple(p.quantized for p in weights), ""),
        "quant_intercept": (intercept.quantized, ""),
        "first_version_r2": (
            _r2(first),
            f"Files of that size come from the first version: one range for all, and the intercept of "
            f"{intercept.original:.1f} eats it. The stated R² is that of the original, {before['r2']:.4f}.",
        ),
        "tests": TESTS,
        **files.files_001(trained, window, first),
    }


def _improvement(trained: Trained, c: Comparison) -> Answer:
    """Return the gain in per cent without the one test row that makes it, and name the row."""
    d = _difference(c)
    y, *outputs = _outputs(trained, c)
    keep = np.arange(len(y)) != d.row
    before, after = (main_metric("regression", y[keep], o[keep]) or math.nan for o in outputs)
    gain = 100 * (_r2(c) / _r2(c, "original") - 1)
    return 100 * (after / before - 1), (
        f"The division is right ({gain:.4f} %), but test row {d.row} alone makes the gain: without it R² changes by "
        f"{d.value_without:+.6f}. {_verdict(d)}"
    )


def _sample(trained: Trained, c: Comparison) -> Answer:
    """Return the mean absolute error of the first ten test rows, which the program prints."""
    y, _, quantized = _outputs(trained, c)
    errors = np.abs(y - quantized)[:10]
    mean, median = float(errors.mean()), float(np.median(errors))
    return mean, f"The ten rows that its program prints have a mean of {mean:.3f}; only their median is {median:.3f}."


def _difference(c: Comparison) -> Difference:
    if c.difference is None:
        raise ValueError("all test targets are equal")
    return c.difference


def _verdict(d: Difference) -> str:
    return f"The 95 % interval of the difference in R² is {d.low:+.6f} to {d.high:+.6f}: {d.verdict}."


def _outputs(trained: Trained, c: Comparison) -> tuple[Floats, Floats, Floats]:
    """Return targets, original and quantised predictions of the test rows."""
    columns, y = trained.columns("test")
    return y, families.outputs(trained.parts, columns), families.outputs(c.decoded, columns)


def _r2(c: Comparison, model: str = "quantized") -> float:
    return float(c.metrics[model]["test"]["r2"])


def _numbers(values: Any) -> tuple[float, ...]:
    return tuple(float(v) for v in values)
