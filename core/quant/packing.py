"""Codes of 1 to 16 bits, packed into bytes and back; the two functions are inverses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.errors import ArtifactError
from core.parts import Array


def packed_size(count: int, bits: int) -> int:
    """Return how many bytes `count` codes of `bits` bits take."""
    return (count * bits + 7) // 8


def pack(codes: Array, bits: int) -> NDArray[np.uint8]:
    """Return `codes` (any shape, unsigned, below 2**bits) as bytes, most significant bit first, row-major."""
    flat = codes.ravel().astype(np.uint32)
    places = np.arange(bits - 1, -1, -1, dtype=np.uint32)
    return np.packbits(((flat[:, None] >> places) & 1).astype(np.uint8).ravel())


def unpack(data: Array, bits: int, count: int) -> NDArray[np.uint16]:
    """Return the `count` codes in `data`, shape (count,).

    Raises `ArtifactError` when the length does not fit or the padding bits are not zero.
    """
    if data.dtype != np.uint8 or data.shape != (packed_size(count, bits),):
        raise ArtifactError(f"{count} codes of {bits} bits do not take {data.size} bytes")
    unpacked = np.unpackbits(data)
    if unpacked[count * bits :].any():
        raise ArtifactError("the bits behind the last code are not zero")
    weights = (1 << np.arange(bits - 1, -1, -1)).astype(np.uint32)
    codes: NDArray[np.uint16] = (unpacked[: count * bits].reshape(count, bits) @ weights).astype(np.uint16)
    return codes
