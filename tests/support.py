"""What several tests share: generated tables, trained models kept for the session, the half-step bound."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations, product
from typing import Any

import numpy as np
from hypothesis import settings
from safetensors.numpy import save as pack_arrays

from core import families
from core.artifact import Model, decode, encode, from_trained
from core.artifact.codec import KEY, canonical, checksum
from core.artifact.reader import parse
from core.comparison import Comparison
from core.config import DataConfig, TrainConfig
from core.datasets import Dataset, Feature, Target, split
from core.evaluate import compare, model_file
from core.models import MODELS, models_for
from core.parts import Array, Floats, Parts, frozen
from core.quant import METHOD_NAMES, SWITCHES, Quantized, Scheme
from core.train import Fit, Trained, TrainReport, fit_rows, train

# For everything that reads what others wrote: reproducible, and without a folder of examples.
READERS = settings(max_examples=500, derandomize=True, deadline=None, database=None)
FORMULAS = settings(max_examples=200, derandomize=True, deadline=None, database=None)

SPACES = SWITCHES["space"].options
INTERCEPTS = SWITCHES["intercept"].options
GRANULARITIES = SWITCHES["granularity"].options
# The linear ones; the other families have tests of their own.
REGRESSORS = tuple(name for name in models_for("regression") if MODELS[name].family == "linear")
# What messages say of the models of each task.
OF_VALUES, OF_CLASSES = ("one of " + ", ".join(models_for(task)) for task in ("regression", "classification"))
ALL_BITS = tuple(range(1, 17))

# Unit roundoff of float32 and of float64: the largest relative error of one rounding.
U32, U64 = 2.0**-24, 2.0**-53


def table(n: int = 120, p: int = 3, seed: int = 1) -> tuple[Floats, Floats]:
    """Return seeded rows of `p` features of unequal size, and targets that depend on all of them."""
    draw = np.random.default_rng(seed)
    size = 10.0 ** np.linspace(-2, 3, p)
    X = draw.normal(size=(n, p)) * size + 2 * size
    y = (X / size) @ np.linspace(-1, 1.5, p) + 0.3 * draw.normal(size=n) + 5
    return X, y


def names(p: int) -> tuple[str, ...]:
    """Return names for `p` features."""
    return tuple(f"f{i}" for i in range(p))


def classes_of(y: Floats, count: int) -> Floats:
    """Return the numbers of `count` classes of about equal size, by the rank of `y`."""
    return np.floor(np.argsort(np.argsort(y)) * count / len(y))


def words(count: int) -> tuple[str, ...]:
    """Return names for `count` classes."""
    return tuple(f"class {i}" for i in range(count))


def dataset(X: Floats, y: Floats, classes: tuple[str, ...] = ()) -> Dataset:
    """Return a data set around generated rows."""
    features = tuple(
        Feature(name, name.upper(), "metres", "metre", f"Meaning of {name}", float(c.min()), float(c.max()))
        for name, c in zip(names(X.shape[1]), X.T, strict=True)
    )
    target = Target("y", "Y", "$", 1000.0, "Meaning of y")
    task = "classification" if classes else "regression"
    return Dataset(
        "generated", "Generated", task, features, target, X, y, "here", "none", "0" * 64, classes=classes
    )  # fmt: skip


def trained_on(
    X: Floats, y: Floats, config: TrainConfig | None = None, seed: int = 42, classes: tuple[str, ...] = ()
) -> Trained:
    """Return what `train` returns, for rows that are not bundled; `y` holds numbers of classes where these are named.

    The recipe names a bundled table of the same task, because a file must name one.
    """
    config = config or TrainConfig("logistic" if classes else "linear")
    data = DataConfig("digits" if classes else "california_housing", test_size=0.25, seed=seed)
    generated = dataset(X, y, classes)
    rows, test = split(generated, data.test_size, data.seed)
    f = fit_rows(X[rows], y[rows], names(X.shape[1]), config, classes)
    report = TrainReport(len(rows), len(test), len(f.preparation.columns), f.rank, f.seconds, 1000, f.notes)
    sketch = frozen(np.quantile(X[rows], np.linspace(0, 1, 21), axis=0).T)
    return Trained(data, config, generated, f.preparation, f.parts, f.moments, sketch, report)


def classifier_on(X: Floats, y: Floats, count: int = 4, config: TrainConfig | None = None) -> Trained:
    """Return a logistic regression on rows whose classes are `count` equal ranges of `y`."""
    return trained_on(X, classes_of(y, count), config, classes=words(count))


@cache
def bundled(data: DataConfig, config: TrainConfig) -> Trained:
    """Return a model of a bundled table, trained once a session."""
    return train(data, config)


def california(model: str = "linear", scaling: str = "standard", degree: int = 1) -> Trained:
    """Return a model of California Housing."""
    return bundled(DataConfig(), TrainConfig(model, scaling, degree))


def digits(scaling: str = "standard") -> Trained:
    """Return a logistic regression of the digits."""
    return bundled(DataConfig("digits"), TrainConfig("logistic", scaling))


@cache
def small(model: str = "linear", degree: int = 1, classes: int = 4) -> Trained:
    """Return a model of a small generated table, trained once a session; a classifier has `classes` classes."""
    if MODELS[model].task == "regression":
        return trained_on(*table(), TrainConfig(model, degree=degree))
    return classifier_on(*table(), classes, TrainConfig(model, degree=degree))


@cache
def fitted(model: str, scaling: str = "standard", degree: int = 1, classes: int = 4) -> Fit:
    """Return a bare fit on a small generated table, made once a session."""
    X, y = table()
    config = TrainConfig(model, scaling, degree)
    if MODELS[model].task == "regression":
        return fit_rows(X, y, names(X.shape[1]), config)
    return fit_rows(X, classes_of(y, classes), names(X.shape[1]), config, words(classes))


@cache
def small_file() -> Model:
    """Return the contents of a small file with both models, training statistics and metrics."""
    trained = trained_on(*table(80, 2, 3))
    return model_file(trained, compare(trained, Scheme("asymmetric", 4)), "small")


@cache
def small_classifier_file() -> Model:
    """Return the contents of a small file of a classifier and its twin by codebook, with a table a class."""
    trained = classifier_on(*table(80, 2, 3), 3)
    return model_file(trained, compare(trained, Scheme("codebook", 1, granularity="row")), "small")


@cache
def classifier_bytes() -> bytes:
    """Return a small file of a classifier and its twin by codebook, with training statistics and metrics."""
    return encode(small_classifier_file())


@cache
def small_bytes() -> bytes:
    """Return a small file of a quantised model."""
    return encode(small_file().only("quantized"))


@cache
def pair_bytes() -> bytes:
    """Return a small file with both models, training statistics and metrics."""
    return encode(small_file())


def bare_file(trained: Trained, q: Quantized | None = None) -> Model:
    """Return the contents of a file without metrics."""
    return from_trained(trained, q)


def repack(data: bytes, edit: Callable[[dict[str, Any], dict[str, Array]], None]) -> bytes:
    """Return the file with header and arrays changed by `edit`, under a correct checksum."""
    header, arrays = parse(data)
    header, arrays = dict(header), {name: array.copy() for name, array in arrays.items()}
    edit(header, arrays)
    header["sha256"] = checksum(header, arrays)
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    return bytes(pack_arrays(contiguous, {KEY: canonical(header)}))


def repack_text(data: bytes, edit: Callable[[str], str]) -> bytes:
    """Return the file with the text of its header changed by `edit`, the arrays as they are."""
    header, arrays = parse(data)
    return bytes(pack_arrays(dict(arrays), {KEY: edit(canonical(header))}))


def schemes(bits: tuple[int, ...] = ALL_BITS, granularities: tuple[str, ...] = ("tensor",)) -> Iterator[Scheme]:
    """Yield every method at every bit width in every space with every intercept, for some granularities."""
    for method, b, space, intercept, shared in product(METHOD_NAMES, bits, SPACES, INTERCEPTS, granularities):
        yield Scheme(method, b, space, intercept=intercept, granularity=shared)


def covering_pairs(*dimensions: Sequence[str], more: int = 0, seed: int = 0) -> list[tuple[str, ...]]:
    """Return combinations in which every pair of values of two dimensions occurs, and `more` seeded others.

    Greedy: of all combinations the one that covers most pairs that are still missing comes next.
    """
    everything = [*product(*dimensions)]
    random.Random(seed).shuffle(everything)
    places = [*combinations(range(len(dimensions)), 2)]
    missing = {(i, j, c[i], c[j]) for c in everything for i, j in places}
    chosen: list[tuple[str, ...]] = []
    while missing:
        best = max(everything, key=lambda c: len(missing & {(i, j, c[i], c[j]) for i, j in places}))
        missing -= {(i, j, best[i], best[j]) for i, j in places}
        chosen.append(best)
    return chosen + [c for c in everything if c not in chosen][:more]


def rounded_values(parts: Parts, q: Quantized, scale: Floats, mean: Floats) -> dict[str, Floats]:
    """Return the values that each block of `q` stands for; `scale` and `mean` are those of the columns."""
    raw = q.scheme.space == "raw"
    coef = (parts.values["coef"] * (1.0 if raw else scale)).ravel()
    intercept = parts.values["intercept"] + (0.0 if raw else parts.values["coef"] @ mean)
    if q.scheme.intercept == "same-grid":
        return {"coef": np.concatenate([coef, intercept])}
    return {"coef": coef} | ({"intercept": intercept} if q.scheme.intercept == "quantised" else {})


def half_step_bound(method: str, bits: int, values: Floats, decoded: Floats, scale: Floats) -> Floats:
    """Return the largest error that rounding to the nearest level, in float32, can make of each value.

    With u = 2^-24 (one rounding to float32), v = fl32(w) and the grid's stored step s:

    - v differs from w by u|w|; the decoded value is rounded once more, by u|ŵ|.
    - The nearest level of an unbounded grid is s/2 away. The quotient v/s is computed in float64, for the
      window in float32; it is at most 2^16, so that the choice of level is off by at most 2^-37 of a step
      in float64 and by 2u·2^b steps in float32.
    - An asymmetric grid ends at its largest code. Its step is fl32(fl32(hi - lo) / (2^b - 1)), so that
      the 2^b - 1 steps fall short of the range by at most 3u of it; a value at the end is cut by that much.
      With an offset, and for the window, fl32(s·code) adds u·s·2^b instead.
    - Below the smallest normal float32 each of the roundings may add half the smallest denormal, 2^-150.
    """
    of_the_range = {"symmetric": 0.0, "asymmetric": 3 * U32, "window": 3 * U32}[method]
    step = scale * (0.5 + 2.0**-36 + of_the_range * 2.0**bits)
    bound: Floats = step + U32 * (1 + 2.0**-20) * (np.abs(values) + np.abs(decoded)) + 2.0**-148
    return bound


def predictions(parts: Parts, trained: Trained, part: str) -> tuple[Floats, Floats]:
    """Return predictions and targets of one part of the rows."""
    columns, y = trained.columns(part)
    return families.predict(parts, columns), y


def same_from_file(trained: Trained, scheme: Scheme) -> tuple[Comparison, Model]:
    """Return a comparison and what its file gives back: both models to the last bit, bytes as they are shown."""
    c = compare(trained, scheme)
    model, rows = model_file(trained, c), trained.rows("test")[0]
    data = encode(model)
    back = decode(data)
    assert encode(back) == data
    for variant in ("original", "quantized"):
        assert np.array_equal(back.outputs(rows, variant), model.outputs(rows, variant))
        only = encode(model.only(variant))
        assert np.array_equal(decode(only).outputs(rows, variant), model.outputs(rows, variant))
        assert c.sizes[variant].numbers == sum(array.nbytes for array in numbers_of(only).values())
        assert sum(n for *_, n in c.sizes[variant].items) == c.sizes[variant].numbers
    alone = replace(model.only("quantized"), metrics={"quantized": c.metrics["quantized"]})
    assert c.sizes["quantized"].file == len(encode(alone))
    return c, back


def numbers_of(data: bytes) -> dict[str, Array]:
    """Return the arrays of a file that are numbers of its model, by name."""
    return {n: a for n, a in parse(data)[1].items() if not n.startswith(("preparation.", "sketch", "moments."))}
