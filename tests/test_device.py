"""What a device needs: counted by a machine that counts its own operations while it predicts one row."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest

from core import families
from core.config import TrainConfig
from core.device import MOST_BYTES, OPERATIONS, Estimate, check_budget, decoding, estimate, read_budget
from core.errors import InvalidInput
from core.parts import Floats, Parts
from core.prepare import Preparation, terms
from core.quant import METHODS, Quantized, Scheme, decoded_blocks, dequantize, pack, quantize
from core.sizes import numbers
from core.train import Trained
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


class Machine:
    """A scalar processor that counts what it does and how many numbers it keeps."""

    def __init__(self) -> None:
        """Start with nothing done and no memory taken."""
        self.done: Counter[str] = Counter()
        self.kept = 0

    def keep(self, count: int) -> list[Word]:
        """Return `count` zeros in working memory."""
        self.kept += count
        return [Word(self, 0.0) for _ in range(count)]

    def constant(self, value: float) -> Word:
        """Return a number that is stored, or that is part of the program."""
        return Word(self, float(value))

    def code(self, data: bytes, index: int, bits: int) -> Word:
        """Return one code: read where it fills its bytes, else cut out of four bytes with a shift and a mask."""
        if bits in (8, 16):
            return self.constant(int.from_bytes(data[index * bits // 8 : (index + 1) * bits // 8], "big"))
        first, skipped = divmod(index * bits, 8)
        window = int.from_bytes(data[first : first + 4].ljust(4, b"\0"), "big")
        self.done["shifts"] += 2
        return self.constant((window >> (32 - skipped - bits)) & (2**bits - 1))

    def entry(self, row: Floats, code: Word) -> Word:
        """Return an entry of a table."""
        self.done["lookups"] += 1
        return self.constant(row[int(code.value)])

    def flag(self, yes: bool) -> Word:
        """Return 1 or 0, what one comparison finds."""
        self.done["additions"] += 1
        return self.constant(yes)

    def quotient_by_zero(self) -> Word:
        """Return what a division by zero gives on any floating-point unit: no finite number."""
        self.done["divisions"] += 1
        return self.constant(math.nan)

    def exp(self, word: Word) -> Word:
        """Return the exponential; beyond the largest number it is infinite, as on any floating-point unit."""
        self.done["exponentials"] += 1
        return self.constant(math.exp(word.value) if word.value < 709 else math.inf)


@dataclass(frozen=True)
class Word:
    """A number in a machine; its arithmetic is counted there."""

    machine: Machine
    value: float

    def _made(self, operation: str, value: float) -> Word:
        self.machine.done[operation] += 1
        return Word(self.machine, value)

    def __add__(self, other: Word) -> Word:
        return self._made("additions", self.value + other.value)

    def __sub__(self, other: Word) -> Word:
        return self._made("additions", self.value - other.value)

    def __gt__(self, other: Word) -> bool:
        return self._made("additions", 0.0) is not None and self.value > other.value

    def __mul__(self, other: Word) -> Word:
        return self._made("multiplications", self.value * other.value)

    def __truediv__(self, other: Word) -> Word:
        return self._made("divisions", self.value / other.value)


def filled(m: Machine, word: Word, fill: float) -> Word:
    """Return the number, or what stands in its place when it is none: one comparison."""
    return m.constant(fill) if m.flag(not math.isfinite(word.value)).value else word


def columns_of(m: Machine, row: Floats, p: Preparation) -> list[Word]:
    """Return the model's columns: numbers, ratios, behind them the products of two, then the flags."""
    kept = m.keep(len(p.columns))
    for j, i in enumerate(p.numbers):
        kept[j] = filled(m, m.constant(row[i]), p.fills[j]) if p.fills else m.constant(row[i])
    base = len(p.numbers)
    for ratio in p.ratios:
        over, under = (kept[p.number_names.index(name)] for name in (ratio.over, ratio.under))
        kept[base] = filled(m, over / under if under.value else m.quotient_by_zero(), ratio.fill)
        base += 1
    index = terms(base, p.degree)
    for j, term in enumerate(index):
        kept[j] = kept[term[0]] * kept[term[1]] if len(term) == 2 else kept[j]
    flags = [m.flag(math.isnan(row[i])) for i in p.marked]
    for text in p.texts:
        code = row[text.feature]
        flags += [m.flag(code == k) for k in text.seen]
        flags += [m.flag(math.isnan(code))] if p.gap_column(text) else []
    kept[len(index) :] = flags
    return kept


def answer(m: Machine, scores: list[Word], n_classes: int) -> list[float]:
    """Return the value, or the probability of every class."""
    one = m.constant(1)
    if n_classes == 2:
        scores += m.keep(1)
        scores[0] = one / (one + m.exp(scores[0]))
        scores[1] = one - scores[0]
    elif n_classes:
        most, total = m.keep(2)
        most = scores[0]
        for s in scores[1:]:
            most = s if s > most else most
        for i, s in enumerate(scores):
            scores[i] = m.exp(s - most)
            total = total + scores[i]
        for i, s in enumerate(scores):
            scores[i] = s / total
    return [s.value for s in scores]


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


class Block:
    """The codes of one block in a machine, with what stands beside each of them."""

    def __init__(self, m: Machine, q: Quantized, name: str) -> None:
        """Pack the codes as a device holds them."""
        self.m, self.scheme, self.bits = m, q.scheme, q.scheme.bits
        self.data = pack(q.codes[name], self.bits).tobytes()
        self.tables, self.ids = q.tables[name], q.groups[name]
        _, self.row = np.unique(self.ids, return_inverse=True)
        self.sign = q.scheme.method == "symmetric" and self.bits == 1

    def code(self, i: int) -> Word:
        """Return the code of one value."""
        return self.m.code(self.data, i, self.bits)

    def beside(self, name: str, i: int) -> Word:
        """Return the table entry that belongs to one value."""
        return self.m.constant(self.tables[name][self.row[i]])

    def level(self, i: int) -> Word:
        """Return code minus zero point; for one symmetric bit +1 or -1, which no operation is needed for."""
        code = self.code(i)
        if self.sign:
            return self.m.constant(1 if code.value else -1)
        middle = self.m.constant(2 ** (self.bits - 1) - 1)
        return code - (self.beside("zero_point", i) if "zero_point" in self.tables else middle)

    def decoded(self, i: int) -> Word:
        """Return the value that one code stands for."""
        if "codebook" in self.tables:
            return self.m.entry(self.tables["codebook"][self.row[i]], self.code(i))
        if "offset" in self.tables:
            return self.beside("offset", i) + self.beside("scale", i) * self.code(i)
        if self.sign:
            return self.m.constant(self.level(i).value * self.beside("scale", i).value)
        return self.beside("scale", i) * self.level(i)


def one_by_one(b: Block, x: list[Word], scores: list[Word], shared: bool) -> None:
    """Add up weights of which each is decoded by itself."""
    p, count = len(x), len(x) * len(scores)
    for o in range(len(scores)):
        if shared:
            scores[o] = b.decoded(count + o)
        for j in range(p):
            scores[o] = scores[o] + b.decoded(o * p + j) * x[j]


def by_groups(b: Block, x: list[Word], scores: list[Word], shared: bool) -> None:
    """Add up weights of which those of a group share a step: it is multiplied in once a group."""
    m, p, count = b.m, len(x), len(x) * len(scores)
    sums, (total,) = {}, m.keep(1)
    if "offset" in b.tables:
        # The columns are grouped alike for every output: the ids of the first one say how.
        names = [*dict.fromkeys(b.ids[:p].tolist())]
        sums = dict(zip(names, m.keep(len(names)), strict=True))
        for j in range(p):
            sums[int(b.ids[j])] = sums[int(b.ids[j])] + x[j]
    for o in range(len(scores)):
        own = b.ids[o * p : (o + 1) * p]
        start = int(b.ids[count + o]) if shared else None
        if start is not None and "offset" in b.tables:
            scores[o] = b.beside("offset", count + o)
        for k, g in enumerate(dict.fromkeys(own.tolist())):
            total = m.constant(0)
            if g == start:
                total = b.code(count + o) if "offset" in b.tables else b.level(count + o)
            members = np.flatnonzero(own == g)
            for j in members:
                i = o * p + int(j)
                if b.sign:
                    total = total + x[j] if b.level(i).value > 0 else total - x[j]
                else:
                    total = total + (b.code(i) if "offset" in b.tables else b.level(i)) * x[j]
            i = o * p + int(members[0])
            scores[o] = scores[o] + b.beside("scale", i) * total
            if sums:
                scores[o] = scores[o] + b.beside("offset", i) * [*sums.values()][k]


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


def counted(found: Estimate) -> dict[str, int]:
    """Return the operations of an estimate that there are any of."""
    return {name: getattr(found, name) for name in OPERATIONS if getattr(found, name)}


def machine_counted(m: Machine) -> dict[str, int]:
    """Return the operations that a machine has done."""
    return {name: n for name, n in m.done.items() if n}


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
