"""The environment, read once, as a frozen dataclass; names of variables stand here and nowhere else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """What the operator may set from outside; sizes in bytes."""

    artifacts: Path = ROOT / "artifacts"
    max_artifact_bytes: int = 8 * 1024 * 1024


@cache
def settings() -> Settings:
    """Return the settings of this process; `BITDIAL_ARTIFACTS` moves the folder of saved models."""
    folder = os.environ.get("BITDIAL_ARTIFACTS", "")
    return Settings(artifacts=Path(folder).resolve() if folder else Settings.artifacts)
