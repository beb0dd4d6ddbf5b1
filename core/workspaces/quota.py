"""How much may be saved: bounds of one workspace and of all together, and which of them go when there is no room."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core import logs
from core.artifact.disk import files
from core.errors import ArtifactError
from core.settings import MIB, settings
from core.workspaces.keys import short
from core.workspaces.places import MADE, root

# Seconds after which a workspace that nobody used may go.
IDLE = 24 * 3600
# A folder that was changed less than so many nanoseconds ago may change again within one tick of the clock.
_SETTLED = 2_000_000_000
# What a save that was cut off leaves behind.
LEFT = re.compile(r"\..*\.tmp")
# What a workspace keeps of the batches that were recorded, which goes with its models.
BESIDE = frozenset({"drift.jsonl", "drift-rule.json"})
_FREE = "delete one under Save and open, or take Reset there"

# Bytes in each workspace, by its path and the time of its last change.
_sizes: dict[Path, tuple[int, int]] = {}


@dataclass(frozen=True)
class _Held:
    """A workspace: when it was used last, in nanoseconds, where it lies, how many bytes are in it."""

    used: int
    path: Path
    bytes: int


def make_room(folder: str, size: int) -> None:
    """See to it that `size` bytes more may be saved in a workspace; raises `ArtifactError` naming the bound."""
    s = settings()
    mine = [stamp.size for stamp, _ in files(root() / folder, MADE)]
    if len(mine) >= s.workspace_files:
        raise ArtifactError(f"not saved: {len(mine)} of {s.workspace_files} models are saved here; {_FREE}")
    if sum(mine) + size > s.workspace_bytes:
        used, most = _mib(sum(mine)), _mib(s.workspace_bytes)
        raise ArtifactError(f"not saved: {used} of {most} MiB are used here, and this takes {_mib(size)}; {_FREE}")
    held = _all()
    total = sum(one.bytes for one in held) + size
    for one in held:
        if one.path.name == folder or time.time_ns() - one.used <= IDLE * 10**9:
            continue
        if s.hosted or total > s.workspaces_bytes:
            total -= _drop(one)
    if total > s.workspaces_bytes:
        used, most = _mib(total - size), _mib(s.workspaces_bytes)
        raise ArtifactError(
            f"not saved: all visitors together use {used} of {most} MiB, and nobody's models have been idle for a day; "
            f"{_FREE}, or come again later"
        )


def _mib(size: int) -> str:
    return f"{size / MIB:,.1f}"


def _all() -> list[_Held]:
    """Return every workspace, the one that was used the longest ago first."""
    found = []
    with suppress(OSError), os.scandir(root()) as entries:
        for entry in entries:
            with suppress(OSError):  # another process may take it away at any time
                if MADE.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                    found.append(_held(Path(entry.path), entry.stat(follow_symlinks=False).st_mtime_ns))
    for path in _sizes.keys() - {one.path for one in found}:
        del _sizes[path]
    return sorted(found, key=lambda one: (one.used, one.path))


def _held(path: Path, used: int) -> _Held:
    """Return what a workspace holds; looked through only where it has changed since it was last."""
    known = _sizes.get(path)
    if known is not None and known[0] == used:
        return _Held(used, path, known[1])
    size = sum(stamp.size for stamp, _ in files(path, MADE))
    if time.time_ns() - used > _SETTLED:
        _sizes[path] = (used, size)
    return _Held(used, path, size)


def _drop(one: _Held) -> int:
    """Delete an idle workspace, unless it has been used in the meantime, and return how many bytes that frees."""
    try:
        if os.lstat(one.path).st_mtime_ns != one.used:
            return 0
    except OSError:
        return one.bytes
    count, size = empty(one.path)
    logs.event("workspace dropped", workspace=short(one.path.name), files=count, bytes=size)
    return size


def empty(path: Path) -> tuple[int, int]:
    """Delete the models in a workspace, and its folder; return how many there were and their bytes."""
    count = size = 0
    for stamp, file in files(path, MADE):
        with suppress(OSError):
            file.unlink()
            count, size = count + 1, size + stamp.size
    with suppress(OSError):
        for entry in [e.name for e in os.scandir(path) if e.is_file(follow_symlinks=False)]:
            if entry in BESIDE or LEFT.fullmatch(entry):
                (path / entry).unlink()
        path.rmdir()
    return count, size
