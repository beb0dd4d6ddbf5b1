"""The REST interface as it is mounted: health, models, documentation, what is refused, and the line in the log."""

from __future__ import annotations

import json
import os
import re
import shlex
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from core import logs
from core.api import api, app, describe, library, mark_ready, predict, shelf
from core.version import VERSION
from tests.api_support import error, models_folder, mounted, row
from tests.cli_support import original_file, pair_file
from tests.sources import ROOT
from tests.support import small_classifier_file, small_file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return an empty folder of models that the interface looks into."""
    yield from models_folder(tmp_path, monkeypatch)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """Return a client of the interface before anything is ready."""
    monkeypatch.setattr(app, "_ready", threading.Event())
    return mounted()


def test_health_says_when_the_default_model_is_ready(client: TestClient) -> None:
    """Before the warm-up the process is starting; afterwards it is ok, and stays so."""
    before = client.get("/api/health")
    assert before.status_code == 200
    assert before.headers["content-type"] == "application/json"
    found = before.json()
    assert found["versions"].keys() == {"bitdial", "python", "numpy", "scikit-learn", "safetensors"}
    assert (found["status"], found["version"], found["default_model_ready"]) == ("starting", VERSION, False)
    mark_ready()
    for _ in range(2):
        after = client.get("/api/health").json()
        assert (after["status"], after["default_model_ready"]) == ("ok", True)


def test_uptime_never_runs_backwards(client: TestClient) -> None:
    """The seconds since the start are at least zero and do not fall."""
    first, second = (client.get("/api/health").json()["uptime_seconds"] for _ in range(2))
    assert 0 <= first <= second


@pytest.mark.parametrize(
    "path", ["/api/redoc", "/api/", "/api/nothing", "/api/health/", "/api/health/more", "/api/..%2f"]
)
def test_what_does_not_exist_is_404_in_our_form(client: TestClient, path: str) -> None:
    """Nothing of the address is repeated, and what there is stands in the answer."""
    facts = error(client.get(path, follow_redirects=False), 404)
    assert (facts["field"], facts["value"]) == ("path", "an unknown one")
    assert facts["allowed"] == "one of " + ", ".join(describe.PATHS)


@pytest.mark.parametrize("path", describe.PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
def test_a_path_takes_the_methods_that_are_described(client: TestClient, path: str, method: str) -> None:
    """Any other is refused with those that it takes, whatever it brings along."""
    described = {m.upper() for m in describe.document()["paths"][path]}
    if method in described:
        return
    answer = client.request(method, f"/api{path}", content=b"\x00" * 100)
    facts = error(answer, 405)
    assert set(answer.headers["allow"].split(", ")) - {"HEAD"} == described
    assert facts["value"] == method


@pytest.mark.parametrize("query", ["?x=1", "?" + "a" * 2000, "?x=%00%ff"])
def test_health_takes_no_notice_of_noise(client: TestClient, query: str) -> None:
    """Parameters that nobody asked for change nothing."""
    assert client.get(f"/api/health{query}").json()["version"] == VERSION


def test_the_description_names_every_route_and_loads_nothing(client: TestClient) -> None:
    """What is routed is described, references lead somewhere, and no foreign address is in it."""
    answer = client.get("/api/openapi.json")
    described = answer.json()
    assert described["openapi"] == "3.1.0"
    assert described["info"]["version"] == VERSION
    routed = {route.path: {m.lower() for m in route.methods} - {"head"} for route in api.routes}  # type: ignore[attr-defined]
    assert {path: set(methods) for path, methods in described["paths"].items()} == routed
    for name in re.findall(r'"#/components/schemas/(\w+)"', answer.text):
        assert name in described["components"]["schemas"]
    assert "http" not in answer.text


def test_the_documentation_needs_nothing_else(client: TestClient) -> None:
    """One page, without a script, a foreign address or a file of its own; every path and object is on it."""
    answer = client.get("/api/docs")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; ")
    text = answer.text
    assert "<script" not in text
    assert not re.search(r"\b(src|srcset|action)=|@import|url\(", text)
    assert set(re.findall(r"https?://[^/\s&']+", text)) == {"http://localhost:8501"}
    assert all(link.startswith(("#", "/api/")) for link in re.findall(r'href="([^"]*)"', text))
    for path in describe.PATHS:
        assert f"/api{path}</h2>" in text
    for name in describe.document()["components"]["schemas"]:
        assert f'<h3 id="object-{name}">' in text
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(re.findall(r'id="([^"]+)"', text))


def test_under_a_base_path_the_description_names_it(client: TestClient) -> None:
    """Both forms of the description say where the interface is mounted."""
    moved = TestClient(Starlette(routes=[Mount("/dial/api", app=api)]))
    assert client.get("/api/openapi.json").json()["servers"] == [{"url": "/api"}]
    assert moved.get("/dial/api/openapi.json").json()["servers"] == [{"url": "/dial/api"}]
    assert "http://localhost:8501/dial/api/predict" in moved.get("/dial/api/docs").text


def test_every_answer_says_what_it_is_and_carries_its_id(client: TestClient) -> None:
    """No sniffing, no storing; the id is the client's own where it is a plain word, and ours otherwise."""
    answer = client.get("/api/health", headers={"x-request-id": "my-run_7"})
    assert answer.headers["x-request-id"] == "my-run_7"
    assert (answer.headers["x-content-type-options"], answer.headers["cache-control"]) == ("nosniff", "no-store")
    for odd in ("a b", "x" * 65, "a\tb", ""):
        given = client.get("/api/nothing", headers={"x-request-id": odd}).headers["x-request-id"]
        assert re.fullmatch("[0-9a-f]{16}", given)


def test_the_requests_of_the_readme_are_answered(client: TestClient) -> None:
    """Each line that sends something is right as it stands."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^curl -sS --json (.*)$", text, re.M)
    assert len(lines) == 3
    for line in lines:
        body, address = shlex.split(line)
        assert client.post(urlsplit(address).path, json=json.loads(body)).status_code == 200


def test_models_lists_the_default_model_and_every_file(client: TestClient, folder: Path) -> None:
    """Family, features with units and ranges, metrics by part, scheme and bytes; what does not open says why."""
    pair = pair_file(folder)
    small_classifier_file().save(folder / "classes.safetensors")
    (folder / "broken.safetensors").write_bytes(b"\x80\x04")
    (folder / "link.safetensors").symlink_to(pair)
    (folder / "not ours.safetensors").write_bytes(b"")
    (folder / "notes.txt").write_text("", encoding="utf-8")
    found = client.get("/api/models").json()
    models = {m["id"]: m for m in found["models"]}
    assert set(models) == {"default", "pair", "classes"}
    assert found["models"][0]["id"] == "default"
    assert found["unreadable"] == [
        {"id": "broken", "reason": "one that opens: not a Bitdial model: the file is empty or cut short"}
    ]
    assert found["not_listed"] == 0
    one = models["pair"]
    assert (one["family"], one["task"], one["holds"]) == ("linear", "regression", ["original", "quantized"])
    assert one["bytes"] == pair.stat().st_size
    assert one["scheme"]["bits"] == 6
    assert one["features"][0]["name"] == "MedInc"
    assert one["features"][0]["low"] < one["features"][0]["high"]
    assert one["metrics"]["original"]["test"]["r2"] == pytest.approx(0.5758, abs=5e-5)
    assert set(one["metrics"]["quantized"]) == {"test", "train"}
    assert one["sizes"]["original"]["payload"] == 9 * 8
    assert models["classes"]["classes"] == ["class 0", "class 1", "class 2"]


def test_a_folder_that_is_not_there_holds_no_models(client: TestClient, folder: Path) -> None:
    """The default model is there all the same."""
    folder.rmdir()
    assert [m["id"] for m in client.get("/api/models").json()["models"]] == ["default"]
    assert client.post("/api/predict", json={"rows": [row()]}).status_code == 200


def asked(client: TestClient, model: str) -> Any:
    """Return the answer to one row of the model called `model`."""
    return client.post("/api/predict", json={"model": model, "rows": [row()]})


def test_a_file_is_answered_from_memory_until_it_is_another(
    client: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loaded model is not read again; a new file of the same name is, and a deleted one is gone."""
    path = pair_file(folder)
    reads: list[Path] = []
    read = library.contents
    monkeypatch.setattr(library, "contents", lambda p: reads.append(p) or read(p))
    first = [asked(client, "pair").json()["predictions"] for _ in range(3)]
    assert first[0] == first[1] == first[2]
    assert reads == [path]
    original_file(folder).replace(path)
    assert list(asked(client, "pair").json()["predictions"]) == ["original"]
    assert reads == [path, path]
    path.unlink()
    assert error(asked(client, "pair"), 404)["value"] == "pair"


def test_the_memory_for_models_is_bounded(client: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many files the ones asked for last are kept; the others are read again, with the same answer."""
    for i in range(4):
        replace(small_file(), label=f"number {i}").save(folder / f"m{i}.safetensors")
    monkeypatch.setattr(shelf, "_MOST_BYTES", 2 * (folder / "m0.safetensors").stat().st_size + 10)
    answers = [
        client.post("/api/predict", json={"model": f"m{i}", "rows": [[1.0, 2.0]]}).json()["predictions"]
        for i in (0, 1, 2, 3, 0)
    ]
    assert len(shelf._models) == 2
    assert answers[0] == answers[4]


@pytest.mark.parametrize(
    "name",
    ["../secret", "/etc/passwd", "a/b", "..", ".hidden", "", "x" * 65, "CON\x00", "a.safetensors", "naïve", "a b"],
)
def test_an_id_is_a_word_and_no_path(client: TestClient, folder: Path, name: str) -> None:
    """Whatever could lead out of the folder is refused before any file is looked at."""
    (folder.parent / "secret.safetensors").write_bytes(b"x")
    facts = error(client.post("/api/predict", json={"model": name, "rows": [[1]]}), 404)
    assert facts["allowed"] == "the id of a model, see /api/models"


def test_a_link_and_a_pipe_are_no_models(client: TestClient, folder: Path) -> None:
    """A link is not followed, a pipe is not waited for, a folder is not read."""
    pair = pair_file(folder.parent)
    (folder / "link.safetensors").symlink_to(pair)
    os.mkfifo(folder / "pipe.safetensors")
    (folder / "sub.safetensors").mkdir()
    for name in ("link", "pipe", "sub"):
        assert error(asked(client, name), 404)["value"] == name


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """Return the log file into which the interface writes."""
    logs.configure(tmp_path / "logs", console=False)
    yield tmp_path / "logs" / logs.FILE
    logs.shut()


def test_every_request_is_one_line_and_no_value_is_in_it(client: TestClient, folder: Path, log: Path) -> None:
    """Id, route, status and milliseconds; of predictions model, variant and count of rows; never what was sent."""
    secret = {**row(), "MedInc": 7123.125}
    client.post("/api/predict", json={"rows": [secret, secret], "variant": "original"}, headers={"x-request-id": "a"})
    client.post("/api/predict", json={"rows": [{**secret, "person": "Ann"}]})
    client.post("/api/predict", json={"model": "private-name", "rows": [[7123.125]]})
    client.post("/api/quantize", json={"scheme": {"bits": 4}})
    client.get("/api/private-path?secret=7123")
    text = log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(e["event"], e["route"], e["status"]) for e in lines] == [
        ("request", "/predict", 200), ("request", "/predict", 422), ("request", "/predict", 404),
        ("request", "/quantize", 200), ("request", "none", 404),
    ]  # fmt: skip
    assert {k: lines[0][k] for k in ("id", "model", "variant", "rows")} == {
        "id": "a", "model": "default", "variant": "original", "rows": 2,
    }  # fmt: skip
    assert (lines[3]["method"], lines[3]["bits"]) == ("symmetric", 4)
    assert all(e["ms"] > 0 for e in lines)
    for one in ("7123", "Ann", "person", "private", "secret"):
        assert one not in text


def test_an_error_of_ours_is_answered_with_its_id_alone(
    client: TestClient, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback and no value reaches the client; the log has the place in the code, under the same id."""

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("7123 in a message")

    monkeypatch.setattr(predict, "matrix", broken)
    answer = client.post("/api/predict", json={"rows": [row()]}, headers={"x-request-id": "mine"})
    facts = error(answer, 500)
    assert facts["value"] == "mine"
    text = log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [e["event"] for e in lines] == ["request failed", "request"]
    assert (lines[0]["error"], lines[0]["id"], lines[1]["status"]) == ("ZeroDivisionError", "mine", 500)
    assert "predict.py:" in lines[0]["where"]
    assert "7123" not in text + answer.text
