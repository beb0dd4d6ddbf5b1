"""The description as one page of HTML: no script, and nothing loaded from anywhere."""

from __future__ import annotations

import json
from functools import lru_cache
from html import escape
from typing import Any

from core.api.snippets import curl

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    "referrer-policy": "no-referrer",
}

_STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem }
h2 { border-top: 1px solid; margin-top: 2.5rem; padding-top: 1rem }
pre { overflow-x: auto; padding: .75rem; border: 1px solid; border-radius: .4rem; font-size: 14px }
table { border-collapse: collapse } th, td { text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0 }
"""


def html(described: dict[str, Any]) -> str:
    """Return the page for a description of the interface."""
    return _html(json.dumps(described))


@lru_cache(maxsize=2)
def _html(text: str) -> str:
    described = json.loads(text)
    info, base = described["info"], described["servers"][0]["url"]
    paths = described["paths"]
    parts = [
        f"<h1>{escape(info['title'])} {escape(info['version'])}: REST API</h1>",
        f"<p>{_words(info['description'])}</p>",
        f'<p>For programs: <a href="{base}/openapi.json">{base}/openapi.json</a></p>',
        "<ul>" + "".join(f'<li><a href="#{_anchor(path)}">{escape(path)}</a></li>' for path in paths) + "</ul>",
    ]
    schemas = described["components"]["schemas"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            parts.append(_operation(base + path, _anchor(path), method, operation, schemas))
    parts.append("<h2>Objects</h2>")
    parts += [_object(name, schema) for name, schema in schemas.items()]
    body = "\n".join(parts)
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    head += f"<title>Bitdial: REST API</title><style>{_STYLE}</style>"
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><main>\n{body}\n</main></body></html>\n'


def _anchor(path: str) -> str:
    return path.strip("/").replace("/", "-").replace(".", "-")


def _words(text: str) -> str:
    """Return a description with what stands between backticks as code."""
    pieces = text.split("`")
    return "".join(f"<code>{escape(p)}</code>" if i % 2 else escape(p) for i, p in enumerate(pieces))


def _operation(path: str, anchor: str, method: str, operation: dict[str, Any], schemas: dict[str, Any]) -> str:
    parts = [f'<h2 id="{anchor}">{method.upper()} {escape(path)}</h2>', f"<p>{_words(operation['summary'])}</p>"]
    parts += [_parameters(operation["parameters"])] if "parameters" in operation else []
    asked = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if asked:
        parts.append(_fields(_resolved(asked["schema"], schemas)))
    address = f"http://localhost:8501{path}"
    parts.append(f"<pre>{escape(curl(address, asked.get('example')))}</pre>")
    for status, answer in operation["responses"].items():
        content = answer.get("content", {}).get("application/json", {})
        parts.append(f"<p><strong>{status}</strong> {_words(answer['description'])} {_type(content.get('schema'))}</p>")
        if "example" in content:
            parts.append(f"<pre>{escape(json.dumps(content['example'], indent=1))}</pre>")
    return "\n".join(parts)


def _parameters(parameters: list[dict[str, Any]]) -> str:
    """Return the table of what may be sent beside the body."""
    lines = [
        f"<tr><td>{escape(one['in'])} <code>{escape(one['name'])}</code></td><td>{_words(one['description'])}</td></tr>"
        for one in parameters
    ]
    return "<table>" + "".join(lines) + "</table>"


def _object(name: str, schema: dict[str, Any]) -> str:
    words = f"<p>{_words(schema.get('description', ''))}</p>"
    return f'<h3 id="object-{name}">{escape(name)}</h3>\n{words}\n{_fields(schema)}'


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return found


def _fields(schema: dict[str, Any]) -> str:
    """Return the table of an object's fields; of several forms, one table each."""
    if "properties" not in schema:
        return "\n<p>or</p>\n".join(_fields(form) for form in schema.get("anyOf", []))
    needed = schema.get("required", [])
    lines = [
        f"<tr><td><code>{escape(name)}</code></td><td>{_type(field)}</td><td>{'always' if name in needed else ''}</td>"
        f"<td>{_words(field.get('description', ''))}</td></tr>"
        for name, field in schema["properties"].items()
    ]
    return "<table>" + "".join(lines) + "</table>"


def _type(schema: dict[str, Any] | None) -> str:
    """Return in words what a value is."""
    if not schema:
        return ""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#object-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}" if schema.get("items") else "list"
    limits = [f"{word} {schema[key]}" for key, word in _LIMITS.items() if key in schema]
    return escape(" ".join([schema.get("type", "anything"), *limits]))


_LIMITS = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
