"""Parts taken from scikit-learn predict what scikit-learn predicts."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron, Ridge

from core import families
from core.config import TrainConfig
from core.errors import ArtifactError, InvalidInput
from core.families import FAMILIES, linear
from core.models import MODELS
from core.parts import Floats, Parts
from core.prepare import expand
from tests.support import REGRESSORS, U64, fitted, names, table


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


@pytest.mark.parametrize(("model", "scaling", "degree"), [*product(REGRESSORS, ("standard", "none"), (1, 2))])
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
    known = "LinearRegression, Ridge, Lasso, ElasticNet, LogisticRegression, DecisionTreeRegressor, "
    with pytest.raises(InvalidInput, match=rf'^estimator must be one of {known}.*, got "Perceptron"$'):
        families.extract(Perceptron())


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
    parts = Parts(
        "linear",
        {"coef": coef, "intercept": intercept},
        {},
        {"task": "regression", "features": ["a", "b", "c"], "classes": []},
    )
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
        linear.validate(Parts("linear", values, {}, {"task": "regression", "features": ["a", "b", "c"], "classes": []}))


def test_every_family_that_a_model_names_exists() -> None:
    """The registries fit each other, and every model's estimator can be extracted."""
    assert {m.family for m in MODELS.values()} == set(FAMILIES)
    for name, model in MODELS.items():
        parts = fitted(name).parts
        assert parts.family == model.family
        if parts.family == "linear":
            assert parts.n_parameters == (16 if name == "logistic" else 4)
    assert TrainConfig().model in MODELS


def classifier(k: int, p: int = 5, n: int = 200) -> tuple[LogisticRegression, Floats]:
    """Return a logistic regression of `k` classes on seeded rows, and the rows."""
    draw = np.random.default_rng(k)
    X = draw.normal(size=(n, p)) * 10.0 ** np.linspace(-1, 2, p) + 3
    y = np.floor(np.argsort(np.argsort(X[:, 0] * 10 + X[:, 1] + draw.normal(size=n))) * k / n)
    return LogisticRegression(max_iter=5000).fit(X / X.std(axis=0), y), X / X.std(axis=0)


def score_bound(parts: Parts, X: Floats) -> Floats:
    """Return how far two ways of summing a row's largest score may lie apart: p + 2 roundings of each term."""
    terms = np.abs(X) @ np.abs(parts.values["coef"]).T + np.abs(parts.values["intercept"])
    bound: Floats = 2 * (X.shape[1] + 2) * U64 * terms.max(axis=1)
    return bound


@pytest.mark.parametrize("k", [2, 3, 10])
def test_probabilities_are_those_of_scikit_learn(k: int) -> None:
    """Scores agree to their rounding, and probabilities to what that and the rounding of exp can make of it.

    A probability moves by at most p(1 - p)·2·max|Δs| ≤ max|Δs| / 2 with the scores. exp, the sum of k terms and
    the quotient add at most k + 8 roundings of a number below 1 on either side.
    """
    estimator, X = classifier(k)
    parts = families.extract(estimator)
    raw = linear.scores(parts, X)
    theirs = estimator.decision_function(X)
    assert raw.shape == (len(X), 1 if k == 2 else k)
    assert (np.abs(raw - theirs.reshape(raw.shape)) <= score_bound(parts, X)[:, None]).all()
    found = families.outputs(parts, X)
    assert found.shape == (len(X), k)
    near = score_bound(parts, X) / 2 + 2 * (k + 8) * U64
    assert (np.abs(found - estimator.predict_proba(X)) <= near[:, None]).all()
    assert near.max() < 1e-11, "the bound is too wide to say anything"
    assert np.abs(found.sum(axis=1) - 1).max() <= (k + 2) * U64
    assert np.array_equal(families.predict(parts, X), estimator.predict(X))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ([[1e4]], [[0.0, 1.0]]),
        ([[-1e4]], [[1.0, 0.0]]),
        ([[0.0]], [[0.5, 0.5]]),
        ([[1e308]], [[0.0, 1.0]]),
        ([[1e4, -1e4, 0.0]], [[1.0, 0.0, 0.0]]),
        ([[-1e4, -1e4, -1e4, -1e4]], [[0.25, 0.25, 0.25, 0.25]]),
        ([[1e4, 1e4]], [[0.5, 0.5]]),
    ],
)
def test_large_scores_do_not_overflow(raw: list[list[float]], expected: list[list[float]]) -> None:
    """Scores of ten thousand and more give 0 and 1, without a warning and without NaN."""
    assert linear.probabilities(np.array(raw)).tolist() == expected


def test_small_probabilities_keep_their_digits() -> None:
    """exp(-40) for the unlikely class is not rounded to 0: 1 - p would be."""
    found = linear.probabilities(np.array([[40.0], [-40.0]]))
    assert found[0, 0] == found[1, 1] == pytest.approx(np.exp(-40.0), rel=1e-15)


def test_probabilities_of_many_variants_are_those_of_each() -> None:
    """A leading axis of variants changes no number."""
    raw = np.random.default_rng(0).normal(size=(3, 7, 4)) * 10
    for i in range(3):
        assert np.array_equal(linear.probabilities(raw)[i], linear.probabilities(raw[i]))
        one = raw[i][:, :1]
        assert np.array_equal(linear.probabilities(raw[..., :1])[i], linear.probabilities(one))


@pytest.mark.parametrize(("scaling", "classes"), [*product(("standard", "none"), (2, 4))])
def test_folded_classifiers_give_the_estimators_probabilities(scaling: str, classes: int) -> None:
    """Scaling folded into the coefficients changes probabilities by no more than the rounding of the scores."""
    f = fitted("logistic", scaling, 1, classes)
    rows, _ = table(50, 3, seed=9)
    mean = np.abs(f.preparation.mean)
    terms = (np.abs(rows) + 2 * mean) @ np.abs(f.parts.values["coef"]).T + np.abs(f.parts.values["intercept"])
    near = (2 * 3 + 8) * 2 * U64 * terms.max(axis=1) + 2 * (classes + 8) * U64
    found, theirs = families.outputs(f.parts, rows), f.estimator.predict_proba(rows)
    assert (np.abs(found - theirs) <= near[:, None]).all()
    assert near.max() < 1e-9


@pytest.mark.parametrize(
    ("labels", "names_"),
    [
        ([0.0, 1.0, 2.0], ("0", "1", "2")),
        ([3, 7, 9], ("3", "7", "9")),
        (["no", "perhaps", "yes"], ("no", "perhaps", "yes")),
        ([False, True], ("False", "True")),
    ],
)
def test_classes_are_named_by_their_labels(labels: list[object], names_: tuple[str, ...]) -> None:
    """Whole numbers lose their point, all else is spelled as it is."""
    X, y = table()
    numbers = (np.argsort(np.argsort(y)) * len(labels) // len(y)).astype(int)
    fitted_to = LogisticRegression(max_iter=5000).fit(X / X.std(axis=0), np.array(labels)[numbers])
    assert families.extract(fitted_to).meta["classes"] == names_


@pytest.mark.parametrize(
    ("granularity", "coef", "intercept"),
    [
        ("tensor", [[0] * 20, [0] * 20, [0] * 20], [0, 0, 0]),
        ("row", [[0] * 20, [1] * 20, [2] * 20], [0, 1, 2]),
        ("block", [[0] * 16 + [1] * 4, [2] * 16 + [3] * 4, [4] * 16 + [5] * 4], [0, 2, 4]),
    ],
)
def test_groups_are_those_of_the_granularity(granularity: str, coef: list[list[int]], intercept: list[int]) -> None:
    """One scale for all, one a row, or one for sixteen neighbours of a row; an intercept goes with its row's first."""
    meta = {"task": "classification", "features": [f"f{i}" for i in range(20)], "classes": ["a", "b", "c"]}
    parts = Parts("linear", {"coef": np.zeros((3, 20)), "intercept": np.zeros(3)}, {}, meta)
    assert families.groups(parts, "coef", granularity).tolist() == coef
    assert families.groups(parts, "intercept", granularity).tolist() == intercept


@pytest.mark.parametrize(("classes", "rows"), [([], 1), (["a", "b"], 1), (["a", "b", "c"], 3)])
def test_a_model_has_one_row_a_class_but_one_for_two(classes: list[str], rows: int) -> None:
    """Another number of rows than the classes ask for is refused."""
    task = "classification" if classes else "regression"
    meta = {"task": task, "features": ["a", "b"], "classes": classes}
    for n in (1, 2, 3):
        parts = Parts("linear", {"coef": np.zeros((n, 2)), "intercept": np.zeros(n)}, {}, meta)
        if n == rows:
            linear.validate(parts)
        else:
            with pytest.raises(ArtifactError, match=rf"^coef has shape \({n}, 2\) and intercept \({n},\)$"):
                linear.validate(parts)
