"""`TREES`: tree models that can be trained, as data."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import pytest

from core import families
from core.errors import InvalidInput
from core.families import trees
from core.fields import Choice, Number
from core.models import MODELS
from core.models.trees import TREES
from tests.trees_support import said, table

PARAMS = [(model, name) for model, entry in TREES.items() for name in entry.params]


def made(model: str, **params: Any) -> Any:
    """Return the estimator of a model with some settings changed."""
    fields = TREES[model].params
    return TREES[model].make(rank_tol=0.0, **{n: f.default for n, f in fields.items()} | params)


@pytest.mark.parametrize("model", TREES)
def test_every_tree_model_is_described_and_can_be_made(model: str) -> None:
    """Label, summary, task and family are there; the seed is fixed and one thread works."""
    entry = TREES[model]
    assert entry.label
    assert entry.summary.endswith(".")
    assert entry.family == "trees"
    assert entry.task == ("classification" if model.endswith("_classifier") else "regression")
    assert MODELS[model] is entry
    given = made(model).get_params()
    assert given["random_state"] == 42
    assert given.get("n_jobs", 1) == 1
    assert type(made(model)).__name__ in trees.KINDS
    assert set(entry.params) <= set(inspect.signature(type(made(model)).__init__).parameters)
    assert entry.penalty({}) is None


@pytest.mark.parametrize(("model", "name"), PARAMS)
def test_every_default_is_scikit_learns_own(model: str, name: str) -> None:
    """With nothing changed the estimator is scikit-learn's default, so that its figures can be compared."""
    estimator = made(model)
    default = inspect.signature(type(estimator).__init__).parameters[name].default
    given = estimator.get_params()[name]
    # a share of all columns is None to one estimator and 1.0 to the other
    assert given == default or {given, default} == {None, 1.0}


@pytest.mark.parametrize(("model", "name"), PARAMS)
def test_every_setting_is_explained_and_refuses_what_is_out_of_range(model: str, name: str) -> None:
    """A form can be drawn, the default passes, and values beyond either end do not."""
    field = TREES[model].params[name]
    assert field.label
    assert field.help.endswith(".")
    assert field.check(name, field.default) == field.default
    bad: list[object] = ["much", None, math.nan]
    if isinstance(field, Number):
        bad += [field.low - 1, field.high * 2, True] + ([field.low] if field.open_low else [])
    for value in bad:
        with pytest.raises(InvalidInput, match=f"^{name} must be "):
            field.check(name, value)


@pytest.mark.parametrize(("model", "name"), PARAMS)
def test_both_ends_of_every_range_train(model: str, name: str) -> None:
    """Lowest, highest and every word of a choice fit, can be taken over, and say what scikit-learn says."""
    X, y, new = table("plain")
    field = TREES[model].params[name]
    quick = {n: 3 for n in ("n_estimators", "max_iter") if n in TREES[model].params and n != name}
    if isinstance(field, Choice):
        values: list[Any] = list(field.options)
    else:
        low = field.low + 1e-3 if field.open_low else field.low
        # what grows with the setting alone is not trained at its upper end
        values = [int(low) if field.integer else low] + ([] if name in ("n_estimators", "max_iter") else [field.high])
    for value in values:
        estimator = made(model, **quick | {name: field.check(name, value)}).fit(X, y)
        parts = families.extract(estimator)
        assert parts.meta["task"] == TREES[model].task
        assert np.abs(families.outputs(parts, new) - said(estimator, new)).max() <= 1e-12


def test_no_limit_is_spelled_as_a_number() -> None:
    """A depth of 0 and fewer than two leaves mean no limit; words stand for shares of the columns."""
    for model in TREES:
        assert made(model, max_depth=0).max_depth is None
        assert made(model, max_depth=3).max_depth == 3
        assert [made(model, max_leaf_nodes=n).max_leaf_nodes for n in (0, 1, 2)] == [None, None, 2]
    shares = [made("random_forest", max_features=w).max_features for w in ("all", "half", "sqrt", "log2")]
    assert shares == [None, 0.5, "sqrt", "log2"]
    stops = [made("hist_boosting", early_stopping=w).early_stopping for w in ("auto", "on", "off")]
    assert stops == ["auto", True, False]
    assert made("hist_boosting", max_features=0.25).max_features == 0.25
