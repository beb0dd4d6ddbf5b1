"""What a save that was cut off left behind is removed when the server starts; nothing else ever is."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from core.settings import settings
from core.workspaces.places import MADE, root
from core.workspaces.quota import LEFT

# Seconds after which no save can still be at work on a file.
OLD = 3600


def sweep() -> int:
    """Remove temporary files older than an hour among the models and in the workspaces; return how many."""
    places = [settings().artifacts]
    with suppress(OSError), os.scandir(root()) as entries:
        places += [Path(e.path) for e in entries if MADE.fullmatch(e.name) and e.is_dir(follow_symlinks=False)]
    return sum(_swept(place) for place in places)


def _swept(place: Path) -> int:
    count = 0
    with suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if LEFT.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    if time.time() - entry.stat(follow_symlinks=False).st_mtime > OLD:
                        os.unlink(entry.path)
                        count += 1
    return count
