"""Sufficient statistics: scores without the rows equal scores with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from core.moments import anchor, anchored, least_squares, mean_of, merge, moments, output_error, score
from tests.support import FORMULAS, U64, california, small, table


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


def splits(n: int, count: int, seed: int) -> list[list[int]]:
    """Return the rows 0 … n-1 in `count` parts of uneven size, none empty."""
    draw = np.random.default_rng(seed)
    cuts = np.sort(draw.choice(np.arange(1, n), count - 1, replace=False))
    return [part.tolist() for part in np.split(draw.permutation(n), cuts)]


@FORMULAS
@given(st.integers(2, 12), st.integers(0, 1000), st.sampled_from([0.0, 1e3, 1e7]))
def test_merged_moments_are_those_of_all_rows(count: int, seed: int, offset: float) -> None:
    """However the rows are cut, the merged statistics are those of one pass over all of them.

    A value x at an offset of 10^7 is known to 10^7·2^-53; that is what its deviation may be off by.
    """
    X, y = table()
    X = X + offset
    whole = moments(X, y)
    parts = [moments(X[rows], y[rows]) for rows in splits(len(y), count, seed)]
    found = merge(*parts)
    deviation = np.sqrt(np.diag(whole.gram))
    noise = 1e-13 + 8 * (offset + np.abs(X).max()) * U64 / deviation.min()
    assert found.n == whole.n
    assert found.mean == pytest.approx(whole.mean, rel=1e-14)
    assert np.abs(found.gram - whole.gram).max() <= noise * np.outer(deviation, deviation).max()
    assert np.abs(found.cross - whole.cross).max() <= noise * deviation.max() * np.sqrt(whole.y_var)
    assert (found.y_mean, found.y_var) == pytest.approx((whole.y_mean, whole.y_var), rel=1e-13)


def test_merging_is_associative() -> None:
    """Parts may be merged in any grouping: that is what lets many machines share the work."""
    X, y = table()
    a, b, c = (moments(X[rows], y[rows]) for rows in splits(len(y), 3, 7))
    left, right = merge(merge(a, b), c), merge(a, merge(b, c))
    assert left.gram == pytest.approx(right.gram, rel=1e-12)
    assert left.cross == pytest.approx(right.cross, rel=1e-12)
    assert merge(a) is a


@pytest.mark.parametrize(("penalty", "fit"), [(0.0, LinearRegression(tol=0.0)), (10.0, Ridge(10.0, solver="svd"))])
def test_least_squares_of_raw_california_are_scikit_learns(penalty: float, fit: Any) -> None:
    """From sums merged over a hundred parts of the raw training rows, within 1e-10 of each coefficient's own size.

    The raw columns' condition number is 5·10^7; columns of equal deviation bring it to 43.
    """
    X, y = california().rows("train")
    fit.fit(X, y)
    m = merge(*[moments(X[rows], y[rows]) for rows in splits(len(y), 100, 1)])
    coef, intercept, rank = least_squares(m, penalty)
    assert rank == 8
    assert coef == pytest.approx(fit.coef_, rel=1e-10)
    assert intercept == pytest.approx(float(fit.intercept_), rel=1e-10)


@pytest.mark.parametrize("penalty", [0.0, 3.0])
def test_least_squares_of_standardised_columns_are_a_pipelines(penalty: float) -> None:
    """With the penalty on coefficients of standardised columns it is the pipeline of scaler and ridge."""
    X, y = table()
    m = moments(X, y)
    model = make_pipeline(StandardScaler(), Ridge(penalty, solver="svd") if penalty else LinearRegression(tol=0.0))
    model.fit(X, y)
    coef, intercept, _ = least_squares(m, penalty, np.sqrt(np.diag(m.gram)))
    assert coef * np.sqrt(np.diag(m.gram)) == pytest.approx(model[-1].coef_, rel=1e-11)
    assert intercept + m.mean @ coef == pytest.approx(float(model[-1].intercept_), rel=1e-12)


def test_dependent_columns_lower_the_rank() -> None:
    """A doubled column and a constant one are no directions; the predictions are those of the rest."""
    X, y = table()
    wide = np.column_stack([X, 2 * X[:, 0], np.full(len(y), 7.0)])
    coef, intercept, rank = least_squares(moments(wide, y))
    alone, alone_intercept, _ = least_squares(moments(X, y))
    assert rank == 3
    assert wide @ coef + intercept == pytest.approx(X @ alone + alone_intercept, rel=1e-9)


@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_an_anchor_needs_no_rows(offset: float) -> None:
    """Made of moments alone it scores as the one that read the residuals, to the digits that cancellation leaves."""
    X, y = table()
    y = y + offset
    m = moments(X, y)
    coef, intercept, _ = least_squares(m)
    draw = np.random.default_rng(2)
    coefs, intercepts = coef * (1 + 0.1 * draw.normal(size=(30, 3))), intercept + 0.1 * draw.normal(size=30)
    fast, slow = (score(a, coefs, intercepts) for a in (anchored(m, coef, intercept), anchor(m, X, y, coef, intercept)))
    assert fast[0] == pytest.approx(slow[0], abs=1e-11)
    assert fast[1] == pytest.approx(slow[1], rel=1e-9)


def test_standardised_candidates_score_within_1e12_of_r2_score() -> None:
    """A thousand models round the fitted one, on the standardised test rows of California: R² as scikit-learn's."""
    X, y = california().rows("test")
    X = StandardScaler().fit_transform(X)
    m = moments(X, y)
    coef, intercept, _ = least_squares(m)
    draw = np.random.default_rng(11)
    coefs, intercepts = coef * (1 + 0.1 * draw.normal(size=(1000, 8))), intercept + 0.1 * draw.normal(size=1000)
    ours = score(anchor(m, X, y, coef, intercept), coefs, intercepts)[0]
    theirs = [r2_score(y, X @ w + b) for w, b in zip(coefs, intercepts, strict=True)]
    assert np.abs(ours - theirs).max() <= 1e-12
