"""Models that were loaded from a file, by the SHA-256 of its bytes; those asked for last are kept, up to a bound."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from threading import Lock

from core.api.served import Served

# Bytes of files whose models are kept.
_MOST_BYTES = 32 * 1024 * 1024

_lock = Lock()
_models: OrderedDict[str, Served] = OrderedDict()


def get(sha256: str, name: str) -> Served | None:
    """Return the model of these bytes under `name`, where it is kept; two names may stand for the same bytes."""
    with _lock:
        found = _models.get(sha256)
        if found is None:
            return None
        _models.move_to_end(sha256)
    return found if found.id == name else replace(found, id=name)


def put(sha256: str, served: Served) -> None:
    """Keep a model, and let those go that were not asked for the longest."""
    with _lock:
        _models[sha256] = served
        _models.move_to_end(sha256)
        while len(_models) > 1 and sum(one.bytes for one in _models.values()) > _MOST_BYTES:
            _models.popitem(last=False)


def clear() -> None:
    """Forget every model."""
    with _lock:
        _models.clear()
