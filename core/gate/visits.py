"""How many visits there may be at a time: one more gets a page that says so, and tries again by itself."""

from __future__ import annotations

import asyncio
from time import monotonic

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core import logs
from core.gate import full
from core.gate.address import address_of
from core.gate.answer import is_page, said
from core.gate.visit import TRY_AGAIN_LATER, Visit
from core.settings import Settings

# The page's connection tells in this header: its language, a token, and on coming back the session that it had.
_COMING_BACK = 3


class Visits:
    """ASGI middleware that counts open connections: who is in stays in, who comes to a full house is told so."""

    def __init__(self, app: ASGIApp, settings: Settings, base_path: str = "") -> None:
        """Wrap `app`, whose pages live under `base_path`."""
        self.app, self.base_path = app, base_path
        self.limits, self.trusted = settings.limits, settings.trusted_proxies
        self._open: set[Visit] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request or one connection in, or say that there is no room."""
        if scope["type"] == "websocket":
            await self._connection(scope, receive, send)
            return
        page = scope["type"] == "http" and is_page(scope, self.base_path)
        taken = self._taken(address_of(scope, self.trusted)) if page else ""
        await (_full_page(taken) if taken else self.app)(scope, receive, send)

    async def _connection(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = address_of(scope, self.trusted)
        taken = self._taken(address)
        if taken:
            logs.event("visit refused", "warning", visits=len(self._open))
            await _refuse(scope, receive, send, taken)
            return
        visit = Visit(receive, send, self.limits, address)
        self._open.add(visit)
        try:
            await self.app(scope, visit.receive, visit.send)
        except asyncio.CancelledError:
            if not visit.cut_off:
                raise
        finally:
            self._open.discard(visit)

    def _taken(self, address: str) -> str:
        """Return in words that there is no room for one more visit from `address`; nothing where there is."""
        found = self._full(address)
        if found:
            now = monotonic()
            for visit in [v for v in self._open if v.is_stuck(now)]:
                visit.cut()
                self._open.discard(visit)
            found = self._full(address)
        return found

    def _full(self, address: str) -> str:
        most, most_here = self.limits.visits, self.limits.address_visits
        if most and len(self._open) >= most:
            return f"{_visits(len(self._open))} of {most}."
        if most_here:
            here = sum(visit.address == address for visit in self._open)
            if here >= most_here:
                return f"{_visits(here)} of {most_here} from your network."
        return ""


def _visits(count: int) -> str:
    return f"{count} visit{'' if count == 1 else 's'}"


async def _refuse(scope: Scope, receive: Receive, send: Send, taken: str) -> None:
    """End a connection that there is no room for.

    A new page is told by the number of the close; its own script then loads the page that says more. A page that
    lost its connection has something to lose: it is refused before it is connected, so that it asks ever more slowly.
    """
    if len(scope.get("subprotocols", [])) >= _COMING_BACK and "websocket.http.response" in scope.get("extensions", {}):
        await said(503, f"{full.TITLE}: {taken}", full.AGAIN)(scope, receive, send)
        return
    await receive()
    await send({"type": "websocket.accept", "subprotocol": next(iter(scope.get("subprotocols", [])), None)})
    await send({"type": "websocket.close", "code": TRY_AGAIN_LATER, "reason": f"{full.TITLE}: {taken}"})


def _full_page(taken: str) -> Response:
    headers = {"cache-control": "no-store", "retry-after": str(full.AGAIN)}
    return Response(full.page(taken), 503, headers, "text/html; charset=utf-8")
