"""Choosing a setting on Compare: by a click on the map, on the front and on a row, and by the keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.test_look import CLIPPED
from tests.browser.visitor import TIMEOUT, Visitor

# Where a mark that carries `place` lies on the page: plotly's own conversion, so that the click meets it.
MARK = """([chart, place]) => {
  const plot = document.querySelector(`.st-key-${chart} .js-plotly-plot`), box = plot.getBoundingClientRect();
  const {xaxis, yaxis} = plot._fullLayout;
  for (const trace of plot._fullData) {
    const i = (trace.customdata || []).findIndex(d => (Array.isArray(d) ? d[0] : d) === place);
    if (i < 0) continue;
    return {x: box.left + xaxis._offset + xaxis.d2p(trace.x[i]), y: box.top + yaxis._offset + yaxis.d2p(trace.y[i])};
  }
}"""
# The places of the settings that none beats, from left to right, without those at the lower edge.
FRONT = """() => document.querySelector('.st-key-pareto .js-plotly-plot')._fullData
  .find(t => t.name === 'front').customdata.map(d => d[0])"""


def tab(visitor: Visitor, name: str) -> Locator:
    """Return one of the tabs."""
    return visitor.page.get_by_role("tab", name=name)


def opens(visitor: Visitor, name: str, shown: str) -> None:
    """Open a tab by a click and wait until the element `shown` is there."""
    tab(visitor, name).click()
    expect(visitor.key(shown).first).to_be_visible(timeout=TIMEOUT)
    visitor.settle()


def says(visitor: Visitor, text: str) -> None:
    """Wait until the sentence that opens the page holds `text`."""
    expect(visitor.key("finding").first).to_contain_text(text, timeout=TIMEOUT)


def click(visitor: Visitor, chart: str, place: int | None, aside: tuple[float, float] = (0, 0)) -> None:
    """Click the mark of `place` (None: that of a plain cast), or so many pixels beside it."""
    visitor.page.wait_for_function(
        f"document.querySelector('.st-key-{chart} .js-plotly-plot')?._fullData", timeout=TIMEOUT
    )
    visitor.key(chart).scroll_into_view_if_needed()
    visitor.page.wait_for_timeout(400)  # charts take their final width after the layout has settled
    spot = visitor.page.evaluate(MARK, [chart, place])
    visitor.page.mouse.click(spot["x"] + aside[0], spot["y"] + aside[1])


@pytest.mark.parametrize("width", [1440, 390])
def test_a_click_on_the_map_takes_a_cell(visit: Callable[..., Visitor], width: int) -> None:
    """Anywhere on a cell, not only in its middle; then another; and the dial turns freely afterwards."""
    visitor = visit(viewport={"width": width, "height": 900}).open("/compare")
    opens(visitor, "Every setting", "map_of_settings")
    # Cells stand by method and then by bits; a cell is at least 50 by 20 pixels.
    click(visitor, "map_of_settings", 16 + 4, aside=(20, 8))
    says(visitor, "5 bits, asymmetric")
    visitor.settle()
    click(visitor, "map_of_settings", 3 * 16 + 2, aside=(-20, -8))
    says(visitor, "3 bits, codebook")
    visitor.settle()
    if width == 1440:
        visitor.slide("bits", 1)
    else:
        visitor.press("bits_up")
    says(visitor, "4 bits, codebook")
    visitor.page.wait_for_timeout(500)
    says(visitor, "4 bits, codebook")
    click(visitor, "map_of_settings", 3 * 16 + 2)
    says(visitor, "3 bits, codebook")


def test_a_click_on_the_front_takes_a_setting(visitor: Visitor) -> None:
    """A mark of the front and a beaten one take their settings; a plain cast takes nothing."""
    visitor.open("/compare?v=1&budget=24")
    opens(visitor, "Bytes against", "pareto")
    expect(visitor.key("pareto")).to_contain_text("budget of 24 bytes")
    visitor.page.wait_for_function("document.querySelector('.st-key-pareto .js-plotly-plot')?._fullData")
    first = visitor.page.evaluate(FRONT)[0]
    click(visitor, "pareto", first)
    says(visitor, "72 bytes become 10: fits a budget of 24, 14 bytes to spare")
    visitor.settle()
    assert "space=raw" in visitor.page.url
    beaten = visitor.page.evaluate(
        "() => document.querySelector('.st-key-pareto .js-plotly-plot')._fullData[0].customdata[0][0]"
    )
    click(visitor, "pareto", beaten)
    expect(visitor.key("finding").first).not_to_contain_text("14 bytes to spare", timeout=TIMEOUT)
    visitor.settle()
    before = visitor.page.url
    click(visitor, "pareto", None)
    visitor.page.wait_for_timeout(500)
    visitor.settle()
    assert visitor.page.url == before


def test_a_row_of_the_front_takes_a_setting(visitor: Visitor) -> None:
    """Ticking a row takes its setting and leaves no row ticked."""
    visitor.open("/compare")
    opens(visitor, "Bytes against", "front_rows")
    table = visitor.key("front_rows").first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    # The heading and the first three rows; the box to tick is the first column.
    visitor.page.mouse.click(box["x"] + 20, box["y"] + 35 * 4 + 17)
    says(visitor, "2 bits, symmetric")
    visitor.settle()
    visitor.slide("bits", 1)
    says(visitor, "3 bits, symmetric")
    visitor.page.wait_for_timeout(500)
    says(visitor, "3 bits, symmetric")


def test_what_is_out_of_reach_offers_the_nearest(visitor: Visitor) -> None:
    """Too few bytes are refused with the smallest setting there is, and a click takes it."""
    visitor.open("/compare")
    opens(visitor, "Find a setting", "goal")
    visitor.key("goal").get_by_text("At most this many bytes").click()
    box = visitor.key("goal_bytes").get_by_role("spinbutton")
    box.fill("3")
    box.press("Enter")
    expect(visitor.page.get_by_test_id("stAlert").first).to_contain_text("bytes must be at least 6", timeout=TIMEOUT)
    visitor.press("take_nearest")
    says(visitor, "1 bit, symmetric")


def test_the_cross_validated_figures(visitor: Visitor) -> None:
    """Choosing by cross-validation computes it, and both tabs then rest on it."""
    visitor.open("/compare")
    opens(visitor, "Find a setting", "goal")
    visitor.key("basis").get_by_text("Cross-validated").click()
    main = visitor.page.get_by_test_id("stMain")
    expect(main).to_contain_text("Chosen by cross-validation on the training rows", timeout=2 * TIMEOUT)
    opens(visitor, "Bytes against", "pareto")
    expect(visitor.key("pareto")).to_contain_text("R² on the folds of the training rows")


def test_by_the_mouse(visitor: Visitor) -> None:
    """Set the budget to 24 bytes, take the best setting within it, and tick the row that differs most."""
    visitor.open("/compare")
    box = visitor.key("budget").get_by_role("spinbutton")
    box.fill("24")
    box.press("Enter")
    expect(visitor.page.get_by_test_id("stSidebar")).to_contain_text("24 bytes too many", timeout=TIMEOUT)
    opens(visitor, "Find a setting", "take_chosen")
    visitor.press("take_chosen")
    says(visitor, "fits a budget of 24, 2 bytes to spare")
    opens(visitor, "Agreement", "worst_rows")
    table = visitor.key("worst_rows").first
    table.scroll_into_view_if_needed()
    corner = table.bounding_box()
    assert corner is not None
    visitor.page.mouse.click(corner["x"] + 20, corner["y"] + 35 + 17)
    expect(visitor.page).to_have_url(re.compile("/predict.*budget=24"), timeout=TIMEOUT)
    says(visitor, "14 bits, symmetric")


def press(visitor: Visitor, key: str, times: int = 1) -> None:
    """Press a key on whatever has the focus."""
    for _ in range(times):
        visitor.page.keyboard.press(key)
        visitor.page.wait_for_timeout(60)


def tab_to(visitor: Visitor, selector: str, most: int = 60) -> None:
    """Press Tab until the focus is on what `selector` finds."""
    for _ in range(most):
        if visitor.page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        press(visitor, "Tab")
    pytest.fail(f"{most} times Tab do not lead to {selector}")


def next_tab(visitor: Visitor, name: str) -> None:
    """Move the focus one tab to the right, open that tab, and keep the focus on it."""
    press(visitor, "ArrowRight")
    press(visitor, "Enter")
    expect(tab(visitor, name)).to_have_attribute("aria-selected", "true", timeout=TIMEOUT)
    visitor.settle()
    expect(tab(visitor, name)).to_be_focused()


def test_by_the_keyboard_alone(visitor: Visitor) -> None:
    """Set the budget to 24 bytes, find the best setting within it, take it, and open the row that differs most."""
    visitor.open("/compare")
    tab_to(visitor, ".st-key-budget input")
    visitor.page.keyboard.type("24")
    press(visitor, "Enter")
    expect(visitor.page.get_by_test_id("stSidebar")).to_contain_text("24 bytes too many", timeout=TIMEOUT)
    visitor.settle()
    tab_to(visitor, "[role=tab]", 80)
    for name in ("Every setting", "Bytes against R²", "Find a setting"):
        next_tab(visitor, name)
    expect(visitor.key("take_chosen")).to_be_visible(timeout=TIMEOUT)
    expect(visitor.key("goal_bytes").get_by_role("spinbutton")).to_have_value("24")
    visitor.settle()
    tab_to(visitor, ".st-key-take_chosen button")
    press(visitor, "Enter")
    says(visitor, "14 bits, symmetric")
    expect(visitor.key("finding").first).to_contain_text("fits a budget of 24")
    visitor.settle()
    expect(visitor.page.get_by_test_id("stMain")).to_contain_text("This is the current setting")
    tab(visitor, "Find a setting").focus()
    next_tab(visitor, "Agreement")
    expect(visitor.key("open_row")).to_be_visible(timeout=TIMEOUT)
    visitor.settle()
    tab_to(visitor, ".st-key-open_row button")
    press(visitor, " ")
    expect(visitor.page).to_have_url(re.compile("/predict"), timeout=TIMEOUT)
    says(visitor, "14 bits, symmetric")
    assert "budget=24" in visitor.page.url


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_nothing_is_clipped_behind_the_tabs(visit: Callable[..., Visitor], width: int) -> None:
    """No label, number or chart text of a tab leaves its box, and the page does not scroll sideways."""
    visitor = visit(viewport={"width": width, "height": 900}).open("/compare?v=1&budget=24")
    for name, shown in {"Every setting": "map_of_settings", "Bytes against": "pareto", "Find": "take_chosen"}.items():
        opens(visitor, name, shown)
        visitor.page.wait_for_timeout(400)
        assert visitor.page.evaluate(CLIPPED) == [], name
