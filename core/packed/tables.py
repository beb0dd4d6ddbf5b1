"""Sorted tables of floats, one a column, in far fewer bytes than their floats take; exact to the last bit.

The floats of a sorted table share their first digits, so only the steps from each to the next are written. Steps are
taken between whole numbers that stand for the floats, of two kinds:

- "decimal": v = k / 10^d for a whole k, as most values in a table of data are; the step is that of k;
- "pattern": the float's own bits, u, as a number that rises with the float: u + 2^(w-1) for a positive one of w bits,
  2^w - 1 - u for a negative one (Herf, Radix Tricks, 2001).

A column may have both, each sorted by itself; reading sorts them together. Steps, less the 1 that they have at
least, are cut into blocks of 64, each as wide as its largest step, and blocks of one width lie side by side.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.errors import ArtifactError, InvalidInput
from core.packed.bits import MOST, stored_width
from core.packed.sections import Packed, Runs, named, pack_sections, read_section
from core.parts import Array

BLOCK = 64
# Decimals that are tried, and the largest whole number that a float64 holds with all below it.
_DECIMALS = range(10)
_EXACT = 2**53
_SECTIONS = ("decimals", "decimal", "first", "width", "step")


def rising(values: Array) -> Array:
    """Return float32 or float64 `values` as unsigned numbers of their width that rise with them, each with its own."""
    kind = np.dtype(f"u{values.dtype.itemsize}")
    top = kind.type(1 << (8 * kind.itemsize - 1))
    bits = np.ascontiguousarray(values).view(kind)
    return np.where(bits & top, ~bits, bits | top)


def falling(numbers: Array, kind: Any) -> Array:
    """Return the floats of type `kind` that `rising` made these numbers of."""
    unsigned = np.dtype(f"u{np.dtype(kind).itemsize}")
    top = unsigned.type(1 << (8 * unsigned.itemsize - 1))
    numbers = numbers.astype(unsigned)
    return np.where(numbers & top, numbers ^ top, ~numbers).view(kind)


def pack_table(table: Array, counts: Array) -> Packed:
    """Return float32 or float64 `table` (sum of counts,), packed in the smaller of two ways: whole floats, or steps.

    Column c has `counts[c]` entries, ascending and different; `InvalidInput` otherwise, and for NaN.
    """
    if np.isnan(table).any() or not _ascends(table, counts):
        raise InvalidInput("table", f"{len(table)} thresholds", "ascending and different within each column")
    bits = 8 * table.dtype.itemsize
    whole = pack_sections({"whole": (rising(table), [(len(table), 2**bits - 1)])})
    steps = _in_steps(table, counts)
    return whole if whole.size <= steps.size else steps


def read_table(packed: Packed, counts: Array, kind: Any) -> Array:
    """Return the table (sum of counts,) of type `kind`; raises `ArtifactError` for anything else.

    The caller has to see to it that the sum of `counts` is within bounds.
    """
    total = int(counts.sum())
    if "whole" in packed.arrays:
        named(packed, ("whole",), ("whole",))
        bits = 8 * np.dtype(kind).itemsize
        table = falling(read_section(packed, "whole", [(total, 2**bits - 1)]), kind)
    else:
        table = _from_steps(packed, counts.astype(np.int64), kind)
    if np.isnan(table).any() or not _ascends(table, counts):
        raise ArtifactError("a table of numbers is not sorted")
    return table


def _ascends(table: Array, counts: Array) -> bool:
    numbers = rising(table)
    rises = np.ones(len(table) + 1, dtype=bool)
    rises[1:-1] = numbers[1:] > numbers[:-1]
    rises[np.cumsum(counts)] = True
    return bool(rises.all())


def _in_steps(table: Array, counts: Array) -> Packed:
    """Return the table as first numbers, widths of blocks, and steps."""
    columns = [table[end - n : end] for n, end in zip(counts, np.cumsum(counts), strict=True)]
    split = [_by_kind(column) for column in columns]
    runs = [run for _, *pair in split for run in pair]
    sizes = np.array([len(run) for run in runs], dtype=np.int64)
    first = np.array([run[0] for run in runs if len(run)], dtype=np.uint64)
    steps = np.concatenate([np.zeros(0, dtype=np.uint64), *(np.diff(run) - np.uint64(1) for run in runs if len(run))])
    blocks = -(-len(steps) // BLOCK)
    padded = np.zeros((blocks, BLOCK), dtype=np.uint64)
    padded.reshape(-1)[: len(steps)] = steps
    widths = np.array([stored_width(int(top).bit_length()) for top in padded.max(axis=1)], dtype=np.uint8)
    order = np.argsort(widths, kind="stable")
    numbers: dict[str, tuple[Array, Runs]] = {
        "decimals": (np.array([d for d, *_ in split], dtype=np.uint8), [(len(split), _DECIMALS[-1])]),
        "decimal": (sizes[::2], [(len(split), int(counts.max(initial=0)))]),
        "first": (first, [(len(first), 2**MOST - 1)]),
        "width": (widths, [(blocks, MOST)]),
        "step": (padded[order].reshape(-1), _width_runs(widths)),
    }
    return pack_sections(numbers)


def _by_kind(column: Array) -> tuple[int, Array, Array]:
    """Return the decimals of the fewest bytes, the whole numbers of what has so many, the patterns of all others."""
    best = (0, np.zeros(0, dtype=np.uint64), rising(column).astype(np.uint64))
    least = _estimate(best[2])
    for d in _DECIMALS if len(column) > 1 else ():
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = np.rint(column.astype(np.float64) * 10.0**d)
            back = (scaled / 10.0**d).astype(column.dtype)
        # A negative zero is not the zero that its whole number gives.
        fits = (np.abs(scaled) < _EXACT) & (rising(back) == rising(column)) & ~((scaled == 0) & np.signbit(column))
        found = (
            scaled[fits].astype(np.int64).view(np.uint64) ^ np.uint64(1 << 63),
            rising(column[~fits]).astype(np.uint64),
        )
        cost = _estimate(found[0]) + _estimate(found[1])
        if cost < least:
            best, least = (d, *found), cost
    return best


def _estimate(run: Array) -> float:
    """Return about how many bits an ascending run takes: its first number, and steps of about the mean size."""
    if not len(run):
        return 0.0
    return 64 + len(run) * (2 + float(np.log2(1 + float(run[-1] - run[0]) / len(run))))


def _width_runs(widths: Array) -> list[tuple[int, int]]:
    """Return the runs of equally wide steps, the narrowest first."""
    found, blocks = np.unique(widths, return_counts=True)
    return [(int(n) * BLOCK, 2 ** int(w) - 1) for w, n in zip(found, blocks, strict=True)]


def _from_steps(packed: Packed, counts: Array, kind: Any) -> Array:
    """Return the table that `_in_steps` was given; not looked at yet is whether it is sorted and without NaN."""
    named(packed, _SECTIONS, _SECTIONS)
    decimals = read_section(packed, "decimals", [(len(counts), _DECIMALS[-1])])
    decimal = read_section(packed, "decimal", [(len(counts), int(counts.max(initial=0)))]).astype(np.int64)
    if (decimal > counts).any():
        raise ArtifactError("a column has more decimal numbers than numbers")
    sizes = np.stack([decimal, counts - decimal], axis=1).reshape(-1)
    start = np.cumsum(sizes) - sizes
    held = sizes > 0
    first = read_section(packed, "first", [(int(held.sum()), 2**MOST - 1)])
    numbers = np.empty(int(counts.sum()), dtype=np.uint64)
    opens = np.zeros(len(numbers), dtype=bool)
    opens[start[held]] = True
    numbers[~opens] = _steps(packed, len(numbers) - len(first)) + np.uint64(1)
    numbers[opens] = 0
    # Sums run on from one run to the next, modulo 2^64: each run is moved to where it starts.
    sums = np.cumsum(numbers, dtype=np.uint64)
    sums += np.repeat(first - sums[opens], sizes[held])
    return _floats(sums, sizes, decimals, kind)


def _steps(packed: Packed, count: int) -> Array:
    """Return the `count` steps, in order, each less 1."""
    blocks = -(-count // BLOCK)
    widths = read_section(packed, "width", [(blocks, MOST)])
    if any(int(w) != stored_width(int(w)) for w in np.unique(widths)):
        raise ArtifactError("a block of steps has a width that is never written")
    in_order = read_section(packed, "step", _width_runs(widths)).reshape(blocks, BLOCK)
    steps = np.empty((blocks, BLOCK), dtype=np.uint64)
    steps[np.argsort(widths, kind="stable")] = in_order
    flat: Array = steps.reshape(-1)
    if flat[count:].any():
        raise ArtifactError("there are steps behind the last one")
    return flat[:count]


def _floats(numbers: Array, sizes: Array, decimals: Array, kind: Any) -> Array:
    """Return the floats of all runs; those of a column that has both kinds are sorted together."""
    table = np.empty(len(numbers), dtype=kind)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    most = 2 ** (8 * np.dtype(kind).itemsize) - 1
    for c, d in enumerate(decimals):
        start, middle, end = ends[2 * c : 2 * c + 3]
        whole = (numbers[start:middle] ^ np.uint64(1 << 63)).view(np.int64)
        table[start:middle] = whole / 10.0 ** int(d)
        patterns = numbers[middle:end]
        if len(patterns) and int(patterns.max()) > most:
            raise ArtifactError("a number of a table is none of its type")
        table[middle:end] = falling(patterns, kind)
        if start < middle < end:
            # By their numbers: for a sort of floats both zeros are one.
            table[start:end] = falling(np.sort(rising(table[start:end])), kind)
    return table
