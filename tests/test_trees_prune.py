"""Fewer and shallower trees: against a reference that walks node by node, and what every reader of them relies on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.families import trees
from core.families.trees import KEPT, cut, levels, prune, reached, rounds
from core.packed import pack_structure, unpack_structure
from core.parts import Array, Floats, Parts
from tests.trees_support import ESTIMATORS, TABLES, parts_of, table

PRUNED = settings(max_examples=150, derandomize=True, deadline=None, database=None)
NAMES = tuple(ESTIMATORS)
MANY = tuple(name for name in NAMES if not name.startswith(("DecisionTree", "ExtraTreeR", "ExtraTreeC")))


def nested(parts: Parts) -> list[Any]:
    """Return every tree as nested tuples: (feature, threshold, missing to the left, left, right), or a leaf's number."""
    s, leaf, split, node = parts.structure, iter(range(10**9)), iter(range(10**9)), iter(s_map(parts))

    def grow() -> Any:
        if next(node):
            return next(leaf)
        i = next(split)
        feature = int(s["feature"][i])
        threshold = s["table"][s["table_start"][feature] + s["threshold"][i]]
        missing = bool(s["missing_left"][i]) if "missing_left" in s else False
        return feature, threshold, missing, grow(), grow()

    return [grow() for _ in s["n_nodes"]]


def s_map(parts: Parts) -> list[bool]:
    """Return which nodes are leaves."""
    return list(parts.structure["leaf_map"])


def below(tree: Any) -> list[int]:
    """Return the leaves below a node."""
    return [tree] if isinstance(tree, int) else below(tree[3]) + below(tree[4])


def asked(tree: Any, row: Floats, depth: int) -> list[int]:
    """Return the leaves below where a row stands after at most `depth` questions, 0 for all of them."""
    level = 0
    while not isinstance(tree, int) and (not depth or level < depth):
        feature, threshold, missing, left, right = tree
        value = row[feature]
        goes_left = missing if np.isnan(value) else value <= threshold
        tree, level = (left if goes_left else right), level + 1
    return below(tree)


def expected(parts: Parts, rows: Floats, n_trees: int, depth: int, counts: Array | None) -> Floats:
    """Return the scores of the pruned model, row by row and tree by tree."""
    leaf, baseline = parts.values["leaf"], parts.structure.get("baseline")
    each = nested(parts)[: n_trees * (1 if baseline is None else len(baseline)) or None]
    rows = rows.astype(parts.structure["table"].dtype)
    width = leaf.shape[1] if baseline is None else len(baseline)
    found = np.zeros((len(rows), width)) + (0.0 if baseline is None else baseline)
    for i, row in enumerate(rows):
        for t, tree in enumerate(each):
            held = asked(tree, row, depth)
            weight = np.ones(len(held)) if counts is None or not counts[held].sum() else counts[held]
            value = (leaf[held] * weight[:, None]).sum(axis=0) / weight.sum()
            if baseline is None:
                found[i] += value / len(each)
            else:
                found[i, t % width] += value[0]
    return found


@PRUNED
@given(
    name=st.sampled_from(NAMES),
    kind=st.sampled_from([k for k in TABLES if k != "missing values"]),
    n_trees=st.integers(0, 9),
    depth=st.integers(0, 12),
    weighted=st.booleans(),
    seed=st.integers(0, 99),
)
def test_a_smaller_model_says_what_it_should(
    name: str, kind: str, n_trees: int, depth: int, weighted: bool, seed: int
) -> None:
    """Outputs are those of the reference, the map leads to the leaves that rows reach, and the parts are valid."""
    parts, (_, _, new) = parts_of(name, kind), table(kind)
    n_trees = 0 if parts.meta["kind"] == "tree" else n_trees
    counts = np.random.default_rng(seed).integers(0, 4, len(parts.values["leaf"])) if weighted else None
    small, leaf = prune(parts, n_trees, depth, counts)
    trees.validate(small)
    ids = trees.leaves(parts, new[:12])
    mapped = reached(parts, small, ids)
    assert np.array_equal(mapped, trees.leaves(small, new[:12]))
    assert np.array_equal(mapped, leaf[ids[:, : mapped.shape[1]]])
    # Sums of at most a hundred values, in another order than ours: 100 roundings of the largest partial sum.
    size = np.abs(parts.values["leaf"]).max() * len(parts.structure["n_nodes"]) + 1
    found = expected(parts, new[:12], n_trees, depth, counts)
    assert np.abs(trees.scores(small, mapped) - found).max() <= 200 * 2.0**-53 * size


@pytest.mark.parametrize("name", NAMES)
def test_missing_values_go_where_they_went(name: str) -> None:
    """Where a split sends them is kept for the splits that stay."""
    parts, (_, _, new) = parts_of(name, "missing values"), table("missing values")
    small, _ = prune(parts, 0, 2)
    assert "missing_left" in small.structure
    found = expected(parts, new, 0, 2, None)
    assert np.allclose(trees.scores(small, trees.leaves(small, new)), found, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_every_old_leaf_has_one_new_one(name: str) -> None:
    """All of the kept trees fall into a leaf, in order, and none of the others does."""
    parts = parts_of(name)
    n_trees = 0 if parts.meta["kind"] == "tree" else 2
    small, leaf = prune(parts, n_trees, 3)
    kept = leaf >= 0
    assert len(leaf) == len(parts.values["leaf"])
    assert (np.diff(leaf[kept]) >= 0).all()
    assert np.array_equal(np.unique(leaf[kept]), np.arange(len(small.values["leaf"])))
    assert not kept[np.count_nonzero(kept) :].any()
    assert rounds(small) == (n_trees or rounds(parts))
    assert levels(small) == 3


@pytest.mark.parametrize("name", NAMES)
def test_what_stays_whole_keeps_every_digit(name: str) -> None:
    """Nothing is cut where as much was asked for as there is; a leaf that was a leaf keeps its value."""
    parts = parts_of(name)
    for asked_for in ((0, 0), (0, levels(parts)), (0, 99), (0 if parts.meta["kind"] == "tree" else 99, 99)):
        same, leaf = prune(parts, *asked_for)
        assert same is parts
        assert np.array_equal(leaf, np.arange(len(parts.values["leaf"])))
    small, leaf = prune(parts, 0, levels(parts) - 1, np.random.default_rng(0).integers(0, 9, len(leaf)))
    alone = np.bincount(leaf)[leaf] == 1
    assert alone.any()
    assert np.array_equal(small.values["leaf"][leaf[alone]], parts.values["leaf"][alone])


@pytest.mark.parametrize("name", NAMES)
def test_no_threshold_stays_that_nobody_asks_for(name: str) -> None:
    """The tables shrink with the trees, and what is left is packed and read back exactly."""
    parts = parts_of(name)
    s = prune(parts, 0, 2)[0].structure
    asked_for = {(int(f), int(t)) for f, t in zip(s["feature"], s["threshold"], strict=True)}
    assert len(asked_for) == len(s["table"]) < len(parts.structure["table"])
    again = unpack_structure(pack_structure(s), len(parts.meta["features"]))
    assert all(np.array_equal(again[n], array) and again[n].dtype == array.dtype for n, array in s.items())


@pytest.mark.parametrize("name", MANY)
def test_the_first_trees_are_those_of_a_smaller_model(name: str) -> None:
    """Fewer trees are the model that fewer iterations or a smaller forest would have been."""
    X, y, new = table("plain")
    model = ESTIMATORS[name]()
    model.set_params(**({"max_iter": 3} if hasattr(model, "max_iter") else {"n_estimators": 3}))
    noise = 0 if name.endswith("Classifier") else np.random.default_rng(0).normal(size=len(y))
    fewer = trees.extract(model.fit(X, y + noise))
    small, _ = prune(parts_of(name), 3, 0)
    assert np.array_equal(trees.outputs(small, new), trees.outputs(fewer, new))
    assert all(np.array_equal(small.structure[n], array) for n, array in fewer.structure.items())


def test_a_single_tree_has_no_fewer_trees() -> None:
    """It is refused, with what can be done instead."""
    with pytest.raises(InvalidInput, match=r"^trees must be 0 for a single tree, which can only be made shallower"):
        prune(parts_of("DecisionTreeRegressor"), 1, 0)


def test_one_cut_serves_all_twins() -> None:
    """The structure is cut once; twins with other leaves share its arrays, which nobody can change."""
    parts = parts_of("RandomForestRegressor")
    one, other = (prune(parts, 4, 2, counts)[0] for counts in (None, np.arange(len(parts.values["leaf"]))))
    assert all(one.structure[n] is other.structure[n] for n in one.structure)
    assert one.meta[KEPT] == (4, 2)
    assert not any(array.flags.writeable for array in cut(parts, 4, 2).structure.values())
