"""Visitors without a browser: pages opened, widgets moved and files sent in the very messages that a browser sends.

    async with visiting(server.address, "train") as visitor:
        await visitor.slide("bits", 4)

Each speaks Streamlit's own protobuf over a websocket; a page that shows an exception raises `PageError`.
"""

from __future__ import annotations

import asyncio
import http.client
import re
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any
from urllib.parse import urlsplit

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

# Longer than any run of a page takes on a busy machine; a visit that waits this long has failed.
PATIENCE = 60.0
_COOKIE = "_streamlit_xsrf"
# How the box begins in which every error of ours ends.
FAILED = "Something went wrong"


class PageError(Exception):
    """What a page says when its script has failed; the visit goes on."""


class Visitor:
    """One visit: a connection, the widgets and kinds of elements that the last run drew, and what the browser holds."""

    def __init__(self, address: str, page: str = "", query: str = "") -> None:
        """Be about to open `page` (its path without the slash, empty for the first one) of the server.

        `query` is what stands behind the question mark.
        """
        self.netloc, self.page, self.query = urlsplit(address).netloc, page, query
        self.session, self.page_hash, self.received = "", "", 0
        self.socket: Any = None
        self.kinds: Counter[str] = Counter()
        self.widgets: dict[str, str] = {}
        self.held: dict[str, WidgetState] = {}

    async def open(self) -> float:
        """Connect and run the page for the first time; return the seconds that took."""
        started = time.perf_counter()
        self.socket = await websockets.connect(
            f"ws://{self.netloc}/_stcore/stream", subprotocols=[websockets.Subprotocol("streamlit")],
            max_size=None, open_timeout=PATIENCE, ping_interval=None,
        )  # fmt: skip
        await self.rerun()
        return time.perf_counter() - started

    async def close(self) -> None:
        """Leave as a closed tab does."""
        if self.socket is not None:
            await self.socket.close()

    async def rerun(self, *triggers: WidgetState) -> float:
        """Run the page with the values that are held, and with buttons pressed; return the seconds until it is done."""
        message = BackMsg()
        if self.page_hash:
            message.rerun_script.page_script_hash = self.page_hash
        else:
            message.rerun_script.page_name = self.page
        message.rerun_script.query_string = self.query
        message.rerun_script.widget_states.widgets.extend([*self.held.values(), *triggers])
        started = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        await self._finished()
        # As a browser does: what is no longer drawn is forgotten.
        self.held = {name: state for name, state in self.held.items() if name in self.widgets.values()}
        return time.perf_counter() - started

    async def slide(self, key: str, value: float) -> float:
        """Move the slider with this key; return the seconds that the run took."""
        state = self._state(key)
        state.double_array_value.data[:] = [value]
        return await self.rerun()

    async def unfold(self, key: str) -> float:
        """Open the folder with this key; return the seconds that the run took."""
        self._state(key).bool_value = True
        return await self.rerun()

    async def enter(self, key: str, text: str) -> float:
        """Type a text into the field with this key; return the seconds that the run took."""
        self._state(key).string_value = text
        return await self.rerun()

    async def press(self, key: str) -> float:
        """Press the button with this key; return the seconds that the run took."""
        return await self.rerun(WidgetState(id=self.widgets[key], trigger_value=True))

    async def send(self, key: str, name: str, data: bytes) -> float:
        """Send a file by the upload field whose key starts with `key`; return the seconds of the run that reads it."""
        found = next(one for one in self.widgets if one.startswith(key))
        urls = await self._place(name)
        await asyncio.to_thread(put, self.netloc, urls.upload_url, name, data)
        sent = self._state(found).file_uploader_state_value
        del sent.uploaded_file_info[:]
        sent.uploaded_file_info.add(file_id=urls.file_id, name=name, size=len(data), file_urls=urls)
        return await self.rerun()

    def _state(self, key: str) -> WidgetState:
        """Return what is held of the widget with this key, to be changed."""
        name = self.widgets[key]
        return self.held.setdefault(name, WidgetState(id=name))

    async def _place(self, name: str) -> FileURLs:
        """Ask where a file may be put."""
        message = BackMsg()
        message.file_urls_request.request_id = secrets.token_hex(8)
        message.file_urls_request.file_names.append(name)
        message.file_urls_request.session_id = self.session
        await self.socket.send(message.SerializeToString())
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await self._next()
                if answer.WhichOneof("type") == "file_urls_response":
                    return answer.file_urls_response.file_urls[0]

    async def _next(self) -> ForwardMsg:
        data = await self.socket.recv()
        assert isinstance(data, bytes)
        self.received += len(data)
        return ForwardMsg.FromString(data)

    async def _finished(self) -> None:
        """Take in all that comes until a run that was not given up in favour of another one is over."""
        drawn: dict[str, str] = {}
        kinds: Counter[str] = Counter()
        failed = ""
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await self._next()
                kind = message.WhichOneof("type")
                if kind == "new_session":
                    self.session = message.new_session.initialize.session_id or self.session
                elif kind == "navigation":
                    self.page_hash = message.navigation.page_script_hash
                elif kind == "delta":
                    drawn |= keys(message)
                    element = message.delta.new_element
                    what = element.WhichOneof("type") or ""
                    kinds[what] += 1
                    if what == "exception":
                        failed = failed or element.exception.message
                    elif what == "alert" and element.alert.body.startswith(FAILED):
                        failed = failed or element.alert.body
                elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    self.widgets, self.kinds = drawn, kinds
                    break
        if failed:
            raise PageError(failed)


def keys(message: ForwardMsg) -> dict[str, str]:
    """Return the id of the widget that a message draws, by its key; nothing where it draws none."""
    delta, drawn = message.delta, None
    if delta.WhichOneof("type") == "new_element":
        drawn = getattr(delta.new_element, delta.new_element.WhichOneof("type") or "empty")
    elif delta.WhichOneof("type") == "add_block":
        drawn = delta.add_block.expandable
    found = getattr(drawn, "id", "")
    # An id is `$$ID-<hash>-<key>`.
    _, _, key = found.removeprefix("$$ID-").partition("-")
    return {key: found} if found.startswith("$$ID-") and key != "None" else {}


@asynccontextmanager
async def visiting(address: str, page: str = "", query: str = "") -> AsyncIterator[Visitor]:
    """Open a page of the server, and close it in the end."""
    visitor = Visitor(address, page, query)
    try:
        await visitor.open()
        yield visitor
    finally:
        await visitor.close()


def put(netloc: str, path: str, name: str, data: bytes) -> None:
    """Put a file where the server said, as a form with the token against forged requests."""
    edge = secrets.token_hex(16)
    head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n\r\n'
    body = head.encode() + data + f"\r\n--{edge}--\r\n".encode()
    with closing(http.client.HTTPConnection(netloc, timeout=PATIENCE)) as connection:
        connection.request("GET", "/_stcore/health")
        answer = connection.getresponse()
        answer.read()
        given = re.search(f"{_COOKIE}=([^;]+)", answer.getheader("set-cookie") or "")
        assert given is not None
        headers = {"content-type": f"multipart/form-data; boundary={edge}", "x-xsrftoken": given[1]}
        connection.request("PUT", path, body, {**headers, "cookie": f"{_COOKIE}={given[1]}"})
        assert connection.getresponse().status == 204
