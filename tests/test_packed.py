"""Tree models in bytes: what is read is what was written, to the last bit, and every byte is accounted for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import families
from core.errors import InvalidInput
from core.packed import (
    MOST_NODES,
    PARTS,
    pack_codes,
    pack_structure,
    pack_values,
    sizes,
    structure,
    unpack_codes,
    unpack_structure,
    unpack_values,
)
from core.parts import Floats
from core.quant import METHODS, packed_size
from tests.packed_support import AWKWARD, coded, examples, random_structure, reopened, reread, same, through_json
from tests.support import FORMULAS
from tests.trees_support import ESTIMATORS, TABLES, parts_of, table

# One split at 0.5, a leaf of 1 and one of 2.
TINY = {
    "leaf_map": np.array([False, True, True]),
    "n_nodes": np.array([3], dtype=np.int32),
    "feature": np.array([0], dtype=np.int32),
    "threshold": np.array([0], dtype=np.uint32),
    "table": np.array([0.5], dtype=np.float32),
    "table_start": np.array([0, 1], dtype=np.int64),
}


@FORMULAS
@given(
    st.integers(0, 2**32),
    st.integers(1, 6),
    st.integers(0, 60),
    st.integers(1, 9),
    st.sampled_from([np.float32, np.float64]),
    st.booleans(),
)
def test_a_structure_comes_back_to_the_last_bit(
    seed: int, n_trees: int, most: int, n_features: int, kind: type, missing: bool
) -> None:
    """Random trees, down to a single leaf, come back with every array's type, shape and bits."""
    wanted = random_structure(seed, n_trees, most, n_features, kind, missing)
    packed = pack_structure(wanted)
    assert same(unpack_structure(through_json(packed), n_features), wanted)
    assert sum(sizes(packed).values()) == packed.size


@FORMULAS
@given(st.integers(0, 2**32), st.integers(1, 80), st.integers(1, 5), st.sampled_from(["any", "few", "pure", "single"]))
def test_values_come_back_to_the_last_bit(seed: int, n: int, k: int, kind: str) -> None:
    """Leaves of any finite floats, of few different ones, of pure classes, and of float32 come back bit by bit."""
    draw = np.random.default_rng(seed)
    leaf: Floats = draw.normal(size=(n, k)) * 10.0 ** draw.integers(-300, 300)
    if kind == "few":
        leaf = draw.choice(AWKWARD, (n, k))
    elif kind == "pure":
        leaf = np.eye(k)[draw.integers(0, k, n)]
    elif kind == "single":
        leaf = draw.normal(size=(n, k)).astype(np.float32).astype(np.float64)
    packed = pack_values(leaf)
    found = unpack_values(through_json(packed), (n, k))
    assert found.dtype == np.float64
    assert found.shape == leaf.shape
    assert found.tobytes() == leaf.tobytes()
    assert sum(sizes(leaves=packed).values()) == packed.size


@FORMULAS
@given(st.integers(0, 2**32), st.integers(1, 80), st.integers(1, 5), st.integers(1, 16), st.integers(1, 4))
def test_codes_come_back(seed: int, n: int, k: int, bits: int, n_groups: int) -> None:
    """Codes of every width come back with their tables, in no more bytes than their bits fill."""
    draw = np.random.default_rng(seed)
    codes = draw.integers(0, 2**bits, n * k).astype(np.uint16)
    whole = np.uint8 if bits <= 8 else np.uint16
    tables = {
        "scale": draw.random(n_groups).astype(np.float32) + np.float32(1),
        "zero_point": draw.integers(0, 2**bits, n_groups).astype(whole),
    }
    packed = pack_codes(codes, bits, (n, k), tables)
    found, again = unpack_codes(through_json(packed), bits, (n, k), n_groups)
    assert found.dtype == np.uint16
    assert np.array_equal(found, codes)
    assert same(again, tables)
    spent = sizes(leaves=packed)
    assert spent["side"] == n_groups * (4 + whole().itemsize)
    assert spent["leaf"] <= packed_size(n * k, bits)


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_real_models_come_back_and_say_the_same(name: str, kind: str) -> None:
    """Every kind of scikit-learn model comes back to the last bit, and so do its outputs."""
    X, _, new = table(kind)
    if name.startswith("ExtraTree") and np.isnan(X).any():
        kind, (X, _, new) = "ties", table("ties")
    parts = parts_of(name, kind)
    again = reopened(parts, pack_structure(parts.structure), pack_values(parts.values["leaf"]))
    assert same(dict(again.structure), dict(parts.structure))
    assert again.values["leaf"].tobytes() == parts.values["leaf"].tobytes()
    asked = new if "missing_left" in parts.structure else np.nan_to_num(new)
    assert families.outputs(again, asked).tobytes() == families.outputs(parts, asked).tobytes()


@pytest.mark.parametrize("method", ["symmetric", "asymmetric", "codebook"])
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("granularity", ["tensor", "row"])
def test_codes_of_every_grid_come_back(method: str, bits: int, granularity: str) -> None:
    """What each grid makes of the leaves of a forest and of a boosting decodes to the same floats as before."""
    for name in ("RandomForestClassifier", "HistGradientBoostingRegressor"):
        codes = coded(parts_of(name), method, bits, granularity)
        found, tables = reread(codes, through_json(codes.packed))
        assert np.array_equal(found, codes.codes)
        assert same(tables, codes.tables)
        assert found.max() <= METHODS[method].top_code(bits)


def test_an_offset_comes_back() -> None:
    """A grid that starts at its smallest value stores that beside the scale."""
    codes = coded(parts_of("RandomForestRegressor"), "asymmetric", 5, "row", (("zero_point", "offset"),))
    found, tables = reread(codes, through_json(codes.packed))
    assert np.array_equal(found, codes.codes)
    assert same(tables, codes.tables)
    assert set(tables) == {"scale", "offset"}


def test_the_bytes_of_a_tiny_tree() -> None:
    """One split and two leaves: each part's bytes as they are worked out by hand.

    Three bits of the map fill a byte. Of one feature none has to be named, 0 bytes, nor has one threshold, 0 bytes;
    that there is one takes a bit, and the threshold itself a float32: 1 + 4 bytes. 1 and 2 are float32: 8 bytes; two
    codes of 8 bits take 2, with a scale of 4.
    """
    packed = pack_structure(TINY)
    none = dict.fromkeys(PARTS, 0)
    assert sizes(packed) == none | {"leaf_map": 1, "table": 5}
    assert packed.arrays["leaf_map"].tolist() == [0b01100000]
    leaves = pack_values(np.array([[1.0], [2.0]]))
    assert leaves.header["form"] == "float32"
    assert sizes(packed, leaves) == none | {"leaf_map": 1, "table": 5, "leaf": 8}
    coded_leaves = pack_codes(np.array([1, 255]), 8, (2, 1), {"scale": np.ones(1, dtype=np.float32)})
    assert sizes(packed, coded_leaves) == none | {"leaf_map": 1, "table": 5, "leaf": 2, "side": 4}


def test_a_pure_leaf_costs_the_number_of_its_class() -> None:
    """256 pure leaves of 4 classes in random order take 2 bits each, beside their four rows and a table of 0 and 1."""
    leaf = np.eye(4)[np.random.default_rng(0).integers(0, 4, 256)]
    packed = pack_values(leaf)
    assert packed.header["form"] == "table"
    assert packed.header["places"]["different"] == 4
    assert packed.arrays["places.row"].size == 256 * 2 // 8
    assert packed.arrays["places.codes"].size == 4 * 4 // 8


def test_the_second_class_follows_from_the_first_by_itself() -> None:
    """Two codes of 8 bits a leaf that add up to 255 cost hardly more than one of them."""
    first = np.random.default_rng(0).integers(0, 256, 4000)
    codes = np.stack([first, 255 - first], axis=1).reshape(-1)
    packed = pack_codes(codes, 8, (4000, 2), {"scale": np.ones(1, dtype=np.float32)})
    # 4000 numbers of rows with 8 bits, and 256 rows of 2 codes; sorted, these deflate well.
    assert sizes(leaves=packed)["leaf"] <= 4000 + 2 * 256


def test_a_packed_forest_is_far_smaller_than_its_arrays() -> None:
    """Even the smallest example takes less than three fifths of the bytes of its plain arrays."""
    for parts, packed, values, _ in examples():
        plain = sum(a.nbytes for a in parts.structure.values()) + parts.values["leaf"].nbytes
        # Of a boosting with noise in its targets two thirds are leaves, float64 that are all different.
        assert packed.size + values.size < 0.6 * plain


def test_what_is_no_tree_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thresholds that no split needs, out of order or above their table, and too many nodes cannot be packed."""
    extra = {"table": np.array([0.5, 0.6], dtype=np.float32), "table_start": np.array([0, 2])}
    with pytest.raises(InvalidInput, match="table must be at most one for each of 1 splits"):
        pack_structure(TINY | extra)
    twice = {"feature": np.zeros(2, dtype=np.int32), "threshold": np.array([0, 1], dtype=np.uint32)}
    descending = twice | extra | {"table": np.array([0.6, 0.5], dtype=np.float32)}
    with pytest.raises(InvalidInput, match="table must be ascending and different within each column"):
        pack_structure(TINY | {"leaf_map": np.array([False, False, True, True, True])} | descending)
    with pytest.raises(InvalidInput, match="threshold must be at most 0"):
        pack_structure(TINY | {"threshold": np.array([1], dtype=np.uint32)})
    assert MOST_NODES > 10**7
    monkeypatch.setattr(structure, "MOST_NODES", 2)
    with pytest.raises(InvalidInput, match="nodes must be at most 2, got 3"):
        pack_structure(TINY)


@pytest.mark.parametrize(
    ("leaf", "words"),
    [(np.array([[np.inf]]), "finite numbers"), (np.zeros((0, 1)), "with 1 to"), (np.zeros(3), "two dim")],
)
def test_leaves_that_cannot_be_read_back_are_refused(leaf: Floats, words: str) -> None:
    """A value that is not finite, no leaves, and leaves without a second dimension cannot be packed."""
    with pytest.raises(InvalidInput, match=words):
        pack_values(leaf)


def test_a_code_above_its_bits_is_refused() -> None:
    """A code that its bits cannot hold cannot be packed."""
    with pytest.raises(InvalidInput, match="codes must be at most 3"):
        pack_codes(np.array([4, 0]), 2, (2, 1), {"scale": np.ones(1, dtype=np.float32)})
