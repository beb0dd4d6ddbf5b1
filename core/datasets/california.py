"""California Housing, rebuilt bit for bit from the integers of the census: no download, no rounding."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np

from core.datasets.table import Dataset, Feature, Place, Target
from core.parts import Floats

FILE = Path(__file__).with_name("california_housing.npz")

# label, unit, one unit, meaning, decimals; in the order of scikit-learn's fetch_california_housing.
_MEANINGS = {
    "MedInc": ("Median income", "$10,000 a year", "$10,000 a year", "Median income of the households, 1990", 2),
    "HouseAge": ("House age", "years", "year", "Median age of the houses; above 52 was recorded as 52", 0),
    "AveRooms": ("Rooms per household", "rooms", "room", "Average number of rooms per household", 2),
    "AveBedrms": ("Bedrooms per household", "bedrooms", "bedroom", "Average number of bedrooms per household", 2),
    "Population": ("Population", "people", "person", "People living in the block group", 0),
    "AveOccup": ("People per household", "people", "person", "Average number of people per household", 2),
    "Latitude": ("Latitude", "degrees north", "degree", "Latitude of the block group", 2),
    "Longitude": ("Longitude", "degrees east", "degree", "Longitude of the block group; west is negative", 2),
}

_CITIES = {
    "San Francisco": (37.77, -122.42),
    "Los Angeles": (34.05, -118.24),
    "San Diego": (32.72, -117.16),
    "Sacramento": (38.58, -121.49),
    "Fresno": (36.75, -119.77),
    "Palo Alto": (37.44, -122.14),
}


@cache
def load() -> Dataset:
    """Return the table; its SHA-256 is that of the 20,640 × 9 float64 table, target last."""
    with np.load(FILE, allow_pickle=False) as file:
        raw = {name: file[name].astype(np.float64) for name in file.files}
    columns = {
        "MedInc": raw["medinc_1e4"] / 10000,
        "HouseAge": raw["age"],
        "AveRooms": raw["rooms"] / raw["hh"],
        "AveBedrms": raw["beds"] / raw["hh"],
        "Population": raw["pop"],
        "AveOccup": raw["pop"] / raw["hh"],
        "Latitude": raw["lat_100"] / 100,
        "Longitude": raw["lon_100"] / 100,
    }
    X, y = np.column_stack(list(columns.values())), raw["value"] / 100000
    table = np.ascontiguousarray(np.column_stack([X, y]), dtype="<f8")
    return Dataset(
        name="california_housing",
        label="California Housing",
        task="regression",
        features=tuple(
            Feature(name, label, unit, per, meaning, float(c.min()), float(c.max()), decimals)
            for (name, c), (label, unit, per, meaning, decimals) in zip(
                columns.items(), _MEANINGS.values(), strict=True
            )
        ),
        target=Target(
            "MedHouseVal",
            "Median house value",
            "$",
            100_000.0,
            "Median value of the owner-occupied houses, in 1990 dollars; values above 500,000 were capped",
        ),
        X=X,
        y=y,
        source="R. Kelley Pace and Ronald Barry, Sparse Spatial Autoregressions, Statistics and Probability "
        "Letters 33 (1997); 1990 US census, distributed by StatLib",
        licence="The descriptions of this data set name StatLib and the 1990 US census as its origin and "
        "state no licence; nothing more is known to us.",
        sha256=hashlib.sha256(table.tobytes()).hexdigest(),
        places=_places(X),
    )


def _places(X: Floats) -> tuple[Place, ...]:
    """Return the block group nearest to the middle of each city."""
    found = []
    for name, (latitude, longitude) in _CITIES.items():
        # A degree of longitude is shorter than one of latitude by cos(latitude).
        east = (X[:, 7] - longitude) * np.cos(np.radians(latitude))
        found.append(Place(name, int(np.argmin((X[:, 6] - latitude) ** 2 + east**2))))
    return tuple(found)
