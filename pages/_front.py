"""The one HTML page that browsers load: our title, the address of the server, and the key of the workspace."""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.workspaces import AGE, COOKIE, key_in, new_key

# Opened at /train, Streamlit's page asks /train/_stcore/health before /_stcore/health: two errors in the console
# and a slower first paint. Told where the server is, it asks once. A base path (server.baseUrlPath) is kept.
# Closed with 1013 before it could do anything, a page comes to a full house: asked for again, it says so.
_SCRIPT = (
    "<script>(() => {{ const base = location.origin + {base!r};"
    " window.__streamlit = {{ BACKEND_BASE_URL: base, MAIN_PAGE_BASE_URL: base }};"
    " const Plain = window.WebSocket; window.WebSocket = class extends Plain {{ constructor(...given) {{"
    " super(...given); window.WebSocket = Plain;"
    " let heard = false; this.addEventListener('message', () => {{ heard = true; }}, {{ once: true }});"
    " this.addEventListener('close', (event) => {{ if (event.code === 1013 && !heard) location.reload(); }}); }} }};"
    " }})();</script>"
)
_REPLACED = ((b"<title>Streamlit</title>", b"<title>Bitdial</title>"),)
_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def inline_scripts(base_path: str = "") -> list[bytes]:
    """Return the scripts that stand in the page itself: ours, and those of the page that Streamlit ships."""
    shipped = (Path(st.__file__).parent / "static" / "index.html").read_bytes()
    return _INLINE.findall(_script(base_path) + shipped)


def _script(base_path: str) -> bytes:
    return _SCRIPT.format(base="/" + base_path.strip("/")).encode()


def base_path() -> str:
    """Return the path under which the operator serves pages and interface, with a slash before it; mostly "".

    Set by server.baseUrlPath, for a proxy that hands on one folder of its site.
    """
    path = st.get_option("server.baseUrlPath").strip("/")
    return f"/{path}" if path else ""


class FrontPage:
    """ASGI middleware that rewrites Streamlit's index page and passes all else through untouched."""

    def __init__(self, app: ASGIApp, base_path: str = "") -> None:
        """Wrap `app`, whose pages live under `base_path`."""
        self.app = app
        base = base_path.strip("/")
        self.base, self.script = f"/{base}", _script(base_path)
        root = f"/{base}/" if base else "/"
        self.others = (f"{root}api/", f"{root}_stcore/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"].startswith(self.others):
            await self.app(scope, receive, send)
            return
        # Stored copies would hide the change of the page, and a part of it cannot be rewritten.
        skipped = (b"if-none-match", b"if-modified-since", b"range", b"accept-encoding")
        if "." not in scope["path"].rsplit("/", 1)[-1]:
            scope = {**scope, "headers": [h for h in scope["headers"] if h[0] not in skipped]}
        await self.app(scope, receive, _Rewriting(send, self.script, cookie(scope, self.base)))


def cookie(scope: Scope, base: str) -> bytes:
    """Return the Set-Cookie header with the key of the browser's workspace, a new one where it brings none.

    A key that it brings is sent back: it is kept for thirty days from the last visit, not from the first.
    """
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    key = key_in(headers.get(b"cookie", "")) or new_key()
    forwarded = headers.get(b"x-forwarded-proto", "").split(",")[0].strip().lower()
    secure = "; Secure" if "https" in (scope.get("scheme"), forwarded) else ""
    return f"{COOKIE}={key}; HttpOnly; SameSite=Lax; Path={base}; Max-Age={AGE}{secure}".encode()


class _Rewriting:
    """Holds back an HTML answer until it is whole, then sends it changed, with its new length."""

    def __init__(self, send: Send, script: bytes, cookie: bytes) -> None:
        self.send, self.script, self.cookie = send, script, cookie
        self.start: Message | None = None
        self.body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = dict(message["headers"])
            if message["status"] == 200 and headers.get(b"content-type", b"").startswith(b"text/html"):
                self.start = message
                return
        elif self.start is not None and message["type"] == "http.response.body":
            self.body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self.start)
            return
        await self.send(message)

    async def _finish(self, start: Message) -> None:
        body = self.body.replace(b"<head>", b"<head>" + self.script, 1)
        for old, new in _REPLACED:
            body = body.replace(old, new, 1)
        dropped = (b"content-length", b"etag", b"last-modified", b"accept-ranges", b"cache-control")
        headers = [h for h in start["headers"] if h[0].lower() not in dropped]
        # A stored copy would hand one browser's key to another.
        headers += [(b"cache-control", b"no-store"), (b"set-cookie", self.cookie)]
        headers.append((b"content-length", str(len(body)).encode()))
        await self.send({**start, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})
