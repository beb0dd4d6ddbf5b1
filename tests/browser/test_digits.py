"""Predict on the digits: drawing with the pointer, by touch and with the keyboard changes both models' answers."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.visitor import Visitor

Bars = list[list[float]]

PATH = "/predict?v=1&dataset=digits&model=logistic&method=symmetric&bits=8"
# Strokes in pixels of the picture, from its top left corner.
SEVEN = [(2.0, 0.9), (5.6, 0.9), (4.6, 3.5), (3.4, 7.4)]
BAR = [(4.0, 0.5), (4.0, 7.5)]


def cell(visitor: Visitor, row: int, column: int) -> Locator:
    """Return one pixel of the pad."""
    return visitor.key("pad").locator(f"#pixel-{row}-{column}")


def ink(visitor: Visitor) -> list[float]:
    """Return the ink of every pixel, as a screen reader hears it."""
    labels = visitor.key("pad").get_by_role("gridcell").evaluate_all("all => all.map(e => e.ariaLabel)")
    return [float(re.search(r": ([\d.]+) of 16$", label).group(1)) for label in labels]


def drawn_bars(visitor: Visitor) -> Bars | None:
    """Return the heights of the bars, None while the chart is being drawn anew."""
    chart = visitor.key("probabilities").locator(".js-plotly-plot").last
    found: Bars | None = chart.evaluate("e => e._fullData?.map(t => Array.from(t.y)) ?? null")
    return found


def bars(visitor: Visitor) -> Bars:
    """Return the probabilities in per cent that the chart draws: those of the original and of the quantised model."""
    for _ in range(50):
        found = drawn_bars(visitor)
        if found is not None:
            return found
        visitor.page.wait_for_timeout(100)
    raise AssertionError("the chart of probabilities is not drawn")


def draw(visitor: Visitor, stroke: list[tuple[float, float]], pause: int = 0) -> None:
    """Drag the pointer along `stroke`, resting `pause` milliseconds at each point."""
    grid = visitor.key("pad").locator(".grid")
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None
    points = [(box["x"] + x * box["width"] / 8, box["y"] + y * box["height"] / 8) for x, y in stroke]
    mouse = visitor.page.mouse
    mouse.move(*points[0])
    mouse.down()
    for point in points[1:]:
        mouse.move(*point, steps=8)
        visitor.page.wait_for_timeout(pause)
    mouse.up()


def clear(visitor: Visitor) -> None:
    """Empty the picture and wait until the page has answered for it."""
    before = bars(visitor)
    visitor.key("pad").get_by_role("button", name="Clear").click()
    changed(visitor, before)
    assert ink(visitor) == [0.0] * 64


def changed(visitor: Visitor, before: Bars) -> Bars:
    """Wait until the probabilities of both models differ from `before`; return the new ones."""
    for _ in range(100):
        visitor.page.wait_for_timeout(100)
        now = bars(visitor)
        if all(max(abs(a - b) for a, b in zip(x, y, strict=True)) > 0.01 for x, y in zip(before, now, strict=True)):
            visitor.settle()
            return bars(visitor)
    raise AssertionError(f"the probabilities stayed {before}")


def opened(visitor: Visitor, path: str = PATH) -> Visitor:
    """Open the page on the digits and wait for its chart."""
    visitor.open(path)
    expect(visitor.key("probabilities").locator(".js-plotly-plot .bars").first).to_be_visible()
    return visitor


def test_a_drawn_seven_changes_both_models(visitor: Visitor) -> None:
    """A seven drawn on an empty picture changes the probabilities of both models, and both read it."""
    opened(visitor)
    clear(visitor)
    before = bars(visitor)
    draw(visitor, SEVEN)
    original, quantized = changed(visitor, before)
    assert original.index(max(original)) == quantized.index(max(quantized)) == 7
    expect(visitor.key("finding")).to_contain_text("both models say 7")
    expect(visitor.page.get_by_test_id("stMetric").filter(has_text="True class")).to_contain_text("not known")
    values = ink(visitor)
    assert all(0 <= v <= 16 for v in values)
    assert any(0 < v < 16 for v in values), "ink has soft neighbours"
    assert max(values) == 16


def test_a_slow_stroke_is_whole(visitor: Visitor) -> None:
    """The page answers while one slow stroke is drawn and warns of ink in a corner; the pad stays in place."""
    opened(visitor)
    clear(visitor)
    before = bars(visitor)
    draw(visitor, [(k + 0.5, k + 0.5) for k in range(8)], pause=400)
    changed(visitor, before)
    values = ink(visitor)
    assert all(values[9 * k] > 12 for k in range(8))
    expect(visitor.page.get_by_test_id("stAlert")).to_contain_text("than in any training picture")


def test_the_eraser_takes_ink_away(visitor: Visitor) -> None:
    """The eraser takes ink away along its stroke and leaves the rest."""
    opened(visitor)
    clear(visitor)
    before = bars(visitor)
    draw(visitor, BAR)
    before = changed(visitor, before)
    full = ink(visitor)
    visitor.key("pad").get_by_role("button", name="Eraser").click()
    draw(visitor, [(4.0, 5.5), (4.0, 7.9)])
    changed(visitor, before)
    left = ink(visitor)
    assert all(a <= b for a, b in zip(left, full, strict=True))
    assert sum(left[48:]) < sum(full[48:])
    assert left[:32] == full[:32]


def test_the_keyboard_draws_as_well(visitor: Visitor) -> None:
    """Arrow keys move from pixel to pixel, numbers up to 16 set the ink, Space fills."""
    opened(visitor)
    clear(visitor)
    before = bars(visitor)
    grid = visitor.key("pad").locator(".grid")
    grid.focus()
    # Straight from the keyboard: 1 and 2 are 12 only when they come within a second.
    for key in ("ArrowRight", "ArrowDown", "1", "2", "ArrowDown", "Space", "ArrowRight", "5"):
        visitor.page.keyboard.press(key)
    changed(visitor, before)
    for row, column, value in ((1, 1, 12), (2, 1, 16), (2, 2, 5)):
        expect(cell(visitor, row, column)).to_have_attribute("aria-label", re.compile(f": {value} of 16$"))
    assert sum(ink(visitor)) == 33


def test_a_finger_draws_on_a_phone(visit: Callable[..., Visitor]) -> None:
    """A touch drag on a narrow screen paints and does not scroll the page."""
    visitor = opened(visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True))
    clear(visitor)
    before = bars(visitor)
    grid = visitor.key("pad").locator(".grid")
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None
    session = visitor.page.context.new_cdp_session(visitor.page)

    def touch(kind: str, at: tuple[float, float] | None) -> None:
        pixel = box["width"] / 8
        points = [] if at is None else [{"x": box["x"] + at[0] * pixel, "y": box["y"] + at[1] * pixel}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", BAR[0])
    for k in range(1, 15):
        touch("touchMove", (4.0, 0.5 + k / 2))
    touch("touchEnd", None)
    changed(visitor, before)
    values = ink(visitor)
    assert all(values[8 * r + 3] + values[8 * r + 4] > 8 for r in range(8))
    again = grid.bounding_box()
    assert again is not None
    assert again["y"] == pytest.approx(box["y"], abs=2)


def test_drawing_table_and_loading_stay_in_step(visitor: Visitor) -> None:
    """What one way of input changes, the others show; the picture survives a change of page."""
    opened(visitor)
    clear(visitor)
    before = bars(visitor)
    draw(visitor, SEVEN)
    before = changed(visitor, before)
    drawn = ink(visitor)
    visitor.key("pixels_box").locator("summary").click()
    table = visitor.key("pixels_box").get_by_test_id("stDataFrame")
    expect(table).to_be_visible()
    visitor.settle()
    # The grid draws on a canvas and keeps a table for screen readers beside it.
    told = table.locator("[data-testid='glide-cell-3-0']")
    expect(told).to_have_text(f"{drawn[2]:g}")
    visitor.page.get_by_role("link", name="Train").click()
    visitor.page.get_by_role("link", name="Predict").click()
    expect(cell(visitor, 0, 2)).to_have_attribute("aria-label", re.compile(f": {drawn[2]:g} of 16$"))
    assert ink(visitor) == drawn
    before = bars(visitor)
    visitor.choose("example", "3")
    changed(visitor, before)
    expect(visitor.page.get_by_test_id("stMetric").filter(has_text="True class")).to_contain_text("3")
    assert ink(visitor) != drawn
    before = bars(visitor)
    draw(visitor, BAR)
    changed(visitor, before)
    expect(visitor.key("example").get_by_role("combobox")).to_have_value("")


def test_the_dial_moves_the_quantised_bars_alone(visitor: Visitor) -> None:
    """Fewer bits change the quantised model's probabilities and leave the original's as they are."""
    opened(visitor, PATH.replace("bits=8", "bits=3"))
    original, quantized = bars(visitor)
    visitor.slide("bits", -1)
    expect(visitor.key("finding")).to_contain_text("2 bits")
    visitor.settle()
    after = bars(visitor)
    assert after[0] == original
    assert after[1] != quantized
