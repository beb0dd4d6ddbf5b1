"""The log: one JSON object a line, in one place, once each, and nothing that a user gave."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core import logs
from core.errors import InvalidInput


@pytest.fixture(autouse=True)
def shut() -> Iterator[None]:
    """Close what a test has opened."""
    yield
    logs.shut()


def lines(folder: Path) -> list[dict[str, Any]]:
    """Return the events in the log file."""
    return [json.loads(line) for line in (folder / logs.FILE).read_text(encoding="utf-8").splitlines()]


def test_an_event_is_one_line_of_json_in_the_file_and_on_the_console(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Time, level and name come first, then the fields; nothing goes to standard output."""
    logs.configure(tmp_path / "deep" / "down")
    logs.event("trained", model="ridge", rows=16512, seconds=0.25, converged=True, note=None)
    found = lines(tmp_path / "deep" / "down")
    assert list(found[0]) == ["time", "level", "event", "model", "rows", "seconds", "converged", "note"]
    assert list(found[0].values())[1:] == ["info", "trained", "ridge", 16512, 0.25, True, None]
    written = datetime.fromisoformat(found[0]["time"])
    assert abs(datetime.now(UTC) - written) < timedelta(seconds=10)
    captured = capsys.readouterr()
    assert (json.loads(captured.err), captured.out) == (found[0], "")


def test_configuring_again_doubles_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line an event, however often the log was set up, and none of them through the root logger."""
    before = list(logging.getLogger().handlers)
    for _ in range(3):
        logs.configure(tmp_path)
    logs.event("once")
    assert len(lines(tmp_path)) == 1
    assert capsys.readouterr().err.count("once") == 1
    assert logging.getLogger().handlers == before
    logs.configure(tmp_path, console=False)
    logs.event("silently")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "value",
    [
        np.array([417.25, 2.0]), pd.DataFrame({"a": [417.25]}), [417.25], (417.25,), {"a": 417.25}, b"417.25",
        "x" * 200 + "417.25", InvalidInput("row", 417.25, "another"),
    ],
)  # fmt: skip
def test_what_could_hold_a_users_rows_loses_its_value(tmp_path: Path, value: object) -> None:
    """Tables, lists, bytes, long texts and errors leave only the name of their kind."""
    logs.configure(tmp_path, console=False)
    logs.event("read", given=value)
    assert lines(tmp_path)[0]["given"] == f"<{type(value).__name__}>"
    assert "417" not in (tmp_path / logs.FILE).read_text()


def test_any_text_stays_on_its_line(tmp_path: Path) -> None:
    """A line break, a quote or a control character in a field starts no line of its own."""
    logs.configure(tmp_path, console=False)
    logs.event('a "name"\n{', file='x\n{"level": "error"}\u2028\x00é', level="mine", time=0)
    found = lines(tmp_path)
    assert len((tmp_path / logs.FILE).read_bytes().splitlines()) == 1
    assert found[0]["file"] == 'x\n{"level": "error"}\u2028\x00é'
    assert (found[0]["level"], found[0]["event"]) == ("info", 'a "name"\n{')


def test_numbers_that_json_lacks_are_spelt(tmp_path: Path) -> None:
    """Infinity and NaN are texts, so that every line can be read by any reader."""
    logs.configure(tmp_path, console=False)
    logs.event("scored", best=float("nan"), worst=float("-inf"))
    assert (lines(tmp_path)[0]["best"], lines(tmp_path)[0]["worst"]) == ("nan", "-inf")


def test_an_error_is_logged_by_kind_and_place_and_not_by_its_message(tmp_path: Path) -> None:
    """The place is the innermost of ours; bad input is no error of ours."""
    logs.configure(tmp_path, console=False)
    for error in (KeyError("417.25"), InvalidInput("row 3", 417.25, "another")):
        try:
            raise error
        except (KeyError, InvalidInput) as caught:
            logs.failure("upload refused", caught, kind="csv")
    found = lines(tmp_path)
    assert [(f["level"], f["error"], f["kind"]) for f in found] == [
        ("error", "KeyError", "csv"), ("info", "InvalidInput", "csv")
    ]  # fmt: skip
    assert all(f["where"].startswith("test_logs.py:") for f in found)
    assert "417" not in (tmp_path / logs.FILE).read_text()


def test_the_file_is_turned_over_before_it_grows_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bounded number of files of a bounded size, the newest under the plain name, no line torn apart."""
    monkeypatch.setattr(logs, "MAX_BYTES", 2000)
    monkeypatch.setattr(logs, "BACKUPS", 2)
    logs.configure(tmp_path, console=False)
    for i in range(100):
        logs.event("counted", number=i)
    files = sorted(tmp_path.iterdir())
    assert [f.name for f in files] == [logs.FILE, f"{logs.FILE}.1", f"{logs.FILE}.2"]
    assert all(f.stat().st_size <= 2000 for f in files)
    assert lines(tmp_path)[-1]["number"] == 99


def test_a_folder_that_cannot_be_made_costs_the_file_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The console says that there is no file, and goes on."""
    (tmp_path / "taken").write_text("")
    logs.configure(tmp_path / "taken")
    logs.event("going on")
    found = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(f["level"], f["event"]) for f in found] == [("warning", "no log file"), ("info", "going on")]


def test_ordinary_messages_of_our_own_logger_are_lines_too(tmp_path: Path) -> None:
    """What the server says while it starts is in the same form."""
    logs.configure(tmp_path, console=False)
    logging.getLogger("bitdial").info("Ready after %.1f s", 1.5)
    logging.getLogger("streamlit").warning("not ours")
    assert [(f["level"], f["event"]) for f in lines(tmp_path)] == [("info", "Ready after 1.5 s")]


def test_without_a_folder_there_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The console alone is enough for the command line."""
    monkeypatch.chdir(tmp_path)
    logs.configure(None)
    logs.event("said")
    assert list(tmp_path.iterdir()) == []
