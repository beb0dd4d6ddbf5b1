"""Damaged packed trees: every one is refused with one kind of error, or is whole trees all the same."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core import families
from core.errors import ArtifactError
from core.packed import Packed, pack_codes, unpack_codes, unpack_structure, unpack_values
from core.packed import structure as packed_structure
from core.packed.sections import KINDS
from core.parts import Array, plain
from tests.packed_support import examples, reopened, reread

MUTATIONS = 2000
ROWS = np.random.default_rng(0).normal(size=(5, 4)) * 3


def mutated(packed: Packed, draw: random.Random) -> Packed:
    """Return `packed` with one array or one entry of its header changed."""
    arrays, header = {n: a.copy() for n, a in packed.arrays.items()}, plain(packed.header)
    if draw.random() < 0.3:
        mutate_header(header, draw)
    else:
        name = draw.choice(sorted(arrays))
        arrays[name] = mutated_array(arrays[name], draw)
        if draw.random() < 0.05:
            arrays[draw.choice(["other", "table.other", "side.other"])] = arrays.pop(name)
    return Packed(arrays, header)


def mutated_array(array: Array, draw: random.Random) -> Array:
    """Return an array with some bytes changed, cut, put in or doubled, or of another type."""
    way, data = draw.randrange(6), bytearray(array.tobytes())
    at = draw.randrange(len(data) + 1)
    if way == 0 and data:
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    elif way == 1:
        data = data[: at // array.itemsize * array.itemsize]
    elif way == 2:
        data += draw.randbytes(array.itemsize * draw.randint(1, 40))
    elif way == 3 and data:
        data[:] = draw.randbytes(len(data))
    elif way == 4:
        data = data * 2
    else:
        return array.astype(draw.choice(["i4", "f4", "f8", "u2"]))
    return np.frombuffer(bytes(data), dtype=array.dtype)


def mutate_header(header: dict[str, Any], draw: random.Random) -> None:
    """Change, drop or add one entry of a header, at any depth."""
    while True:
        key = draw.choice(sorted(header))
        if isinstance(header[key], dict) and header[key] and draw.random() < 0.8:
            header = header[key]
            continue
        break
    if isinstance(header[key], int) and draw.random() < 0.6:
        header[key] += draw.choice([-8, -1, 1, 2, 8, 10**12, -(10**12)])
    elif draw.random() < 0.1:
        del header[key]
    elif draw.random() < 0.1:
        header["other"] = header[key]
    else:
        header[key] = draw.choice(
            [*KINDS, "float32", "float64", "table", True, None, 1.5, [], {}, {"a": 1}, "x" * 99, 0, -1]
        )


def test_mutations_are_refused_or_are_whole_trees() -> None:
    """2,000 damaged models: an `ArtifactError`, or trees that can be asked, never anything else nor much memory."""
    draw, refused = random.Random(6), 0
    before = [families.outputs(parts, ROWS) for parts, *_ in examples()]
    tracemalloc.start()
    try:
        for _ in range(MUTATIONS):
            which = draw.randrange(len(before))
            parts, structure, values, codes = examples()[which]
            half = draw.randrange(3)
            try:
                if half == 2:
                    found, _ = reread(codes, mutated(codes.packed, draw))
                    assert found.shape == codes.codes.shape
                    assert int(found.max()) < 2**codes.bits
                    continue
                damaged = [mutated(p, draw) if i == half else p for i, p in enumerate((structure, values))]
                again = reopened(parts, *damaged)
            except ArtifactError:
                refused += 1
                continue
            assert families.outputs(again, ROWS).shape == before[which].shape
        # The largest example has 64 KB of arrays; nothing may unfold to many times that.
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    assert refused > MUTATIONS // 2


def test_nothing_cut_short_is_opened() -> None:
    """Every array of every part without its last byte or entry is refused."""
    for parts, structure, values, codes in examples():
        for packed, read in (
            (structure, lambda p, parts=parts: unpack_structure(p, len(parts.meta["features"]))),
            (values, lambda p, parts=parts: unpack_values(p, parts.values["leaf"].shape)),
            (codes.packed, lambda p, codes=codes: reread(codes, p)),
        ):
            for name, array in packed.arrays.items():
                if not array.size or name == "baseline":  # how many starting values there are, the family checks
                    continue
                with pytest.raises(ArtifactError):
                    read(Packed({**packed.arrays, name: array[:-1]}, packed.header))


def changed(packed: Packed, arrays: Mapping[str, Array | None] = {}, **fields: Any) -> Packed:
    """Return `packed` with arrays exchanged (None: taken away) and fields of the header set."""
    kept = {n: a for n, a in {**packed.arrays, **arrays}.items() if a is not None}
    return Packed(kept, {**plain(packed.header), **fields})


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda p: changed(p, nodes=-1), "nodes is not a whole number"),
        (lambda p: changed(p, nodes=True), "nodes is not a whole number"),
        (lambda p: changed(p, nodes=10**15), "nodes is not a whole number"),
        (
            lambda p: changed(p, {"leaf_map": ~p.arrays["leaf_map"]}),
            "bits behind the last|not a sequence of whole trees",
        ),
        (lambda p: changed(p, nodes=p.header["nodes"] - 1), "bits behind|do not take|not a sequence of whole trees"),
        (lambda p: changed(p, table_type="float16"), "of a type that this version does not know"),
        (lambda p: changed(p, table_type=["float32"]), "of a type that this version does not know"),
        (lambda p: changed(p, table=3), "a header of packed trees is missing or no object"),
        (lambda p: changed(p, {"threshold": None}), "refers to, or lack some"),
        (lambda p: changed(p, {"stray": np.zeros(1, dtype=np.uint8)}), "refers to, or lack some"),
        (lambda p: changed(p, baseline="bits"), "refers to, or lack some"),
        (lambda p: changed(p, {"baseline": np.array([np.inf])}), "starting value is not a finite number"),
    ],
)
def test_a_structure_that_does_not_hold_together_is_refused(damage: Callable[[Packed], Packed], words: str) -> None:
    """What a damaged structure has wrong stands in the error."""
    parts, structure, *_ = examples()[1]
    with pytest.raises(ArtifactError, match=words):
        unpack_structure(damage(structure), len(parts.meta["features"]))


def test_only_whole_trees_are_a_sequence_of_trees() -> None:
    """Of all maps of up to seven nodes exactly those are opened whose every split has two subtrees."""

    def end(bits: str, at: int) -> int | None:
        if at >= len(bits):
            return None
        if bits[at] == "1":
            return at + 1
        left = end(bits, at + 1)
        return None if left is None else end(bits, left)

    for n in range(1, 8):
        for number in range(2**n):
            bits, sizes, at = f"{number:0{n}b}", [], 0
            while at is not None and at < n:
                start, at = at, end(bits, at)
                sizes.append(0 if at is None else at - start)
            packed = Packed({"leaf_map": np.packbits([b == "1" for b in bits])}, {"nodes": n})
            if at is None:
                with pytest.raises(ArtifactError, match="not a sequence of whole trees"):
                    packed_structure._trees(packed)
            else:
                leaf_map, n_nodes = packed_structure._trees(packed)
                assert leaf_map.tolist() == [b == "1" for b in bits]
                assert n_nodes.tolist() == sizes


def test_a_model_for_other_columns_is_refused() -> None:
    """A structure of four columns is none of three, and none of five."""
    for parts, structure, *_ in examples():
        for n_features in (len(parts.meta["features"]) - 1, len(parts.meta["features"]) + 1):
            with pytest.raises(ArtifactError):
                unpack_structure(structure, n_features + (n_features > 4) * 20)


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({}, "need a scale, or a codebook alone"),
        ({"scale": np.zeros(2, dtype=np.float32)}, "a scale of the leaves is not above zero"),
        ({"scale": np.ones(3, dtype=np.float32)}, "does not have 2 entries"),
        ({"scale": np.ones(2)}, "missing or of the wrong kind"),
        ({"scale": np.full(2, np.nan, dtype=np.float32)}, "something else than finite numbers"),
        (
            {"scale": np.ones(2, "f4"), "zero_point": np.full(2, 16, "u1")},
            "zero point of the leaves does not fit 4 bits",
        ),
        ({"scale": np.ones(2, "f4"), "codebook": np.zeros((2, 3), "f4")}, "need a scale, or a codebook alone"),
        ({"codebook": np.array([[1, 0], [0, 1]], "f4")}, "too wide or not in order"),
        ({"codebook": np.zeros((2, 17), "f4")}, "too wide or not in order"),
        ({"codebook": np.zeros((2, 0), "f4")}, "too wide or not in order"),
        ({"scale": np.ones(2, "f4"), "window": np.ones(2, "f4")}, "no table window"),
    ],
)
def test_tables_that_no_grid_makes_are_refused(tables: dict[str, Array], words: str) -> None:
    """The tables of 4-bit codes in two groups are checked for kind, length and range."""
    packed = pack_codes(np.zeros(6, dtype=np.uint16), 4, (6, 1), {"scale": np.ones(2, dtype=np.float32)})
    arrays = {n: a for n, a in packed.arrays.items() if not n.startswith("side.")}
    damaged = Packed(arrays | {f"side.{n}": t.reshape(-1) for n, t in tables.items()}, packed.header)
    with pytest.raises(ArtifactError, match=words):
        unpack_codes(damaged, 4, (6, 1), 2)


def test_leaves_of_another_number_or_width_are_refused() -> None:
    """Packed leaves fit the shape and the bits that they were made with, and no bomb of a shape is tried."""
    for parts, _, values, codes in examples():
        n, k = parts.values["leaf"].shape
        for shape in ((n + 9, k), (n, k + 9), (0, k), (2**40, k)):
            with pytest.raises(ArtifactError):
                unpack_values(values, shape)
            with pytest.raises(ArtifactError):
                reread(replace(codes, shape=shape), codes.packed)
        with pytest.raises(ArtifactError, match="do not have"):
            reread(replace(codes, bits=codes.bits + 1), codes.packed)
