"""`MLP`: the multilayer perceptrons that can be trained, in the form of `MODELS`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from core.fields import Choice, Field, Number
from core.models.model import Model

# The same seed for every model: how its weights begin is no setting.
_SEED = 42

_FIELDS: dict[str, Field] = {
    "hidden": Number(32, 1, 256, integer=True, label="Neurons", help="How many neurons the first hidden layer has."),
    "hidden_2": Number(
        0, 0, 256, integer=True, label="Neurons behind them", help="The same of a second hidden layer; 0 for none."
    ),
    "activation": Choice(
        "relu",
        ("relu", "tanh", "logistic", "identity"),
        "Activation",
        "What a neuron makes of its sum: nothing below zero, an S-shaped curve, or the sum itself.",
    ),
    "alpha": Number(1e-4, 0, 1e6, label="Penalty alpha", help="Larger values pull the weights towards zero."),
    "learning_rate_init": Number(
        0.001, 0, 1, open_low=True, label="Learning rate", help="How far one step of the training goes."
    ),
    "max_iter": Number(
        200, 1, 2000, integer=True, label="Rounds at most", help="How often the training sees all rows, at most."
    ),
}

# What these take, in multiplications of a matrix product: measured, on a core that is busy. One weight and row of a
# round, forwards and back, and one step of the training, which sees a batch of so many rows.
_WEIGHT, _STEP, _BATCH = 5, 4_000_000, 200


def _arguments(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what scikit-learn is given: the layers as one tuple."""
    given = dict(params)
    first, second = given.pop("hidden"), given.pop("hidden_2")
    return {**given, "hidden_layer_sizes": (first, second) if second else (first,), "random_state": _SEED}


def _regressor(rank_tol: float, **params: Any) -> Any:
    """Return a perceptron for a target of mean 0 and deviation 1: its steps are too small for one in dollars."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPRegressor
    from sklearn.preprocessing import StandardScaler

    return TransformedTargetRegressor(MLPRegressor(**_arguments(params)), transformer=StandardScaler())


def _classifier(rank_tol: float, **params: Any) -> Any:
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(**_arguments(params))


def _work(params: Mapping[str, Any], n: int, p: int, k: int) -> float:
    """Return the work of all rounds; a training that stops when it gains no more is done sooner."""
    widths = [p, params["hidden"], *([params["hidden_2"]] if params["hidden_2"] else []), 1 if k <= 2 else k]
    weights = sum(a * b for a, b in pairwise(widths))
    return float(params["max_iter"] * (_WEIGHT * n * weights + _STEP * max(1, n / _BATCH)))


_SUMMARY = "Layers of weighted sums, each bent by an activation; its columns, and its target, are always standardised."

MLP: dict[str, Model] = {
    "mlp": Model("Multilayer perceptron", "regression", "mlp", _SUMMARY, _FIELDS, _regressor, work=_work),
    "mlp_classifier": Model(
        "Multilayer perceptron",
        "classification",
        "mlp",
        "Layers of weighted sums, each bent by an activation; its columns are always standardised.",
        _FIELDS,
        _classifier,
        work=_work,
    ),
}
