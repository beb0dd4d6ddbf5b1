"""The leaves of a tree model in bytes: their values exactly, or codes of a few bits with the tables that decode them.

Exact values are written in the smallest of these forms, which the header names:

- "table": the different values in a sorted table, and for each value its place there;
- "float32": where every value is a float32 exactly;
- "float64": as they are.

Codes, and places in a table, are whole numbers (n_leaves, k). Where k is above 1 the rows of a classifier repeat: a
pure leaf is one of k rows, and of two classes the second share follows from the first. So the different rows may be
written once, column by column, and for each leaf the number of its row: whichever is smaller, rows or numbers alone.
No share is left out and made up again: what is read is what was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.errors import ArtifactError, InvalidInput
from core.packed.sections import Packed, array_of, joined, named, pack_sections, read_section, whole_number, within
from core.packed.tables import falling, pack_table, read_table, rising
from core.parts import Array, Floats

# More numbers in the leaves of one model are not packed, and no file unfolds to more: 0.5 GB of float64.
MOST_VALUES = 2**26
_FORMS: dict[str, np.dtype[Any]] = {"float32": np.dtype(np.float32), "float64": np.dtype(np.float64)}
Shape = tuple[int, int]


def pack_values(leaf: Floats) -> Packed:
    """Return the values of the leaves (n_leaves, k) packed, exact to the last bit; its inverse is `unpack_values`.

    Raises `InvalidInput` for more than `MOST_VALUES` values or one that is not finite.
    """
    _check(leaf.shape)
    if not np.isfinite(leaf).all():
        raise InvalidInput("leaf", "a value that is not finite", "finite numbers")
    different, places = np.unique(rising(leaf.reshape(-1)), return_inverse=True)
    tried = [_in_table(different, places.reshape(leaf.shape))]
    # Where values come twice on average, a place in a table is always the shorter way to say one.
    if 2 * len(different) > leaf.size:
        with np.errstate(over="ignore"):
            single = bool((leaf.astype(np.float32) == leaf).all())
        tried.append(_as_floats(leaf, "float32" if single else "float64"))
    return min(tried, key=lambda packed: packed.size)


def unpack_values(packed: Packed, shape: Shape) -> Floats:
    """Return the values (n_leaves, k) that `pack_values` was given; raises `ArtifactError` for anything else."""
    size = _bounded(shape)
    form = packed.header.get("form")
    if form == "table":
        inner = {name for name in packed.arrays if name.startswith(("table.", "places."))}
        named(packed, inner, ("form", "different", "table", "places"))
        count = whole_number(packed.header, "different", 1, size)
        table = read_table(within(packed, "table"), np.array([count]), np.float64)
        leaf = table.take(_read_rows(within(packed, "places"), shape, count - 1))
    elif form in tuple(_FORMS):
        named(packed, ("floats",), ("form", "floats"))
        kind = _FORMS[form]
        numbers = read_section(packed, "floats", [(size, 2 ** (8 * kind.itemsize) - 1)])
        leaf = falling(numbers, kind).astype(np.float64).reshape(shape)
    else:
        raise ArtifactError("the leaves are written in a form that this version does not know")
    if not np.isfinite(leaf).all():
        raise ArtifactError("a leaf is not a finite number")
    return np.asarray(leaf)


def pack_codes(codes: Array, bits: int, shape: Shape, tables: Mapping[str, Array]) -> Packed:
    """Return codes (n_leaves·k,) below 2**bits, and the tables that decode them; its inverse is `unpack_codes`.

    `tables` are those of `core.quant`, an entry or a row a group, and are stored as they come.
    """
    _check(shape)
    written = _pack_rows(codes.reshape(shape).astype(np.int64), _top(bits, tables))
    side = {f"side.{name}": table.reshape(-1) for name, table in tables.items()}
    return joined(Packed(side, {}), {"bits": bits}, leaf=written)


def unpack_codes(packed: Packed, bits: int, shape: Shape, n_groups: int) -> tuple[Array, dict[str, Array]]:
    """Return codes (n_leaves·k,) as uint16 and the tables of `n_groups` groups, as `pack_codes` was given them.

    Raises `ArtifactError` for anything that no grid of `core.quant` makes of so many codes of `bits` bits.
    """
    _bounded(shape)
    inner = {name for name in packed.arrays if name.startswith(("leaf.", "side."))}
    named(packed, inner, ("bits", "leaf"))
    if whole_number(packed.header, "bits", 1, 16) != bits:
        raise ArtifactError(f"the codes of the leaves do not have {bits} bits")
    tables = _tables(packed, bits, n_groups)
    codes = _read_rows(within(packed, "leaf"), shape, _top(bits, tables))
    return codes.reshape(-1).astype(np.uint16), tables


def _top(bits: int, tables: Mapping[str, Array]) -> int:
    """Return the largest code there can be: of so many bits, or the last entry of a codebook."""
    return int(tables["codebook"].shape[1] - 1 if "codebook" in tables else 2**bits - 1)


def _check(shape: tuple[int, ...]) -> None:
    if len(shape) != 2 or not 1 <= shape[0] * shape[1] <= MOST_VALUES:
        raise InvalidInput("leaf", shape, f"two dimensions, with 1 to {MOST_VALUES} values")


def _bounded(shape: Shape) -> int:
    size = shape[0] * shape[1]
    if not 1 <= size <= MOST_VALUES:
        raise ArtifactError(f"leaves of the shape {shape} are more than this version reads")
    return size


def _in_table(different: Array, places: Array) -> Packed:
    table = pack_table(falling(different, np.float64), np.array([len(different)]))
    fields = {"form": "table", "different": len(different)}
    return joined(Packed({}, {}), fields, table=table, places=_pack_rows(places, len(different) - 1))


def _as_floats(leaf: Floats, form: str) -> Packed:
    kind = _FORMS[form]
    numbers = rising(leaf.reshape(-1).astype(kind))
    runs = [(leaf.size, 2 ** (8 * kind.itemsize) - 1)]
    return joined(pack_sections({"floats": (numbers, runs)}), {"form": form})


def _pack_rows(codes: Array, top: int) -> Packed:
    """Return whole numbers (n, k) up to `top`, all of them or by their different rows."""
    n, k = codes.shape
    plain = joined(pack_sections({"codes": (codes.reshape(-1), [(n * k, top)])}), {"different": 0})
    if k == 1:
        return plain
    ids, rows = _different_rows(codes)
    sections = {"row": (ids, [(n, len(rows) - 1)]), "codes": (rows.T.reshape(-1), [(rows.size, top)])}
    by_row = joined(pack_sections(sections), {"different": len(rows)})
    return min(plain, by_row, key=lambda packed: packed.size)


def _different_rows(codes: Array) -> tuple[Array, Array]:
    """Return for each row its number among the different ones, and these; one column after the other is looked at."""
    ids = np.zeros(len(codes), dtype=np.int64)
    for column in codes.T:
        found, place = np.unique(column, return_inverse=True)
        _, first, ids = np.unique(ids * len(found) + place, return_index=True, return_inverse=True)
    return ids, codes[first]


def _read_rows(packed: Packed, shape: Shape, top: int) -> Array:
    """Return the whole numbers (n, k) that `_pack_rows` was given."""
    n, k = shape
    count = whole_number(packed.header, "different", 0, n)
    names = ("row", "codes") if count else ("codes",)
    named(packed, names, ("different", *names))
    codes = read_section(packed, "codes", [((count or n) * k, top)])
    if not count:
        return codes.reshape(shape)
    rows: Array = codes.reshape(k, count).T
    return rows[read_section(packed, "row", [(n, count - 1)])]


def _tables(packed: Packed, bits: int, n_groups: int) -> dict[str, Array]:
    """Return the tables of the codes; raises `ArtifactError` for one that is stray, too long or out of range."""
    whole = np.dtype(np.uint8 if bits <= 8 else np.uint16)
    single = np.dtype(np.float32)
    types = {"scale": single, "offset": single, "codebook": single, "zero_point": whole}
    found = {}
    for name in sorted(name.removeprefix("side.") for name in packed.arrays if name.startswith("side.")):
        if name not in types:
            raise ArtifactError(f"the codes of leaves have no table {name[:40]}")
        table = array_of(packed, f"side.{name}", types[name])
        width = table.size // n_groups if name == "codebook" else 1
        if table.size != n_groups * width:
            raise ArtifactError(f"the table {name} of the leaves does not have {n_groups} entries")
        if not np.isfinite(table).all():
            raise ArtifactError(f"the table {name} of the leaves holds something else than finite numbers")
        found[name] = table.reshape(n_groups, width) if name == "codebook" else table
    _check_tables(found, bits)
    return found


def _check_tables(tables: Mapping[str, Array], bits: int) -> None:
    book = tables.get("codebook")
    if ("scale" in tables) == (book is not None) or (book is not None and len(tables) > 1):
        raise ArtifactError("the codes of leaves need a scale, or a codebook alone")
    if book is not None and (not 1 <= book.shape[1] <= 2**bits or (np.diff(book, axis=1) < 0).any()):
        raise ArtifactError("the codebook of the leaves is too wide or not in order")
    if book is None and (tables["scale"] <= 0).any():
        raise ArtifactError("a scale of the leaves is not above zero")
    if "zero_point" in tables and int(tables["zero_point"].max()) >= 2**bits:
        raise ArtifactError(f"a zero point of the leaves does not fit {bits} bits")
