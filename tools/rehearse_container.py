"""Rehearse the container without an engine: `make rehearse`, as root, on Linux.

The image is laid out by the Dockerfile (`tools/image.py`). A user that no file belongs to then starts its command with
nothing to write to but the volume and a folder for temporary files, and everything is tried that its users rely on.
What this cannot show: the base image, the installation in it, and what an engine adds (its mounts, its network).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

from tools.image import Image, lay_out

USER, GROUP = 12345, 0
BASE_PATH = "dial"
READY_SECONDS, STOP_SECONDS = 90, 10
# What the default model and its twin answer for the first test rows; the container must say the same.
FIRST = "first predictions, original: 0.719 1.764 2.710 2.839 2.605"
ROW = [8.3, 41, 6.9, 1.0, 322, 2.5, 37.88, -122.23]


@dataclass(frozen=True)
class Container:
    """An image with the port of its server, and the one folder beside its volumes where its user may write."""

    image: Image
    scratch: Path
    port: int

    @property
    def address(self) -> str:
        """Where the server answers, base path included."""
        return f"http://127.0.0.1:{self.port}/{BASE_PATH}"

    def start(self, command: list[str], **more: str) -> subprocess.Popen[str]:
        """Start a command as the engine would: the image's variables, an arbitrary user, no home."""
        set_ = {"PORT": str(self.port), "BASE_PATH": BASE_PATH, "HOME": "/nowhere", "TMPDIR": str(self.scratch)}
        return subprocess.Popen(  # noqa: S603  (the image's own commands)
            command, cwd=self.image.path("."), env={**self.image.variables, **set_, **more}, text=True, umask=0o022,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            user=USER, group=GROUP, extra_groups=[], start_new_session=True,
        )  # fmt: skip

    def run(self, command: list[str], **more: str) -> tuple[int, str]:
        """Run a command to its end; return its status and what it printed."""
        process = self.start(command, **more)
        try:
            out, _ = process.communicate(timeout=READY_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return process.returncode, out


def expect(truth: bool, what: str, seen: object = "") -> str:
    """Return `what` when it holds; end the rehearsal with what was seen instead when it does not."""
    if not truth:
        raise AssertionError(f"not so: {what}; {seen}")
    return what


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextmanager
def prepared(quick: bool) -> Iterator[Container]:
    """Lay the image out where the user may look but not write, but for its volumes and the scratch folder."""
    # A file that the user may read must not be one that he may write: that is what `umask` sees to.
    before = os.umask(0o022)
    try:
        with tempfile.TemporaryDirectory(prefix="bitdial-") as name:
            folder = Path(name)
            folder.chmod(0o755)
            scratch = folder / "scratch"
            scratch.mkdir()
            scratch.chmod(0o1777)
            yield Container(lay_out(folder / "image", quick), scratch, free_port())
    finally:
        os.umask(before)


def open_paths(image: Image) -> list[str]:
    """Return what the user could write in the image; root owns all, so that the bits of group and others decide."""
    return [
        str(path.relative_to(image.root))
        for path in image.path("/app").rglob("*")
        if not path.is_symlink() and path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    ]


@contextmanager
def answering(body: bytes, kind: str) -> Iterator[int]:
    """Serve `body` with status 200 for every path, as a wrong server would; yield its port."""

    class Always(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Always) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def check_health_fails(box: Container) -> Iterator[str]:
    """The health check does not take a page, another server's JSON or silence for a server that is well."""
    page, starting = b"<!doctype html><title>Bitdial</title>", b'{"status": "starting", "default_model_ready": false}'
    for body, kind in ((page, "text/html"), (starting, "application/json"), (b"[1]", "application/json")):
        with answering(body, kind) as port:
            status, said = box.run(box.image.health, PORT=str(port))
            yield expect(status == 1, f"the health check fails on {body[:12].decode()}…", said)
    status, said = box.run(box.image.health, PORT=str(free_port()))
    yield expect(status == 1, "the health check fails where nobody listens", said)


def check_server(box: Container) -> Iterator[str]:
    """The command starts the server for a user without a name or a home, under a base path, and it stops when asked."""
    started = time.monotonic()
    server = box.start(box.image.command)
    try:
        while box.run(box.image.health)[0] != 0:
            if server.poll() is not None:
                expect(False, "the server starts", server.communicate()[0])
            expect(time.monotonic() - started < READY_SECONDS, f"the health check passes within {READY_SECONDS} s")
            time.sleep(0.5)
        yield f"the health check passes after {time.monotonic() - started:.1f} s"
        status, said = box.run(box.image.health, BASE_PATH="")
        yield expect(status == 1, "it fails under another base path", said)
        yield from check_answers(box)
        started = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        out, _ = server.communicate(timeout=STOP_SECONDS)
        yield expect('"stopped"' in out, f"SIGTERM ends the server in {time.monotonic() - started:.1f} s", out)
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
            server.communicate()


def check_answers(box: Container) -> Iterator[str]:
    """Pages and interface are there under the base path, and what the server writes lands in the volume."""
    with urlopen(f"{box.address}/train", timeout=5) as answer:  # noqa: S310  (our own server)
        yield expect(b"<title>Bitdial</title>" in answer.read(), "a page opens under the base path")
    body = json.dumps({"rows": [ROW]}).encode()
    request = Request(f"{box.address}/api/predict", body, {"Content-Type": "application/json"})  # noqa: S310
    with urlopen(request, timeout=5) as answer:  # noqa: S310
        found = json.load(answer)["predictions"]
    yield expect(set(found) == {"original", "quantized"}, "the interface answers under the base path", found)
    with urlopen(f"{box.address}/api/models", timeout=5) as answer:  # noqa: S310
        listed = [model["id"] for model in json.load(answer)["models"]]
    kept = [path.stem for path in box.image.path("artifacts").glob("*.safetensors")]
    yield expect(listed == ["default", *kept], f"{' and '.join(listed)} can be asked for", kept)
    log = box.image.path("artifacts/logs/bitdial.jsonl")
    yield expect(log.stat().st_uid == USER, "the log is written into the volume")


def check_commands(box: Container, quick: bool) -> Iterator[str]:
    """The command line works in the image; the long rehearsal also keeps a model, and reads the one that it carries."""
    lines = [["python", "-m", "core", "predict", "--sample"]]
    if not quick:
        lines.append(["python", "-m", "core", "predict", "models/default.safetensors", "--sample"])
    for line in lines:
        status, said = box.run(line)
        yield expect(status == 0 and FIRST in said, " ".join(line), said)
    if not quick:
        status, said = box.run(["python", "-m", "core", "train", "--out", "artifacts/kept.safetensors"])
        yield expect(status == 0, "a model is kept in the volume", said)
        status, said = box.run(["python", "-m", "core", "train", "--out", "models/kept.safetensors"])
        yield expect(status != 0, "nothing is kept outside of it", said)


def rehearse(quick: bool = False) -> Iterator[str]:
    """Yield what was tried and held; raises `AssertionError` for the first thing that does not."""
    with prepared(quick) as box:
        volumes = [str(box.image.path(v).relative_to(box.image.root)) for v in box.image.volumes]
        yield expect(open_paths(box.image) == volumes, "only the volume can be written to", open_paths(box.image))
        for check in checks(quick):
            yield from check(box)
        left = sorted(p.name for p in box.scratch.iterdir())
        yield expect(left == [], "nothing is left among the temporary files", left)


def checks(quick: bool) -> tuple[Callable[[Container], Iterator[str]], ...]:
    """Return what is tried, in its order."""
    return check_health_fails, lambda box: check_commands(box, quick), check_server


def reason_not_to() -> str:
    """Return why the rehearsal cannot be held on this machine; "" where it can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "only root can start a process as another user"
    return ""


if __name__ == "__main__":
    if reason_not_to():
        sys.exit(reason_not_to())
    for line in rehearse():
        print(line, flush=True)
