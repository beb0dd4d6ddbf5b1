"""A server that is told to end in the middle of saving, started again, and then sent what no browser sends.

Messages of another page, of another visit or of none (case 84 of the torture plan, and beyond): the connection is
closed or the message is answered; the server lives on, and whoever comes next is served.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from core.artifact import SUFFIX, load
from tests import loops
from tests.running import Server, running
from tests.visitors import PageError, Visitor, visiting

MIB = 1024 * 1024
UNKNOWN = "0" * 32
# Seconds within which the next visitor sees the first page, on a machine that does other things besides.
SERVED_SECONDS = 5.0
# So many visits save so many models each, if the server lets them.
SAVERS, SAVES = 4, 12
# Time for a server to end that nobody has to kill.
END_SECONDS = 15.0


@dataclass(frozen=True)
class Saved:
    """What visitors saved until the server ended: names that the page said were saved, and those that were asked for."""

    said: frozenset[str]
    asked: frozenset[str]
    seconds: float


async def save_until_it_ends(server: Server) -> Saved:
    """Save from several visits at once, tell the server to end meanwhile, and wait until it has."""
    said, asked = set(), set()

    async def save(saver: int) -> None:
        async with visiting(server.address) as visitor:
            await visitor.unfold("files_box")
            with suppress(websockets.ConnectionClosed):
                for i in range(SAVES):
                    name = f"{saver}-{i}"
                    await visitor.enter("save_name", name)
                    asked.add(name)
                    await visitor.press("save")
                    said.add(name)

    async def end() -> float:
        while len(said) < SAVERS:
            await asyncio.sleep(0.01)
        started = time.monotonic()
        psutil.Process(server.pid).terminate()
        while psutil.Process(server.pid).status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0.02)
        return time.monotonic() - started

    seconds, *_ = await asyncio.gather(end(), *(save(saver) for saver in range(SAVERS)))
    return Saved(frozenset(said), frozenset(asked), seconds)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which both servers live."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def saved(folder: Path) -> Saved:
    """Start the dashboard, and end it while models are being saved."""
    with running(folder) as server:
        found: Saved = loops.run(save_until_it_ends(server))
    return found


@pytest.fixture(scope="module")
def server(folder: Path, saved: Saved) -> Iterator[Server]:
    """Start the dashboard again, on what was left."""
    with running(folder) as found:
        yield found


def test_a_server_that_is_told_to_end_keeps_what_it_said_was_saved(server: Server, saved: Saved) -> None:
    """After a restart the list is what was said, and at most one more for each who was saving; every file opens."""
    found = {load(path).label for path in server.artifacts.glob(f"workspaces/*/*{SUFFIX}")}
    assert saved.said <= found <= saved.asked
    assert SAVERS <= len(saved.said) < SAVERS * SAVES
    assert len(saved.asked - saved.said) <= SAVERS
    assert saved.seconds < END_SECONDS


async def another_is_served(server: Server) -> None:
    """Open the first page and move the dial, as a visitor who knows of nothing."""
    async with visiting(server.address) as visitor:
        assert await visitor.slide("bits", 4) < SERVED_SECONDS
        assert "curve" in visitor.widgets


def survives(server: Server, sends: Callable[[Visitor], Awaitable[object]]) -> bool:
    """Send something odd in a visit, then ask for the page; tell whether that was answered, or the connection closed.

    Either way another visitor is served.
    """

    async def run() -> bool:
        visitor = Visitor(server.address)
        await visitor.open()
        try:
            await sends(visitor)
            with suppress(PageError):  # answered as well
                await visitor.rerun()
            answered = True
        except websockets.ConnectionClosed:
            answered = False
        await visitor.close()
        await another_is_served(server)
        return answered

    found: bool = loops.run(run())
    assert server.health()["status"] == "ok"
    return found


def raw(data: bytes | str) -> Callable[[Visitor], Awaitable[object]]:
    """Return what sends a frame as it is."""
    return lambda visitor: visitor.socket.send(data)


def message(**fields: object) -> Callable[[Visitor], Awaitable[object]]:
    """Return what sends a message with these fields."""
    return raw(BackMsg(**fields).SerializeToString())


def test_a_page_that_does_not_exist_is_answered(server: Server) -> None:
    """A link to a page of an older version leads to the first page."""

    async def replay(visitor: Visitor) -> None:
        visitor.page_hash = UNKNOWN
        await visitor.rerun()
        assert "card_forest" in visitor.widgets

    assert survives(server, replay)


@pytest.mark.parametrize("frame", ["text", "", "{}", "\x00" * 1000])
def test_a_text_frame_is_closed_or_ignored(server: Server, frame: str) -> None:
    """Whatever becomes of its connection, all others go on."""
    survives(server, raw(frame))


@pytest.mark.parametrize("frame", [b"\xff" * 100, b"\x0a", bytes(1000), b"\x8a\x01\xff\xff\xff\xff\x0f"])
def test_bytes_that_are_no_message_close_their_connection(server: Server, frame: bytes) -> None:
    """They are read by nobody."""
    assert not survives(server, raw(frame))


def test_a_frame_of_26_megabytes_closes_its_connection_and_is_not_kept(server: Server) -> None:
    """More than the values of all widgets may take; the allocator holds on to the room of two, and to no more."""
    process, found = psutil.Process(server.pid), []
    for _ in range(4):
        assert not survives(server, raw(bytes(26 * MIB)))
        found.append(process.memory_info().rss)
    assert found[3] - found[1] < 20 * MIB


@pytest.mark.parametrize(
    "kind",
    ["clear_cache", "set_run_on_save", "stop_script", "debug_disconnect_websocket", "debug_shutdown_runtime",
     "app_heartbeat", "load_git_info"],
)  # fmt: skip
def test_commands_of_a_developer_do_not_reach_the_server(server: Server, kind: str) -> None:
    """Whoever sends what only a developer's browser sends stops nothing and nobody."""
    assert survives(server, message(**{kind: True}))


def test_a_message_without_a_kind_is_ignored(server: Server) -> None:
    """An empty frame is a message that says nothing."""
    assert survives(server, raw(b""))


ODD = {
    "an unknown id": WidgetState(id="$$ID-0123456789abcdef-nothing", string_value="x"),
    "an id of another page": WidgetState(id="$$ID-0123456789abcdef-own_use", trigger_value=True),
    "no id": WidgetState(bool_value=True),
    "mark-up": WidgetState(id="<script>alert(1)</script>", json_value="{"),
    "a megabyte": WidgetState(id="x" * 1_000_000, string_value="x" * 1_000_000),
}


@pytest.mark.parametrize("name", ODD)
def test_values_of_widgets_that_do_not_exist_change_nothing(server: Server, name: str) -> None:
    """The page is the same as without them; an id that can be none ends in the box that every error ends in."""

    async def replay(visitor: Visitor) -> None:
        with nullcontext() if ODD[name].id.startswith("$$ID") else suppress(PageError):
            await visitor.rerun(ODD[name])

    assert survives(server, replay)


HOSTILE = {
    "beyond the end": WidgetState(double_array_value={"data": [99.0]}),
    "not a number": WidgetState(double_array_value={"data": [float("nan")]}),
    "endless": WidgetState(double_array_value={"data": [float("inf")]}),
    "three": WidgetState(double_array_value={"data": [1.0, 2.0, 3.0]}),
    "none": WidgetState(double_array_value={"data": []}),
    "a text": WidgetState(string_value="8"),
    "JSON": WidgetState(json_value='{"bits": 8}'),
    "a file": WidgetState(file_uploader_state_value={"uploaded_file_info": [{"file_id": "1", "name": "x"}]}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_values_that_no_widget_sends_harm_their_sender_alone(server: Server, name: str) -> None:
    """Of a slider, a menu, a number and a folder: the dial stays within its ends, or the visit ends in an error box."""

    async def send(key: str) -> None:
        async with visiting(server.address) as visitor:
            state = WidgetState()
            state.CopyFrom(HOSTILE[name])
            state.id = visitor.widgets[key]
            with suppress(PageError):
                await visitor.rerun(state)
                assert "curve" in visitor.widgets

    async def replay(_: Visitor) -> None:
        for key in ("bits", "method", "budget", "files_box"):
            await send(key)

    assert survives(server, replay)
