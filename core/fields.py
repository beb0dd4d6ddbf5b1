"""Settings as data: what a field may hold, from which pages draw forms and every reader takes its checks."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput

Value = bool | int | float | str

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}\Z")
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\Z")


@dataclass(frozen=True)
class Number:
    """A number between two limits; `open_low` and `open_high` exclude the limit itself."""

    default: float
    low: float
    high: float
    integer: bool = False
    open_low: bool = False
    open_high: bool = False
    label: str = ""
    help: str = ""

    @property
    def allowed(self) -> str:
        """Return what is allowed, in words."""
        kind = "a whole number" if self.integer else "a number"
        if self.open_low or self.open_high:
            lower = f"{'above' if self.open_low else 'at least'} {self.low:g}"
            upper = f"{'below' if self.open_high else 'at most'} {self.high:g}"
            return f"{kind} {lower} and {upper}"
        return f"{kind} from {self.low:g} to {self.high:g}"

    def check(self, name: str, value: object) -> Value:
        """Return `value` as int or float; raises `InvalidInput` for another type, NaN or out of range."""
        # bool is an int in Python, but nobody means True bits.
        wrong_type = isinstance(value, bool) or not isinstance(value, int if self.integer else (int, float))
        # A whole number is always finite, and may be too long to be asked as a float.
        if wrong_type or (isinstance(value, float) and not math.isfinite(value)):
            raise InvalidInput(name, value, self.allowed)
        number: float = value  # type: ignore[assignment]
        below = number <= self.low if self.open_low else number < self.low
        above = number >= self.high if self.open_high else number > self.high
        if below or above:
            raise InvalidInput(name, value, self.allowed)
        return number if self.integer else float(number)

    def parse(self, name: str, text: str) -> Value:
        """Return the number that `text` spells; raises `InvalidInput` (2.5 is not a whole number)."""
        if not (_WHOLE if self.integer else _DECIMAL).match(text):
            raise InvalidInput(name, text, self.allowed)
        return self.check(name, int(text) if self.integer else float(text))


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    default: str
    options: tuple[str, ...]
    label: str = ""
    help: str = ""

    @property
    def allowed(self) -> str:
        """Return what is allowed, in words."""
        return "one of " + ", ".join(self.options) if len(self.options) > 1 else self.options[0]

    def check(self, name: str, value: object) -> Value:
        """Return `value`; raises `InvalidInput` when it is not one of the options."""
        if not isinstance(value, str) or value not in self.options:
            raise InvalidInput(name, value, self.allowed)
        return value

    parse = check


@dataclass(frozen=True)
class Flag:
    """Yes or no."""

    default: bool
    label: str = ""
    help: str = ""
    allowed = "true or false"

    def check(self, name: str, value: object) -> Value:
        """Return `value`; raises `InvalidInput` when it is not a bool."""
        if not isinstance(value, bool):
            raise InvalidInput(name, value, self.allowed)
        return value

    def parse(self, name: str, text: str) -> Value:
        """Return the bool that `text` spells."""
        if text not in ("true", "false"):
            raise InvalidInput(name, text, self.allowed)
        return text == "true"


Field = Number | Choice | Flag
Fields = Mapping[str, Field]
Pairs = tuple[tuple[str, Value], ...]


def complete(owner: str, fields: Fields, given: Mapping[str, Any]) -> Pairs:
    """Return all `fields` in order with the `given` values checked and the defaults filled in.

    Raises `InvalidInput` for a name that `fields` lacks; `owner` says whose setting it is.
    """
    for name in given:
        if name not in fields:
            known = ", ".join(fields) or "none: it has no settings"
            raise InvalidInput(f"setting of {owner}", name, f"one of {known}" if fields else known)
    return tuple((name, field.check(name, given.get(name, field.default))) for name, field in fields.items())


def spell(value: Value) -> str:
    """Return the text that `parse` reads back to the same value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)
