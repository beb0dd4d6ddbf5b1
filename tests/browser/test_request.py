"""The request on Predict, pasted as it stands into a shell and into Python, against the server that showed it."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys

import pytest

from tests.browser.visitor import Visitor


def test_the_pasted_request_gives_the_answers_of_the_page(visitor: Visitor) -> None:
    """Both texts carry the address that the browser used, and what they print are the two answers on the page."""
    page = visitor.open("/predict").page
    page.get_by_text("This request from a program").click()
    code = page.locator("[data-testid=stCode] code")
    code.nth(1).wait_for()
    shell, program = (code.nth(i).inner_text() for i in (0, 1))
    assert visitor.address in shell
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    found = ast.literal_eval(done.stdout)
    cards = page.locator("[data-testid=stMetricValue]").all_inner_texts()
    for name, card in zip(("original", "quantized"), cards, strict=False):
        assert card.strip() == f"${found['predictions'][name][0] * 100_000:,.0f}"
    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine; the Python was run")
    pasted = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)
    assert json.loads(pasted.stdout) == found
