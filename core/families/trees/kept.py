"""Results that depend on the structure of a model alone, kept for as long as its arrays live.

A model and its quantised twins are different `Parts` that hold the very same structure arrays, so that what is
made of these is made once for all of them, and goes when the last of them goes.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from core.parts import Parts

Made = TypeVar("Made")


def of_structure(make: Callable[[Parts], Made]) -> Callable[[Parts], Made]:
    """Return `make`, a function of the structure alone, with its results kept beside the arrays of the structure."""
    kept: dict[tuple[int, ...], Made] = {}

    @wraps(make)
    def remember(parts: Parts) -> Made:
        arrays = tuple(parts.structure.values())
        key = tuple(id(a) for a in arrays)
        found = kept.get(key)
        if found is None:
            found = kept[key] = make(parts)
            # An identity can come again once one of the arrays is gone: then this result has to be gone as well.
            for array in arrays:
                weakref.finalize(array, kept.pop, key, None)
        return found

    return remember
