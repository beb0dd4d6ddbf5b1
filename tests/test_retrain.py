"""A challenger learns from the champion's rows and a later batch, and is judged on rows that neither has seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core import tables
from core.artifact import Model
from core.config import DataConfig, TrainConfig
from core.datasets import load, split
from core.datasets.own import own_dataset
from core.drift import Batch, Change, batch_of, simulate
from core.errors import InvalidInput
from core.evaluate import compare, model_file
from core.quant import Scheme
from core.retrain import joined, retrain, table_bytes
from core.train import train

ROWS = 2000


def champion(config: TrainConfig | None = None, data: DataConfig | None = None) -> Model:
    """Return a pair of 6 bits."""
    trained = train(data or DataConfig(), config or TrainConfig())
    return model_file(trained, compare(trained, Scheme("asymmetric", 6)), "6 bits")


def shifted(model: Model, n: int = ROWS) -> Batch:
    """Return rows of the champion's test part, the first feature scaled."""
    reference = load(model.data.dataset)
    index = split(reference, model.data.test_size, model.data.seed)[1][:n]
    X = np.array(reference.X[index])
    X[:, 0] *= 1.5
    return batch_of(model, X, reference.y[index])


def test_the_recipe_is_the_champions_and_the_rows_are_both() -> None:
    """Model, hyperparameters, split and scheme stay; the table is the old one with the batch behind it."""
    model = champion(TrainConfig("ridge", params=(("alpha", 7.0),)))
    found = retrain(model, shifted(model)).model
    assert found.config == model.config
    assert found.quantized.scheme == model.quantized.scheme
    assert (found.data.test_size, found.data.seed) == (model.data.test_size, model.data.seed)
    n = len(load("california_housing").y) + ROWS
    assert found.moments.n == n - int(np.ceil(0.2 * n))
    assert found.label.endswith("retrained")


def test_nobody_was_trained_on_the_rows_of_the_gate() -> None:
    """Each of them is a test row of the new split, and a test row of the old one or one of the batch."""
    model = champion()
    batch = shifted(model)
    found = retrain(model, batch)
    whole, left_out = joined(model, load("california_housing"), batch)
    assert left_out == found.left_out == 0
    old = len(load("california_housing").y)
    learnt = split(whole, 0.2, 42)[0]
    before = split(load("california_housing"), 0.2, 42)[0]
    seen = {row.tobytes() for row in whole.X[learnt]} | {row.tobytes() for row in load("california_housing").X[before]}
    # A block group may occur twice in the table: then its twin is no secret, but no row stands in two parts.
    twins = sum(row.tobytes() in seen for row in found.rows)
    assert twins <= len(whole.X) - len(np.unique(whole.X, axis=0))
    expected = np.setdiff1d(split(whole, 0.2, 42)[1], before)
    np.testing.assert_array_equal(found.rows, whole.X[expected])
    np.testing.assert_array_equal(found.targets, whole.y[expected])
    assert (expected >= old).sum() > 300
    assert (expected < old).sum() > 600


def test_the_table_can_be_written_and_read_again() -> None:
    """As a file of one's own it has the SHA-256 of the recipe, the same rows, and gives the same model."""
    model = champion()
    batch = shifted(model, 100)
    whole, _ = joined(model, load("california_housing"), batch)
    data = table_bytes(whole)
    table = tables.read(data, "later.csv")
    assert table.sha256 == whole.sha256 == retrain(model, batch).model.data.sha256
    again = own_dataset(table, whole.target.name, "regression", whole.feature_names, "later")
    np.testing.assert_array_equal(again.X, whole.X)
    np.testing.assert_array_equal(again.y, whole.y)


def test_classes_are_kept() -> None:
    """A classifier learns anew; classes and their names stay."""
    model = champion(TrainConfig("logistic"), DataConfig("wine"))
    reference = load("wine")
    batch = batch_of(model, reference.X[:60], reference.y[:60])
    found = retrain(model, batch).model
    assert found.classes == model.classes
    assert found.task == "classification"


def test_rows_with_gaps_are_left_out_where_the_recipe_fills_none() -> None:
    """They are counted; a batch of nothing else is refused, and so is one without targets."""
    model = champion()
    batch = shifted(model, 200)
    X = np.array(batch.X)
    X[:30, 2] = np.nan
    assert retrain(model, batch_of(model, X, batch.y)).left_out == 30
    X[:, 2] = np.nan
    with pytest.raises(InvalidInput, match="gaps in every row"):
        retrain(model, batch_of(model, X, batch.y))
    with pytest.raises(InvalidInput, match="MedHouseVal"):
        retrain(model, batch_of(model, batch.X))


def test_gaps_are_kept_where_the_recipe_fills_them() -> None:
    """The median takes their place, as in the champion."""
    model = champion(TrainConfig(impute="median"))
    batch = simulate(model, (Change(model.features[1].name, missing=0.5),), 400, 1)
    assert np.isnan(batch.X[:, 1]).any()
    y = np.full(len(batch), 2.0)
    assert retrain(model, batch_of(model, batch.X, y)).left_out == 0


def test_what_has_no_recipe_or_another_table_is_refused() -> None:
    """A model from outside cannot be trained again, and only the champion's own table is its table."""
    model = champion()
    batch = shifted(model, 100)
    with pytest.raises(InvalidInput, match="outside"):
        retrain(replace(model, data=None, config=None), batch)
    with pytest.raises(InvalidInput, match=model.data_sha256[:12]):
        retrain(model, batch, load("diabetes"))


def test_what_a_simulated_batch_was_made_of_does_not_judge() -> None:
    """Rows of which the challenger has learnt an altered copy are not among those of the gate."""
    model = champion()
    batch = simulate(model, (Change("MedInc", scale=1.4),), ROWS, 3)
    found = retrain(model, batch)
    whole, _ = joined(model, load("california_housing"), batch)
    old = len(load("california_housing").y)
    learnt, tested = split(whole, 0.2, 42)
    rows = np.column_stack([whole.X[:, 1:], whole.y])  # all but the feature that was changed
    copies = {row.tobytes() for row in rows[learnt[learnt >= old]]}
    mine = np.column_stack([found.rows[:, 1:], found.targets])
    assert not any(row.tobytes() in copies for row in mine)
    expected = np.setdiff1d(tested, split(load("california_housing"), 0.2, 42)[0])
    kept = sum(row.tobytes() not in copies for row in rows[expected])
    # Another feature alone may be the only difference of two rows that were always there.
    assert 0.95 * kept <= len(found.rows) <= kept < len(expected)
