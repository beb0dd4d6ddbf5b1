"""Models in a workspace: saved, listed, read and deleted, and those of the operator that everybody may read."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from core import logs
from core.artifact.codec import encode
from core.artifact.disk import SUFFIX, Stamp, contents, files, reason, stamp_of, write
from core.artifact.model import Model
from core.errors import ArtifactError
from core.settings import settings
from core.workspaces import quota
from core.workspaces.keys import short
from core.workspaces.labels import label_of
from core.workspaces.places import GIVEN, MADE, at, made, new_name, paths

MOST_LISTED = 200

# Between a look at what is there and the change that follows from it nothing else may be changed.
_turn = Lock()


@dataclass(frozen=True)
class Saved:
    """A saved model as it is listed; `label` is "" where the file has none, and does not open."""

    id: str
    label: str
    bytes: int
    shared: bool = False


def save(folder: str, model: Model) -> str:
    """Write `model` under a new, unguessable name into a workspace, and return that name, its id.

    Raises `ArtifactError` where saving is off, a bound is reached or the file cannot be written; nothing has changed
    then, but for idle workspaces that had to go.
    """
    data, name = encode(model), new_name()
    with _turn:
        place = made(folder)
        try:
            quota.make_room(folder, len(data))
            write(data, place / f"{name}{SUFFIX}")
        except ArtifactError:
            _leave(place)
            raise
    logs.event("model saved", workspace=short(folder), bytes=len(data))
    return name


def saved(folder: str) -> tuple[Saved, ...]:
    """Return the models in a workspace, the newest first."""
    place = at(folder)
    return () if place is None else tuple(_saved(s, path, False) for s, path in files(place, MADE))


def shared() -> tuple[Saved, ...]:
    """Return the models of the operator, the newest first, 200 at most."""
    return tuple(_saved(s, path, True) for s, path in files(settings().artifacts, GIVEN)[:MOST_LISTED])


def _saved(stamp: Stamp, path: Path, of_operator: bool) -> Saved:
    return Saved(path.name.removesuffix(SUFFIX), label_of(path, stamp), stamp.size, of_operator)


def listed(folder: str) -> list[Path]:
    """Return the files of the models that one who has the workspace `folder`, or none, may ask for, newest first."""
    place = at(folder) if folder else None
    found = files(settings().artifacts, GIVEN) + ([] if place is None else files(place, MADE))
    return [path for _, path in sorted(found, key=lambda one: (-one[0].changed, one[1].name))]


def holds(folder: str, name: str) -> bool:
    """Return whether a workspace holds a model with this id."""
    place = at(folder)
    return place is not None and MADE.fullmatch(name) is not None and stamp_of(place / f"{name}{SUFFIX}") is not None


def read(folder: str, name: str) -> bytes:
    """Return the file of a model in a workspace or among the shared ones; raises `ArtifactError`."""
    for path in paths(folder, name):
        try:
            return contents(path)[1]
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ArtifactError(f"the file cannot be read: {reason(error)}") from error
    raise ArtifactError(f"the file cannot be read: {os.strerror(errno.ENOENT)}")


def delete(folder: str, name: str) -> None:
    """Delete a model of a workspace, whether it is there or not; raises `ArtifactError` where it cannot be deleted."""
    place = at(folder)
    if place is None or not MADE.fullmatch(name):
        return
    with _turn:
        try:
            (place / f"{name}{SUFFIX}").unlink(missing_ok=True)
        except OSError as error:
            raise ArtifactError(f"the file cannot be deleted: {reason(error)}") from error
        _leave(place)
    logs.event("model deleted", workspace=short(folder))


def reset(folder: str) -> tuple[int, int]:
    """Delete every model of a workspace; return how many there were and their bytes."""
    place = at(folder)
    if place is None:
        return 0, 0
    with _turn:
        count, size = quota.empty(place)
    logs.event("workspace emptied", workspace=short(folder), files=count, bytes=size)
    return count, size


def _leave(place: Path) -> None:
    """Remove the folder of a workspace in which nothing is left."""
    with suppress(OSError):
        place.rmdir()
