"""Workspaces through the REST interface: whose models a request is answered from, and what it learns of others."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from starlette.testclient import TestClient

from core import logs, workspaces
from core.api import describe
from core.artifact import loads
from core.workspaces import HEADER
from tests.api_support import error, models_folder, mounted
from tests.support import pair_bytes, small_file

ROW = [[1.0, 2.0]]
UNKNOWN = "the id of a model, see /api/models"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return an empty folder of models that the interface looks into."""
    yield from models_folder(tmp_path, monkeypatch)


@pytest.fixture
def client() -> TestClient:
    """Return a client of the interface."""
    return mounted()


def kept() -> tuple[str, str]:
    """Return a new key and the id of a model that is saved under it."""
    key = workspaces.new_key()
    return key, workspaces.save(workspaces.folder_of(key), small_file())


def asked(client: TestClient, model: str, key: str = "", path: str = "predict") -> Any:
    """Return the answer to a request for a model, with a key or without one."""
    body = {"model": model, "rows": ROW} if path == "predict" else {"model": model}
    return client.post(f"/api/{path}", json=body, headers={HEADER: key} if key else {})


def ids(client: TestClient, **headers: str) -> list[str]:
    """Return the ids of the models that are listed."""
    return [one["id"] for one in client.get("/api/models", headers=headers).json()["models"]]


def test_a_key_opens_its_workspace_and_no_other(client: TestClient, folder: Path) -> None:
    """By the header or by the cookie; the header wins, and a request without either sees what all see."""
    (folder / "of-the-operator.safetensors").write_bytes(pair_bytes())
    (mine, own), (theirs, other) = kept(), kept()
    for key, found, hidden in ((mine, own, other), (theirs, other, own)):
        assert ids(client, **{HEADER: key}) == ids(client, cookie=f"bitdial_workspace={key}")
        assert set(ids(client, **{HEADER: key})) == {"default", "of-the-operator", found}
        expected = small_file().predict(ROW).tolist()
        assert asked(client, found, key).json()["predictions"]["quantized"] == expected
        assert asked(client, "of-the-operator", key).status_code == 200
        assert asked(client, found, key, "quantize").status_code == 422  # a model without rows: not a word of 404
        for path in ("predict", "quantize"):
            assert error(asked(client, hidden, key, path), 404)["allowed"] == UNKNOWN
            assert error(asked(client, hidden, "", path), 404)["allowed"] == UNKNOWN
    both = {HEADER: mine, "cookie": f"bitdial_workspace={theirs}"}
    assert set(ids(client, **both)) == {"default", "of-the-operator", own}
    assert set(ids(client)) == {"default", "of-the-operator"}


def test_no_trick_leads_into_another_workspace(client: TestClient, folder: Path) -> None:
    """Paths, folders, links, other spellings, and a model that is in memory already: all are unknown ids."""
    (mine, own), (theirs, other) = kept(), kept()
    place = workspaces.folder_of(theirs)
    assert asked(client, other, theirs).status_code == 200
    (folder / "workspaces" / workspaces.folder_of(mine) / f"{'b' * 26}.safetensors").symlink_to(
        folder / "workspaces" / place / f"{other}.safetensors"
    )
    tricks = [other, place, f"../{place}/{other}", f"workspaces/{place}/{other}", f"../workspaces/{place}/{other}",
              f"/{place}/{other}", f"{place}%2f{other}", f"..\\{place}\\{other}", f"{other}.safetensors", other.upper(),
              f"{other}\x00", f" {other}", "b" * 26, "workspaces", "..", ""]  # fmt: skip
    for trick in tricks:
        for key in (mine, ""):
            for path in ("predict", "quantize"):
                assert error(asked(client, trick, key, path), 404)["allowed"] == UNKNOWN
    assert set(ids(client, **{HEADER: mine})) == {"default", own}


@pytest.mark.parametrize("given", ["short", "k" * 44, "../" * 14 + "x", "k" * 42 + "/"])
def test_a_header_that_is_no_key_is_refused_and_not_repeated(client: TestClient, given: str) -> None:
    """Mistyped it is said so, whatever the cookie holds; a cookie that is none counts as none."""
    headers = {HEADER: given, "cookie": f"bitdial_workspace={workspaces.new_key()}"}
    for answer in (
        client.post("/api/predict", json={"rows": ROW}, headers=headers),
        client.post("/api/quantize", json={}, headers=headers),
        client.get("/api/models", headers=headers),
    ):
        assert error(answer, 422)["field"] == HEADER
        assert given not in answer.text
    assert client.get("/api/models", headers={"cookie": f"bitdial_workspace={given}"}).status_code == 200
    assert client.get("/api/health", headers=headers).status_code == 200


def test_another_workspaces_id_is_as_unknown_as_one_that_never_was(
    client: TestClient, folder: Path, tmp_path: Path
) -> None:
    """The same answer, the same line in the log, and the same time: medians of 60 in turns, within a third."""
    (mine, _), (theirs, other) = kept(), kept()
    assert asked(client, other, theirs).status_code == 200
    names = {"of another": other, "of nobody": "a" * 26}
    logs.configure(tmp_path / "logs", console=False)
    took: dict[str, list[float]] = {name: [] for name in names}
    answers = {name: asked(client, model, mine) for name, model in names.items()}
    for _ in range(60):
        for name, model in names.items():
            start = time.perf_counter()
            client.post("/api/predict", json={"model": model, "rows": ROW}, headers={HEADER: mine})
            took[name].append(time.perf_counter() - start)
    logs.shut()
    texts = [answers[name].text.replace(model, "ID") for name, model in names.items()]
    assert texts[0] == texts[1]
    heads = [{k: v for k, v in answers[name].headers.items() if k != "x-request-id"} for name in names]
    assert heads[0] == heads[1]
    lines = [json.loads(line) for line in (tmp_path / "logs" / logs.FILE).read_text(encoding="utf-8").splitlines()]
    plain = [{k: v for k, v in line.items() if k not in ("time", "id", "ms")} for line in lines]
    assert all(line == {"level": "info", "event": "request", "route": "/predict", "status": 404} for line in plain)
    one, two = (median(values) for values in took.values())
    assert abs(one - two) < max(one, two) / 3


def test_no_key_and_no_folder_is_in_the_log(client: TestClient, folder: Path, tmp_path: Path) -> None:
    """Whatever is asked for, and whether it is there or not."""
    logs.configure(tmp_path / "logs", console=False)
    key, own = kept()
    asked(client, own, key)
    asked(client, own, key, "quantize")
    ids(client, cookie=f"bitdial_workspace={key}")
    client.get("/api/models", headers={HEADER: key + "x"})
    logs.shut()
    text = (tmp_path / "logs" / logs.FILE).read_text(encoding="utf-8")
    assert text.count('"request"') == 4
    assert key not in text
    assert workspaces.folder_of(key)[:7] not in text


def test_what_is_deleted_is_gone_for_programs_too(client: TestClient, folder: Path) -> None:
    """Although it was in memory a moment ago."""
    key, own = kept()
    assert asked(client, own, key).status_code == 200
    workspaces.reset(workspaces.folder_of(key))
    assert error(asked(client, own, key), 404)["allowed"] == UNKNOWN
    assert ids(client, **{HEADER: key}) == ["default"]


def test_the_key_is_described(client: TestClient) -> None:
    """On each path that takes it, in the description and on its page."""
    paths = describe.document()["paths"]
    takes = {(path, method) for path, ways in paths.items() for method, one in ways.items() if "parameters" in one}
    assert takes == {("/models", "get"), ("/predict", "post"), ("/quantize", "post"), ("/monitor", "post")}
    (parameter,) = paths["/predict"]["post"]["parameters"]
    assert (parameter["name"], parameter["in"]) == (HEADER, "header")
    text = client.get("/api/docs").text
    assert text.count(f"header <code>{HEADER}</code>") == 4
    assert "like a password" in text


def test_the_small_file_is_whole() -> None:
    """What these tests save is a model that opens."""
    assert loads(pair_bytes()).label == "small"
