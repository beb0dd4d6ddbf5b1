"""Codes packed into bits, and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ArtifactError
from core.quant import (
    pack,
    packed_size,
    unpack,
)
from tests.support import (
    READERS,
)


# All that float32 can hold, except the last digits before overflow, down to its smallest denormal.
@READERS
@given(st.integers(1, 16), st.data())
def test_unpacking_undoes_packing(bits: int, data: st.DataObject) -> None:
    """Codes of any width come back as they were, from as many bytes as their bits need."""
    codes = np.array(data.draw(st.lists(st.integers(0, 2**bits - 1), max_size=40)), dtype=np.uint16)
    packed = pack(codes, bits)
    assert packed.dtype == np.uint8
    assert packed.size == packed_size(codes.size, bits) == -(-codes.size * bits // 8)
    assert np.array_equal(unpack(packed, bits, codes.size), codes)


def test_bits_are_packed_most_significant_first() -> None:
    """The layout is fixed: files of today must be readable for ever."""
    assert pack(np.array([1, 2, 3]), 3).tolist() == [0b00101001, 0b10000000]
    assert pack(np.array([0xABC, 0xDEF]), 12).tolist() == [0xAB, 0xCD, 0xEF]
    assert pack(np.array([0x1234]), 16).tolist() == [0x12, 0x34]


@pytest.mark.parametrize("size", [0, 1, 3, 100])
def test_a_wrong_number_of_bytes_is_refused(size: int) -> None:
    """Too few or too many bytes for the codes are an error that says so."""
    with pytest.raises(ArtifactError, match=f"3 codes of 5 bits do not take {size} bytes"):
        unpack(np.zeros(size, dtype=np.uint8), 5, 3)


def test_bytes_of_another_kind_are_refused() -> None:
    """Packed codes are bytes: the right number of something else is an error."""
    with pytest.raises(ArtifactError, match="3 codes of 5 bits"):
        unpack(np.zeros(2, dtype=np.uint16), 5, 3)


def test_bits_behind_the_last_code_must_be_zero() -> None:
    """Every byte of a file has one spelling."""
    with pytest.raises(ArtifactError, match="bits behind the last code are not zero"):
        unpack(np.array([0b00101001, 0b10000001], dtype=np.uint8), 3, 3)
