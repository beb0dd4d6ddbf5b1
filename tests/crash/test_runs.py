"""Killed at any moment of a save or a promotion, every run and version is whole and the champion is one of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.sources import ROOT

KILLS = 60


def test_killed_in_mid_save_and_mid_promotion_everything_is_whole() -> None:
    """After sixty kills at each all runs and versions load; a save was cut off, and the champion changed, at least once."""
    command = [sys.executable, "tests/crash/runs.py", str(KILLS)]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    pattern = rf"{KILLS} kills at each, (\d+) in mid save, (\d+) champions changed, (\d+) runs, all whole\n"
    found = re.fullmatch(pattern, done.stdout)
    assert found is not None, done.stdout
    cut, moved, whole = map(int, found.groups())
    assert cut > 0
    assert moved > 0
    assert whole >= 2
