"""The whole curve at once: equal to one comparison at a time."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import DataConfig, TrainConfig
from core.errors import InvalidInput
from core.evaluate import compare
from core.quant import AUTO, METHOD_NAMES, METHODS, Scheme, quantize
from core.sizes import numbers, quantized_size
from core.sweep import Point, adapt, anchors, fewest_bits, sweep
from core.train import Trained
from tests.support import (
    ALL_BITS,
    FORMULAS,
    GRANULARITIES,
    INTERCEPTS,
    SPACES,
    bundled,
    california,
    classifier_on,
    covering_pairs,
    digits,
    small,
    table,
    trained_on,
)


def agrees(trained: Trained, method: str, base: Scheme, bits: tuple[int, ...]) -> None:
    """Assert that each point of a sweep is what the comparison of that one setting says."""
    for point in sweep(trained, [method], bits, base).points:
        found = compare(trained, replace(adapt(base, method), bits=point.bits))
        test, train = found.metrics["quantized"]["test"], found.metrics["quantized"]["train"]
        for ours, theirs in ((point.test, test["r2"]), (point.train, train["r2"])):
            assert ours is not None
            assert theirs is not None
            # 1 - R² is the quotient of two sums of squares: what is relative is relative to that.
            assert ours == pytest.approx(theirs, abs=1e-12 * max(1, 1 - theirs)), point
        assert point.test_loss == pytest.approx(test["rmse"], rel=1e-9)
        assert point.numbers == found.sizes["quantized"].numbers, point
        assert point.output_error == pytest.approx(found.output_error, rel=1e-6, abs=1e-18)
        assert point.scale == found.quantized.scheme.scale


@pytest.mark.parametrize(("method", "space", "intercept"), [*product(METHOD_NAMES, SPACES, INTERCEPTS)])
def test_every_point_is_what_a_comparison_says(method: str, space: str, intercept: str) -> None:
    """Scores within 1e-12, the same bytes and the same output error, though no row is touched."""
    agrees(california(), method, Scheme(method, space=space, intercept=intercept), (1, 2, 3, 5, 8, 9, 16))


@pytest.mark.parametrize("scale", ["mse", "output"])
@pytest.mark.parametrize("method", ["symmetric", "asymmetric"])
def test_a_searched_scale_is_the_same_in_a_sweep(method: str, scale: str) -> None:
    """A sweep with a scale search finds what each single search finds."""
    agrees(california(), method, Scheme(method, scale=scale), ALL_BITS)


def test_the_offset_grid_is_the_same_in_a_sweep() -> None:
    """A method's own settings reach every width of the sweep, and are charged."""
    base = Scheme("asymmetric", space="raw", intercept="same-grid", params=(("zero_point", "offset"),))
    agrees(california(), "asymmetric", base, ALL_BITS)


def test_degree_two_is_the_same_in_a_sweep() -> None:
    """With 44 correlated columns the scores from sums still agree with those from rows.

    The condition of the columns costs digits: agreement to 1e-9 of the error.
    """
    trained = california(degree=2)
    for point in sweep(trained, ["symmetric", "asymmetric"], (2, 4, 8, 12)).points:
        r2 = compare(trained, Scheme(point.method, point.bits)).metrics["quantized"]["test"]["r2"]
        assert r2 is not None
        assert point.test == pytest.approx(r2, abs=1e-9 * max(1, 1 - r2))


@pytest.mark.parametrize("model", ["lasso", "ridge"])
def test_other_models_are_the_same_in_a_sweep(model: str) -> None:
    """The scores do not rest on the model being the least-squares one."""
    agrees(small(model), "symmetric", Scheme(), ALL_BITS)


def test_a_sweep_has_one_point_for_each_method_and_width() -> None:
    """Points come in the order that was asked for, with the original and the casts beside them."""
    found = sweep(california(), METHOD_NAMES, ALL_BITS)
    assert [(p.method, p.bits) for p in found.points] == [*product(METHOD_NAMES, ALL_BITS)]
    assert [p.bits for p in found.of("window")] == list(ALL_BITS)
    assert f"{found.original_test:.6f}" == "0.575788"
    assert found.original_numbers == 72
    assert [(c.kind, c.numbers) for c in found.casts] == [("float32", 36), ("float16", 18)]


def test_a_sweep_is_plain_json() -> None:
    """What is written has no NaN, and a number for every point."""
    found = json.loads(json.dumps(sweep(california(), METHOD_NAMES, (1, 8)).to_json(), allow_nan=False))
    assert len(found["points"]) == 10
    assert set(found) == {"metric", "points", "original", "casts", "skipped"}
    assert found["metric"] == "r2"
    assert set(found["original"]) == {"test_r2", "train_r2", "numbers"}


def test_the_statistics_are_made_once() -> None:
    """A second sweep of the same model touches no row."""
    assert anchors(california()) is anchors(california())


def test_a_point_without_r2_has_none() -> None:
    """Where all test targets are equal R² is absent in every point, and nothing warns."""
    X, y = table()
    y[~np.isin(y, trained_on(X, y).rows("train")[1])] = 0.1
    trained = trained_on(X, y)
    found = sweep(trained, METHOD_NAMES, (1, 8))
    assert all(p.test is None and p.train is not None for p in found.points)
    assert found.original_test is None
    json.dumps(found.to_json(), allow_nan=False)


@pytest.mark.parametrize("bits", [0, 17, 2.5, "8"])
def test_a_bad_width_is_refused(bits: object) -> None:
    """A width that no code has is refused by name, whichever path computes it."""
    for method in METHOD_NAMES:
        with pytest.raises(InvalidInput, match=r"^bits must be a whole number from 1 to 16, got "):
            sweep(small(), [method], [bits])  # type: ignore[list-item]


def test_no_widths_give_no_points() -> None:
    """Asking for no width at all gives the original alone."""
    found = sweep(small(), METHOD_NAMES, [])
    assert found.points == ()
    assert found.original_numbers == 32


def test_an_unknown_method_is_refused() -> None:
    """A method that is not in the registry is refused with those that are."""
    with pytest.raises(
        InvalidInput, match=r'^method must be one of symmetric, asymmetric, window, codebook, auto, got "nf4"$'
    ):
        sweep(small(), ["nf4"], [8])


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_switches_are_kept_where_the_method_can_take_them(method: str) -> None:
    """Another method keeps space and intercept, and the scale if it knows it."""
    base = Scheme("symmetric", 5, "raw", scale="output", intercept="keep")
    found = adapt(base, method)
    allowed = METHODS[method].scales if method != AUTO else ("minmax",)
    assert (found.method, found.bits, found.space, found.intercept) == (method, 5, "raw", "keep")
    assert found.scale == ("output" if "output" in allowed else "minmax")
    assert adapt(base, "symmetric") is base


@pytest.mark.parametrize(("space", "intercept", "bits"), [*product(SPACES, INTERCEPTS, (1, 8, 9, 16))])
def test_bytes_are_known_without_quantising(space: str, intercept: str, bits: int) -> None:
    """The bytes of a setting follow from the setting and the number of columns alone."""
    for method in METHODS:
        scheme = Scheme(method, bits, space, intercept=intercept)
        assert numbers(scheme, california().parts) == compare(california(), scheme).sizes["quantized"].numbers


def points(r2: list[float]) -> list[Point]:
    """Return points of 1, 2, 3 … bits with the given training R²."""
    return [Point(Scheme("symmetric", i + 1), 0.0, 0.0, value, 0.0, 0.0, 0) for i, value in enumerate(r2)]


@FORMULAS
@given(
    st.lists(st.sampled_from([0.1, 0.4, 0.49, 0.5, 0.51, 0.6]), min_size=1, max_size=16),
    st.sampled_from([0.0, 0.01, 0.1, 0.3]),
    st.randoms(use_true_random=False),
)
def test_the_fewest_bits_are_those_of_a_plain_search(r2: list[float], tolerance: float, order: object) -> None:
    """The answer is the smallest width from which on every width keeps R², in whatever order they come."""
    listed = points(r2)
    order.shuffle(listed)  # type: ignore[attr-defined]
    found = fewest_bits(listed, 0.5, tolerance)
    keeping = [b for b in range(1, len(r2) + 1) if all(v >= 0.5 - tolerance for v in r2[b - 1 :])]
    assert (None if found is None else found.bits) == (min(keeping) if keeping else None)


def test_no_width_keeps_what_is_absent() -> None:
    """Without R² of the original, or of a point, there is no answer."""
    assert fewest_bits(points([0.5]), None, 0.1) is None
    assert fewest_bits([replace(points([0.5])[0], train=None)], 0.5, 0.1) is None
    assert fewest_bits([], 0.5, 0.1) is None


def test_the_fewest_bits_of_california_rest_on_the_training_rows() -> None:
    """The answer on the real curve is the one that the training figures give, test figures unseen."""
    found = sweep(california(), ["symmetric"], ALL_BITS)
    best = fewest_bits(found.points, found.original_train, 0.01)
    assert best is not None
    blind = [replace(p, test=None, test_loss=0.0) for p in found.points]
    again = fewest_bits(blind, found.original_train, 0.01)
    assert again is not None
    assert best.bits == again.bits
    assert found.original_train is not None
    kept = [p.train >= found.original_train - 0.01 for p in found.points if p.train is not None]
    assert best.bits == 16 - kept[::-1].index(False) + 1


SHARED = covering_pairs(("2 classes", "4 classes"), METHOD_NAMES, SPACES, INTERCEPTS, GRANULARITIES, more=10)


@pytest.mark.parametrize(("kind", "method", "space", "intercept", "granularity"), SHARED)
def test_points_of_classifiers_are_what_comparisons_say(
    kind: str, method: str, space: str, intercept: str, granularity: str
) -> None:
    """Accuracy, log loss, output error, fidelity and bytes; every pair of two choices occurs, and ten more."""
    trained = small("logistic", 1, int(kind[0]))
    base = Scheme(method, space=space, intercept=intercept, granularity=granularity)
    class_points_agree(trained, base, (1, 2, 5, 9, 16))


def class_points_agree(trained: Trained, base: Scheme, bits: tuple[int, ...]) -> None:
    """Assert that each point of a classifier's sweep is what the comparison of that one setting says."""
    found = sweep(trained, [base.method], bits, base)
    assert found.metric == "accuracy"
    for point in found.points:
        one = compare(trained, replace(base, bits=point.bits))
        test, train = one.metrics["quantized"]["test"], one.metrics["quantized"]["train"]
        assert (point.test, point.train) == (test["accuracy"], train["accuracy"])
        assert point.test_loss == pytest.approx(test["log_loss"], rel=1e-9)
        assert point.output_error == pytest.approx(one.output_error, rel=1e-6, abs=1e-18)
        assert point.fidelity == pytest.approx(one.fidelity, abs=1e-9)
        assert point.numbers == one.sizes["quantized"].numbers
        assert point.scale == one.quantized.scheme.scale


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_points_of_the_digits_are_what_comparisons_say(granularity: str) -> None:
    """The same on 360 pictures of ten classes, for grids with a scale search and for tables."""
    for base in (Scheme("codebook"), Scheme("symmetric", scale="mse"), Scheme("asymmetric", scale="output")):
        class_points_agree(digits(), replace(base, granularity=granularity), (2, 8))


@pytest.mark.parametrize("name", ["diabetes", "breast_cancer", "wine"])
def test_points_of_the_small_tables_are_what_comparisons_say(name: str) -> None:
    """Both tasks on the other bundled tables."""
    trained = bundled(DataConfig(name), TrainConfig("linear" if name == "diabetes" else "logistic"))
    for method in METHODS:
        if name == "diabetes":
            agrees(trained, method, Scheme(method, granularity="block"), (2, 8))
        else:
            class_points_agree(trained, Scheme(method, granularity="block"), (2, 8))


def test_a_sweep_of_a_classifier_is_plain_json() -> None:
    """Figures carry the name of the metric, and there is no NaN."""
    found = json.loads(json.dumps(sweep(small("logistic"), METHOD_NAMES, (1, 8)).to_json(), allow_nan=False))
    assert found["metric"] == "accuracy"
    assert set(found["original"]) == {"test_accuracy", "train_accuracy", "numbers"}
    assert set(found["points"][0]) == {
        "method", "bits", "space", "scale", "rounding", "intercept", "granularity", "params", "test_accuracy",
        "test_log_loss", "train_accuracy", "output_error", "fidelity", "numbers",
    }  # fmt: skip
    assert set(found["casts"][0]) == {"kind", "numbers", "test_accuracy", "train_accuracy"}


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_bytes_of_a_classifier_are_known_without_quantising(granularity: str) -> None:
    """Codes, scales or tables of every group, intercepts and scaling follow from the setting and the shape."""
    for trained in (digits(), classifier_on(*table(60, 2), 3)):
        for method, space, intercept in product(METHODS, SPACES, INTERCEPTS):
            for bits in (1, 3, 9):
                scheme = Scheme(method, bits, space, intercept=intercept, granularity=granularity)
                if method == "codebook" and trained is digits() and bits == 9:
                    continue  # half a second each, and no other arithmetic
                stored = quantized_size(quantize(trained.parts, scheme, trained.moments), 0).numbers
                assert numbers(scheme, trained.parts) == stored, scheme
