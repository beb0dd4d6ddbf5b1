"""What strangers do: five tasks in at most three clicks each, links, files, and every control of every page."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, expect
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import core
from tests.browser.visitor import TIMEOUT, Visitor

# Where a dot of the map lies on the page: plotly's own conversion, so that the click meets it.
DOT = """() => {
  const plot = document.querySelector('.st-key-map .js-plotly-plot'), box = plot.getBoundingClientRect();
  const layout = plot._fullLayout, data = plot._fullData[0], i = 1234;
  return {x: box.left + layout.xaxis._offset + layout.xaxis.d2p(data.x[i]),
          y: box.top + layout.yaxis._offset + layout.yaxis.d2p(data.y[i]),
          longitude: Math.round(data.x[i] * 100) / 100, latitude: Math.round(data.y[i] * 100) / 100};
}"""


def finding(visitor: Visitor) -> Locator:
    """Return the sentence that opens the page."""
    return visitor.key("finding").first


def says(visitor: Visitor, text: str | re.Pattern[str]) -> None:
    """Wait until the sentence that opens the page holds `text`."""
    expect(finding(visitor)).to_contain_text(text, timeout=TIMEOUT)


def changes(visitor: Visitor, act: Callable[[], object], where: str = "stMain") -> None:
    """Assert that `act` changes what the page shows: its words, its numbers or its charts."""
    snapshot = f"""() => {{
      const main = document.querySelector('[data-testid="{where}"]');
      const charts = [...main.querySelectorAll('.js-plotly-plot')].map(
        p => JSON.stringify(p.data.map(t => [t.x, t.y, t.z])));
      const tables = [...main.querySelectorAll('[data-testid=stDataFrame] canvas')].length;
      return main.innerText + charts.join() + tables;
    }}"""
    before = visitor.page.evaluate(snapshot)
    act()
    visitor.page.wait_for_function(f"before => ({snapshot})() !== before", arg=before, timeout=TIMEOUT)
    visitor.settle()


def test_the_fewest_bits_in_one_click(visitor: Visitor) -> None:
    """The smallest width that keeps R² within 0.01 is one click away from the first page."""
    visitor.open("/")
    says(visitor, "8 bits, symmetric: R² 0.5763 against 0.5758 on 4,128 test rows")
    visitor.press("fewest")
    says(visitor, "4 bits, symmetric")


def test_why_the_window_fails_in_two_clicks(visitor: Visitor) -> None:
    """The preset of system 001 names the coefficient that costs most and says that nothing was saved."""
    visitor.open("/")
    visitor.key("presets_box").get_by_text("Presets").click()
    visitor.press("preset_system-001-window")
    says(visitor, "8 bits, window: R² 0.4854")
    main = visitor.page.get_by_test_id("stMain")
    expect(main).to_contain_text("What costs most is Population")
    expect(main).to_contain_text("The quantised model is not smaller: 81 bytes against 72.")


def test_san_francisco_in_three_clicks(visitor: Visitor) -> None:
    """Both models' answers for San Francisco take a click on Predict and a choice from a menu."""
    visitor.open("/")
    visitor.page.get_by_test_id("stSidebarNav").get_by_role("link", name="Predict").click()
    visitor.choose("place", "San Francisco")
    says(visitor, re.compile(r"the quantised model says \$[\d,]+, \$[\d,]+ (more|less) than \$[\d,]+ of the original"))
    expect(visitor.page.get_by_test_id("stMain")).to_contain_text("True value")


def test_download_and_reopen_the_6_bit_model(visitor: Visitor, tmp_path: Path) -> None:
    """A model at 6 bits is downloaded with one click, loads in Python, and opens again in a fresh state."""
    visitor.open("/")
    visitor.slide("bits", -2)
    says(visitor, "6 bits, symmetric")
    with visitor.page.expect_download() as caught:
        visitor.press("download")
    path = tmp_path / caught.value.suggested_filename
    caught.value.save_as(path)
    model = core.load(path)
    assert model.quantized is not None
    assert model.quantized.scheme.bits == 6
    visitor.open("/")
    says(visitor, "8 bits, symmetric")
    visitor.key("files_box").get_by_text("Save and open").click()
    visitor.page.locator("input[type=file]").set_input_files(path)
    says(visitor, "6 bits, symmetric")
    expect(visitor.page.get_by_test_id("stMain")).to_contain_text("checksum and probe rows are right")


def test_a_foreign_file_is_refused_and_nothing_is_lost(visitor: Visitor, tmp_path: Path) -> None:
    """A file that is not ours gets one message; the page keeps its state."""
    path = tmp_path / "foreign.safetensors"
    path.write_bytes(b"\x80\x04not a model")
    visitor.open("/?v=1&bits=5")
    visitor.key("files_box").get_by_text("Save and open").click()
    visitor.page.locator("input[type=file]").set_input_files(path)
    expect(visitor.page.get_by_test_id("stAlert").first).to_contain_text("not a Bitdial model")
    says(visitor, "5 bits, symmetric")


def test_save_and_open_again(visitor: Visitor) -> None:
    """A saved pair is listed for the visit and brings its setting back."""
    visitor.open("/?v=1&bits=3&method=asymmetric")
    visitor.key("files_box").get_by_text("Save and open").click()
    visitor.press("save")
    expect(visitor.page.get_by_test_id("stMain")).to_contain_text("Saved as 3 bits, asymmetric")
    visitor.slide("bits", 4)
    says(visitor, "7 bits, asymmetric")
    visitor.press("open_saved")
    says(visitor, "3 bits, asymmetric")


def test_a_copied_link_shows_the_same_page(visit: Callable[..., Visitor]) -> None:
    """The address after several changes reproduces finding and cards in another browser."""
    first = visit().open("/train?v=1&model=ridge&alpha=50&scaling=none&seed=7")
    first.page.get_by_test_id("stSidebarNav").get_by_role("link", name="Quantise").click()
    says(first, "8 bits, symmetric")
    first.slide("bits", -3)
    says(first, "5 bits")
    first.choose("method", "Asymmetric")
    says(first, "5 bits, asymmetric")
    first.settle()
    second = visit()
    second.page.goto(first.page.url)
    second.settle()
    assert finding(second).inner_text() == finding(first).inner_text()
    metrics = "[data-testid=stMetric]"
    assert second.page.locator(metrics).all_inner_texts() == first.page.locator(metrics).all_inner_texts()


def test_bad_addresses_get_one_message_each(visitor: Visitor) -> None:
    """Every refused value of an address is named, and what is left of the link works."""
    visitor.open("/?v=1&bits=17&method=none&model=ridge&alpha=-1")
    alerts = visitor.page.get_by_test_id("stAlert")
    expect(alerts).to_have_count(3)
    says(visitor, "8 bits, symmetric")
    expect(visitor.page.get_by_test_id("stSidebar")).to_contain_text("Ridge on California Housing")


def test_controls_of_quantise(visitor: Visitor) -> None:
    """Every control of the sidebar and of Quantise changes a number, a sentence or a chart."""
    visitor.open("/?v=1&bits=4")
    changes(visitor, lambda: visitor.slide("bits", -1))
    for method in ("Asymmetric", "Window", "Codebook", "Best found", "Symmetric"):
        changes(visitor, lambda m=method: visitor.choose("method", m))
    changes(visitor, lambda: visitor.key("steps_box").get_by_text("One coefficient").click())
    changes(visitor, lambda: visitor.choose("step", "Latitude"))
    for way in ("next", "previous"):
        changes(visitor, lambda w=way: visitor.press(f"step_{w}"))
    tolerance = visitor.key("tolerance").get_by_role("spinbutton")
    changes(visitor, lambda: (tolerance.fill("0.2"), tolerance.press("Enter")))
    visitor.key("advanced_box").get_by_text("Advanced").click()
    expect(visitor.key("switch_space")).to_be_visible()
    changes(visitor, lambda: visitor.choose("switch_space", "raw"))
    for scale in ("mse", "output", "minmax"):
        changes(visitor, lambda s=scale: visitor.choose("switch_scale", s))
    for intercept in ("keep", "quantised", "same-grid", "refit"):
        changes(visitor, lambda i=intercept: visitor.choose("switch_intercept", i))
    changes(visitor, lambda: visitor.choose("method", "Asymmetric"))
    changes(visitor, lambda: visitor.choose("param_asymmetric_zero_point", "offset"))
    changes(visitor, lambda: visitor.choose("method", "Window"))
    width = visitor.key("param_window_width").get_by_role("spinbutton")
    changes(visitor, lambda: (width.fill("0.5"), width.press("Enter")))


PRESETS = {
    "system-000-symmetric": "R² 0.5763 against 0.5758",
    "system-000-asymmetric": "R² 0.5767 against 0.5758",
    "system-001-window": "R² 0.4854 against 0.5758",
    "system-001-global": "R² −4,190 against 0.5758",
}


def test_presets(visitor: Visitor) -> None:
    """Each preset shows the figure of its system."""
    visitor.open("/?v=1&bits=3")
    visitor.key("presets_box").get_by_text("Presets").click()
    for preset, words in PRESETS.items():
        visitor.press(f"preset_{preset}")
        says(visitor, words)
        visitor.settle()


def test_controls_of_train(visitor: Visitor) -> None:
    """Every control of Train changes the figures at once."""
    visitor.open("/train")
    says(visitor, "Linear regression explains 57.6%")
    changes(visitor, lambda: visitor.key("hyper_linear_positive").locator("label").first.click())
    for model in ("Ridge", "Lasso", "Elastic net"):
        changes(visitor, lambda m=model: visitor.choose("model", m))
    for key, value in (("alpha", "0.3"), ("l1_ratio", "0.9")):
        box = visitor.key(f"hyper_elastic_net_{key}").get_by_role("spinbutton")
        changes(visitor, lambda b=box, v=value: (b.fill(v), b.press("Enter")))
    changes(visitor, lambda: visitor.choose("scaling", "none"))
    changes(visitor, lambda: visitor.choose("model", "Linear regression"))
    changes(visitor, lambda: visitor.key("degree").get_by_text("2", exact=True).click())
    changes(visitor, lambda: visitor.slide("test_size", 2))
    seed = visitor.key("seed").get_by_role("spinbutton")
    changes(visitor, lambda: (seed.fill("7"), seed.press("Enter")))


def test_controls_of_compare(visitor: Visitor) -> None:
    """Pins stand side by side, can be taken and dropped; cross-validation shows its figures."""
    visitor.open("/compare?v=1&bits=3")
    changes(visitor, lambda: visitor.press("pin"))
    visitor.slide("bits", 3)
    says(visitor, "6 bits")
    changes(visitor, lambda: visitor.press("pin"))
    visitor.press("take_0")
    says(visitor, "3 bits")
    changes(visitor, lambda: visitor.press("unpin_1"))
    visitor.press("cv")
    expect(visitor.page.get_by_test_id("stMain")).to_contain_text("over five folds of the training rows")


def test_controls_of_predict(visitor: Visitor) -> None:
    """Every feature, the random row, the dial and a click on the map change both answers."""
    visitor.open("/predict")
    for feature in ("MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup"):
        box = visitor.key(f"f_{feature}").get_by_role("spinbutton")
        changes(visitor, lambda b=box: (b.fill("7"), b.press("Enter")))
    box = visitor.key("f_MedInc").get_by_role("spinbutton")
    box.fill("50")
    box.press("Enter")
    expect(visitor.page.get_by_test_id("stMain")).to_contain_text("lies outside 0.4999 to 15.0001")
    changes(visitor, lambda: visitor.press("random"))
    changes(visitor, lambda: visitor.slide("bits", -5))
    visitor.page.wait_for_function("document.querySelector('.st-key-map .js-plotly-plot')?._fullData")
    visitor.key("map").scroll_into_view_if_needed()
    dot = visitor.page.evaluate(DOT)
    visitor.page.mouse.click(dot["x"], dot["y"])
    latitude = visitor.key("f_Latitude").get_by_role("spinbutton")
    expect(latitude).not_to_have_value("", timeout=TIMEOUT)
    visitor.page.wait_for_function(
        "wanted => Math.abs(document.querySelector('.st-key-f_Latitude input').value - wanted) < 0.3",
        arg=dot["latitude"],
        timeout=TIMEOUT,
    )


def test_two_visitors_do_not_meet(visit: Callable[..., Visitor]) -> None:
    """Settings, pins and rows of one visitor never show up for another."""
    first, second = visit().open("/compare?v=1&bits=3"), visit().open("/compare")
    first.press("pin")
    expect(first.key("take_0")).to_be_visible()
    second.settle()
    says(second, "8 bits, symmetric")
    expect(second.key("take_0")).to_have_count(0)


def test_a_model_of_your_own_opens(visitor: Visitor, tmp_path: Path) -> None:
    """A file made from a fitted scikit-learn model opens, follows the dial, predicts, and can be closed again."""
    X, y = load_iris(return_X_y=True, as_frame=True)
    fitted = LogisticRegression(max_iter=1000).fit(X, y)
    path = core.from_estimator(fitted, X, label="<b>iris</b> ![x](http://192.0.2.1/x.png)").save(
        tmp_path / "i.safetensors"
    )
    visitor.open("/")
    visitor.key("files_box").get_by_text("Save and open").click()
    visitor.page.locator("input[type=file]").set_input_files(path)
    says(visitor, "of the variance of the original's outputs is kept on the rows that came with it")
    expect(visitor.page.get_by_test_id("stSidebar")).to_contain_text("<b>iris</b> ![x](http://192.0.2.1/x.png)")
    changes(visitor, lambda: visitor.slide("bits", -5))
    visitor.page.get_by_test_id("stSidebarNav").get_by_role("link", name="Predict").click()
    expect(visitor.key("finding").first).to_contain_text("both models", timeout=TIMEOUT, ignore_case=True)
    visitor.press("close_model")
    says(visitor, "the quantised model says")


def test_the_gallery(visitor: Visitor) -> None:
    """Each example card shows its case with one click."""
    visitor.open("/")
    visitor.press("card_collapse")
    says(visitor, "R² −4,190")
    visitor.press("card_digits")
    says(visitor, "2 bits, asymmetric: accuracy")
    visitor.press("card_free")
    says(visitor, "8 bits, symmetric: R² 0.5763")


def test_settings_travel_as_a_file(visitor: Visitor, tmp_path: Path) -> None:
    """Settings are downloaded as JSON and bring the same page back; a bad file changes nothing."""
    visitor.open("/?v=1&bits=3&model=ridge&alpha=7")
    visitor.key("files_box").get_by_text("Save and open").click()
    with visitor.page.expect_download() as caught:
        visitor.press("download_settings")
    path = tmp_path / "settings.json"
    caught.value.save_as(path)
    visitor.open("/")
    visitor.key("files_box").get_by_text("Save and open").click()
    visitor.page.locator("input[type=file]").set_input_files(path)
    says(visitor, "3 bits, symmetric")
    bad = tmp_path / "bad.json"
    bad.write_text('{"scheme": {"bits": 99}}', encoding="utf-8")
    visitor.page.locator("input[type=file]").set_input_files(bad)
    expect(visitor.page.get_by_test_id("stAlert").first).to_contain_text("bits must be a whole number from 1 to 16")
    says(visitor, "3 bits, symmetric")


def test_the_reference_section(visitor: Visitor) -> None:
    """The figures of the reference systems are recomputed where one opens the section."""
    visitor.open("/compare")
    visitor.key("reference_box").get_by_text("Reference systems").click()
    expect(visitor.key("reference_box")).to_contain_text("compression", timeout=2 * TIMEOUT, ignore_case=True)
