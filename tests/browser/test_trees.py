"""Journeys with trees: one's own table boosted, dialled, asked and taken away; the forest that comes with the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core.artifact import load
from core.quant import Quantized
from tests.browser.test_own_data import HOUSING, choose_model, page, says, use_housing
from tests.browser.visitor import TIMEOUT, Visitor


def boosted(visitor: Visitor) -> None:
    """Upload the raw table and train so many iterations on it that a worker is needed."""
    use_housing(visitor)
    choose_model(visitor, "Histogram boosting", "hyper_hist_boosting_max_iter", "500")
    expect(visitor.key("job")).to_contain_text("Training of Histogram boosting: ", timeout=TIMEOUT)
    done = visitor.page.get_by_text("Histogram boosting is trained: every page now shows it.")
    expect(done).to_be_visible(timeout=4 * TIMEOUT)
    visitor.settle()
    assert "max_iter=500" in visitor.page.url


@pytest.mark.skipif(not HOUSING.exists(), reason="the raw table with gaps and texts is not part of the repository")
def test_a_boosting_of_ones_own_goes_all_the_way(visitor: Visitor, tmp_path: Path) -> None:
    """Upload, train with progress, dial to 8 bits, predict a district with both, download, open again."""
    boosted(visitor)
    page(visitor, "Quantise")
    says(visitor, "8 bits, asymmetric")
    visitor.slide("bits", -2)
    says(visitor, "6 bits, asymmetric")
    visitor.slide("bits", 2)
    says(visitor, "8 bits, asymmetric")
    visitor.settle()
    expect(visitor.key("leaves").locator(".js-plotly-plot")).to_be_visible(timeout=TIMEOUT)
    sentence = visitor.key("finding").first.inner_text()
    page(visitor, "Predict")
    says(visitor, "the quantised model says")
    before = visitor.key("finding").first.inner_text()
    visitor.choose("f_ocean_proximity", "ISLAND")
    expect(visitor.key("finding").first).not_to_have_text(before, timeout=TIMEOUT)
    visitor.settle()
    visitor.key("path_box").locator("summary").first.click()
    expect(visitor.page.get_by_text(re.compile("Leaf [0-9,]+ says"))).to_be_visible(timeout=TIMEOUT)
    visitor.settle()
    with visitor.page.expect_download() as download:
        visitor.press("download")
    file = tmp_path / "own.safetensors"
    download.value.save_as(file)
    assert isinstance(load(file).quantized, Quantized)
    visitor.slide("bits", 3)
    says(visitor, "11 bits, asymmetric")
    visitor.settle()
    visitor.key("files_box").locator("summary").first.click()
    expect(visitor.key("upload")).to_be_visible(timeout=TIMEOUT)
    visitor.settle()
    visitor.key("upload").locator("input[type=file]").set_input_files(file)
    expect(visitor.page.get_by_text("checksum and probe rows are right")).to_be_visible(timeout=2 * TIMEOUT)
    visitor.settle()
    page(visitor, "Quantise")
    # What joblib would write is not known of a file.
    says(visitor, sentence.split(", where joblib writes")[0])


def test_the_forest_of_the_gallery_opens_at_once_and_is_taken_away(visitor: Visitor, tmp_path: Path) -> None:
    """One click, nothing to wait for; fewer trees beside the bits; the file is made when it is asked for."""
    visitor.open("/")
    visitor.press("card_forest")
    says(visitor, "8 bits, asymmetric: R² 0.7825")
    expect(visitor.key("by_part").locator(".js-plotly-plot")).to_be_visible(timeout=TIMEOUT)
    expect(visitor.page.get_by_text("39 times as large")).to_be_visible(timeout=TIMEOUT)
    assert visitor.key("job").count() == 0
    visitor.settle()
    box = visitor.key("keep_trees").get_by_role("spinbutton")
    box.fill("5")
    box.press("Enter")
    says(visitor, "5 of 9 trees")
    visitor.settle()
    assert "trees=5" in visitor.page.url
    box.fill("")
    box.press("Enter")
    expect(visitor.key("finding").first).not_to_contain_text("of 9 trees", timeout=TIMEOUT)
    visitor.settle()
    with visitor.page.expect_download() as download:
        visitor.press("download")
    file = tmp_path / "forest.safetensors"
    download.value.save_as(file)
    found = load(file)
    assert found.quantized is not None
    assert found.quantized.scheme.bits == 8
