"""Slow work in a real browser: cancel frees the worker, a killed worker leaves a message, a closed tab its job."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from pages._jobs import LEASE
from tests.browser.conftest import Server
from tests.browser.visitor import TIMEOUT, Visitor

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="workers are found through /proc")

# From a click to the end of the worker; the acceptance says two seconds.
FREED = 2.0
# After the lease the manager looks every quarter of a second; the rest is for a busy machine.
CLOSED = LEASE + 6.0


def workers(server: Server) -> set[int]:
    """Return the processes that the server started and that still live."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:  # ended between listing and looking
                continue
            if int(parent) == server.pid and state != "Z":
                found.add(int(folder.name))
    return found


def gone(server: Server, pid: int, seconds: float) -> bool:
    """Wait until a worker is gone; tell whether it was within so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if pid not in workers(server):
            return True
        time.sleep(0.02)
    return False


def at_work(visitor: Visitor, server: Server) -> int:
    """Begin a search that takes minutes, and return the worker that does it."""
    visitor.open("/train?v=1&model=lasso&degree=2")
    visitor.key("tune_box").locator("summary").first.click()
    text = visitor.key("tune_space_lasso_alpha").get_by_role("textbox")
    text.fill("0.0001 to 0.001 in 100")
    text.press("Enter")
    expect(visitor.page.get_by_text("100 combinations, 500 fits")).to_be_visible(timeout=TIMEOUT)
    visitor.settle()
    visitor.press("tune_start")
    expect(visitor.key("job")).to_contain_text("candidate 1 of 100", timeout=2 * TIMEOUT)
    (found,) = workers(server)
    return found


def test_cancel_frees_the_worker_within_two_seconds(server: Server, visitor: Visitor) -> None:
    """The process is gone at once, the page says so, and another job is taken and done."""
    pid = at_work(visitor, server)
    visitor.press("cancel_job")
    assert gone(server, pid, FREED)
    expect(visitor.page.get_by_text("Tuning of Lasso: Cancelled.")).to_be_visible(timeout=TIMEOUT)
    visitor.settle()
    visitor.open("/train?v=1&dataset=diabetes")
    visitor.key("tune_box").locator("summary").first.click()
    visitor.key("importance_start").get_by_role("button").click()
    expect(visitor.key("importance_chart").locator(".js-plotly-plot")).to_be_visible(timeout=2 * TIMEOUT)


def test_a_worker_killed_by_hand_leaves_a_message_and_a_working_page(server: Server, visitor: Visitor) -> None:
    """One message; the settings above still answer; the same search can be started again."""
    os.kill(at_work(visitor, server), signal.SIGKILL)
    expect(visitor.page.get_by_text("Its worker was stopped from outside")).to_be_visible(timeout=TIMEOUT)
    visitor.settle()
    visitor.slide("bits", 1)
    expect(visitor.page).to_have_url(re.compile("bits=9"), timeout=TIMEOUT)
    visitor.settle()
    visitor.press("tune_start")
    expect(visitor.key("job")).to_contain_text("candidate", timeout=2 * TIMEOUT)
    visitor.press("cancel_job")
    expect(visitor.page.get_by_text("Tuning of Lasso: Cancelled.")).to_be_visible(timeout=TIMEOUT)


def test_a_closed_tab_ends_its_job_and_a_change_of_page_does_not(server: Server, visit: Callable[..., Visitor]) -> None:
    """Longer than the lease on another page the worker is at work; seconds after the tab is closed it is gone."""
    visitor = visit()
    pid = at_work(visitor, server)
    visitor.page.get_by_test_id("stSidebar").get_by_role("link", name="Compare").click()
    visitor.page.wait_for_timeout(1000 * (LEASE + 2))
    assert pid in workers(server)
    visitor.page.get_by_test_id("stSidebar").get_by_role("link", name="Train").click()
    expect(visitor.key("job")).to_contain_text("Tuning of Lasso", timeout=TIMEOUT)
    visitor.page.close()
    assert gone(server, pid, CLOSED)
