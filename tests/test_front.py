"""The one HTML page: rewritten whole, with its right length, and nothing else is touched."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
import streamlit
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages import _front
from pages._front import FrontPage
from tests import loops

HTML = b"<!doctype html><html><head><title>Streamlit</title></head><body><head-less></body></html>"
HEADERS = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-length", str(len(HTML)).encode()),
    (b"etag", b'"abc"'),
    (b"last-modified", b"Sat, 21 Nov 2026 00:00:00 GMT"),
    (b"accept-ranges", b"bytes"),
    (b"cache-control", b"no-cache"),
]


class Answer:
    """A server that always sends the same answer, and remembers what it was asked."""

    def __init__(self, chunks: list[bytes], headers: list[tuple[bytes, bytes]], status: int = 200) -> None:
        """Answer with `chunks`, one message each."""
        self.chunks, self.headers, self.status = chunks, headers, status
        self.asked: Scope = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        self.asked = scope
        await send({"type": "http.response.start", "status": self.status, "headers": list(self.headers)})
        for i, chunk in enumerate(self.chunks):
            await send({"type": "http.response.body", "body": chunk, "more_body": i + 1 < len(self.chunks)})


def ask(app: ASGIApp, path: str = "/", method: str = "GET", **more: Any) -> list[Message]:
    """Return the messages that `app` sends for one request."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": method, "path": path, "headers": [], **more}
    loops.run(app(scope, receive, send))  # type: ignore[arg-type]
    return sent


def body(messages: list[Message]) -> bytes:
    """Return the body of an answer."""
    return b"".join(m.get("body", b"") for m in messages if m["type"] == "http.response.body")


def headers(messages: list[Message]) -> dict[bytes, bytes]:
    """Return the headers of an answer."""
    return dict(messages[0]["headers"])


@pytest.mark.parametrize("size", [len(HTML), 10, 1])
@pytest.mark.parametrize("path", ["/", "/train", "/index.html", "/a/b"])
def test_the_page_is_rewritten_with_its_right_length(path: str, size: int) -> None:
    """However many pieces the page comes in, it leaves whole, with our title and its new length."""
    chunks = [HTML[i : i + size] for i in range(0, len(HTML), size)]
    sent = ask(FrontPage(Answer(chunks, HEADERS)), path)
    page = body(sent)
    assert [m["type"] for m in sent] == ["http.response.start", "http.response.body"]
    assert headers(sent)[b"content-length"] == str(len(page)).encode()
    assert b"<title>Bitdial</title>" in page
    assert b"<title>Streamlit</title>" not in page
    assert page.count(b"<script>") == page.count(b"</script>") == 1
    assert page.startswith(b"<!doctype html><html><head><script>")
    without = re.sub(rb"<script>.*?</script>", b"", page).replace(b"<title>Bitdial", b"<title>Streamlit")
    assert without == HTML


def test_headers_that_describe_the_old_page_are_dropped() -> None:
    """Tag, date and ranges of the file do not belong to the changed page; the others stay."""
    found = headers(ask(FrontPage(Answer([HTML], HEADERS))))
    assert found.keys() == {b"content-type", b"cache-control", b"content-length", b"set-cookie"}
    assert found[b"cache-control"] == b"no-store", "a stored copy would hand one browser's key to another"


def test_a_page_that_is_asked_for_in_part_or_packed_comes_whole() -> None:
    """Conditions, ranges and packing are not passed on for a page, since its answer must be whole and plain."""
    asked = [
        (b"if-none-match", b'"abc"'),
        (b"if-modified-since", b"Sat, 21 Nov 2026 00:00:00 GMT"),
        (b"range", b"bytes=0-5"),
        (b"accept-encoding", b"gzip"),
        (b"cookie", b"a=b"),
    ]
    server = Answer([HTML], HEADERS)
    ask(FrontPage(server), "/train", headers=asked)
    assert server.asked["headers"] == [(b"cookie", b"a=b")]
    ask(FrontPage(server), "/static/js/main.js", headers=asked)
    assert server.asked["headers"] == asked


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/", "HEAD"),
        ("/", "POST"),
        ("/", "OPTIONS"),
        ("/api/health", "GET"),
        ("/api/openapi.json", "GET"),
        ("/_stcore/health", "GET"),
        ("/_stcore/stream", "GET"),
    ],
)
def test_other_requests_pass_untouched(path: str, method: str) -> None:
    """HEAD, POST, the interface and Streamlit's own paths are answered as they are, HTML or not."""
    asked = [(b"range", b"bytes=0-5"), (b"if-none-match", b"x")]
    server = Answer([HTML[:9], HTML[9:]], HEADERS)
    sent = ask(FrontPage(server), path, method, headers=asked)
    assert sent == ask(server, path, method, headers=asked)
    assert server.asked["headers"] == asked


@pytest.mark.parametrize("path", ["/dial/api/docs", "/dial/_stcore/health"])
def test_under_a_base_path_the_interface_is_there_and_passes_untouched(path: str) -> None:
    """What is no page is told by where it is below the base path; above it the server's own answer stands."""
    server = Answer([HTML], HEADERS)
    assert ask(FrontPage(server, "/dial"), path) == ask(server, path)
    assert b"<script>" in body(ask(FrontPage(server, "/dial"), path.removeprefix("/dial")))


@pytest.mark.parametrize(("given", "path"), [("", ""), ("/", ""), ("dial", "/dial"), ("/a/b/", "/a/b")])
def test_the_base_path_is_that_of_the_server(monkeypatch: pytest.MonkeyPatch, given: str, path: str) -> None:
    """However the operator spells it, it begins with a slash and does not end with one."""
    monkeypatch.setattr(_front.st, "get_option", {"server.baseUrlPath": given}.__getitem__)
    assert _front.base_path() == path


@pytest.mark.parametrize("kind", [b"text/javascript", b"application/json", b"image/png", b"text/css", b"font/woff2"])
def test_other_content_passes_untouched(kind: bytes) -> None:
    """Scripts, data, pictures and fonts keep every byte and header, even with a page's words in them."""
    server = Answer([HTML, b"", HTML], [(b"content-type", kind), (b"etag", b"x")])
    assert ask(FrontPage(server), "/static/x") == ask(server, "/static/x")


@pytest.mark.parametrize("status", [304, 404, 500, 206])
def test_answers_that_are_no_whole_page_pass_untouched(status: int) -> None:
    """Errors, parts and empty answers are sent on as they are."""
    server = Answer([HTML], HEADERS, status)
    assert ask(FrontPage(server)) == ask(server)


def test_connections_that_are_no_requests_pass_untouched() -> None:
    """WebSockets and the start of the server go straight through."""
    for kind in ("websocket", "lifespan"):
        server = Answer([HTML], HEADERS)
        scope: dict[str, Any] = {"type": kind, "path": "/", "headers": []}
        sent: list[Message] = []

        async def send(message: Message, sent: list[Message] = sent) -> None:
            sent.append(message)

        loops.run(FrontPage(server)(scope, None, send))  # type: ignore[arg-type]
        assert server.asked is scope
        assert body(sent) == HTML


@pytest.mark.parametrize(
    ("given", "base"), [("", "/"), ("/", "/"), ("dial", "/dial"), ("/dial/", "/dial"), ("a/b", "/a/b")]
)
def test_the_script_names_the_address_of_the_server(given: str, base: str) -> None:
    """The page is told once where its server is, under the base path that the operator set."""
    page = body(ask(FrontPage(Answer([HTML], HEADERS), given))).decode()
    script = page.split("<script>")[1].split("</script>")[0]
    quoted = re.search(r"location\.origin \+ (['\"].*?['\"]);", script)
    assert quoted is not None
    assert json.loads(quoted[1].replace("'", '"')) == base
    assert "window.__streamlit = { BACKEND_BASE_URL: base, MAIN_PAGE_BASE_URL: base };" in script


def test_two_requests_at_once_do_not_mix() -> None:
    """Each answer has its own buffer: two pages that are sent in turns both arrive whole."""

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        half = len(HTML) // 2
        await send({"type": "http.response.body", "body": HTML[:half], "more_body": True})
        await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": HTML[half:], "more_body": False})

    app, answers = FrontPage(slow), ([], [])  # type: ignore[var-annotated]

    async def both() -> None:
        async def one(sent: list[Message]) -> None:
            async def send(message: Message) -> None:
                sent.append(message)

            await app({"type": "http", "method": "GET", "path": "/", "headers": []}, None, send)  # type: ignore[arg-type]

        await asyncio.gather(*(one(sent) for sent in answers))

    loops.run(both())
    pages = [body(messages) for messages in (*answers, ask(FrontPage(Answer([HTML], HEADERS))))]
    assert pages[0] == pages[1] == pages[2]


KEY = "k" * 42 + "-"


def given(*sent: tuple[bytes, bytes], base: str = "", scheme: str = "http") -> list[str]:
    """Return the parts of the cookie that a browser with these headers is given."""
    answer = ask(FrontPage(Answer([HTML], HEADERS), base), headers=list(sent), scheme=scheme)
    (found,) = [value for name, value in answer[0]["headers"] if name == b"set-cookie"]
    return str(found.decode()).split("; ")


def test_a_browser_is_given_the_key_of_its_workspace() -> None:
    """A new one for each browser that has none; out of reach of scripts and of other sites' requests."""
    first, second = given(), given()
    assert re.fullmatch(r"bitdial_workspace=[A-Za-z0-9_-]{43}", first[0])
    assert first[0] != second[0]
    assert first[1:] == ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"]
    assert given(base="dial/")[3] == "Path=/dial"


def test_a_browser_keeps_its_key_from_visit_to_visit() -> None:
    """The key that it brings is sent back, for thirty days more; a text that is none is replaced."""
    for cookie in (f"bitdial_workspace={KEY}", f"a=b; bitdial_workspace={KEY}; c=d"):
        assert given((b"cookie", cookie.encode()))[0] == f"bitdial_workspace={KEY}"
    for value in ("", "short", KEY + "x", "../" * 14 + "x", KEY[:-1] + "é"):
        found = given((b"cookie", f"bitdial_workspace={value}".encode("latin-1")))[0]
        assert re.fullmatch(r"bitdial_workspace=[A-Za-z0-9_-]{43}", found)
        assert not found.endswith(KEY)
    assert not given((b"cookie", f"xbitdial_workspace={KEY}".encode()))[0].endswith(KEY)


@pytest.mark.parametrize(
    ("scheme", "forwarded", "secure"),
    [
        ("http", b"", False),
        ("https", b"", True),
        ("http", b"https", True),
        ("http", b"HTTPS, http", True),
        ("http", b"http", False),
    ],
)
def test_a_key_that_came_by_https_never_goes_without(scheme: str, forwarded: bytes, secure: bool) -> None:
    """Whether the server speaks it itself or a proxy before it does."""
    headers = [(b"x-forwarded-proto", forwarded)] if forwarded else []
    assert ("Secure" in given(*headers, scheme=scheme)) == secure


def test_only_the_page_carries_a_key() -> None:
    """Scripts, errors, the interface and Streamlit's own paths set no cookie."""
    for server, path in (
        (Answer([b"x"], [(b"content-type", b"text/javascript")]), "/static/x.js"),
        (Answer([HTML], HEADERS, 404), "/"),
        (Answer([HTML], HEADERS), "/api/health"),
        (Answer([HTML], HEADERS), "/_stcore/health"),
    ):
        assert b"set-cookie" not in headers(ask(FrontPage(server), path))


def test_the_page_that_streamlit_ships_has_what_is_replaced() -> None:
    """The installed page has one head and the title that is replaced; a new version that has not fails here."""
    shipped = (Path(streamlit.__file__).parent / "static" / "index.html").read_bytes()
    assert shipped.count(b"<head>") == 1
    assert shipped.count(b"<title>Streamlit</title>") == 1
    page = body(ask(FrontPage(Answer([shipped], HEADERS))))
    assert page.count(b"<title>Bitdial</title>") == 1
    assert page.count(b"window.__streamlit") == 1 + shipped.count(b"window.__streamlit")
