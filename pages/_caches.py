"""Bounded caches that visitors share, for `_shared` alone.

Streamlit's own hash every argument and read the function's signature at each call: a tenth of a rerun.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from cachetools import LRUCache, cached

P = ParamSpec("P")
R = TypeVar("R")

CACHES: list[Callable[[], None]] = []


def shared_by_all(most: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keep the last `most` results by the first argument, a text; two visits that ask for one at a time wait for it."""

    def keep(function: Callable[P, R]) -> Callable[P, R]:
        found = cached(LRUCache(most), key=lambda key="", *_: key, condition=threading.Condition())(function)
        CACHES.append(found.cache_clear)
        return cast(Callable[P, R], found)

    return keep


def forget() -> None:
    """Empty every cache that visitors share."""
    for clear in CACHES:
        clear()
