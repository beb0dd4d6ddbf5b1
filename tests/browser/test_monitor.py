"""The Monitor page in a real browser: the simulator moves every verdict, recorded batches fire the rule."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.visitor import TIMEOUT, Visitor


def says(visitor: Visitor, words: str) -> None:
    """Wait until the finding says these words."""
    expect(visitor.key("finding").first).to_contain_text(words, timeout=TIMEOUT)


def figures(visitor: Visitor, words: str) -> None:
    """Wait until the figures of the feature on view say these words."""
    expect(visitor.key("drift_why").first).to_contain_text(words, timeout=TIMEOUT)


def test_the_simulator_moves_each_verdict(visitor: Visitor) -> None:
    """No evidence, drift, too little to matter, too few, missing, out of range: each by its slider, and back again."""
    visitor.open("/monitor")
    says(visitor, "No evidence of drift in 8 features")
    figures(visitor, "out of range 0 %")
    visitor.slide("sim_scale", 4)
    says(visitor, "Drift in 1 of 8 features: Median income")
    figures(visitor, "Drift: KS distance")
    expect(visitor.page).to_have_url(re.compile("batch_scale=1.2"), timeout=TIMEOUT)
    expect(visitor.key("drift_why").first).not_to_contain_text("out of range 0 %", timeout=TIMEOUT)
    visitor.press("sim_calm")
    says(visitor, "No evidence of drift in 8 features")
    visitor.slide("sim_rows", 2)
    says(visitor, "4,128 simulated rows")  # all that were held back
    visitor.slide("sim_scale", 1)
    says(visitor, "Measurably different, but little, in 1 of 8 features: Median income")
    visitor.press("sim_calm")
    visitor.slide("sim_missing", 10)
    says(visitor, "Drift in 1 of 8 features: Median income")
    figures(visitor, "change of the share of missing values")
    visitor.press("sim_calm")
    visitor.slide("sim_rows", -8)
    says(visitor, "Too few rows for a verdict: at least 50 are needed.")


def test_recorded_batches_fire_the_rule(visit: Callable[..., Visitor]) -> None:
    """Three batches with drift, recorded one after the other: the banner says why, and the log where."""
    visitor = visit(viewport={"width": 390, "height": 844}).open("/monitor?v=1&batch_scale=1.5")
    says(visitor, "Drift in 1 of 8 features")
    expect(visitor.key("drift_banner").get_by_role("alert")).to_have_count(0)
    for count in (1, 2, 3):
        visitor.press("monitor_record")
        points = visitor.key("drift_history").locator(".scatterlayer .trace").first.locator(".points path")
        expect(points).to_have_count(count, timeout=TIMEOUT)
        visitor.settle()
    expect(visitor.key("drift_banner").get_by_role("alert")).to_contain_text("The rule has fired", timeout=TIMEOUT)
    visitor.press("sim_calm")
    says(visitor, "No evidence of drift")
    visitor.press("monitor_record")
    expect(visitor.key("drift_banner").get_by_role("alert")).to_have_count(0, timeout=TIMEOUT)
