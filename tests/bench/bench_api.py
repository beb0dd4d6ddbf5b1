"""One row by the interface beside the barest FastAPI route that does the same sum: `make bench`, or run this file.

Both routes live in the same server, the dashboard itself; each client keeps one connection open and asks them in turn, a block of requests each. All clients ask the same route at a time: in one queue the faster route would wait for the slower one.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from core.api import describe
from tests.sources import ROOT

REQUESTS, WARM, CLIENTS = 3000, 200, 8
# So many requests to one route, then as many to the next: what a request leaves to be done after its answer (a line
# in the log) is paid by the next one, which is to be one of the same route.
BLOCK = 25
# Seconds after which a client is not waited for any longer.
PATIENCE = 60
ROW = list(describe.row().values())
# What is asked, by the name of the route in the lines that are printed.
ASKED: dict[str, tuple[str, Any]] = {
    "bare route": ("/bare/predict", ROW),
    "predict": ("/api/predict", {"variant": "quantized", "rows": [ROW]}),
    "predict, both": ("/api/predict", {"rows": [ROW]}),
}


def request(path: str, body: Any) -> bytes:
    """Return one HTTP request as it goes over the wire."""
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


def ask(connection: socket.socket, sent: bytes) -> bytes:
    """Return the answer to one request on an open connection; it must be 200."""
    connection.sendall(sent)
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return body


def one_client(port: int, count: int, together: Barrier) -> dict[str, list[float]]:
    """Return the milliseconds of `count` requests to each route, asked in turn, in blocks, on one connection.

    Each block begins when all clients have come `together`.
    """
    times: dict[str, list[float]] = {name: [] for name in ASKED}
    sent = {name: request(*asked) for name, asked in ASKED.items()}
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(0, WARM + count, BLOCK):
            for name, data in sent.items():
                together.wait(PATIENCE)
                ask(connection, data)
                for _ in range(BLOCK):
                    start = perf_counter()
                    ask(connection, data)
                    if i >= WARM:
                        times[name].append(1000 * (perf_counter() - start))
    return times


def clients(port: int, number: int) -> dict[str, list[float]]:
    """Return the same of `number` clients at once."""
    together = Barrier(number)
    with ThreadPoolExecutor(number) as threads:
        found = list(threads.map(lambda _: one_client(port, REQUESTS // number, together), range(number)))
    return {name: [t for one in found for t in one[name]] for name in ASKED}


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextmanager
def server() -> Iterator[int]:
    """Start the dashboard with the bare route beside it; yield its port."""
    port, folder = free_port(), tempfile.mkdtemp()
    command = [sys.executable, "-m", "streamlit", "run", "tests/bench/bare_app.py", "--server.headless", "true"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "BITDIAL_ARTIFACTS": folder}, **quiet)
    try:
        for _ in range(300):
            time.sleep(0.2)
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=2) as answer:
                    if json.load(answer)["default_model_ready"]:
                        break
            except (OSError, ValueError):
                continue
        yield port
    finally:
        process.terminate()
        process.wait(20)


def lines() -> list[str]:
    """Return p50 and p99 of each route for one client and for several, and their ratios to the bare route."""
    found = []
    with server() as port:
        for number in (1, CLIENTS):
            times = clients(port, number)
            p50, p99 = ({n: float(np.percentile(t, q)) for n, t in times.items()} for q in (50, 99))
            bare = "bare route"
            for name in ASKED:
                ratio = "" if name == bare else f", ratios {p50[name] / p50[bare]:.2f} and {p99[name] / p99[bare]:.2f}"
                found.append(
                    f"one row, {number} client{'s' * (number > 1)}, {name}: p50 {p50[name]:.3f} ms, "
                    f"p99 {p99[name]:.3f} ms{ratio}"
                )
    return found


LINES: list[str] = []


def test_api(benchmark: Any) -> None:
    """Both routes give the same answer; all times are printed with the summary of the run."""
    with server() as port, socket.create_connection(("127.0.0.1", port)) as connection:
        sent = {name: request(*asked) for name, asked in ASKED.items()}
        bare, ours = (json.loads(ask(connection, sent[name])) for name in ("bare route", "predict"))
        assert abs(bare["prediction"] - ours["predictions"]["quantized"][0]) <= 1e-12
        benchmark(ask, connection, sent["predict"])
    LINES.extend(lines())


if __name__ == "__main__":
    sys.stdout.write("\n".join(lines()) + "\n")
