"""The real server and a real browser, each started once for the session; a fresh visitor for each test."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.visitor import Visitor
from tests.sources import ROOT

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
START_SECONDS = 90

# The browser itself must not talk to anybody either: whatever is seen on the network is then ours.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-client-side-phishing-detection",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--metrics-recording-only",
    "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication",
]


@dataclass(frozen=True)
class Server:
    """A running server: its address, its process, where it keeps models and what it has written so far."""

    address: str
    pid: int
    artifacts: Path
    log: Path

    def health(self) -> dict[str, Any]:
        """Return the JSON of /api/health."""
        with urllib.request.urlopen(f"{self.address}/api/health", timeout=2) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def wait_until_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    """Wait until the default model is trained; fail with the log when the server ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if server.health()["default_model_ready"]:
                return
        except (urllib.error.URLError, OSError, ValueError):
            pass
        time.sleep(0.2)
    pytest.fail(f"the server did not become ready:\n{server.log.read_text(encoding='utf-8')}")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start `streamlit run app.py` with an empty folder of models, and end it and all that it started."""
    folder = tmp_path_factory.mktemp("server")
    port, log = free_port(), folder / "log.txt"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    environment = {**os.environ, "BITDIAL_ARTIFACTS": str(folder / "artifacts"), "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    found = Server(f"http://127.0.0.1:{port}", process.pid, folder / "artifacts", log)
    try:
        wait_until_ready(found, process)
        yield found
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the process group that the server leads: asked first, then made to."""
    for sign, seconds in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(seconds)
            break
        except subprocess.TimeoutExpired:
            continue


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the installed Chromium; without one, skip, or fail where BITDIAL_REQUIRE_BROWSER=1 says so."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        missing = f"no browser found ({', '.join(BROWSERS)})"
        if os.environ.get("BITDIAL_REQUIRE_BROWSER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def visit(server: Server, browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Return a function that makes a visitor with a browser of their own; none may meet an error by the end.

    Keyword arguments are those of a Playwright context: `viewport`, `color_scheme`, ...
    """
    visitors: list[Visitor] = []

    def new(**options: Any) -> Visitor:
        options.setdefault("viewport", {"width": 1440, "height": 900})
        context = browser.new_context(**options)
        visitors.append(Visitor(context.new_page(), server.address))
        return visitors[-1]

    yield new
    faults = [fault for visitor in visitors for fault in visitor.faults]
    for visitor in visitors:
        visitor.page.context.close()
    assert faults == []


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    """Return one visitor at a desk: 1440 by 900, light."""
    return visit()
