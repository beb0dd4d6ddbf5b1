"""Multilayer perceptrons: layers of weighted sums, each behind the last one's activation.

Of layer i the weights are `weight_i` (n_out, n_in), a row a neuron, and the biases `bias_i` (n_out,). As for a linear
model, the first layer belongs to the unscaled columns: a scaling of the columns is folded into it, and one of the
target into the last layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from core.errors import ArtifactError, InvalidInput
from core.families import linear
from core.parts import Array, Floats, Parts

# The classes of scikit-learn that are taken over, the last one round a regressor, for a target that is scaled.
KINDS = ("MLPRegressor", "MLPClassifier", "TransformedTargetRegressor")

# More layers or numbers than a model here has; they keep what a small file can unfold to within bounds.
MOST_LAYERS, MOST_NUMBERS = 16, 2**21

# Numbers of a layer's answers that are held at once: 32 MB.
_AT_ONCE = 4_000_000


def _logistic(x: Floats) -> Floats:
    """Return 1/(1 + exp(-x)), written so that nothing overflows."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x))


ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "relu": lambda x: np.maximum(x, 0.0),
    "tanh": lambda x: np.asarray(np.tanh(x)),
    "logistic": _logistic,
    "identity": lambda x: x,
}


def extract(estimator: Any) -> Parts:
    """Return the layers of a fitted perceptron; raises `InvalidInput` for one that is not taken over exactly."""
    inner = getattr(estimator, "regressor_", estimator)
    if type(inner).__name__ not in KINDS[:2]:
        raise InvalidInput("regressor", type(inner).__name__, "an MLPRegressor where the target is scaled")
    out = {"identity": 1, "logistic": 1}.get(inner.out_activation_, inner.n_outputs_)
    if inner.out_activation_ == "exp" or inner.n_outputs_ != out:
        raise InvalidInput("estimator", f"{inner.n_outputs_} outputs, {inner.out_activation_}", "one target or class")
    values: dict[str, Floats] = {}
    for i, (coefs, bias) in enumerate(zip(inner.coefs_, inner.intercepts_, strict=True)):
        values |= {f"weight_{i}": np.asarray(coefs.T, np.float64), f"bias_{i}": np.asarray(bias, np.float64)}
    names = [str(n) for n in getattr(inner, "feature_names_in_", ())] or [f"x{i}" for i in range(inner.n_features_in_)]
    classes = [linear._class_name(c) for c in getattr(inner, "classes_", ())]
    meta = {
        "task": "classification" if classes else "regression",
        "features": names,
        "classes": classes,
        "activation": inner.activation,
        "hidden": [len(bias) for bias in inner.intercepts_[:-1]],
    }
    parts = Parts("mlp", values, {}, meta)
    return parts if inner is estimator else _fold_target(parts, estimator.transformer_)


def _fold_target(parts: Parts, scaler: Any) -> Parts:
    """Return the same model for the target as it is, where a StandardScaler was in between: σ·w and σ·b + mean."""
    if type(scaler).__name__ != "StandardScaler":
        raise InvalidInput("scaling of the target", type(scaler).__name__, "a StandardScaler")
    last, values = len(parts.values) // 2 - 1, dict(parts.values)
    scale = 1.0 if scaler.scale_ is None else float(scaler.scale_[0])
    mean = float(scaler.mean_[0]) if scaler.with_mean else 0.0
    values[f"weight_{last}"] = values[f"weight_{last}"] * scale
    values[f"bias_{last}"] = values[f"bias_{last}"] * scale + mean
    return Parts("mlp", values, parts.structure, parts.meta)


def fold_scaling(parts: Parts, mean: Floats, scale: Floats) -> Parts:
    """Return the same model for unscaled columns, of which only the first layer knows."""
    weight = parts.values["weight_0"] / scale
    first = {"weight_0": weight, "bias_0": parts.values["bias_0"] - weight @ mean}
    return Parts("mlp", {**parts.values, **first}, parts.structure, parts.meta)


def layers(parts: Parts) -> Iterator[tuple[Floats, Floats]]:
    """Yield the weights and the biases of each layer, the first one first."""
    for i in range(len(parts.values) // 2):
        yield parts.values[f"weight_{i}"], parts.values[f"bias_{i}"]


def shapes(n_columns: int, hidden: tuple[int, ...], n_out: int) -> list[tuple[int, int]]:
    """Return the shape of each layer's weights, (n_out, n_in)."""
    widths = [n_columns, *hidden, n_out]
    return list(zip(widths[1:], widths, strict=False))


def answers(parts: Parts, X: Floats) -> Iterator[Floats]:
    """Yield the sums of each layer for `X` (n_rows, n_columns), before its activation: (n_rows, n_out)."""
    activation, inputs = ACTIVATIONS[parts.meta["activation"]], X
    for weight, bias in layers(parts):
        sums = inputs @ weight.T + bias
        yield sums
        inputs = activation(sums)


def scores(parts: Parts, X: Floats) -> Floats:
    """Return the sums of the last layer for every row, shape (n_rows, n_outputs)."""
    step = max(1, _AT_ONCE // max(len(bias) for _, bias in layers(parts)))
    found = [list(answers(parts, X[i : i + step]))[-1] for i in range(0, max(len(X), 1), step)]
    return np.concatenate(found) if len(found) > 1 else found[0]


def outputs(parts: Parts, X: Floats) -> Floats:
    """Return values (n_rows,) for regression, class probabilities (n_rows, n_classes) for classification."""
    found = scores(parts, X)
    return linear.probabilities(found) if parts.meta["task"] == "classification" else found[:, 0]


def groups(parts: Parts, name: str, granularity: str) -> Array:
    """Return one id per value of a layer's weights or biases, as of a linear model's coefficients and intercepts."""
    kind, number = name.split("_")
    values = {"coef": parts.values[f"weight_{number}"], "intercept": parts.values[f"bias_{number}"]}
    layer = Parts("linear", values, {}, parts.meta)
    return linear.groups(layer, "coef" if kind == "weight" else "intercept", granularity)


def check_size(n_columns: int, hidden: tuple[int, ...], n_out: int) -> None:
    """Raise `ArtifactError` for a perceptron that no file may hold."""
    if len(hidden) >= MOST_LAYERS or not all(0 < width <= MOST_NUMBERS for width in hidden):
        raise ArtifactError(f"the perceptron has {len(hidden)} hidden layers, or one without a neuron")
    count = sum(rows * (columns + 1) for rows, columns in shapes(n_columns, hidden, n_out))
    if count > MOST_NUMBERS:
        raise ArtifactError(f"{count:,} weights and biases are more than a file holds ({MOST_NUMBERS:,})")


def validate(parts: Parts) -> None:
    """Raise `ArtifactError` unless each layer fits the one before it, from the columns to the outputs; all finite."""
    meta = parts.meta
    if meta.get("activation") not in ACTIVATIONS:
        raise ArtifactError("the activation of the perceptron is unknown to this version")
    if (meta["task"] == "classification") != (len(meta["classes"]) >= 2):
        raise ArtifactError(f"{len(meta['classes'])} classes for {meta['task']}")
    n_columns, hidden, n_out = sizes(parts)
    check_size(n_columns, hidden, n_out)
    found = shapes(n_columns, hidden, n_out)
    names = {f"{kind}_{i}" for i in range(len(found)) for kind in ("weight", "bias")}
    if set(parts.values) != names or parts.structure:
        raise ArtifactError(f"a perceptron of {len(found)} layers has exactly a weight and a bias in each")
    for i, shape in enumerate(found):
        weight, bias = parts.values[f"weight_{i}"], parts.values[f"bias_{i}"]
        if weight.shape != shape or bias.shape != shape[:1]:
            raise ArtifactError(f"layer {i + 1} has the shapes {weight.shape} and {bias.shape}, not {shape}")
        if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
            raise ArtifactError(f"a number of layer {i + 1} is not finite")


def sizes(parts: Parts) -> tuple[int, tuple[int, ...], int]:
    """Return how many columns, neurons in each hidden layer, and outputs the description of a perceptron names."""
    meta = parts.meta
    return len(meta["features"]), tuple(meta["hidden"]), linear.n_outputs(meta["task"], len(meta["classes"]))
