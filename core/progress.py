"""How slow work says how far it is: a plain function that it is given, and knows nothing else about."""

from __future__ import annotations

from collections.abc import Callable

# How much is done, of how much, and what is being done, in words.
Progress = Callable[[int, int, str], None]


def silent(done: int, total: int, words: str) -> None:
    """Say nothing: the progress of work that nobody watches."""
