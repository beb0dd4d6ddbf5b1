"""The real server as a process of its own: started on a free port with an empty folder of models, and ended again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.sources import ROOT

START_SECONDS = 90


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


@contextmanager
def running(folder: Path, settings: Mapping[str, str] | None = None, app: str = "app.py") -> Iterator[Server]:
    """Start `streamlit run app.py` with an empty folder of models in `folder`; end it and all that it started.

    `settings` are environment variables that it gets besides, `app` another file to run.
    """
    port, log = free_port(), folder / "log.txt"
    command = [sys.executable, "-m", "streamlit", "run", app, "--server.headless", "true"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    environment = {**os.environ, "BITDIAL_ARTIFACTS": str(folder / "artifacts"), "PYTHONUNBUFFERED": "1"}
    environment |= settings or {}
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
