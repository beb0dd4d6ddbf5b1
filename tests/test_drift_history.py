"""The history of batches, the rule over it, the alert, and the command that writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from core import logs
from core.drift import (
    DRIFT,
    NONE,
    STATISTICS,
    Change,
    Entry,
    Rule,
    alert,
    entry_of,
    fires,
    history,
    read_rule,
    record,
    report,
    save_rule,
    simulate,
)
from core.drift.history import FILE, MOST, RULE_FILE
from core.errors import ArtifactError, InvalidInput
from core.settings import settings
from tests.cli_support import Shell, pair_file
from tests.support import california, small_file
from tests.together import together


def entry(value: float | None, number: int = 0) -> Entry:
    """Return a recorded batch with one statistic."""
    return Entry(f"2026-01-01T00:00:{number % 60:02}+00:00", "m", 100 + number, NONE, (), {"ks": value})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], False),
        ([0.3, 0.3], False),
        ([0.3, 0.3, 0.3], True),
        ([0.1, 0.2, 0.2, 0.2], True),
        ([0.3, 0.3, 0.3, 0.1], False),
        ([0.3, None, 0.3], False),
        ([0.19, 0.3, 0.3], False),
    ],
)
def test_a_rule_fires_after_so_many_batches_in_a_row(values: list[float | None], expected: bool) -> None:
    """The last three batches count, the limit itself is over it, and a batch without the statistic ends the row."""
    assert fires(Rule("ks", 0.2, 3), [entry(value) for value in values]) == expected


@pytest.mark.parametrize(
    ("wrong", "field"), [({"test": "mood"}, "test"), ({"limit": 0.0}, "limit"), ({"batches": 0}, "batches")]
)
def test_rules_are_checked(wrong: dict[str, object], field: str) -> None:
    """A statistic that is none, a limit of nothing and no batch are refused by name."""
    with pytest.raises(InvalidInput) as caught:
        Rule(**wrong)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_what_is_recorded_comes_back_in_order(tmp_path: Path) -> None:
    """A line a batch, oldest first; what is no line of ours is left out."""
    assert history(tmp_path) == ()
    for number in range(3):
        record(tmp_path, entry(0.1 * number, number))
    assert [one.rows for one in history(tmp_path)] == [100, 101, 102]
    with (tmp_path / FILE).open("a", encoding="utf-8") as file:
        file.write('nonsense\n{"time": 1}\n[]\n' + json.dumps(entry(0.5).to_json()).replace("0.5", "NaN") + "\n")
    assert len(history(tmp_path)) == 3
    (tmp_path / FILE).write_bytes(b"\xff\xff")
    assert history(tmp_path) == ()


def test_no_more_than_five_hundred_are_kept(tmp_path: Path) -> None:
    """The oldest goes when one more is recorded."""
    lines = [json.dumps(entry(0.1, number).to_json()) for number in range(MOST + 20)]
    (tmp_path / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = record(tmp_path, entry(0.2, 999))
    assert len(found) == len(history(tmp_path)) == MOST
    assert (found[0].rows, found[-1].rows) == (100 + 21, 1_099)


def test_threads_that_record_at_once_lose_nothing(tmp_path: Path) -> None:
    """Four threads, ten batches each: forty lines."""
    threads = [Thread(target=lambda: [record(tmp_path, entry(0.1)) for _ in range(10)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(history(tmp_path)) == 40


def test_processes_that_record_at_once_lose_nothing(tmp_path: Path) -> None:
    """Three processes, twenty batches each, beside one another: sixty lines."""
    code = """
import sys
from pathlib import Path
from core.drift import record
from tests.test_drift_history import entry
print("ready", flush=True)
input()
for _ in range(20):
    record(Path(sys.argv[1]), entry(0.1))
"""
    together(code, str(tmp_path), count=3)
    assert len(history(tmp_path)) == 60


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    """The message has the system's reason, and nothing was changed."""
    with pytest.raises(ArtifactError, match=r"the history cannot be written: .*; nothing was changed"):
        record(tmp_path / "not there", entry(0.1))


def test_the_rule_of_a_folder_is_kept(tmp_path: Path) -> None:
    """It is written and read; a file that is none is the default rule."""
    assert read_rule(tmp_path) == Rule()
    save_rule(tmp_path, Rule("psi", 0.25, 2))
    assert read_rule(tmp_path) == Rule("psi", 0.25, 2)
    for wrong in ("nonsense", "[]", '{"test": "mood"}', '{"mood": 1}'):
        (tmp_path / RULE_FILE).write_text(wrong, encoding="utf-8")
        assert read_rule(tmp_path) == Rule()


def test_every_statistic_of_a_report_is_kept() -> None:
    """What a rule can ask for stands in the entry, a number or None."""
    model = small_file()
    found = report(model, simulate(replace(model, data=None), [Change("f0", scale=5)], n=200))
    kept = entry_of(found, "m" * 300)
    assert set(kept.statistics) == set(STATISTICS)
    assert kept.statistics["drifting"] == len(found.drifting) >= 1
    assert kept.statistics["worse"] is None
    assert kept.verdict == DRIFT
    assert len(kept.model) == 100
    json.dumps(kept.to_json(), allow_nan=False)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Yield what is sent to the operator's address, where somebody listens."""
    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Keep what comes."""
            got.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("BITDIAL_WEBHOOK", f"http://127.0.0.1:{server.server_port}/hook")
    settings.cache_clear()
    yield got
    server.shutdown()
    thread.join()
    server.server_close()
    monkeypatch.undo()
    settings.cache_clear()


def test_an_alert_goes_to_the_log_and_to_the_operator(receiver: list[bytes], tmp_path: Path) -> None:
    """One line and one message, with the rule and its statistic, and nothing of a visitor's."""
    logs.configure(tmp_path, console=False)
    sent = alert(Rule("ks", 0.2, 1), replace(entry(0.3), drifting=("secret column",)))
    assert sent is not None
    sent.join(10)
    logs.shut()
    lines = [json.loads(line) for line in (tmp_path / logs.FILE).read_text(encoding="utf-8").splitlines()]
    assert [line["event"] for line in lines] == ["drift rule fired", "drift webhook answered"]
    assert (lines[0]["test"], lines[0]["value"], lines[0]["features"], lines[1]["status"]) == ("ks", 0.3, 1, 204)
    message = json.loads(receiver[0])
    assert (message["event"], message["value"], message["batches"]) == ("drift rule fired", 0.3, 1)
    assert b"secret" not in receiver[0]


def test_an_operator_who_is_not_there_costs_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where nobody listens the log says so; without an address nothing is sent."""
    assert alert(Rule(), entry(0.3)) is None
    monkeypatch.setenv("BITDIAL_WEBHOOK", "http://127.0.0.1:9/hook")
    settings.cache_clear()
    logs.configure(tmp_path, console=False)
    sent = alert(Rule(), entry(0.3))
    assert sent is not None
    sent.join(10)
    logs.shut()
    monkeypatch.undo()
    settings.cache_clear()
    assert "drift webhook failed" in (tmp_path / logs.FILE).read_text(encoding="utf-8")


@pytest.mark.parametrize("address", ["ftp://a.example/x", "hooks.example", "http://u:p@a.example/x", "https:// a"])
def test_the_operators_address_is_checked(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only an address of the web, without a name and password in it."""
    monkeypatch.setenv("BITDIAL_WEBHOOK", address)
    settings.cache_clear()
    with pytest.raises(InvalidInput, match="BITDIAL_WEBHOOK"):
        settings()
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """Return what runs commands in this process, with a folder of models of its own."""
    monkeypatch.setenv("BITDIAL_ARTIFACTS", str(tmp_path / "models"))
    settings.cache_clear()
    yield Shell(capsys)
    monkeypatch.undo()
    settings.cache_clear()


def batch_file(folder: Path, factor: float = 1.0) -> Path:
    """Write 300 test rows with their true values, the income times `factor`, and return the path."""
    X, y = california().rows("test")
    rows = np.column_stack([X[:300], y[:300]])
    rows[:, 0] *= factor
    path = folder / f"batch{factor:g}.csv"
    names = ",".join([*california().dataset.feature_names, "MedHouseVal", "Colour"])
    lines = [",".join([repr(float(v)) for v in row]) + ",red" for row in rows]
    path.write_text("\n".join([names, *lines]), encoding="utf-8")
    return path


def test_the_command_says_what_the_report_says(shell: Shell, tmp_path: Path) -> None:
    """In words and as JSON: the verdict, what drifts, the performance, the gap and what was ignored."""
    reference, batch = pair_file(tmp_path), batch_file(tmp_path, 2)
    found = shell.json("monitor", batch, "--reference", reference)
    assert (found["verdict"], found["drifting"], found["rows"], found["ignored"]) == (
        DRIFT,
        ["MedInc"],
        300,
        ["Colour"],
    )
    text = shell.text("monitor", batch, "--reference", reference)
    for words in (
        "drift: 300 rows, 1 of 8 features drift",
        "Holm's correction",
        "mae, quantized",
        "gap of the two",
        "Colour",
    ):
        assert words in text
    calm = shell.json("monitor", batch_file(tmp_path), "--reference", reference)
    assert (calm["verdict"], calm["drifting"]) == (NONE, [])
    assert "recorded" not in calm


def test_the_command_reads_parquet_too(shell: Shell, tmp_path: Path) -> None:
    """The same rows as CSV and as Parquet: the same report."""
    reference, batch = pair_file(tmp_path), batch_file(tmp_path, 2)
    other = tmp_path / "batch.parquet"
    pq.write_table(pyarrow.csv.read_csv(batch), other)
    assert shell.json("monitor", other, "--reference", reference) == shell.json(
        "monitor", batch, "--reference", reference
    )


def test_the_command_records_and_says_when_the_rule_fires(shell: Shell, tmp_path: Path) -> None:
    """Three batches with a drifting feature in a row fire the default rule, not two."""
    reference, batch = pair_file(tmp_path), batch_file(tmp_path, 2)
    found = [shell.json("monitor", batch, "--reference", reference, "--record") for _ in range(3)]
    assert [(one["recorded"], one["fires"]) for one in found] == [(1, False), (2, False), (3, True)]
    assert "the rule fires: drifting at least 1 in 3 batches in a row" in shell.text(
        "monitor", batch, "--reference", reference, "--record"
    )


def test_bad_batches_end_with_one_message(shell: Shell, tmp_path: Path) -> None:
    """Exit status 2, and a message that names the file or the column."""
    reference = pair_file(tmp_path)
    assert "a readable CSV or Parquet file" in shell.refused("monitor", tmp_path / "none.csv", "--reference", reference)
    (tmp_path / "bad.csv").write_text("MedInc\n1\n", encoding="utf-8")
    assert "no HouseAge" in shell.refused("monitor", tmp_path / "bad.csv", "--reference", reference)
    assert "cannot be read" in shell.refused("monitor", tmp_path / "bad.csv", "--reference", tmp_path / "none")
