"""The environment, read once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from core.settings import ROOT, Settings, settings


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
