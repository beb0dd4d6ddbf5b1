"""Every switch at every width: complete, equal to one comparison at a time, and cheap whatever the rows."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from core import families
from core.artifact.reopen import reopen
from core.config import DataConfig, TrainConfig
from core.errors import InvalidInput
from core.evaluate import cast_parts, compare, cross_validate
from core.metrics import main_metric
from core.own import from_estimator
from core.quant import METHODS, SWITCHES, Scheme
from core.sweep import Cast, Point, Sweep, dominators, everything, front, full_sweep, line, run, with_cv
from core.sweep.front import worth
from core.sweep.plan import granularities
from core.train import Trained
from tests.support import ALL_BITS, FORMULAS, bundled, california, digits, small, table


def test_a_full_sweep_turns_every_switch() -> None:
    """Of one output and eight columns: grids and their settings × spaces × intercepts × scales × widths, none twice."""
    found = full_sweep(california())
    expected = set()
    for method, space, intercept, bits in product(
        METHODS, SWITCHES["space"].options, SWITCHES["intercept"].options, ALL_BITS
    ):
        for scale in METHODS[method].scales:
            for params in ((("zero_point", z),) for z in ("integer", "offset")) if method == "asymmetric" else ((),):
                expected.add(Scheme(method, bits, space, scale, intercept=intercept, params=params))
    assert len(found.points) == len(expected) == 1408
    assert {p.scheme for p in found.points} == expected
    assert found.skipped == ()


@pytest.mark.parametrize("seed", range(4))
def test_points_of_a_full_sweep_are_what_comparisons_say(seed: int) -> None:
    """Settings drawn from all over the sweep: figures, output error and bytes are those of a comparison."""
    found = full_sweep(california()).points
    for i in np.random.default_rng(seed).choice(len(found), 40, replace=False):
        point, c = found[i], compare(california(), found[i].scheme)
        for ours, part in ((point.test, "test"), (point.train, "train")):
            theirs = c.score("quantized", part)
            assert ours is not None
            assert theirs is not None
            assert ours == pytest.approx(theirs, abs=1e-12 * max(1, 1 - theirs)), point
        assert point.output_error == pytest.approx(c.output_error, rel=1e-6, abs=1e-18)
        assert point.numbers == c.sizes["quantized"].numbers


@pytest.mark.parametrize("name", ["wine", "digits"])
def test_points_of_classifiers_are_what_comparisons_say(name: str) -> None:
    """The same for ten classes and for three, where scales may be shared by class or by block."""
    trained = bundled(DataConfig(name), TrainConfig("logistic"))
    found = full_sweep(trained, methods=("symmetric", "asymmetric"), bits=(2, 5))
    for i in np.random.default_rng(1).choice(len(found.points), 12, replace=False):
        point, c = found.points[i], compare(trained, found.points[i].scheme)
        assert (point.test, point.train) == (c.score("quantized"), c.score("quantized", "train"))
        assert point.output_error == pytest.approx(c.output_error, rel=1e-6, abs=1e-18)
        assert point.numbers == c.sizes["quantized"].numbers


def test_switches_that_are_given_stay() -> None:
    """What is fixed is not turned; a scale that a method cannot take leaves the method out."""
    found = full_sweep(california(), bits=(4,), fixed={"space": "raw", "intercept": "keep", "scale": "output"})
    assert {(p.scheme.space, p.scheme.intercept, p.scheme.scale) for p in found.points} == {("raw", "keep", "output")}
    assert {p.method for p in found.points} == {"symmetric", "asymmetric"}
    with pytest.raises(
        InvalidInput, match=r"^method must be one of symmetric, asymmetric, window, codebook, got \"auto\"$"
    ):
        full_sweep(california(), methods=("auto",))


@pytest.mark.parametrize(
    ("trained", "expected"),
    [
        (california(), ("tensor",)),
        (california(degree=2), ("tensor", "block")),
        (digits(), ("tensor", "row", "block")),
        (small("logistic"), ("tensor", "row")),
    ],
)
def test_only_granularities_that_differ_are_tried(trained: Trained, expected: tuple[str, ...]) -> None:
    """Sharing by class is sharing by tensor where there is one output, and by block where a row has one block."""
    assert granularities(trained.parts) == expected


def test_a_large_model_is_swept_without_the_slow_switches() -> None:
    """And the result says which were left alone."""
    plan = everything(digits().parts)
    assert {f.base.intercept for f in plan.families} == {"refit"}
    assert all("mse" not in f.scales for f in plan.families)
    assert plan.skipped == ("intercept other than refit", "scale by mse")
    assert run(digits(), replace(plan, families=plan.families[:1])).skipped == plan.skipped


def test_a_model_from_outside_is_swept_by_what_it_keeps() -> None:
    """Without rows there is no R² to choose by: the share of the kept variance stands in."""
    X, y = table()
    trained = reopen(from_estimator(LinearRegression().fit(X, y), X))
    found = full_sweep(trained, bits=(2, 8))
    assert found.basis == "fidelity"
    assert all(p.train is None and p.test is None and p.fidelity is not None for p in found.points)
    assert all(c.fidelity is not None for c in found.casts)
    assert front(found.points, "fidelity")


@pytest.mark.parametrize("trained", [california(), digits()])
def test_casts_are_measured_on_both_parts(trained: Trained) -> None:
    """Figures of the plain casts are those of their predictions."""
    found = full_sweep(trained, methods=("symmetric",), bits=(8,))
    assert [(c.kind) for c in found.casts] == ["float32", "float16"]
    for c in found.casts:
        parts = cast_parts(trained.parts, c.kind)
        for part, ours in (("test", c.test), ("train", c.train)):
            columns, y = trained.columns(part)
            theirs = main_metric(trained.dataset.task, y, families.outputs(parts, columns))
            assert ours == pytest.approx(theirs, abs=1e-12)


# -- the front ---------------------------------------------------------------------------------------------------------

FIGURES = st.sampled_from([None, -5.0, 0.1, 0.2, 0.2 + 1e-15, 0.3, 0.6])


def points(pairs: list[tuple[int, float | None]]) -> list[Point | Cast]:
    """Return candidates with these bytes and training figures; every third is a cast."""
    return [
        Cast("float32", n, None, v, None) if i % 3 == 2 else Point(Scheme(), None, None, v, 0.0, None, n)
        for i, (n, v) in enumerate(pairs)
    ]


@FORMULAS
@given(st.lists(st.tuples(st.integers(1, 6), FIGURES), max_size=12))
def test_the_front_is_what_nobody_beats(pairs: list[tuple[int, float | None]]) -> None:
    """By brute force: on the front nobody has as few bytes and as good a figure and is better in one of them."""
    listed = points(pairs)
    best, by = front(listed, "train"), dominators(listed, "train")

    def beats(a: Point | Cast, b: Point | Cast) -> bool:
        va, vb = worth(a, "train"), worth(b, "train")
        return a.numbers <= b.numbers and va >= vb and (a.numbers < b.numbers or va > vb)

    present = [c for c in listed if c.train is not None]
    for i, candidate in enumerate(listed):
        unbeaten = candidate.train is not None and not any(beats(other, candidate) for other in present)
        twins = [
            j
            for j in best
            if (listed[j].numbers, worth(listed[j], "train")) == (candidate.numbers, worth(candidate, "train"))
        ]
        assert unbeaten == bool(twins)
        if i in best:
            assert by[i] is None
        elif best and candidate.numbers >= listed[best[0]].numbers:
            over = by[i]
            assert over in best
            assert listed[over].numbers <= candidate.numbers
            assert worth(listed[over], "train") >= worth(candidate, "train")
    assert [listed[i].numbers for i in best] == sorted({listed[i].numbers for i in best})


def test_everybody_beaten_is_told_by_whom() -> None:
    """On the real sweep each point is on the front or beaten by one that has no more bytes and no worse figure."""
    found = full_sweep(california())
    everybody = [*found.points, *found.casts]
    for one, over in zip(everybody, dominators(everybody, "train"), strict=True):
        if over is not None:
            assert everybody[over].numbers <= one.numbers
            assert worth(everybody[over], "train") >= worth(one, "train")
    assert len(front(everybody, "train")) >= 10


# -- folds -------------------------------------------------------------------------------------------------------------


def cv_agrees(trained: Trained, found: Sweep, tolerance: float) -> None:
    """Assert that the figures of some points are those of a cross-validation of each one alone."""
    for i in np.random.default_rng(0).choice(len(found.points), 4, replace=False):
        point = found.points[i]
        metric = found.metric
        alone = cross_validate(trained, point.scheme)
        for ours, theirs in ((point.cv, alone["quantized"]), (found.original_cv, alone["original"])):
            expected = theirs[f"{metric}_mean"]
            assert ours == pytest.approx(expected, abs=tolerance * max(1, 1 - expected)), point


@pytest.mark.parametrize(
    "config", [TrainConfig(), TrainConfig(scaling="none"), TrainConfig("ridge", params=(("alpha", 50.0),))]
)
def test_folds_from_sums_are_those_of_refitted_models(config: TrainConfig) -> None:
    """Least squares and ridge: merged sums of the folds give what fitting and predicting row by row gives."""
    trained = bundled(DataConfig(), config)
    plan = everything(trained.parts, methods=("symmetric", "codebook"), bits=(3, 8))
    cv_agrees(trained, with_cv(trained, plan, run(trained, plan)), 1e-9)


@pytest.mark.parametrize("trained", [small("lasso"), small("logistic")])
def test_folds_of_other_models_are_refitted(trained: Trained) -> None:
    """Where sums are not enough the estimator is fitted in each fold."""
    plan = everything(trained.parts, methods=("symmetric",), bits=(3, 8))
    cv_agrees(trained, with_cv(trained, plan, run(trained, plan)), 1e-9)


def test_folds_are_plain_json() -> None:
    """Cross-validated figures stand beside the others under the name of the metric."""
    trained = small()
    plan = line(["symmetric"], (2, 8), Scheme())
    found = json.loads(json.dumps(with_cv(trained, plan, run(trained, plan)).to_json(), allow_nan=False))
    assert "cv_r2" in found["original"]
    assert all("cv_r2" in p for p in found["points"])


def test_a_model_from_outside_has_no_folds() -> None:
    """Cross-validation needs rows."""
    X, y = table()
    trained = reopen(from_estimator(LinearRegression().fit(X, y), X))
    plan = line(["symmetric"], (8,), Scheme())
    with pytest.raises(InvalidInput, match="left out for a model from outside, which has no rows"):
        with_cv(trained, plan, run(trained, plan))
