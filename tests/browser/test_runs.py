"""Runs in a real browser: save three, compare two, promote one, the interface follows, roll back."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.test_look import WIDTHS, unclipped
from tests.browser.visitor import TIMEOUT, Visitor

ROW = [3.0, 20.0, 5.0, 1.0, 1200.0, 3.0, 34.0, -118.0]
# Seconds within which the interface follows the registry; what a busy machine needs on top.
FOLLOWS, SLACK = 1.0, 4.0


def champion(address: str) -> list[float] | None:
    """Return the quantised prediction of the champion for `ROW`, None where there is no champion."""
    body = json.dumps({"model": "champion", "rows": [ROW], "variant": "quantized"}).encode()
    request = urllib.request.Request(f"{address}/api/predict", body, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        assert error.code == 404
        return None
    return list(found["predictions"]["quantized"])


def followed(address: str, before: list[float] | None) -> list[float] | None:
    """Return what the champion answers as soon as it is another answer than `before`, which it soon is."""
    end = time.monotonic() + FOLLOWS + SLACK
    while time.monotonic() < end:
        found = champion(address)
        if found != before:
            return found
        time.sleep(0.1)
    raise AssertionError(f"the champion still answers {before}")


def choose(visitor: Visitor, *rows: int) -> None:
    """Choose exactly these rows of the table, by the boxes that a click ticks."""
    table = visitor.page.locator("[class*='st-key-runs_table_'] .stDataFrameGlideDataEditor").first
    expect(table).to_be_visible(timeout=TIMEOUT)
    for row in rows:
        table.click(position={"x": 18, "y": 38 + 35 * row + 17})
        visitor.settle()


def test_three_runs_are_compared_one_promoted_and_rolled_back(visitor: Visitor) -> None:
    """The journey of a fresh installation: nothing is started by hand, and programs follow within a second."""
    visitor.open("/?v=1&bits=2")
    for bits in (3, 6):
        visitor.press("save_run")
        expect(visitor.key("sidebar_run")).to_contain_text("Saved as a run: Linear regression", timeout=TIMEOUT)
        visitor.slide("bits", bits - (2 if bits == 3 else 3))
        expect(visitor.key("finding")).to_contain_text(f"{bits} bits")
    visitor.press("save_run")
    main = visitor.page.get_by_test_id("stMain")
    expect(visitor.key("sidebar_run")).to_contain_text("Linear regression, 6 bits", timeout=TIMEOUT)
    visitor.key("sidebar_run").get_by_text("See it under Runs").click()
    expect(visitor.key("finding")).to_contain_text("3 runs saved", timeout=TIMEOUT)
    choose(visitor, 1)
    expect(main).to_contain_text("2 runs side by side")
    expect(main).to_contain_text("What differs")
    choose(visitor, 1)
    expect(visitor.key("promote")).to_be_visible()
    address = visitor.address
    assert champion(address) is None
    visitor.press("promote")
    expect(visitor.key("finding")).to_contain_text("champion is version 1, Linear regression, 6 bits", timeout=TIMEOUT)
    first = followed(address, None)
    choose(visitor, 0, 2)
    box = visitor.key("gate_tolerance").locator("input")
    box.fill("1")
    box.press("Enter")
    visitor.settle()
    visitor.press("promote")
    expect(visitor.key("finding")).to_contain_text("champion is version 2, Linear regression, 2 bits", timeout=TIMEOUT)
    assert followed(address, first) != first
    visitor.press("rollback")
    expect(visitor.key("finding")).to_contain_text("champion is version 1", timeout=TIMEOUT)
    end = time.monotonic() + FOLLOWS + SLACK
    while champion(address) != first and time.monotonic() < end:
        time.sleep(0.1)
    assert champion(address) == first
    expect(visitor.page).to_have_url(re.compile("/runs"))


@pytest.mark.parametrize("widths", WIDTHS.values(), ids=WIDTHS)
def test_nothing_is_clipped_on_runs(visit: Callable[..., Visitor], widths: tuple[int, ...]) -> None:
    """Table, one run and two side by side: no label or chart text leaves its box, light and dark."""
    visitor = visit(viewport={"width": widths[0], "height": 900}, color_scheme="light").open("/runs")
    if visitor.key("save_first").count():
        visitor.press("save_first")
    table = visitor.page.locator("[class*='st-key-runs_table_'] canvas").first
    expect(table).to_be_visible(timeout=TIMEOUT)
    if not visitor.key("open_run").count():
        choose(visitor, 0)
    expect(visitor.key("open_run")).to_be_visible(timeout=TIMEOUT)
    for scheme in ("light", "dark"):
        visitor.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width in widths:
            visitor.page.set_viewport_size({"width": width, "height": 900})
            assert unclipped(visitor) == [], f"{width} pixels, {scheme}"
