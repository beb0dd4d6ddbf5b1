"""A short answer from the gate itself, and the paths that it knows."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import Scope

# First parts of paths that are no pages: Streamlit's own, and the interface.
_NO_PAGES = ("_stcore", "api", "app", "component", "media", "static")


def path_of(scope: Scope, base_path: str) -> str:
    """Return the path below `base_path`, without slashes at its ends."""
    path: str = scope["path"].strip("/")
    base = base_path.strip("/")
    return path.removeprefix(base).strip("/") if base and (path + "/").startswith(base + "/") else path


def is_page(scope: Scope, base_path: str) -> bool:
    """Return whether a request asks for the page: every path without an ending that is nobody else's."""
    path = path_of(scope, base_path)
    return scope["method"] == "GET" and "." not in path.rpartition("/")[2] and path.split("/")[0] not in _NO_PAGES


def said(status: int, text: str, again: int = 0) -> Response:
    """Return a short plain answer; `again` is the number of seconds after which to come again, 0 for none."""
    headers = {"cache-control": "no-store"} | ({"retry-after": str(again)} if again else {})
    return Response(text, status, headers, "text/plain; charset=utf-8")
