"""Results that are not cached: those of a visit's own table, kept in that visit, and what workers made.

Of each kind a bounded number is kept; the one that was not asked for the longest goes first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import streamlit as st

# How many results of each kind a visit keeps of its own table; a kind that is not named here keeps MOST.
KEPT = {"dataset": 3, "trained": 4, "comparison": 20, "line": 12, "twin": 2, "every": 2, "file": 6}
MOST = 80


def kept(kind: str, key: str, make: Callable[[], Any], spinner: str = "") -> Any:
    """Return what `make` makes for `kind` and `key`: made once, and kept in this visit alone.

    The one that was not asked for the longest goes first. `Delete my data` drops them all.
    """
    results: dict[str, dict[str, Any]] = st.session_state.setdefault("own_results", {})
    found = results.setdefault(kind, {})
    if key in found:
        found[key] = found.pop(key)  # now the last one
        return found[key]
    if spinner:
        with st.spinner(spinner):
            value = make()
    else:
        value = make()
    while len(found) >= KEPT.get(kind, MOST):
        del found[next(iter(found))]
    found[key] = value
    return value


# What workers made, shared between visitors as the caches are: a cache would make what it does not have by itself.
_SHELVES: dict[str, dict[str, Any]] = {}
_SHELF = 12
_SHELF_LOCK = threading.Lock()


def shelve(kind: str, key: str, own: bool, value: Any) -> None:
    """Keep what a worker made; with a user's own table in that visit alone."""
    if own:
        kept(kind, key, lambda: value)
        return
    with _SHELF_LOCK:
        shelf = _SHELVES.setdefault(kind, {})
        shelf.pop(key, None)
        while len(shelf) >= _SHELF:
            del shelf[next(iter(shelf))]
        shelf[key] = value


def shelved(kind: str, key: str, own: bool) -> Any:
    """Return what a worker made, or None when there is nothing."""
    shelves = st.session_state.get("own_results", {}) if own else _SHELVES
    return shelves.get(kind, {}).get(key)
