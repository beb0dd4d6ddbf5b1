"""One open connection of a page: what it may send, how fast, and whether anybody still listens."""

from __future__ import annotations

import asyncio
from time import monotonic

from starlette.types import Message, Receive, Send

from core import logs
from core.gate.bucket import Bucket
from core.settings import Limits

# After so many seconds an answer that the other side does not take will not be taken any more.
STUCK = 60.0
# How a connection is closed, by the numbers of RFC 6455 and its registry.
UNSUPPORTED, TRY_AGAIN_LATER = 1003, 1013


class Visit:
    """A connection seen from the server: `receive` and `send` stand in for those of the socket."""

    def __init__(self, receive: Receive, send: Send, limits: Limits, address: str) -> None:
        """Wrap both ends of a connection from `address`."""
        self.address = address
        self.cut_off = False
        self._receive, self._send, self._limits = receive, send, limits
        self._bucket = Bucket(limits.frames, limits.frame_burst, monotonic()) if limits.frames else None
        self._task = asyncio.current_task()
        self._closed = False
        self._hurried = 0.0  # since when frames have come too early, without a rest
        self._sending = 0.0  # since when an answer waits to be taken

    async def receive(self) -> Message:
        """Return the next message; a frame that comes too early waits here, and with it all behind it."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            return message
        if message.get("bytes") is None:
            return await self._close(UNSUPPORTED, "Frames of text are not understood.")
        if self._bucket is None:
            return message
        early = self._bucket.book(now := monotonic())
        if self._bucket.is_rested:
            self._hurried = 0.0
        if not early:
            return message
        self._hurried = self._hurried or now
        if self._limits.frame_seconds and now - self._hurried >= self._limits.frame_seconds:
            return await self._close(TRY_AGAIN_LATER, "Too many changes in too short a time.")
        await asyncio.sleep(early)
        return message

    async def send(self, message: Message) -> None:
        """Send a message; what comes after the end is dropped."""
        if self._closed:
            return
        self._sending = monotonic()
        await self._send(message)
        self._sending = 0.0

    def is_stuck(self, now: float) -> bool:
        """Return whether the other side has not taken an answer for so long that nobody can be there."""
        return self._sending > 0 and now - self._sending > STUCK

    def cut(self) -> None:
        """End the connection from outside."""
        self.cut_off = self._closed = True
        if self._task is not None:
            self._task.cancel()

    async def _close(self, code: int, reason: str) -> Message:
        self._closed = True
        logs.event("visit closed", "warning", code=code, reason=reason)
        await self._send({"type": "websocket.close", "code": code, "reason": reason})
        return {"type": "websocket.disconnect", "code": code, "reason": reason}
