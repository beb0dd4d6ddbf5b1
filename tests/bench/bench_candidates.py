"""Candidates scored from sufficient statistics beside the estimator loop, and the cost of rows: `make bench`.

The estimator loop is the plain way: it puts the coefficients of a candidate into a scikit-learn estimator, predicts
the test rows and calls `r2_score`, 60 times. The other side scores the same 60 candidates from the statistics of the
same rows. Run this file from the root to print the lines alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler

from core import DataConfig, TrainConfig, Trained, train
from core.moments import Anchor, anchor, moments, score
from core.parts import Floats
from core.sweep import full_sweep

POINTS, MANY, REPEATS = 60, 200_000, 50


@cache
def rows() -> tuple[Floats, Floats]:
    """Return the standardised features and the targets of all California Housing rows that are test rows."""
    X, y = trained().rows("test")
    return StandardScaler().fit_transform(X), y


@cache
def trained(times: int = 1) -> Trained:
    """Return the default model; its rows repeated `times` times."""
    found = train(DataConfig(), TrainConfig())
    if times == 1:
        return found
    data = found.dataset
    return replace(found, dataset=replace(data, X=np.tile(data.X, (times, 1)), y=np.tile(data.y, times)))


@cache
def at() -> Anchor:
    """Return the statistics of the standardised test rows round their least-squares model."""
    X, y = rows()
    fitted = LinearRegression().fit(X, y)
    return anchor(moments(X, y), X, y, fitted.coef_, float(fitted.intercept_))


def candidates(count: int) -> tuple[Floats, Floats]:
    """Return `count` models near the fitted one."""
    draw = np.random.default_rng(count)
    return at().coef * (1 + 0.1 * draw.normal(size=(count, len(at().coef)))), at().intercept + 0.1 * draw.normal(
        size=count
    )


def by_loop(coefs: Floats, intercepts: Floats) -> list[float]:
    """Return R² of every candidate from its predictions."""
    X, y = rows()
    found = []
    for coef, intercept in zip(coefs, intercepts, strict=True):
        estimator = LinearRegression()
        estimator.coef_, estimator.intercept_ = coef, intercept
        found.append(float(r2_score(y, estimator.predict(X))))
    return found


def seconds(run: Callable[..., Any], *args: Any, repeats: int = REPEATS) -> float:
    """Return the median time of `run`, in seconds; the first call is left out."""
    times = []
    for _ in range(repeats + 1):
        start = perf_counter()
        run(*args)
        times.append(perf_counter() - start)
    return median(times[1:])


def lines() -> list[str]:
    """Return what was measured: candidates a second, the ratio to the loop, the agreement, and the cost of rows."""
    few, many = candidates(POINTS), candidates(MANY)
    ours, theirs = seconds(score, at(), *few), seconds(by_loop, *few, repeats=5)
    apart = float(np.abs(score(at(), *few)[0] - by_loop(*few)).max())
    rate = MANY / seconds(score, at(), *many, repeats=9)
    found = [
        f"{MANY:,} candidates of {len(at().coef)} features: {rate / 1e6:.1f} million a second",
        f"{POINTS} candidates: statistics {1e6 * ours:.0f} µs, estimator loop {1e3 * theirs:.1f} ms, "
        f"ratio {theirs / ours:,.0f}; largest difference of R² {apart:.1e}",
    ]
    times = {}
    for times_rows in (1, 50):
        model = trained(times_rows)
        full_sweep(model, bits=(8,))  # the statistics are made
        times[times_rows] = seconds(full_sweep, model, repeats=5)
    n = len(full_sweep(trained()).points)
    found.append(
        f"full sweep of {n:,} settings: {len(trained().dataset.y):,} rows {times[1]:.3f} s, "
        f"{len(trained(50).dataset.y):,} rows {times[50]:.3f} s, ratio {times[50] / times[1]:.2f}"
    )
    return found


LINES: list[str] = []


def test_candidates(benchmark: Any) -> None:
    """Both sides agree; all times are printed with the summary of the run."""
    few = candidates(POINTS)
    benchmark(score, at(), *few)
    assert np.abs(score(at(), *few)[0] - by_loop(*few)).max() <= 1e-12
    LINES.extend(lines())


if __name__ == "__main__":
    sys.stdout.write("\n".join(lines()) + "\n")
