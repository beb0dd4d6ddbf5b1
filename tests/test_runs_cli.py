"""The commands about runs: saved by `--track`, listed, promoted, rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core import runs
from tests.cli_support import Shell, original_file
from tests.runs_support import REGISTRY, own_store


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give each test an empty store."""
    yield from own_store(tmp_path / "models", monkeypatch)


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return what runs commands in this process."""
    return Shell(capsys)


def test_what_three_commands_track_is_listed(shell: Shell, tmp_path: Path) -> None:
    """Train, quantize and compare each keep a run of what they made; without --track none is kept."""
    shell.json("train")
    assert shell.json("runs") == {"runs": [], "versions": []}
    assert "no run is saved yet" in shell.text("runs")
    file = original_file(tmp_path)
    ids = [
        shell.json(*command, "--track")["run"]
        for command in (("train",), ("quantize", file, "--bits", "6"), ("compare", "--bits", "4"))
    ]
    found = shell.json("runs")["runs"]
    assert [one["id"] for one in found] == ids[::-1]
    assert [one["origin"] for one in found] == [f"command line, {c}" for c in ("compare", "quantize", "train")]
    assert [(one["method"] != "", one["bits"]) for one in found] == [(True, 4), (True, 6), (False, 0)]
    assert [set(one["intervals"]) for one in found] == [{"original", "quantized"}] * 2 + [{"original"}]
    table = shell.text("runs")
    assert all(run[:8] in table for run in ids)
    assert f"kept as run {runs.runs(REGISTRY)[0].id}" not in shell.text("compare", "--bits", "4")


def test_a_run_is_promoted_and_taken_back(shell: Shell) -> None:
    """By the beginning of its id, as the latest, or as a number; the gate says no in words and with status 0."""
    first = shell.json("compare", "--bits", "8", "--track")["run"]
    assert shell.json("promote", first[:10])["promoted"]
    shell.json("compare", "--bits", "2", "--track")
    decision = shell.json("promote", "latest")
    assert (decision["promoted"], decision["champion"], decision["rows"]) == (False, 1, 4128)
    assert "not promoted" in shell.text("promote", "2", "--tolerance", "0.02")
    shell.json("compare", "--bits", "12", "--track")
    assert "version 3: promoted" in shell.text("promote", "latest", "--tolerance", "0.02")
    assert shell.json("rollback")["number"] == 1
    versions = shell.json("runs")["versions"]
    assert [(v["number"], v["stage"]) for v in versions] == [(3, "Archived"), (2, "Archived"), (1, "Production")]
    assert "champion" in shell.text("runs")


def test_bad_input_is_refused(shell: Shell) -> None:
    """Unknown runs and versions, bad tolerances, and a way back that there is not, each give one message."""
    assert "run must be the beginning of one run's id: 0 fit" in shell.refused("promote", "latest")
    assert "version must be one of the registry's (none yet)" in shell.refused("promote", "7")
    shell.json("compare", "--bits", "8", "--track")
    shell.json("compare", "--bits", "6", "--track")
    assert "run must be the beginning of one run's id: 2 fit" in shell.refused("promote", "")
    assert "tolerance must be" in shell.refused("promote", "latest", "--tolerance", "-1")
    assert "rollback must be asked for where there was a champion before" in shell.refused("rollback")
    assert "--data must be left out" in shell.refused("promote", "latest", "--data", "rows.csv")
