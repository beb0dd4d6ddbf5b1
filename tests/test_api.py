"""The REST interface as it is mounted: JSON, strict methods, nothing loaded from elsewhere."""

from __future__ import annotations

import threading

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from core import api
from core.version import VERSION


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """Return a client of the interface as the server mounts it, before anything is ready."""
    monkeypatch.setattr(api, "_ready", threading.Event())
    return TestClient(Starlette(routes=[Mount("/api", app=api.api)]))


def test_health_says_when_the_default_model_is_ready(client: TestClient) -> None:
    """Before the warm-up the process is starting; afterwards it is ok, and stays so."""
    before = client.get("/api/health")
    assert before.status_code == 200
    assert before.headers["content-type"] == "application/json"
    assert before.json() | {"uptime_seconds": 0} == {
        "status": "starting", "version": VERSION, "default_model_ready": False, "uptime_seconds": 0,
    }  # fmt: skip
    api.mark_ready()
    for _ in range(2):
        after = client.get("/api/health").json()
        assert (after["status"], after["default_model_ready"]) == ("ok", True)


def test_uptime_never_runs_backwards(client: TestClient) -> None:
    """The seconds since the start are at least zero and do not fall."""
    first, second = (client.get("/api/health").json()["uptime_seconds"] for _ in range(2))
    assert 0 <= first <= second


@pytest.mark.parametrize("path", ["/api/docs", "/api/redoc", "/api/", "/api/nothing", "/api/health/more", "/api/..%2f"])
def test_what_does_not_exist_is_404_in_json(client: TestClient, path: str) -> None:
    """No page that loads scripts from elsewhere, and no trace of the server in an error."""
    answer = client.get(path, follow_redirects=False)
    assert answer.status_code == 404
    assert answer.json() == {"detail": "Not Found"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_health_can_only_be_read(client: TestClient, method: str) -> None:
    """Another method is refused, whatever it brings along."""
    answer = client.request(method, "/api/health", content=b"\x00" * 100)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize("query", ["?x=1", "?" + "a" * 2000, "?x=%00%ff"])
def test_health_takes_no_notice_of_noise(client: TestClient, query: str) -> None:
    """Parameters that nobody asked for change nothing."""
    assert client.get(f"/api/health{query}").json()["version"] == VERSION


def test_the_description_names_every_path_and_loads_nothing(client: TestClient) -> None:
    """The description carries our version and the health check with its fields, and no foreign address."""
    answer = client.get("/api/openapi.json")
    described = answer.json()
    assert described["info"] == {"title": "Bitdial", "version": VERSION}
    assert set(described["paths"]) == {"/health"}
    fields = described["components"]["schemas"]["Health"]["properties"]
    assert set(fields) == {"status", "version", "default_model_ready", "uptime_seconds"}
    assert "http" not in answer.text
