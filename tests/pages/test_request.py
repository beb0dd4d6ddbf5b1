"""The request that Predict shows: pasted, it gives the answers of the page, for every model that it is shown for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.settings import settings
from pages import _request
from tests.api_support import mounted
from tests.own_tables import mixed
from tests.pages.visit import Visit
from tests.support import california


@pytest.fixture
def client() -> TestClient:
    """Return a client of the interface."""
    return mounted()


def blocks(visit: Visit) -> dict[str, str]:
    """Return the request as it is shown, by its language."""
    return {c.language: c.value for c in visit.at.code}


def body_of(curl: str) -> dict[str, Any]:
    """Return the body in the command, as a shell takes it apart."""
    shown = re.sub(r"^curl ", "printf '%s\\\\n' ", curl)
    words = subprocess.run(["sh", "-c", shown], capture_output=True, text=True, check=True).stdout.splitlines()
    found: dict[str, Any] = json.loads(words[words.index("-d") + 1])
    return found


def shown(page: Visit) -> Visit:
    """Return the visit with the request unfolded."""
    return page.unfold("request_box")


def test_the_default_model_is_asked_by_its_name(client: TestClient) -> None:
    """The row on view, by the names of its features; the answers are the two on the page."""
    page = shown(Visit("predict"))
    body = body_of(blocks(page)["bash"])
    assert body["model"] == "default"
    assert body["rows"] == [dict(zip(california().dataset.feature_names, page.at.session_state.district, strict=True))]
    found = client.post("/api/predict", json=body).json()["predictions"]
    assert page.metric("Original") == f"${found['original'][0] * 100_000:,.0f}"
    assert page.metric("Quantised") == f"${found['quantized'][0] * 100_000:,.0f}"


@pytest.mark.parametrize(
    "query",
    [
        {"bits": "3"},
        {"dataset": "diabetes", "model": "ridge", "alpha": "10", "bits": "5"},
        {"dataset": "digits", "model": "logistic", "bits": "2"},
        {"model": "linear", "scaling": "none", "method": "asymmetric", "bits": "6"},
    ],
)
def test_other_settings_are_asked_as_a_recipe(client: TestClient, query: dict[str, str]) -> None:
    """With nothing in it but what differs, and with the answers of the page's own models."""
    page = shown(Visit("predict", v="1", **query))
    body = body_of(blocks(page)["bash"])
    assert set(body) == {"experiment", "rows"}
    found = client.post("/api/predict", json=body).json()
    first = page.comparison
    assert found["predictions"].keys() == {"original", "quantized"}
    assert body["experiment"].get("scheme", {}).get("bits", 8) == first.quantized.scheme.bits


def test_the_python_is_a_program_that_says_the_same(tmp_path: Path) -> None:
    """It compiles, has the body of the other, and needs nothing but Python."""
    texts = blocks(shown(Visit("predict")))
    compile(texts["python"], "request.py", "exec")
    assert set(re.findall(r"^(?:import|from) (\w+)", texts["python"], re.M)) == {"json", "urllib"}
    head = texts["python"].split("headers =")[0]
    program = f"{head}\nprint(json.dumps(body))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == body_of(texts["bash"])


def test_a_model_that_takes_long_is_asked_once_it_is_saved(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before that, the page says so; afterwards its request carries the id of the file."""
    monkeypatch.setenv("BITDIAL_ARTIFACTS", str(tmp_path))
    monkeypatch.setattr(_request, "QUICK", 0.0)
    settings.cache_clear()
    try:
        page = shown(Visit("predict", v="1", bits="5"))
        assert blocks(page) == {}
        assert "Programs ask for such a model by its id" in page.words()
        text = blocks(page.unfold("files_box").press("save"))
        body, key = body_of(text["bash"]), page.at.session_state.workspace
        (path,) = page.saved
        assert body["model"] == path.stem
        assert f"X-Bitdial-Workspace: {key}" in text["bash"]
        assert f'"X-Bitdial-Workspace": "{key}"' in text["python"]
        assert "It is like a password" in page.words()
        headers = {"x-bitdial-workspace": key}
        assert client.post("/api/predict", json=body, headers=headers).json()["model"] == path.stem
        assert client.post("/api/predict", json=body).status_code == 404
        path.unlink()
        assert blocks(page.run()) == {}
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_texts_gaps_and_flags_are_spelt_as_json() -> None:
    """A text by its name, an unknown one as some other, null where nothing is."""
    t = mixed()
    found = _request.row(t, (1.5, 2.0, float("nan"), 3.0))
    assert found == {"f0": 1.5, "f1": "south", "f2": None, "f3": 3}
    assert _request.row(t, (1.5, -1.0, 2.0, 3.0))["f1"] == "another one"
    assert _request.row(t, (1.5, float("nan"), 2.0, 3.0))["f1"] is None


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://demo.example:8501/predict?v=1", "http://demo.example:8501"),
        ("https://[::1]:443/", "https://[::1]:443"),
        ("https://bitdial.example/base/predict", "https://bitdial.example"),
        ("http://a'; rm -rf x/", None),
        ("javascript:alert(1)", None),
        ("", None),
    ],
)
def test_the_address_is_the_one_that_the_browser_uses(
    monkeypatch: pytest.MonkeyPatch, url: str, address: str | None
) -> None:
    """Scheme and host of the page; a host that is none is not repeated."""

    class Context:
        pass

    context = Context()
    context.url = url  # type: ignore[attr-defined]
    monkeypatch.setattr(_request.st, "context", context)
    assert _request.address() == (address or "http://localhost:8501")
