"""The models that can be asked for: the default one, the recipes that are quick, the shared files, and one's own.

A request with the key of a workspace is answered from its folder as well; no other request knows that it is there.
Two names stand for whatever version of the registry they are given to, see `aliases`.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Any

from core import bundled, workspaces
from core.api import aliases, shelf
from core.api.refusal import Refusal
from core.api.served import Served
from core.artifact import SUFFIX, Model, loads
from core.artifact.disk import Stamp, contents, stamp_of
from core.config import Experiment
from core.errors import ArtifactError

DEFAULT = "default"
# So many recipes are kept.
_MOST_MADE = 16
MOST_LISTED = workspaces.MOST_LISTED

_ALLOWED = "the id of a model, see /api/models"

_lock = Lock()
# SHA-256 of a file of this version, by its path.
_known: OrderedDict[Path, tuple[Stamp, str]] = OrderedDict()
_descriptions: OrderedDict[Path, tuple[Stamp, dict[str, Any]]] = OrderedDict()
_made: OrderedDict[Experiment, Served] = OrderedDict()
_default: list[Served] = []


def clear() -> None:
    """Forget every model that was loaded."""
    with _lock:
        for kept in (_known, _descriptions, _made, _default):
            kept.clear()
    shelf.clear()
    aliases.clear()


def at_hand(name: str, folder: str = "") -> Served | None:
    """Return the model called `name` where it is loaded and its file is still the same; costs one look at the file.

    `folder` is the workspace of the one who asks, "" for none.
    """
    if name == DEFAULT:
        return _default[0] if _default else None
    if name in aliases.ALIASES:
        return aliases.at_hand(name, folder)
    for path in workspaces.paths(folder, name):
        stamp = stamp_of(path)
        if stamp is not None:
            return _loaded(path, stamp, name)
    return None


def _loaded(path: Path, stamp: Stamp, name: str) -> Served | None:
    with _lock:
        known = _known.get(path)
    return None if known is None or known[0] != stamp else shelf.get(known[1], name)


def find(name: str, folder: str = "") -> Served:
    """Return the model called `name`, read from its file where it is not at hand; raises `Refusal`."""
    found = at_hand(name, folder)
    if found is not None:
        return found
    if name == DEFAULT:
        with _lock:
            if not _default:
                _default.append(Served(DEFAULT, bundled.default()))
            return _default[0]
    if name in aliases.ALIASES:
        return aliases.find(name, folder)
    for path in workspaces.paths(folder, name):
        if stamp_of(path) is not None:
            return _read(path, name)
    raise Refusal(404, "model", name, _ALLOWED)


def put_default(model: Model) -> None:
    """Take `model` for the default one, where there is none yet: whoever has it need not have it trained again."""
    with _lock:
        if not _default:
            _default.append(Served(DEFAULT, model))


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


def listed(folder: str = "") -> dict[str, Any]:
    """Return the description of every model, aliases and then the newest files first.

    Files that do not open stand apart with the reason.
    """
    models, unreadable = [find(DEFAULT).description], []
    models += [one.description for one in aliases.listed(folder)]
    paths = workspaces.listed(folder)
    for path in paths[:MOST_LISTED]:
        try:
            models.append(_described(path))
        except Refusal as error:
            unreadable.append({"id": path.name.removesuffix(SUFFIX), "reason": error.allowed})
    return {"models": models, "unreadable": unreadable, "not_listed": max(0, len(paths) - MOST_LISTED)}


def _described(path: Path) -> dict[str, Any]:
    stamp = stamp_of(path)
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
        stamp, data = contents(path)
        sha = hashlib.sha256(data).hexdigest()
        found = shelf.get(sha, name) or Served(name, loads(data), len(data))
    except FileNotFoundError as error:
        raise Refusal(404, "model", name, _ALLOWED) from error
    except ArtifactError as error:
        raise Refusal(404, "model", name, f"one that opens: {error}") from error
    except OSError as error:
        raise Refusal(404, "model", name, f"one that opens: {error.strerror}") from error
    shelf.put(sha, found)
    with _lock:
        _known[path] = (stamp, sha)
        while len(_known) > MOST_LISTED:
            _known.popitem(last=False)
    return found
