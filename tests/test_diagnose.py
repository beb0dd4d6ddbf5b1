"""Which rounded coefficient costs what: the findings are those of the training rows themselves."""

from __future__ import annotations

import numpy as np
import pytest

from core import families
from core.config import preset_experiment
from core.diagnose import effects, mean_shift
from core.evaluate import compare
from core.families import linear
from core.quant import METHOD_NAMES, PRESETS, Scheme
from core.quant.levels import steps
from core.train import Trained
from tests.support import GRANULARITIES, INTERCEPTS, SPACES, U32, U64, bundled, california, digits, small


def rows_tolerance(trained: Trained) -> float:
    """Return a bound on the rounding of a mean over the training rows, relative to the sum of magnitudes.

    A sum of n products is off by at most about n units in the last place of the sum of magnitudes, however
    it is added up; means and deviations take three such sums.
    """
    return 3 * trained.report.n_train * U64


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("method", METHOD_NAMES)
def test_effects_are_those_of_the_training_rows(method: str, space: str) -> None:
    """Shift and spread of each column are mean and deviation of what its error adds to the predictions."""
    trained = california()
    c = compare(trained, Scheme(method, 3, space))
    columns, _ = trained.columns("train")
    found = {e.name: e for e in effects(trained, c)}
    assert list(found) and set(found) == set(trained.preparation.columns)
    errors = c.decoded.values["coef"][0] - trained.parts.values["coef"][0]
    for i, name in enumerate(trained.preparation.columns):
        added = columns[:, i] * errors[i]
        size = float(np.abs(added).max())
        assert found[name].error == errors[i]
        assert found[name].mean == pytest.approx(columns[:, i].mean(), rel=rows_tolerance(trained))
        assert found[name].shift == pytest.approx(added.mean(), abs=rows_tolerance(trained) * size)
        # Of the square root of a difference of squares: the mean of longitude is 60 of its deviations.
        assert found[name].spread == pytest.approx(added.std(), abs=np.sqrt(rows_tolerance(trained)) * size)


def test_the_largest_effect_comes_first() -> None:
    """Columns are listed by the root mean square of what they change, largest first."""
    for trained in (california(), california(degree=2), small()):
        found = effects(trained, compare(trained, Scheme("asymmetric", 3)))
        assert len(found) == len(trained.preparation.columns)
        sizes = [float(np.hypot(e.shift, e.spread)) for e in found]
        assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("intercept", INTERCEPTS)
def test_the_mean_shift_is_that_of_the_predictions(intercept: str) -> None:
    """The shift of all predictions is the difference of both models' mean answers on the training rows."""
    trained = california()
    c = compare(trained, Scheme("symmetric", 3, "raw", intercept=intercept))
    columns, _ = trained.columns("train")
    before, after = (families.predict(p, columns) for p in (trained.parts, c.decoded))
    size = float(np.abs(before).max() + np.abs(after).max() + np.abs(trained.parts.values["intercept"][0]))
    assert mean_shift(trained, c) == pytest.approx((after - before).mean(), abs=rows_tolerance(trained) * size)


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_a_refitted_intercept_leaves_no_shift(method: str) -> None:
    """Refitting takes the mean shift away, up to the rounding of the intercept to float32."""
    trained = california()
    for bits in (1, 2, 8, 16):
        c = compare(trained, Scheme(method, bits))
        size = abs(c.decoded.values["intercept"][0]) + 1
        assert abs(mean_shift(trained, c)) <= 2 * U32 * size


def test_without_a_refit_the_shifts_of_the_columns_add_up() -> None:
    """With the intercept as it was, the mean shift is the sum of the columns' shifts and its rounding."""
    trained = california()
    c = compare(trained, Scheme("symmetric", 4, "raw", intercept="keep"))
    shifts = [e.shift for e in effects(trained, c)]
    rounding = U32 * abs(trained.parts.values["intercept"][0])
    assert mean_shift(trained, c) == pytest.approx(sum(shifts), abs=rounding + 1e-12 * np.abs(shifts).sum())


@pytest.mark.parametrize("name", PRESETS)
def test_the_cause_of_each_preset(name: str) -> None:
    """The window and the collapse are laid to Population, whose raw values are the largest.

    On raw pixels it is one that holds more than half of all ink, 16, in the average picture; which of several depends
    on the last digits of an iterative solver.

    In standardised space no column moves the predictions by more than half a step (and float32's rounding).
    """
    e = preset_experiment(name)
    trained = bundled(e.data, e.train)
    first = effects(trained, compare(trained, e.scheme))[0]
    if e.scheme.space == "raw":
        assert abs(first.shift) > first.spread / 4
        if e.data.dataset == "digits":
            assert first.mean > 8
        else:
            assert first.name == "Population"
            assert first.mean == pytest.approx(1425, abs=10)
    else:
        step = float(steps(compare(trained, e.scheme).quantized, "coef")[0])
        assert first.spread <= step * (0.5 + 2**8 * 4 * U32)


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("classes", [2, 4])
def test_effects_of_a_classifier_are_those_on_its_scores(classes: int, granularity: str) -> None:
    """Every coefficient of every class: mean and deviation of what its error adds to that class's score."""
    trained = small("logistic", 1, classes)
    c = compare(trained, Scheme("asymmetric", 3, granularity=granularity))
    columns, _ = trained.columns("train")
    errors = c.decoded.values["coef"] - trained.parts.values["coef"]
    expected = {}
    for row, label in enumerate(trained.dataset.classes if classes > 2 else ("",)):
        for i, name in enumerate(trained.preparation.columns):
            added = columns[:, i] * errors[row, i]
            expected[f"{label}: {name}" if label else name] = (errors[row, i], added.mean(), added.std())
    found = effects(trained, c)
    assert {e.name for e in found} == set(expected)
    for e in found:
        error, shift, spread = expected[e.name]
        assert e.error == error
        assert (e.shift, e.spread) == pytest.approx((shift, spread), rel=1e-9, abs=1e-12)
    sizes = [float(np.hypot(e.shift, e.spread)) for e in found]
    assert sizes == sorted(sizes, reverse=True)


def test_the_mean_shift_of_a_classifier_is_that_of_its_most_moved_score() -> None:
    """Of the scores of all classes, the largest change of a mean on the training rows."""
    trained = digits()
    c = compare(trained, Scheme("symmetric", 2, "raw", intercept="keep"))
    columns, _ = trained.columns("train")
    moved = (linear.scores(c.decoded, columns) - linear.scores(trained.parts, columns)).mean(axis=0)
    largest = moved[np.abs(moved).argmax()]
    assert mean_shift(trained, c) == pytest.approx(largest, rel=1e-9)
    assert abs(largest) > 0.1
    refit = compare(trained, Scheme("symmetric", 2, "raw", intercept="refit"))
    assert abs(mean_shift(trained, refit)) < 1e-5
