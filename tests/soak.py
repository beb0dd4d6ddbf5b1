"""What a server keeps of long use: memory, threads and descriptors of a real one, before, meanwhile and after.

make soak           ten times what the tests do, printed as a table
make soak TIMES=50  for longer
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.running import Server, running
from tests.sources import ROOT
from tests.visitors import visiting

MIB = 1024 * 1024
# Streamlit keeps what a closed tab leaves behind for so many seconds, for a connection that comes back; it lets go of
# it when the next tab is closed. Short here, so that the end of it is seen.
KEPT_SECONDS = 1
KEPT = {"STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": str(KEPT_SECONDS)}
# Time for what is being closed to be closed.
SETTLE_SECONDS = 15
FILES_IN_A_VISIT = 5
FLATS = (ROOT / "examples" / "flats.csv").read_bytes()


@dataclass(frozen=True)
class Reading:
    """What the server's process holds at a moment."""

    rss: int
    threads: int
    descriptors: int


@dataclass(frozen=True)
class Course:
    """What it held in the course of one kind of use: before, after a quarter, at the end, and when all was closed."""

    what: str
    count: int
    seconds: float
    before: Reading
    quarter: Reading
    end: Reading
    after: Reading

    @property
    def growth(self) -> int:
        """The bytes by which memory grew from the first quarter to the end: what came before may be caches."""
        return self.end.rss - self.quarter.rss


def read(server: Server) -> Reading:
    """Return what the server's process holds now."""
    process = psutil.Process(server.pid)
    return Reading(process.memory_info().rss, process.num_threads(), process.num_fds())


async def reruns(server: Server, count: int) -> AsyncIterator[None]:
    """Move the dial so many times in one visit, through all widths."""
    async with visiting(server.address) as visitor:
        for i in range(count):
            await visitor.slide("bits", 1 + i % 16)
            yield


async def visits(server: Server, count: int) -> AsyncIterator[None]:
    """Open the first page so many times, and close it again."""
    for _ in range(count):
        async with visiting(server.address):
            pass
        yield


async def uploads(server: Server, count: int) -> AsyncIterator[None]:
    """Send so many tables, a few in each visit, no two of them alike; the page reads each and shows what it found."""
    header, *lines = FLATS.splitlines(keepends=True)
    for start in range(0, count, FILES_IN_A_VISIT):
        async with visiting(server.address, "train") as visitor:
            await visitor.unfold("own_box")
            for i in range(start, min(start + FILES_IN_A_VISIT, count)):
                turn = i % len(lines)
                data = b"".join([header, *lines[turn:], *lines[:turn], lines[0] * (i // len(lines))])
                await visitor.send("own_file_", f"flats{i}.csv", data)
                assert "own_use" in visitor.widgets
                yield


USES: dict[str, tuple[Callable[[Server, int], AsyncIterator[None]], int]] = {
    "reruns": (reruns, 1000),
    "visits": (visits, 200),
    "uploads": (uploads, 50),
}


async def settled(server: Server, enough: Callable[[Reading], bool]) -> Reading:
    """Return what the server holds once nothing of closed visits is kept but of the last one, or when time is up."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        await asyncio.sleep(KEPT_SECONDS + 0.1)
        async with visiting(server.address):
            pass
        await asyncio.sleep(0.2)
        found = read(server)
        if enough(found) or time.monotonic() > deadline:
            return found


async def course(server: Server, what: str, count: int) -> Course:
    """Use the server in one way so many times, and return what it held meanwhile."""
    use = USES[what][0]
    async for _ in use(server, 1):  # what is made once, for the first who asks, is there before
        pass
    before = await settled(server, lambda _: True)
    started, quarter = time.monotonic(), before
    done = 0
    async for _ in use(server, count):
        done += 1
        if done == count // 4:
            quarter = read(server)
    seconds, end = time.monotonic() - started, read(server)
    after = await settled(server, lambda r: r.threads <= before.threads and r.descriptors <= before.descriptors)
    return Course(what, count, seconds, before, quarter, end, after)


def table(courses: list[Course]) -> str:
    """Return a line for each kind of use."""
    rows = [("use", "count", "seconds", "RSS after 1/4, MiB", "at the end", "growth", "threads", "descriptors")]
    for c in courses:
        megabytes = [f"{n / MIB:.1f}" for n in (c.quarter.rss, c.end.rss, c.growth)]
        counts = [f"{c.before.threads} to {c.after.threads}", f"{c.before.descriptors} to {c.after.descriptors}"]
        rows.append((c.what, f"{c.count:,}", f"{c.seconds:.0f}", *megabytes, *counts))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in rows)


def main(times: int) -> None:
    """Use a server `times` as long as the tests do, and print what became of it."""
    os.environ |= KEPT
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server:
        found = [asyncio.run(course(server, what, times * count)) for what, (_, count) in USES.items()]
    sys.stdout.write(table(found) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
