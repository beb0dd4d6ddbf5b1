"""Killed at any moment of a save, there is the old file or the new one, whole."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.sources import ROOT

KILLS = 60


def test_killed_in_mid_save_every_file_loads() -> None:
    """After sixty kills at random moments all files are whole; a save was cut off in the middle at least once."""
    command = [sys.executable, "tests/crash/save.py", str(KILLS)]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found = re.fullmatch(rf"{KILLS} kills, (\d+) in mid save, (\d+) files, all whole\n", done.stdout)
    assert found is not None, done.stdout
    cut, whole = int(found[1]), int(found[2])
    assert cut > 0
    assert whole > KILLS
