"""The names of columns: made tidy, and refused where two could be taken for each other."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from core.errors import InvalidInput
from core.tables.limits import MAX_NAME

_NAME = f"1 to {MAX_NAME} characters without control characters"


def tidy(name: str) -> str:
    """Return a name without outer spaces, inner ones and line ends as one space each, composed (NFC)."""
    return unicodedata.normalize("NFC", " ".join(name.split()))


def check_names(header: Sequence[str]) -> tuple[str, ...]:
    """Return the tidy names of a header; raises `InvalidInput` naming the position of the first that cannot stay.

    A first column without a name, which a written index leaves behind, is called "column 1".
    """
    names = [tidy(name) for name in header]
    if names and not names[0]:
        names[0] = "column 1"
    first: dict[str, int] = {}
    for i, name in enumerate(names, start=1):
        if not name or any(unicodedata.category(c) == "Cc" for c in name):
            raise InvalidInput(f"name of column {i}", name, _NAME)
        if len(name) > MAX_NAME:
            raise InvalidInput(f"name of column {i}", f"{len(name)} characters", _NAME)
        twin = first.setdefault(unicodedata.normalize("NFC", name.casefold()), i)
        if twin != i:
            value = name if names[twin - 1] == name else f"{names[twin - 1]} and {name}"
            raise InvalidInput(f"names of columns {twin} and {i}", value, "different, not only in case or spaces")
    return tuple(names)


def notes_on(header: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return what is remarkable about the names, in words."""
    notes = []
    if not tidy(header[0]):
        notes.append(f"the first column has no name and is called {names[0]}")
    if all(name.replace(".", "").replace("-", "").isdecimal() for name in names):
        notes.append("every column is called a number: is the first line a row?")
    return tuple(notes)
