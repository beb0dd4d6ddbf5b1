"""The small parts of which the description of requests and answers is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}


def ref(name: str) -> Schema:
    """Return a reference to one of the `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def many(of: Schema, **more: Any) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": of, **more}


def by_name(of: Schema) -> Schema:
    """Return the schema of an object with any names."""
    return {"type": "object", "additionalProperties": of}


def either(of: Schema) -> Schema:
    """Return the schema of a value that may be absent, which is null."""
    return {"anyOf": [of, {"type": "null"}]}


def strict(words: str, fields: Mapping[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    """Return the schema of an object with no other fields than these."""
    return {
        "type": "object",
        "description": words,
        "properties": dict(fields),
        "required": list(required),
        "additionalProperties": False,
    }


def answered(words: str, fields: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """Return the schema of an answer, which has all of `fields` and may have the `optional` ones."""
    return strict(words, {**fields, **(optional or {})}, tuple(fields))


def said(schema: Schema, words: str) -> Schema:
    """Return `schema` with a description."""
    return {**schema, "description": words}
