"""Quantise in a real browser: points of the curve that can be clicked, and the section of one coefficient."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.test_journeys import says
from tests.browser.test_look import CLIPPED
from tests.browser.visitor import TIMEOUT, Visitor

# Where the point of one width lies on the page: plotly's own conversion, so that the click meets it.
POINT = """bits => {
  const plot = document.querySelector('.st-key-curve .js-plotly-plot'), box = plot.getBoundingClientRect();
  const layout = plot._fullLayout, trace = plot._fullData.find(t => t.name === 'quantised');
  const i = Array.from(trace.customdata).indexOf(bits);
  return {x: box.left + layout.xaxis._offset + layout.xaxis.d2p(trace.x[i]),
          y: box.top + layout.yaxis._offset + layout.yaxis.d2p(trace.y[i])};
}"""
READY = "bits => document.querySelector('.st-key-curve .js-plotly-plot')?._fullData?.some(t => t.customdata?.length == 1 && t.customdata[0] == bits)"
OPACITIES = "() => [...document.querySelectorAll('.st-key-curve path.point')].map(p => getComputedStyle(p).opacity)"
RANGE = "() => document.querySelector('.st-key-curve .js-plotly-plot')._fullLayout.xaxis.range.join()"
ADDRESS = "/?v=1&method=asymmetric&space=raw&intercept=same-grid&zero_point=offset&bits=8"


def click(visitor: Visitor, now: int, bits: int) -> None:
    """Click the point of one width when the curve shows that `now` is taken."""
    visitor.page.wait_for_function(READY, arg=now, timeout=TIMEOUT)
    visitor.settle()  # until then the chart before it may be kept in the page
    visitor.key("curve").scroll_into_view_if_needed()
    point = visitor.page.evaluate(POINT, bits)
    visitor.page.mouse.move(point["x"], point["y"])
    visitor.page.mouse.click(point["x"], point["y"])


def test_a_click_on_a_point_takes_that_width(visitor: Visitor) -> None:
    """Points, both ends and the same point again; the slider moves on from there and is never turned back."""
    visitor.open("/")
    for now, bits in ((8, 4), (4, 16), (16, 1), (1, 6)):
        click(visitor, now, bits)
        says(visitor, f"{bits} bit{'s' if bits > 1 else ''}, symmetric")
    visitor.settle()  # the address is written when the page is complete
    assert visitor.page.url.endswith("bits=6")
    click(visitor, 6, 6)
    visitor.settle()
    says(visitor, "6 bits, symmetric")
    visitor.slide("bits", 2)
    says(visitor, "8 bits, symmetric")
    visitor.settle()
    says(visitor, "8 bits, symmetric")
    click(visitor, 8, 6)
    says(visitor, "6 bits, symmetric")
    visitor.settle()
    assert set(visitor.page.evaluate(OPACITIES)) == {"1"}


def test_points_at_the_edge_can_be_clicked_and_nothing_is_dragged(visitor: Visitor) -> None:
    """Where the model collapses the triangles stand for their widths; pulling at the chart moves nothing."""
    visitor.open(ADDRESS)
    for now, bits in ((8, 3), (3, 15), (15, 12)):
        click(visitor, now, bits)
        says(visitor, f"{bits} bits, asymmetric")
    visitor.page.wait_for_function(READY, arg=12, timeout=TIMEOUT)
    visitor.settle()
    before = visitor.page.evaluate(RANGE)
    box = visitor.key("curve").bounding_box()
    assert box is not None
    visitor.page.mouse.move(box["x"] + 150, box["y"] + 100)
    visitor.page.mouse.down()
    visitor.page.mouse.move(box["x"] + 250, box["y"] + 140, steps=5)
    visitor.page.mouse.up()
    visitor.settle()
    assert visitor.page.evaluate(RANGE) == before
    says(visitor, "12 bits, asymmetric")


def test_a_finger_on_the_curve_scrolls_the_page(visit: Callable[..., Visitor]) -> None:
    """On a telephone the chart lets the page move under the finger."""
    visitor = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).open("/")
    visitor.page.wait_for_function(READY, arg=8, timeout=TIMEOUT)
    visitor.page.evaluate("() => document.querySelector('.st-key-curve').scrollIntoView({block: 'center'})")
    visitor.settle()
    box = visitor.key("curve").bounding_box()
    assert box is not None
    top = "() => document.querySelector('[data-testid=stMain]').scrollTop"
    before = visitor.page.evaluate(top)
    touch, x, y = visitor.page.context.new_cdp_session(visitor.page), box["x"] + box["width"] / 2, box["y"] + 200
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for moved in range(10, 160, 10):
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y - moved}]})
        time.sleep(0.02)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    visitor.page.wait_for_function(f"before => ({top})() > before + 50", arg=before, timeout=TIMEOUT)
    says(visitor, "8 bits, symmetric")


@pytest.mark.parametrize(
    ("width", "scheme", "query"),
    [(1440, "light", "bits=8"), (1024, "dark", "method=codebook&bits=2"), (390, "light", "method=window&bits=8")],
)
def test_the_section_of_one_coefficient(visit: Callable[..., Visitor], width: int, scheme: str, query: str) -> None:
    """Closed at first; opened, walked through by keyboard, and nothing in it is clipped."""
    visitor = visit(viewport={"width": width, "height": 900}, color_scheme=scheme).open(f"/?v=1&{query}")
    box = visitor.key("steps_box")
    expect(box.get_by_test_id("stCode")).to_have_count(0)
    box.get_by_text("One coefficient, step by step").click()
    expect(visitor.key("landing").locator(".main-svg").first).to_be_visible(timeout=TIMEOUT)
    expect(box).to_contain_text("The value")
    following = visitor.key("step_next").get_by_role("button")
    for name in ("HouseAge", "AveRooms"):
        following.press("Enter")
        expect(visitor.key("step").get_by_role("combobox")).to_have_value(name, timeout=TIMEOUT)
    visitor.key("step_previous").get_by_role("button").press("Space")
    expect(visitor.key("step").get_by_role("combobox")).to_have_value("HouseAge", timeout=TIMEOUT)
    visitor.settle()
    visitor.page.wait_for_timeout(400)  # the chart takes its final width after the layout has settled
    assert visitor.page.evaluate(CLIPPED) == []
