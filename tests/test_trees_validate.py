"""Arrays from a file are trees or are refused: what passes can be walked."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ArtifactError
from core.families import trees
from core.families.trees import preorder
from core.parts import Array, Parts
from tests.support import READERS
from tests.trees_support import ESTIMATORS, changed, parts_of, table

FOREST = parts_of("RandomForestClassifier")
BOOSTED = parts_of("HistGradientBoostingClassifier")
GAPS = parts_of("RandomForestRegressor", "missing values")
TREE = parts_of("DecisionTreeRegressor")


def edited(array: Array, place: int, value: Any) -> Array:
    """Return a copy of `array` with one element exchanged."""
    copy = array.copy()
    copy[place] = value
    return copy


def with_meta(parts: Parts, **meta: Any) -> Parts:
    """Return `parts` with other facts."""
    return Parts("trees", parts.values, parts.structure, {**parts.meta, **meta})


def s(parts: Parts, name: str) -> Array:
    """Return an array of the structure."""
    return parts.structure[name]


IMPOSSIBLE = {
    "no kind": (with_meta(FOREST, kind=None), "the kind of the trees is unknown"),
    "another kind": (with_meta(FOREST, kind="bush"), "the kind of the trees is unknown"),
    "one class": (with_meta(FOREST, classes=["a"]), "1 classes for classification"),
    "classes of a value": (with_meta(TREE, classes=["a", "b"]), "2 classes for regression"),
    "no map": (changed(FOREST, leaf_map=None), "trees of this kind have a leaf and leaf_map, n_nodes"),
    "a stray array": (changed(FOREST, more=np.zeros(1)), "trees of this kind have"),
    "a baseline of a forest": (changed(FOREST, baseline=np.zeros(3)), "trees of this kind have"),
    "no baseline": (changed(BOOSTED, baseline=None), "trees of this kind have .* baseline"),
    "another value": (Parts("trees", {"coef": np.zeros((1, 1))}, FOREST.structure, FOREST.meta), "have a leaf and"),
    "wide features": (changed(FOREST, feature=s(FOREST, "feature").astype(np.int64)), "feature has the type int64"),
    "wide table": (changed(FOREST, table=s(FOREST, "table").astype(float)), "table has the type float64"),
    "narrow table": (changed(BOOSTED, table=s(BOOSTED, "table").astype(np.float32)), "table has the type float32"),
    "a map of two dimensions": (changed(TREE, leaf_map=s(TREE, "leaf_map")[:, None]), r"leaf_map has .* shape \(\d+, 1\)"),
    "flat leaves": (changed(TREE, leaf=TREE.values["leaf"][:, 0]), r"leaf has the type float64 and the shape \(\d+,\)"),
    "narrow leaves": (changed(TREE, leaf=TREE.values["leaf"].astype(np.float32)), "leaf has the type float32"),
    "no trees": (changed(TREE, n_nodes=np.zeros(0, np.int32)), "sizes of the trees do not add up"),
    "an empty tree": (changed(TREE, n_nodes=np.append(s(TREE, "n_nodes"), np.int32(0))), "do not add up"),
    "a negative tree": (changed(TREE, n_nodes=np.array([-1], np.int32)), "do not add up"),
    "too long a tree": (changed(TREE, n_nodes=s(TREE, "n_nodes") + np.int32(2)), "do not add up"),
    "an overflow of sizes": (changed(TREE, n_nodes=np.array([2**31 - 1] * 4, np.int32)), "do not add up"),
    "a cut tree": (changed(TREE, leaf_map=s(TREE, "leaf_map")[:-1], n_nodes=s(TREE, "n_nodes") - np.int32(1)), "whole"),
    "a leaf turned": (changed(TREE, leaf_map=edited(s(TREE, "leaf_map"), -1, False)), "not a sequence of whole trees"),
    "a root turned": (changed(TREE, leaf_map=edited(s(TREE, "leaf_map"), 0, True)), "not a sequence of whole trees"),
    "a tree that ends twice": (changed(TREE, leaf_map=np.array([True, False, True]), n_nodes=np.array([3], np.int32)), "whole"),
    "a tree split in two": (changed(TREE, leaf_map=np.array([0, 0, 1, 1, 1], bool), n_nodes=np.array([2, 3], np.int32)), "whole"),
    "two trees of one": (with_meta(parts_of("RandomForestRegressor"), kind="tree"), "7 trees in a model of one tree"),
    "a table too many": (changed(TREE, table_start=np.append(s(TREE, "table_start"), len(s(TREE, "table")))), "5 tables for 4"),
    "a table starting late": (changed(TREE, table_start=edited(s(TREE, "table_start"), 0, 1)), "do not follow each other"),
    "a table ending early": (changed(TREE, table=s(TREE, "table")[:-1]), "do not follow each other"),
    "tables going back": (changed(TREE, table_start=edited(s(TREE, "table_start"), 1, 10**6)), "do not follow each other"),
    "no start": (changed(TREE, table_start=np.zeros(0, np.int64)), "-1 tables for 4 features"),
    "a threshold that is none": (changed(TREE, table=edited(s(TREE, "table"), 0, np.nan)), "threshold is not a finite"),
    "an infinite threshold": (changed(TREE, table=edited(s(TREE, "table"), -1, np.inf)), "threshold is not a finite"),
    "minus infinity": (changed(GAPS, table=edited(s(GAPS, "table"), 0, -np.inf)), "threshold is not a finite"),
    "an unsorted table": (changed(TREE, table=s(TREE, "table")[::-1]), "table of thresholds is not sorted"),
    "a threshold twice": (changed(TREE, table=edited(s(TREE, "table"), 1, s(TREE, "table")[0])), "is not sorted"),
    "too few features": (changed(TREE, feature=s(TREE, "feature")[:-1]), r"feature holds \d+ numbers for \d+ splits"),
    "too many thresholds": (changed(TREE, threshold=np.append(s(TREE, "threshold"), np.uint32(0))), "threshold holds"),
    "too few ways": (changed(GAPS, missing_left=s(GAPS, "missing_left")[1:]), "missing_left holds"),
    "a feature too many": (changed(TREE, feature=edited(s(TREE, "feature"), 0, 4)), "asks a feature that does not exist"),
    "a negative feature": (changed(TREE, feature=edited(s(TREE, "feature"), 3, -1)), "asks a feature that does not exist"),
    "a threshold outside": (changed(TREE, threshold=edited(s(TREE, "threshold"), 0, 2**31)), "that its feature does not have"),
    "a missing start": (changed(BOOSTED, baseline=np.zeros(2)), "2 starting values and 18 trees for 3 sums"),
    "a start that is none": (changed(BOOSTED, baseline=np.array([0, np.nan, 0])), "3 starting values"),
    "a class without a tree": (with_meta(BOOSTED, classes=["a", "b", "c", "d"]), "3 starting values and 18 trees for 4"),
    "a leaf too few": (changed(TREE, leaf=TREE.values["leaf"][1:]), r"leaf has the shape \(\d+, 1\), not \(\d+, 1\)"),
    "a class too few": (changed(FOREST, leaf=FOREST.values["leaf"][:, 1:]), r"leaf has the shape \(\d+, 2\), not"),
    "a leaf that is none": (changed(TREE, leaf=edited(TREE.values["leaf"], 0, np.nan)), "a leaf is not a finite number"),
    "an endless leaf": (changed(TREE, leaf=edited(TREE.values["leaf"], 0, np.inf)), "a leaf is not a finite number"),
}  # fmt: skip


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_impossible_trees_are_refused(what: str) -> None:
    """Every fault has its message, and none gets as far as a walk."""
    parts, message = IMPOSSIBLE[what]
    with pytest.raises(ArtifactError, match=message):
        trees.validate(parts)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("kind", ["plain", "missing values"])
def test_trees_that_were_taken_over_pass(name: str, kind: str) -> None:
    """What is extracted is valid, and stays so with other leaves."""
    parts = parts_of(name, kind)
    trees.validate(parts)
    trees.validate(changed(parts, leaf=parts.values["leaf"] * -1e300))


def walked(parts: Parts) -> None:
    """Assert that every row reaches a leaf that exists, in every tree, whatever stands in the row."""
    rows = table("plain")[2].copy()
    rows[:6] = np.array([0.0, np.inf, -np.inf, 1e300, -1e300, 5e-324])[:, None]
    if "missing_left" in parts.structure:
        rows[6:30] = np.nan
    ids = trees.leaves(parts, rows)
    n_leaves = np.add.reduceat(parts.structure["leaf_map"], preorder.starts(parts.structure["n_nodes"]), dtype=int)
    last = np.cumsum(n_leaves)
    assert (ids >= last - n_leaves).all()
    assert (ids < last).all()
    with np.errstate(over="ignore", invalid="ignore"):
        assert len(trees.from_leaves(parts, ids)) == len(rows)


EDITS = ("element", "shift", "drop", "repeat", "shuffle", "type", "random")


def damaged(data: st.DataObject, parts: Parts) -> Parts:
    """Return `parts` with one to three arrays damaged, each in one of several ways."""
    arrays: dict[str, Array] = {**parts.structure, **parts.values}
    for _ in range(data.draw(st.integers(1, 3))):
        name = data.draw(st.sampled_from(sorted(arrays)))
        array, how = arrays[name].copy(), data.draw(st.sampled_from(EDITS))
        seed = data.draw(st.integers(0, 2**16))
        draw, n = np.random.default_rng(seed), len(array)
        if how == "element" and n:
            value = data.draw(st.sampled_from([0, 1, 3, 4, 2**15, -2]))
            array[seed % n] = np.array(value).astype(array.dtype)  # what the type cannot hold wraps round
        elif how == "shift":
            array = np.roll(array, seed % 7, axis=0)
        elif how == "drop":
            array = array[: max(0, n - 1 - seed % 3)]
        elif how == "repeat" and n:
            array = np.concatenate([array, array[: 1 + seed % 3]])
        elif how == "shuffle":
            draw.shuffle(array)
        elif how == "type":
            # what a float gives as a small whole number is not the same everywhere
            array = array.astype(data.draw(st.sampled_from(["f8", "f4"] if array.dtype.kind == "f" else ["i8", "u1"])))
        elif how == "random" and array.dtype.kind in "bui":
            array = draw.integers(0, 2 if array.dtype == bool else 5, n).astype(array.dtype)
        arrays[name] = array
    leaf = arrays.pop("leaf")
    return Parts("trees", {"leaf": leaf}, arrays, parts.meta)


@given(st.data(), st.sampled_from([FOREST, BOOSTED, GAPS, TREE]))
@READERS
def test_what_passes_can_be_walked(data: st.DataObject, parts: Parts) -> None:
    """Damaged arrays are refused with an `ArtifactError`, or every row still reaches a leaf that exists."""
    broken = damaged(data, parts)
    try:
        trees.validate(broken)
    except ArtifactError:
        return
    walked(broken)


@st.composite
def shapes(draw: st.DrawFn) -> list[list[bool]]:
    """Return the leaf maps of one to four random trees."""
    found = []
    for _ in range(draw(st.integers(1, 4))):
        owed, tree = 1, []
        while owed:
            leaf = len(tree) > 60 or draw(st.booleans())
            tree.append(leaf)
            owed += -1 if leaf else 1
        found.append(tree)
    return found


def by_stack(tree: list[bool], offset: int) -> list[int]:
    """Return the right child of every node of one tree, a leaf's its own, found one node at a time."""
    right, waiting = [0] * len(tree), []
    for i, leaf in enumerate(tree):
        right[i] = i + offset
        if not leaf:
            waiting.append(i)
        elif waiting and i + 1 < len(tree):
            right[waiting.pop()] = i + 1 + offset
    return right


@given(shapes())
@settings(READERS, max_examples=200)
def test_right_children_are_found_without_being_stored(found: list[list[bool]]) -> None:
    """The map of leaves alone gives every right child, over several trees at once."""
    leaf_map, n_nodes = np.concatenate([np.array(t) for t in found]), np.array([len(t) for t in found], np.int32)
    assert preorder.is_proper(leaf_map, n_nodes)
    offsets = preorder.starts(n_nodes)
    expected = [r for tree, offset in zip(found, offsets, strict=True) for r in by_stack(tree, int(offset))]
    assert preorder.right_children(leaf_map, n_nodes).tolist() == expected


@given(st.lists(st.booleans(), min_size=1, max_size=9), st.data())
@settings(READERS, max_examples=300)
def test_only_whole_trees_are_proper(nodes: list[bool], data: st.DataObject) -> None:
    """A map of leaves is proper exactly where each tree, read node by node, is over at its end and not before."""
    cut = data.draw(st.integers(0, len(nodes) - 1))
    n_nodes = np.array([cut, len(nodes) - cut] if cut else [len(nodes)], np.int32)
    whole = True
    for start, n in zip(preorder.starts(n_nodes), n_nodes, strict=True):
        owed = 1
        for i, leaf in enumerate(nodes[start : start + n]):
            owed += -1 if leaf else 1
            whole &= (owed == 0) == (i == n - 1)
    assert preorder.is_proper(np.array(nodes), n_nodes) == whole


def test_a_chain_of_forty_thousand_splits_is_no_trouble() -> None:
    """More subtrees owed than 16 bits count: the sort takes wider numbers, the walk ends."""
    n = 40_000
    leaf_map = np.arange(2 * n + 1) >= n
    right = preorder.right_children(leaf_map, np.array([2 * n + 1], np.int32))
    assert np.array_equal(right[:n], 2 * n - np.arange(n))
    chain = {
        "leaf_map": leaf_map, "n_nodes": np.array([2 * n + 1], np.int32), "feature": np.zeros(n, np.int32),
        "threshold": np.arange(n, dtype=np.uint32)[::-1], "table": np.arange(n, dtype=np.float32),
        "table_start": np.array([0, n], np.int64),
    }  # fmt: skip
    meta = {"task": "regression", "features": ["a"], "classes": [], "kind": "tree"}
    parts = Parts("trees", {"leaf": np.arange(n + 1.0)[:, None]}, chain, meta)
    trees.validate(parts)
    assert trees.leaves(parts, np.array([[-1.0], [0.5], [n - 1.5], [n]]))[:, 0].tolist() == [0, 1, n - 1, n]


def test_walks_go_when_the_arrays_go() -> None:
    """Arrays made for walking live as long as the structure they are made of, and another structure has its own."""
    trees.walk.walk(TREE)  # keeps nothing of what follows
    parts = changed(TREE, table=s(TREE, "table") + np.float32(0.5))
    kept = trees.walk.walk.__closure__
    assert kept is not None
    held = next(cell.cell_contents for cell in kept if isinstance(cell.cell_contents, dict))
    before = len(held)
    assert trees.walk.walk(parts) is not trees.walk.walk(TREE)
    assert len(held) == before + 1
    del parts
    gc.collect()
    assert len(held) == before
