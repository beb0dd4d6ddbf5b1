"""Place rooms in rows so that their lines are short and touch no other box: what `draw_architecture` draws.

All lines to one room share a trunk, which has a narrow place of its own in every row that it passes. Rows are ordered
by the mean place of what they hang together with, again and again; then everything moves as near to that place as the
order and the widths allow, which is an isotonic regression.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

# What a trunk takes in a row, and the space between neighbours.
TRUNK, GAP = 4.0, 10.0
SWEEPS = 24

# Name and row of what stands there: a room, or the trunk of the lines to a room below.
Key = tuple[str, int]


@dataclass
class Box:
    """A room, or the place where a trunk passes a row; `above` are the names of what leads into it from that row."""

    width: float
    is_room: bool
    above: list[str] = field(default_factory=list)
    x: float = 0.0


def arrange(
    rows: Sequence[Sequence[str]],
    built_on: Mapping[str, frozenset[str]],
    width: Callable[[str], float],
    between: tuple[float, float],
) -> dict[Key, Box]:
    """Return every box with its middle, left and right of which there is room enough; `rows` begin with the highest."""
    boxes = _connected(rows, built_on, width)
    lines = [[key for key in boxes if key[1] == row] for row in range(len(rows))]
    near = {key: [(name, key[1] - 1) for name in box.above] for key, box in boxes.items()}
    for key, box in boxes.items():
        for name in box.above:
            near[name, key[1] - 1].append(key)
    for line in lines:
        _spread(line, boxes, {key: sum(between) / 2 for key in line}, between)
    for sweep in range(SWEEPS):
        for line in lines if sweep % 2 == 0 else reversed(lines):
            wanted = {key: _mean([boxes[other].x for other in near[key]], boxes[key].x) for key in line}
            line.sort(key=lambda key: (wanted[key], key))
            _spread(line, boxes, wanted, between)
    return boxes


def _connected(
    rows: Sequence[Sequence[str]], built_on: Mapping[str, frozenset[str]], width: Callable[[str], float]
) -> dict[Key, Box]:
    """Return the rooms and the places of the trunks, each with what leads into it from the row above."""
    at = {room: row for row, rooms in enumerate(rows) for room in rooms}
    boxes = {(room, row): Box(width(room), True) for room, row in at.items()}
    for room in at:
        for other in sorted(built_on[room]):
            above = room
            for row in range(at[room] + 1, at[other] + 1):
                box = boxes.setdefault((other, row), Box(TRUNK, False))
                if above not in box.above:
                    box.above.append(above)
                above = other
    return boxes


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _spread(
    line: Sequence[Key], boxes: Mapping[Key, Box], wanted: Mapping[Key, float], between: tuple[float, float]
) -> None:
    """Move the boxes of a row as near to the wanted places as their order and their widths allow."""
    offsets, offset = [], 0.0
    for i, key in enumerate(line):
        if i:
            offset += (boxes[line[i - 1]].width + boxes[key].width) / 2 + GAP
        offsets.append(offset)
    low = between[0] + boxes[line[0]].width / 2
    high = between[1] - boxes[line[-1]].width / 2 - offset
    if high < low:
        raise ValueError(f"a row needs {low - high:.0f} more: {', '.join(name for name, _ in line)}")
    levels = _rising([wanted[key] - o for key, o in zip(line, offsets, strict=True)])
    for key, level, moved in zip(line, levels, offsets, strict=True):
        boxes[key].x = min(max(level, low), high) + moved


def _rising(values: Sequence[float]) -> list[float]:
    """Return the numbers that never fall and are nearest to `values`: neighbours that fall share their mean."""
    pools: list[tuple[float, int]] = []
    for value in values:
        total, count = value, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            before, n = pools.pop()
            total, count = total + before, count + n
        pools.append((total, count))
    return [total / count for total, count in pools for _ in range(count)]
