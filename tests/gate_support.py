"""What the tests of the gate share: apps and scopes for one request, and a page's connection without a browser."""

from __future__ import annotations

import http.client
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

PATIENCE = 30.0


def request(path: str = "/", method: str = "GET", **more: Any) -> dict[str, Any]:
    """Return the scope of one request."""
    return {"type": "http", "method": method, "path": path, "headers": [], "client": ("1.2.3.4", 5), **more}


async def ok(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer every request with 200 and two words."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"all well"})


async def asked(app: ASGIApp, scope: dict[str, Any], messages: Iterable[Message] = ()) -> list[Message]:
    """Return what `app` sends for one scope, when `messages` come in."""
    sent: list[Message] = []
    coming = iter(messages)

    async def receive() -> Message:
        return next(coming, {"type": "http.request", "body": b"", "more_body": False})

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


class Line:
    """A page's connection: asks for the page, and for it again."""

    def __init__(self, address: str, *protocols: str) -> None:
        """Connect to the server at `address`, with what a browser names as its protocols."""
        url = address.replace("http", "ws", 1) + "/_stcore/stream"
        names: list[Any] = ["streamlit", "token", *protocols]
        self._open = ExitStack()
        self.socket: ClientConnection = self._open.enter_context(
            connect(
                url,
                subprotocols=names,
                open_timeout=PATIENCE,
                max_size=None,
                max_queue=None,
                ping_interval=None,
                proxy=None,
            )
        )
        self.session = ""

    def send(self, message: BackMsg) -> None:
        """Send one frame."""
        self.socket.send(message.SerializeToString())

    def rerun(self) -> list[ForwardMsg]:
        """Return everything that the server sends until the page is complete."""
        message = BackMsg()
        message.rerun_script.page_name = ""
        self.send(message)
        found: list[ForwardMsg] = []
        while not found or found[-1].WhichOneof("type") != "script_finished":
            data = self.socket.recv(PATIENCE)
            assert isinstance(data, bytes)
            found.append(ForwardMsg.FromString(data))
            if found[-1].WhichOneof("type") == "new_session":
                self.session = found[-1].new_session.initialize.session_id
        return found

    def close(self) -> None:
        """Close the connection as a tab does."""
        self._open.close()


def fetch(
    address: str, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], str]:
    """Return status, headers and text of one answer."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=PATIENCE)
    try:
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, text
    finally:
        connection.close()
