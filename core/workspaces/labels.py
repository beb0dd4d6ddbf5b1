"""What saved models are called, read from the head of the file, and only once for each version of it."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from pathlib import Path
from threading import Lock

from core.artifact.codec import KEY
from core.artifact.disk import Stamp
from core.settings import settings

LONGEST = 60
_MOST = 2000

_lock = Lock()
_known: OrderedDict[Path, tuple[Stamp, str]] = OrderedDict()


def label_of(path: Path, stamp: Stamp) -> str:
    """Return the label in a model file, 60 letters of it at most; "" for a file that has none."""
    with _lock:
        known = _known.get(path)
        if known is not None and known[0] == stamp:
            _known.move_to_end(path)
            return known[1]
    label = _read(path)
    with _lock:
        _known[path] = (stamp, label)
        while len(_known) > _MOST:
            _known.popitem(last=False)
    return label


def _read(path: Path) -> str:
    """Return the label as it stands there; whether the file is whole is seen when it is opened."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > settings().max_artifact_bytes:
                return ""
            header = json.loads(file.read(length))
        label = json.loads(header["__metadata__"][KEY])["label"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return ""
    return label[:LONGEST] if isinstance(label, str) else ""
