"""One journey with a table of one's own: uploaded, chosen from, trained on, quantised, asked, deleted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import TIMEOUT, Visitor
from tests.sources import ROOT


def says(visitor: Visitor, text: str) -> None:
    """Wait until the sentence that opens the page holds `text`."""
    expect(visitor.key("finding").first).to_contain_text(text, timeout=TIMEOUT)


def page(visitor: Visitor, name: str) -> None:
    """Go to another page by the menu, so that the visit stays the same."""
    visitor.page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
    expect(visitor.page).to_have_url(re.compile(f"/{name.lower()}" if name != "Quantise" else "/"), timeout=TIMEOUT)
    visitor.settle()


def test_a_table_of_ones_own_goes_all_the_way(visitor: Visitor) -> None:
    """Upload flats.csv, leave a column out, train, quantise at 4 bits, predict one row, delete."""
    visitor.open("/train")
    visitor.page.get_by_text("Your own table").click()
    expect(visitor.page.locator("[class*='st-key-own_file_']").first).to_be_visible(timeout=TIMEOUT)
    visitor.settle()
    visitor.page.locator("[class*='st-key-own_file_'] input[type=file]").set_input_files(
        ROOT / "examples" / "flats.csv"
    )
    expect(visitor.key("own_use")).to_be_visible(timeout=TIMEOUT)
    main = visitor.page.get_by_test_id("stMain")
    expect(main).to_contain_text("delimiter semicolon; decimal comma: 19,6 is read as 19.6")
    visitor.settle()
    visitor.key("own_features").get_by_role("button", name=re.compile("balcony")).first.click()
    expect(visitor.key("own_features")).not_to_contain_text("balcony", timeout=TIMEOUT)
    visitor.settle()
    visitor.press("own_use")
    says(visitor, "of 48 test rows")
    visitor.settle()
    assert "features=area_m2%2Cbuilt%2Cdistrict%2Cfloor&" in visitor.page.url + "&"
    page(visitor, "Quantise")
    visitor.slide("bits", -4)
    says(visitor, "4 bits, symmetric")
    says(visitor, "48 test rows")
    visitor.settle()
    page(visitor, "Predict")
    says(visitor, "the quantised model says")
    box = visitor.key("f_area_m2").get_by_role("spinbutton")
    before = visitor.key("finding").first.inner_text()
    box.fill("100")
    box.press("Enter")
    expect(visitor.key("finding").first).not_to_have_text(before, timeout=TIMEOUT)
    visitor.settle()
    page(visitor, "Train")
    visitor.page.get_by_text("Your own table").click()
    expect(visitor.key("own_delete")).to_be_visible(timeout=TIMEOUT)
    visitor.settle()
    visitor.press("own_delete")
    says(visitor, "of 4,128 test rows")
    expect(main).to_contain_text("Your data are deleted")
    assert "own" not in visitor.page.url


HOUSING = ROOT.parent / "shared" / "data" / "housing.csv"


def use_housing(visitor: Visitor) -> None:
    """Upload the raw table and take it as it is proposed."""
    visitor.open("/train")
    visitor.page.get_by_text("Your own table").click()
    expect(visitor.key("own_box")).to_contain_text("CSV, TSV or Parquet", timeout=TIMEOUT)
    visitor.settle()
    visitor.page.locator("[class*='st-key-own_file_'] input[type=file]").set_input_files(HOUSING)
    expect(visitor.key("own_use")).to_be_visible(timeout=2 * TIMEOUT)
    expect(visitor.page.get_by_test_id("stMain")).to_contain_text("20,640 rows, 10 columns")
    visitor.settle()
    visitor.press("own_use")
    says(visitor, "of 4,128 test rows")
    visitor.settle()


def choose_model(visitor: Visitor, label: str, rounds: str, count: str) -> None:
    """Choose a model by its label, and in the field `rounds` how many rounds it takes."""
    visitor.choose("model", label)
    says(visitor, label)
    visitor.settle()
    field = visitor.key(rounds).get_by_role("spinbutton")
    field.fill(count)
    field.press("Enter")


@pytest.mark.skipif(not HOUSING.exists(), reason="the raw table with gaps and texts is not part of the repository")
def test_raw_housing_is_trained_with_progress_and_answers_a_file(visitor: Visitor, tmp_path: Path) -> None:
    """Upload, train what takes long, quantise, predict one row with a menu, send a file of rows, take answers away."""
    use_housing(visitor)
    choose_model(visitor, "Lasso", "hyper_lasso_max_iter", "10000")
    visitor.settle()
    visitor.key("degree").get_by_text("2", exact=True).click()
    expect(visitor.key("job")).to_contain_text("Training of Lasso: ", timeout=TIMEOUT)
    expect(visitor.page.get_by_text("Lasso is trained: every page now shows it.")).to_be_visible(timeout=4 * TIMEOUT)
    visitor.settle()
    assert "degree=2" in visitor.page.url
    page(visitor, "Quantise")
    visitor.slide("bits", -2)
    says(visitor, "6 bits, symmetric")
    visitor.settle()
    page(visitor, "Predict")
    before = visitor.key("finding").first.inner_text()
    visitor.choose("f_ocean_proximity", "ISLAND")
    expect(visitor.key("finding").first).not_to_have_text(before, timeout=TIMEOUT)
    visitor.settle()
    visitor.key("batch_box").locator("summary").first.click()
    lines = HOUSING.read_text(encoding="utf-8").splitlines()
    rows = tmp_path / "rows.csv"
    rows.write_text("\n".join(lines[:51]).replace(",", ";"), encoding="utf-8")
    visitor.key("batch_box").locator("input[type=file]").set_input_files(rows)
    expect(visitor.key("batch_download")).to_be_visible(timeout=TIMEOUT)
    visitor.settle()
    with visitor.page.expect_download() as download:
        visitor.press("batch_download")
    answers = download.value.path().read_text(encoding="utf-8").splitlines()
    assert len(answers) == 51
    assert answers[0].startswith("original,quantised,difference,true value,longitude,latitude")
    assert float(answers[1].split(",")[3]) == 452600.0
