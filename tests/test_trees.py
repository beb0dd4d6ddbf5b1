"""Trees, forests and boosting in NumPy say what scikit-learn says."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor

from core import families
from core.errors import InvalidInput
from core.families import trees
from core.families.trees.extract import floored
from core.families.trees.rebuild import drawn_rows
from core.parts import Floats, Parts
from tests.support import U64
from tests.trees_support import BOOSTING, ESTIMATORS, FLOAT32, TABLES, changed, fitted, parts_of, said, table

EVERYTHING = [*product(ESTIMATORS, TABLES)]


def agrees(estimator: Any, parts: Parts, X: Floats) -> None:
    """Assert that parts say what the estimator says.

    Sums run in the same order, so that values and shares are the same to the last bit. Only the probabilities of
    boosting pass through exp and a quotient: k + 8 roundings of a number below 1 on either side.
    """
    trees.validate(parts)
    ours, theirs = families.outputs(parts, X), said(estimator, X)
    assert ours.shape == theirs.shape
    if parts.meta["kind"] == "boosting" and parts.meta["classes"]:
        k = len(parts.meta["classes"])
        assert np.abs(ours - theirs).max(initial=0) <= 2 * (k + 8) * U64
        raw = trees.scores(parts, trees.leaves(parts, X))
        assert np.array_equal(raw if k > 2 else raw[:, 0], estimator.decision_function(X))
    else:
        assert np.array_equal(ours, theirs)
    if parts.meta["classes"]:
        assert np.array_equal(estimator.classes_[families.predict(parts, X).astype(int)], estimator.predict(X))


@pytest.mark.parametrize(("name", "kind"), EVERYTHING)
def test_parts_say_what_the_estimator_says(name: str, kind: str) -> None:
    """On the training rows and on new ones, for every kind of tree and of table."""
    X, _, new = table(kind)
    for rows in (X, new, new[:1], new[:0]):
        if len(rows):
            agrees(fitted(name, kind), parts_of(name, kind), rows)
        else:
            assert len(families.outputs(parts_of(name, kind), rows)) == 0


@pytest.mark.parametrize("name", ESTIMATORS)
def test_rows_on_a_threshold_go_the_same_way(name: str) -> None:
    """Rows exactly on a threshold, one float32 and one float64 beside it, and half-way between two floats."""
    estimator = fitted(name)
    parts = parts_of(name)
    rows = drawn_rows(parts, 400)
    beside = [np.nextafter(rows, way) for way in (-np.inf, np.inf)]
    single = [np.nextafter(rows.astype(np.float32), np.float32(way)).astype(float) for way in (-np.inf, np.inf)]
    for X in (rows, *beside, *single, (rows + single[1]) / 2):
        agrees(estimator, parts, X)


@pytest.mark.parametrize("name", FLOAT32)
def test_thresholds_between_neighbouring_floats_are_kept(name: str) -> None:
    """Values that are neighbours in float32 have no float32 between them: the threshold is rounded down, not off."""
    X = np.float32(1) + np.arange(64, dtype=np.float32)[:, None] * np.float32(2.0**-23)
    y = np.random.default_rng(0).integers(0, 3, 64).astype(float)
    for sign, size in product((1, -1), (1.0, 2.0**-140, 2.0**126)):
        rows = (sign * size * X).astype(np.float32).astype(np.float64)
        estimator = ESTIMATORS[name]().fit(rows, y)
        parts = trees.extract(estimator)
        assert parts.structure["table"].dtype == np.float32
        agrees(estimator, parts, rows)
    middle = (X[:-1].astype(float) + X[1:].astype(float)).ravel() / 2
    assert (floored(middle, np.float32) < middle).all()
    assert (floored(middle, np.float32) == X[:-1].ravel()).all()
    assert np.array_equal(floored(middle, np.float64), middle)


@pytest.mark.parametrize("name", FLOAT32)
def test_numbers_beyond_float32_go_to_the_far_side(name: str) -> None:
    """What scikit-learn refuses as too large goes where the largest float32 goes."""
    parts, largest = parts_of(name), float(np.finfo(np.float32).max)
    for sign in (1, -1):
        near, far, off = (families.outputs(parts, np.full((1, 4), sign * v)) for v in (largest, 1e300, np.inf))
        assert np.array_equal(near, far)
        assert np.array_equal(near, off)
        agrees(fitted(name), parts, np.full((1, 4), sign * largest))


@pytest.mark.parametrize("name", BOOSTING)
def test_boosting_takes_infinite_numbers(name: str) -> None:
    """Boosting takes infinite numbers in scikit-learn, and here."""
    rows = np.array([[np.inf, 0, -np.inf, 1e308], [-np.inf, np.inf, 0, -1e308]])
    agrees(fitted(name), parts_of(name), rows)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_constant_target_gives_trees_of_one_leaf(name: str) -> None:
    """Trees without a split have no features and no thresholds, and say one thing."""
    X = table("plain")[0]
    y = np.zeros(len(X))
    y[:80] = 1.0 if name.endswith("Classifier") else 0.0
    flat = X if not name.endswith("Classifier") else np.zeros_like(X)
    estimator = ESTIMATORS[name]().fit(flat, y)
    parts = trees.extract(estimator)
    assert parts.structure["leaf_map"].all()
    assert not parts.structure["feature"].size
    assert not parts.structure["table"].size
    agrees(estimator, parts, X)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_trees_grown_best_first_are_renumbered(name: str) -> None:
    """With a limit of leaves nodes are numbered as they were found; here they stand in preorder."""
    X, y, new = table("plain")
    estimator = ESTIMATORS[name]().set_params(max_leaf_nodes=9).fit(X, y)
    parts = trees.extract(estimator)
    assert np.add.reduceat(parts.structure["leaf_map"], trees.preorder.starts(parts.structure["n_nodes"])).max() <= 9
    for rows in (X, new):
        agrees(estimator, parts, rows)
    if name == "DecisionTreeRegressor":
        assert (estimator.tree_.children_left[estimator.tree_.children_left > 0] != np.arange(1, 9)).any()


def test_a_deep_tree_is_walked_to_its_end() -> None:
    """A target that doubles from row to row splits off one row at a time: hundreds of levels."""
    X = np.arange(400.0)[:, None]
    for y in (2.0 ** np.arange(400), 2.0 ** np.arange(400)[::-1]):
        estimator = DecisionTreeRegressor(random_state=0).fit(X, y)
        assert estimator.get_depth() > 200
        agrees(estimator, trees.extract(estimator), np.concatenate([X, X + 0.5]))


@cache
def california() -> RandomForestRegressor:
    """Return a forest of 20 trees of California Housing."""
    from core.datasets import load

    d = load("california_housing")
    return RandomForestRegressor(20, min_samples_leaf=3, random_state=42).fit(d.X[::5], d.y[::5])


def test_a_forest_of_california_says_what_scikit_learn_says() -> None:
    """More rows than a block holds, and trees of thousands of nodes."""
    from core.datasets import load

    X = load("california_housing").X
    assert len(X) > trees.walk.BLOCK
    parts = trees.extract(california())
    agrees(california(), parts, X)
    # float64 arrays only where they are quantised; every threshold once
    assert parts.structure["table"].size < parts.structure["threshold"].size
    assert parts.n_parameters == parts.structure["leaf_map"].sum()


def test_boosting_of_ten_classes_says_what_scikit_learn_says() -> None:
    """One tree a class and iteration, the classes in turn."""
    X, y = load_digits(return_X_y=True)
    estimator = HistGradientBoostingClassifier(max_iter=4, random_state=0).fit(X, y)
    parts = trees.extract(estimator)
    assert len(parts.structure["n_nodes"]) == 40
    assert parts.structure["baseline"].shape == (10,)
    agrees(estimator, parts, X)


@pytest.mark.parametrize("loss", ["absolute_error", "quantile"])
def test_losses_that_predict_the_sum_are_taken(loss: str) -> None:
    """Any loss whose prediction is the sum itself is taken over."""
    X, y, new = table("plain")
    more = {"quantile": 0.8} if loss == "quantile" else {}
    estimator = HistGradientBoostingRegressor(loss=loss, max_iter=5, **more).fit(X, y + X[:, 0])
    agrees(estimator, trees.extract(estimator), new)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_missing_values_unknown_to_the_training_are_refused(name: str) -> None:
    """Where no split shows that missing values were seen nothing is kept of them, and one is refused by name."""
    parts = parts_of(name)
    assert "missing_left" not in parts.structure
    rows = table("missing values")[2]
    with pytest.raises(InvalidInput, match=r'^X must be free of missing values, .*, got "NaN in x0"$'):
        families.outputs(parts, rows)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_missing_values_are_kept_where_asked_for(name: str) -> None:
    """Asked to, a model that saw none sends missing values where scikit-learn sends them: to the larger side."""
    parts = trees.extract(fitted(name), missing=True)
    assert parts.structure["missing_left"].dtype == bool
    agrees(fitted(name), parts, table("missing values")[2])
    assert "missing_left" not in trees.extract(fitted(name, "missing values"), missing=False).structure


@pytest.mark.parametrize("name", [n for n in ESTIMATORS if "ExtraTree" not in n])
def test_missing_values_can_be_split_from_all_others(name: str) -> None:
    """A feature of which only its absence says something: the threshold is infinite, and that is evidence enough."""
    X = np.ones((80, 2))
    X[::2, 0] = np.nan
    y = np.isnan(X[:, 0]).astype(float)
    estimator = ESTIMATORS[name]().fit(X, y)
    parts = trees.extract(estimator)
    assert np.isinf(parts.structure["table"]).any()
    agrees(estimator, parts, np.array([[np.nan, 1], [1, 1], [-5, np.nan], [1e38, 0]]))


def test_estimators_that_cannot_be_taken_over_are_refused() -> None:
    """Several targets, one class, categories, another link, and no fit at all are named."""
    X, y, _ = table("plain")
    cases = [
        (DecisionTreeRegressor().fit(X, np.column_stack([y, y])), 'one target, got "2 targets"$'),
        (ESTIMATORS["DecisionTreeClassifier"]().fit(X, y * 0), 'at least two classes, got "one class"$'),
        (HistGradientBoostingRegressor(loss="poisson", max_iter=2).fit(X, y), '^loss must be .*, got "poisson"$'),
        (
            HistGradientBoostingRegressor(categorical_features=[0], max_iter=2).fit(np.abs(np.round(X)), y),
            "^categorical_features must be none",
        ),
    ]
    for estimator, message in cases:
        with pytest.raises(InvalidInput, match=message):
            families.extract(estimator)
    for name, make in ESTIMATORS.items():
        with pytest.raises(InvalidInput, match=f'^estimator must be fitted: call its fit first, got "{name}"$'):
            families.extract(make())


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 5), (1, 2, 2)])
def test_rows_of_another_width_are_refused(shape: tuple[int, ...]) -> None:
    """A table with too few or too many columns would be read across its rows."""
    with pytest.raises(InvalidInput, match=r"^X must be rows of 4 columns, got "):
        families.outputs(parts_of("RandomForestRegressor"), np.zeros(shape))


def test_what_is_taken_over_is_described() -> None:
    """Names, classes, kind, dtypes and read-only arrays are as the house's other models have them."""
    parts = parts_of("RandomForestClassifier")
    assert parts.family == "trees"
    assert dict(parts.meta) == {
        "task": "classification", "features": ("x0", "x1", "x2", "x3"), "classes": ("0", "1", "2"), "kind": "forest",
    }  # fmt: skip
    types = {n: a.dtype.name for n, a in parts.structure.items()}
    assert types == {
        "leaf_map": "bool", "n_nodes": "int32", "feature": "int32", "threshold": "uint32", "table": "float32",
        "table_start": "int64",
    }  # fmt: skip
    assert not any(a.flags.writeable for a in [*parts.structure.values(), *parts.values.values()])
    assert parts.values["leaf"].shape == (parts.structure["leaf_map"].sum(), 3)
    assert parts_of("HistGradientBoostingClassifier").structure["table"].dtype == np.float64


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_twin_shares_leaves_with_its_original(name: str) -> None:
    """Other leaves over the same structure are another table for the same numbers of leaves."""
    parts, new = parts_of(name), table("plain")[2]
    ids = trees.leaves(parts, new)
    assert ids.shape == (len(new), len(parts.structure["n_nodes"]))
    assert ids.dtype == np.int32
    twin = changed(parts, leaf=np.round(parts.values["leaf"], 1))
    assert np.array_equal(families.outputs(twin, new), trees.from_leaves(twin, ids))
    assert np.array_equal(trees.from_leaves(twin, np.ascontiguousarray(ids)), trees.from_leaves(twin, ids))
    assert trees.walk.walk(twin) is trees.walk.walk(parts)


def test_leaves_share_a_scale_by_model_or_by_tree() -> None:
    """One id for all, or one a tree, in the shape of the leaves; neighbours share nothing."""
    parts = parts_of("RandomForestClassifier")
    leaf, n_nodes = parts.values["leaf"], parts.structure["n_nodes"]
    assert not families.groups(parts, "leaf").any()
    by_tree = families.groups(parts, "leaf", "row")
    assert by_tree.shape == families.groups(parts, "leaf").shape == leaf.shape
    # a tree of n nodes has (n + 1) / 2 leaves
    assert np.array_equal(np.bincount(by_tree[:, 0]), (n_nodes + 1) // 2)
    assert (by_tree == by_tree[:, :1]).all()
    with pytest.raises(InvalidInput, match=r'^granularity must be tensor or row: .*, got "block"$'):
        families.groups(parts, "leaf", "block")


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_path_of_a_row_leads_to_its_leaf(name: str) -> None:
    """Every step says what it asked, of which value, and the last leaf is the one that is reached."""
    kind = "missing values"
    parts, new = parts_of(name, kind), table(kind)[2][:10]
    ids = trees.leaves(parts, new)
    for row, tree in product(range(len(new)), range(len(parts.structure["n_nodes"]))):
        found = trees.path(parts, new[row], tree)
        assert found.leaf == ids[row, tree]
        assert found.says == tuple(parts.values["leaf"][found.leaf])
        for step in found.steps:
            assert step.missing == np.isnan(new[row, step.feature])
            assert step.missing or step.left == (step.value <= step.threshold)
            assert step.missing or step.value == pytest.approx(new[row, step.feature], rel=2.0**-24)
    if name == "DecisionTreeRegressor":
        asked = fitted(name, kind).decision_path(new).sum(axis=1)
        assert [len(trees.path(parts, row).steps) + 1 for row in new] == np.asarray(asked).ravel().tolist()
    with pytest.raises(InvalidInput, match=r"^tree must be a whole number from 0 to "):
        trees.path(parts, new[0], -1)
