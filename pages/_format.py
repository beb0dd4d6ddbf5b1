"""Numbers and words for the screen: at least four significant digits, bytes as bytes, nothing interpreted."""

from __future__ import annotations

import math
import re

_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=@&\"'])")

METHOD_LABELS = {"symmetric": "Symmetric", "asymmetric": "Asymmetric", "window": "Window",
    "codebook": "Codebook", "auto": "Best found",
}  # fmt: skip
MINUS = "−"


def number(value: float | None, digits: int = 4) -> str:
    """Return a metric: four decimals, fewer for large values, an en dash where there is none (None or NaN)."""
    if value is None or math.isnan(value):
        return "–"
    if abs(value) >= 1000:
        text = f"{value:,.0f}"
    elif abs(value) >= 10:
        text = f"{value:.2f}"
    else:
        text = f"{value:.{digits}f}"
    return text.replace("-", MINUS)


def signed(value: float | None, digits: int = 4) -> str:
    """Return a difference with its sign; tiny ones keep two significant digits instead of becoming 0."""
    if value is None:
        return "–"
    if value != 0 and abs(value) < 0.5 * 10**-digits:
        text = f"{value:+.1e}"
    else:
        text = f"{value:+,.0f}" if abs(value) >= 1000 else f"{value:+.{digits}f}"
    return text.replace("-", MINUS)


def significant(value: float, digits: int = 6) -> str:
    """Return `value` with that many significant digits."""
    return f"{value:.{digits}g}".replace("-", MINUS)


def size(count: int) -> str:
    """Return bytes: as bytes below 10 KiB, in 1,024-based units from there."""
    if count < 10 * 1024:
        return f"{count:,} bytes"
    if count < 1024 * 1024:
        return f"{count / 1024:,.1f} KiB"
    return f"{count / 1024**2:,.1f} MiB"


def money(value: float, unit: str) -> str:
    """Return a value in the target's unit, rounded to whole ones where it is money or large."""
    return amount(round(value), unit) if unit == "$" else amount(value, unit)


def amount(value: float, unit: str) -> str:
    """Return a change in `unit` with four significant digits, however small it is."""
    text = f"{abs(value):,.0f}" if 1000 <= abs(value) < 1e15 else f"{abs(value):.4g}"
    sign = MINUS if value < 0 else ""
    return f"{sign}{unit}{text}" if unit == "$" else f"{sign}{text} {unit}".strip()


def titled(text: str) -> str:
    """Return `text` with a capital first letter."""
    return text[:1].upper() + text[1:]


def literal(text: str) -> str:
    """Return `text` so that Markdown shows it letter by letter: no links, colours, pictures or formulas."""
    flat = "".join(c if c.isprintable() else " " for c in text)
    return _MARKUP.sub(r"\\\1", flat)


def listed(name: str) -> str:
    """Return a name as an entry of a menu, which shows plain text: what cannot be printed is spelt out."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in name)
