"""One form for every answer that is none: `{"error": {field, value, allowed, message, row, column}}`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from core.errors import InvalidInput, shown

_LONGEST = 80
# Every answer of the interface is about this moment, and is what it says it is.
HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


class Refusal(InvalidInput):
    """Bad input with the status that says what kind, and with row (from 0) and column where it is one cell."""

    def __init__(
        self,
        status: int,
        field: str,
        value: object,
        allowed: str,
        row: int | None = None,
        column: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep the facts; the message is that of `InvalidInput`."""
        super().__init__(field, value, allowed)
        self.status, self.row, self.column, self.headers = status, row, column, dict(headers or {})


def plain(value: object) -> Any:
    """Return `value` if it is short and JSON, else as much of it as can be shown in one line."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, str):
        return shown(value)[1:-1]
    return shown(value) if not isinstance(value, int) else "a very large whole number"


def error_of(error: InvalidInput) -> dict[str, Any]:
    """Return the body of the answer to bad input."""
    row, column = getattr(error, "row", None), getattr(error, "column", None)
    facts = {"field": one_line(error.field), "value": plain(error.value), "allowed": one_line(error.allowed)}
    message = f"{facts['field']} must be {facts['allowed']}, got {_quoted(facts['value'])}"
    return {"error": {**facts, "message": message, "row": row, "column": column}}


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else json.dumps(value)


def one_line(text: str) -> str:
    """Return `text` with what cannot be printed spelt out: names in it may come from a file or from a client."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def refused(error: InvalidInput) -> Response:
    """Return the answer to bad input: 422 unless the error says otherwise."""
    status, headers = getattr(error, "status", 422), getattr(error, "headers", {})
    return Response(json.dumps(error_of(error)), status, {**HEADERS, **headers}, "application/json")
