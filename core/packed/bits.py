"""Unsigned numbers of any width in bytes and back, many at once: most significant bit first, as `core.quant.pack`.

Number i of width w starts at bit i·w. Eight neighbours take exactly w bytes, so that number j of every eight lies at
the same place of its w bytes: one strided view of the bytes holds all of them, to be shifted and masked at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.errors import ArtifactError
from core.parts import Array

Bytes = NDArray[np.uint8]

# Numbers that are spread into single bits at a time while packing, a multiple of eight: 64 bytes each.
_AT_ONCE = 2**16
# A number of up to 25 bits lies within four bytes wherever it starts, one of up to 57 within eight.
_IN_FOUR, _IN_EIGHT, MOST = 25, 57, 64


def unsigned(width: int) -> np.dtype[np.unsignedinteger]:
    """Return the smallest unsigned type that holds `width` bits."""
    return np.dtype(f"u{next(size for size in (1, 2, 4, 8) if width <= 8 * size)}")


def stored_width(width: int) -> int:
    """Return the width at which numbers of `width` bits are stored: 58 to 63 bits take 64."""
    return width if width <= _IN_EIGHT else MOST


def size_of(count: int, width: int) -> int:
    """Return how many bytes `count` numbers of `width` bits take."""
    return (count * stored_width(width) + 7) // 8


def pack_bits(numbers: Array, width: int) -> Bytes:
    """Return `numbers` (n,), unsigned and below 2**width, as bytes; the last byte is filled with zeros."""
    width = stored_width(width)
    size = unsigned(width).itemsize
    packed = []
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE].astype(f">u{size}")
        spread = np.unpackbits(some.view(np.uint8).reshape(len(some), size), axis=1)
        packed.append(np.packbits(spread[:, 8 * size - width :]))
    return np.concatenate(packed) if packed else np.zeros(0, dtype=np.uint8)


def read_bits(data: Bytes, width: int, count: int) -> Array:
    """Return the `count` numbers in `data`, in the smallest unsigned type that holds them.

    Raises `ArtifactError` when the length does not fit or the bits behind the last number are not zero.
    """
    width = stored_width(width)
    if len(data) != size_of(count, width):
        raise ArtifactError(f"{count} numbers of {width} bits do not take {len(data)} bytes")
    spare = 8 * len(data) - count * width
    if spare and int(data[-1]) & ((1 << spare) - 1):
        raise ArtifactError("the bits behind the last number are not zero")
    kind = unsigned(width)
    if width == 0 or count == 0:
        return np.zeros(count, dtype=kind)
    eights = -(-count // 8)
    window = 4 if width <= _IN_FOUR else 8
    whole = np.zeros(eights * width + window, dtype=np.uint8)
    whole[: len(data)] = data
    found = np.empty((eights, 8), dtype=kind)
    mask = (1 << width) - 1
    for j in range(8):
        byte, bit = divmod(j * width, 8)
        view: Array = np.ndarray((eights,), f">u{window}", whole.data, byte, (width,))
        found[:, j] = (view >> (8 * window - width - bit)) & mask
    return found.reshape(-1)[:count]
