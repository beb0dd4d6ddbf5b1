"""In what saved runs differ: only the settings that are not the same in all of them."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import InvalidInput
from core.runs.run import Run

MOST_COMPARED = 5


def differences(found: Sequence[Run]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return name and values, one for each run, of every setting that differs; "" where a run does not have it.

    Raises `InvalidInput` unless there are two to five runs.
    """
    if not 2 <= len(found) <= MOST_COMPARED:
        raise InvalidInput("runs", len(found), f"2 to {MOST_COMPARED}")
    settings = [dict(one.params) | {"data.sha256": one.data_sha256} for one in found]
    names = dict.fromkeys(name for one in settings for name in one)
    rows = ((name, tuple(one.get(name, "") for one in settings)) for name in names)
    return tuple((name, values) for name, values in rows if len(set(values)) > 1)
