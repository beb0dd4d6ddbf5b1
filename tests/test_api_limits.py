"""The limits of the REST interface on the running server: sizes, memory, time, odd requests, and a connection kept."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from starlette.types import Message

from core.api import api, body
from core.api.guard import MAX_BODY
from tests import loops
from tests.api_support import FACTS, error, mounted, row
from tests.api_wire import ODD, VALUES, Slow, answer_to, posted, spelt
from tests.cli_support import pair_file
from tests.running import Server, running

GOOD = {"rows": [row()]}
PIECE = 64 * 1024
# What the server may keep of a hundred megabytes that it refuses.
ALLOWED_GROWTH = 20 * 1024 * 1024
# Beyond the time that a body may take.
SLACK_SECONDS = 10.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start the dashboard, as it is served."""
    with running(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture(scope="module", autouse=True)
def slow(server: Server) -> Slow:
    """Let a slow client begin first: the others are served meanwhile."""
    found = Slow(server)
    found.start()
    return found


@pytest.fixture
def connection(server: Server) -> Iterator[http.client.HTTPConnection]:
    """Return a connection that is kept open from one request to the next."""
    found = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=30)
    yield found
    found.close()


def answered(connection: http.client.HTTPConnection, data: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    """Return status and JSON of the answer to a body; pieces are sent without saying how many there will be."""
    connection.request(
        "POST", "/api/predict", data, {"content-type": "application/json", **headers},
        encode_chunked=not isinstance(data, bytes),
    )  # fmt: skip
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def once(server: Server, data: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    """Return the same by a connection of its own."""
    with closing(http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=30)) as connection:
        return answered(connection, data, **headers)


def padded(size: int) -> bytes:
    """Return a good body of exactly so many bytes."""
    return json.dumps(GOOD).encode().ljust(size)


def pieces(data: bytes) -> Iterator[bytes]:
    """Yield a body in pieces."""
    yield from (data[i : i + PIECE] for i in range(0, len(data), PIECE))


def test_a_body_may_have_one_mebibyte_and_not_one_byte_more(
    server: Server, connection: http.client.HTTPConnection
) -> None:
    """Whether it says so beforehand or not; the connection serves on after each."""
    for data in (padded, lambda n: pieces(padded(n))):
        more = {} if data is padded else {"transfer-encoding": "chunked"}
        assert answered(connection, data(MAX_BODY), **more)[0] == 200
        status, found = once(server, data(MAX_BODY + 1), **more)
        assert (status, found["error"]["field"]) == (413, "body")
    assert answered(connection, padded(500))[0] == 200


def flood(server: Server, announced: bool) -> int:
    """Send a hundred megabytes, as far as the server takes them, and return the status of its answer."""
    total, host, port = 100 * 1024 * 1024, urlsplit(server.address).hostname, urlsplit(server.address).port
    length = f"content-length: {total}" if announced else "transfer-encoding: chunked"
    head = f"POST /api/predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{length}\r\n\r\n"
    piece = b" " * PIECE if announced else b"10000\r\n" + b" " * PIECE + b"\r\n"
    with socket.create_connection((host, port), timeout=30) as connection:
        connection.sendall(head.encode())
        try:
            for _ in range(total // PIECE):
                connection.sendall(piece)
        except OSError:
            pass  # the server has answered and hung up
        return int(connection.recv(4096).split()[1])


def test_a_hundred_megabytes_are_refused_and_not_kept(server: Server) -> None:
    """413, six times, and the memory of the server's process has not grown by twenty megabytes."""
    process = psutil.Process(server.pid)
    once(server, padded(MAX_BODY))
    before = process.memory_info().rss
    most = before
    for announced in (True, False) * 3:
        assert flood(server, announced) == 413
        most = max(most, process.memory_info().rss)
    assert most - before < ALLOWED_GROWTH
    assert once(server, padded(500))[0] == 200


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b'{"rows":' * 50_000,
        b'{"rows": [' + b"[1,2,3,4,5,6,7,8]," * 1000 + b"[1,2,3,4,5,6,7,8]]}",
        b'{"rows": [' + b"NaN," * 200_000 + b"1]}",
        b"{" + b",".join(b'"%d": 1' % i for i in range(70_000)) + b', "0": 1}',
        b'{"rows": [[' + b"9" * 1_000_000 + b"]]}",
        b'"' + b"\\ud800" * 100_000 + b'"',
    ],
)
def test_hostile_bodies_are_refused_at_once(server: Server, data: bytes) -> None:
    """Deep, wide, long, twice: 422 in our form within two seconds, and no memory is kept."""
    process = psutil.Process(server.pid)
    once(server, data)
    before, start = process.memory_info().rss, time.monotonic()
    status, found = once(server, data)
    assert status == 422
    assert set(found["error"]) >= {"field", "value", "allowed", "message"}
    assert time.monotonic() - start < 2
    assert process.memory_info().rss - before < ALLOWED_GROWTH
    assert server.health()["status"] == "ok"


@pytest.mark.parametrize("name", VALUES)
def test_cases_79_to_81_name_row_and_column(connection: http.client.HTTPConnection, name: str) -> None:
    """422 in our form for every value that is none, and the connection serves on."""
    rows, at, column = VALUES[name]
    status, answer = answered(connection, f'{{"rows": {rows}}}'.encode())
    found = answer["error"]
    assert status == 422
    assert set(found) == FACTS
    assert (found["row"], found["column"]) == (at, column)
    assert answered(connection, padded(500))[0] == 200


@pytest.mark.parametrize("name", ODD)
def test_odd_requests_are_answered_or_hung_up_on(server: Server, name: str) -> None:
    """A status that says whose fault it is, and the next one is served."""
    data, wanted = ODD[name]
    status, _ = answer_to(server, data)
    assert status in wanted
    assert answer_to(server, posted())[0] == 200


@pytest.mark.parametrize(("path", "status"), [("/api/health", 200), ("/api/predict", 405), ("/api/nothing", 404)])
def test_head_has_no_body(server: Server, path: str, status: int) -> None:
    """It is GET without what GET would send."""
    assert answer_to(server, spelt("HEAD", path), "HEAD") == (status, b"")


def test_every_request_is_in_the_log_of_the_server(server: Server) -> None:
    """The line carries the id that the client gave and no value of its row."""
    data = json.dumps({"rows": [{**row(), "MedInc": 7123.125}]}).encode()
    once(server, data, **{"x-request-id": "look-here"})
    path, end = server.artifacts / "logs" / "bitdial.jsonl", time.monotonic() + 10
    lines: list[dict[str, Any]] = []
    while not lines and time.monotonic() < end:
        text = path.read_text(encoding="utf-8")
        lines = [e for e in map(json.loads, text.splitlines()) if e.get("id") == "look-here"]
    assert (lines[0]["route"], lines[0]["model"], lines[0]["rows"], lines[0]["status"]) == (
        "/predict",
        "default",
        1,
        200,
    )
    assert "7123" not in path.read_text(encoding="utf-8")


def test_the_running_server_watches_a_batch(server: Server, connection: http.client.HTTPConnection) -> None:
    """A batch over one connection: the feature that is twice as large drifts, and no value is in the log."""
    rows = [{**one, "MedInc": one["MedInc"] * 2} for one in (row(i) for i in range(80))]
    data = json.dumps({"rows": [{**rows[0], "MedInc": 8123.125}, *rows]}).encode()
    connection.request("POST", "/api/monitor", data, {"content-type": "application/json"})
    answer = connection.getresponse()
    found = json.loads(answer.read())
    assert (answer.status, found["rows"], found["drifting"]) == (200, 81, ["MedInc"])
    assert found["gap"]["verdict"] in ("wider", "no evidence of a difference")
    assert "8123" not in (server.artifacts / "logs" / "bitdial.jsonl").read_text(encoding="utf-8")


def test_a_file_in_the_folder_is_served_without_a_restart(
    server: Server, connection: http.client.HTTPConnection, tmp_path: Path
) -> None:
    """Published in one step it can be asked for, and is listed."""
    server.artifacts.mkdir(exist_ok=True)
    pair_file(tmp_path).replace(server.artifacts / "fresh.safetensors")
    assert once(server, json.dumps({**GOOD, "model": "fresh"}).encode())[1]["model"] == "fresh"
    connection.request("GET", "/api/models")
    assert "fresh" in {m["id"] for m in json.loads(connection.getresponse().read())["models"]}


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time the answer is 408, and the half that came is forgotten."""
    monkeypatch.setattr(body, "PATIENCE", 0.05)

    async def never() -> Message:
        await asyncio.sleep(30)
        raise AssertionError

    found = loops.run(asked(never))
    assert found["status"] == 408
    assert json.loads(found["body"])["error"]["allowed"] == "sent within 0.05 s"


def test_a_client_that_hangs_up_is_no_error() -> None:
    """Nothing is answered to nobody, and nothing is raised."""

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    assert loops.run(asked(gone)) == {}


async def asked(receive: Any) -> dict[str, Any]:
    """Return what the interface sends while its request comes from `receive`."""
    found: dict[str, Any] = {}

    async def send(message: Message) -> None:
        found.update({k: v for k, v in message.items() if k in ("status", "body")})

    scope = {
        "type": "http", "method": "POST", "path": "/predict", "raw_path": b"/predict", "root_path": "",
        "query_string": b"", "headers": [(b"content-type", b"application/json")], "scheme": "http",
        "server": ("x", 80), "client": ("y", 1), "http_version": "1.1",
    }  # fmt: skip
    await api(scope, receive, send)
    return found


def test_a_length_that_lies_does_not_help() -> None:
    """Announced as too much or beyond all numbers it is refused before anything is read."""
    client = mounted()
    for length in ("99999999999999999999", "1048577"):
        headers = {"content-type": "application/json", "content-length": length}
        assert error(client.post("/api/predict", content=b"{}", headers=headers), 413)["field"] == "body"


def test_a_body_that_stops_half_way_is_given_up(slow: Slow) -> None:
    """408 when its time is over, and nobody else waited for it."""
    slow.join(body.PATIENCE + SLACK_SECONDS)
    assert slow.status == 408
    assert body.PATIENCE <= slow.seconds < body.PATIENCE + SLACK_SECONDS
