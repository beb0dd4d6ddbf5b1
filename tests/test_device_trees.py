"""What trees need on a device: counted by the machine that counts its own operations while a row walks down."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest

from core import families
from core.config import DataConfig, TrainConfig
from core.device import OPERATIONS, decoding, estimate
from core.device.trees import MISSING, QUESTION, structure_bytes
from core.families.trees import leaves, path, questions
from core.parts import Parts
from core.prepare import fit
from core.quant import METHODS, Quantized, dequantize, quantize
from core.train import Trained
from tests.device_support import Block, Machine, Word, answer, columns_of
from tests.support import U32, bundled, classes_of, covering_pairs, names, table, trained_on, words
from tests.test_device import OFFSET, WAYS, WIDTHS, Scheme
from tests.trees_support import fitted, parts_of
from tests.trees_support import table as table_of

RECIPES = {
    "tree": ("decision_tree", 0, {"max_depth": 6}),
    "forest": ("random_forest", 0, {"n_estimators": 5}),
    "boosting": ("hist_boosting", 0, {"max_iter": 4, "min_samples_leaf": 5}),
    "tree of classes": ("decision_tree_classifier", 3, {}),
    "forest of classes": ("extra_trees_classifier", 2, {"n_estimators": 4}),
    "boosting of two": ("hist_boosting_classifier", 2, {"max_iter": 4, "min_samples_leaf": 5}),
    "boosting of three": ("hist_boosting_classifier", 3, {"max_iter": 3, "min_samples_leaf": 5}),
}


@cache
def model(name: str) -> Trained:
    """Return a small tree model."""
    kind, n_classes, params = RECIPES[name]
    X, y = table(120, 4)
    config = TrainConfig(kind, params=tuple(params.items()))
    return trained_on(X, classes_of(y, n_classes) if n_classes else y, config, classes=words(n_classes))


class Device:
    """The structure as a device holds it: splits of one tree behind each other, children numbered within their tree."""

    def __init__(self, parts: Parts) -> None:
        """Number the nodes of each tree, its splits first."""
        s, self.parts = parts.structure, parts
        self.records: list[tuple[int, float, bool, int, int]] = []
        self.first = [0]
        threshold = s["table"][s["table_start"][s["feature"]] + s["threshold"]]
        left = s["missing_left"] if "missing_left" in s else np.zeros(len(threshold), dtype=bool)
        node = 0
        for count in s["n_nodes"]:
            is_leaf = s["leaf_map"][node : node + count]
            n_splits = int((~is_leaf).sum())
            number = np.where(is_leaf, n_splits + np.cumsum(is_leaf) - 1, np.cumsum(~is_leaf) - 1)
            right = self._right(is_leaf)
            for place in np.flatnonzero(~is_leaf):
                i = len(self.records)
                children = int(number[place + 1]), int(number[right[place]])
                self.records.append((int(s["feature"][i]), float(threshold[i]), bool(left[i]), *children))
            self.first.append(self.first[-1] + n_splits)
            node += count

    def _right(self, is_leaf: np.ndarray) -> dict[int, int]:
        """Return the right child of each split of a tree in preorder."""
        found: dict[int, int] = {}
        waiting: list[int] = []
        for place, leaf in enumerate(is_leaf):
            if not leaf:
                waiting.append(place)
            elif waiting:
                found[waiting.pop()] = place + 1
        return found

    def walk(self, m: Machine, x: list[Word], tree: int) -> tuple[int, int]:
        """Return the leaf that a row reaches, counted over all trees, and how many questions it took."""
        start, end = self.first[tree], self.first[tree + 1]
        at, asked = 0, 0
        while m.flag(at < end - start).value:
            feature, threshold, missing, left, right = self.records[start + at]
            m.done["lookups"] += 3  # the record, the column, the threshold
            goes = m.flag(x[feature].value <= threshold).value
            if "missing_left" in self.parts.structure:
                m.done["shifts"] += 2
                gap = m.flag(bool(np.isnan(x[feature].value))).value
                goes = goes or (gap and missing)
            at, asked = left if goes else right, asked + 1
        m.done["lookups"] += 1
        return start + tree + at - (end - start), asked


def settled(m: Machine, parts: Parts, scores: list[Word], rounded: bool) -> list[float]:
    """Return the answer that the sums of the leaves stand for."""
    n_classes, n_trees = len(parts.meta["classes"]), len(parts.structure["n_nodes"])
    if parts.meta["kind"] == "boosting":
        return answer(m, scores, n_classes)
    if not (n_classes and rounded):
        return [(s / m.constant(n_trees) if n_trees > 1 else s).value for s in scores]
    low, total = m.keep(2)
    for s in scores:
        low = s if low > s else low
    for i, s in enumerate(scores):
        scores[i] = s - low
        total = total + scores[i]
    some = m.flag(total.value > 0).value
    return [(s / total).value if some else 1 / n_classes for s in scores]


def run_original(parts: Parts, x: list[Word], m: Machine) -> tuple[list[float], int]:
    """Return what the machine answers with the original model, and how many questions it asked."""
    device, leaf, asked = Device(parts), parts.values["leaf"], 0
    base = parts.structure.get("baseline")
    scores = m.keep(leaf.shape[1] if base is None else len(base))
    for o in range(len(scores)):
        scores[o] = m.constant(0 if base is None else base[o])
    for tree in range(len(parts.structure["n_nodes"])):
        at, steps = device.walk(m, x, tree)
        asked += steps
        for j, value in enumerate(leaf[at]):
            o = j if base is None else tree % len(base)
            scores[o] = scores[o] + m.constant(value)
    return settled(m, parts, scores, rounded=False), asked


def run_quantized(q: Quantized, x: list[Word], m: Machine) -> tuple[list[float], int]:
    """Return what the machine answers from codes, tables and the exact structure, and how many questions it asked."""
    parts, width, asked = Parts("trees", {}, q.structure, q.meta), q.shape[1], 0
    device, block, base = Device(parts), Block(m, q, "leaf"), q.structure.get("baseline")
    n_trees, way = len(q.structure["n_nodes"]), decoding(q, "leaf")
    summed = q.scheme.granularity == "tensor" and way in ("sign", "zero", "offset")
    scores = m.keep(width if base is None else len(base))
    if base is not None and not summed:
        scores = [m.constant(b) for b in base]
    for tree in range(n_trees):
        at, steps = device.walk(m, x, tree)
        asked += steps
        for j in range(width):
            o, i = (j if base is None else tree % len(base)), at * width + j
            if summed and way == "sign":
                one = m.constant(1)
                scores[o] = scores[o] + one if block.level(i).value > 0 else scores[o] - one
            elif summed:
                scores[o] = scores[o] + (block.code(i) if way == "offset" else block.level(i))
            else:
                scores[o] = scores[o] + block.decoded(i)
    for o in range(len(scores)) if summed else ():
        scores[o] = block.beside("scale", 0) * scores[o]
        if way == "offset":
            each = n_trees if base is None else n_trees // len(base)
            scores[o] = scores[o] + m.constant(each) * block.beside("offset", 0)
        if base is not None:
            scores[o] = scores[o] + m.constant(base[o])
    return settled(m, parts, scores, rounded=True), asked


def at_most(m: Machine, parts: Parts, asked: int) -> dict[str, int]:
    """Return what the machine had done, had every tree asked as many questions as on its longest way."""
    more = questions(parts) - asked
    assert more >= 0
    each = QUESTION + MISSING if "missing_left" in parts.structure else QUESTION
    found = m.done + Counter({name: more * count for name, count in each.items()})
    return {name: found[name] for name in OPERATIONS}


def near(q: Quantized, twin: Parts) -> float:
    """Return how far the machine's sums may lie from those of the decoded leaves, which are rounded to float32.

    u(|s·code| + |v|) for each leaf, with |s·code| <= |v| + |offset| and, where zero is a level, a zero point of less
    than a step beyond the range; of the means of a forest that is the largest error, of a boosting the sum over trees.
    Shares are divided by their sum, which is at least 1/4 of what it was for any leaf that these models have.
    """
    table, largest = q.tables["leaf"], float(np.abs(twin.values["leaf"]).max())
    offset = float(np.abs(table["offset"]).max()) if "offset" in table else 0.0
    each = 4 * U32 * (largest + offset)
    return each * (len(q.structure["n_nodes"]) if q.meta["kind"] == "boosting" else 4)


CASES = covering_pairs(tuple(RECIPES), WAYS, WIDTHS, ("tensor", "row"), more=60)


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_a_machine_that_walks_does_what_was_estimated(case: tuple[str, ...]) -> None:
    """Rows, from raw features to the answer: the right answer, these operations and memory on the longest ways."""
    trained, (way, bits, granularity) = model(case[0]), case[1:]
    params = OFFSET if " " in way else ()
    q = quantize(trained.parts, Scheme(way.split()[0], int(bits), granularity=granularity, params=params))
    twin, found = dequantize(q), estimate(q, trained.preparation)
    for row in trained.dataset.X[:3]:
        m = Machine()
        x = columns_of(m, row, trained.preparation)
        said, asked = run_quantized(q, x, m)
        expected = families.outputs(twin, trained.preparation.expand(row[None, :]))[0]
        np.testing.assert_allclose(said, expected, rtol=1e-8, atol=near(q, twin))
        assert at_most(m, twin, asked) == {name: getattr(found, name) for name in OPERATIONS}
        assert found.ram == 4 * m.kept == sum(count for _, _, count in found.items)
    tables = sum(t.nbytes for t in q.tables["leaf"].values())
    assert found.flash == structure_bytes(twin) + -(-q.n_codes * q.scheme.bits // 8) + tables


@pytest.mark.parametrize("name", RECIPES)
def test_the_machine_does_what_was_estimated_of_an_original(name: str) -> None:
    """The float model answers as it does, and some row takes the longest way of a single tree: then nothing is added."""
    trained = model(name)
    found, most = estimate(trained.parts, trained.preparation), 0
    for row in trained.rows("train")[0]:
        m = Machine()
        said, asked = run_original(trained.parts, columns_of(m, row, trained.preparation), m)
        expected = families.outputs(trained.parts, trained.preparation.expand(row[None, :]))[0]
        np.testing.assert_allclose(said, expected, rtol=1e-12)
        assert at_most(m, trained.parts, asked) == {name: getattr(found, name) for name in OPERATIONS}
        assert found.ram == 8 * m.kept
        most = max(most, asked)
    assert most == questions(trained.parts) or "tree" not in name.split()[0]
    assert found.flash == structure_bytes(trained.parts) + trained.parts.values["leaf"].nbytes


def test_missing_values_cost_a_comparison_and_a_bit() -> None:
    """A model from outside that knows missing values: each question looks, and the machine goes where it goes."""
    name = "RandomForestRegressor"
    parts, X = parts_of(name, "missing values"), table_of("missing values")[2]
    p, _ = fit(np.nan_to_num(X), names(X.shape[1]), 1, "none")
    found = estimate(parts, p)
    for row in X[:10]:
        m = Machine()
        x = [m.constant(v) for v in row]
        m.kept += len(x)
        said, asked = run_original(parts, x, m)
        np.testing.assert_allclose(said, fitted(name, "missing values").predict(row[None, :]), rtol=1e-12)
        assert at_most(m, parts, asked) == {n: getattr(found, n) for n in OPERATIONS}


def test_the_longest_way_of_each_tree_is_counted() -> None:
    """By walking every row: no tree asks a training row more than its longest way, and some row is asked so much."""
    trained = bundled(DataConfig("diabetes"), TrainConfig("random_forest", params=(("n_estimators", 4),)))
    columns = trained.columns("train")[0]
    assert leaves(trained.parts, columns).shape[1] == 4
    longest = [max(len(path(trained.parts, row, t).steps) for row in columns) for t in range(4)]
    assert sum(longest) == questions(trained.parts)


def test_the_structure_in_bytes_by_hand() -> None:
    """A tree of 3 splits of 4 features: 1 + 1 + 2 bytes a split, two starts, 3 thresholds of 4 bytes."""
    X, y = table(60, 4)
    t = trained_on(X, y, TrainConfig("decision_tree", params=(("max_leaf_nodes", 4),)))
    assert len(t.parts.structure["feature"]) == 3
    assert structure_bytes(t.parts) == 3 * 4 + 2 + 4 * len(t.parts.structure["table"])


def test_every_way_of_decoding_is_among_the_cases() -> None:
    """Each method occurs, and each way of decoding."""
    found = set()
    for _, way, bits, shared in CASES:
        params = OFFSET if " " in way else ()
        scheme = Scheme(way.split()[0], int(bits), granularity=shared, params=params)
        found.add(decoding(quantize(model("forest").parts, scheme), "leaf"))
    assert found == {"table", "each", "sign", "zero", "offset"}
    assert {way.split()[0] for _, way, *_ in CASES} == set(METHODS)
