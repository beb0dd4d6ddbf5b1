"""Parts taken from scikit-learn predict what scikit-learn predicts."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

from core import families
from core.config import TrainConfig
from core.errors import ArtifactError, InvalidInput
from core.families import FAMILIES, linear
from core.models import MODELS
from core.parts import Floats, Parts
from core.prepare import expand
from tests.support import U64, fitted, names, table


def identity_bound(parts: Parts, columns: Floats, mean: Floats) -> Floats:
    """Return how far two exact ways of summing one linear model may lie apart in float64, for each row.

    Ours: w = c/σ (one rounding), b = b₀ - Σ w·mean (p + 1 sums), then Σ w·x + b (p + 1 sums): at most p + 4
    roundings on the way of any term. scikit-learn: (x - mean)/σ (two), times c and summed with b₀ (p + 2).
    A sum of terms t with k roundings each is off by at most k·u·Σ|t| (Higham, 2002, section 4.2), here with
    |t| ≤ |w|(|x| + |mean|) and |b₀| ≤ |b| + Σ|w·mean|; 2u for second-order terms and the final rounding.
    """
    weights = np.abs(parts.values["coef"][0])
    size = np.abs(columns) @ weights + 2 * weights @ np.abs(mean) + abs(float(parts.values["intercept"][0]))
    bound: Floats = (2 * len(weights) + 8) * 2 * U64 * size
    return bound


@pytest.mark.parametrize(("model", "scaling", "degree"), [*product(MODELS, ("standard", "none"), (1, 2))])
def test_parts_predict_what_the_estimator_predicts(model: str, scaling: str, degree: int) -> None:
    """Without quantisation the NumPy prediction is scikit-learn's, up to the rounding of float64."""
    f = fitted(model, scaling, degree)
    rows, _ = table(50, 3, seed=9)
    columns = expand(rows, degree)
    ours, theirs = families.predict(f.parts, columns), f.estimator.predict(columns)
    bound = identity_bound(f.parts, columns, columns.mean(axis=0) if scaling == "none" else f.preparation.mean)
    assert (np.abs(ours - theirs) <= bound).all()
    assert np.abs(theirs).max() > 1e6 * bound.max(), "the bound is too wide to say anything"


@pytest.mark.parametrize("model", MODELS)
def test_extracted_parts_are_valid(model: str) -> None:
    """What is extracted passes the checks that a file's contents must pass."""
    parts = fitted(model).parts
    FAMILIES[parts.family].validate(parts)
    assert parts.family == MODELS[model].family
    assert parts.meta["task"] == MODELS[model].task
    assert parts.meta["features"] == names(3)


def test_an_unknown_estimator_is_refused() -> None:
    """A class that no family knows is refused with the classes that are known."""
    with pytest.raises(InvalidInput, match=r'^estimator must be one of LinearRegression, .*, got "LogisticRegression"'):
        families.extract(LogisticRegression())


def test_a_model_of_two_targets_is_refused() -> None:
    """An estimator with two targets would silently lose one; it is refused."""
    X, y = table()
    fitted_twice = LinearRegression().fit(X, np.column_stack([y, -y]))
    with pytest.raises(InvalidInput, match=r'^estimator must be a model of one target, got "2 targets"$'):
        families.extract(fitted_twice)


def test_targets_as_one_column_are_one_target() -> None:
    """A target of shape (n, 1) gives the same parts as one of shape (n,)."""
    X, y = table()
    column, flat = families.extract(Ridge().fit(X, y[:, None])), families.extract(Ridge().fit(X, y))
    assert column.values["coef"].shape == (1, 3)
    assert families.predict(column, X) == pytest.approx(families.predict(flat, X), rel=1e-12)


def test_coefficients_share_a_scale_and_the_intercept_has_its_own_array() -> None:
    """All coefficients are one group; ids have the shape of the values."""
    parts = fitted("linear").parts
    assert families.groups(parts, "coef").shape == (1, 3)
    assert set(families.groups(parts, "coef").ravel()) == {0}
    assert families.groups(parts, "intercept").shape == (1,)


def test_folding_the_scaling_keeps_the_predictions() -> None:
    """A model of standardised columns and its folded form give the same answers for raw columns."""
    X, _ = table()
    mean, scale = X.mean(axis=0), X.std(axis=0)
    coef, intercept = np.array([[1.0, -2.0, 0.5]]), np.array([3.0])
    parts = Parts("linear", {"coef": coef, "intercept": intercept}, {}, {"features": ["a", "b", "c"]})
    folded = linear.fold_scaling(parts, mean, scale)
    difference = families.predict(folded, X) - families.predict(parts, (X - mean) / scale)
    assert (np.abs(difference) <= identity_bound(folded, X, mean)).all()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"coef": np.zeros((1, 3))}, "exactly a coef and an intercept"),
        ({"coef": np.zeros((1, 3)), "intercept": np.zeros(1), "more": np.zeros(1)}, "exactly a coef"),
        ({"coef": np.zeros(3), "intercept": np.zeros(1)}, r"coef has shape \(3,\)"),
        ({"coef": np.zeros((2, 3)), "intercept": np.zeros(2)}, r"coef has shape \(2, 3\)"),
        ({"coef": np.zeros((1, 2)), "intercept": np.zeros(1)}, "2 coefficients for 3 columns"),
        ({"coef": np.array([[1, np.nan, 1]]), "intercept": np.zeros(1)}, "not a finite number"),
        ({"coef": np.zeros((1, 3)), "intercept": np.array([np.inf])}, "not a finite number"),
    ],
)
def test_impossible_parts_are_refused(values: dict[str, Floats], message: str) -> None:
    """Missing or extra arrays, wrong shapes and numbers that are not finite are named."""
    with pytest.raises(ArtifactError, match=message):
        linear.validate(Parts("linear", values, {}, {"features": ["a", "b", "c"]}))


def test_every_family_that_a_model_names_exists() -> None:
    """The registries fit each other, and every model's estimator can be extracted."""
    assert {m.family for m in MODELS.values()} <= set(FAMILIES)
    for name in MODELS:
        assert fitted(name).parts.n_parameters == 4
    assert TrainConfig().model in MODELS
