"""Numbers of any width, sections and sorted tables: the pieces that packed trees are made of."""

from __future__ import annotations

import tracemalloc
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ArtifactError, InvalidInput
from core.packed.bits import pack_bits, read_bits, size_of
from core.packed.sections import Packed, pack_sections, read_section
from core.packed.tables import falling, pack_table, read_table, rising
from core.parts import Array
from core.quant import pack
from tests.packed_support import AWKWARD, through_json
from tests.support import FORMULAS, READERS

FINITE = {np.float32: st.floats(allow_nan=False, width=32), np.float64: st.floats(allow_nan=False)}


@READERS
@given(st.integers(0, 64), st.integers(0, 70), st.integers(0, 2**32))
def test_reading_bits_undoes_packing_them(width: int, count: int, seed: int) -> None:
    """Numbers of every width come back from as many bytes as they need, laid out as the codes of linear models."""
    numbers = np.random.default_rng(seed).integers(0, 2**width - 1, count, dtype=np.uint64, endpoint=True)
    packed = pack_bits(numbers, width)
    assert packed.size == size_of(count, width)
    assert np.array_equal(read_bits(packed, width, count), numbers)
    if 1 <= width <= 16:
        assert packed.tobytes() == pack(numbers, width).tobytes()


def test_many_numbers_are_packed_piece_by_piece() -> None:
    """More numbers than are packed at a time lie behind each other without a gap."""
    numbers = np.random.default_rng(0).integers(0, 8, 2**16 + 11)
    packed = pack_bits(numbers, 3)
    assert packed.size == size_of(len(numbers), 3)
    assert np.array_equal(read_bits(packed, 3, len(numbers)), numbers)


@pytest.mark.parametrize("size", [0, 1, 3])
def test_a_wrong_number_of_bytes_is_refused(size: int) -> None:
    """Too few or too many bytes are an error that says so."""
    with pytest.raises(ArtifactError, match=f"3 numbers of 5 bits do not take {size} bytes"):
        read_bits(np.zeros(size, dtype=np.uint8), 5, 3)


def test_bits_behind_the_last_number_must_be_zero() -> None:
    """Every byte has one spelling."""
    with pytest.raises(ArtifactError, match="bits behind the last number"):
        read_bits(np.array([0, 1], dtype=np.uint8), 5, 3)


@FORMULAS
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 2**40)), max_size=4), st.integers(0, 2**32), st.booleans())
def test_a_section_comes_back(runs: list[tuple[int, int]], seed: int, near: bool) -> None:
    """Runs of different widths come back, from whichever way of writing was the smallest, none longer than bits."""
    draw = np.random.default_rng(seed)
    numbers = np.concatenate(
        [np.zeros(0, dtype=np.uint64), *(draw.integers(0, min(top, 3) if near else top, n, endpoint=True) for n, top in runs)]
    ).astype(np.uint64)  # fmt: skip
    packed = through_json(pack_sections({"a": (numbers, runs)}))
    assert np.array_equal(read_section(packed, "a", runs), numbers)
    assert packed.size <= sum(size_of(n, top.bit_length()) for n, top in runs)


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        ("bits", np.random.default_rng(0).integers(0, 2**13, 5000)),
        ("planes", np.repeat(np.random.default_rng(0).integers(0, 2**13, 200), 25)),
        ("steps", np.cumsum(np.random.default_rng(0).integers(-5, 6, 5000)) % 2**13),
    ],
)
def test_each_way_of_writing_is_taken_where_it_is_the_smallest(kind: str, numbers: Array) -> None:
    """Noise is written as bits, what repeats as planes, what moves a little as steps, across the ends of the range."""
    runs = [(5000, 2**13 - 1)]
    packed = pack_sections({"a": (numbers, runs)})
    assert packed.header["a"] == kind
    assert np.array_equal(read_section(packed, "a", runs), numbers)


def test_a_stream_that_unfolds_to_more_is_stopped() -> None:
    """A stream of ten million zeros in place of a hundred is refused before it is unfolded."""
    made = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = np.frombuffer(made.compress(bytes(10**7)) + made.flush(), dtype=np.uint8)
    tracemalloc.start()
    try:
        with pytest.raises(ArtifactError, match="does not hold 100 bytes"):
            read_section(Packed({"a": bomb}, {"a": "planes"}), "a", [(100, 255)])
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data[:-1], "does not hold|damaged"),
        (lambda data: np.concatenate([data, data[:1]]), "does not hold"),
        (lambda data: data[:0], "does not hold"),
        (lambda data: data ^ np.uint8(255), "damaged|does not hold"),
    ],
)
def test_a_damaged_stream_is_refused(change: Any, words: str) -> None:
    """A stream that is cut, goes on behind its end, is empty or scrambled is an error."""
    runs = [(500, 255)]
    packed = pack_sections({"a": (np.repeat([3, 200], 250), runs)})
    assert packed.header["a"] == "planes"
    with pytest.raises(ArtifactError, match=words):
        read_section(Packed({"a": change(packed.arrays["a"])}, packed.header), "a", runs)


@pytest.mark.parametrize(
    ("arrays", "header", "words"),
    [
        ({}, {"a": "bits"}, "missing or of the wrong kind"),
        ({"a": np.zeros(2)}, {"a": "bits"}, "missing or of the wrong kind"),
        ({"a": np.zeros((2, 1), dtype=np.uint8)}, {"a": "bits"}, "missing or of the wrong kind"),
        ({"a": np.zeros(2, dtype=np.uint8)}, {"a": "zip"}, "a way that this version does not know"),
        ({"a": np.zeros(2, dtype=np.uint8)}, {"a": {"b": 1}}, "a way that this version does not know"),
        ({"a": np.zeros(3, dtype=np.uint8)}, {"a": "bits"}, "do not take 3 bytes"),
        ({"a": np.array([255, 240], dtype=np.uint8)}, {"a": "bits"}, "holds a number above 5"),
    ],
)
def test_what_is_no_section_is_refused(arrays: dict[str, Array], header: dict[str, Any], words: str) -> None:
    """Four numbers up to 5 take three bits each, in an array of bytes whose header says so."""
    with pytest.raises(ArtifactError, match=words):
        read_section(Packed(arrays, header), "a", [(4, 5)])


@FORMULAS
@given(st.sampled_from([np.float32, np.float64]), st.data())
def test_rising_numbers_rise_with_their_floats(kind: type, data: st.DataObject) -> None:
    """The order of the numbers is that of the floats, -0 below 0; falling gives the floats back."""
    floats = np.array(data.draw(st.lists(FINITE[kind], max_size=20)), dtype=kind)
    numbers = rising(floats)
    assert falling(numbers, kind).tobytes() == floats.tobytes()
    order = np.argsort(numbers)
    assert (np.diff(floats[order][np.isfinite(floats[order])]) >= 0).all()
    assert rising(np.array([-0.0], dtype=kind)) < rising(np.array([0.0], dtype=kind))


@FORMULAS
@given(st.sampled_from([np.float32, np.float64]), st.lists(st.integers(0, 90), max_size=5), st.integers(0, 2**32))
def test_a_table_comes_back_to_the_last_bit(kind: type, sizes: list[int], seed: int) -> None:
    """Columns of decimals, of any floats and of both, infinity among them, and empty ones come back bit by bit."""
    draw = np.random.default_rng(seed)
    columns = []
    for size in sizes:
        decimals = np.round(draw.normal(size=size) * 10.0 ** draw.integers(0, 5), draw.integers(0, 6))
        free = draw.choice([*AWKWARD, np.inf], size) if size % 2 else draw.normal(size=size)
        column = np.where(draw.random(size) < draw.choice([0.0, 0.1, 1.0]), free, decimals).astype(kind)
        columns.append(falling(np.unique(rising(column)), kind))
    table, counts = (
        np.concatenate([np.zeros(0, dtype=kind), *columns]),
        np.array([len(c) for c in columns], dtype=np.int64),
    )
    packed = pack_table(table, counts)
    found = read_table(through_json(packed), counts, kind)
    assert found.dtype == table.dtype
    assert found.tobytes() == table.tobytes()
    assert packed.size <= table.nbytes


def test_decimals_are_told_apart_from_other_floats() -> None:
    """A thousand prices with two decimals and ten thirds among them take a fraction of their floats."""
    draw = np.random.default_rng(0)
    table = np.unique(np.concatenate([draw.integers(0, 10**5, 1000) / 100, draw.integers(1, 1000, 10) / 3]))
    packed = pack_table(table, np.array([len(table)]))
    # Steps of about 2^17 / 1000 hundredths need some 9 bits, a third 8 bytes.
    assert packed.size <= len(table) * 9 / 8 + 10 * 8 + 50
    assert read_table(packed, np.array([len(table)]), np.float64).tobytes() == table.tobytes()


@pytest.mark.parametrize("column", [[2.0, 1.0], [1.0, 1.0], [1.0, np.nan]])
def test_a_table_that_does_not_ascend_is_refused(column: list[float]) -> None:
    """Thresholds out of order, twice the same, and NaN cannot be packed, and are refused when they are read."""
    table = np.array(column)
    with pytest.raises(InvalidInput, match="ascending and different"):
        pack_table(table, np.array([2]))
    whole = pack_sections({"whole": (rising(table), [(2, 2**64 - 1)])})
    with pytest.raises(ArtifactError, match="not sorted"):
        read_table(whole, np.array([2]), np.float64)
