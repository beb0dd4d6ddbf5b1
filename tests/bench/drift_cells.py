"""False alarms and detection of drift, cell by cell, as docs/drift.md has them: run this file from the root.

Each draw puts all 20,640 rows of California Housing in a new random order: the first n are the batch, the rows behind
them (16,512, or what is left) are the reference, of which 4,128 stand for the test rows. So nothing differs but by
chance, and no row is on both sides. The default linear model and its twin are the same in every draw.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from core import bundled
from core.artifact import HeldBack, Model
from core.datasets import load
from core.drift import DRIFT, LITTLE, NONE, Batch, report
from core.intervals import SAME
from core.parts import Floats
from core.prepare import sketch

DRAWS, SEED = 500, 1
SIZES = (200, 1_000, 10_000)
FACTOR, N_CHANGED = 1.2, 2_000
N_REFERENCE, N_TEST = 16_512, 4_128


@cache
def population() -> tuple[Floats, Floats, Floats, Floats]:
    """Return all rows, their targets, and what the two models say of them."""
    data, model = load("california_housing"), bundled.default()
    return data.X, data.y, model.outputs(data.X, "original"), model.outputs(data.X, "quantized")


def drawn(n: int, generator: np.random.Generator) -> tuple[Model, Batch]:
    """Return a model file whose reference is drawn anew, and a batch of `n` rows of the same kind."""
    X, y, original, quantized = population()
    order = generator.permutation(len(X))
    batch, known = order[:n], order[n : n + N_REFERENCE]
    test = known[:N_TEST]
    apart = np.abs(quantized - original)[test]
    held = HeldBack(
        len(test), np.quantile(original[test], np.linspace(0, 1, 21)), float(apart.mean()), float(apart.std())
    )
    metrics = {
        name: {"test": {"mae": float(np.abs(y[test] - said[test]).mean())}}
        for name, said in (("original", original), ("quantized", quantized))
    }
    model = bundled.default()
    assert model.moments is not None
    model = replace(
        model, sketch=sketch(X[known]), moments=replace(model.moments, n=len(known)), held_back=held, metrics=metrics
    )
    return model, Batch(X[batch], y[batch])


def false_alarms(n: int, draws: int = DRAWS, seed: int = SEED, targets: bool = True) -> Counter[str]:
    """Return in how many batches of the same kind something was called different, by what it was."""
    found: Counter[str] = Counter()
    for generator in generators(seed, n, draws):
        model, batch = drawn(n, generator)
        r = report(model, batch if targets else Batch(batch.X, None))
        found["drift"] += r.verdict == DRIFT
        found["any difference"] += r.verdict != NONE
        found["features"] += r.verdict_features == DRIFT
        found["predictions"] += r.verdict_predictions == DRIFT
        found["performance"] += any(one.verdict != SAME for one in r.performance[:1])
        found["gap"] += r.gap is not None and r.gap.verdict != SAME
    return found


def detections(feature: int, draws: int = DRAWS, seed: int = SEED) -> Counter[str]:
    """Return how often 2,000 rows with one feature 1.2 times as large were called drift, in that feature."""
    found: Counter[str] = Counter()
    for generator in generators(seed, 100 + feature, draws):
        model, batch = drawn(N_CHANGED, generator)
        X = batch.X.copy()
        X[:, feature] *= FACTOR
        r = report(model, Batch(X, None))
        column = r.features[feature]
        found[column.verdict] += 1
        found["psi over 0.1"] += (column.psi or 0.0) > 0.1
        found["others"] += any(c.verdict in (DRIFT, LITTLE) for c in r.features if c.name != column.name)
        found["ks"] += round(1000 * (column.ks or 0.0))
        found["shift"] += round(1000 * (column.shift or 0.0))
    return found


def generators(seed: int, cell: int, draws: int) -> Iterator[np.random.Generator]:
    """Yield one generator a draw, none of which is used in another cell."""
    return (np.random.default_rng([seed, cell, draw]) for draw in range(draws))


def main(draws: int = DRAWS, seed: int = SEED) -> None:
    """Print every cell; wants the number of draws and the seed, or takes 500 and 1."""
    kinds = ("drift", "any difference", "features", "predictions", "performance", "gap")
    print(f"{draws} draws a cell, seed {seed}\n")
    print("| rows | " + " | ".join(kinds) + " |\n|---" * 1 + "|---" * len(kinds) + "|")
    for n in SIZES:
        found = false_alarms(n, draws, seed)
        print(f"| {n:,} | " + " | ".join(f"{found[kind] / draws:.1%}" for kind in kinds) + " |", flush=True)
    print("\n| feature × 1.2, 2,000 rows | drift | mean KS | mean shift | PSI > 0.1 | another feature differs |")
    print("|---|---|---|---|---|---|")
    for i, feature in enumerate(load("california_housing").features):
        found = detections(i, draws, seed)
        means = [f"{found[name] / draws / 1000:.3f}" for name in ("ks", "shift")]
        shares = [f"{found[name] / draws:.1%}" for name in (DRIFT, "psi over 0.1", "others")]
        print(f"| {feature.name} | {shares[0]} | {means[0]} | {means[1]} | {shares[1]} | {shares[2]} |", flush=True)


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:3]))
