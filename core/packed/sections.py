"""`Packed`: named arrays of bytes with a small header; and how one list of unsigned numbers becomes bytes.

A section is written in whichever of three ways takes the fewest bytes, and its header names it:

- "bits": every number at the width that the largest possible one needs, w bits;
- "planes": the numbers' lowest bytes, then their next ones, and so on, deflated (RFC 1951);
- "steps": the same of the differences of neighbours, d = (x_i - x_(i-1)) mod 2^w, folded so that small differences
  of both signs are small: 2d for d below 2^(w-1), else 2(2^w - d) - 1. Leaves and thresholds of one subtree are alike.

Deflating has to save a fiftieth, because plain bits are read faster. Nothing is ever unfolded to more numbers than
the caller asks for.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from core.errors import ArtifactError, InvalidInput
from core.packed.bits import Bytes, pack_bits, read_bits, size_of, unsigned
from core.parts import Array, frozen, read_only

# How many numbers follow each other that share a width, and the largest that each may be.
Runs = Sequence[tuple[int, int]]

KINDS = ("bits", "planes", "steps")
_WORTH = 0.98
# No header and no checksum round the stream: the file has its own.
_RAW = -15
_LEVEL, _MEMORY = 6, 9
_STRATEGIES = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_RLE, zlib.Z_HUFFMAN_ONLY)


@dataclass(frozen=True, eq=False)
class Packed:
    """Flat arrays by name, read-only, and a header that is plain JSON; together they are all there is to store."""

    arrays: Mapping[str, Array]
    header: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Copy and freeze what was given; a header that is no object is an `ArtifactError`."""
        if not isinstance(self.header, Mapping):
            raise ArtifactError("a header of packed trees is missing or no object")
        object.__setattr__(self, "arrays", MappingProxyType({k: frozen(v) for k, v in self.arrays.items()}))
        object.__setattr__(self, "header", read_only(self.header))

    @property
    def size(self) -> int:
        """Bytes of all arrays; the header is not counted."""
        return sum(array.nbytes for array in self.arrays.values())


def pack_sections(numbers: Mapping[str, tuple[Array, Runs]]) -> Packed:
    """Return one section for each list of unsigned numbers; the header says by name how each is written."""
    for name, (codes, runs) in numbers.items():
        if len(codes) != (count := sum(n for n, _ in runs)):
            raise InvalidInput(name, f"{len(codes)} numbers", f"{count} numbers")
        if (top := _above(codes, runs)) is not None:
            raise InvalidInput(name, "a larger number", f"at most {top}")
    written = {name: _written(codes, runs) for name, (codes, runs) in numbers.items()}
    return Packed({n: data for n, (_, data) in written.items()}, {n: kind for n, (kind, _) in written.items()})


def read_section(packed: Packed, name: str, runs: Runs) -> Array:
    """Return the numbers of one section, in the smallest unsigned type that holds the largest possible one.

    Raises `ArtifactError` when the section is missing, of another length than `runs` says, or holds a number that
    is larger than it may be.
    """
    data, kind = array_of(packed, name, np.uint8), packed.header.get(name)
    count, width = sum(n for n, _ in runs), _width(runs)
    if kind == "bits":
        found = _read_runs(data, runs, unsigned(width))
    elif kind in KINDS:
        found = _joined(_inflated(data, count * -(-width // 8)), count, width)
        found = _summed(found, width) if kind == "steps" else found
    else:
        raise ArtifactError(f"the section {name} is written in a way that this version does not know")
    if (top := _above(found, runs)) is not None:
        raise ArtifactError(f"the section {name} holds a number above {top}")
    return found


def array_of(packed: Packed, name: str, kind: Any) -> Array:
    """Return a flat array of the type `kind`; raises `ArtifactError` when it is missing or another."""
    array = packed.arrays.get(name)
    if array is None or array.dtype != np.dtype(kind) or array.ndim != 1:
        raise ArtifactError(f"the section {name} is missing or of the wrong kind")
    return array


def whole_number(header: Mapping[str, Any], name: str, least: int, most: int) -> int:
    """Return a whole number of the header; raises `ArtifactError` unless it is one from `least` to `most`."""
    found = header.get(name)
    if isinstance(found, bool) or not isinstance(found, int) or not least <= found <= most:
        raise ArtifactError(f"the header's {name} is not a whole number from {least} to {most}")
    return found


def named(packed: Packed, arrays: Iterable[str], header: Iterable[str]) -> None:
    """Raise `ArtifactError` unless `packed` holds just these arrays, and its header just these fields."""
    if set(packed.arrays) != set(arrays) or set(packed.header) != set(header):
        raise ArtifactError("the packed trees have sections or fields that nothing refers to, or lack some")


def within(packed: Packed, name: str) -> Packed:
    """Return what `joined` put under `name`; raises `ArtifactError` when there is no such header."""
    prefix = f"{name}."
    arrays = {n.removeprefix(prefix): a for n, a in packed.arrays.items() if n.startswith(prefix)}
    return Packed(arrays, packed.header.get(name, ()))


def joined(packed: Packed, fields: Mapping[str, Any], **others: Packed) -> Packed:
    """Return `packed` with more `fields` in its header and with `others` inside.

    Their arrays are called "name.array", and their headers are fields of its header.
    """
    arrays, header = dict(packed.arrays), {**fields, **packed.header}
    for name, other in others.items():
        arrays |= {f"{name}.{inner}": array for inner, array in other.arrays.items()}
        header[name] = other.header
    return Packed(arrays, header)


def _above(numbers: Array, runs: Runs) -> int | None:
    """Return the largest number allowed in the first run that has a larger one, or None."""
    start = 0
    for n, top in runs:
        if n and int(numbers[start : start + n].max()) > top:
            return top
        start += n
    return None


def _width(runs: Runs) -> int:
    return max((top.bit_length() for n, top in runs if n), default=0)


def _written(codes: Array, runs: Runs) -> tuple[str, Bytes]:
    """Return the way of the fewest bytes, and these."""
    width = _width(runs)
    found = {"bits": _pack_runs(codes, runs)}
    if width:
        found["planes"] = _deflated(_planes(codes.astype(unsigned(width)), width))
        found["steps"] = _deflated(_planes(_differences(codes.astype(unsigned(width)), width), width))
    best = min(found, key=lambda kind: found[kind].size)
    best = best if found[best].size < _WORTH * found["bits"].size else "bits"
    return best, found[best]


def _pack_runs(codes: Array, runs: Runs) -> Bytes:
    pieces, start = [np.zeros(0, dtype=np.uint8)], 0
    for n, top in runs:
        pieces.append(pack_bits(codes[start : start + n], top.bit_length()))
        start += n
    return np.concatenate(pieces)


def _read_runs(data: Bytes, runs: Runs, kind: np.dtype[Any]) -> Array:
    sizes = [size_of(n, top.bit_length()) for n, top in runs]
    if sum(sizes) != len(data):
        raise ArtifactError(f"the numbers of a section do not take {len(data)} bytes")
    found, start, byte = np.empty(sum(n for n, _ in runs), dtype=kind), 0, 0
    for (n, top), size in zip(runs, sizes, strict=True):
        found[start : start + n] = read_bits(data[byte : byte + size], top.bit_length(), n)
        start, byte = start + n, byte + size
    return found


def _differences(codes: Array, width: int) -> Array:
    """Return the folded differences of neighbours, modulo 2**width; the first number is a difference to 0."""
    mask, one = codes.dtype.type(2**width - 1), codes.dtype.type(1)
    d = np.diff(codes, prepend=codes.dtype.type(0)) & mask
    return np.asarray(((d << one) & mask) ^ ((d >> codes.dtype.type(width - 1)) * mask))


def _summed(folded: Array, width: int) -> Array:
    """Return what `_differences` was given."""
    mask, one = folded.dtype.type(2**width - 1), folded.dtype.type(1)
    d = (folded >> one) ^ ((folded & one) * mask)
    return np.asarray(np.cumsum(d, dtype=folded.dtype) & mask)


def _planes(codes: Array, width: int) -> bytes:
    size = codes.dtype.itemsize
    rows = codes.astype(f"<u{size}").view(np.uint8).reshape(len(codes), size)
    return rows[:, : -(-width // 8)].T.tobytes()


def _joined(planes: bytes, count: int, width: int) -> Array:
    """Return the numbers whose bytes, the lowest of all numbers first, are `planes`."""
    kind = unsigned(width)
    found = np.zeros(count, dtype=kind)
    for i in range(-(-width // 8)):
        plane = np.frombuffer(planes, dtype=np.uint8, count=count, offset=i * count)
        found |= plane.astype(kind) << kind.type(8 * i)
    return found


def _deflated(planes: bytes) -> Bytes:
    """Return the shortest of the streams that three strategies give."""
    streams = []
    for strategy in _STRATEGIES:
        made = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW, _MEMORY, strategy)
        streams.append(made.compress(planes) + made.flush())
    return np.frombuffer(min(streams, key=len), dtype=np.uint8)


def _inflated(data: Bytes, size: int) -> bytes:
    """Return the `size` bytes of a stream; raises `ArtifactError` when it has fewer or more, without unfolding more."""
    stream = zlib.decompressobj(_RAW)
    try:
        found = stream.decompress(data.data, size + 1)
    except zlib.error as error:
        raise ArtifactError("a deflated section is damaged") from error
    if len(found) != size or not stream.eof or stream.unused_data or stream.unconsumed_tail:
        raise ArtifactError(f"a deflated section does not hold {size} bytes")
    return found
