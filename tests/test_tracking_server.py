"""The same against a real MLflow server, from an environment of its own: `make` puts it into .venv/mlflow."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import runs, tracking
from core.artifact import encode
from core.settings import settings
from tests.running import free_port, stop
from tests.runs_support import REGISTRY, own_store, pair, saved
from tests.sources import ROOT

SERVER = ROOT / ".venv" / "mlflow" / "bin" / "mlflow"
START_SECONDS = 90


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start MLflow's server on a free port, with a folder of its own, and end it."""
    if not SERVER.exists():
        if os.environ.get("BITDIAL_REQUIRE_MLFLOW") == "1":
            pytest.fail(f"no MLflow server in {SERVER.relative_to(ROOT)}: `make mlflow` installs it")
        pytest.skip("no MLflow server: `make mlflow` installs it")
    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    command = [str(SERVER), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += [
        "--backend-store-uri",
        f"sqlite:///{folder}/server.db",
        "--artifacts-destination",
        str(folder / "files"),
    ]
    # Without its helpers for long work, which are seven more processes.
    off = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    environment = {**os.environ, **off}
    with (folder / "log.txt").open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
    found, deadline = f"http://127.0.0.1:{port}", time.monotonic() + START_SECONDS
    try:
        while not _healthy(found):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the MLflow server did not start:\n{(folder / 'log.txt').read_text(encoding='utf-8')}")
            time.sleep(0.2)
        yield found
    finally:
        stop(process)


def _healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def test_runs_files_and_aliases_are_seen_by_mlflows_own_client(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Save, promote and roll back on a server: what its own client finds there is what we kept, byte for byte."""
    for _ in own_store(tmp_path / "models", monkeypatch, made=False):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        settings.cache_clear()
        first, second = saved(8, "eight", "a note"), saved(10, "ten")
        assert [one.label for one in runs.runs(REGISTRY)] == ["ten", "eight"]
        for one in (first, second):
            assert runs.promote(REGISTRY, runs.register(REGISTRY, one.id).number, 0.01).promoted
        _seen_from_outside(address, first, second, tmp_path)
        assert runs.rollback(REGISTRY).number == 1
        runs.delete(REGISTRY, second.id)
        assert [one.label for one in runs.runs(REGISTRY)] == ["eight"]
        runs.restore(REGISTRY, second.id)
        assert runs.artefact(REGISTRY, first.id) == encode(pair(8)[0])
        assert not (tmp_path / "models" / "tracking" / "runs.db").exists()
        assert runs.forget(REGISTRY) == 2


def _seen_from_outside(address: str, first: runs.Run, second: runs.Run, folder: Path) -> None:
    """Look at the server with a client of MLflow that we had no hand in."""
    client = type(tracking.client())(address, address)
    experiment = client.get_experiment_by_name(REGISTRY.name)
    assert {run.info.run_id for run in client.search_runs([experiment.experiment_id])} == {first.id, second.id}
    run = client.get_run(first.id)
    assert run.data.metrics["quantized.test.r2"] == first.score()
    assert run.data.params["scheme.bits"] == "8"
    assert run.data.tags["bitdial.note"] == "a note"
    assert {"model.safetensors", "comparison.json"} <= {one.path for one in client.list_artifacts(first.id)}
    path = client.download_artifacts(first.id, "model.safetensors", str(folder))
    assert Path(path).read_bytes() == encode(pair(8)[0])
    champion = client.get_model_version_by_alias(REGISTRY.name, "champion")
    assert (champion.version, champion.run_id, champion.tags["stage"]) == ("2", second.id, "Production")
