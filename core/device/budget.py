"""The byte budget of a visit, checked."""

from __future__ import annotations

import re

from core.errors import InvalidInput

MOST_BYTES = 10**9
_BUDGET = f"a whole number from 1 to {MOST_BYTES}"


def check_budget(value: object) -> int:
    """Return `value` as a budget of bytes; raises `InvalidInput` when it is none."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_BYTES:
        raise InvalidInput("budget", value, _BUDGET)
    return value


def read_budget(text: str) -> int:
    """Return the budget that `text` spells; raises `InvalidInput` (24.5 is not a whole number)."""
    if not re.fullmatch("[0-9]{1,18}", text):
        raise InvalidInput("budget", text, _BUDGET)
    return check_budget(int(text))
