"""`MODELS`: hyperparameters as data."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

from core.config import TrainConfig
from core.errors import InvalidInput
from core.fields import Choice, Flag, Number
from core.models import MODELS
from core.train import fit_rows
from tests.support import fitted, names, table

PARAMS = [(model, name) for model, entry in MODELS.items() for name in entry.params]


@pytest.mark.parametrize("model", MODELS)
def test_every_model_is_described_and_can_be_made(model: str) -> None:
    """Label, summary and task are there, and the defaults make a scikit-learn estimator."""
    entry = MODELS[model]
    assert entry.label
    assert entry.summary.endswith(".")
    assert entry.task == ("classification" if model == "logistic" or model.endswith("_classifier") else "regression")
    defaults = {name: field.default for name, field in entry.params.items()}
    made = entry.make(rank_tol=0.0, **defaults)
    # The fields of other families have words where scikit-learn has None, or a name of their own.
    assert entry.family != "linear" or made.get_params().items() >= defaults.items()


@pytest.mark.parametrize(("model", "name"), PARAMS)
def test_every_default_is_allowed_and_explained(model: str, name: str) -> None:
    """A default passes its own check, and a form can be drawn: there is a label and a help text."""
    field = MODELS[model].params[name]
    assert field.check(name, field.default) == field.default
    assert field.label
    assert field.help


@pytest.mark.parametrize(("model", "name"), PARAMS)
def test_every_hyperparameter_refuses_what_is_out_of_range(model: str, name: str) -> None:
    """Values beyond either end, of another type, and NaN are refused with model, field and range."""
    field = MODELS[model].params[name]
    bad: list[object] = ["much", None, math.nan]
    if isinstance(field, Number):
        bad += [field.low - 1, field.high * 2, True, str(field.default)]
        bad += [field.low] if field.open_low else []
        bad += [0.5 + field.low] if field.integer else []
    elif isinstance(field, Flag):
        bad += [0, 1, "true"]
    for value in bad:
        with pytest.raises(InvalidInput, match=f"^{name} must be {field.allowed.replace('+', '.')}, got ") as caught:
            TrainConfig(model, params=((name, value),))  # type: ignore[arg-type]
        assert caught.value.value is value


@pytest.mark.parametrize("model", MODELS)
def test_a_mistyped_hyperparameter_is_refused(model: str) -> None:
    """An unknown name is refused with the names that this model has."""
    known = ", ".join(MODELS[model].params)
    with pytest.raises(InvalidInput, match=f'^setting of {model} must be one of {known}, got "alhpa"$'):
        TrainConfig(model, params=(("alhpa", 1.0),))


@pytest.mark.parametrize("model", ["linear", "ridge", "lasso", "elastic_net"])
def test_positive_coefficients_are_positive(model: str) -> None:
    """With `positive` no coefficient is below zero, though the data ask for one."""
    X, y = table()
    assert (fitted(model).parts.values["coef"] < 0).any()
    config = TrainConfig(model, params=(("positive", True),))
    assert (fit_rows(X, y, names(3), config).parts.values["coef"] >= 0).all()


@pytest.mark.parametrize("model", ["ridge", "lasso", "elastic_net"])
def test_a_larger_penalty_makes_smaller_coefficients(model: str) -> None:
    """`alpha` reaches the estimator: the standardised coefficients shrink as it grows."""
    X, y = table()
    sizes = []
    for alpha in (0.01, 1.0, 100.0):
        f = fit_rows(X, y, names(3), TrainConfig(model, params=(("alpha", alpha),)))
        sizes.append(float(np.abs(f.parts.values["coef"][0] * f.preparation.scale).sum()))
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[2]


def test_fields_are_plain_data() -> None:
    """Only the three kinds of field exist, which every form and reader knows."""
    kinds = {type(field) for entry in MODELS.values() for field in entry.params.values()}
    assert kinds <= {Number, Choice, Flag}


@pytest.mark.parametrize("model", [m for m, entry in MODELS.items() if entry.family != "mlp"])
def test_no_hyperparameter_is_left_to_an_estimators_own_default(model: str) -> None:
    """What a model declares is exactly what its factory passes on, beside the rank tolerance."""
    made = MODELS[model].make(rank_tol=0.5, **{n: f.default for n, f in MODELS[model].params.items()})
    accepted = inspect.signature(type(made).__init__).parameters
    assert set(MODELS[model].params) <= set(accepted)


@pytest.mark.parametrize("model", [m for m, entry in MODELS.items() if entry.family == "mlp"])
def test_no_hyperparameter_of_a_perceptron_is_left_out(model: str) -> None:
    """Each setting but the layers has scikit-learn's name and arrives; the two layers arrive as one tuple."""
    declared = {n: f.default for n, f in MODELS[model].params.items()}
    for second, layers in ((0, (5,)), (3, (5, 3))):
        made = MODELS[model].make(rank_tol=0.5, **declared | {"hidden": 5, "hidden_2": second, "max_iter": 17})
        given = getattr(made, "regressor", made).get_params()
        assert given["hidden_layer_sizes"] == layers
        plain = {n: v for n, v in declared.items() if not n.startswith("hidden")} | {"max_iter": 17}
        assert given.items() >= plain.items()
