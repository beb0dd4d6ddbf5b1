"""Many visitors without browsers on a server of its own: how soon all are served, how fast it stays, what overload does.

Run this file, `python tests/bench/bench_visitors.py --help`; it is not part of `make bench`, and takes minutes. It opens
30 visitors within two seconds; lets 50 slide `bits` with a second's thought, alone and beside clients of the interface
and a training; and sends ten times as many to a hosted server as it takes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from websockets.exceptions import ConnectionClosed, InvalidHandshake

from core.api import describe
from core.settings import HOSTED
from tests.running import running
from tests.visitors import PATIENCE, visiting

BODY = json.dumps({"rows": [list(describe.row().values())]}).encode()


def quantile(values: list[float], share: float) -> float:
    """Return the value that `share` of all do not exceed, in milliseconds."""
    ordered = sorted(values)
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


def said(name: str, **found: Any) -> None:
    """Print one result as one line of JSON."""
    print(json.dumps({"measured": name, **found}), flush=True)


async def opening(address: str, count: int, within: float) -> None:
    """Open `count` visitors on the first page, spread over `within` seconds."""
    start = time.perf_counter()

    async def one(i: int) -> float:
        await asyncio.sleep(within * i / count)
        asked = time.perf_counter()
        async with visiting(address):
            return time.perf_counter() - asked

    times = await asyncio.gather(*(one(i) for i in range(count)))
    all_done = round(time.perf_counter() - start, 2)
    said("opening", visitors=count, all_complete_s=all_done, p50_ms=quantile(times, 0.5), p95_ms=quantile(times, 0.95))


async def sliding(address: str, count: int, seconds: float, think: float, beside: bool) -> None:
    """Let `count` visitors slide `bits`; `beside` with four clients of the interface and a training without end."""
    times: list[float] = []
    asked: Counter[int] = Counter()
    ready = asyncio.Event()
    waiting = [count]

    async def one() -> None:
        async with visiting(address) as visitor:
            waiting[0] -= 1
            if not waiting[0]:
                ready.set()
            await ready.wait()
            end = time.perf_counter() + seconds
            await asyncio.sleep(random.random() * think)
            while time.perf_counter() < end:
                times.append(await visitor.slide("bits", random.randint(1, 16)))
                await asyncio.sleep(think * random.uniform(0.5, 1.5))

    others = [asyncio.create_task(work) for work in _beside(address, asked)] if beside else []
    await asyncio.gather(*(one() for _ in range(count)))
    for task in others:
        task.cancel()
    ended = await asyncio.gather(*others, return_exceptions=True)
    failed = [repr(e) for e in ended if not isinstance(e, asyncio.CancelledError)]
    found = {"p50_ms": quantile(times, 0.5), "p95_ms": quantile(times, 0.95), "worst_ms": quantile(times, 1.0)}
    said("sliding beside work" if beside else "sliding", visitors=count, reruns=len(times), **found,
         requests={str(status): n for status, n in asked.items()}, failed=failed)  # fmt: skip


def _beside(address: str, asked: Counter[int]) -> list[Any]:
    async def client() -> None:
        while True:
            asked[await asyncio.to_thread(_predicted, address)] += 1
            await asyncio.sleep(0.1)

    async def trainer() -> None:
        for seed in range(1_000_000):
            async with visiting(address, query=f"v=1&model=random_forest&seed={seed}") as visitor:
                while visitor.kinds["progress"]:
                    await asyncio.sleep(1)
                    await visitor.rerun()

    return [*(client() for _ in range(4)), trainer()]


def _predicted(address: str) -> int:
    request = urllib.request.Request(f"{address}/api/predict", BODY, {"content-type": "application/json"})
    return _status(request)


def _status(request: urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


async def overload(address: str, count: int, within: float, stay: float) -> None:
    """Send `count` visits within so many seconds, of which each stays `stay` seconds; then one more when all are gone."""
    # A page is asked for in a thread; with the few that there are otherwise, visitors would wait for each other here.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(100))
    ends: Counter[str] = Counter()
    times: list[float] = []

    async def one(i: int) -> None:
        await asyncio.sleep(within * i / count)
        ends[await _kept(_visit(address, stay, times))] += 1

    await asyncio.gather(*(one(i) for i in range(count)))
    start = time.perf_counter()
    while await _kept(_visit(address, 0, [])) != "served":
        await asyncio.sleep(0.1)
    calm = round(time.perf_counter() - start, 2)
    served = {"served_p50_ms": quantile(times, 0.5), "served_p95_ms": quantile(times, 0.95)} if times else {}
    said("overload", visits=count, within_s=within, room=HOSTED.visits, ends=dict(ends), **served, calm_after_s=calm)


async def _visit(address: str, stay: float, times: list[float]) -> str:
    """Return how a visit ended: its page, then its connection, then what it shows."""
    status = await asyncio.to_thread(_status, urllib.request.Request(address + "/"))
    if status != 200:
        return f"page {status}"
    start = time.perf_counter()
    async with visiting(address):
        times.append(time.perf_counter() - start)
        await asyncio.sleep(stay)
    return "served"


async def _kept(visit: Awaitable[str]) -> str:
    try:
        return await visit
    except ConnectionClosed as error:
        return f"closed {error.rcvd.code if error.rcvd else 'without a word'}"
    except (InvalidHandshake, OSError, TimeoutError) as error:
        return type(error).__name__


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("opening", "sliding", "overload"), help="one of the three")
    parser.add_argument("--seconds", type=float, default=60, help="how long visitors slide (60)")
    parser.add_argument("--repeats", type=int, default=3, help="how often each way is measured (3)")
    parser.add_argument("--visitors", type=int, default=50, help="how many slide (50)")
    parser.add_argument("--visits", type=int, default=10 * HOSTED.visits, help="how many overload the server (600)")
    parser.add_argument("--stay", type=float, default=10, help="how long a served one of them stays, in seconds (10)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, suppress(KeyboardInterrupt):
        if args.only != "overload":
            with running(Path(folder)) as server:
                if args.only != "sliding":
                    for _ in range(args.repeats):
                        asyncio.run(opening(server.address, 30, 2.0))
                if args.only != "opening":
                    for _ in range(args.repeats):
                        asyncio.run(sliding(server.address, args.visitors, args.seconds, 1.0, False))
                        asyncio.run(sliding(server.address, args.visitors, args.seconds, 1.0, True))
        if args.only in (None, "overload"):
            with running(Path(folder), {"BITDIAL_HOSTED": "1"}) as server:
                asyncio.run(overload(server.address, args.visits, 10.0, args.stay))


if __name__ == "__main__":
    main()
