"""What stands round every request: its id, its size as it streams, its line in the log, and no naked error."""

from __future__ import annotations

import re
import secrets
from time import perf_counter
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import logs
from core.api.refusal import Refusal, refused
from core.api.throttle import Throttle

MAX_BODY = 1024 * 1024
# Where the line of the log is written while a request is served.
NOTES = "bitdial.notes"
# What a client may call its request, so that both sides can find it in their logs.
_ID = re.compile(rb"[A-Za-z0-9_-]{1,64}")


class Guard:
    """ASGI middleware; all that it keeps of a body is how long it was so far."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app, self.throttle = app, Throttle()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and write down what became of it, never what was in it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = perf_counter()
        headers = dict(scope["headers"])
        notes: dict[str, Any] = {"id": _id_of(headers.get(b"x-request-id", b"")), "route": "none", "status": 0}
        scope[NOTES] = notes
        watched = _Watched(receive, send, notes)
        try:
            self.throttle.check(scope)
            watched.check_announced(headers.get(b"content-length", b""))
            await self.app(scope, watched.receive, watched.send)
        except ClientDisconnect:
            notes["status"] = 499  # nobody is left to be answered
        except Refusal as error:
            await refused(error)(scope, receive, watched.send)
        except Exception as error:  # noqa: BLE001  (the last resort: an id for the client, the place for the log)
            logs.failure("request failed", error, id=notes["id"])
            if not notes["status"]:
                await _failed(notes["id"])(scope, receive, watched.send)
        finally:
            logs.event("request", **notes, ms=round(1000 * (perf_counter() - start), 2))


def _id_of(given: bytes) -> str:
    return given.decode() if _ID.fullmatch(given) else secrets.token_hex(8)


def _failed(request_id: str) -> Any:
    allowed = "free of errors of its own; the operator finds this one in the log by its id"
    return refused(Refusal(500, "server", request_id, allowed))


def _too_large(size: str) -> Refusal:
    return Refusal(413, "body", size, f"at most {MAX_BODY:,} bytes (1 MiB)")


class _Watched:
    """The two ends of one connection: bytes that come are counted, what is answered carries the id."""

    def __init__(self, receive: Receive, send: Send, notes: dict[str, Any]) -> None:
        self._receive, self._send, self._notes, self._count = receive, send, notes, 0

    def check_announced(self, length: bytes) -> None:
        """Raise `Refusal` before anything is read where the client says that it sends too much."""
        if length.isdigit() and (len(length) > 15 or int(length) > MAX_BODY):
            raise _too_large(f"{length[:15].decode()} bytes")

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._count += len(message.get("body", b""))
            if self._count > MAX_BODY:
                raise _too_large(f"more than {MAX_BODY:,} bytes")
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._notes["status"] = message["status"]
            message["headers"] = [*message["headers"], (b"x-request-id", self._notes["id"].encode())]
        await self._send(message)
