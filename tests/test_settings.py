"""The environment, read once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.settings import HOSTED, MIB, ROOT, Limits, Settings, settings, worker_environment


@pytest.fixture(autouse=True)
def read_anew() -> Iterator[None]:
    """Read the environment anew in each test, and once more afterwards."""
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_without_a_variable_the_defaults_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Saved models go to `artifacts` in the project, and a file may have 8 MiB."""
    monkeypatch.delenv("BITDIAL_ARTIFACTS", raising=False)
    assert settings() == Settings()
    assert settings().artifacts == ROOT / "artifacts"
    assert settings().max_artifact_bytes == 8 * 1024 * 1024


def test_the_folder_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`BITDIAL_ARTIFACTS` names another folder; a relative one is made absolute at once."""
    monkeypatch.setenv("BITDIAL_ARTIFACTS", str(tmp_path))
    assert settings().artifacts == tmp_path.resolve()
    settings.cache_clear()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BITDIAL_ARTIFACTS", "kept")
    assert settings().artifacts == tmp_path.resolve() / "kept"


def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty value does not mean the current folder."""
    monkeypatch.setenv("BITDIAL_ARTIFACTS", "")
    assert settings().artifacts == ROOT / "artifacts"


def test_settings_are_read_once_and_frozen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A variable that changes later has no effect, and nobody can change what was read."""
    first = settings()
    monkeypatch.setenv("BITDIAL_ARTIFACTS", str(tmp_path))
    assert settings() is first
    with pytest.raises(FrozenInstanceError):
        first.max_artifact_bytes = 1  # type: ignore[misc]


def test_the_environment_is_read_in_settings_only() -> None:
    """No other module of the core looks at the environment."""
    readers = [p.name for p in sorted((ROOT / "core").rglob("*.py")) if "os.environ" in p.read_text()]
    assert readers == ["settings.py"]


def test_slow_work_is_bounded_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker fewer than cores, eight jobs waiting, 1.5 GiB and five minutes a job."""
    for name in ("WORKERS", "QUEUE", "JOB_MEMORY", "JOB_SECONDS"):
        monkeypatch.delenv(f"BITDIAL_{name}", raising=False)
    found = settings()
    assert (found.workers, found.queue, found.job_memory, found.job_seconds) == (0, 8, 1536 * 1024**2, 300)


def test_the_bounds_of_slow_work_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is given in MiB, time in seconds."""
    for name, value in (("WORKERS", "3"), ("QUEUE", "0"), ("JOB_MEMORY", "512"), ("JOB_SECONDS", "60")):
        monkeypatch.setenv(f"BITDIAL_{name}", value)
    found = settings()
    assert (found.workers, found.queue, found.job_memory, found.job_seconds) == (3, 0, 512 * 1024**2, 60)


def test_what_may_be_saved_is_bounded_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """50 MiB and 50 files a browser, 2 GiB for all of them; not hosted."""
    for name in ("HOSTED", "WORKSPACE_SIZE", "WORKSPACE_FILES", "WORKSPACES_SIZE"):
        monkeypatch.delenv(f"BITDIAL_{name}", raising=False)
    found, mib = settings(), 1024**2
    assert (found.workspace_bytes, found.workspace_files, found.workspaces_bytes) == (50 * mib, 50, 2048 * mib)
    assert found.hosted is False


def test_the_bounds_of_saving_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes are given in MiB; hosted is 0 or 1."""
    for name, value in (("HOSTED", "1"), ("WORKSPACE_SIZE", "7"), ("WORKSPACE_FILES", "3"), ("WORKSPACES_SIZE", "9")):
        monkeypatch.setenv(f"BITDIAL_{name}", value)
    found, mib = settings(), 1024**2
    assert (found.workspace_bytes, found.workspace_files, found.workspaces_bytes) == (7 * mib, 3, 9 * mib)
    assert found.hosted is True
    monkeypatch.setenv("BITDIAL_HOSTED", "yes")
    settings.cache_clear()
    with pytest.raises(InvalidInput, match="BITDIAL_HOSTED must be a whole number from 0 to 1"):
        settings()


@pytest.mark.parametrize("value", ["many", "-1", "65", "1.5", "1e1", "²", "9" * 5000])
def test_a_bound_that_is_no_number_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """The message names the variable and what it may hold."""
    monkeypatch.setenv("BITDIAL_WORKERS", value)
    with pytest.raises(InvalidInput, match="BITDIAL_WORKERS must be a whole number from 0 to 64, got "):
        settings()


def test_limits_hold_on_a_hosted_server_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `BITDIAL_HOSTED=1` numbers set beside it have no effect."""
    monkeypatch.setenv("BITDIAL_MAX_VISITS", "3")
    assert settings().limits == Limits()
    settings.cache_clear()
    monkeypatch.setenv("BITDIAL_HOSTED", "1")
    assert settings().limits == replace(HOSTED, visits=3)


def test_each_limit_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uploads are given in MiB; 0 is no limit."""
    names = ("MAX_VISITS", "MAX_ADDRESS_VISITS", "FRAMES", "FRAME_BURST", "FRAME_SECONDS", "VISIT_UPLOADS", "UPLOADS",
             "UPLOAD_SECONDS", "REQUESTS", "REQUEST_BURST", "ALL_REQUESTS")  # fmt: skip
    monkeypatch.setenv("BITDIAL_HOSTED", "1")
    for value, name in enumerate(names):
        monkeypatch.setenv(f"BITDIAL_{name}", str(value))
    assert settings().limits == Limits(0, 1, 2, 3, 4, 5 * MIB, 6 * MIB, 7, 8, 9, 10)


def test_proxies_and_hosts_are_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Separated by commas; spaces and empty parts do not matter."""
    monkeypatch.setenv("BITDIAL_TRUSTED_PROXIES", " 10.0.0.2, 172.16.0.0/12,,::1 ")
    monkeypatch.setenv("BITDIAL_FRAME_ANCESTORS", "https://school.example:8443,*.school.example")
    assert [str(network) for network in settings().trusted_proxies] == ["10.0.0.2/32", "172.16.0.0/12", "::1/128"]
    assert settings().frame_ancestors == ("https://school.example:8443", "*.school.example")


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("BITDIAL_HOSTED", "yes", "a whole number from 0 to 1"),
        ("BITDIAL_FRAME_BURST", "0", "a whole number from 1 to 1000000"),
        ("BITDIAL_TRUSTED_PROXIES", "proxy", "addresses or networks"),
        ("BITDIAL_FRAME_ANCESTORS", "https://a.example; script-src *", "hosts like"),
        ("BITDIAL_FRAME_ANCESTORS", "a.example\r\nx: y", "hosts like"),
        ("BITDIAL_FRAME_ANCESTORS", "javascript:alert(1)", "hosts like"),
    ],
)
def test_a_limit_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str) -> None:
    """Nothing half understood is put in force: neither a number nor a host that would change the policy."""
    monkeypatch.setenv("BITDIAL_HOSTED", "1")
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidInput, match=f"^{name} must be {allowed}"):
        settings()


def test_logs_lie_beside_the_models_unless_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In `logs` below the folder of saved models, or in `BITDIAL_LOGS`."""
    monkeypatch.delenv("BITDIAL_LOGS", raising=False)
    monkeypatch.setenv("BITDIAL_ARTIFACTS", str(tmp_path))
    assert settings().logs == tmp_path.resolve() / "logs"
    settings.cache_clear()
    monkeypatch.setenv("BITDIAL_LOGS", str(tmp_path / "elsewhere"))
    assert settings().logs == tmp_path.resolve() / "elsewhere"


def test_workers_compute_in_one_thread_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the server's own environment says; all else is handed on."""
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("SOMETHING", "else")
    found = worker_environment()
    assert [found[f"{name}_NUM_THREADS"] for name in ("OMP", "OPENBLAS", "MKL")] == ["1", "1", "1"]
    assert found["SOMETHING"] == "else"
