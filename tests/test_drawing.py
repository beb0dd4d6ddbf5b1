"""The drawing of the architecture: it is that of the source, every arrow is in it or follows, and no box is touched."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest

from tests.test_layers import ALL, CORE_NAMES
from tools import arrange, draw_architecture
from tools.draw_architecture import BOX, ROW, TOP, WIDTH, House, drawing, house

HOUSE = house()
DRAWN = drawing(HOUSE)
PLACES = arrange.arrange(
    tuple(reversed(HOUSE.rows)), HOUSE.built_on, lambda name: 8.0 * len(name) + 22, (118.0, WIDTH - 20.0)
)


def reachable(built: House, room: str) -> set[str]:
    """Return all that a room is built on, directly or not."""
    found: set[str] = set()
    waiting = [room]
    while waiting:
        new = built.built_on[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def test_the_drawing_is_that_of_the_source() -> None:
    """`make drawing` would write what is there."""
    assert draw_architecture.FILE.read_text(encoding="utf-8") == DRAWN


def test_every_room_and_every_import_is_in_the_drawing() -> None:
    """All of core, pages and the entry; what one imports it stands on, by a line or by several."""
    assert {room for row in HOUSE.rows for room in row} == {*CORE_NAMES, "pages", "app.py"}
    below = {room: reachable(HOUSE, room) for room in HOUSE.built_on}
    for source in ALL:
        room = draw_architecture._room(source.module)
        for _, name in source.imports():
            other = draw_architecture._room(name)
            if room and other and other != room:
                assert other in below[room], f"{source.path} imports {name}"


def test_no_line_follows_from_others() -> None:
    """Without a line, the two rooms that it joins would not hang together."""
    for others in HOUSE.built_on.values():
        for other in others:
            assert not any(other in reachable(HOUSE, via) for via in others - {other})


def test_nothing_overlaps_and_nothing_leaves_the_picture() -> None:
    """In each row boxes and trunks keep apart; a line is between rows or in a place of its own."""
    for row in {row for _, row in PLACES}:
        boxes = sorted((box for (_, at), box in PLACES.items() if at == row), key=lambda box: box.x)
        assert boxes[0].x - boxes[0].width / 2 >= 118 - 1e-6
        assert boxes[-1].x + boxes[-1].width / 2 <= WIDTH - 20 + 1e-6
        for left, right in pairwise(boxes):
            assert right.x - left.x >= (left.width + right.width) / 2 + arrange.GAP - 1e-6
    assert ROW > BOX
    assert TOP > 60  # title and explanation stand above


def test_the_picture_says_what_it_is() -> None:
    """Well-formed, with a title and a description that are referred to, text as text, and colours for the dark."""
    tree = ElementTree.fromstring(DRAWN)  # noqa: S314  (our own file)
    names = {child.get("id"): child.text or "" for child in tree if child.get("id")}
    assert tree.get("role") == "img"
    assert (tree.get("aria-labelledby") or "").split() == ["title", "desc"] == list(names)
    assert all(f"{room} is built on " in names["desc"] for room, others in HOUSE.built_on.items() if others)
    written = {e.text for e in tree.iter("{http://www.w3.org/2000/svg}text")}
    assert written >= {*CORE_NAMES, "pages", "app.py"}
    assert "prefers-color-scheme: dark" in DRAWN
    assert set(re.findall(r"https?://[^\"]+", DRAWN)) == {"http://www.w3.org/2000/svg"}


def test_a_row_that_is_too_full_is_an_error() -> None:
    """Rather that than boxes over each other."""
    with pytest.raises(ValueError, match=r"a row needs \d+ more: a, b"):
        arrange.arrange([("a", "b")], {"a": frozenset(), "b": frozenset()}, lambda _: 60.0, (0.0, 100.0))


def test_nearest_rising_numbers() -> None:
    """Those that rise stay; neighbours that fall share their mean; none falls."""
    assert arrange._rising([1, 2, 3]) == [1, 2, 3]
    assert arrange._rising([3, 1, 2, 5]) == [2, 2, 2, 5]
    for values in combinations([4.0, -1.0, 3.0, 0.5, 2.0], 4):
        assert all(a <= b for a, b in pairwise(arrange._rising(values)))
