"""Draw docs/architecture.svg from the imports in the source: `make drawing`.

Rooms are the packages and modules of core in their layers, with the pages and the entry above them. An arrow says "is
built on". What follows from other arrows is left out: `pages` imports nearly every room, and a line for each would say
less than the few that remain. All arrows to one room come together in one line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from tests.sources import ROOT
from tests.test_layers import ALL, LAYERS
from tools.arrange import Box, arrange

FILE = ROOT / "docs" / "architecture.svg"
WIDTH, TOP, ROW, BOX = 1000, 92, 66, 30
TITLE = "How Bitdial is built"

# What the layers are for, from the bottom up to the row that is named, and who uses them.
BANDS = (
    ("ground", "jobs"),
    ("numbers", "intervals"),
    ("models", "comparison"),
    ("results", "own"),
    ("questions", "tune"),
    ("doors", "__main__"),
    ("screen", "app.py"),
)
_STYLE = """
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1B2430; text-anchor: middle; }
.title { font: 600 20px system-ui, sans-serif; text-anchor: start; }
.said, .band { font: 13px system-ui, sans-serif; fill: #566273; text-anchor: start; }
.ground { fill: #FFFFFF; }
.stripe { fill: #F3F5F8; }
.core { fill: #EAF2FD; stroke: #2F7DE1; }
.screen { fill: #FBE7D3; stroke: #E8710A; }
path { fill: none; stroke-width: 1.2; }
.to-core { stroke: #2F7DE1; }
.to-screen { stroke: #E8710A; }
.core-tip { fill: #2F7DE1; }
.screen-tip { fill: #E8710A; }
@media (prefers-color-scheme: dark) {
text { fill: #E6EAF0; }
.said, .band { fill: #A5B0BF; }
.ground { fill: #11161D; }
.stripe { fill: #1A212B; }
.core { fill: #10294A; }
.screen { fill: #43260A; }
}
""".strip()


@dataclass(frozen=True)
class House:
    """The rooms in their rows, the lowest first, and what each is built on, without what follows from the rest."""

    rows: tuple[tuple[str, ...], ...]
    built_on: Mapping[str, frozenset[str]]


def house() -> House:
    """Return the rooms and arrows that the source has at this moment."""
    found: dict[str, set[str]] = {}
    for source in ALL:
        room = _room(source.module)
        if room:
            found.setdefault(room, set()).update(filter(None, (_room(name) for _, name in source.imports())))
    rows = [tuple(sorted(layer & found.keys())) for layer in LAYERS]
    rows = [row for row in [*rows, ("pages",), ("app.py",)] if row]
    direct = {room: frozenset(others & found.keys() - {room}) for room, others in found.items()}
    return House(tuple(rows), _reduced(direct, [room for row in rows for room in row]))


def _room(module: str) -> str:
    """Return the room that a module belongs to; "" for what is none of ours, and for the public names of core."""
    top, *rest = module.split(".")
    if top == "app":
        return "app.py"
    if top == "core":
        return rest[0] if rest else ""
    return "pages" if top == "pages" else ""


def _reduced(direct: Mapping[str, frozenset[str]], order: list[str]) -> dict[str, frozenset[str]]:
    """Return the arrows that do not follow from others; `order` has every room after those that it is built on."""
    reach: dict[str, frozenset[str]] = {}
    for room in order:
        reach[room] = direct[room].union(*(reach[other] for other in direct[room]))
    return {r: frozenset(o for o in on if not any(o in reach[p] for p in on if p != o)) for r, on in direct.items()}


def drawing(built: House) -> str:
    """Return the file."""
    rows = tuple(reversed(built.rows))
    places = arrange(rows, built.built_on, lambda name: 8.0 * len(name) + 22, (118.0, WIDTH - 20.0))
    height = TOP + ROW * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        ' role="img" aria-labelledby="title desc">',
        f'<title id="title">{TITLE}</title>',
        f'<desc id="desc">{escape(_said(built))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{height}"/>',
        *_bands(rows),
        f'<text class="title" x="20" y="34">{TITLE}</text>',
        '<text class="said" x="20" y="58">Each room is built on those that its lines lead down to; what follows from '
        "other lines is left out.</text>",
        *_lines(places, built),
        *_boxes(places),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _said(built: House) -> str:
    """Return the drawing in words, the highest room first."""
    order = [room for row in reversed(built.rows) for room in row]
    lines = [f"{room} is built on {', '.join(sorted(built.built_on[room]))}." for room in order if built.built_on[room]]
    return " ".join(lines)


def _bands(rows: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    """Yield a stripe behind the rows of each band, with its name; every second one has a colour."""
    at = {room: i for i, row in enumerate(rows) for room in row}
    top = 0
    for i, (name, highest) in enumerate(reversed(BANDS)):
        # A band begins with its highest row, and ends where the next one begins.
        last = at[BANDS[len(BANDS) - i - 2][1]] if i + 1 < len(BANDS) else len(rows)
        if at[highest] != top:
            raise ValueError(f"{highest} does not begin a band")
        y, height = TOP + top * ROW - ROW // 4, (last - top) * ROW
        if i % 2 == 0:
            yield f'<rect class="stripe" x="8" y="{y}" width="{WIDTH - 16}" height="{height}" rx="8"/>'
        yield f'<text class="band" x="20" y="{TOP + top * ROW + BOX // 2 + 5}">{name}</text>'
        top = last


def _kind(room: str) -> str:
    return "screen" if room in ("pages", "app.py") else "core"


def _boxes(places: Mapping[tuple[str, int], Box]) -> Iterator[str]:
    for (room, row), box in places.items():
        if box.is_room:
            x, y = box.x - box.width / 2, TOP + row * ROW
            yield f'<rect class="{_kind(room)}" x="{x:.1f}" y="{y}" width="{box.width:.1f}" height="{BOX}" rx="6"/>'
            yield f'<text x="{box.x:.1f}" y="{y + BOX // 2 + 5}">{escape(room)}</text>'


def _lines(places: Mapping[tuple[str, int], Box], built: House) -> Iterator[str]:
    """Yield the lines from row to row, each as far as the next row, and the tips above the rooms that they lead to."""
    for (room, row), box in places.items():
        for above in box.above:
            upper = places[above, row - 1]
            start, end = TOP + (row - 1) * ROW + (BOX if upper.is_room else 0), TOP + row * ROW
            # A line that only passes through a row goes straight down beside the boxes.
            tail = f" V{end + BOX}" if not box.is_room else ""
            if not upper.is_room:
                start += BOX
            middle = (start + end) / 2
            curve = f"M{upper.x:.1f} {start} C{upper.x:.1f} {middle:g} {box.x:.1f} {middle:g} {box.x:.1f} {end}"
            yield f'<path class="to-{_kind(above)}" d="{curve}{tail}"/>'
        if box.is_room and box.above:
            y = TOP + row * ROW
            yield f'<path class="{_kind(room)}-tip" d="M{box.x - 4:.1f} {y - 6} h8 l-4 6 z"/>'


if __name__ == "__main__":
    FILE.write_text(drawing(house()), encoding="utf-8")
    print(f"{FILE.relative_to(ROOT)}: {FILE.stat().st_size:,} bytes")
