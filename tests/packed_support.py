"""What the tests of packed trees share: random models of a few nodes, their bytes, and the same with damage."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from core import families
from core.packed import Packed, pack_codes, pack_structure, pack_values, unpack_codes, unpack_structure, unpack_values
from core.parts import Array, Parts, plain
from core.quant import METHODS
from tests.trees_support import parts_of

# Floats that are hard to keep: both zeros, denormals, the largest, neighbours, whole numbers and decimals.
AWKWARD = np.array([0.0, -0.0, 1e-45, -1e-40, 3e38, -3e38, 1.0, 1 + 2.0**-23, 0.1, -12.35, 7.0, 1e9, 2.0**40])


@dataclass(frozen=True, eq=False)
class Codes:
    """Codes of leaves with their tables, and what reading them takes."""

    codes: Array
    bits: int
    shape: tuple[int, int]
    tables: dict[str, Array]
    n_groups: int

    @property
    def packed(self) -> Packed:
        """The codes and tables in bytes."""
        return pack_codes(self.codes, self.bits, self.shape, self.tables)


def coded(parts: Parts, method: str, bits: int, granularity: str = "row", params: Any = ()) -> Codes:
    """Return the leaves of `parts` as codes, with the tables as they are stored: one entry, or row, a group."""
    leaf = parts.values["leaf"]
    ids = families.groups(parts, "leaf", granularity).reshape(-1)
    codes, tables = METHODS[method].encode(leaf.reshape(-1), ids, bits, params)
    first = np.unique(ids, return_index=True)[1]
    whole = np.uint8 if bits <= 8 else np.uint16
    stored = {}
    for name, table in tables.items():
        entries = np.asarray(table)[0][first] if name == "codebook" else np.asarray(table).reshape(-1)[first]
        stored[name] = entries.astype(whole if name == "zero_point" else np.float32)
    return Codes(np.asarray(codes).reshape(-1).astype(np.uint16), bits, leaf.shape, stored, len(first))


def random_tree(draw: np.random.Generator, most: int) -> list[bool]:
    """Return which nodes of a tree of up to `most` splits are leaves, in preorder."""
    found, owed, splits = [], 1, 0
    while owed:
        leaf = splits >= most or draw.random() < 0.45
        found.append(leaf)
        owed += -1 if leaf else 1
        splits += not leaf
    return found


def random_structure(
    seed: int, n_trees: int, most: int, n_features: int, kind: type, missing: bool
) -> dict[str, Array]:
    """Return the structure of random trees; thresholds come from a few awkward floats and random ones."""
    draw = np.random.default_rng(seed)
    trees = [random_tree(draw, most) for _ in range(n_trees)]
    leaf_map = np.array([leaf for tree in trees for leaf in tree])
    n_splits = int((~leaf_map).sum())
    feature = draw.integers(0, n_features, n_splits).astype(np.int32)
    values = np.where(draw.random(n_splits) < 0.5, draw.choice(AWKWARD, n_splits), draw.normal(size=n_splits) * 10.0)
    threshold, tables = np.zeros(n_splits, dtype=np.uint32), []
    for f in range(n_features):
        own = values[feature == f].astype(kind)
        unique, threshold[feature == f] = np.unique(own + kind(0), return_inverse=True)
        tables.append(unique)
    found = {
        "leaf_map": leaf_map,
        "n_nodes": np.array([len(tree) for tree in trees], dtype=np.int32),
        "feature": feature,
        "threshold": threshold,
        "table": np.concatenate(tables),
        "table_start": np.cumsum([0, *(len(t) for t in tables)], dtype=np.int64),
    }
    if missing:
        found["missing_left"] = draw.random(n_splits) < 0.5
    if kind is np.float64:
        found["baseline"] = draw.normal(size=1 + seed % 3)
    return found


def same(found: dict[str, Array], wanted: dict[str, Array]) -> bool:
    """Tell whether two sets of arrays have the same names, types, shapes and bits."""
    return found.keys() == wanted.keys() and all(
        found[n].dtype == a.dtype and found[n].shape == a.shape and found[n].tobytes() == a.tobytes()
        for n, a in wanted.items()
    )


def through_json(packed: Packed) -> Packed:
    """Return what comes back when the header is written as JSON and read, and the arrays are copied."""
    header = json.loads(json.dumps(plain(packed.header), allow_nan=False))
    return Packed({name: array.copy() for name, array in packed.arrays.items()}, header)


@cache
def examples() -> tuple[tuple[Parts, Packed, Packed, Codes], ...]:
    """Return small models of every kind: parts, packed structure, packed values, codes of the leaves."""
    asked = [
        ("DecisionTreeRegressor", "plain", "symmetric", 4),
        ("RandomForestRegressor", "missing values", "asymmetric", 8),
        ("RandomForestClassifier", "plain", "asymmetric", 6),
        ("HistGradientBoostingRegressor", "plain", "codebook", 3),
        ("HistGradientBoostingClassifier", "missing values", "asymmetric", 12),
    ]
    found = []
    for name, kind, method, bits in asked:
        parts = parts_of(name, kind)
        found.append(
            (parts, pack_structure(parts.structure), pack_values(parts.values["leaf"]), coded(parts, method, bits))
        )
    return tuple(found)


def reopened(parts: Parts, structure: Packed, values: Packed) -> Parts:
    """Return the model that two packed halves hold, checked as the family of trees asks; `parts` lends its meta."""
    arrays = unpack_structure(structure, len(parts.meta["features"]))
    n_leaves = int(np.count_nonzero(arrays["leaf_map"]))
    leaf = unpack_values(values, (n_leaves, parts.values["leaf"].shape[1]))
    again = Parts(parts.family, {"leaf": leaf}, arrays, parts.meta)
    families.trees.validate(again)
    return again


def reread(codes: Codes, packed: Packed) -> tuple[Array, dict[str, Array]]:
    """Return codes and tables of the packed leaves, read as those of `codes`."""
    return unpack_codes(packed, codes.bits, codes.shape, codes.n_groups)
