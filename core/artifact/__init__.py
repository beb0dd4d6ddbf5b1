"""One `.safetensors` file for a model and its twin: written in one step, checked whole before it is used."""

from __future__ import annotations

import stat
from pathlib import Path

from core.artifact.codec import encode
from core.artifact.disk import SUFFIX, reason, write
from core.artifact.model import VARIANTS, HeldBack, Model, from_trained
from core.artifact.reader import decode
from core.errors import ArtifactError
from core.settings import settings


def save(model: Model, path: str | Path) -> Path:
    """Write `model` to `path` and return it: after a crash there is the old file or the new one, whole.

    Raises `ArtifactError` with the system's reason when the file cannot be written.
    """
    return write(encode(model), Path(path))


def load(path: str | Path) -> Model:
    """Return the model in the file at `path`; raises `ArtifactError` for anything but a whole, unaltered one."""
    target, limit = Path(path), settings().max_artifact_bytes
    try:
        # Asked before it is opened: a named pipe would wait for ever.
        if not stat.S_ISREG(target.stat().st_mode):
            raise ArtifactError("not a Bitdial model: not a regular file")
        with target.open("rb") as file:
            data = file.read(limit + 1)
    except ArtifactError:
        raise
    except (OSError, ValueError) as error:
        raise ArtifactError(f"the file cannot be read: {reason(error)}") from error
    return loads(data)


def loads(data: bytes) -> Model:
    """Return the model in `data`; the same checks as `load`."""
    limit = settings().max_artifact_bytes
    if len(data) > limit:
        raise ArtifactError(f"not a Bitdial model: larger than {limit} bytes")
    return decode(data)


__all__ = [
    "SUFFIX",
    "VARIANTS",
    "ArtifactError",
    "HeldBack",
    "Model",
    "decode",
    "encode",
    "from_trained",
    "load",
    "loads",
    "save",
]
