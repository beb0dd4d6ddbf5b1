"""Sufficient statistics: scores without the rows equal scores with them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import r2_score

from core.moments import anchor, mean_of, moments, output_error, score
from tests.support import FORMULAS, small, table


def test_moments_are_means_and_covariances() -> None:
    """Mean, Gram matrix, cross products and variance are NumPy's, divided by n."""
    X, y = table()
    m, cov = moments(X, y), np.cov(np.column_stack([X, y]).T, bias=True)
    assert m.n == 120
    assert m.mean == pytest.approx(X.mean(axis=0), rel=1e-14)
    assert m.gram == pytest.approx(cov[:-1, :-1], rel=1e-12)
    assert m.cross == pytest.approx(cov[:-1, -1], rel=1e-12)
    assert (m.y_mean, m.y_var) == pytest.approx((y.mean(), y.var()), rel=1e-14)


def test_a_large_offset_does_not_spoil_the_covariances() -> None:
    """The pass is centred: adding ten million to a feature changes its variance by rounding only."""
    X, y = table()
    shifted = moments(X + np.array([1e7, 0, 0]), y)
    # A feature of size 1e-2 at 1e7 has lost all digits below 1e-9: 1e-7 of its size.
    assert shifted.gram == pytest.approx(moments(X, y).gram, rel=1e-5)


@pytest.mark.parametrize("model", ["linear", "lasso"])
def test_scores_are_those_of_the_rows(model: str) -> None:
    """R² and RMSE of many candidates at once are those of scikit-learn, candidate by candidate."""
    trained = small(model)
    columns, y = trained.columns("test")
    coef, intercept = trained.parts.values["coef"][0], float(trained.parts.values["intercept"][0])
    draw = np.random.default_rng(5)
    coefs = coef * (1 + 0.1 * draw.normal(size=(20, 3)))
    intercepts = intercept + 0.1 * draw.normal(size=20)
    r2, rmse = score(anchor(moments(columns, y), columns, y, coef, intercept), coefs, intercepts)
    for i in range(20):
        predicted = columns @ coefs[i] + intercepts[i]
        assert r2[i] == pytest.approx(r2_score(y, predicted), rel=1e-11, abs=1e-12)
        assert rmse[i] == pytest.approx(np.sqrt(np.mean((y - predicted) ** 2)), rel=1e-11)


def test_the_fitted_model_scores_itself_exactly() -> None:
    """At the anchor there is no difference to add, and R² is that of the rows to the last digits."""
    trained = small()
    columns, y = trained.columns("test")
    coef, intercept = trained.parts.values["coef"][0], float(trained.parts.values["intercept"][0])
    r2, _ = score(anchor(moments(columns, y), columns, y, coef, intercept), coef[None], np.array([intercept]))
    assert r2[0] == pytest.approx(r2_score(y, columns @ coef + intercept), abs=1e-15)


def test_output_error_is_the_mean_squared_change() -> None:
    """δ'Gδ + (δ·mean + shift)² is what the predictions on the rows really change by."""
    X, y = table()
    delta, shift = np.array([[0.3, -0.02, 1e-4], [0.1, 0.0, -2e-4]]), np.array([0.07, -0.2])
    expected = np.mean((X @ delta.T + shift) ** 2, axis=0)
    m = moments(X, y)
    assert output_error(m, delta, shift) == pytest.approx(expected.sum(), rel=1e-12)
    assert output_error(m, delta[:, None], shift[:, None]) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("value", [0.1, 0.3, 5.00001, -1e-300, 0.0, 1e15 + 0.3])
@pytest.mark.parametrize("n", [2, 3, 7, 10, 1000])
def test_equal_targets_have_no_variance(value: float, n: int) -> None:
    """The mean of equal values is that value, so their variance is exactly 0, whatever rounding says."""
    y = np.full(n, value)
    assert mean_of(y) == value
    assert moments(np.arange(float(n))[:, None], y).y_var == 0


@FORMULAS
@given(st.lists(st.floats(-1e150, 1e150), min_size=1, max_size=20))
def test_a_mean_lies_within_its_values(values: list[float]) -> None:
    """A mean is never outside the range of what it is a mean of."""
    y = np.array(values)
    assert y.min() <= mean_of(y) <= y.max()


def test_r2_is_absent_without_variance() -> None:
    """Where all targets are equal R² is NaN, without a warning, and RMSE is still a number."""
    X, _ = table()
    y = np.full(len(X), 0.1)
    coef = np.array([0.1, 0.0, 0.0])
    r2, rmse = score(anchor(moments(X, y), X, y, coef, 0.0), coef[None], np.zeros(1))
    assert np.isnan(r2[0])
    assert rmse[0] == pytest.approx(np.sqrt(np.mean((y - X @ coef) ** 2)), rel=1e-12)
