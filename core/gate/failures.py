"""The last resort: what fails below is answered with an id; the log has it with the kind and place of the error."""

from __future__ import annotations

import secrets
from contextlib import suppress

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from core import logs
from core.gate.answer import said


def error_id() -> str:
    """Return what a visitor is told of an error, and what the log calls it."""
    return secrets.token_hex(4)


def words(id: str) -> str:
    """Return what a visitor is told of an error."""
    return f"Something went wrong (error {id})."


class LastResort:
    """ASGI middleware that lets no error through: no traceback, no path and no value leaves the server."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except (ClientDisconnect, WebSocketDisconnect):
            return  # nobody is left to be told anything, and nothing is wrong
        except Exception as error:
            id = error_id()
            logs.failure("request failed", error, id=id)
            if scope["type"] == "websocket":
                with suppress(RuntimeError, OSError):  # it may be closed already
                    await send({"type": "websocket.close", "code": 1011, "reason": words(id)})
            elif not begun:
                await said(500, words(id))(scope, receive, send)
            else:
                raise  # half an answer cannot be taken back: the server must cut the connection
