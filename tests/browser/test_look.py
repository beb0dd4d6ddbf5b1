"""How the pages look: nothing clipped, nothing wider than the screen, at three widths, light and dark."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import TIMEOUT, Visitor

PAGES = {
    "quantise": "/",
    "train": "/train",
    "compare": "/compare",
    "predict": "/predict",
    "monitor": "/monitor",
    "digits": "/?v=1&dataset=digits&model=logistic&method=codebook&bits=2",
    "digits compare": "/compare?v=1&dataset=digits&model=logistic&bits=2",
    "digits predict": "/predict?v=1&dataset=digits&model=logistic&bits=2",
}

# Words that do not fit into their box (an ellipsis, or cut by its edge), and chart labels beyond their chart.
CLIPPED = """() => {
  const found = [];
  const words = '[data-testid=stMetricLabel] p, [data-testid=stMetricValue] > div, [data-testid=stMetricDelta] > div, '
    + '[data-testid=stWidgetLabel] p, button p, [data-testid=stSidebarNavLink] span';
  for (const e of document.querySelectorAll(words)) {
    // The folded sidebar lies beside the screen, or has no width.
    const box = e.getBoundingClientRect(), folded = box.right <= 1 || e.clientWidth <= 1;
    if (!folded && e.offsetParent && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflow !== 'visible')
      found.push(e.innerText);
  }
  for (const plot of document.querySelectorAll('.js-plotly-plot')) {
    const box = plot.getBoundingClientRect();
    if (!box.width) continue;
    for (const t of plot.querySelectorAll('.main-svg text')) {
      const r = t.getBoundingClientRect();
      const hidden = !r.width || getComputedStyle(t).opacity === '0' || t.closest('.hoverlayer');
      if (!hidden && (r.left < box.left - 2 || r.right > box.right + 2 || r.bottom > box.bottom + 2))
        found.push(t.textContent);
    }
  }
  const main = document.querySelector('[data-testid=stMain]');
  if (main.scrollWidth > main.clientWidth + 1) found.push(`the page is ${main.scrollWidth} wide`);
  return found;
}"""


# Widths at which a page is looked at before it is opened anew: the sidebar folds where it is opened narrow.
WIDTHS = {"desk": (1440, 1024), "phone": (390,)}
GROUND = "() => getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"


@pytest.mark.parametrize("widths", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("name", list(PAGES))
def test_nothing_is_clipped(visit: Callable[..., Visitor], name: str, widths: tuple[int, ...]) -> None:
    """No label, number or chart text leaves its box, and no page scrolls sideways, light and dark."""
    visitor = visit(viewport={"width": widths[0], "height": 900}, color_scheme="light").open(PAGES[name])
    expect(visitor.page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=TIMEOUT)
    grounds = []
    for scheme in ("light", "dark"):
        visitor.page.emulate_media(color_scheme=scheme)
        for width in widths:
            visitor.page.set_viewport_size({"width": width, "height": 900})
            assert unclipped(visitor) == [], f"{width} pixels, {scheme}"
        grounds.append(visitor.page.evaluate(GROUND))
    assert grounds == ["rgb(255, 255, 255)", "rgb(17, 22, 29)"]


def unclipped(visitor: Visitor) -> list[str]:
    """Return what is clipped once charts have had the time to take their width."""
    found: list[str] = []
    for _ in range(20):
        visitor.page.wait_for_timeout(400)
        found = visitor.page.evaluate(CLIPPED)
        if not found:
            break
    return found


def test_the_dial_moves_to_the_page_where_the_sidebar_hides(visit: Callable[..., Visitor]) -> None:
    """At 390 pixels bits and method stand at the top of the page; at a desk only in the sidebar."""
    narrow = visit(viewport={"width": 390, "height": 844}).open("/")
    for bits in ("7 bits", "6 bits"):
        narrow.press("bits_down")
        expect(narrow.key("finding").first).to_contain_text(bits, timeout=TIMEOUT)
    narrow.press("bits_up")
    expect(narrow.key("finding").first).to_contain_text("7 bits", timeout=TIMEOUT)
    narrow.press("narrow_method")
    narrow.page.get_by_role("menuitem", name="Asymmetric").click()
    expect(narrow.key("finding").first).to_contain_text("7 bits, asymmetric", timeout=TIMEOUT)
    wide = visit().open("/")
    expect(wide.key("bits_down")).to_be_hidden()
    expect(wide.key("bits")).to_be_visible()
