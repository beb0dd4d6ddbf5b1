"""Settings as data: what a field may hold, from which pages draw forms and every reader takes its checks."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from core.errors import InvalidInput, shown

Value = bool | int | float | str

# So many of many options are named in a message.
_NAMED = 3

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}\Z")
_ITEM = re.compile(r"(?:[^\\,]|\\[\\,])+")
_LIST = re.compile(rf"{_ITEM.pattern}(?:,{_ITEM.pattern})*")
_ESCAPE = re.compile(r"\\([\\,])")
# Half of a pair of UTF-16: JSON can spell it, but it is no character and cannot be written.
_HALF = re.compile("[\ud800-\udfff]")
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
    # The command that lists the options, where they are too many for a message.
    listed_by: str = ""

    @property
    def allowed(self) -> str:
        """Return what is allowed, in words."""
        return "one of " + ", ".join(self.options) if len(self.options) > 1 else self.options[0]

    def _near(self, value: object) -> str:
        """Return what is allowed in place of `value`: where a command lists the options, those most like it."""
        if not self.listed_by:
            return self.allowed
        near = get_close_matches(shown(value).lower(), self.options, _NAMED, cutoff=0.5)
        named = [*near, *(option for option in self.options if option not in near)][:_NAMED]
        return f"one of {', '.join(named)}, … ({self.listed_by} lists all {len(self.options)})"

    def check(self, name: str, value: object) -> Value:
        """Return `value`; raises `InvalidInput` when it is not one of the options."""
        if not isinstance(value, str) or value not in self.options:
            raise InvalidInput(name, value, self._near(value))
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


@dataclass(frozen=True)
class Texts:
    """A list of texts, none of them empty and none twice; in an address they stand with commas between."""

    most: int
    longest: int
    label: str = ""
    help: str = ""

    @property
    def allowed(self) -> str:
        """Return what is allowed, in words."""
        return f"a list of at most {self.most} different texts of 1 to {self.longest:,} characters"

    def check(self, name: str, value: object) -> tuple[str, ...]:
        """Return `value` as a tuple; raises `InvalidInput` for anything but a list of such texts."""
        texts = tuple(value) if isinstance(value, list | tuple) else (None,)
        right = all(isinstance(t, str) and 1 <= len(t) <= self.longest and not _HALF.search(t) for t in texts)
        if not right or not len(set(texts)) == len(texts) <= self.most:
            raise InvalidInput(name, value, self.allowed)
        return texts

    def parse(self, name: str, text: str) -> tuple[str, ...]:
        """Return the list that `text` spells, a comma or backslash inside a text with a backslash before it."""
        if not _LIST.fullmatch(text):
            raise InvalidInput(name, text, self.allowed)
        return self.check(name, [_ESCAPE.sub(r"\1", item) for item in _ITEM.findall(text)])


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


def spell(value: Value | tuple[str, ...]) -> str:
    """Return the text that `parse` reads back to the same value; "" for an empty list, which none can read."""
    if isinstance(value, tuple):
        return ",".join(re.sub(r"([\\,])", r"\\\1", text) for text in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)
