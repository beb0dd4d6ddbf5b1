"""The environment, read once, as a frozen dataclass; names of variables stand here and nowhere else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.errors import InvalidInput

ROOT = Path(__file__).resolve().parent.parent

MIB = 1024 * 1024
# The libraries under numpy and scikit-learn read these when they are first imported.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")


@dataclass(frozen=True)
class Settings:
    """What the operator may set from outside; sizes in bytes, times in seconds.

    `workers` processes do slow work, one fewer than there are cores where it is 0; `queue` jobs may wait for one.
    """

    artifacts: Path = ROOT / "artifacts"
    max_artifact_bytes: int = 8 * MIB
    logs: Path = ROOT / "artifacts" / "logs"
    workers: int = 0
    queue: int = 8
    job_memory: int = 1536 * MIB
    job_seconds: int = 300
    hosted: bool = False
    workspace_bytes: int = 50 * MIB
    workspace_files: int = 50
    workspaces_bytes: int = 2048 * MIB


def _whole(name: str, default: int, low: int, high: int) -> int:
    """Return the whole number in the variable `name`; raises `InvalidInput` for anything else."""
    text = os.environ.get(name, "")
    if not text:
        return default
    number = int(text) if text.isdecimal() and len(text) < 10 else None
    if number is None or not low <= number <= high:
        raise InvalidInput(name, text, f"a whole number from {low} to {high}")
    return number


@cache
def settings() -> Settings:
    """Return the settings of this process; raises `InvalidInput` for a number that is none.

    `BITDIAL_ARTIFACTS` moves the folder of saved models, `BITDIAL_LOGS` that of the logs. `BITDIAL_WORKERS`,
    `BITDIAL_QUEUE`, `BITDIAL_JOB_MEMORY` (MiB) and `BITDIAL_JOB_SECONDS` bound slow work. `BITDIAL_WORKSPACE_SIZE`
    (MiB) and `BITDIAL_WORKSPACE_FILES` bound what one browser may save, `BITDIAL_WORKSPACES_SIZE` (MiB) what all may
    together; with `BITDIAL_HOSTED` = 1 workspaces that were not used for a day go even where there is room.
    """
    moved, logs = os.environ.get("BITDIAL_ARTIFACTS", ""), os.environ.get("BITDIAL_LOGS", "")
    artifacts = Path(moved).resolve() if moved else Settings.artifacts
    return Settings(
        artifacts=artifacts,
        logs=Path(logs).resolve() if logs else artifacts / "logs",
        workers=_whole("BITDIAL_WORKERS", Settings.workers, 0, 64),
        queue=_whole("BITDIAL_QUEUE", Settings.queue, 0, 1000),
        job_memory=_whole("BITDIAL_JOB_MEMORY", Settings.job_memory // MIB, 256, 1024 * 1024) * MIB,
        job_seconds=_whole("BITDIAL_JOB_SECONDS", Settings.job_seconds, 1, 86_400),
        hosted=_whole("BITDIAL_HOSTED", 0, 0, 1) == 1,
        workspace_bytes=_whole("BITDIAL_WORKSPACE_SIZE", Settings.workspace_bytes // MIB, 1, 1024 * 1024) * MIB,
        workspace_files=_whole("BITDIAL_WORKSPACE_FILES", Settings.workspace_files, 1, 10_000),
        workspaces_bytes=_whole("BITDIAL_WORKSPACES_SIZE", Settings.workspaces_bytes // MIB, 1, 1024 * 1024) * MIB,
    )


def worker_environment() -> dict[str, str]:
    """Return the environment of a worker process: this one's, with one thread for the linear algebra.

    More threads than free cores made boosting thirty times slower.
    """
    return {**os.environ, **dict.fromkeys(_ONE_THREAD, "1")}
