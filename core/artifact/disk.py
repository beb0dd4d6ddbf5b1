"""Model files as they lie in a folder: told apart without being read, written in one step, and no link is followed."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.errors import ArtifactError
from core.settings import settings

SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Stamp:
    """What tells one version of a file from another without reading it."""

    number: int
    size: int
    changed: int


def _stamp(found: os.stat_result) -> Stamp:
    return Stamp(found.st_ino, found.st_size, found.st_mtime_ns)


def stamp_of(path: Path) -> Stamp | None:
    """Return the stamp of a regular file, None for anything else; a link is never followed."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return _stamp(found) if stat.S_ISREG(found.st_mode) else None


def files(folder: Path, names: re.Pattern[str]) -> list[tuple[Stamp, Path]]:
    """Return the model files in a folder whose names fit, the newest first; a folder that is not there holds none."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name.removesuffix(SUFFIX)
                if name != entry.name and names.fullmatch(name) and entry.is_file(follow_symlinks=False):
                    found.append((_stamp(entry.stat(follow_symlinks=False)), Path(entry.path)))
    except OSError:
        return []
    return sorted(found, key=lambda one: (-one[0].changed, one[1].name))


def contents(path: Path) -> tuple[Stamp, bytes]:
    """Return stamp and contents of a regular file, one byte more than allowed at most; a link is not followed."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from error
        raise
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return _stamp(found), file.read(settings().max_artifact_bytes + 1)


def write(data: bytes, target: Path) -> Path:
    """Write `data` to `target` and return it: after a crash there is the old file or the new one, whole.

    Raises `ArtifactError` with the system's reason when the file cannot be written.
    """
    try:
        with replacing(target) as file:
            file.write(data)
    except (OSError, ValueError) as error:
        raise ArtifactError(f"the file cannot be written: {reason(error)}; nothing was changed") from error
    return target


@contextmanager
def replacing(target: Path) -> Iterator[IO[bytes]]:
    """Yield a file that stands at `target`, whole, after the body; when anything fails before, nothing is changed."""
    temporary = target.parent / f".{secrets.token_hex(8)}.tmp"
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        with suppress(OSError, ValueError):
            temporary.unlink(missing_ok=True)
    # The new file is in its place, whole; a folder that cannot be synchronised does not take that back.
    with suppress(OSError):
        _sync_folder(target.parent)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let no other thread or process that asks here change a folder meanwhile; one that is killed lets go.

    Raises `OSError` for a folder that cannot be opened.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def reason(error: Exception) -> str:
    """Return what the system says of an error."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
