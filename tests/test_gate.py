"""The gate piece by piece, with made-up requests: buckets, addresses, headers, visits, uploads, and the last resort."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from core import logs
from core.gate import full, visit
from core.gate.address import UNKNOWN, address_of
from core.gate.answer import is_page
from core.gate.bucket import Bucket, Buckets
from core.gate.closed import Closed
from core.gate.failures import LastResort
from core.gate.headers import SecurityHeaders, policy, script_hash
from core.gate.uploads import Uploads
from core.gate.visits import Visits
from core.settings import HOSTED, MIB, Limits, Settings
from tests import loops
from tests.gate_support import asked, ok, request

PROXIES = (ip_network("10.0.0.0/8"), ip_network("::1"))


@given(st.lists(st.floats(0, 2), max_size=60), st.integers(1, 20), st.integers(1, 20))
def test_a_bucket_never_gives_more_than_its_rate_and_its_burst(pauses: list[float], rate: int, burst: int) -> None:
    """Within any time T at most burst + rate·T tokens are given; who waits as told gets one then."""
    now, bucket, given_at = 0.0, Bucket(rate, burst, 0.0), []  # type: ignore[var-annotated]
    for pause in pauses:
        now += pause
        wait = bucket.take(now)
        assert 0 <= wait <= 1 / rate
        if not wait:
            given_at.append(now)
    for i, start in enumerate(given_at):
        for j, end in enumerate(given_at[i:]):
            # The sums of up to 60 pauses are rounded; one part in a million is far more than that.
            assert j + 1 <= (burst + rate * (end - start)) * (1 + 1e-6)


@given(st.integers(1, 50), st.integers(1, 20), st.integers(1, 20))
def test_booked_tokens_come_at_the_rate(count: int, rate: int, burst: int) -> None:
    """Of many at once the burst is there, and each further one 1/rate later than the one before."""
    bucket = Bucket(rate, burst, 0.0)
    waits = [bucket.book(0.0) for _ in range(count)]
    expected = [max(0, i + 1 - burst) / rate for i in range(count)]
    assert all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) for a, b in zip(waits, expected, strict=True))


def test_buckets_are_one_for_each_and_few() -> None:
    """One visitor's haste does not hold up another, and strangers without end leave nothing behind."""
    buckets = Buckets(1, 2, keep=10)
    assert [bool(buckets.take("a", 0.0)) for _ in range(3)] == [False, False, True]
    assert not buckets.take("b", 0.0)
    for i in range(1000):
        buckets.take(str(i), 0.0)
    assert len(buckets._found) == 10


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("1.2.3.4", [], "1.2.3.4"),
        ("1.2.3.4", ["6.6.6.6"], "1.2.3.4"),  # whoever is no proxy of ours may say what he likes
        ("10.0.0.2", ["6.6.6.6"], "6.6.6.6"),
        ("10.0.0.2", ["9.9.9.9, 6.6.6.6"], "6.6.6.6"),
        ("10.0.0.2", ["9.9.9.9", "6.6.6.6, 10.1.1.1"], "6.6.6.6"),
        ("10.0.0.2", ["6.6.6.6:443"], "6.6.6.6"),
        ("::1", ["[2001:db8:1:2:3:4:5:6]:443"], "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", [], "2001:db8:1:2::/64"),
        ("::ffff:1.2.3.4", [], "1.2.3.4"),
        ("10.0.0.2", [], "10.0.0.2"),
        ("10.0.0.2", [""], "10.0.0.2"),
        ("10.0.0.2", ["10.0.0.3"], "10.0.0.2"),
        ("10.0.0.2", ["nonsense"], UNKNOWN),
        ("", ["6.6.6.6"], UNKNOWN),
    ],
)
def test_the_address_is_the_last_that_a_trusted_proxy_names(peer: str, forwarded: list[str], found: str) -> None:
    """What a visitor writes into the header by himself stands further left, and is never believed."""
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    scope = request(client=(peer, 1) if peer else None, headers=headers)
    assert address_of(scope, PROXIES) == found
    assert address_of(scope) == address_of(request(client=scope["client"]))


@pytest.mark.parametrize("path", ["/", "/train", "/compare/", "/unknown/page", "", "/dial", "/dial/train"])
def test_what_is_a_page(path: str) -> None:
    """Everything that Streamlit answers with its page counts as one, under a base path as well."""
    assert is_page(request(path), "/dial")
    assert not is_page(request(path, "POST"), "/dial")


@pytest.mark.parametrize(
    "path", ["/favicon.png", "/static/js/a.js", "/_stcore/stream", "/api/health", "/media/a", "/dial/_stcore/x"]
)
def test_what_is_no_page(path: str) -> None:
    """Files, the interface and Streamlit's own routes are let through however full it is."""
    assert not is_page(request(path), "/dial")


def headers_of(sent: list[Message]) -> dict[bytes, bytes]:
    """Return the headers of an answer."""
    return dict(sent[0]["headers"])


def test_headers_are_added_and_none_is_overwritten() -> None:
    """An answer that has a policy of its own keeps it, and gets the others."""

    async def own(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Security-Policy", b"mine")]})

    found = headers_of(loops.run(asked(SecurityHeaders(own), request())))
    assert found[b"Content-Security-Policy"] == b"mine"
    assert b"content-security-policy" not in found
    assert found[b"x-frame-options"] == b"DENY"


def test_frames_are_for_those_who_are_named() -> None:
    """Without a name nobody may show us in a frame; with one the header that knows no names is left out."""
    assert "frame-ancestors 'none'" in policy([], ())
    found = headers_of(loops.run(asked(SecurityHeaders(ok, ancestors=("https://school.example",)), request())))
    assert b"frame-ancestors 'self' https://school.example" in found[b"content-security-policy"]
    assert b"x-frame-options" not in found


def test_a_script_is_allowed_by_its_hash() -> None:
    """The name of the empty script is the one that browsers print."""
    assert script_hash(b"") == "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"


@pytest.mark.parametrize(
    "path", ["/_stcore/metrics", "/_stcore/metrics/", "/dial/_stcore/metrics", "//_stcore/metrics"]
)
def test_metrics_do_not_exist(path: str) -> None:
    """Under the base path as well; all else is passed on."""
    closed = Closed(ok, "dial")
    assert loops.run(asked(closed, request(path)))[0]["status"] == 404
    assert loops.run(asked(closed, request("/_stcore/health")))[0]["status"] == 200


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """Write the log to a file for one test."""
    logs.configure(tmp_path, console=False)
    yield tmp_path / logs.FILE
    logs.shut()


def test_an_error_is_answered_by_its_id(log: Path) -> None:
    """The visitor gets an id and nothing else; the log has the same id with kind and place, and not the message."""

    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("/secret/path holds 12345")

    sent = loops.run(asked(LastResort(failing), request()))
    assert sent[0]["status"] == 500
    text = sent[1]["body"].decode()
    line = log.read_text(encoding="utf-8")
    id = text.removeprefix("Something went wrong (error ").removesuffix(").")
    assert len(id) == 8
    assert f'"id": "{id}"' in line
    assert '"error": "ValueError", "where": "test_gate.py:' in line
    assert "12345" not in text + line
    closed = loops.run(asked(LastResort(failing), {"type": "websocket"}))
    assert [(m["type"], m["code"]) for m in closed] == [("websocket.close", 1011)]


def test_half_an_answer_is_not_completed() -> None:
    """An error in the middle of an answer goes on to the server, which cuts the connection."""

    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("late")

    with pytest.raises(ValueError, match="late"):
        loops.run(asked(LastResort(half), request()))


class Socket:
    """A made-up connection: what comes in is put into `coming`, what goes out stands in `sent`."""

    def __init__(self, app: Any, **scope: Any) -> None:
        """Open it."""
        self.coming: asyncio.Queue[Message] = asyncio.Queue()
        self.sent: list[Message] = []
        self.taken = asyncio.Event()
        self.taken.set()
        self.coming.put_nowait({"type": "websocket.connect"})
        found = {"type": "websocket", "path": "/_stcore/stream", "headers": [], "client": ("1.2.3.4", 5), **scope}
        self.task = asyncio.create_task(app(found, self.coming.get, self._send))

    async def _send(self, message: Message) -> None:
        await self.taken.wait()
        self.sent.append(message)

    async def hang_up(self) -> None:
        """Close it as a tab does, and wait until that has been noticed."""
        self.coming.put_nowait({"type": "websocket.disconnect", "code": 1005})
        await self.task


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Accept a connection, send every frame back, and end with it."""
    if scope["type"] != "websocket":
        await ok(scope, receive, send)
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "bytes": message["bytes"]})


def visits(**limits: int) -> Visits:
    """Return the counting of visits with these limits."""
    return Visits(echo, Settings(limits=Limits(**limits)))


async def settled() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_visits_are_counted_by_all_and_by_address() -> None:
    """The third of one address is refused while others come in, the fourth of all is; who goes makes room."""

    async def story() -> None:
        gate = visits(visits=3, address_visits=2)
        first, second = Socket(gate), Socket(gate)
        await settled()
        third = Socket(gate)
        await third.task
        assert third.sent[-1] == {
            "type": "websocket.close", "code": 1013,
            "reason": "Bitdial is full just now: 2 visits of 2 from your network.",
        }  # fmt: skip
        other = Socket(gate, client=("5.6.7.8", 1))
        await settled()
        assert other.sent == [{"type": "websocket.accept"}]
        late = Socket(gate, client=("9.9.9.9", 1))
        await late.task
        assert late.sent[-1]["reason"] == "Bitdial is full just now: 3 visits of 3."
        page = await asked(gate, request(client=("9.9.9.9", 1)))
        assert page[0]["status"] == 503
        assert b"3 visits of 3." in page[1]["body"]
        await first.hang_up()
        assert (await asked(gate, request(client=("9.9.9.9", 1))))[0]["status"] == 200
        await second.hang_up()
        await other.hang_up()
        assert not gate._open

    loops.run(story())


def test_a_visit_that_fails_is_not_counted_on() -> None:
    """However a connection ends, by an error or by the server's own end, its place is free."""

    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if scope["path"] == "/error":
            raise ValueError("planted")
        await asyncio.sleep(60)

    async def story() -> None:
        gate = Visits(failing, Settings(limits=Limits(visits=2)))
        broken, ended = Socket(gate, path="/error"), Socket(gate)
        await settled()
        with pytest.raises(ValueError, match="planted"):
            await broken.task
        ended.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ended.task
        assert not gate._open

    loops.run(story())


def test_who_takes_no_answers_gives_way_when_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that has not taken an answer for a minute is ended, once its place is needed."""
    monkeypatch.setattr(visit, "STUCK", 0.0)

    async def story() -> None:
        gate = visits(visits=1)
        stuck = Socket(gate)
        await settled()
        stuck.taken.clear()
        stuck.coming.put_nowait({"type": "websocket.receive", "bytes": b"x"})
        await asyncio.sleep(0.01)
        fresh = Socket(gate)
        await settled()
        assert fresh.sent == [{"type": "websocket.accept"}]
        await stuck.task
        await fresh.hang_up()
        assert not gate._open

    loops.run(story())


def test_frames_of_text_and_floods_end_a_visit_once() -> None:
    """The app below sees an end, and what it sends afterwards goes nowhere."""

    async def talkative(scope: Scope, receive: Receive, send: Send) -> None:
        await echo(scope, receive, send)
        await send({"type": "websocket.send", "bytes": b"late"})

    async def story() -> None:
        gate = Visits(talkative, Settings(limits=Limits(frames=1000, frame_burst=100, frame_seconds=1)))
        text, flood = Socket(gate), Socket(gate)
        text.coming.put_nowait({"type": "websocket.receive", "text": "hello"})
        await text.task
        assert [m.get("code") for m in text.sent] == [None, 1003]
        for _ in range(10_000):
            flood.coming.put_nowait({"type": "websocket.receive", "bytes": b"x"})
        await flood.task
        assert flood.sent[-1]["code"] == 1013
        # The burst, then one a millisecond; a second after the first that came too early it ends, when the next comes.
        assert 100 < len(flood.sent) - 2 < 10_000

    loops.run(story())


def test_without_limits_everybody_comes_in_at_any_pace() -> None:
    """On one's own machine nothing is counted out."""

    async def story() -> None:
        gate = visits()
        open_ones = [Socket(gate) for _ in range(200)]
        for one in open_ones:
            for _ in range(50):
                one.coming.put_nowait({"type": "websocket.receive", "bytes": b"x"})
            await one.hang_up()
        assert all(len(one.sent) == 51 for one in open_ones)
        assert (await asked(gate, request()))[0]["status"] == 200

    loops.run(story())


def put(size: int | None, session: str = "s") -> dict[str, Any]:
    """Return the scope of an upload that announces so many bytes, or none."""
    headers = [] if size is None else [(b"content-length", str(size).encode())]
    return request(f"/_stcore/upload_file/{session}/f", "PUT", headers=headers)


@pytest.mark.parametrize(
    ("size", "held", "status"),
    [
        (MIB, (0, 0), 200),
        (MIB + 1, (0, 0), 413),
        (1, (MIB, MIB), 413),
        (1, (0, 3 * MIB), 503),
        (None, (0, 0), 413),  # as large as any may be: two MiB
    ],
)
def test_an_upload_needs_room(size: int | None, held: tuple[int, int], status: int) -> None:
    """What is held, what is on its way and what is announced must fit, for the visit and for all."""
    gate = Uploads(ok, Limits(visit_uploads=MIB, uploads=3 * MIB), lambda session: held, 2 * MIB)
    assert loops.run(asked(gate, put(size)))[0]["status"] == status
    assert not gate._coming
    assert loops.run(asked(Uploads(ok, Limits(), lambda session: held, 2 * MIB), put(size)))[0]["status"] == 200


def test_uploads_on_their_way_count() -> None:
    """Two that fit by themselves and not together: the second is refused while the first still comes."""

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.01)
        await ok(scope, receive, send)

    async def story() -> None:
        gate = Uploads(slow, Limits(visit_uploads=MIB), lambda session: (0, 0), MIB)
        both = await asyncio.gather(asked(gate, put(MIB)), asked(gate, put(MIB)), asked(gate, put(MIB, "other")))
        assert [sent[0]["status"] for sent in both] == [200, 413, 200]
        assert (await asked(gate, put(MIB)))[0]["status"] == 200

    loops.run(story())


def test_the_full_page_is_whole_in_itself() -> None:
    """It asks again by itself, loads nothing from anywhere, and shows what it is told as text."""
    text = full.page("<b>60</b> visits of 60.")
    assert '<meta http-equiv="refresh" content="10">' in text
    assert "&lt;b&gt;60&lt;/b&gt; visits of 60. This page tries again by itself in 10 seconds." in text
    assert "$" not in text
    assert not {"src=", "http:", "https:", "@import", "url(", "<script"} & set(text.split())
    assert "//" not in text


def test_what_hosting_puts_in_force() -> None:
    """The numbers that the README promises."""
    assert Limits(
        visits=60, address_visits=60, frames=20, frame_burst=40, frame_seconds=10, visit_uploads=40 * MIB,
        uploads=300 * MIB, upload_seconds=60, requests=10, request_burst=20, all_requests=40,
    ) == HOSTED  # fmt: skip
