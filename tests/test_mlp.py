"""Multilayer perceptrons: equal to scikit-learn's, whatever they were trained on, and refused where they are not."""

from __future__ import annotations

import inspect
from itertools import product
from typing import Any

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from core import families
from core.config import DataConfig, TrainConfig
from core.cost import seconds_to_fit
from core.datasets import load
from core.errors import ArtifactError, InvalidInput
from core.families import mlp
from core.models import MODELS
from core.models.mlp import MLP
from core.own import from_estimator
from core.parts import Floats, Parts
from core.train import fit_rows
from core.tune.space import SPACES, checked, default_space, grid_of
from tests.support import classes_of, names, table, words

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

QUICK: dict[str, Any] = {"hidden": 6, "max_iter": 30}
ACTIVATIONS = MLP["mlp"].params["activation"].options  # type: ignore[union-attr]


def config(model: str, **params: Any) -> TrainConfig:
    """Return a recipe that is trained in a blink."""
    return TrainConfig(model, params=tuple((QUICK | params).items()))


def said(estimator: Any, X: Floats) -> Floats:
    """Return what scikit-learn answers: values, or probabilities."""
    return np.asarray(estimator.predict_proba(X) if hasattr(estimator, "predict_proba") else estimator.predict(X))


def agrees(parts: Parts, estimator: Any, X: Floats) -> None:
    """Assert equal outputs, to 1e-9 of their size, and the very same labels."""
    theirs, ours = said(estimator, X), families.outputs(parts, X)
    assert np.allclose(ours, theirs, rtol=1e-9, atol=1e-9 * max(1.0, float(np.abs(theirs).max())))
    if theirs.ndim == 2:
        assert np.array_equal(families.predict(parts, X), theirs.argmax(axis=1))


@pytest.mark.parametrize(("activation", "second", "classes"), [*product(ACTIVATIONS, (0, 3), (0, 2, 4))])
def test_it_answers_as_scikit_learn_does(activation: str, second: int, classes: int) -> None:
    """For values and two or more classes, one or two hidden layers and every activation, trained as a user does."""
    X, y = table(90, 4)
    model = "mlp_classifier" if classes else "mlp"
    f = fit_rows(
        X, classes_of(y, classes) if classes else 1e5 * y, names(4),
        config(model, activation=activation, hidden_2=second), words(classes),
    )  # fmt: skip
    assert f.parts.family == "mlp"
    assert f.parts.meta["hidden"] == ((6, 3) if second else (6,))
    mlp.validate(f.parts)
    agrees(f.parts, f.estimator, X)
    agrees(f.parts, f.estimator, X[:1])


def test_no_rows_are_answered_by_none() -> None:
    """An empty table gives an empty answer, of either task."""
    for model, shape in (("mlp", (0,)), ("mlp_classifier", (0, 3))):
        f = fit_rows(*small_rows(model), names(3), config(model), words(3) if shape[1:] else ())
        assert families.outputs(f.parts, np.empty((0, 3))).shape == shape


def small_rows(model: str) -> tuple[Floats, Floats]:
    """Return rows of three features for a model."""
    X, y = table(60, 3)
    return X, classes_of(y, 3) if model == "mlp_classifier" else y


def test_rows_are_answered_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the answers of a layer would fill the memory, a few rows are answered at a time, and equally."""
    X, y = table(60, 3)
    parts = fit_rows(X, y, names(3), config("mlp")).parts
    whole = families.outputs(parts, X)
    monkeypatch.setattr(mlp, "_AT_ONCE", 42)
    assert np.allclose(families.outputs(parts, X), whole, rtol=1e-12, atol=0)


def test_it_is_always_standardised() -> None:
    """Scaling none makes no difference, and a target in dollars is learnt as one in thousands of them."""
    X, y = table(90, 3)
    scaled, plain = (fit_rows(X, y, names(3), TrainConfig("mlp", s, params=(("max_iter", 20),))) for s in
                     ("standard", "none"))  # fmt: skip
    dollars = fit_rows(X, 1000 * y, names(3), TrainConfig("mlp", params=(("max_iter", 20),)))
    wanted = families.outputs(scaled.parts, X)
    assert np.array_equal(families.outputs(plain.parts, X), wanted)
    assert np.allclose(families.outputs(dollars.parts, X), 1000 * wanted, rtol=1e-6)


def test_a_solver_that_stops_early_is_a_note() -> None:
    """One round is never enough, and is said."""
    X, y = table(60, 3)
    f = fit_rows(X, y, names(3), config("mlp", max_iter=1))
    assert any("stopped before it had converged" in note for note in f.notes)
    assert f.rank is None


@pytest.mark.parametrize("model", MLP)
def test_every_setting_is_described_and_scikit_learn_knows_it(model: str) -> None:
    """Forms can be drawn; the defaults are scikit-learn's own but for the width; the seed is fixed."""
    entry = MLP[model]
    assert MODELS[model] is entry
    assert (entry.family, entry.task) == ("mlp", "regression" if model == "mlp" else "classification")
    estimator = entry.make(rank_tol=0.0, **{n: f.default for n, f in entry.params.items()})
    inner = getattr(estimator, "regressor", estimator)
    given, defaults = inner.get_params(), inspect.signature(type(inner).__init__).parameters
    assert (given["random_state"], given["solver"], given["early_stopping"]) == (42, "adam", False)
    assert given["hidden_layer_sizes"] == (32,)
    for name, field in entry.params.items():
        assert field.label
        assert field.help.endswith(".")
        assert field.check(name, field.default) == field.default
        if not name.startswith("hidden"):
            assert given[name] == defaults[name].default


@pytest.mark.parametrize("model", MLP)
def test_a_search_starts_in_a_space_of_its_own(model: str) -> None:
    """The space passes its own checks, and every setting in it makes an estimator."""
    space = default_space(model)
    assert checked(model, space) == space == SPACES[model]
    for name, values in grid_of(model, space).items():
        for value in values:
            TrainConfig(model, params=((name, value),))


def test_a_long_training_is_known_to_be_long() -> None:
    """California takes seconds, so that a worker does it; more neurons, rounds and rows take longer."""
    california = load("california_housing")
    plain = seconds_to_fit(california, DataConfig(), TrainConfig("mlp"))
    assert plain > 1
    for name, value in (("hidden", 256), ("hidden_2", 64), ("max_iter", 400)):
        assert seconds_to_fit(california, DataConfig(), TrainConfig("mlp", params=((name, value),))) > plain
    assert seconds_to_fit(load("diabetes"), DataConfig("diabetes"), TrainConfig("mlp")) < plain


ROWS, TARGETS = table(80, 3)
OWN = {
    "alone": MLPRegressor(hidden_layer_sizes=(5,), max_iter=40, random_state=0),
    "behind a scaler": make_pipeline(
        StandardScaler(), MLPRegressor(hidden_layer_sizes=(5, 4), max_iter=40, random_state=0)
    ),
    "without means": make_pipeline(
        StandardScaler(with_mean=False), MLPRegressor(hidden_layer_sizes=(5,), max_iter=9, random_state=0)
    ),
    "a scaled target": make_pipeline(
        StandardScaler(),
        TransformedTargetRegressor(
            MLPRegressor(hidden_layer_sizes=(5,), max_iter=40, random_state=0), transformer=StandardScaler()
        ),
    ),
    "no hidden layer": MLPRegressor(hidden_layer_sizes=(), max_iter=40, random_state=0),
    "lbfgs": make_pipeline(
        StandardScaler(), MLPRegressor(hidden_layer_sizes=(5,), solver="lbfgs", max_iter=40, random_state=0)
    ),
}


@pytest.mark.parametrize("kind", OWN)
def test_an_estimator_of_ones_own_is_taken_over(kind: str) -> None:
    """Alone, behind a scaler, with a scaled target: the file answers as the estimator does, and can be quantised."""
    estimator = OWN[kind].fit(ROWS, TARGETS)
    made = from_estimator(estimator, ROWS, label="mine")
    assert made.original is not None
    agrees(made.original, estimator, ROWS)


def test_a_classifier_of_ones_own_keeps_the_names_of_its_classes() -> None:
    """Two classes, or more, by name."""
    for count in (2, 3):
        y = np.array(words(count))[classes_of(TARGETS, count).astype(int)]
        estimator = make_pipeline(
            StandardScaler(), MLPClassifier(hidden_layer_sizes=(5,), max_iter=40, random_state=0)
        ).fit(ROWS, y)
        made = from_estimator(estimator, ROWS)
        assert made.classes == words(count)
        assert np.array_equal(made.predict(ROWS), estimator.predict(ROWS))


def refused() -> dict[str, Any]:
    """Return estimators that cannot be taken over exactly."""
    two = np.column_stack([TARGETS, -TARGETS])
    labels = (two > 5).astype(int)
    scaled = TransformedTargetRegressor(MLPRegressor(hidden_layer_sizes=(3,), max_iter=3), transformer=MinMaxScaler())
    return {
        "not fitted": MLPRegressor(),
        "two targets": MLPRegressor(hidden_layer_sizes=(3,), max_iter=3).fit(ROWS, two),
        "several labels a row": MLPClassifier(hidden_layer_sizes=(3,), max_iter=3).fit(ROWS, labels),
        "counts": MLPRegressor(hidden_layer_sizes=(3,), loss="poisson", max_iter=3).fit(ROWS / 1e4, np.abs(TARGETS)),
        "another model inside": TransformedTargetRegressor(Ridge(), transformer=StandardScaler()).fit(ROWS, TARGETS),
        "another scaling inside": scaled.fit(ROWS, TARGETS),
        "a function of the target": TransformedTargetRegressor(
            MLPRegressor(hidden_layer_sizes=(3,), max_iter=3), func=np.cbrt, inverse_func=lambda t: t**3
        ).fit(ROWS, TARGETS),
    }


def test_what_cannot_be_taken_over_is_refused() -> None:
    """Several targets, several labels, another loss, another model or scaling inside, and one that is not fitted."""
    for kind, estimator in refused().items():
        with pytest.raises(InvalidInput):
            from_estimator(estimator, ROWS, label=kind)


def changed(parts: Parts, meta: dict[str, Any] | None = None, **values: Any) -> Parts:
    """Return `parts` with other values or another description; None takes a value away."""
    found = {n: v for n, v in {**parts.values, **values}.items() if v is not None}
    return Parts("mlp", found, parts.structure, {**parts.meta, **(meta or {})})


def test_layers_that_do_not_fit_are_refused() -> None:
    """A shape, a number that is none, a layer too many or too few, and a description that fits nothing."""
    parts = fit_rows(ROWS, TARGETS, names(3), config("mlp", hidden_2=4)).parts
    weight = parts.values["weight_1"]
    broken = (
        changed(parts, weight_1=weight[:-1]),
        changed(parts, weight_1=weight[:, :-1]),
        changed(parts, bias_0=np.zeros(5)),
        changed(parts, bias_2=np.array([np.nan])),
        changed(parts, weight_0=np.full((6, 3), np.inf)),
        changed(parts, weight_2=None),
        changed(parts, weight_3=weight, bias_3=np.zeros(4)),
        changed(parts, {"activation": "exp"}),
        changed(parts, {"hidden": [6]}),
        changed(parts, {"hidden": [6, 0]}),
        changed(parts, {"hidden": [6, 2**40]}),
        changed(parts, {"hidden": [1] * 16}),
        changed(parts, {"features": ["a", "b"]}),
        changed(parts, {"classes": ["a", "b"]}),
        changed(parts, {"task": "classification", "classes": ["a", "b", "c"]}),
    )
    for one in broken:
        with pytest.raises(ArtifactError):
            mlp.validate(one)


def test_missing_values_reach_it_filled() -> None:
    """Gaps are filled, and marked, before a perceptron sees the row; a constant column harms nothing."""
    X, y = table(80, 3)
    X[:, 1] = 7.0
    X[::9, 0] = np.nan
    recipe = TrainConfig("mlp", params=tuple(QUICK.items()), impute="median", indicator=True)
    f = fit_rows(X, y, names(3), recipe)
    columns = f.preparation.expand(X)
    assert columns.shape[1] == f.parts.values["weight_0"].shape[1] == 4
    agrees(f.parts, f.estimator, columns)


def test_training_tells_of_convergence_in_our_words_alone() -> None:
    """scikit-learn's warning does not reach the user."""
    X, y = table(60, 3)
    with pytest.warns(ConvergenceWarning):
        MLPRegressor(hidden_layer_sizes=(3,), max_iter=1).fit(X, y)
    assert fit_rows(X, y, names(3), config("mlp", max_iter=1)).notes


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            "Solver produced non-finite parameter weights. The input data may contain large values",
            "^learning_rate_init must be smaller for these rows: with steps of this size the weights grew beyond all "
            r"numbers, got 0\.5$",
        ),
        ("Something else", '^settings of mlp must be such that scikit-learn can fit it to these rows, got "Something'),
    ],
)
def test_a_training_that_fails_says_which_setting_is_wrong(
    monkeypatch: pytest.MonkeyPatch, said: str, message: str
) -> None:
    """scikit-learn's errors come out as bad input, with what to change where that is known."""

    def fails(*args: object, **kwargs: object) -> None:
        raise ValueError(said)

    monkeypatch.setattr(MLPRegressor, "fit", fails)
    with pytest.raises(InvalidInput, match=message):
        fit_rows(*table(60, 3), names(3), config("mlp", learning_rate_init=0.5))
