"""A machine that counts its own operations, and how it reads a raw row, decodes codes and answers."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from core.device import OPERATIONS, Estimate
from core.parts import Array, Floats
from core.prepare import Preparation, terms
from core.quant import Quantized, pack


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


class Block:
    """The codes of one block in a machine, with what stands beside each of them."""

    def __init__(self, m: Machine, q: Quantized, name: str, order: Array | slice = slice(None)) -> None:
        """Pack the codes as a device holds them, in this order."""
        self.m, self.scheme, self.bits = m, q.scheme, q.scheme.bits
        self.data = pack(q.codes[name][order], self.bits).tobytes()
        self.tables, self.ids = q.tables[name], q.groups[name][order]
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


def counted(found: Estimate) -> dict[str, int]:
    """Return the operations of an estimate that there are any of."""
    return {name: getattr(found, name) for name in OPERATIONS if getattr(found, name)}


def machine_counted(m: Machine) -> dict[str, int]:
    """Return the operations that a machine has done."""
    return {name: n for name, n in m.done.items() if n}
