"""Workspaces in real browsers and through the running server: a cookie holds the key, and nobody else gets in."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from core import workspaces
from core.workspaces import COOKIE, HEADER
from tests.browser.visitor import Visitor
from tests.running import Server, running
from tests.support import pair_bytes


def listed(server: Server, **headers: str) -> set[str]:
    """Return the ids that the interface lists to a request with these headers."""
    request = urllib.request.Request(f"{server.address}/api/models", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return {one["id"] for one in json.load(answer)["models"]}


def asked(server: Server, model: str, **headers: str) -> int:
    """Return the status of a prediction by a model."""
    body = json.dumps({"model": model, "rows": [[1.0, 2.0]]}).encode()
    sent = {"content-type": "application/json", **headers}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(f"{server.address}/api/predict", body, sent), timeout=30
        ) as a:
            return int(a.status)
    except urllib.error.HTTPError as error:
        return error.code


def kept(server: Server, key: str, name: str) -> Path:
    """Put a model into the workspace of a key, as a save does."""
    path = server.artifacts / "workspaces" / workspaces.folder_of(key) / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pair_bytes())
    return path


def test_programs_get_into_the_workspace_of_their_key_alone(server: Server) -> None:
    """By header or cookie; ids of another, its folder and paths to it are unknown."""
    mine, theirs = workspaces.new_key(), workspaces.new_key()
    kept(server, mine, "a" * 26)
    other = kept(server, theirs, "b" * 26)
    for headers in ({HEADER: mine}, {"cookie": f"{COOKIE}={mine}"}):
        assert listed(server, **headers) >= {"default", "a" * 26}
        assert "b" * 26 not in listed(server, **headers)
        assert asked(server, "a" * 26, **headers) == 200
        for trick in ("b" * 26, other.parent.name, f"../{other.parent.name}/{other.stem}", f"{other.stem}.safetensors"):
            assert asked(server, trick, **headers) == 404
    assert not {"a" * 26, "b" * 26} & listed(server)
    assert asked(server, "a" * 26) == 404
    assert asked(server, "b" * 26, **{HEADER: theirs}) == 200
    log = (server.artifacts / "logs" / "bitdial.jsonl").read_text(encoding="utf-8") + server.log.read_text("utf-8")
    for secret in (mine, theirs, workspaces.folder_of(mine), workspaces.folder_of(theirs)):
        assert secret not in log


def saved_in(visitor: Visitor) -> None:
    """Open the drawer of files."""
    visitor.key("files_box").get_by_text("Save and open").click()
    expect(visitor.key("save").get_by_role("button")).to_be_visible()


def cookie_of(visitor: Visitor) -> Any:
    """Return the cookie with the key."""
    (found,) = [one for one in visitor.page.context.cookies() if one["name"] == COOKIE]
    return found


def test_a_browser_keeps_its_models_and_another_has_none(visit: Callable[..., Visitor], server: Server) -> None:
    """Saved, opened again by the same link in a new tab, listed to the browser's own requests; then Reset."""
    first = visit().open("/?v=1&bits=3")
    saved_in(first)
    first.press("save")
    expect(first.page.get_by_test_id("stMain")).to_contain_text("Saved as 3 bits, symmetric")
    cookie = cookie_of(first)
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert first.page.evaluate("document.cookie").find(COOKIE) == -1
    mine = {path.stem for path in (server.artifacts / "workspaces" / workspaces.folder_of(cookie["value"])).iterdir()}
    assert len(mine) == 1
    again = Visitor(first.page.context.new_page(), server.address).open("/?v=1&bits=3")
    assert cookie_of(again)["value"] == cookie["value"]
    saved_in(again)
    expect(again.key("saved_choice").get_by_role("combobox")).to_have_value(re.compile("^1. 3 bits, symmetric, "))
    answer = again.page.context.request.get(f"{server.address}/api/models")
    assert mine <= {one["id"] for one in answer.json()["models"]}
    other = visit().open("/?v=1&bits=3")
    saved_in(other)
    assert cookie_of(other)["value"] != cookie["value"]
    expect(other.key("saved_choice")).to_have_count(0)
    again.key("reset_box").get_by_role("button", name="Reset").click()
    again.press("reset")
    expect(again.page.get_by_test_id("stMain")).to_contain_text("Deleted: 1 saved model")
    assert not (server.artifacts / "workspaces" / workspaces.folder_of(cookie["value"])).exists()
    assert again.faults == []


def test_a_file_in_place_of_the_folder_leaves_all_else_at_work(tmp_path: Path) -> None:
    """The server starts, says that it is well, lists and predicts; only saving is off."""
    (tmp_path / "artifacts").write_text("in the way", encoding="utf-8")
    with running(tmp_path) as server:
        assert server.health()["status"] == "ok"
        assert listed(server) == {"default"}
        assert asked(server, "default") == 422  # a row of two numbers, for eight: the model is there
        assert asked(server, "a" * 26, **{HEADER: workspaces.new_key()}) == 404
    assert (tmp_path / "artifacts").read_text(encoding="utf-8") == "in the way"
