"""The bundled tables: the right numbers, with their meaning."""

from __future__ import annotations

import hashlib
import math
import socket
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.model_selection import train_test_split

from core import datasets
from core.datasets import DATASETS, california, split, toy
from core.errors import InvalidInput
from tests.support import classes_of, dataset, words

SHA256 = {
    "diabetes": "839c546b0b4ac02c2e6cbe5e5c92313cefa993446c9733e9b49477cc3f96e104",
    "digits": "30aa855cd90427ff3c4996b3f40109597c57049f8a038cc52db1efeac8ad2e26",
    "wine": "b6ff7c6847be41ee158bdf2267e98a97e1d240566564154aba1c0cc61f551fc3",
    "breast_cancer": "54cbf95e148c6eed11e8b2ac1637b5f44a8053293412279de71c47b345e9eb50",
}
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
    assert all(word.strip() for word in (d.target.label, d.target.meaning))
    # A class has no unit, and one of them is one of them.
    assert bool(d.target.unit.strip()) == (d.task == "regression") == (not d.classes)
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
    """Every table comes from the repository or with scikit-learn: nothing is asked of the network."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert california.load.__wrapped__().sha256 == CALIFORNIA_SHA256
    for name, load in (("digits", toy.digits), ("wine", toy.wine), ("diabetes", toy.diabetes)):
        assert load.__wrapped__().sha256 == SHA256[name]
    assert toy.breast_cancer.__wrapped__().sha256 == SHA256["breast_cancer"]


@pytest.mark.parametrize("name", ["", "iris", "../california_housing", "California_Housing"])
def test_an_unknown_table_is_refused(name: str) -> None:
    """A name that is not in the registry is refused with the names that are."""
    known = "california_housing, diabetes, digits, wine, breast_cancer"
    with pytest.raises(InvalidInput, match=f'^dataset must be one of {known}, got "{name}"$'):
        datasets.load(name)


@pytest.mark.parametrize(("n", "share", "seed"), [(20640, 0.2, 42), (20640, 0.33, 0), (10, 0.5, 7), (7, 0.29, 3)])
def test_the_split_is_that_of_scikit_learn(n: int, share: float, seed: int) -> None:
    """The same rows in the same order as `train_test_split`, disjoint and complete, read-only."""
    train, test = split(dataset(np.zeros((n, 1)), np.arange(float(n))), share, seed)
    theirs = train_test_split(np.arange(n), test_size=share, random_state=seed)
    assert np.array_equal(train, theirs[0])
    assert np.array_equal(test, theirs[1])
    assert sorted([*train, *test]) == list(range(n))
    assert not train.flags.writeable
    assert not test.flags.writeable


@pytest.mark.parametrize(
    ("name", "shape", "classes", "counts", "theirs"),
    [
        ("digits", (1797, 64), tuple("0123456789"), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180], load_digits),
        ("wine", (178, 13), ("cultivar 1", "cultivar 2", "cultivar 3"), [59, 71, 48], load_wine),
        ("breast_cancer", (569, 30), ("malignant", "benign"), [212, 357], load_breast_cancer),
    ],
)
def test_the_tables_of_classes_are_those_of_scikit_learn(
    name: str, shape: tuple[int, int], classes: tuple[str, ...], counts: list[int], theirs: Callable[[], Any]
) -> None:
    """Rows, columns, classes and their numbers are the known ones, and the checksum is that of the whole table."""
    d, found = datasets.load(name), theirs()
    assert d.X.shape == shape
    assert d.classes == classes
    assert np.bincount(d.y.astype(int)).tolist() == counts
    assert np.array_equal(d.X, found.data)
    assert np.array_equal(d.y, found.target)
    table = np.ascontiguousarray(np.column_stack([d.X, d.y]), dtype="<f8")
    assert d.sha256 == hashlib.sha256(table.tobytes()).hexdigest() == SHA256[name]


def test_diabetes_is_in_its_own_units() -> None:
    """Ages are years and not scikit-learn's scaled numbers, which are the same up to shift and scale."""
    d, scaled = datasets.load("diabetes"), load_diabetes()
    assert d.X[0].tolist() == [59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87]
    assert d.X.shape == (442, 10)
    assert d.feature_names == tuple(scaled.feature_names)
    assert np.array_equal(d.y, scaled.target)
    for ours, theirs in zip(d.X.T, scaled.data.T, strict=True):
        assert (ours - ours.mean()) / ours.std() == pytest.approx(theirs / theirs.std(), rel=1e-9, abs=1e-9)
    assert d.sha256 == SHA256["diabetes"]
    assert d.classes == ()


def test_digits_are_pictures_read_row_by_row() -> None:
    """Column 8·r + c is the pixel in row r and column c, between 0 and 16."""
    d = datasets.load("digits")
    assert np.array_equal(d.X.reshape(-1, 8, 8), load_digits().images)
    assert (d.features[19].name, d.features[19].label) == ("pixel_2_3", "Pixel 3.4")
    assert (d.X.min(), d.X.max()) == (0, 16)


@pytest.mark.parametrize("name", [n for n in DATASETS if n != "california_housing"])
def test_the_small_tables_are_shared_and_cannot_be_changed(name: str) -> None:
    """Loading twice gives one object, whose arrays are read-only."""
    d = datasets.load(name)
    assert datasets.load(name) is d
    for array in (d.X, d.y):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize(
    ("name", "share", "seed"), [*product(("digits", "wine", "breast_cancer"), (0.2, 0.33), (42, 0))]
)
def test_classes_keep_their_shares_in_both_parts(name: str, share: float, seed: int) -> None:
    """The split is scikit-learn's stratified one: in each part a class has its share, to less than one row and a half."""
    d = datasets.load(name)
    train, test = split(d, share, seed)
    theirs = train_test_split(np.arange(len(d.y)), test_size=share, random_state=seed, stratify=d.y)
    assert np.array_equal(train, theirs[0])
    assert np.array_equal(test, theirs[1])
    assert sorted([*train, *test]) == list(range(len(d.y)))
    for part in (train, test):
        expected = np.bincount(d.y.astype(int)) * len(part) / len(d.y)
        assert np.abs(np.bincount(d.y[part].astype(int)) - expected).max() < 1.5


@pytest.mark.parametrize(
    ("n", "classes", "share"), [(7, 0, 0.01), (3, 0, 0.5), (40, 3, 0.05), (40, 3, 0.97), (9, 5, 0.5)]
)
def test_a_share_that_leaves_too_few_rows_is_refused(n: int, classes: int, share: float) -> None:
    """Each part has at least two rows, and as many as there are classes."""
    y = np.arange(float(n))
    made = dataset(np.zeros((n, 1)), classes_of(y, classes) if classes else y, words(classes))
    least = max(2, classes)
    with pytest.raises(InvalidInput) as caught:
        split(made, share, 0)
    assert str(caught.value) == f"test_size must be a share that leaves {least} rows on either side, got {share}"


def test_a_split_is_kept_and_cannot_be_changed() -> None:
    """The same table, share and seed give the same two read-only arrays; another table gives others."""
    d = datasets.load("wine")
    assert split(d, 0.25, 3) is split(d, 0.25, 3)
    assert not np.array_equal(split(d, 0.25, 3)[1], split(d, 0.25, 4)[1])
    for part in split(d, 0.25, 3):
        with pytest.raises(ValueError, match="read-only"):
            part[0] = 0
