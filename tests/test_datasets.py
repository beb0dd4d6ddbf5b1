"""The bundled table: the right numbers, with their meaning."""

from __future__ import annotations

import hashlib
import math
import socket

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from core import datasets
from core.datasets import DATASETS, california, split
from core.errors import InvalidInput

CALIFORNIA_SHA256 = "9b9082ab86651a01d663a8e4a70ea14c0b41d0b2bd693bccd3221dcd111e15ca"


def test_the_table_is_bit_for_bit_the_known_one() -> None:
    """SHA-256 of the float64 table, target last, is that of scikit-learn's California Housing."""
    d = datasets.load("california_housing")
    table = np.ascontiguousarray(np.column_stack([d.X, d.y]), dtype="<f8")
    assert d.sha256 == CALIFORNIA_SHA256
    assert hashlib.sha256(table.tobytes()).hexdigest() == CALIFORNIA_SHA256
    assert d.X.shape == (20640, 8)
    assert d.X.dtype == d.y.dtype == np.float64


def test_the_first_row_is_the_known_one() -> None:
    """The columns are in scikit-learn's order, with their quotients."""
    d = datasets.load("california_housing")
    assert d.feature_names == (
        "MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude",
    )  # fmt: skip
    assert d.X[0].tolist() == [8.3252, 41, 880 / 126, 129 / 126, 322, 322 / 126, 37.88, -122.23]
    assert d.y[0] == 4.526


@pytest.mark.parametrize("name", DATASETS)
def test_every_feature_has_a_meaning_a_unit_and_its_range(name: str) -> None:
    """Label, unit and meaning are words, the range is that of the column, and decimals suffice to show it."""
    d = datasets.load(name)
    assert len(d.features) == d.X.shape[1]
    assert len(set(d.feature_names)) == len(d.features)
    for feature, column in zip(d.features, d.X.T, strict=True):
        assert all(word.strip() for word in (feature.label, feature.unit, feature.per, feature.meaning))
        assert (feature.low, feature.high) == (column.min(), column.max())
        assert 0 <= feature.decimals <= 4
    assert all(word.strip() for word in (d.target.label, d.target.unit, d.target.meaning))
    assert d.target.factor > 0


@pytest.mark.parametrize("name", DATASETS)
def test_every_table_says_where_it_comes_from(name: str) -> None:
    """Source and licence are said in words, and the registry agrees with the table."""
    d, source = datasets.load(name), DATASETS[name]
    assert len(d.source) > 20
    assert "licence" in d.licence
    assert (d.name, d.label, d.task) == (name, source.label, source.task)
    assert source.summary


def test_units_turn_the_target_into_dollars() -> None:
    """One unit of the target is 100,000 dollars, and the largest value is the cap of the census."""
    d = datasets.load("california_housing")
    assert (d.target.unit, d.target.factor) == ("$", 100_000)
    assert d.y.max() * d.target.factor == pytest.approx(500_001)


def test_places_are_rows_at_those_places() -> None:
    """Each named place is a block group within five kilometres of the city's middle."""
    d = datasets.load("california_housing")
    middles = {
        "San Francisco": (37.77, -122.42),
        "Los Angeles": (34.05, -118.24),
        "San Diego": (32.72, -117.16),
    }
    assert set(middles) <= {place.name for place in d.places}
    for place in d.places:
        assert 0 <= place.row < len(d.y)
        if place.name in middles:
            latitude, longitude = middles[place.name]
            north = d.X[place.row, 6] - latitude
            east = (d.X[place.row, 7] - longitude) * math.cos(math.radians(latitude))
            assert 111 * math.hypot(north, east) < 5


def test_the_table_is_shared_and_cannot_be_changed() -> None:
    """Loading twice gives one object, whose arrays are read-only."""
    d = datasets.load("california_housing")
    assert datasets.load("california_housing") is d
    for array in (d.X, d.y):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_loading_opens_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table comes from the repository: nothing is asked of the network."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert california.load.__wrapped__().sha256 == CALIFORNIA_SHA256


@pytest.mark.parametrize("name", ["", "iris", "../california_housing", "California_Housing"])
def test_an_unknown_table_is_refused(name: str) -> None:
    """A name that is not in the registry is refused with the names that are."""
    with pytest.raises(InvalidInput, match=f'^dataset must be one of california_housing, got "{name}"$'):
        datasets.load(name)


@pytest.mark.parametrize(("n", "share", "seed"), [(20640, 0.2, 42), (20640, 0.33, 0), (10, 0.5, 7), (7, 0.01, 3)])
def test_the_split_is_that_of_scikit_learn(n: int, share: float, seed: int) -> None:
    """The same rows in the same order as `train_test_split`, disjoint and complete, read-only."""
    train, test = split(n, share, seed)
    theirs = train_test_split(np.arange(n), test_size=share, random_state=seed)
    assert np.array_equal(train, theirs[0])
    assert np.array_equal(test, theirs[1])
    assert sorted([*train, *test]) == list(range(n))
    assert not train.flags.writeable
    assert not test.flags.writeable
