"""The real server and a real browser, each started once for the session; a fresh visitor for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.tabs import Tabs
from tests.browser.visitor import Visitor
from tests.running import Server, running

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

# The browser itself must not talk to anybody either: whatever is seen on the network is then ours.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-client-side-phishing-detection",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--metrics-recording-only",
    "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication",
]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start the dashboard with an empty folder of models, and end it and all that it started."""
    with running(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture(scope="session")
def tabs() -> Iterator[Tabs]:
    """Start the installed Chromium; without one, skip, or fail where BITDIAL_REQUIRE_BROWSER=1 says so."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        missing = f"no browser found ({', '.join(BROWSERS)})"
        if os.environ.get("BITDIAL_REQUIRE_BROWSER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield Tabs(started)
        started.close()


@pytest.fixture
def visit(server: Server, tabs: Tabs) -> Iterator[Callable[..., Visitor]]:
    """Return a function that makes a visitor with a browser of their own; none may meet an error by the end.

    Keyword arguments are those of `Tabs.take`: `viewport`, `color_scheme`, `fresh`, ...
    """
    visitors: list[Visitor] = []

    def new(**options: Any) -> Visitor:
        visitors.append(Visitor(tabs.take(**options), server.address))
        return visitors[-1]

    yield new
    faults = [fault for visitor in visitors for fault in visitor.faults]
    for visitor in visitors:
        visitor.leave()
        tabs.give_back(visitor.page)
    assert faults == []


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    """Return one visitor at a desk: 1440 by 900, light."""
    return visit()
