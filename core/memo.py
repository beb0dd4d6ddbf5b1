"""Results that are kept beside the thing they belong to: they go when it goes, so nothing of a user's data stays."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast
from weakref import WeakKeyDictionary

Owner = TypeVar("Owner")
Rest = ParamSpec("Rest")
Made = TypeVar("Made")


def beside(
    most: int,
) -> Callable[[Callable[Concatenate[Owner, Rest], Made]], Callable[Concatenate[Owner, Rest], Made]]:
    """Return a decorator that keeps at most `most` results of a function beside its first argument.

    The other arguments, hashable and given by place, tell the results apart; the oldest goes first.
    """

    def decorate(make: Callable[Concatenate[Owner, Rest], Made]) -> Callable[Concatenate[Owner, Rest], Made]:
        everything: WeakKeyDictionary[Owner, dict[Hashable, Made]] = WeakKeyDictionary()

        @wraps(make)
        def remember(owner: Owner, /, *args: Rest.args, **kwargs: Rest.kwargs) -> Made:
            kept = everything.setdefault(owner, {})
            key = (args, tuple(sorted(kwargs.items())))
            # Asked for in one step: another thread may drop it at any time.
            held = kept.get(key, kept)
            if held is not kept:
                return cast(Made, held)
            found = make(owner, *args, **kwargs)
            for old in list(kept)[: max(0, len(kept) - most + 1)]:
                kept.pop(old, None)
            kept[key] = found
            return found

        return remember

    return decorate
