"""The store of runs: many at once, one store for all, and MLflow's own server in its place."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import freezer, runs, tracking
from core.errors import InvalidInput, TrackingError
from core.settings import settings
from tests.running import free_port
from tests.runs_support import REGISTRY, own_store, saved
from tests.sources import ROOT
from tests.support import pair_bytes, small_bytes

PROCESSES, THREADS, RUNS = 2, 8, 13


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give each test a folder of models without a store."""
    yield from own_store(tmp_path / "models", monkeypatch, made=False)


def test_two_processes_and_eight_threads_each_lose_nothing(folder: Path) -> None:
    """All begin where there is no store yet; afterwards all 208 runs are there, each with its own figures and file."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.tracking_work", f"p{i}", str(THREADS), str(RUNS)],
            cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True,
        )
        for i in range(PROCESSES)
    ]  # fmt: skip
    for process in processes:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    found = runs.runs(REGISTRY)
    wanted = {f"p{p}-{t}-{i}" for p in range(PROCESSES) for t in range(THREADS) for i in range(RUNS)}
    assert len(found) == len(wanted) == PROCESSES * THREADS * RUNS
    assert {one.label for one in found} == wanted
    models = (pair_bytes(), small_bytes())
    figures = Counter()
    for one in found:
        which = int(one.label.rsplit("-", 1)[1]) % 2
        assert one.note == one.label[::-1]
        assert runs.artefact(REGISTRY, one.id) == models[which]
        figures[(which, tuple(one.metrics.items()), tuple(one.params.items()), one.bytes)] += 1
    assert len(figures) == 2
    assert not [path for path in folder.rglob(".*.tmp*") if path.is_file()]


def test_the_first_client_of_a_frozen_process_freezes_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the late import brought is moved out of the collector's sight where the process is frozen, and only there."""
    steps: list[str] = []
    monkeypatch.setattr(freezer, "refreeze", lambda: steps.append("freeze"))
    monkeypatch.setattr(gc, "get_freeze_count", lambda: 0)
    tracking.client()
    assert steps == []
    monkeypatch.setattr(tracking, "_clients", {})
    monkeypatch.setattr(gc, "get_freeze_count", lambda: 1)
    tracking.client()
    tracking.client()
    assert steps == ["freeze"]


def test_the_stamp_changes_with_the_store() -> None:
    """Without a store there is none; each save and each note changes it, looking does not."""
    assert runs.stamp() is None
    one = saved(8)
    seen = [runs.stamp()]
    runs.runs(REGISTRY)
    assert runs.stamp() == seen[0]
    runs.note(REGISTRY, one.id, "a")
    seen.append(runs.stamp())
    saved(4)
    seen.append(runs.stamp())
    assert len(set(seen)) == 3


def test_a_server_that_is_away_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens on the port: a `TrackingError`, within seconds."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    settings.cache_clear()
    assert runs.exists()
    assert runs.stamp() is None
    with pytest.raises(TrackingError, match="the store of runs"):
        runs.runs(REGISTRY)


@pytest.mark.parametrize(
    "address",
    ["file:///tmp", "sqlite:///x.db", "databricks", "ftp://me:secret@host", "http://", "http://a b", "http://a?b=c"],
)
def test_the_address_of_a_server_is_one(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Only a server's address is taken, and what came is not repeated: there may be a password in it."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    settings.cache_clear()
    with pytest.raises(InvalidInput, match="MLFLOW_TRACKING_URI must be the address of a server") as caught:
        settings()
    assert f'"{address}"' not in str(caught.value)
