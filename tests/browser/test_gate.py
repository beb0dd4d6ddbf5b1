"""The limits of a hosted server, on a running one with small numbers: who is over is told so, and all recovers."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Route, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.browser.visitor import TIMEOUT, Visitor
from tests.gate_support import PATIENCE, Line, fetch
from tests.running import Server, running

MIB = 1024 * 1024
VISITS, FRAMES, REQUESTS = 3, 20, 5
SMALL = {
    "BITDIAL_HOSTED": "1",
    "BITDIAL_MAX_VISITS": str(VISITS),
    "BITDIAL_FRAMES": str(FRAMES),
    "BITDIAL_FRAME_BURST": "5",
    "BITDIAL_FRAME_SECONDS": "1",
    "BITDIAL_VISIT_UPLOADS": "1",
    "BITDIAL_UPLOADS": "2",
    "BITDIAL_UPLOAD_SECONDS": "1",
    "BITDIAL_REQUESTS": str(REQUESTS),
    "BITDIAL_REQUEST_BURST": str(REQUESTS),
    # A connection whose other end has vanished without a word is found out within four seconds.
    "STREAMLIT_SERVER_WEBSOCKET_PING_INTERVAL": "2",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start a hosted dashboard; by the end it has written no traceback."""
    with running(tmp_path_factory.mktemp("server"), SMALL) as found:
        yield found
        assert "Traceback" not in found.log.read_text(encoding="utf-8")


@pytest.fixture
def lines(server: Server) -> Iterator[Callable[..., Line]]:
    """Return a function that opens a connection; all are closed in the end, and the house is empty again."""
    with ExitStack() as stack:

        def opened(*protocols: str) -> Line:
            return stack.enter_context(closing(Line(server.address, *protocols)))

        yield opened
    until(lambda: fetch(server.address, "/")[0] == 200)


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def closing_of(line: Line) -> tuple[int, str]:
    """Return number and reason with which the server closes a connection."""
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            line.socket.recv(PATIENCE)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code, caught.value.rcvd.reason


def heartbeat() -> BackMsg:
    """Return the smallest frame that is answered."""
    return BackMsg(app_heartbeat=True)


def test_headers_stand_on_every_answer(server: Server) -> None:
    """Page, script, interface, Streamlit's own routes, refusals and unknown paths carry them; docs keep their own policy."""
    for path in (
        "/",
        "/train",
        "/favicon.png",
        "/api/health",
        "/_stcore/health",
        "/_stcore/metrics",
        "/api/none",
        "/..%2fx",
    ):
        headers = fetch(server.address, path)[1]
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert {"referrer-policy", "permissions-policy", "cross-origin-opener-policy"} <= headers.keys()
    assert fetch(server.address, "/api/docs")[1]["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/metrics/", "//_stcore/metrics", "/_stcore/%6Detrics"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_metrics_are_not_public(server: Server, path: str, method: str) -> None:
    """What Streamlit tells of its memory and sessions is nobody's business, however it is spelt."""
    status, _, text = fetch(server.address, path, method)
    assert status in (400, 404)
    assert "cache" not in text


def test_a_full_house(server: Server, lines: Callable[..., Line]) -> None:
    """The last visit is served; one more gets the page, its connection 1013; who is in works; who comes back waits."""
    inside = [lines() for _ in range(VISITS)]
    for line in inside:
        assert line.rerun()
    status, headers, text = fetch(server.address, "/train?v=1&bits=4")
    assert (status, headers["retry-after"], headers["cache-control"]) == (503, "10", "no-store")
    assert f"{VISITS} visits of {VISITS}." in text
    assert "This page tries again by itself in 10 seconds." in text
    assert fetch(server.address, "/api/health")[0] == 200
    assert fetch(server.address, "/favicon.png")[0] == 200
    refused = lines()
    assert closing_of(refused) == (1013, f"Bitdial is full just now: {VISITS} visits of {VISITS}.")
    with pytest.raises(InvalidStatus) as caught:
        lines(inside[0].session)
    assert caught.value.response.status_code == 503
    assert caught.value.response.headers["retry-after"] == "10"
    assert inside[0].rerun()
    inside[1].close()
    until(lambda: fetch(server.address, "/")[0] == 200)
    assert lines(inside[1].session).rerun()


def test_a_page_that_comes_too_late_says_so_and_is_let_in(
    visit: Callable[..., Visitor], lines: Callable[..., Line]
) -> None:
    """Let in with the page and refused with its connection, it shows the full house by itself, then the dashboard."""
    visitor = visit()
    inside: list[Line] = []

    def overtaken(route: Route) -> None:
        """Take every place before the page's scripts run."""
        inside.extend(lines() for _ in range(VISITS - len(inside)))
        route.continue_()

    visitor.page.route("**/static/js/index.*.js", overtaken)
    visitor.page.goto(visitor.address + "/?v=1&bits=4")
    expect(visitor.page.get_by_role("heading")).to_have_text("Bitdial is full just now", timeout=TIMEOUT)
    expect(visitor.page.get_by_role("status")).to_contain_text(f"{VISITS} visits of {VISITS}.")
    inside[0].close()
    visitor.page.get_by_role("link", name="Try now").click()  # it would ask by itself, ten seconds later
    expect(visitor.key("finding").first).to_contain_text("4 bits, symmetric", timeout=2 * TIMEOUT)
    # The browser notes the answer 503 of the page that it asked for, once or more; nothing else went wrong.
    assert all("503" in fault for fault in visitor.faults)
    visitor.faults.clear()


def test_a_policy_that_is_broken_is_heard(visit: Callable[..., Visitor]) -> None:
    """A script that nobody named does not run, and the recorder of faults says so."""
    visitor = visit()
    visitor.page.goto(visitor.address)
    visitor.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))"
    )
    assert visitor.page.evaluate("window.ran") is None
    assert any("forbidden by script-src" in fault for fault in visitor.faults)
    visitor.faults.clear()


def test_connections_that_vanish_do_not_count_for_ever(server: Server) -> None:
    """Resets give their place back at once, silence after two pings; fifty reconnections leave nothing behind."""
    for _ in range(50):
        line = Line(server.address)
        line.socket.socket.shutdown(socket.SHUT_RDWR)
        until(lambda: fetch(server.address, "/")[0] == 200)
    address = urlsplit(server.address)
    asked = (
        f"GET /_stcore/stream HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    silent = [socket.create_connection((address.hostname or "", address.port or 0)) for _ in range(VISITS)]
    for one in silent:
        one.sendall(asked.encode())
        assert one.recv(12) == b"HTTP/1.1 101"
    assert fetch(server.address, "/")[0] == 503
    until(lambda: fetch(server.address, "/")[0] == 200)
    for one in silent:
        one.close()


def test_frames_that_come_too_fast_wait_and_then_end_the_visit(lines: Callable[..., Line]) -> None:
    """Ten over the burst take half a second; who does not stop is closed; the next visit is served."""
    line, over = lines(), FRAMES // 2
    start = time.monotonic()
    for _ in range(5 + over):
        line.send(heartbeat())
    for _ in range(5 + over):
        line.socket.recv(PATIENCE)
    # The last one is let through when the tokens of those before it have come: a clock's tick less at most.
    assert time.monotonic() - start >= over / FRAMES - 0.01
    flood = lines()
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            flood.send(heartbeat())
            time.sleep(0.25 / FRAMES)
    assert caught.value.rcvd is not None
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1013, "Too many changes in too short a time.")
    assert lines().rerun()


def test_frames_that_are_not_understood_end_the_visit(server: Server, lines: Callable[..., Line]) -> None:
    """Text is closed with 1003, 26 MB with 1009, both without a traceback; others are served on."""
    text = lines()
    text.socket.send("hello")
    assert closing_of(text)[0] == 1003
    large = lines()
    with pytest.raises(ConnectionClosed) as caught:
        large.socket.send(bytes(26_000_000))
        large.socket.recv(PATIENCE)
    # The number may be lost with the connection, which ends while the frame still comes.
    assert caught.value.rcvd is None or caught.value.rcvd.code == 1009
    assert lines().rerun()


class Uploader:
    """A visit that uploads files as a browser does: with its cookie against forged requests."""

    def __init__(self, server: Server, line: Line) -> None:
        """Fetch the cookie."""
        line.rerun()
        self.address, self.session = server.address, line.session
        cookie = fetch(server.address, "/_stcore/health")[1]["set-cookie"].split(";")[0]
        self.headers = {"cookie": cookie, "x_xsrftoken": cookie.split("=", 1)[1]}

    def path(self, name: str) -> str:
        """Return where a file goes."""
        return f"/_stcore/upload_file/{self.session}/{name}"

    def put(self, name: str, size: int) -> tuple[int, dict[str, str], str]:
        """Return the answer to one file of so many bytes."""
        form = (
            b'--b\r\nContent-Disposition: form-data; name="f"; filename="f.csv"\r\n\r\n'
            + bytes(size)
            + b"\r\n--b--\r\n"
        )
        kind = "multipart/form-data; boundary=b"
        return fetch(self.address, self.path(name), "PUT", form, content_type=kind, **self.headers)

    def remove(self, name: str) -> int:
        """Return the status of a file's removal."""
        return fetch(self.address, self.path(name), "DELETE", **self.headers)[0]


def test_uploads_are_bounded_for_a_visit_and_for_all(server: Server, lines: Callable[..., Line]) -> None:
    """What is over is refused in words, unread; what is removed makes room."""
    first, second, third = (Uploader(server, lines()) for _ in range(3))
    assert first.put("a", 600_000)[0] == 204
    status, _, text = first.put("b", 600_000)
    assert (status, text) == (413, "A visit can hold 1 MiB of files: remove one above, then try again.")
    assert first.remove("a") == 204
    assert first.put("b", 900_000)[0] == 204
    assert second.put("a", 900_000)[0] == 204
    status, headers, text = third.put("a", 600_000)
    assert (status, headers["retry-after"]) == (503, "60")
    assert text.startswith("So many files are open here just now")
    assert first.remove("b") == second.remove("a") == 204
    assert third.put("a", 600_000)[0] == 204
    assert third.remove("a") == 204


def test_a_slow_upload_is_cut(server: Server, lines: Callable[..., Line]) -> None:
    """A body that does not arrive within the time is answered with 408, and its bytes no longer count."""
    one = Uploader(server, lines())
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=PATIENCE)
    connection.putrequest("PUT", one.path("slow"))
    headers = {k.replace("_", "-"): v for k, v in one.headers.items()}
    for name, value in {
        "Content-Type": "multipart/form-data; boundary=b",
        "Content-Length": "900000",
        **headers,
    }.items():
        connection.putheader(name, value)
    connection.endheaders(b"--b\r\n")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (408, b"The file did not arrive within 1 s.")
    connection.close()
    assert one.put("quick", 900_000)[0] == 204
    assert one.remove("quick") == 204


def test_the_interface_is_asked_so_often_and_no_more(server: Server) -> None:
    """A burst is answered, the next one refused in the form of all refusals; health always; a second later all is well."""
    time.sleep(1)
    found = [fetch(server.address, "/api/none") for _ in range(4 * REQUESTS)]
    statuses = [status for status, _, _ in found]
    assert statuses[:REQUESTS] == [404] * REQUESTS
    assert statuses[-1] == 429
    _, headers, text = found[-1]
    assert headers["retry-after"] == "1"
    facts = json.loads(text)["error"]
    assert facts["message"] == (
        f'request must be one of at most {REQUESTS} a second from one address: come again in 1 s, got "one too many"'
    )
    assert all(fetch(server.address, "/api/health")[0] == 200 for _ in range(2 * REQUESTS))
    time.sleep(1)
    assert fetch(server.address, "/api/none")[0] == 404


def test_the_log_knows_what_was_refused(server: Server) -> None:
    """Refusals leave a line each, without addresses and without what was sent."""
    folder = server.artifacts / "logs"
    lines = [json.loads(x) for x in (folder / "bitdial.jsonl").read_text(encoding="utf-8").splitlines()]
    events = {line["event"] for line in lines}
    assert {"visit refused", "visit closed", "upload refused"} <= events
    assert not any("127.0.0.1" in json.dumps(line) for line in lines)
