"""Raw rows to the model's columns."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from core.prepare import DEGREES, SCALINGS, expand, fit, from_json, terms
from core.train import fit_rows
from tests.support import california, names, table


@pytest.mark.parametrize("degree", DEGREES)
@pytest.mark.parametrize("p", [1, 2, 3, 8])
def test_columns_are_those_of_scikit_learn(p: int, degree: int) -> None:
    """The expansion has the values and the order of `PolynomialFeatures`, without the constant."""
    X, _ = table(30, p)
    theirs = PolynomialFeatures(degree, include_bias=False).fit_transform(X)
    ours = expand(X, degree)
    assert ours.shape == (30, len(terms(p, degree)))
    assert np.array_equal(ours, theirs)


def test_columns_are_named_after_their_factors() -> None:
    """A column's name is the product that it holds, in the order of the columns."""
    preparation, _ = fit(table(30, 2)[0], ("a", "b"), 2, "standard")
    assert preparation.columns == ("a", "b", "a·a", "a·b", "b·b")
    assert len(california(degree=2).preparation.columns) == 44


@pytest.mark.parametrize("degree", DEGREES)
def test_mean_and_scale_are_those_of_scikit_learn(degree: int) -> None:
    """The stored mean and deviation of each column are the ones that `StandardScaler` finds."""
    X, _ = table(60, 3)
    preparation, columns = fit(X, names(3), degree, "standard")
    scaler = StandardScaler().fit(columns)
    assert preparation.mean == pytest.approx(scaler.mean_, rel=1e-12)
    assert preparation.scale == pytest.approx(scaler.scale_, rel=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, -7.3, 1e12, 3e-9])
def test_a_constant_column_has_scale_one(value: float) -> None:
    """A column without variation is divided by 1 and not by rounding noise."""
    X = np.column_stack([np.full(30, value), np.arange(30.0)])
    preparation, _ = fit(X, ("same", "other"), 1, "standard")
    assert preparation.scale[0] == 1
    assert preparation.scale[1] == pytest.approx(np.arange(30.0).std())


def test_a_tiny_column_keeps_its_own_scale() -> None:
    """What counts as constant is relative to the size of the column: small numbers may vary."""
    X = np.column_stack([1e-30 * np.arange(30.0), np.arange(30.0)])
    preparation, _ = fit(X, ("tiny", "other"), 1, "standard")
    assert preparation.scale[0] == pytest.approx(1e-30 * np.arange(30.0).std())


@pytest.mark.parametrize("scaling", SCALINGS)
def test_choices_survive_json(scaling: str) -> None:
    """What `to_json` writes gives the same Preparation back."""
    preparation, _ = fit(table(30, 3)[0], names(3), 2, scaling)
    back = from_json(preparation.to_json(), preparation.mean, preparation.scale)
    assert back.to_json() == preparation.to_json()
    assert back.columns == preparation.columns


def test_it_is_fitted_on_the_training_rows_alone() -> None:
    """Mean and scale are those of the training rows; the test rows have no part in them."""
    trained = california()
    rows, _ = trained.rows("train")
    assert trained.preparation.mean == pytest.approx(rows.mean(axis=0), rel=1e-12)
    assert trained.preparation.scale == pytest.approx(rows.std(axis=0), rel=1e-12)
    assert not np.allclose(trained.preparation.mean, trained.dataset.X.mean(axis=0), rtol=1e-6)


def test_expanding_one_row_and_many_is_the_same() -> None:
    """A row has the same columns alone and among others."""
    X, y = table(20, 3)
    preparation = fit_rows(X, y, names(3), california(degree=2).config).preparation
    assert np.array_equal(preparation.expand(X[4:5])[0], preparation.expand(X)[4])
