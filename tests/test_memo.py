"""What is kept beside an object: made once, bounded, and gone with it."""

from __future__ import annotations

import gc
import weakref

from core.memo import beside


class Thing:
    """Something to keep results beside."""


def test_results_are_made_once_for_each_owner_and_argument() -> None:
    """The same owner and arguments give the same object; others their own."""
    made: list[tuple[Thing, int]] = []

    @beside(most=2)
    def make(owner: Thing, number: int = 0) -> list[int]:
        made.append((owner, number))
        return [number]

    a, b = Thing(), Thing()
    assert make(a, 1) is make(a, 1)
    assert make(a, 1) is not make(b, 1)
    assert make(a, number=2) is make(a, number=2)
    assert [n for _, n in made] == [1, 1, 2]


def test_the_oldest_goes_first() -> None:
    """No more than asked for are kept; None is a result like any other."""
    calls: list[int] = []

    @beside(most=2)
    def make(owner: Thing, number: int) -> None:
        calls.append(number)

    owner = Thing()
    for number in (1, 2, 2, 3, 2, 1):
        make(owner, number)
    assert calls == [1, 2, 3, 1]


def test_nothing_outlives_its_owner() -> None:
    """Neither the owner nor the result is held when the owner is let go."""

    @beside(most=2)
    def make(owner: Thing) -> Thing:
        return Thing()

    owner = Thing()
    seen = [weakref.ref(owner), weakref.ref(make(owner))]
    del owner
    gc.collect()
    assert [ref() for ref in seen] == [None, None]
