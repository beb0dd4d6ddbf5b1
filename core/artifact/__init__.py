"""One `.safetensors` file for a model and its twin: written in one step, checked whole before it is used."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from core.artifact.codec import encode
from core.artifact.model import VARIANTS, Model, from_trained
from core.artifact.reader import decode
from core.errors import ArtifactError
from core.settings import settings

SUFFIX = ".safetensors"


def save(model: Model, path: str | Path) -> Path:
    """Write `model` to `path` and return it: after a crash there is the old file or the new one, whole.

    Raises `ArtifactError` with the system's reason when the file cannot be written.
    """
    target = Path(path)
    data = encode(model)
    temporary = target.parent / f".{secrets.token_hex(8)}.tmp"
    try:
        _write(temporary, data)
        os.replace(temporary, target)
    except (OSError, ValueError) as error:
        with suppress(OSError, ValueError):
            temporary.unlink(missing_ok=True)
        raise ArtifactError(f"the file cannot be written: {_reason(error)}; nothing was changed") from error
    # The new file is in its place, whole; a folder that cannot be synchronised does not take that back.
    with suppress(OSError):
        _sync_folder(target.parent)
    return target


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def publish(model: Model) -> Path:
    """Write `model` under a new, unguessable name in the folder of saved models and return its path."""
    folder = settings().artifacts
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"saving is off: {_reason(error)}") from error
    return save(model, folder / f"{secrets.token_hex(13)}{SUFFIX}")


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
        raise ArtifactError(f"the file cannot be read: {_reason(error)}") from error
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
    "Model",
    "decode",
    "encode",
    "from_trained",
    "load",
    "loads",
    "publish",
    "save",
]
