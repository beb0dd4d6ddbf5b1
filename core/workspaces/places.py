"""Where saved models lie: those of a workspace in a folder of their own, those of the operator beside all of them."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import time
from contextlib import suppress
from pathlib import Path

from core.artifact.disk import SUFFIX, reason
from core.errors import ArtifactError
from core.settings import settings

# Names that are made here: of the folder of a workspace, and of a file in it.
MADE = re.compile(r"[a-z2-7]{26}")
# Names that the operator may give.
GIVEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"

# Seconds after which a use is written down anew, as the time of the folder.
USE = 3600
# Bytes below which a disk counts as full.
_LEAST_FREE = 1024 * 1024


def root() -> Path:
    """Return the folder of all workspaces."""
    return settings().artifacts / "workspaces"


def new_name() -> str:
    """Return a name for a file that nobody guesses: 130 random bits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(26))


def at(folder: str) -> Path | None:
    """Return the folder of a workspace, None where there is none yet.

    Whoever asks uses it, which its time shows. A folder that is a link, or lies in one, is none: with names of plain
    letters nothing leads out.
    """
    path = root() / folder
    if not MADE.fullmatch(folder) or _changed(path.parent) is None:
        return None
    changed = _changed(path)
    if changed is None:
        return None
    if time.time() - changed > USE:
        with suppress(OSError):
            os.utime(path)
    return path


def _changed(path: Path) -> float | None:
    """Return when a folder was changed last, None for anything else and for a link."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_mtime if stat.S_ISDIR(found.st_mode) else None


def paths(folder: str, name: str) -> list[Path]:
    """Return where the model called `name` may lie: in the workspace, if one is given, or among the shared ones."""
    found = []
    if folder and MADE.fullmatch(name):
        place = at(folder)
        if place is not None:
            found.append(place / f"{name}{SUFFIX}")
    if GIVEN.fullmatch(name):
        found.append(settings().artifacts / f"{name}{SUFFIX}")
    return found


def made(folder: str) -> Path:
    """Return the folder of a workspace, made if need be; raises `ArtifactError`."""
    try:
        (root() / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"saving is off: {reason(error)}") from error
    place = at(folder)
    if place is None:
        raise ArtifactError("saving is off: the folder of workspaces is a link")
    return place


def off() -> str:
    """Return why nothing can be saved, "" where it can; looks at the file system and writes nothing."""
    place = root()
    while not os.path.lexists(place):
        place = place.parent
    if not place.is_dir():
        return os.strerror(errno.ENOTDIR)
    try:
        disk = os.statvfs(place)
    except OSError as error:
        return reason(error)
    if disk.f_flag & os.ST_RDONLY:
        return os.strerror(errno.EROFS)
    if not os.access(place, os.W_OK | os.X_OK):
        return os.strerror(errno.EACCES)
    return os.strerror(errno.ENOSPC) if disk.f_bavail * disk.f_frsize < _LEAST_FREE else ""
