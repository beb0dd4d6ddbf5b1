"""Paths that Streamlit opens to everybody and nobody needs from outside: answered as if they did not exist."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from core.gate.answer import path_of, said

# How much memory its caches use, and how many are here.
CLOSED = frozenset({"_stcore/metrics"})


class Closed:
    """ASGI middleware that answers 404 for these paths."""

    def __init__(self, app: ASGIApp, base_path: str = "") -> None:
        """Wrap `app`, whose pages live under `base_path`."""
        self.app, self.base_path = app, base_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and path_of(scope, self.base_path) in CLOSED:
            await said(404, "Not found.")(scope, receive, send)
        else:
            await self.app(scope, receive, send)
