"""What a device needs: counted by a machine that counts its own operations while it predicts one row."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from core import families
from core.config import TrainConfig
from core.device import MOST_BYTES, Estimate, check_budget, decoding, estimate, read_budget
from core.errors import InvalidInput
from core.parts import Floats, Parts
from core.prepare import Preparation
from core.quant import METHODS, Quantized, Scheme, decoded_blocks, dequantize, quantize
from core.sizes import numbers
from core.train import Trained
from tests.device_support import Block, Machine, answer, by_groups, columns_of, counted, machine_counted, one_by_one
from tests.own_tables import mixed
from tests.support import (
    GRANULARITIES,
    INTERCEPTS,
    SPACES,
    U32,
    california,
    classifier_on,
    covering_pairs,
    digits,
    small,
    table,
    trained_on,
)

OFFSET = (("zero_point", "offset"),)
# Method and settings; bits; and what is predicted from: p = 20 makes two blocks of a row, of 16 and of 4 columns.
WAYS = (*METHODS, "asymmetric offset")
WIDTHS = ("1", "3", "8", "11", "16")
MODELS = ("regression", "products", "two classes", "four classes", "own table", "own classes")


def run_original(parts: Parts, row: Floats, p: Preparation) -> tuple[list[float], Machine]:
    """Return what the machine answers with the original model."""
    m = Machine()
    x = columns_of(m, row, p)
    scores = m.keep(len(parts.values["coef"]))
    for o, weights in enumerate(parts.values["coef"]):
        scores[o] = m.constant(parts.values["intercept"][o])
        for w, v in zip(weights, x, strict=True):
            scores[o] = scores[o] + m.constant(w) * v
    return answer(m, scores, len(parts.meta["classes"])), m


def run_quantized(q: Quantized, row: Floats, p: Preparation) -> tuple[list[float], Machine]:
    """Return what the machine answers from codes and tables alone."""
    m = Machine()
    x = columns_of(m, row, p)
    for j in range(len(x)):
        if "feature_mean" in q.exact:
            x[j] = x[j] - m.constant(q.exact["feature_mean"][j])
        if "feature_scale" in q.exact:
            x[j] = x[j] / m.constant(q.exact["feature_scale"][j])
    scores = m.keep(q.shape[0])
    for o in range(len(scores)):
        if "intercept" in q.exact:
            scores[o] = m.constant(q.exact["intercept"][o])
        elif "intercept" in q.codes:
            scores[o] = Block(m, q, "intercept").decoded(o)
    weights = Block(m, q, "coef")
    alone = "codebook" in weights.tables or METHODS[q.scheme.method].per_value
    (one_by_one if alone else by_groups)(weights, x, scores, q.scheme.intercept == "same-grid")
    return answer(m, scores, len(q.meta["classes"])), m


def model(name: str) -> Trained:
    """Return a small model: 20 columns make blocks of 16 and 4, products of 5 features make 20 columns."""
    if name.startswith("own "):
        return mixed("ridge", 2) if name == "own table" else mixed("logistic")
    if name == "products":
        return trained_on(*table(60, 5), TrainConfig("linear", degree=2))
    X, y = table(60, 20)
    return trained_on(X, y) if name == "regression" else classifier_on(X, y, 2 if name == "two classes" else 4)


TRAINED = {name: model(name) for name in MODELS}


def rows_of(trained: Trained) -> list[Floats]:
    """Return rows to predict; of the own table with gaps, with a text that is no category, and with a divisor of 0."""
    X = trained.dataset.X
    return [X[2], X[5], X[7], np.array([0.0, -1.0, np.nan, 0.1])] if trained.preparation.texts else [X[7]]


def scheme(way: str, bits: str, space: str, intercept: str, granularity: str) -> Scheme:
    """Return a scheme; "asymmetric offset" is the asymmetric grid that starts at the smallest value."""
    params = OFFSET if " " in way else ()
    return Scheme(way.split()[0], int(bits), space, intercept=intercept, granularity=granularity, params=params)


def distance(q: Quantized, twin: Parts, columns: Floats) -> float:
    """Return how far the machine's scores may lie from those of the decoded model.

    The machine adds in float64 from the stored float32 tables. Decoding rounds s·code and the value itself to
    float32: u(|s·code| + |ŵ|) a weight, with |s·code| <= |ŵ| + |offset|, for columns of size |x| + |mean|, divided
    by their scale. The intercept's code is rounded likewise. Roundings in float64 are 2^-29 of that each; for the
    few hundred of them the bound is doubled.
    """
    scale = np.asarray(q.exact.get("feature_scale", np.ones(q.shape[1])), dtype=np.float64)
    size = (np.abs(columns) + np.abs(q.exact.get("feature_mean", np.zeros(q.shape[1])))) / scale
    offset = max((float(np.abs(t["offset"]).max()) for t in q.tables.values() if "offset" in t), default=0.0)
    weights = 2 * np.abs(twin.values["coef"] * scale) + offset
    constant = max(float(np.abs(v).max()) for v in decoded_blocks(q).values()) + float(
        np.abs(twin.values["intercept"]).max()
    )
    return 2 * U32 * (float((weights @ size).max()) + 2 * constant + offset)


CASES = covering_pairs(MODELS, WAYS, WIDTHS, SPACES, INTERCEPTS, GRANULARITIES, more=150)


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_a_machine_that_predicts_does_what_was_estimated(case: tuple[str, ...]) -> None:
    """One row, from raw features to the answer: the right answer, with exactly these operations and this memory."""
    trained = TRAINED[case[0]]
    q = quantize(trained.parts, scheme(*case[1:]), trained.moments)
    twin, found = dequantize(q), estimate(q, trained.preparation)
    for row in rows_of(trained):
        columns = trained.preparation.expand(row[None, :])
        said, m = run_quantized(q, row, trained.preparation)
        near = distance(q, twin, columns[0])
        # Probabilities move by at most as much as the scores.
        np.testing.assert_allclose(said, families.outputs(twin, columns)[0], rtol=1e-12, atol=near)
        assert counted(found) == machine_counted(m)
        assert found.ram == 4 * m.kept == sum(count for _, _, count in found.items)
    assert found.flash == numbers(q.scheme, trained.parts)


@pytest.mark.parametrize("name", MODELS)
def test_the_machine_does_what_was_estimated_of_an_original(name: str) -> None:
    """The float model: the right answer, one multiplication and one addition a weight, eight bytes a number."""
    trained = TRAINED[name]
    p, found = trained.preparation, estimate(trained.parts, trained.preparation)
    for row in rows_of(trained):
        said, m = run_original(trained.parts, row, p)
        columns = p.expand(row[None, :])
        # Another order of summing: each of 21 terms is rounded by 2^-53 of the largest partial sum.
        near = 64 * 2.0**-53 * float((np.abs(trained.parts.values["coef"]) @ np.abs(columns[0])).max() + 100)
        np.testing.assert_allclose(said, families.outputs(trained.parts, columns)[0], rtol=1e-12, atol=near)
        assert counted(found) == machine_counted(m)
        assert found.ram == 8 * m.kept
    assert found.flash == 8 * trained.parts.n_parameters


def test_every_way_of_decoding_is_among_the_cases() -> None:
    """A new method cannot slip in uncounted: each method occurs, and each way of decoding."""
    found = {decoding(quantize(small().parts, scheme(w, b, *r), small().moments)) for _, w, b, *r in CASES}
    assert found == {"table", "each", "sign", "zero", "offset"}
    assert {way.split()[0] for way in WAYS} == set(METHODS)


def test_california_at_eight_bits() -> None:
    """By hand: 8 codes; a subtraction, a product and an addition each; one step, one sum; 8 divisions by scales."""
    trained = california()
    found = estimate(quantize(trained.parts, Scheme(), trained.moments), trained.preparation)
    assert found == Estimate(
        48, 40, multiplications=9, additions=17, lookups=0, divisions=8, shifts=0, exponentials=0,
        items=(
            ("columns", "8 columns of the row", 32),
            ("sum", "the sum of a group", 4),
            ("answer", "the answer", 4),
        ),
    )  # fmt: skip
    before = estimate(trained.parts, trained.preparation)
    assert (before.flash, before.ram, before.multiplications, before.additions) == (72, 72, 8, 8)


@pytest.mark.parametrize(("bits", "shifts"), [(1, 16), (7, 16), (8, 0), (9, 16), (16, 0)])
def test_only_codes_that_fill_their_bytes_are_read_as_they_are(bits: int, shifts: int) -> None:
    """A shift and a mask for each of eight codes, but none at 8 and 16 bits."""
    trained = california()
    assert estimate(quantize(trained.parts, Scheme(bits=bits), trained.moments), trained.preparation).shifts == shifts


def test_ten_classes_need_ten_exponentials() -> None:
    """Digits: 64 columns and ten scores stay in memory; 640 weights; 640 signs need ten multiplications."""
    trained = digits()
    q = quantize(trained.parts, Scheme(), trained.moments)
    found = estimate(q, trained.preparation)
    assert (found.exponentials, found.divisions, found.ram) == (10, 74, 4 * (64 + 1 + 10 + 2))
    assert found.multiplications == 650
    one_bit = estimate(quantize(trained.parts, Scheme(bits=1), trained.moments), trained.preparation)
    assert one_bit.multiplications == 10


def test_products_cost_one_multiplication_each() -> None:
    """Degree 2 of 8 features: 36 products more than at degree 1, and 36 floats more in memory."""
    one, two = (estimate(california(degree=d).parts, california(degree=d).preparation) for d in (1, 2))
    assert two.multiplications - one.multiplications == 36 + 36
    assert two.additions - one.additions == 36
    assert two.ram - one.ram == 8 * 36


def test_a_raw_row_costs_what_its_preparation_does() -> None:
    """By hand: 3 numbers that may be missing and a ratio; 10 products of 4; 2 flags of gaps, 5 of a text."""
    t = mixed("ridge", 2)
    assert (t.preparation.n_flags, t.preparation.n_columns) == (7, 21)
    found = estimate(t.parts, t.preparation)
    # 21 terms of the sum; 3 numbers, the ratio and 7 flags are compared once each.
    assert (found.multiplications, found.additions, found.divisions) == (21 + 10, 21 + 3 + 1 + 7, 1)


@pytest.mark.parametrize("value", [1, 24, MOST_BYTES])
def test_a_budget_is_a_whole_number_of_bytes(value: int) -> None:
    """From one byte to a thousand million, as a number and spelt out."""
    assert check_budget(value) == read_budget(str(value)) == value


@pytest.mark.parametrize("value", [0, -1, MOST_BYTES + 1, True, 2.0, "24", None, float("nan")])
def test_what_is_no_budget_is_refused(value: object) -> None:
    """The message names what came and what is allowed."""
    with pytest.raises(InvalidInput, match="budget must be a whole number from 1 to 1000000000, got ") as error:
        check_budget(value)
    assert error.value.value is value


@pytest.mark.parametrize("text", ["", "0", "-3", "+3", "2.5", "1e3", "24 ", "٣", "1" * 19, "1000000001", "NaN", "\n24"])
def test_what_spells_no_budget_is_refused(text: str) -> None:
    """Only ASCII digits spell a budget."""
    with pytest.raises(InvalidInput, match="budget must be a whole number from 1 to 1000000000, got "):
        read_budget(text)


def test_covering_pairs_cover() -> None:
    """Every pair of two choices occurs among the cases, so that a count of one choice that hangs on another is met."""
    dimensions = (MODELS, WAYS, WIDTHS, SPACES, INTERCEPTS, GRANULARITIES)
    for i in range(len(dimensions)):
        for j in range(i):
            assert {(c[i], c[j]) for c in CASES} == set(product(dimensions[i], dimensions[j]))
