"""Both models side by side: metrics, difference, parameters, agreement and bytes, as one `Comparison`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import families
from core.artifact import Model, encode, from_trained
from core.artifact.held_back import measured_on
from core.comparison import Agreement, Comparison, Flip, Parameter, Yardstick, layer_parameters, leaf_parameters
from core.config import Experiment, TrainConfig
from core.errors import InvalidInput
from core.intervals import Difference, Spread, mean_difference, r2_difference, spread_of
from core.memo import beside
from core.metrics import MAIN, Metrics, main_metric, metrics_of
from core.moments import Moments
from core.outputs import answers, output_variance, outputs_on, seen
from core.parts import Array, Floats, Parts, frozen, read_only
from core.quant import Quantized, Scheme, decoded_blocks, dequantize, quantize
from core.quant.coordinates import column_scale
from core.quant.layers import Seen, look
from core.sizes import Size, float_size, quantized_size, why_not_smaller
from core.train import Trained, fit_rows

PARTS = ("test", "train")

Rows = NDArray[np.intp]


def measure(trained: Trained, parts: Parts) -> Mapping[str, Metrics]:
    """Return the metrics of `parts` on the test and on the training rows, read-only."""
    return _measured(trained, {part: outputs_on(trained, parts, part) for part in PARTS})


def _measured(trained: Trained, outputs: Mapping[str, Floats]) -> Mapping[str, Metrics]:
    """Return the metrics of what a model says of the rows of each part, read-only."""
    task, classes = trained.dataset.task, trained.dataset.classes
    found = {part: metrics_of(task, trained.rows(part)[1], outputs[part], classes) for part in PARTS}
    frozen_metrics: Mapping[str, Metrics] = read_only(found)
    return frozen_metrics


@dataclass(frozen=True, eq=False)
class Baseline:
    """What every comparison with one trained model shares: computed once, kept while it is in use.

    `outputs` are those of the test rows: values (n,), or probabilities (n, k).
    """

    metrics: Mapping[str, Metrics]
    outputs: Floats
    spread: Spread | None
    size: Size
    yardsticks: tuple[Yardstick, ...]


@beside(most=1)
def baseline(trained: Trained) -> Baseline:
    """Return the original's metrics, predictions and bytes, and the plain casts of its parameters."""
    _, y = trained.rows("test")
    outputs = {part: frozen(outputs_on(trained, trained.parts, part)) for part in PARTS}
    metrics = _measured(trained, outputs)
    file = len(encode(from_trained(trained, metrics={"original": metrics}).only("original")))
    casts = []
    for kind in ("float32", "float16"):
        cast = cast_parts(trained.parts, kind)
        size = float_size(cast, file, kind)
        casts.append(
            Yardstick(kind, size.numbers, main_metric(trained.dataset.task, y, outputs_on(trained, cast, "test")))
        )
    spread = spread_of(y) if trained.dataset.task == "regression" and len(y) else None
    return Baseline(metrics, outputs["test"], spread, float_size(trained.parts, file), tuple(casts))


def cast_parts(parts: Parts, kind: str) -> Parts:
    """Return `parts` with every value stored as `kind`; values beyond its range stop at its largest."""
    limit = float(np.finfo(kind).max)
    values = {n: np.clip(v, -limit, limit).astype(kind).astype(np.float64) for n, v in parts.values.items()}
    return replace(parts, values=values)


def parameter_names(parts: Parts) -> tuple[list[str], list[str]]:
    """Return the names of all coefficients, row by row, and of the intercepts; with the class where there are many."""
    features, classes = parts.meta["features"], parts.meta["classes"]
    if parts.values["coef"].shape[0] == 1:
        return list(features), ["intercept"]
    return [f"{c}: {f}" for c in classes for f in features], [f"{c}: intercept" for c in classes]


def parameters(parts: Parts, q: Quantized, moments: Moments) -> tuple[Parameter, ...]:
    """Return every coefficient, then every intercept, in the coordinates in which they were rounded."""
    standardised = q.scheme.space == "standardised"
    n_outputs, n_columns = q.shape
    count = n_outputs * n_columns
    scale = column_scale(moments) if standardised else np.ones(n_columns)
    mean = moments.mean if standardised else np.zeros(n_columns)
    coef = parts.values["coef"]
    blocks, twin = decoded_blocks(q), dequantize(q)
    names, intercept_names = parameter_names(parts)
    found = [
        Parameter(name, float(w), float(d), int(c))
        for name, w, d, c in zip(
            names, (coef * scale).ravel(), blocks["coef"][:count], q.codes["coef"][:count], strict=True
        )
    ]
    # The intercept of the rounding coordinates: b + w·mean for standardised columns.
    before = parts.values["intercept"] + coef @ mean
    after = twin.values["intercept"] + twin.values["coef"] @ mean
    codes: list[int | None] = [None] * n_outputs
    if q.scheme.intercept in ("quantised", "same-grid"):
        block = "intercept" if q.scheme.intercept == "quantised" else "coef"
        after, codes = blocks[block][-n_outputs:], [int(c) for c in q.codes[block][-n_outputs:]]
    rows = zip(intercept_names, before, after, codes, strict=True)
    return (*found, *(Parameter(n, float(b), float(a), c, intercept=True) for n, b, a, c in rows))


def agreement(task: str, y: Floats, original: Floats, quantized: Floats) -> tuple[Floats, Agreement]:
    """Return what changed row by row, (n_test,), and its summary.

    Differences of values, or of the probability of the true class.
    """
    if len(y) == 0:
        return np.zeros(0), Agreement(None, None, None)
    same: float | None = None
    flips: tuple[Flip, ...] = ()
    if task == "classification":
        rows, truth = np.arange(len(y)), y.astype(np.intp)
        moved = quantized[rows, truth] - original[rows, truth]
        first, second = original.argmax(axis=1), quantized.argmax(axis=1)
        same = float((first == second).mean())
        flips = tuple(
            Flip(int(i), int(truth[i]), int(first[i]), int(second[i])) for i in np.flatnonzero(first != second)
        )
    else:
        moved = quantized - original
    size = np.abs(moved)
    found = Agreement(float(np.median(size)), float(np.quantile(size, 0.99)), float(size.max()), same, flips)
    return moved, found


def difference_of(trained: Trained, base: Baseline, y: Floats, outputs: Floats) -> Difference | None:
    """Return the difference in the main figure, or None where it is not defined."""
    if trained.dataset.task == "classification":
        if len(y) == 0:
            return None
        right = [(o.argmax(axis=1) == y).astype(np.float64) for o in (base.outputs, outputs)]
        return mean_difference("accuracy", right[1] - right[0])
    return None if base.spread is None else r2_difference(base.spread, y, base.outputs, outputs)


def compare(trained: Trained, scheme: Scheme, quantized: Quantized | None = None) -> Comparison:
    """Return the comparison of a trained model with its quantised twin.

    `fidelity` needs no row at all. `quantized` stands for one that exists already (from a file); else the model
    is quantised by `scheme`; raises `InvalidInput` when it is no twin of this model.
    """
    base = baseline(trained)
    if quantized is not None:
        check_twin(trained.parts, quantized)
    q = quantized or quantize(trained.parts, scheme, trained.moments, seen(trained))
    twin = dequantize(q)
    _, y = trained.rows("test")
    said = answers(trained, twin)
    measured = _measured(trained, {"test": said.test, "train": said.train})
    metrics = read_only({"original": base.metrics, "quantized": measured})
    file = len(encode(from_trained(trained, q, metrics={"quantized": measured}).only("quantized")))
    sizes = read_only({"original": base.size, "quantized": quantized_size(q, file)})
    moved, summary = agreement(trained.dataset.task, y, base.outputs, said.test)
    first = {name: labels(twin, found[:5]) for name, found in (("original", base.outputs), ("quantized", said.test))}
    trees = trained.parts.family == "trees"
    if trees:
        listed, by_tree = leaf_parameters(trained.parts, q, twin)
    elif trained.parts.family == "mlp":
        listed, by_tree = layer_parameters(trained.parts, q)
    else:
        listed, by_tree = parameters(trained.parts, q, trained.moments), frozen(np.zeros(0))
    return Comparison(
        None if trained.data is None or trained.config is None else Experiment(trained.data, trained.config, scheme),
        q,
        trained.parts,
        None if trees else twin,
        metrics,
        difference_of(trained, base, y, said.test),
        listed,
        read_only(first),
        frozen(moved),
        summary,
        sizes,
        base.yardsticks,
        trained.report.joblib_bytes,
        why_not_smaller(sizes["original"], sizes["quantized"]),
        said.change,
        fidelity(trained, said.change),
        by_tree,
    )


def check_twin(parts: Parts, q: Quantized) -> None:
    """Raise `InvalidInput` unless `q` is made of the same kind of model as `parts`, and of the same trees."""
    same = q.family == parts.family
    if same and q.family == "trees":
        kept = q.meta.get(families.trees.KEPT)
        structure = families.trees.cut(parts, *kept).structure if kept else parts.structure
        same = set(structure) == set(q.structure)
        same = same and all(np.array_equal(array, q.structure[name]) for name, array in structure.items())
    elif same and q.family == "mlp":
        same = all(q.meta[name] == parts.meta[name] for name in ("features", "classes", "hidden", "activation"))
    elif same:
        same = q.shape == parts.values["coef"].shape
    if not same:
        raise InvalidInput("quantised model", q.scheme.label, "one that was made of this original")


def fidelity(trained: Trained, error: float) -> float | None:
    """Return the share of the variance of the original's outputs on the training rows that the twin keeps.

    1 - `error` (mean squared change) / variance: an R² against the original instead of the truth, of a linear model
    known without a single row. None when the original's outputs do not vary, and for trees without rows.
    """
    variance = output_variance(trained)
    return 1 - error / variance if variance > 0 else None


def labels(parts: Parts, outputs: Floats) -> list[float] | list[str]:
    """Return outputs of `parts` as people read them: values, or names of classes."""
    if parts.meta["task"] == "regression":
        return list(outputs.tolist())
    return [str(parts.meta["classes"][i]) for i in outputs.argmax(axis=1)]


def model_file(trained: Trained, comparison: Comparison, label: str = "") -> Model:
    """Return the pair as one file's contents, with the metrics of the comparison."""
    metrics: dict[str, Any] = dict(comparison.metrics)
    if comparison.difference is not None:
        metrics["difference"] = comparison.difference.to_json()
    held = measured_on(baseline(trained).outputs, comparison)
    return from_trained(trained, comparison.quantized, metrics, label, held)


def recipe_of(trained: Trained, folds: int) -> TrainConfig:
    """Return the recipe of a model that can be fitted again; raises `InvalidInput` for one from outside."""
    if trained.config is None:
        raise InvalidInput("cv", folds, "left out for a model from outside, which has no rows")
    return trained.config


def folds_of(trained: Trained, folds: int) -> list[tuple[Rows, Rows]]:
    """Return the numbers of the training rows inside and outside of each fold; raises `InvalidInput`."""
    from sklearn.model_selection import KFold, StratifiedKFold

    X, y = trained.rows("train")
    recipe_of(trained, folds)
    classes, seed = trained.dataset.classes, trained.data.seed if trained.data else 0
    smallest = int(np.bincount(y.astype(np.intp)).min()) if classes else len(y) // 2
    if not 2 <= folds <= min(20, smallest):
        allowed = f"a whole number from 2 to {max(min(20, smallest), 2)}, with rows of every kind in each fold"
        raise InvalidInput("cv", folds, allowed)
    kind = StratifiedKFold if classes else KFold
    return list(kind(folds, shuffle=True, random_state=seed).split(X, y))


def cross_validate(trained: Trained, scheme: Scheme, folds: int = 5) -> dict[str, dict[str, float]]:
    """Return mean and standard deviation of the main figure over `folds` parts of the training rows, for both.

    In each fold the model is refitted and quantised on the other parts; no test row is read.
    """
    config = recipe_of(trained, folds)
    X, y = trained.rows("train")
    task, classes = trained.dataset.task, trained.dataset.classes
    scores: dict[str, list[float]] = {"original": [], "quantized": []}
    features, categories = trained.dataset.feature_names, trained.dataset.categories
    for inside, outside in folds_of(trained, folds):
        f = fit_rows(X[inside], y[inside], features, config, classes, categories)
        reached: Array | Seen | None = None
        if f.parts.family == "mlp":
            reached = look(f.parts, f.preparation.expand(X[inside]))
        if f.parts.family == "trees":
            reached, ids = (families.trees.leaves(f.parts, f.preparation.expand(X[rows])) for rows in (inside, outside))
            outputs = partial(_by_leaves, f.parts, ids)
        else:
            outputs = partial(families.outputs, X=f.preparation.expand(X[outside]))
        twin = dequantize(quantize(f.parts, scheme, f.moments, reached))
        for name, parts in (("original", f.parts), ("quantized", twin)):
            found = main_metric(task, y[outside], outputs(parts))
            scores[name].append(float("nan") if found is None else found)
    main = MAIN[task]
    return {n: {f"{main}_mean": float(np.mean(s)), f"{main}_std": float(np.std(s))} for n, s in scores.items()}


def _by_leaves(original: Parts, leaf_ids: Array, twin: Parts) -> Floats:
    """Return what a twin of trees says of rows that reach `leaf_ids` of the original."""
    return families.trees.from_leaves(twin, families.trees.reached(original, twin, leaf_ids))
