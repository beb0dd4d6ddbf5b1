"""What a browser may do with our pages: headers on every answer."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Nobody's camera, whereabouts or money are asked for; the clipboard is left alone, copy buttons write to it.
_UNUSED = ("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "microphone", "payment", "usb")


def script_hash(text: bytes) -> str:
    """Return by which name a policy allows the inline script `text`."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}'"


def policy(scripts: Iterable[str], ancestors: tuple[str, ...]) -> str:
    """Return the Content-Security-Policy of all that the dashboard is: everything from here, nothing from elsewhere."""
    rules = {
        "default-src": "'self'",
        # Inline only what is named here. The pad for digits is a module that Streamlit hands over as a blob. Plotly
        # compiles what draws its large charts (WebGL): without eval the map of Predict and Train's scatter stay empty.
        "script-src": " ".join(["'self'", "blob:", "'unsafe-eval'", *scripts]),
        # Streamlit and plotly write their styles into the page as they draw.
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": " ".join(["'self'", *ancestors]) if ancestors else "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


class SecurityHeaders:
    """ASGI middleware that adds to every answer the headers that it does not have yet."""

    def __init__(self, app: ASGIApp, scripts: Iterable[str] = (), ancestors: tuple[str, ...] = ()) -> None:
        """Wrap `app`, whose page has inline `scripts` (as hashes) and may stand in frames of `ancestors`."""
        self.app = app
        found = {
            "content-security-policy": policy(scripts, ancestors),
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "permissions-policy": ", ".join(f"{name}=()" for name in _UNUSED),
            "cross-origin-opener-policy": "same-origin",
        }
        if not ancestors:  # it knows no list of hosts, and browsers that know the policy above ignore it
            found["x-frame-options"] = "DENY"
        self.headers = [(name.encode(), value.encode()) for name, value in found.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                has = {name.lower() for name, _ in message["headers"]}
                more = [header for header in self.headers if header[0] not in has]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)
