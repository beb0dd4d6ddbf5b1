"""Goal seek, both ways: always the brute-force answer, and never a look at a test row."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score

from core import families
from core.config import DataConfig, TrainConfig
from core.datasets import split
from core.errors import InvalidInput
from core.quant import Scheme, dequantize, quantize
from core.sizes import quantized_size
from core.sweep import Cast, Goal, OutOfReach, Point, Sweep, everything, full_sweep, run, seek, with_cv
from core.train import Trained
from tests.support import bundled, california, small

# Three tables; at some widths only where brute force, which predicts every row with every setting, takes long.
TABLES = {
    "california_housing": ("linear", ()),
    "diabetes": ("linear", (1, 2, 3, 4, 6, 8, 12, 16)),
    "wine": ("logistic", (1, 2, 4, 8)),
}


@cache
def model(name: str) -> Trained:
    """Return the model of a bundled table."""
    return bundled(DataConfig(name), TrainConfig(TABLES[name][0]))


@cache
def swept(name: str) -> Sweep:
    """Return every setting of a table's model."""
    return full_sweep(model(name), bits=TABLES[name][1])


@cache
def brute_force(name: str) -> list[tuple[Scheme, int, float]]:
    """Return every setting with its bytes and its training figure: quantised, stored, predicted row by row, scored."""
    trained = model(name)
    columns, y = trained.columns("train")
    scored = r2_score if trained.dataset.task == "regression" else accuracy_score
    found = []
    for family in everything(trained.parts, bits=TABLES[name][1]).families:
        for scheme in family.schemes:
            q = quantize(trained.parts, scheme, trained.moments)
            figure = float(scored(y, families.predict(dequantize(q), columns)))
            found.append((scheme, quantized_size(q, 0).numbers, figure))
    return found


def original(name: str) -> float:
    """Return the training figure of the original, from its predictions."""
    columns, y = model(name).columns("train")
    scored = r2_score if model(name).dataset.task == "regression" else accuracy_score
    return float(scored(y, families.predict(model(name).parts, columns)))


@pytest.mark.parametrize("name", TABLES)
def test_random_goals_have_the_brute_force_answer(name: str) -> None:
    """200 targets, half losses and half bytes: bytes and figure are those of a search through every setting.

    Figures of both sides differ by the rounding of sums, 1e-12 of 1 - R²; a random target does not lie that close
    to a figure. The settings may differ only where both are equal.
    """
    draw = np.random.default_rng(3)
    everybody, top = brute_force(name), original(name)
    for i in range(200):
        if i % 2:
            amount = float(10.0 ** draw.uniform(-5, 0))
            fitting = [(n, -v) for _, n, v in everybody if top - v <= amount]
            bytes_, value = min(fitting, default=(0, 0.0))
            goal = Goal("loss", amount)
        else:
            goal = Goal("bytes", int(draw.integers(4, 130 if name != "wine" else 700)))
            value, bytes_ = min(((-v, n) for _, n, v in everybody if n <= goal.amount), default=(0.0, 0))
        if bytes_ == 0:
            with pytest.raises(OutOfReach):
                seek(swept(name), goal)
            continue
        chosen = seek(swept(name), goal).point
        # Among figures that differ by rounding alone the smaller number of bytes is taken.
        same = [n for _, n, v in everybody if abs(v + value) <= 1e-12 and (goal.kind == "loss" or n <= goal.amount)]
        assert chosen.numbers == (bytes_ if goal.kind == "loss" else min(same)), goal
        assert chosen.train == pytest.approx(-value, abs=1e-12 * max(1.0, 1 + value)), goal
        assert any(s == chosen.scheme and n == chosen.numbers for s, n, _ in everybody)


@pytest.mark.parametrize("basis", ["train", "cv"])
def test_a_choice_reads_no_test_row(basis: str) -> None:
    """With test rows and their targets scrambled the same settings are chosen, and only what is reported changes."""
    trained = california()
    assert trained.data is not None
    rows = split(trained.dataset, trained.data.test_size, trained.data.seed)[1]
    X, y = trained.dataset.X.copy(), trained.dataset.y.copy()
    draw = np.random.default_rng(0)
    X[rows], y[rows] = draw.normal(size=X[rows].shape), draw.permutation(y[rows]) * 3
    scrambled = replace(trained, dataset=replace(trained.dataset, X=X, y=y))
    assert np.array_equal(scrambled.rows("train")[0], trained.rows("train")[0])
    plan = everything(trained.parts, methods=("symmetric", "asymmetric"), bits=(2, 4, 7, 10))
    found = [run(t, plan) for t in (trained, scrambled)]
    if basis == "cv":
        found = [with_cv(t, plan, f) for t, f in zip((trained, scrambled), found, strict=True)]
    assert found[0].points[5].test != found[1].points[5].test
    for goal in (
        *(Goal("loss", x, basis) for x in (0.3, 0.03, 0.003)),
        *(Goal("bytes", n, basis) for n in (11, 16, 48, 90)),
    ):
        first, second = (seek(f, goal) for f in found)
        assert first.point.scheme == second.point.scheme
        assert (first.loss, first.point.numbers) == (second.loss, second.point.numbers)


def test_the_choice_by_folds_rests_on_folds() -> None:
    """The chosen setting is the best by its cross-validated figure among those that fit."""
    plan = everything(california().parts, bits=(2, 3, 4, 5))
    found = with_cv(california(), plan, run(california(), plan))
    chosen = seek(found, Goal("bytes", 60, "cv"))
    best = max(p.cv for p in found.points if p.numbers <= 60 and p.cv is not None)
    assert chosen.point.cv == pytest.approx(best, abs=1e-12)
    assert chosen.loss == pytest.approx(found.original_cv - chosen.point.cv, abs=1e-11)


def made(*settings: tuple[int, float | None, float], casts: tuple[tuple[int, float], ...] = ()) -> Sweep:
    """Return a sweep with points of the given bytes, training figures and output errors; the original has 0.5."""
    points = tuple(Point(Scheme(bits=i + 1), None, None, v, e, None, n) for i, (n, v, e) in enumerate(settings))
    kinds = tuple(Cast(f"float{32 >> i}", n, None, v, None) for i, (n, v) in enumerate(casts))
    return Sweep("r2", points, 0.5, 0.5, 72, kinds)


def test_a_loss_that_is_met_exactly_is_met() -> None:
    """0.5 - 0.49 is a little more than 0.01 in floating point; nobody who asks for 0.01 means that."""
    assert 0.5 - 0.49 > 0.01
    assert seek(made((10, 0.49, 0.0)), Goal("loss", 0.01)).loss == 0.01


def test_a_goal_that_is_out_of_reach_names_the_nearest() -> None:
    """Too few bytes: the smallest setting. Too small a loss: the best one. Both say what can be reached."""
    found = made((10, 0.2, 0.0), (12, 0.4, 0.0), (11, 0.4, 0.0))
    with pytest.raises(OutOfReach) as refused:
        seek(found, Goal("bytes", 9))
    assert str(refused.value) == "bytes must be at least 10, the bytes of the smallest setting, got 9"
    assert refused.value.nearest.numbers == 10
    with pytest.raises(OutOfReach) as refused:
        seek(found, Goal("loss", 0.05))
    assert str(refused.value) == "loss must be at least 0.1, the loss of the best setting (11 bytes), got 0.05"
    assert (refused.value.nearest.numbers, refused.value.nearest.train) == (11, 0.4)
    assert seek(found, Goal("loss", 0.1)).point.numbers == 11


def test_what_a_refusal_names_can_be_reached() -> None:
    """Asking for the nearest goal that a message names succeeds."""
    found = full_sweep(california(), methods=("symmetric",), bits=(2, 3), fixed={"space": "standardised"})
    for goal in (Goal("bytes", 5), Goal("loss", 1e-9)):
        with pytest.raises(OutOfReach) as refused:
            seek(found, goal)
        near = refused.value.nearest
        amount = near.numbers if goal.kind == "bytes" else found.original_train - near.train + 1e-12
        assert seek(found, replace(goal, amount=amount)).point == near


def test_ties_go_by_the_other_figure_then_by_the_output_error_then_by_order() -> None:
    """Within a loss the better of equal bytes; within bytes the smaller of equal figures."""
    found = made((10, 0.45, 3.0), (10, 0.48, 2.0), (10, 0.48, 1.0), (10, 0.48 + 1e-14, 1.0), (12, 0.48, 0.0))
    assert seek(found, Goal("loss", 0.1)).point is found.points[2]
    assert seek(found, Goal("bytes", 20)).point is found.points[2]


def test_a_plain_cast_that_does_better_is_named() -> None:
    """Within a loss one of fewer bytes, within bytes one of a better figure; else none."""
    found = made((40, 0.49, 0.0), (10, 0.2, 0.0), casts=((36, 0.5), (18, 0.45)))
    assert seek(found, Goal("loss", 0.1)).cast == found.casts[1]
    assert seek(found, Goal("loss", 0.02)).cast == found.casts[0]
    assert seek(found, Goal("loss", 0.5)).cast is None
    assert seek(found, Goal("bytes", 20)).cast == found.casts[1]
    assert seek(found, Goal("bytes", 40)).cast == found.casts[0]
    assert seek(made((40, 0.5, 0.0), casts=((36, 0.5), (18, 0.45))), Goal("bytes", 40)).cast is None


@pytest.mark.parametrize(
    ("kind", "amount", "basis", "message"),
    [
        ("size", 1, "train", 'goal must be one of loss, bytes, got "size"'),
        ("loss", -0.1, "train", "loss must be a number from 0 to 10, got -0.1"),
        ("loss", float("nan"), "train", "loss must be a number from 0 to 10, got nan"),
        ("bytes", 0, "train", "bytes must be a whole number from 1 to 1e+09, got 0"),
        ("bytes", 2.5, "train", "bytes must be a whole number from 1 to 1e+09, got 2.5"),
        ("bytes", 8, "test", 'basis must be one of train, cv, fidelity, got "test"'),
    ],
)
def test_a_goal_is_checked(kind: str, amount: float, basis: str, message: str) -> None:
    """Every field is refused by name; the test rows are no basis."""
    with pytest.raises(InvalidInput) as refused:
        Goal(kind, amount, basis)
    assert str(refused.value) == message


def test_a_basis_without_figures_is_refused() -> None:
    """Folds that were not computed cannot be chosen by."""
    with pytest.raises(InvalidInput, match=r"^basis must be a figure that this model has, got \"cv\"$"):
        seek(full_sweep(small(), methods=("symmetric",), bits=(8,)), Goal("bytes", 100, "cv"))
