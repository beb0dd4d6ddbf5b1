"""What the tests of compose file, proxy and workflow share: both read as YAML, schemas, a server that tells what it saw."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any

from jsonschema import Draft7Validator
from ruamel.yaml import YAML

from tests.sources import ROOT


def yaml(name: str) -> dict[str, Any]:
    """Return what a YAML file of the project says, as plain data."""
    found: dict[str, Any] = YAML(typ="safe", pure=True).load((ROOT / name).read_text(encoding="utf-8"))
    return found


def faults(document: dict[str, Any], schema: str) -> list[str]:
    """Return what a document has against a schema that check-jsonschema carries."""
    folder = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    validator = Draft7Validator(json.loads((folder / f"{schema}.json").read_text(encoding="utf-8")))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


@dataclass
class Upstream:
    """A server behind the proxy: its address, and the paths, headers and body lengths that reached it."""

    port: int = 0
    seen: list[tuple[str, dict[str, str], int]] = field(default_factory=list)


@contextmanager
def upstream() -> Iterator[Upstream]:
    """Serve every path with 200, and a websocket's opening with 101 and its next bytes sent back."""
    found = Upstream()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}, 0))
            if self.headers.get("Upgrade") == "websocket":
                self.connection.sendall(
                    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
                )
                self.connection.sendall(self.rfile.read(5))
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"inside")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}, len(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()
