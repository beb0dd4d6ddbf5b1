"""A request as text to paste: into a shell, as curl; into a file, as Python with nothing to install."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

_PYTHON = """\
import json
from urllib.request import Request, urlopen

body = {body}
headers = {headers}
request = Request({address}, json.dumps(body).encode(), headers)
with urlopen(request) as answer:
    print(json.load(answer))
"""


_KIND = {"Content-Type": "application/json"}


def curl(address: str, body: dict[str, Any] | None = None, headers: Mapping[str, str] | None = None) -> str:
    """Return the command for a POSIX shell that sends `body` with more `headers`, or asks without one."""
    if body is None:
        return f"curl -sS {shlex.quote(address)}"
    lines = [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in {**_KIND, **(headers or {})}.items()]
    return " \\\n  ".join([f"curl -sS {shlex.quote(address)}", *lines, f"-d {shlex.quote(json.dumps(body))}"])


def python(address: str, body: dict[str, Any], headers: Mapping[str, str] | None = None) -> str:
    """Return the program that sends `body` with more `headers`, and prints the answer."""
    return _PYTHON.format(body=_literal(body), address=repr(address), headers=json.dumps({**_KIND, **(headers or {})}))


def _literal(body: dict[str, Any]) -> str:
    """Return `body` as Python spells it, a field a line."""
    lines = "".join(f"    {name!r}: {value!r},\n" for name, value in body.items())
    return f"{{\n{lines}}}"
