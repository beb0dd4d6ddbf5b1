"""Bytes: what is counted is what really stands in the file."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from core.artifact import decode, encode
from core.artifact.reader import parse
from core.evaluate import compare
from core.quant import METHOD_NAMES, Scheme, packed_size, quantize
from core.sizes import float_size, quantized_size, why_not_smaller
from tests.support import (
    ALL_BITS,
    GRANULARITIES,
    INTERCEPTS,
    SPACES,
    bare_file,
    california,
    covering_pairs,
    digits,
    small,
)

NUMBERS = ("codes.", "table.", "exact.")


def stored(data: bytes, prefixes: tuple[str, ...]) -> int:
    """Return the bytes of the arrays of a file whose names begin with one of `prefixes`."""
    _, arrays = parse(data)
    return sum(array.nbytes for name, array in arrays.items() if name.startswith(prefixes))


@pytest.mark.parametrize(("method", "space", "intercept"), [*product(METHOD_NAMES, SPACES, INTERCEPTS)])
def test_bytes_are_those_of_the_arrays_in_the_file(method: str, space: str, intercept: str) -> None:
    """At every width payload and side information are exactly the arrays that the quantised file holds."""
    trained = small()
    for bits in ALL_BITS:
        q = quantize(trained.parts, Scheme(method, bits, space, intercept=intercept), trained.moments)
        data = encode(bare_file(trained, q).only("quantized"))
        size = quantized_size(q, len(data))
        assert size.payload == stored(data, ("codes.",))
        assert size.numbers == stored(data, NUMBERS)
        assert size.numbers + size.container == size.file == len(data)
        assert sum(count for _, _, count in size.items) == size.numbers
        assert size.bits_per_parameter == 8 * size.numbers / 4
        assert size.n_parameters == 4


def test_the_originals_bytes_are_those_of_its_arrays() -> None:
    """Nine float64 are 72 bytes, in the count and in the file."""
    trained = california()
    data = encode(bare_file(trained).only("original"))
    size = float_size(trained.parts, len(data))
    assert size.payload == stored(data, ("original.",)) == 72
    assert size.side == 0
    assert size.container == len(data) - 72
    assert size.bits_per_parameter == 64


@pytest.mark.parametrize(("kind", "expected"), [("float64", 72), ("float32", 36), ("float16", 18)])
def test_plain_casts_are_counted_by_their_width(kind: str, expected: int) -> None:
    """The yardsticks are nine numbers of 8, 4 or 2 bytes."""
    assert float_size(california().parts, 5000, kind).numbers == expected


def test_eight_bits_of_california() -> None:
    """8 bytes of codes, one scale, one float intercept; 32 bytes more where raw rows need scaling."""
    trained = california()
    standardised = quantized_size(quantize(trained.parts, Scheme(), trained.moments), 5000)
    raw = quantized_size(quantize(trained.parts, Scheme(space="raw"), trained.moments), 5000)
    assert (raw.payload, raw.side, raw.scaling) == (8, 8, 0)
    assert (standardised.payload, standardised.side, standardised.scaling) == (8, 40, 32)
    assert {name for name, _, _ in standardised.items} == {"codes", "scale", "feature_scale", "intercept"}


def test_a_coded_intercept_of_standardised_columns_pays_for_the_means() -> None:
    """A coded intercept belongs to standardised columns: their means must be stored, and are charged."""
    trained = california()
    size = quantized_size(quantize(trained.parts, Scheme(intercept="quantised"), trained.moments), 5000)
    assert {name: count for name, _, count in size.items} == {
        "codes": 9, "scale": 8, "feature_scale": 32, "feature_mean": 32,
    }  # fmt: skip
    assert size.scaling == 64


@pytest.mark.parametrize("bits", ALL_BITS)
def test_every_float_of_the_window_is_charged(bits: int) -> None:
    """The window stores two floats for every coefficient, at every width."""
    trained = california()
    q = quantize(trained.parts, Scheme("window", bits, "raw", intercept="quantised"), trained.moments)
    size = quantized_size(q, 5000)
    assert size.side == 9 * 8
    assert size.payload == packed_size(8, bits) + packed_size(1, bits)


def test_the_reason_is_given_exactly_when_the_twin_is_not_smaller() -> None:
    """A twin is called smaller only where it is; elsewhere the bytes that make it larger are named."""
    trained = california()
    for space, intercept, method in product(SPACES, INTERCEPTS, ("symmetric", "asymmetric", "window")):
        for bits in (1, 8, 16):
            c = compare(trained, Scheme(method, bits, space, intercept=intercept))
            original, quantized = c.sizes["original"], c.sizes["quantized"]
            smaller = quantized.numbers < original.numbers
            assert (c.not_smaller == "") is smaller
            assert c.not_smaller == why_not_smaller(original, quantized)
            if not smaller:
                assert f"{quantized.numbers} bytes against {original.numbers}" in c.not_smaller
                for name, text, count in quantized.items[1:]:
                    assert f"{count} bytes of {text.split(',')[0]}" in c.not_smaller, name


def test_equal_sizes_are_not_smaller() -> None:
    """As many bytes as before are not fewer."""
    size = float_size(california().parts, 5000)
    assert why_not_smaller(size, size).startswith("The quantised model is not smaller: 72 bytes against 72.")


def test_the_file_is_the_one_that_is_downloaded() -> None:
    """The file sizes of a comparison are those of the files that hold one model each."""
    trained = california()
    c = compare(trained, Scheme("asymmetric", 6))
    again = decode(encode(bare_file(trained, c.quantized).only("quantized")))
    assert again.variants == ("quantized",)
    # The same file without its metrics is shorter by exactly their text.
    assert c.sizes["quantized"].file > len(encode(again))
    assert c.sizes["quantized"].container > 0


def test_sizes_are_plain_json() -> None:
    """The four figures and their items are numbers by name."""
    trained = small()
    found = quantized_size(quantize(trained.parts, Scheme(), trained.moments), 4000).to_json()
    assert set(found) == {"payload", "side", "container", "file", "items"}
    assert found["payload"] + found["side"] + found["container"] == found["file"] == 4000
    assert all(isinstance(count, int) for count in found["items"].values())
    assert not any(isinstance(count, np.integer) for count in found["items"].values())


SHARED = covering_pairs(("2", "4"), METHOD_NAMES, SPACES, INTERCEPTS, GRANULARITIES, more=10)


@pytest.mark.parametrize(("classes", "method", "space", "intercept", "granularity"), SHARED)
def test_bytes_of_classifiers_are_those_of_the_arrays_in_the_file(
    classes: str, method: str, space: str, intercept: str, granularity: str
) -> None:
    """The same for several rows of coefficients; every pair of two choices occurs, and ten more."""
    trained = small("logistic", 1, int(classes))
    parameters = {"2": 4, "4": 16}[classes]
    for bits in (1, 2, 5, 8, 9, 16):
        scheme = Scheme(method, bits, space, intercept=intercept, granularity=granularity)
        q = quantize(trained.parts, scheme, trained.moments)
        data = encode(bare_file(trained, q).only("quantized"))
        size = quantized_size(q, len(data))
        assert size.payload == stored(data, ("codes.",))
        assert size.numbers == stored(data, NUMBERS)
        assert size.numbers + size.container == size.file == len(data)
        assert sum(count for _, _, count in size.items) == size.numbers
        assert size.n_parameters == parameters


@pytest.mark.parametrize(
    ("method", "bits", "granularity", "items"),
    [
        ("symmetric", 8, "tensor", {"codes": 640, "scale": 4}),
        ("symmetric", 3, "row", {"codes": 240, "scale": 40}),
        ("asymmetric", 4, "block", {"codes": 320, "scale": 160, "zero_point": 40}),
        ("asymmetric", 9, "row", {"codes": 720, "scale": 40, "zero_point": 20}),
        ("codebook", 2, "tensor", {"codes": 160, "codebook": 16}),
        ("codebook", 4, "row", {"codes": 320, "codebook": 10 * 16 * 4}),
        ("codebook", 8, "row", {"codes": 640, "codebook": 10 * 64 * 4}),
        ("codebook", 16, "block", {"codes": 1280, "codebook": 40 * 16 * 4}),
    ],
)
def test_the_bytes_of_the_digits(method: str, bits: int, granularity: str, items: dict[str, int]) -> None:
    """640 codes, and a scale, a zero point or a table for each group; a table is never wider than its group."""
    trained = digits()
    q = quantize(trained.parts, Scheme(method, bits, granularity=granularity), trained.moments)
    found = {name: count for name, _, count in quantized_size(q, 0).items}
    assert found == items | {"feature_scale": 256, "intercept": 40}


def test_a_whole_table_is_smaller_than_the_original_and_larger_than_a_cast() -> None:
    """At sixteen bits codes and a table of 640 float32 take 4,136 bytes: less than float64, more than float32."""
    c = compare(digits(), Scheme("codebook", 16))
    assert c.not_smaller == ""
    assert (c.sizes["quantized"].numbers, c.sizes["original"].numbers) == (4136, 5200)
    assert {y.kind: y.numbers for y in c.yardsticks}["float32"] == 2600
