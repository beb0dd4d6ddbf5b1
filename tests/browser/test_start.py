"""A fresh server answers: health as JSON, every path opened cold, no request to another machine."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Server
from tests.browser.visitor import Visitor


def test_health_is_json_and_ready(server: Server) -> None:
    """The health check says "ok" in JSON once the default model is trained."""
    health = server.health()
    assert health["status"] == "ok"
    assert health["default_model_ready"] is True


def test_unknown_paths_below_api_are_json_404(server: Server) -> None:
    """Below /api an unknown path is never answered with the HTML page."""
    with pytest.raises(urllib.error.HTTPError, match="404") as caught:
        urllib.request.urlopen(f"{server.address}/api/nothing", timeout=5)
    assert caught.value.headers["content-type"] == "application/json"
    caught.value.close()


# All others are opened cold where their looks are tested.
@pytest.mark.parametrize("path", ["/", "/quantise", "/runs"])
def test_every_path_opens_cold(visit: Callable[..., Visitor], path: str) -> None:
    """A path opened as the first visit shows its page, without a dialog, an exception or a console error."""
    visitor = visit(fresh=path == "/").open(path)
    expect(visitor.key("bits").get_by_role("slider")).to_be_visible()
    expect(visitor.page.get_by_role("dialog")).to_have_count(0)
    expect(visitor.page.get_by_test_id("stException")).to_have_count(0)


def test_the_recorder_hears_faults(visit: Callable[..., Visitor]) -> None:
    """Console errors, exceptions and requests to other machines are all noticed, so that silence means something."""
    visitor = visit().open("/")
    visitor.page.evaluate("console.error('planted'); setTimeout(() => { throw new Error('thrown'); }, 0);")
    visitor.page.evaluate("fetch('http://192.0.2.1/', {signal: AbortSignal.timeout(50)}).catch(() => 0)")
    visitor.page.wait_for_timeout(300)
    heard = " ".join(visitor.faults)
    assert "planted" in heard
    assert "thrown" in heard
    assert "192.0.2.1" in heard
    visitor.faults.clear()
