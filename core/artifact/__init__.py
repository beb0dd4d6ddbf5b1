"""One `.safetensors` file for a model and its twin: written in one step, checked whole before it is used."""

from __future__ import annotations

import os
import secrets
import stat
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
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
    try:
        _write(temporary, data)
        os.replace(temporary, target)
        _sync_folder(target.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        raise ArtifactError(f"the file cannot be written: {reason}; nothing was changed") from error
    return target


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
        raise ArtifactError(f"saving is off: {error.strerror or type(error).__name__}") from error
    return save(model, folder / f"{secrets.token_hex(13)}{SUFFIX}")


def load(path: str | Path) -> Model:
    """Return the model in the file at `path`; raises `ArtifactError` for anything but a whole, unaltered one."""
    target, limit = Path(path), settings().max_artifact_bytes
    try:
        with target.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ArtifactError("not a Bitdial model: not a regular file")
            data = file.read(limit + 1)
    except OSError as error:
        raise ArtifactError(f"the file cannot be read: {error.strerror or type(error).__name__}") from error
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
