"""Both models side by side: metrics, difference, parameters, agreement and bytes, as one `Comparison`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from core import families
from core.artifact import Model, encode, from_trained
from core.config import Experiment
from core.errors import InvalidInput
from core.intervals import Difference, Spread, r2_difference, spread_of
from core.moments import Moments, mean_of
from core.parts import Floats, Parts, frozen, plain, read_only
from core.quant import Quantized, Scheme, decoded_blocks, dequantize, quantize
from core.quant.coordinates import column_scale
from core.sizes import Size, float_size, quantized_size, why_not_smaller
from core.train import Trained, fit_rows

Metrics = Mapping[str, float | None]
PARTS = ("test", "train")


@dataclass(frozen=True)
class Parameter:
    """One parameter in the coordinates in which it was rounded; `code` is None where it has none."""

    name: str
    original: float
    quantized: float
    code: int | None

    @property
    def error(self) -> float:
        """Quantised minus original."""
        return self.quantized - self.original


@dataclass(frozen=True)
class Yardstick:
    """A plain cast of the same parameters: its bytes, and its R² on the test rows."""

    kind: str
    numbers: int
    r2: float | None


@dataclass(frozen=True)
class Agreement:
    """How far the two models' predictions lie apart on the test rows, in the target's unit."""

    median: float
    p99: float
    largest: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """Everything that is shown of an original and its quantised twin; immutable.

    `metrics[model][part]` are r2, rmse and mae; `differences` (n_test,) are quantised minus original
    predictions on the test rows; errors of `parameters` leave the intercept out of mean and maximum.
    """

    experiment: Experiment
    quantized: Quantized
    decoded: Parts
    metrics: Mapping[str, Mapping[str, Metrics]]
    difference: Difference | None
    parameters: tuple[Parameter, ...]
    first: Mapping[str, tuple[float, ...]]
    differences: Floats
    agreement: Agreement
    sizes: Mapping[str, Size]
    yardsticks: tuple[Yardstick, ...]
    joblib_bytes: int
    not_smaller: str
    output_error: float

    @property
    def errors(self) -> Floats:
        """Absolute errors of the coefficients, without the intercept."""
        return np.array([abs(p.error) for p in self.parameters if p.name != "intercept"])

    @property
    def coef_range(self) -> float:
        """Largest minus smallest original coefficient."""
        values = [p.original for p in self.parameters if p.name != "intercept"]
        return max(values) - min(values)

    def to_json(self) -> dict[str, Any]:
        """Return the object that `compare --json` prints."""
        errors, width = self.errors, self.coef_range
        values = [
            {"name": p.name, "original": p.original, "quantized": p.quantized, "code": p.code} for p in self.parameters
        ]
        return {
            "experiment": self.experiment.to_json(),
            "original": plain(self.metrics["original"]),
            "quantized": plain(self.metrics["quantized"]),
            "difference": None if self.difference is None else self.difference.to_json(),
            "parameters": {
                "mean_absolute_error": float(errors.mean()),
                "max_absolute_error": float(errors.max()),
                "relative_error": float(errors.mean()) / width if width > 0 else None,
                "values": values,
            },
            "predictions": {name: list(values) for name, values in self.first.items()},
            "agreement": asdict(self.agreement),
            "sizes": {
                **{name: size.to_json() for name, size in self.sizes.items()},
                "bits_per_parameter": self.sizes["quantized"].bits_per_parameter,
                "joblib": self.joblib_bytes,
                "yardsticks": {y.kind: {"bytes": y.numbers, "test_r2": y.r2} for y in self.yardsticks},
                "not_smaller": self.not_smaller,
            },
            "scheme": self.quantized.scheme.to_json(),
        }


def regression_metrics(y: Floats, predicted: Floats) -> dict[str, float | None]:
    """Return R² (dimensionless; None when all targets are equal), RMSE and MAE in the target's unit."""
    error = y - predicted
    total = float(((y - mean_of(y)) ** 2).sum())
    r2 = 1 - float(error @ error) / total if total > 0 else None
    return {"r2": r2, "rmse": float(np.sqrt((error**2).mean())), "mae": float(np.abs(error).mean())}


def measure(trained: Trained, parts: Parts) -> Mapping[str, Metrics]:
    """Return the metrics of `parts` on the test and on the training rows, read-only."""
    found = {}
    for part in PARTS:
        columns, y = trained.columns(part)
        found[part] = regression_metrics(y, families.predict(parts, columns))
    frozen_metrics: Mapping[str, Metrics] = read_only(found)
    return frozen_metrics


@dataclass(frozen=True, eq=False)
class Baseline:
    """What every comparison with one trained model shares: computed once, kept while it is in use."""

    metrics: Mapping[str, Metrics]
    predicted: Floats
    spread: Spread | None
    size: Size
    yardsticks: tuple[Yardstick, ...]


@lru_cache(maxsize=16)
def baseline(trained: Trained) -> Baseline:
    """Return the original's metrics, predictions and bytes, and the plain casts of its parameters."""
    columns, y = trained.columns("test")
    metrics = measure(trained, trained.parts)
    file = len(encode(from_trained(trained, metrics={"original": metrics}).only("original")))
    casts = []
    for kind in ("float32", "float16"):
        cast = cast_parts(trained.parts, kind)
        size = float_size(trained.parts, file, kind)
        casts.append(Yardstick(kind, size.numbers, regression_metrics(y, families.predict(cast, columns))["r2"]))
    predicted = frozen(families.predict(trained.parts, columns))
    return Baseline(metrics, predicted, spread_of(y), float_size(trained.parts, file), tuple(casts))


def cast_parts(parts: Parts, kind: str) -> Parts:
    """Return `parts` with every value stored as `kind`; values beyond its range stop at its largest."""
    limit = float(np.finfo(kind).max)
    values = {n: np.clip(v, -limit, limit).astype(kind).astype(np.float64) for n, v in parts.values.items()}
    return replace(parts, values=values)


def parameters(parts: Parts, q: Quantized, moments: Moments) -> tuple[Parameter, ...]:
    """Return every coefficient and the intercept, in the coordinates in which they were rounded."""
    standardised = q.scheme.space == "standardised"
    n_columns = q.shape[1]
    scale = column_scale(moments) if standardised else np.ones(n_columns)
    mean = moments.mean if standardised else np.zeros(n_columns)
    coef = parts.values["coef"][0]
    blocks, twin = decoded_blocks(q), dequantize(q)
    codes = q.codes["coef"]
    found = [
        Parameter(name, float(w), float(d), int(c))
        for name, w, d, c in zip(
            parts.meta["features"], coef * scale, blocks["coef"][:n_columns], codes[:n_columns], strict=True
        )
    ]
    code = {"quantised": q.codes.get("intercept", codes)[-1], "same-grid": codes[-1]}.get(q.scheme.intercept)
    # The intercept of the rounding coordinates: b + w·mean for standardised columns.
    before = float(parts.values["intercept"][0] + coef @ mean)
    after = float(twin.values["intercept"][0] + twin.values["coef"][0] @ mean)
    if "intercept" in blocks or q.scheme.intercept == "same-grid":
        after = float((blocks["intercept"] if "intercept" in blocks else blocks["coef"])[-1])
    return (*found, Parameter("intercept", before, after, None if code is None else int(code)))


def agreement(differences: Floats) -> Agreement:
    """Return median, 99th percentile and largest of the absolute differences."""
    size = np.abs(differences)
    return Agreement(float(np.median(size)), float(np.quantile(size, 0.99)), float(size.max()))


def compare(trained: Trained, scheme: Scheme, quantized: Quantized | None = None) -> Comparison:
    """Return the comparison of a trained model with its quantised twin.

    `quantized` stands for one that exists already (from a file); else the model is quantised by `scheme`.
    """
    base = baseline(trained)
    q = quantized or quantize(trained.parts, scheme, trained.moments)
    twin = dequantize(q)
    columns, y = trained.columns("test")
    predicted = families.predict(twin, columns)
    metrics = read_only({"original": base.metrics, "quantized": measure(trained, twin)})
    difference = None if base.spread is None else r2_difference(base.spread, y, base.predicted, predicted)
    file = len(encode(from_trained(trained, q, metrics={"quantized": metrics["quantized"]}).only("quantized")))
    sizes = read_only({"original": base.size, "quantized": quantized_size(q, file)})
    delta = twin.values["coef"][0] - trained.parts.values["coef"][0]
    shift = float(twin.values["intercept"][0] - trained.parts.values["intercept"][0])
    moved = frozen(predicted - base.predicted)
    return Comparison(
        Experiment(trained.data, trained.config, scheme),
        q,
        twin,
        metrics,
        difference,
        parameters(trained.parts, q, trained.moments),
        read_only({"original": base.predicted[:5].tolist(), "quantized": predicted[:5].tolist()}),
        moved,
        agreement(moved),
        sizes,
        base.yardsticks,
        trained.report.joblib_bytes,
        why_not_smaller(sizes["original"], sizes["quantized"]),
        float(delta @ trained.moments.gram @ delta + (delta @ trained.moments.mean + shift) ** 2),
    )


def model_file(trained: Trained, comparison: Comparison, label: str = "") -> Model:
    """Return the pair as one file's contents, with the metrics of the comparison."""
    metrics: dict[str, Any] = dict(comparison.metrics)
    if comparison.difference is not None:
        metrics["difference"] = comparison.difference.to_json()
    return from_trained(trained, comparison.quantized, metrics, label)


def cross_validate(trained: Trained, scheme: Scheme, folds: int = 5) -> dict[str, dict[str, float]]:
    """Return mean and standard deviation of R² over `folds` parts of the training rows, for both models.

    In each fold the model is refitted and quantised on the other parts; no test row is read.
    """
    from sklearn.model_selection import KFold

    X, y = trained.rows("train")
    if not 2 <= folds <= min(20, len(y) // 2):
        raise InvalidInput("cv", folds, "a whole number from 2 to 20, with two rows in each fold")
    scores: dict[str, list[float]] = {"original": [], "quantized": []}
    for inside, outside in KFold(folds, shuffle=True, random_state=trained.data.seed).split(X):
        f = fit_rows(X[inside], y[inside], trained.dataset.feature_names, trained.config)
        columns = f.preparation.expand(X[outside])
        twin = dequantize(quantize(f.parts, scheme, f.moments))
        for name, parts in (("original", f.parts), ("quantized", twin)):
            r2 = regression_metrics(y[outside], families.predict(parts, columns))["r2"]
            scores[name].append(float("nan") if r2 is None else r2)
    return {n: {"r2_mean": float(np.mean(s)), "r2_std": float(np.std(s))} for n, s in scores.items()}
