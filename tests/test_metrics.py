"""How good predictions are: the figures of scikit-learn, from plain sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    classification_report,
    confusion_matrix,
    f1_score,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
)

from core.metrics import LABELS, MAIN, SCALARS, classification_metrics, main_metric, metrics_of, regression_metrics
from core.parts import Floats
from tests.support import FORMULAS, words

WHOLE = st.integers(-(10**6), 10**6)


@st.composite
def answers(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """Return numbers of classes and class probabilities; some classes may be neither true nor predicted."""
    k, n = draw(st.integers(2, 5)), draw(st.integers(1, 20))
    truth = draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n))
    raw = draw(st.lists(st.lists(st.floats(0.01, 1), min_size=k, max_size=k), min_size=n, max_size=n))
    p = np.array(raw)
    return np.array(truth, dtype=float), p / p.sum(axis=1, keepdims=True)


def agrees(truth: Floats, p: Floats) -> None:
    """Assert that every figure is scikit-learn's for class numbers and probabilities."""
    k = p.shape[1]
    names, every, chosen = words(k), list(range(k)), p.argmax(axis=1)
    found = classification_metrics(truth, p, names)
    near: dict[str, Any] = {"rel": 1e-12, "abs": 1e-15}
    assert found["accuracy"] == pytest.approx(accuracy_score(truth, chosen), **near)
    assert found["f1_macro"] == pytest.approx(f1_score(truth, chosen, average="macro", zero_division=0), **near)
    assert found["f1_weighted"] == pytest.approx(f1_score(truth, chosen, average="weighted", zero_division=0), **near)
    assert found["log_loss"] == pytest.approx(log_loss(truth, p, labels=every), **near)
    assert found["confusion_matrix"] == confusion_matrix(truth, chosen, labels=every).tolist()
    theirs = classification_report(truth, chosen, labels=every, target_names=names, output_dict=True, zero_division=0)
    assert tuple(found["report"]) == names
    for name in names:
        spelled = {"f1" if key == "f1-score" else key: value for key, value in theirs[name].items()}
        assert found["report"][name] == pytest.approx(spelled, **near)
    assert main_metric("classification", truth, p) == found["accuracy"]


@settings(FORMULAS, max_examples=60)
@given(answers())
def test_classification_figures_are_those_of_scikit_learn(answer: tuple[Floats, Floats]) -> None:
    """Accuracy, both F1, log loss, confusion matrix and report, also where classes are absent."""
    agrees(*answer)


@pytest.mark.parametrize(
    ("truth", "chosen", "k"),
    [
        ([0, 0, 1, 1], [0, 0, 1, 1], 2),
        ([0, 0, 1, 1], [1, 1, 0, 0], 2),
        ([0, 0, 0, 0], [0, 0, 0, 0], 2),
        ([0, 0, 0, 0], [1, 1, 1, 1], 3),
        ([0, 1, 2, 0], [0, 1, 1, 0], 3),
        ([0, 1, 0, 1], [0, 2, 0, 2], 4),
        ([3], [3], 5),
    ],
)
def test_absent_classes_count_as_in_scikit_learn(truth: list[int], chosen: list[int], k: int) -> None:
    """A class that is never predicted has F1 0; one that is neither true nor predicted is left out of the mean."""
    p = np.full((len(truth), k), 0.1)
    p[np.arange(len(truth)), chosen] = 1 - 0.1 * (k - 1)
    agrees(np.array(truth, dtype=float), p)


def test_a_tie_goes_to_the_first_class() -> None:
    """Equal probabilities are an answer as well: the first of the equal classes, as NumPy and scikit-learn say."""
    assert classification_metrics(np.array([0.0, 1.0]), np.full((2, 2), 0.5), ("a", "b"))["confusion_matrix"] == [
        [1, 0],
        [1, 0],
    ]


def test_certain_and_wrong_costs_as_much_as_in_scikit_learn() -> None:
    """A probability of zero for the true class costs -ln eps instead of infinity."""
    truth, p = np.array([0.0, 1.0]), np.array([[0.0, 1.0], [0.0, 1.0]])
    found = classification_metrics(truth, p, ("a", "b"))["log_loss"]
    assert found == pytest.approx(-np.log(np.finfo(float).eps) / 2, rel=1e-15)
    assert found == pytest.approx(log_loss(truth, p), rel=1e-12)


def test_figures_by_hand() -> None:
    """Three of five right, class by class."""
    truth, chosen = np.array([0.0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 0])
    found = classification_metrics(truth, np.eye(2)[chosen] * 0.5 + 0.25, ("no", "yes"))
    assert found["accuracy"] == 0.6
    assert found["confusion_matrix"] == [[2, 1], [1, 1]]
    assert found["report"]["no"] == {"precision": 2 / 3, "recall": 2 / 3, "f1": 4 / 6, "support": 3}
    assert found["report"]["yes"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2}
    assert found["f1_macro"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert found["f1_weighted"] == pytest.approx((3 * 2 / 3 + 2 * 1 / 2) / 5)
    assert found["log_loss"] == pytest.approx(-(3 * np.log(0.75) + 2 * np.log(0.25)) / 5)


@settings(FORMULAS, max_examples=60)
@given(st.lists(st.tuples(WHOLE, WHOLE), min_size=2, max_size=20))
def test_regression_figures_are_those_of_scikit_learn(rows: list[tuple[int, int]]) -> None:
    """R², RMSE and MAE; R² is absent where all targets are equal."""
    y, predicted = np.array(rows).T / 64
    found = regression_metrics(y, predicted)
    assert found["rmse"] == pytest.approx(np.sqrt(mean_squared_error(y, predicted)), rel=1e-12)
    assert found["mae"] == pytest.approx(mean_absolute_error(y, predicted), rel=1e-12)
    if np.ptp(y) == 0:
        assert found["r2"] is None
    else:
        theirs = r2_score(y, predicted)
        assert found["r2"] == pytest.approx(theirs, abs=1e-9 * max(1, 1 - theirs))


@pytest.mark.parametrize("task", MAIN)
def test_without_a_row_every_figure_is_absent(task: str) -> None:
    """No row gives None for every figure, not 0 and not an error."""
    outputs = np.zeros((0, 2)) if task == "classification" else np.zeros(0)
    found = metrics_of(task, np.zeros(0), outputs, ("a", "b"))
    assert set(found.values()) == {None}
    assert set(SCALARS[task]) <= set(found)
    assert main_metric(task, np.zeros(0), outputs) is None


@pytest.mark.parametrize("task", MAIN)
def test_every_figure_has_a_name(task: str) -> None:
    """The main figure is one of the task's, and all have a label for people."""
    assert MAIN[task] in SCALARS[task]
    assert set(SCALARS[task]) <= set(LABELS)
