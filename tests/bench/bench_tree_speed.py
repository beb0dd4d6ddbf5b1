"""Speed of trees against scikit-learn's, side by side: 4,128 rows, one row, and loading a whole file.

`make bench`, or run this file from the root to print the table alone. A forest of 100 trees and a boosting of 100
iterations, both on California Housing, seed 42. Both sides answer with one thread, are asked in turn, and their medians
are compared; that they answer alike is asserted. Loading is that of a file as Bitdial writes it, with every check of
the reader, against joblib's own file, which has none.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator

from core.artifact import decode, encode, from_trained
from core.artifact.model import Model
from core.config import DataConfig, TrainConfig
from core.families import trees
from core.models import MODELS
from core.parts import Floats, Parts
from core.train import Trained, train
from tests.bench.turns import in_turn

NAMES = {"forest of 100": "random_forest", "boosting of 100": "hist_boosting"}


@cache
def trained(name: str) -> tuple[Trained, BaseEstimator]:
    """Return our model and scikit-learn's, fitted on the same columns."""
    params = (("early_stopping", "off"),) if name.startswith("boosting") else ()
    config = TrainConfig(NAMES[name], "none", params=params)
    found = train(DataConfig("california_housing"), config)
    theirs = MODELS[config.model].make(rank_tol=0.0, **dict(config.params))
    return found, theirs.fit(*found.columns("train"))


def opened(name: str) -> tuple[Model, bytes, bytes]:
    """Return the model out of its file, and the two files: ours and joblib's."""
    ours, theirs = trained(name)
    target = io.BytesIO()
    joblib.dump(theirs, target)
    data = encode(from_trained(ours).only("original"))
    return decode(data), data, target.getvalue()


def compiled(parts: Parts, X: Floats) -> Floats:
    """Return the outputs by way of scikit-learn's own trees, rebuilt from ours."""
    return trees.from_leaves(parts, trees.compiled_leaves(parts, X))


def lines(name: str) -> list[str]:
    """Return what one model takes."""
    (ours, theirs), (model, data, dumped) = trained(name), opened(name)
    X: Floats = ours.rows("test")[0]
    parts = model.parts("original")
    assert np.allclose(model.predict(X), theirs.predict(X), rtol=1e-9, atol=0)
    found = []
    for rows in (X, X[:1]):
        asked = model.preparation.expand(rows)
        ways: dict[str, Callable[[], Floats]] = {
            "as it is opened": partial(model.predict, rows),
            "NumPy alone": partial(trees.outputs, parts, asked),
            "rebuilt trees": partial(compiled, parts, asked),
        }
        assert np.allclose(ways["rebuilt trees"](), theirs.predict(rows), rtol=1e-9, atol=0)
        took = in_turn(theirs=partial(theirs.predict, rows), **ways)
        many = f"{len(rows):,} row{'s' if len(rows) > 1 else ''}"
        found += [line(name, f"{many}, {way}", took[way], took["theirs"]) for way in ways]
    took = in_turn(theirs=lambda: joblib.load(io.BytesIO(dumped)), ours=lambda: decode(data))
    return [*found, line(name, "loading with all checks", took["ours"], took["theirs"])]


def line(name: str, what: str, ours: float, theirs: float) -> str:
    """Return one line: our time, theirs, and the ratio."""
    return f"{name:<17}{what:<29}{1e3 * ours:>10.2f} ms{1e3 * theirs:>10.2f} ms{ours / theirs:>8.2f} ×"


def table() -> list[str]:
    """Return all lines."""
    head = f"{'model':<17}{'what':<29}{'Bitdial':>13}{'scikit-learn':>13}{'ratio':>9}"
    return [head, *(row for name in NAMES for row in lines(name))]


def test_tree_speed(benchmark: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """One row is answered; the table is printed."""
    model, _, _ = opened("forest of 100")
    X = trained("forest of 100")[0].rows("test")[0]
    benchmark(model.predict, X[:1])
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(table()) + "\n")


if __name__ == "__main__":
    sys.stdout.write("\n".join(table()) + "\n")
