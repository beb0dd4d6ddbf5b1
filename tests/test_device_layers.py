"""What a perceptron needs on a device: counted by the machine that counts its own operations, layer by layer."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from core import families
from core.config import TrainConfig
from core.device import decoding, estimate
from core.families import mlp
from core.parts import Array, Floats, Parts
from core.prepare import Preparation
from core.quant import METHODS, Quantized, dequantize, quantize
from core.quant.layers import look
from core.sizes import quantized_size
from core.train import Trained
from tests.device_support import (
    Block,
    Machine,
    Word,
    answer,
    by_groups,
    columns_of,
    counted,
    machine_counted,
    one_by_one,
)
from tests.support import GRANULARITIES, INTERCEPTS, SPACES, U32, classifier_on, covering_pairs, table, trained_on
from tests.test_device import OFFSET, WAYS, WIDTHS, Scheme

MODELS = ("relu", "tanh", "logistic", "identity", "two layers", "two classes", "four classes")


@cache
def model(name: str) -> Trained:
    """Return a small perceptron of 20 columns, hardly trained: what it costs does not depend on what it learnt."""
    params = {"hidden": 5, "max_iter": 3, "activation": name if name in mlp.ACTIVATIONS else "tanh"}
    if name == "two layers":
        params |= {"hidden_2": 18}
    X, y = table(60, 20)
    if not name.endswith("classes"):
        return trained_on(X, y, TrainConfig("mlp", params=tuple(params.items())))
    return classifier_on(
        X, y, 2 if name == "two classes" else 4, TrainConfig("mlp_classifier", params=tuple(params.items()))
    )


def bent(m: Machine, x: Word, activation: str) -> Word:
    """Return what a neuron makes of its sum."""
    one, zero = m.constant(1), m.constant(0)
    if activation == "relu":
        return x if x > zero else zero
    if activation == "tanh":
        return one - m.constant(2) / (m.exp(x + x) + one)
    return one / (one + m.exp(zero - x)) if activation == "logistic" else x


def hold(m: Machine, parts: Parts, base: int) -> None:
    """Take the memory of the two layers that take most together; `base` is what the machine held before of columns."""
    n_columns, hidden, n_out = mlp.sizes(parts)
    widths = [n_columns, *hidden, max(n_out, len(parts.meta["classes"]))]
    m.kept += max(a + b for a, b in pairwise(widths)) - base


def run_original(parts: Parts, row: Floats, p: Preparation) -> tuple[list[float], Machine]:
    """Return what the machine answers with the original model."""
    m = Machine()
    x = columns_of(m, row, p)
    hold(m, parts, len(x))
    layers = list(mlp.layers(parts))
    for i, (weights, bias) in enumerate(layers):
        sums = [m.constant(b) for b in bias]
        for o, each in enumerate(weights):
            for w, v in zip(each, x, strict=True):
                sums[o] = sums[o] + m.constant(w) * v
        x = sums if i == len(layers) - 1 else [bent(m, s, parts.meta["activation"]) for s in sums]
    return finished(m, x, parts), m


def finished(m: Machine, scores: list[Word], parts: Parts) -> list[float]:
    """Return the answer, whose room was taken with that of the last layer."""
    before = m.kept
    said = answer(m, scores, len(parts.meta["classes"]))
    m.kept -= m.kept - before if len(parts.meta["classes"]) == 2 else 0
    return said


def run_quantized(q: Quantized, row: Floats, p: Preparation) -> tuple[list[float], Machine]:
    """Return what the machine answers from codes and tables alone."""
    m, parts = Machine(), dequantize(q)
    x = columns_of(m, row, p)
    hold(m, parts, len(x))
    beside = 0
    for j in range(len(x)):
        if "feature_mean" in q.exact:
            x[j] = x[j] - m.constant(q.exact["feature_mean"][j])
        if "feature_scale" in q.exact:
            x[j] = x[j] / m.constant(q.exact["feature_scale"][j])
    count = len(parts.values) // 2
    for i in range(count):
        n_out, held = len(parts.values[f"bias_{i}"]), m.kept
        sums = [m.constant(0) for _ in range(n_out)]
        for o in range(n_out):
            if f"bias_{i}" in q.exact:
                sums[o] = m.constant(q.exact[f"bias_{i}"][o])
            elif f"bias_{i}" in q.codes:
                sums[o] = Block(m, q, f"bias_{i}").decoded(o)
        shared = q.scheme.intercept == "same-grid"
        block = Block(m, q, f"weight_{i}", weights_first(q, i, n_out) if shared else slice(None))
        alone = "codebook" in block.tables or METHODS[q.scheme.method].per_value
        (one_by_one if alone else by_groups)(block, x, sums, shared)
        # The sums of a layer's groups are needed no more in the next one.
        beside, m.kept = max(beside, m.kept - held), held
        x = sums if i == count - 1 else [bent(m, s, q.meta["activation"]) for s in sums]
    m.kept += beside
    return finished(m, x, parts), m


def weights_first(q: Quantized, layer: int, n_out: int) -> Array:
    """Return the order in which the codes of a layer's weights stand in front of those of its biases."""
    places = np.arange(q.codes[f"weight_{layer}"].size).reshape(n_out, -1)
    return np.concatenate([places[:, 1:].ravel(), places[:, 0]])


CASES = covering_pairs(MODELS, WAYS, WIDTHS, SPACES, INTERCEPTS, GRANULARITIES, more=40)


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_a_machine_that_predicts_does_what_was_estimated(case: tuple[str, ...]) -> None:
    """One row, from raw features to the answer: the right answer, with exactly these operations and this memory."""
    trained, (way, bits, space, intercept, granularity) = model(case[0]), case[1:]
    scheme = Scheme(
        way.split()[0], int(bits), space, intercept=intercept, granularity=granularity,
        params=OFFSET if " " in way else (),
    )  # fmt: skip
    q = quantize(trained.parts, scheme, trained.moments, look(trained.parts, trained.columns("train")[0]))
    twin, found, row = dequantize(q), estimate(q, trained.preparation), trained.dataset.X[7]
    said, m = run_quantized(q, row, trained.preparation)
    columns = trained.preparation.expand(row[None, :])
    np.testing.assert_allclose(said, families.outputs(twin, columns)[0], rtol=1e-9, atol=near(q, twin, columns))
    assert counted(found) == machine_counted(m)
    assert found.ram == 4 * m.kept == sum(count for _, _, count in found.items)
    assert found.flash == quantized_size(q, 0).numbers


def near(q: Quantized, twin: Parts, columns: Floats) -> float:
    """Return how far the machine's answer may lie from that of the decoded model.

    Decoding rounds s·code and the value to float32: u(|s·code| + |w|) a weight, with |s·code| <= |w| + |offset|, for
    columns of the size |x| + |mean|; biases likewise. No activation enlarges a difference, so that what comes into a
    layer adds at most |w| times its own difference. The bound is doubled for the roundings of sums.
    """
    size = np.abs(columns[0]) + np.abs(q.exact.get("feature_mean", np.zeros(columns.shape[1])))
    difference = np.zeros_like(size)
    for i, (weight, bias) in enumerate(mlp.layers(twin)):
        scale = np.asarray(q.exact["feature_scale"]) if i == 0 and "feature_scale" in q.exact else np.ones(len(size))
        tables = [q.tables[name] for name in (f"weight_{i}", f"bias_{i}") if name in q.tables]
        offset = max(float(np.abs(t.get("offset", np.zeros(1))).max()) for t in tables)
        own = 2 * U32 * (np.abs(weight) @ size + np.abs(bias)) + U32 * offset * ((size / scale).sum() + 1)
        difference = np.abs(weight) @ difference + own
        size = np.abs(weight) @ size + np.abs(bias)
    return 2 * float(difference.max())


@pytest.mark.parametrize("name", MODELS)
def test_the_machine_does_what_was_estimated_of_an_original(name: str) -> None:
    """The float model: the right answer, one multiplication and one addition a weight, eight bytes a number."""
    trained = model(name)
    found, row = estimate(trained.parts, trained.preparation), trained.dataset.X[7]
    said, m = run_original(trained.parts, row, trained.preparation)
    columns = trained.preparation.expand(row[None, :])
    np.testing.assert_allclose(said, families.outputs(trained.parts, columns)[0], rtol=1e-9)
    assert counted(found) == machine_counted(m)
    assert found.ram == 8 * m.kept == sum(count for _, _, count in found.items)
    assert found.flash == 8 * trained.parts.n_parameters


def test_every_way_of_decoding_is_among_the_cases() -> None:
    """Each way of decoding occurs with perceptrons too."""
    t, found = model("relu"), set()
    for _, way, bits, space, intercept, shared in CASES:
        params = OFFSET if " " in way else ()
        scheme = Scheme(way.split()[0], int(bits), space, intercept=intercept, granularity=shared, params=params)
        found.add(decoding(quantize(t.parts, scheme, t.moments), "weight_0"))
    assert found == {"table", "each", "sign", "zero", "offset"}
