"""The models that `champion` and `challenger` stand for in the registry of the one who asks, half a second old at most.

A promotion is followed without a restart: what an alias stands for is looked up again, in a thread, and the file is
read only when it is another version. While the store does not answer, the version known last goes on answering.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from core import runs
from core.api import shelf
from core.api.refusal import Refusal
from core.api.served import Served
from core.artifact import loads
from core.errors import ArtifactError, InvalidInput, TrackingError

ALIASES = runs.ALIASES
# Seconds for which an answer of the store holds, and for which one that did not come is not asked for again.
FRESH, AWAY = 0.5, 5.0
_MOST_KNOWN = 2000

_lock, _turn = Lock(), Lock()


@dataclass(frozen=True)
class _Known:
    """What an alias stood for when it was looked up, and until when that holds; None where it stood for nothing."""

    until: float
    version: runs.Version | None


_known: OrderedDict[tuple[str, str], _Known] = OrderedDict()


def clear() -> None:
    """Forget what was looked up."""
    with _lock:
        _known.clear()


def at_hand(alias: str, folder: str) -> Served | None:
    """Return the model of an alias where it was looked up a moment ago and is loaded; the store is not asked."""
    try:
        known = _recall(runs.registry_of(folder), alias)
    except InvalidInput:
        return None
    return None if known is None or known.version is None else shelf.get(known.version.sha256, alias)


def find(alias: str, folder: str) -> Served:
    """Return the model of an alias; raises `Refusal` where there is none, or the store does not answer."""
    try:
        registry = runs.registry_of(folder)
        found = _looked_up(registry, alias)
        if found is None:
            raise Refusal(404, "model", alias, f"an alias that stands for a version: there is no {alias} yet")
        return shelf.get(found.sha256, alias) or _loaded(registry, found, alias)
    except InvalidInput as error:
        raise Refusal(404, "model", alias, error.allowed) from error
    except TrackingError as error:
        raise Refusal(503, "model", alias, f"asked for when its store answers: {error}") from error
    except ArtifactError as error:
        raise Refusal(404, "model", alias, f"one that opens: {error}") from error


def listed(folder: str) -> list[Served]:
    """Return the models of the aliases that stand for one; what does not open, or a store that is away, is left out."""
    found = []
    for alias in ALIASES:
        try:
            found.append(find(alias, folder))
        except Refusal:
            continue
    return found


def _recall(registry: runs.Registry, alias: str) -> _Known | None:
    with _lock:
        known = _known.get((registry.name, alias))
    return known if known is not None and time.monotonic() < known.until else None


def _looked_up(registry: runs.Registry, alias: str) -> runs.Version | None:
    """Return the version of an alias as the store has it now, or had it when it answered last."""
    key = (registry.name, alias)
    with _turn:  # those who wait here find what the first one brings
        known = _recall(registry, alias)
        if known is not None:
            return known.version
        try:
            found = _Known(time.monotonic() + FRESH, runs.alias(registry, alias))
        except TrackingError:
            with _lock:
                last = _known.get(key)
            if last is None:
                raise
            found = _Known(time.monotonic() + AWAY, last.version)
        with _lock:
            _known[key] = found
            _known.move_to_end(key)
            while len(_known) > _MOST_KNOWN:
                _known.popitem(last=False)
    return found.version


def _loaded(registry: runs.Registry, version: runs.Version, alias: str) -> Served:
    data = runs.version_bytes(registry, version)
    found = Served(alias, loads(data), len(data))
    shelf.put(version.sha256, found)
    return found
