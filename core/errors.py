"""The errors that people see: bad input, a file that is not ours or not whole, a store that does not answer."""

from __future__ import annotations

_LONGEST_VALUE = 80


def shown(value: object) -> str:
    """Return `value` as one printable line of at most 80 characters, control characters escaped."""
    text = value if isinstance(value, str) else repr(value)
    text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text[: _LONGEST_VALUE + 1])
    if len(text) > _LONGEST_VALUE:
        text = text[: _LONGEST_VALUE - 1] + "…"
    return f'"{text}"' if isinstance(value, str) else text


class InvalidInput(ValueError):  # noqa: N818  (the name is part of the contract)
    """Bad input: which field, what came, and what is allowed.

    The message always reads `<field> must be <allowed>, got <value>`, on the page, in the API and
    on the command line.
    """

    def __init__(self, field: str, value: object, allowed: str) -> None:
        """Keep the three facts and build the one message."""
        self.field, self.value, self.allowed = field, value, allowed
        super().__init__(f"{field} must be {allowed}, got {shown(value)}")


class ArtifactError(ValueError):
    """A model file that cannot be opened: foreign, truncated, altered or from another format."""


class TrackingError(ArtifactError):
    """The store of runs cannot be reached, is full or does not have what was asked for; nothing was changed."""
