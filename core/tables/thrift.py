"""Structures of Thrift's compact protocol, read as plain dicts: what a Parquet file says of itself.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from typing import Any

Struct = dict[int, Any]

# Types of the protocol. A field that is true or false has its value for a type.
_TRUE, _FALSE, _BYTE, _WHOLE, _DOUBLE, _BINARY, _LISTS, _STRUCT = 1, 2, 3, (4, 5, 6), 7, 8, (9, 10), 12
_DEEPEST = 16


def struct(data: bytes, at: int, depth: int = 0) -> tuple[Struct, int]:
    """Return the fields by their numbers of the structure that begins at `at`, and where it ends.

    Raises ValueError or IndexError for what is none. A field that stands twice is refused: readers differ on which
    one counts.
    """
    if depth > _DEEPEST or at < 0:
        raise ValueError("a structure too deep, or before the beginning")
    found: Struct = {}
    number = 0
    while head := data[at]:
        at += 1
        if head >> 4:
            number += head >> 4
        else:
            number, at = _whole(data, at)
        if number in found:
            raise ValueError("a field twice")
        kind = head & 15
        found[number], at = (kind == _TRUE, at) if kind in (_TRUE, _FALSE) else _value(data, at, kind, depth)
    return found, at + 1


def _value(data: bytes, at: int, kind: int, depth: int) -> tuple[Any, int]:
    """Return a value of a `kind`, and where it ends."""
    if kind in _WHOLE:
        return _whole(data, at)
    if kind == _STRUCT:
        return struct(data, at, depth + 1)
    if kind == _BINARY:
        length, at = _natural(data, at)
        return data[at : at + length], at + length
    if kind in _LISTS:
        return _list(data, at, depth)
    if kind in (_TRUE, _FALSE, _BYTE, _DOUBLE):
        end = at + (8 if kind == _DOUBLE else 1)
        return data[at:end], end
    raise ValueError("an unknown type")


def _list(data: bytes, at: int, depth: int) -> tuple[list[Any], int]:
    """Return a list, and where it ends. No item is shorter than a byte."""
    if depth > _DEEPEST:
        raise ValueError("a list too deep")
    size, kind = data[at] >> 4, data[at] & 15
    at += 1
    if size == 15:
        size, at = _natural(data, at)
    if size > len(data) - at:
        raise ValueError("a list that is cut off")
    items = []
    for _ in range(size):
        item, at = _value(data, at, kind, depth + 1)
        items.append(item)
    return items, at


def _natural(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of 7 bits a byte, the lowest first, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number too long")


def _whole(data: bytes, at: int) -> tuple[int, int]:
    """Return a number with its sign in the lowest bit, and where it ends."""
    value, at = _natural(data, at)
    return (value >> 1) ^ -(value & 1), at
