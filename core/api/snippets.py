"""A request as text to paste: into a shell, as curl; into a file, as Python with nothing to install."""

from __future__ import annotations

import json
import shlex
from typing import Any

_PYTHON = """\
import json
from urllib.request import Request, urlopen

body = {body}
headers = {{"Content-Type": "application/json"}}
request = Request({address}, json.dumps(body).encode(), headers)
with urlopen(request) as answer:
    print(json.load(answer))
"""


def curl(address: str, body: dict[str, Any] | None = None) -> str:
    """Return the command for a POSIX shell that sends `body`, or asks without one."""
    if body is None:
        return f"curl -sS {shlex.quote(address)}"
    data = shlex.quote(json.dumps(body))
    return f"curl -sS {shlex.quote(address)} \\\n  -H 'Content-Type: application/json' \\\n  -d {data}"


def python(address: str, body: dict[str, Any]) -> str:
    """Return the program that sends `body` and prints the answer."""
    return _PYTHON.format(body=_literal(body), address=repr(address))


def _literal(body: dict[str, Any]) -> str:
    """Return `body` as Python spells it, a field a line."""
    lines = "".join(f"    {name!r}: {value!r},\n" for name, value in body.items())
    return f"{{\n{lines}}}"
