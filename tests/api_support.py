"""What the tests of the REST interface share: a client of it as it is mounted, rows, and the form of a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from core.api import api, library
from core.settings import settings
from tests.support import california

NAMES = california().dataset.feature_names
FACTS = {"field", "value", "allowed", "message", "row", "column"}


def mounted() -> TestClient:
    """Return a client of the interface as the server mounts it; an error of its own is no answer but a failure."""
    return TestClient(Starlette(routes=[Mount("/api", app=api)]))


def models_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield an empty folder of models that the interface looks into; afterwards all is as it was."""
    monkeypatch.setenv("BITDIAL_ARTIFACTS", str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    settings.cache_clear()
    library.clear()
    yield tmp_path / "models"
    monkeypatch.undo()
    settings.cache_clear()
    library.clear()


def row(i: int = 0) -> dict[str, float]:
    """Return a test row of California Housing by the names of its features."""
    return dict(zip(NAMES, california().rows("test")[0][i].tolist(), strict=True))


def error(answer: Any, status: int) -> dict[str, Any]:
    """Return the facts of a refusal, once its status and its form have been seen to be right."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert len(answer.headers["x-request-id"]) >= 1
    found = answer.json()
    assert set(found) == {"error"}
    facts: dict[str, Any] = found["error"]
    assert set(facts) == FACTS
    assert facts["message"].startswith(f"{facts['field']} must be {facts['allowed']}, got ")
    return facts
