"""Data sets with gaps and texts for tests: generated ones, and the teaching table of reference system 002."""

from __future__ import annotations

import csv
import hashlib
from functools import cache

import numpy as np
import pytest

from core.artifact import encode
from core.config import TrainConfig, own_data
from core.datasets import OWN, Dataset, Feature, Target
from core.evaluate import compare, model_file
from core.parts import Floats
from core.quant import Scheme
from core.settings import ROOT
from core.train import Trained, train_on
from tests.support import classes_of

HOUSING = ROOT.parent / "shared" / "data" / "housing.csv"
WORDS = ("east", "north", "south", "west")


def own_table(X: Floats, y: Floats, words: dict[int, tuple[str, ...]], classes: tuple[str, ...] = ()) -> Dataset:
    """Return rows as a user's own table; `words` are the categories of some of its columns."""
    features = []
    for i, column in enumerate(X.T):
        there = column[~np.isnan(column)]
        low, high = (float(there.min()), float(there.max())) if there.size else (0.0, 0.0)
        features.append(Feature(f"f{i}", f"F{i}", "", "unit", "", low, high, categories=words.get(i, ())))
    task = "classification" if classes else "regression"
    sha256 = hashlib.sha256(X.tobytes() + y.tobytes()).hexdigest()
    target = Target("y", "Y", "", 1.0, "")
    return Dataset(OWN, "mine.csv", task, tuple(features), target, X, y, "here", "", sha256, classes=classes)


def mixed_table(n: int = 120, seed: int = 3, classes: tuple[str, ...] = ()) -> Dataset:
    """Return a table of two numbers with gaps, one without, and a text of four words, one of them rare, with gaps."""
    draw = np.random.default_rng(seed)
    numbers = draw.normal(size=(n, 3)) * [1, 50, 0.01] + [5, 200, 0.1]
    codes = draw.choice([0.0, 1.0, 2.0], size=n, p=[0.5, 0.3, 0.2])
    codes[:3] = 3.0
    y = numbers @ [1, 0.02, 50] + 2 * codes + 0.1 * draw.normal(size=n)
    numbers[draw.random(n) < 0.1, 0] = np.nan
    numbers[draw.random(n) < 0.2, 1] = np.nan
    codes[5::17] = np.nan
    X = np.column_stack([numbers[:, 0], codes, numbers[:, 1:]])
    return own_table(X, classes_of(y, len(classes)) if classes else y, {1: WORDS}, classes)


@cache
def mixed(model: str = "ridge", degree: int = 1, indicator: bool = True) -> Trained:
    """Return a model of the mixed table with a ratio, trained once a session; a classifier has three classes."""
    data = mixed_table(classes=("low", "middle", "high") if model == "logistic" else ())
    config = TrainConfig(model, degree=degree, impute="median", indicator=indicator, ratios=("half=f2/f0",))
    return train_on(data, own_data(data), config)


@cache
def mixed_bytes(model: str = "ridge", degree: int = 1) -> bytes:
    """Return the file of a model of the mixed table and its twin, with training statistics and metrics."""
    trained = mixed(model, degree)
    return encode(model_file(trained, compare(trained, Scheme("asymmetric", 5)), "mixed"))


@cache
def housing() -> Dataset:
    """Return the table of reference system 002, which stays outside the project; without it the test is skipped."""
    if not HOUSING.exists():
        pytest.skip(f"needs the teaching table at {HOUSING.relative_to(ROOT.parent)}, which may not be bundled")
    raw = HOUSING.read_bytes()
    rows = list(csv.DictReader(raw.decode().splitlines()))
    target, text = "median_house_value", "ocean_proximity"
    names = [name for name in rows[0] if name != target]
    words = tuple(sorted({row[text] for row in rows}))
    X = np.array([[words.index(r[n]) if n == text else float(r[n] or "nan") for n in names] for r in rows])
    y = np.array([float(row[target]) for row in rows])
    features = tuple(
        Feature(name, name, "", "unit", "", np.nanmin(c).item(), np.nanmax(c).item(),
                categories=words if name == text else ())
        for name, c in zip(names, X.T, strict=True)
    )  # fmt: skip
    of = Target(target, target, "$", 1.0, "")
    return Dataset(OWN, "housing.csv", "regression", features, of, X, y, "", "", hashlib.sha256(raw).hexdigest())
