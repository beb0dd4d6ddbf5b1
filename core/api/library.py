"""The models that can be asked for: the default one, the recipes that are quick, and the files in the folder."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

from core import bundled
from core.api.refusal import Refusal
from core.api.served import Served
from core.artifact import SUFFIX, loads
from core.config import Experiment
from core.errors import ArtifactError
from core.settings import settings

DEFAULT = "default"
# Bytes of files whose models are kept, and how many recipes and descriptions are.
_MOST_BYTES = 32 * 1024 * 1024
_MOST_MADE = 16
MOST_LISTED = 200

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_ALLOWED = "the id of a model, see /api/models"


@dataclass(frozen=True)
class _Stamp:
    """What tells one version of a file from another without reading it."""

    number: int
    size: int
    changed: int


_lock = Lock()
# SHA-256 of a file of this version, by its path; models by SHA-256, the one asked for last at the end.
_known: OrderedDict[Path, tuple[_Stamp, str]] = OrderedDict()
_models: OrderedDict[str, Served] = OrderedDict()
_descriptions: OrderedDict[Path, tuple[_Stamp, dict[str, Any]]] = OrderedDict()
_made: OrderedDict[Experiment, Served] = OrderedDict()
_default: list[Served] = []


def clear() -> None:
    """Forget every model that was loaded."""
    with _lock:
        for kept in (_known, _models, _descriptions, _made, _default):
            kept.clear()


def at_hand(name: str) -> Served | None:
    """Return the model called `name` where it is loaded and its file is still the same; costs one look at the file."""
    if name == DEFAULT:
        return _default[0] if _default else None
    if not _NAME.fullmatch(name):
        return None
    path = _path(name)
    stamp = _stamp(path)
    with _lock:
        known = _known.get(path)
        if known is None or known[0] != stamp or known[1] not in _models:
            return None
        _models.move_to_end(known[1])
        found = _models[known[1]]
    # Two names may stand for the same bytes.
    return found if found.id == name else replace(found, id=name)


def find(name: str) -> Served:
    """Return the model called `name`, read from its file where it is not at hand; raises `Refusal`."""
    found = at_hand(name)
    if found is not None:
        return found
    if name == DEFAULT:
        with _lock:
            if not _default:
                _default.append(Served(DEFAULT, bundled.default()))
            return _default[0]
    if not _NAME.fullmatch(name):
        raise Refusal(404, "model", name, _ALLOWED)
    return _read(_path(name), name)


def made(e: Experiment) -> Served | None:
    """Return the pair of a recipe where it was made before."""
    with _lock:
        found = _made.get(e)
        if found is not None:
            _made.move_to_end(e)
        return found


def make(e: Experiment) -> Served:
    """Return the pair of a recipe; raises `InvalidInput` for one that takes long."""
    found = made(e)
    if found is None:
        found = Served("", bundled.pair(e))
        with _lock:
            _made[e] = found
            while len(_made) > _MOST_MADE:
                _made.popitem(last=False)
    return found


def listed() -> dict[str, Any]:
    """Return the description of every model, the newest files first; those that do not open with the reason."""
    models, unreadable = [find(DEFAULT).description], []
    paths = _files()
    for path in paths[:MOST_LISTED]:
        try:
            models.append(_described(path))
        except Refusal as error:
            unreadable.append({"id": path.name.removesuffix(SUFFIX), "reason": error.allowed})
    return {"models": models, "unreadable": unreadable, "not_listed": max(0, len(paths) - MOST_LISTED)}


def _path(name: str) -> Path:
    return settings().artifacts / f"{name}{SUFFIX}"


def _stamp(path: Path) -> _Stamp | None:
    """Return the stamp of a regular file, None for anything else; a link is never followed."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return _Stamp(found.st_ino, found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


def _files() -> list[Path]:
    """Return the model files in the folder, the newest first; a folder that is not there holds none."""
    found = []
    try:
        with os.scandir(settings().artifacts) as entries:
            for entry in entries:
                name = entry.name.removesuffix(SUFFIX)
                if name != entry.name and _NAME.fullmatch(name) and entry.is_file(follow_symlinks=False):
                    found.append((-entry.stat(follow_symlinks=False).st_mtime_ns, entry.name, Path(entry.path)))
    except OSError:
        return []
    return [path for _, _, path in sorted(found)]


def _described(path: Path) -> dict[str, Any]:
    stamp = _stamp(path)
    with _lock:
        known = _descriptions.get(path)
    if known is not None and known[0] == stamp:
        return known[1]
    found = _read(path, path.name.removesuffix(SUFFIX)).description
    if stamp is not None:
        with _lock:
            _descriptions[path] = (stamp, found)
            while len(_descriptions) > MOST_LISTED:
                _descriptions.popitem(last=False)
    return found


def _read(path: Path, name: str) -> Served:
    """Return the model in the file at `path`, opened once and checked whole; raises `Refusal`."""
    try:
        stamp, data = _bytes(path)
        sha = hashlib.sha256(data).hexdigest()
        with _lock:
            found = _models.get(sha)
        if found is None:
            found = Served(name, loads(data), len(data))
    except FileNotFoundError as error:
        raise Refusal(404, "model", name, _ALLOWED) from error
    except ArtifactError as error:
        raise Refusal(404, "model", name, f"one that opens: {error}") from error
    except OSError as error:
        raise Refusal(404, "model", name, f"one that opens: {error.strerror}") from error
    with _lock:
        _models[sha] = found
        _models.move_to_end(sha)
        while len(_models) > 1 and sum(one.bytes for one in _models.values()) > _MOST_BYTES:
            _models.popitem(last=False)
        _known[path] = (stamp, sha)
        while len(_known) > MOST_LISTED:
            _known.popitem(last=False)
    return found if found.id == name else replace(found, id=name)


def _bytes(path: Path) -> tuple[_Stamp, bytes]:
    """Return stamp and contents of a regular file, one byte more than allowed at most; a link is not followed."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FileNotFoundError(path) from error
        raise
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise FileNotFoundError(path)
        stamp = _Stamp(found.st_ino, found.st_size, found.st_mtime_ns)
        return stamp, file.read(settings().max_artifact_bytes + 1)
