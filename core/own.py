"""`from_estimator`: a fitted scikit-learn model becomes a file that opens here; no pickle in between."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from core import families, prepare
from core.artifact import Model, encode, loads
from core.artifact.model import library_versions
from core.datasets import Feature, Target
from core.datasets.table import decimals_of
from core.errors import ArtifactError, InvalidInput
from core.moments import moments
from core.parts import Floats, Parts


def from_estimator(
    estimator: Any,
    X: Any,
    *,
    feature_names: Sequence[str] | None = None,
    target: str = "prediction",
    unit: str = "",
    label: str = "",
) -> Model:
    """Return the `Model` of a fitted linear estimator or perceptron, behind a StandardScaler or not, or of trees.

    `X` (n_rows, n_features), an array or a DataFrame, are rows of the kind that the model was trained on; only
    sums over them and quantiles of each feature are kept, no row. Names come from `feature_names`, from the
    DataFrame, or are x0, x1, and so on. Raises `InvalidInput` for anything that cannot be taken over exactly.
    """
    scaler, last = _steps(estimator)
    rows = _rows(X)
    names = _names(feature_names, X, rows.shape[1])
    parts = _extracted(scaler, last)
    n_columns = len(parts.meta["features"])
    if n_columns != rows.shape[1]:
        raise InvalidInput("X", f"{rows.shape[1]} columns", f"{n_columns} columns, as in training")
    _check_order(estimator, X)
    parts = Parts(parts.family, parts.values, parts.structure, {**parts.meta, "features": names})
    # Numbers that overflow fail one of the checks below; they need no warning besides.
    with np.errstate(all="ignore"):
        if scaler is not None:
            parts = families.fold_scaling(parts, *_scaling(scaler, rows.shape[1]))
        outputs = families.outputs(parts, rows)
        _check_identity(estimator, rows, parts, outputs)
        preparation, columns = prepare.fit(rows, names, 1, "none")
        sketch = np.quantile(rows, np.linspace(0, 1, 21), axis=0).T
        spread = outputs if outputs.ndim == 1 else families.predict(parts, rows)
        made = Model(
            None, None, "", _features(names, sketch), Target(target, target, unit, 1.0, target), parts.meta["task"],
            sketch, preparation, parts, None, moments(columns, spread), {}, library_versions(), label,
        )  # fmt: skip
        return _checked(made)


def _extracted(scaler: Any, last: Any) -> Parts:
    """Return the parts of an estimator; raises `InvalidInput` for one that is not fitted or cannot be taken over."""
    if type(last).__name__ in families.trees.KINDS:
        if scaler is not None:
            allowed = "a linear model behind the scaler: trees need none, so fit them on the features as they are"
            raise InvalidInput("pipeline", f"StandardScaler → {type(last).__name__}", allowed)
        return families.extract(last)
    fitted = any(hasattr(last, name) for name in ("coef_", "coefs_", "regressor_"))
    if not fitted or not (scaler is None or hasattr(scaler, "scale_")):
        raise InvalidInput("estimator", type(last).__name__, "fitted: call its fit first")
    if hasattr(getattr(last, "coef_", None), "toarray"):
        raise InvalidInput("estimator", "sparse coefficients", "one with dense coefficients: call densify first")
    return families.extract(last)


def _checked(model: Model) -> Model:
    """Return `model` after its file has been opened once: better refused here than where it is needed."""
    try:
        loads(encode(model))
    except (ArtifactError, ValueError) as error:
        raise InvalidInput("model", model.label, f"one that a file can hold ({error})") from error
    return model


def _steps(estimator: Any) -> tuple[Any, Any]:
    if not hasattr(estimator, "steps"):
        return None, estimator
    names = [type(step).__name__ for _, step in estimator.steps]
    if len(names) != 2 or names[0] != "StandardScaler":
        raise InvalidInput("pipeline", " → ".join(names), "a StandardScaler and a linear model or perceptron")
    return estimator.steps[0][1], estimator.steps[1][1]


def _rows(X: Any) -> Floats:
    try:
        given = np.asarray(X)
        # Text, dates and complex numbers can be read as numbers, but are none.
        rows = given.astype(np.float64) if given.dtype.kind in "biufO" else None
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput("X", type(X).__name__, "a table of numbers") from error
    if rows is None:
        raise InvalidInput("X", type(X).__name__, "a table of numbers")
    if rows.ndim != 2 or len(rows) < 2:
        raise InvalidInput("X", f"shape {rows.shape}", "a table of at least two rows")
    if not np.isfinite(rows).all():
        raise InvalidInput("X", "NaN or infinity", "a table of finite numbers")
    return rows


def _names(given: Sequence[str] | None, X: Any, count: int) -> list[str]:
    found = given if given is not None else getattr(X, "columns", [f"x{i}" for i in range(count)])
    if isinstance(found, str) or not hasattr(found, "__iter__"):
        raise InvalidInput("feature_names", found, "a list of names")
    names = [str(n) for n in found]
    if len(names) != count or len(set(names)) != count:
        raise InvalidInput("feature_names", f"{len(set(names))} different names", f"{count} different names")
    return names


def _scaling(scaler: Any, count: int) -> tuple[Floats, Floats]:
    mean = np.zeros(count) if scaler.mean_ is None or not scaler.with_mean else np.asarray(scaler.mean_)
    scale = np.ones(count) if scaler.scale_ is None else np.asarray(scaler.scale_)
    return mean, scale


def _check_order(estimator: Any, X: Any) -> None:
    """Raise `InvalidInput` when the names of a DataFrame's columns are not those of the training, in their order."""
    known, given = getattr(estimator, "feature_names_in_", None), getattr(X, "columns", None)
    if known is not None and given is not None and list(known) != list(given):
        raise InvalidInput("columns of X", ", ".join(map(str, given)), "as in training: " + ", ".join(map(str, known)))


def _check_identity(estimator: Any, rows: Floats, parts: Parts, outputs: Floats) -> None:
    """Raise `InvalidInput` unless the parts give what the estimator gives, up to rounding."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the rows here carry no names
        theirs = np.asarray(estimator.predict_proba(rows) if outputs.ndim == 2 else estimator.predict(rows))
    if theirs.shape == (len(rows), 1) and outputs.ndim == 1:  # a target that came as one column
        theirs = theirs[:, 0]
    if parts.family != "linear":
        near = (1e-12 if parts.family == "trees" else 1e-9) * max(1.0, float(np.abs(outputs).max(initial=0)))
    else:
        # Sums of products in another order: a few units in the last place of the largest term.
        size = float(np.abs(parts.values["coef"]).max(initial=0) * np.abs(rows).max(initial=0))
        near = 1e-12 * max(1.0, size * parts.values["coef"].shape[1])
    if theirs.shape != outputs.shape or not np.allclose(theirs, outputs, rtol=1e-9, atol=near):
        what = {"trees": "its trees reproduce", "mlp": "its layers reproduce"}.get(parts.family, "a sum reproduces")
        raise InvalidInput("estimator", type(estimator).__name__, f"one whose predictions {what}")


def _features(names: Sequence[str], sketch: Floats) -> tuple[Feature, ...]:
    found = []
    for name, quantiles in zip(names, sketch, strict=True):
        low, high = float(quantiles[0]), float(quantiles[-1])
        found.append(Feature(name, name, "", "unit", "", low, high, decimals_of(low, high)))
    return tuple(found)
