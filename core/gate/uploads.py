"""Uploaded files lie in memory: how much of it one visit and all of them hold, and how long an upload may take."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import logs
from core.gate.answer import path_of, said
from core.settings import MIB, Limits

# Told a session, returns how many bytes of files the server keeps: of it, and of all.
Held = Callable[[str], tuple[int, int]]

_ROUTE = "_stcore/upload_file/"


class _TooSlowError(TimeoutError):
    """The body of an upload has not come in time."""


class Uploads:
    """ASGI middleware that refuses an upload for which there is no room, before a byte of it is read."""

    def __init__(self, app: ASGIApp, limits: Limits, held: Held, largest: int, base_path: str = "") -> None:
        """Wrap `app`, whose pages live under `base_path` and which takes files of up to `largest` bytes."""
        self.app, self.limits, self.base_path = app, limits, base_path
        self._held, self._largest = held, largest
        self._coming: Counter[str] = Counter()  # bytes that are on their way, by session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one upload, or refuse it."""
        path = path_of(scope, self.base_path) if scope["type"] == "http" and scope["method"] == "PUT" else ""
        if not path.startswith(_ROUTE):
            await self.app(scope, receive, send)
            return
        session = path.removeprefix(_ROUTE).partition("/")[0]
        length = dict(scope["headers"]).get(b"content-length", b"")
        size = int(length) if length.isdigit() and len(length) < 16 else self._largest
        if self._is_over(self.limits.visit_uploads, self._held(session)[0] + self._coming[session] + size):
            text = f"A visit can hold {_mb(self.limits.visit_uploads)} of files: remove one above, then try again."
            await self._refused(413, text, 0)(scope, receive, send)
        elif self._is_over(self.limits.uploads, self._held(session)[1] + self._coming.total() + size):
            text = "So many files are open here just now that there is no room for one more: try again in a minute."
            await self._refused(503, text, 60)(scope, receive, send)
        else:
            await self._take(session, size, scope, receive, send)

    @staticmethod
    def _is_over(limit: int, wanted: int) -> bool:
        return 0 < limit < wanted

    @staticmethod
    def _refused(status: int, text: str, again: int) -> ASGIApp:
        logs.event("upload refused", "warning", status=status)
        return said(status, text, again)

    async def _take(self, session: str, size: int, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand an upload on; while it comes, its bytes count as held."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.limits.upload_seconds if self.limits.upload_seconds else None

        async def in_time() -> Message:
            try:
                async with asyncio.timeout_at(end):
                    return await receive()
            except TimeoutError as error:
                raise _TooSlowError from error

        self._coming[session] += size
        try:
            await self.app(scope, in_time, send)
        except _TooSlowError:
            text = f"The file did not arrive within {self.limits.upload_seconds} s."
            await self._refused(408, text, 0)(scope, receive, send)
        finally:
            self._coming[session] -= size
            if not self._coming[session]:
                del self._coming[session]


def _mb(size: int) -> str:
    return f"{size // MIB} MiB"
