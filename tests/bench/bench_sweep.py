"""The sweep of all methods and widths beside the plain loop: `make bench`, or run this file from the root.

The plain loop is given the candidates' coefficients; it rebuilds the scikit-learn estimator, predicts the test
rows and scores them, candidate by candidate. The sweep quantises and scores, on test and training rows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

from core import DataConfig, Scheme, TrainConfig, Trained, dequantize, quantize, sweep, train
from core.quant import METHODS

BITS = tuple(range(1, 17))
GROUP = f"{len(METHODS)} methods x {len(BITS)} widths"

# Median seconds of each side, filled as they are measured.
MEDIANS: dict[str, float] = {}


@cache
def trained() -> Trained:
    """Return the default model, trained before anything is measured."""
    return train(DataConfig(), TrainConfig())


@cache
def candidates() -> list[tuple[Any, float]]:
    """Return coefficients and intercept of every method at every width."""
    schemes = [Scheme(method, bits) for method in METHODS for bits in BITS]
    twins = [dequantize(quantize(trained().parts, scheme, trained().moments)) for scheme in schemes]
    return [(twin.values["coef"][0], float(twin.values["intercept"][0])) for twin in twins]


def by_sweep() -> list[float | None]:
    """Return test R² of every candidate from sufficient statistics."""
    return [point.test for point in sweep(trained(), tuple(METHODS), BITS).points]


def by_loop() -> list[float]:
    """Return test R² of every candidate from its predictions."""
    columns, targets = trained().columns("test")
    scores = []
    for coef, intercept in candidates():
        estimator = LinearRegression()
        estimator.coef_, estimator.intercept_ = coef, intercept
        scores.append(float(r2_score(targets, estimator.predict(columns))))
    return scores


SIDES: dict[str, Callable[[], Any]] = {"sweep": by_sweep, "plain loop": by_loop}


def side_by_side() -> str:
    """Return both times and their ratio in one line."""
    ours, theirs = MEDIANS["sweep"], MEDIANS["plain loop"]
    return (
        f"{len(METHODS)} methods × {len(BITS)} widths: sweep {1e3 * ours:.2f} ms, "
        f"plain loop {1e3 * theirs:.2f} ms, ratio {theirs / ours:.1f}"
    )


def test_sweep(benchmark: Any) -> None:
    """The sweep gives the scores of the plain loop; its time is measured."""
    benchmark.group = GROUP
    assert np.allclose(np.array(by_sweep(), dtype=float), by_loop(), rtol=0, atol=1e-12)
    benchmark(by_sweep)
    MEDIANS["sweep"] = benchmark.stats.stats.median


def test_plain_loop(benchmark: Any) -> None:
    """The plain loop gives one score a candidate; its time is measured."""
    benchmark.group = GROUP
    assert len(by_loop()) == len(METHODS) * len(BITS)
    benchmark(by_loop)
    MEDIANS["plain loop"] = benchmark.stats.stats.median


def main() -> None:
    """Measure both sides twenty times, in turn, and print the medians."""
    times: dict[str, list[float]] = {name: [] for name in SIDES}
    for _ in range(21):
        for name, run in SIDES.items():
            start = perf_counter()
            run()
            times[name].append(perf_counter() - start)
    # The first round of each also trains and counts; it is left out.
    MEDIANS.update({name: median(found[1:]) for name, found in times.items()})
    sys.stdout.write(side_by_side() + "\n")


if __name__ == "__main__":
    main()
