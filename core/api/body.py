"""A request's body: JSON, checked to the last field before anything is computed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import ClientDisconnect, Request

from core.api.refusal import Refusal

# Seconds within which a body must have come.
PATIENCE = 10.0
JSON_TYPE = "application/json"


async def read(request: Request) -> bytes:
    """Return the body of a request; raises `Refusal` for another type than JSON, and for one that never comes."""
    kind, _, parameter = request.headers.get("content-type", "").partition(";")
    charset = parameter.strip().lower().replace('"', "")
    if kind.strip().lower() != JSON_TYPE or charset not in ("", "charset=utf-8"):
        raise Refusal(415, "content-type", request.headers.get("content-type", ""), JSON_TYPE)
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise Refusal(415, "content-encoding", encoding, "left out: bodies are not compressed")
    try:
        async with asyncio.timeout(PATIENCE):
            return await _whole(request)
    except TimeoutError as error:
        raise Refusal(408, "body", "only a part of it", f"sent within {PATIENCE:g} s") from error


async def _whole(request: Request) -> bytes:
    """Return all that comes; how much that may be is watched by `Guard`."""
    message = await request.receive()
    pieces = [message.get("body", b"")]
    while message.get("more_body", False):
        message = await request.receive()
        pieces.append(message.get("body", b""))
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return b"".join(pieces)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise Refusal(422, "body", f"{name} twice", "an object in which no name stands twice")
        seen.add(name)
    raise AssertionError("fewer names than pairs, and none twice")


# NaN and infinities come through as numbers, and are refused where they stand: by row and column.
_DECODER = json.JSONDecoder(object_pairs_hook=_unique)


def decode(data: bytes) -> Any:
    """Return the JSON value in `data`; raises `Refusal` for anything else, and for a name that stands twice."""
    try:
        return _DECODER.decode(data.decode())
    except Refusal:
        raise
    except UnicodeDecodeError as error:
        raise Refusal(422, "body", f"byte 0x{data[error.start]:02x} at {error.start}", "UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise Refusal(422, "body", f"{error.msg} at {error.pos}", "JSON") from error
    except RecursionError as error:
        raise Refusal(422, "body", "lists in lists in lists", "JSON that is nested less deeply") from error
    except ValueError as error:  # a whole number of thousands of digits
        raise Refusal(422, "body", "a number of too many digits", "JSON with numbers of usual length") from error


def fields(value: Any, allowed: tuple[str, ...], field: str = "body") -> Mapping[str, Any]:
    """Return `value`, an object with no other than the `allowed` fields; raises `Refusal`."""
    if not isinstance(value, dict):
        raise Refusal(422, field, value, "an object with " + ", ".join(allowed))
    for name in value:
        if name not in allowed:
            raise Refusal(422, field, name, "an object with no other fields than " + ", ".join(allowed))
    return value
