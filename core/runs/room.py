"""How many runs a hosted workspace may keep, and for how long: as many as models, the same bytes, and a day unused.

Elsewhere there is no bound. Of runs on an MLflow server nothing goes by itself: it is not ours alone.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

from core import logs, tracking
from core.errors import TrackingError
from core.runs.run import OPERATOR, Registry
from core.settings import MIB, settings

# Seconds after which runs that nobody looked at may go, and after which a look is written down anew.
IDLE, USE = 24 * 3600, 3600
BYTES = "bitdial.bytes"
_FREE = "take Reset under Save and open, which deletes all of them"


def check_room(registry: Registry, size: int) -> None:
    """Raise `TrackingError`, naming the bound, where `size` bytes more are too many; deleted runs count as well.

    Runs of workspaces that nobody used for a day go.
    """
    s = settings()
    if not s.hosted:
        return
    _drop_idle(registry)
    found = [*tracking.entries(registry.name), *tracking.entries(registry.name, deleted=True)]
    if len(found) >= s.workspace_files:
        raise TrackingError(f"not saved: {len(found)} of {s.workspace_files} runs are kept here; {_FREE}")
    used_bytes = sum(int(one.tags.get(BYTES) or 0) for one in found)
    if used_bytes + size > s.workspace_bytes:
        of = f"{used_bytes / MIB:,.1f} of {s.workspace_bytes / MIB:,.1f} MiB"
        raise TrackingError(f"not saved: runs use {of} here, and this takes {size / MIB:,.1f}; {_FREE}")


def used(registry: Registry) -> None:
    """Write down that somebody uses a hosted registry, as the time of its folder; once an hour is enough."""
    place = tracking.folder() / "files" / registry.name
    if settings().hosted:
        with suppress(OSError):
            if time.time() - os.stat(place).st_mtime > USE:
                os.utime(place)


def _drop_idle(mine: Registry) -> None:
    with suppress(OSError), os.scandir(tracking.folder() / "files") as entries:
        for entry in entries:
            of_workspace = entry.name.startswith(f"{OPERATOR}-") and entry.name != mine.name
            if of_workspace and time.time() - entry.stat(follow_symlinks=False).st_mtime > IDLE:
                logs.event("runs dropped", runs=tracking.purge(entry.name))
