"""Bytes to text: byte order marks are believed, UTF-8 is expected, anything else must be named."""

from __future__ import annotations

from core.errors import InvalidInput
from core.tables.limits import file_field
from core.tables.signature import FORMATS

# What a reader may be told, and how it is called on screen.
ENCODINGS = {"utf-8": "UTF-8", "latin-1": "Latin-1", "cp1252": "Windows-1252"}

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8", "UTF-8 with byte order mark"),
    (b"\xff\xfe", "utf-16-le", "UTF-16 with byte order mark, little end first"),
    (b"\xfe\xff", "utf-16-be", "UTF-16 with byte order mark, big end first"),
)


def to_utf8(data: bytes, name: str, encoding: str | None) -> tuple[bytes, str]:
    """Return `data` as UTF-8 without byte order mark, and what it was, in words.

    A byte order mark wins over the `encoding` that is asked for. Raises `InvalidInput` naming the first byte that
    does not fit.
    """
    if encoding is not None and encoding not in ENCODINGS:
        raise InvalidInput("encoding", encoding, "one of " + ", ".join(ENCODINGS))
    mark, codec, label = next((m for m in _MARKS if data.startswith(m[0])), (b"", encoding or "utf-8", ""))
    try:
        text = data[len(mark) :].decode(codec)
    except UnicodeDecodeError as error:
        place = f"byte 0x{data[len(mark) + error.start]:02x} at {len(mark) + error.start}"
        if b"\x00" in data and not mark:
            raise InvalidInput(file_field(name), f"not text ({place})", FORMATS) from error
        allowed = f"{label or ENCODINGS[codec]} text"
        if not mark and encoding is None:
            allowed += " (in another encoding only when it is named: latin-1 or cp1252)"
        raise InvalidInput(file_field(name), place, allowed) from error
    return data[len(mark) :] if codec == "utf-8" else text.encode(), label or ENCODINGS[codec]
