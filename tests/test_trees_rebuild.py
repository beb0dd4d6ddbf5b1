"""Parts become a scikit-learn estimator again; its compiled trees reach the same leaves."""

from __future__ import annotations

from importlib import import_module
from itertools import product

import numpy as np
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.errors import InvalidInput
from core.families import trees
from core.families.trees.predict import shares
from core.families.trees.rebuild import drawn_rows
from core.parts import Floats, Parts
from tests.support import FORMULAS, U64
from tests.trees_support import ESTIMATORS, TABLES, changed, fitted, parts_of, said, table


@pytest.mark.parametrize(("name", "kind"), [*product(ESTIMATORS, TABLES)])
def test_the_rebuilt_estimator_says_the_same(name: str, kind: str) -> None:
    """The same probabilities and values to the last bit; classes are named by text."""
    parts, (X, _, new) = parts_of(name, kind), table(kind)
    again = trees.rebuild(parts)
    for rows in (X, new):
        assert np.array_equal(said(again, rows), said(fitted(name, kind), rows))
    if name.endswith("Classifier"):
        assert again.classes_.tolist() == list(parts.meta["classes"])
        expected = np.array(parts.meta["classes"])[fitted(name, kind).predict(new).astype(int)]
        assert np.array_equal(again.predict(new), expected)


@pytest.mark.parametrize(("name", "kind"), [*product(ESTIMATORS, ("plain", "missing values", "one feature"))])
def test_compiled_trees_reach_the_same_leaves(name: str, kind: str) -> None:
    """The faster way gives the numbers of the same leaves, for a model and for its twin."""
    parts, rows = parts_of(name, kind), table(kind)[2]
    twin = changed(parts, leaf=np.round(parts.values["leaf"], 1))
    for p in (parts, twin):
        found = trees.compiled_leaves(p, rows)
        assert found.dtype == np.int32
        assert np.array_equal(found, trees.leaves(p, rows))
    with pytest.raises(InvalidInput, match=r"^X must be rows of "):
        trees.compiled_leaves(parts, rows[:, :0])


@pytest.mark.parametrize("name", ESTIMATORS)
def test_rounded_leaves_can_be_rebuilt_too(name: str) -> None:
    """A twin becomes an estimator as its original does, shares that do not add up to 1 included."""
    parts, new = parts_of(name), table("plain")[2]
    twin = changed(parts, leaf=np.round(parts.values["leaf"] * 3) / 3 + 0.1)
    again, ours = trees.rebuild(twin), trees.outputs(twin, new)
    if name.endswith("Classifier"):
        assert np.abs(ours.sum(axis=1) - 1).max() <= 4 * U64
        assert np.array_equal(again.predict_proba(new).argmax(axis=1), ours.argmax(axis=1))
    else:
        assert np.array_equal(again.predict(new), ours)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_trees_of_one_leaf_and_deep_ones_are_rebuilt(name: str) -> None:
    """Depth and numbers of nodes are right, which scikit-learn needs to follow a path."""
    parts, X = parts_of(name), table("plain")[0]
    again = trees.rebuild(parts)
    if name.startswith("DecisionTree"):
        assert again.get_depth() == fitted(name).get_depth()
        assert again.get_n_leaves() == fitted(name).get_n_leaves()
        assert (again.decision_path(X) != fitted(name).decision_path(X)).nnz == 0
    if name.endswith("Regressor"):
        flat = trees.extract(ESTIMATORS[name]().fit(X, np.full(len(X), 2.5)))
        assert np.array_equal(trees.rebuild(flat).predict(X), np.full(len(X), 2.5))


def test_drawn_rows_stand_on_thresholds() -> None:
    """The rows that check a rebuilt estimator are those on which a wrong comparison shows."""
    parts = parts_of("RandomForestRegressor", "missing values")
    rows = drawn_rows(parts, 300)
    assert np.array_equal(rows, drawn_rows(parts, 300), equal_nan=True)
    on = np.isin(rows, parts.structure["table"].astype(float))
    assert 0.2 < on.mean() < 0.6
    assert 0.1 < np.isnan(rows).mean() < 0.3
    assert not np.isnan(drawn_rows(parts_of("RandomForestRegressor"), 300)).any()


def test_an_estimator_that_says_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a version of scikit-learn read its nodes differently, that would be said and no estimator given."""
    module = import_module("core.families.trees.rebuild")  # the package's own name is that of the function
    tree = module._tree
    monkeypatch.setattr(module, "_tree", lambda like, nodes: tree(like, nodes | {"threshold": nodes["threshold"] + 1}))
    message = rf'^scikit-learn must be a version whose trees can be written here, got "{sklearn.__version__}"$'
    with pytest.raises(InvalidInput, match=message):
        trees.rebuild(parts_of("RandomForestRegressor"))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_classes_keep_their_order(name: str) -> None:
    """Classes whose names sort otherwise than their numbers stay where they are."""
    parts = parts_of(name)
    if not parts.meta["classes"]:
        parts = Parts("trees", parts.values, parts.structure, {**parts.meta, "features": ["d", "c", "b", "a"]})
        assert not hasattr(trees.rebuild(parts), "feature_names_in_")
        return
    named = Parts("trees", parts.values, parts.structure, {**parts.meta, "classes": ["pear", "apple", "fig"]})
    new = table("plain")[2]
    again = trees.rebuild(named)
    assert np.array_equal(again.predict_proba(new), said(fitted(name), new))
    assert again.predict(new).tolist() == [named.meta["classes"][int(i)] for i in fitted(name).predict(new)]


TOTALS = arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(2, 4)), elements=st.floats(-2, 2, width=32))


@given(TOTALS)
@FORMULAS
def test_shares_are_probabilities_in_the_order_of_what_they_come_from(total: Floats) -> None:
    """They lie between 0 and 1, add up to 1 within the rounding of k terms, and the first stays first."""
    found = shares(total)
    assert (found >= 0).all()
    assert np.abs(found.sum(axis=1) - 1).max() <= max(1e-9, (total.shape[1] + 2) * U64)
    order = np.take_along_axis(found, total.argsort(axis=1, kind="stable"), axis=1)
    assert (np.diff(order, axis=1) >= 0).all()


def test_shares_of_exact_leaves_are_left_alone() -> None:
    """Means that add up to 1 up to rounding are given back as they are."""
    exact = np.array([[1.0, 0.0], [1 / 3, 2 / 3], [0.1 + 0.2, 0.7]])
    assert shares(exact) is exact
    assert np.array_equal(shares(np.zeros((1, 4))), np.full((1, 4), 0.25))


@pytest.mark.parametrize("name", ["DecisionTreeRegressor", "RandomForestClassifier"])
def test_what_training_needed_is_gone_and_not_made_up(name: str) -> None:
    """The importances are no numbers: impurities and numbers of rows are not kept."""
    again = trees.rebuild(parts_of(name))
    assert type(again) is type(fitted(name))
    assert np.isnan(again.feature_importances_).all()
