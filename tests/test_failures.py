"""An error of ours: the visitor sees an id, the log has it with kind and place, and nobody sees a value."""

from __future__ import annotations

import json
import logging
import re
from functools import partialmethod
from pathlib import Path

import pytest
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.testing.v1 import AppTest

from core import logs
from pages import _failures, _quantise
from tests.gate_support import Line, fetch
from tests.pages.visit import PATIENCE, ROUTER
from tests.running import running

PLANTED = "planted secret 4711"
BOX = re.compile(r"Something went wrong \(error ([0-9a-f]{8})\)\.")


def fail(*_: object) -> None:
    """Fail with a message that nobody may see."""
    raise ValueError(PLANTED)


def test_a_page_that_fails_says_so_in_one_box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sidebar stays, the box has an id, and the log has the same with the place in our code."""
    monkeypatch.setattr(ScriptRunner, "__init__", partialmethod(ScriptRunner.__init__, on_script_error=_failures.show))
    monkeypatch.setattr(_quantise, "render", fail)
    logs.configure(tmp_path, console=False)
    at = AppTest.from_file(ROUTER, default_timeout=PATIENCE).run()
    logs.shut()
    assert not at.exception
    [box] = at.error
    id = BOX.match(box.value)
    assert id is not None
    assert PLANTED not in box.value
    assert at.slider(key="bits")
    lines = [json.loads(x) for x in (tmp_path / logs.FILE).read_text(encoding="utf-8").splitlines()]
    [line] = [x for x in lines if x["event"] == "page failed"]
    assert (line["id"], line["error"], line["level"]) == (id[1], "ValueError", "error")
    assert line["where"].startswith("test_failures.py:")
    assert PLANTED not in json.dumps(lines)


def test_streamlits_own_log_keeps_the_lines_and_not_the_message() -> None:
    """Whoever looks after the server sees where it was; a record without an error stays as it is."""
    try:
        fail()
    except ValueError as error:
        record = logging.LogRecord(
            "a", 40, "f", 1, "Uncaught app execution", (), (ValueError, error, error.__traceback__)
        )
    assert _failures._without_message(record)
    text = logging.Formatter().format(record)
    assert text.startswith("Uncaught app execution: ValueError\n")
    assert "in fail" in text
    assert PLANTED not in text
    plain = logging.LogRecord("a", 40, "f", 1, "%s", ("word",), None)
    assert _failures._without_message(plain)
    assert plain.getMessage() == "word"


def test_on_a_running_server_neither_page_nor_log_show_what_failed(tmp_path: Path) -> None:
    """Script and route both fail: an id each, one form, the same ids in the log; no message on any way out."""
    with running(tmp_path, app="tests/planted_app.py") as server:
        line = Line(server.address)
        sent = line.rerun()
        line.close()
        status, headers, text = fetch(server.address, "/fail")
        written = server.log.read_text(encoding="utf-8")
    # What is drawn: Streamlit tells every browser the path of the main script, whether anything fails or not.
    drawn = [message.SerializeToString() for message in sent if message.WhichOneof("type") == "delta"]
    shown = b"".join(drawn).decode(errors="replace")
    ids = [BOX.search(words) for words in (shown, text)]
    assert all(ids)
    assert (status, headers["x-content-type-options"]) == (500, "nosniff")
    events = [json.loads(x) for x in written.splitlines() if x.startswith("{")]
    found = {x["id"]: x for x in events if x["event"] in ("page failed", "request failed")}
    assert list(found) == [id[1] for id in ids if id]
    assert [x["error"] for x in found.values()] == ["ValueError", "ValueError"]
    for words in (shown, text, written):
        assert PLANTED not in words
    assert "Traceback" not in shown + text
    assert str(Path(__file__).parent) not in shown + text
