"""Goal seek for trees: fewer bits, fewer trees and fewer levels together, always the brute-force answer."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score

from core import families, slow
from core.config import DataConfig, TrainConfig
from core.datasets import split
from core.evaluate import folds_of
from core.families.trees import leaves, levels, rounds
from core.outputs import seen
from core.quant import Scheme, dequantize, quantize
from core.sizes import quantized_size
from core.sweep import Goal, OutOfReach, Sweep, everything, plan, run, seek, with_cv
from core.train import Trained, fit_rows
from tests.cli_support import Shell
from tests.support import bundled, small

BITS = (2, 5, 8)
MODELS = {
    "forest": ("diabetes", TrainConfig("random_forest", params=(("max_depth", 6), ("n_estimators", 8)))),
    "boosting": ("diabetes", TrainConfig("hist_boosting", params=(("max_iter", 8),))),
    "classes": ("wine", TrainConfig("hist_boosting_classifier", params=(("max_iter", 4),))),
    "one tree": ("wine", TrainConfig("decision_tree_classifier")),
}


@cache
def model(name: str) -> Trained:
    """Return a small model of a bundled table."""
    dataset, config = MODELS[name]
    return bundled(DataConfig(dataset), config)


@cache
def swept(name: str) -> Sweep:
    """Return every setting at a few widths, with fewer trees and levels beside."""
    return run(model(name), everything(model(name).parts, bits=BITS))


def scored(trained: Trained, y: np.ndarray, columns: np.ndarray, twin: families.Parts) -> float:
    """Return R² or accuracy, from predictions that walk through the trees."""
    score = r2_score if trained.dataset.task == "regression" else accuracy_score
    return float(score(y, families.predict(twin, columns)))


@cache
def brute_force(name: str) -> list[tuple[Scheme, int, float]]:
    """Return every setting with bytes and training figure: quantised, stored, every row walked through every tree."""
    trained = model(name)
    columns, y = trained.columns("train")
    known, found = seen(trained), []
    for scheme in everything(trained.parts, bits=BITS).schemes:
        q = quantize(trained.parts, scheme, trained.moments, known)
        figure = scored(trained, y, columns, dequantize(q))
        found.append((scheme, quantized_size(q, 0).numbers, figure))
    return found


@pytest.mark.parametrize("name", MODELS)
def test_random_goals_have_the_brute_force_answer(name: str) -> None:
    """60 targets, half losses and half bytes: bytes and figure are those of a search through every setting.

    Figures of both sides differ by the rounding of sums, which a random target does not lie that close to.
    """
    draw, found = np.random.default_rng(5), swept(name)
    everybody, columns_y = brute_force(name), model(name).columns("train")
    top = scored(model(name), columns_y[1], columns_y[0], model(name).parts)
    most = max(n for _, n, _ in everybody)
    for i in range(60):
        if i % 2:
            goal = Goal("loss", float(10.0 ** draw.uniform(-4, 0)))
            fitting = [(n, -v) for _, n, v in everybody if top - v <= goal.amount]
            bytes_, value = min(fitting, default=(0, 0.0))
        else:
            goal = Goal("bytes", int(draw.integers(20, most)))
            fitting = [(-v, n) for _, n, v in everybody if n <= goal.amount]
            value, bytes_ = min(((round(v, 12), n) for v, n in fitting), default=(0.0, 0))
        if not fitting:
            with pytest.raises(OutOfReach):
                seek(found, goal)
            continue
        point = seek(found, goal).point
        assert point.numbers == bytes_
        assert point.train == pytest.approx(-value, abs=1e-12)


def test_fewer_trees_and_levels_stand_beside_the_settings_of_all() -> None:
    """What a sweep shows is what it showed; the grid is that of the shares, each with the shared grids of the leaves."""
    for name in MODELS:
        parts, found = model(name).parts, swept(name)
        assert {(p.scheme.trees, p.scheme.depth) for p in found.points} == {(0, 0)}
        n, deepest = rounds(parts), levels(parts)
        trees = {0, *(max(1, round(s * n)) for s in plan.TREE_SHARES)} if name != "one tree" else {0}
        depths = {0, *(max(1, round(s * deepest)) for s in plan.LEVEL_SHARES)}
        wanted = {(t, d) for t in trees for d in depths if t < n or t == 0} - {(0, 0)}
        assert {(p.scheme.trees, p.scheme.depth) for p in found.smaller} == wanted
        assert {p.scheme.method for p in found.smaller} == {"asymmetric", "codebook"}
        assert found.tried == found.points + found.smaller
        assert len(found.to_json()["smaller"]) == len(found.smaller)
    assert "smaller" not in run(small(), everything(small().parts, bits=(8,))).to_json()


def test_what_was_fixed_stays_fixed() -> None:
    """With trees or levels named nothing smaller is tried; a named method or granularity is the only one."""
    parts = model("forest").parts
    assert everything(parts, kept=Scheme(trees=3)).smaller == ()
    some = everything(parts, ["symmetric"], (7,), {"granularity": "row"}).smaller
    assert {(f.base.method, f.base.granularity, f.bits) for f in some} == {("symmetric", "row", (7,))}


def test_large_trees_are_tried_with_few_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """One grid a tree, at few widths, and the time that all of it takes is in the estimate."""
    parts = model("forest").parts
    whole = everything(parts)
    monkeypatch.setattr(plan, "LARGE", 10)
    large = everything(parts)
    assert {f.base.granularity for f in large.smaller} == {"row"}
    assert {b for f in large.smaller for b in f.bits} == set(plan.FEW)
    assert len(large.smaller) < len(whole.smaller)
    assert slow.seconds_to_sweep(parts, 1000) == slow.seconds_for(parts, 1000, len(large.schemes))


def test_folds_judge_fewer_trees_too() -> None:
    """Grown and cut anew in each fold, by hand: the mean is that of the sweep, and the goal goes by it."""
    trained = model("forest")
    tried = everything(trained.parts, ["asymmetric"], (5,), {"granularity": "tensor", "scale": "minmax"})
    found = with_cv(trained, tried, run(trained, tried), 3)
    point = found.smaller[4]
    (X, y), data, config = trained.rows("train"), trained.dataset, trained.config
    assert config is not None
    figures = []
    for inside, outside in folds_of(trained, 3):
        f = fit_rows(X[inside], y[inside], data.feature_names, config)
        reached = leaves(f.parts, f.preparation.expand(X[inside]))
        twin = dequantize(quantize(f.parts, point.scheme, None, reached))
        figures.append(scored(trained, y[outside], f.preparation.expand(X[outside]), twin))
    assert point.cv == pytest.approx(np.mean(figures), rel=1e-12)
    chosen = seek(found, Goal("bytes", min(p.numbers for p in found.tried) * 2, "cv")).point
    assert chosen.cv == max(p.cv for p in found.tried if p.cv and p.numbers <= 2 * min(q.numbers for q in found.tried))


def test_the_test_rows_have_no_say() -> None:
    """With other targets on the test rows the choice is the same."""
    trained = model("forest")
    y, test = trained.dataset.y.copy(), split(trained.dataset, DataConfig().test_size, DataConfig().seed)[1]
    y[test] = np.random.default_rng(0).normal(size=len(test)) * 1000
    other = replace(trained, dataset=replace(trained.dataset, y=y))
    found = run(other, everything(trained.parts, bits=BITS))
    assert found.original_test != swept("forest").original_test
    for goal in (Goal("bytes", 400), Goal("loss", 0.05)):
        assert seek(found, goal).point.scheme == seek(swept("forest"), goal).point.scheme


def test_the_command_finds_fewer_trees(capsys: pytest.CaptureFixture[str]) -> None:
    """A budget far below that of all trees is met, in words and figures; without a goal only bits are turned."""
    shell = Shell(capsys)
    small_forest = ("--dataset", "diabetes", "--model", "random_forest", "--set", "n_estimators=10", "--set",
                    "max_depth=5", "--methods", "asymmetric", "--bits", "4,8")  # fmt: skip
    found = shell.json("sweep", *small_forest, "--max-bytes", "300")
    assert found["chosen"]["numbers"] <= 300 < min(p["numbers"] for p in found["points"])
    assert found["chosen"]["scheme"]["trees"] in (1, 2, 5)
    assert max(found["front"]) >= len(found["points"]) + len(found["casts"])
    assert "smaller" not in shell.json("sweep", *small_forest, "--all")
