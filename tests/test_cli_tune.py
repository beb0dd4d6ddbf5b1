"""Tuning on the command line: ranking, best model, progress, Ctrl-C; and what the commands write into the log."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from core import logs
from core.artifact import load
from core.cli import progress, tune
from core.config import DataConfig, TrainConfig
from core.progress import Progress
from core.settings import ROOT, settings
from core.tune import TuneRequest
from core.tune import tune as search
from tests.cli_support import Shell, original_file
from tests.support import OF_VALUES, bundled

FLATS = ROOT / "examples" / "flats.csv"
SEEDLINGS = ROOT / "examples" / "seedlings.csv"


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return what runs commands in this process."""
    return Shell(capsys)


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the log file that the commands of this test write."""
    monkeypatch.setenv("BITDIAL_LOGS", str(tmp_path / "logs"))
    settings.cache_clear()
    yield tmp_path / "logs" / logs.FILE
    monkeypatch.undo()
    settings.cache_clear()


def events(log: Path) -> list[dict[str, Any]]:
    """Return what the log holds."""
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def test_elastic_net_is_tuned_to_the_reference_figures(shell: Shell, tmp_path: Path) -> None:
    """On clean California alpha 1e-4 and l1_ratio 0.9 are best: test R² 0.575893, RMSE 0.745489; the file is that."""
    out = tmp_path / "best.safetensors"
    argv = ["--model", "elastic_net", "--space", "alpha=1e-4,1e-3", "--space", "l1_ratio=0.5,0.9", "--no-shuffle"]
    found = shell.json("tune", *argv, "--out", out)
    assert found["candidates"][0]["params"] == {"alpha": 1e-4, "l1_ratio": 0.9}
    assert found["candidates"][0]["rmse_mean"] == pytest.approx(0.720524, abs=5e-7)
    assert found["metrics"]["test"]["r2"] == pytest.approx(0.575893, abs=5e-7)
    assert found["metrics"]["test"]["rmse"] == pytest.approx(0.745489, abs=5e-7)
    best = load(out)
    assert best.config == TrainConfig("elastic_net", params=(("alpha", 1e-4), ("l1_ratio", 0.9)))
    assert found["experiment"]["train"] == found["best"] == best.config.to_json()
    assert (found["metric"], found["path"]) == ("r2", str(out))
    assert best.metrics["original"]["test"]["r2"] == found["metrics"]["test"]["r2"]


def without_times(candidates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return candidates without what differs from run to run."""
    return [{k: v for k, v in c.items() if k != "fit_seconds"} for c in candidates]


@pytest.mark.parametrize("kind", ["grid", "random", "halving"])
def test_every_search_is_that_of_core(shell: Shell, kind: str) -> None:
    """Candidates, draws and folds follow the options; one seed decides them all."""
    more = [] if kind == "grid" else ["--candidates", "6"]
    argv = ["--dataset", "diabetes", "--model", "ridge", "--search", kind, "--folds", "3", "--seed", "7", *more]
    found = shell.json("tune", *argv)
    candidates = 20 if kind == "grid" else 6
    data = DataConfig("diabetes", seed=7)
    request = TuneRequest(data, TrainConfig("ridge"), folds=3, search=kind, candidates=candidates, seed=7)
    expected = search(request)
    assert without_times(found["candidates"]) == without_times(expected.to_json()["candidates"])
    assert found["best"] == expected.best.to_json()
    assert found["space"] == {"alpha": {"low": 1e-4, "high": 1e4, "log": True, "points": 9}}


def test_people_read_ranking_best_and_its_figures(shell: Shell) -> None:
    """Rank, settings, mean and deviation, seconds of a fit; then the report of the best on all training rows."""
    argv = ["tune", "--dataset", "diabetes", "--model", "ridge", "--space", "alpha=1,10,100", "--space", "degree=1"]
    lines = shell.text(*argv).splitlines()
    expected = search(TuneRequest(DataConfig("diabetes"), TrainConfig("ridge"), space=(("alpha", (1, 10, 100)),)))
    assert lines[0] == "grid search: mean R² over 5 folds of the training rows"
    assert lines[1].split() == ["rank", "alpha", "degree", "R²", "±", "fit,", "s"]
    for i, (line, c) in enumerate(zip(lines[2:5], expected.candidates, strict=True), start=1):
        alpha = f"{c.params[0][1]:g}"
        assert line.split()[:5] == [str(i), alpha, "1", f"{c.mean:.6f}", f"{c.std:.6f}"]
    assert lines[5].startswith("3 candidates in ")
    assert lines[7] == f"best: alpha {expected.candidates[0].params[0][1]:g}, degree 1"
    assert lines[-2:] == ["the test rows had no say in the choice", "not saved: name a file with --out"]
    test = next(line.split() for line in lines if line.startswith("test "))
    r2 = shell.json(*argv)["metrics"]["test"]["r2"]
    assert test[2] == f"{r2:.4f}"


def test_many_candidates_are_cut_short_for_people(shell: Shell) -> None:
    """Twenty lines and how many more there are; halving says on how many rows each was tried."""
    values = ",".join(str(i) for i in range(1, 28))
    argv = ["tune", "--dataset", "diabetes", "--model", "ridge", "--space", f"alpha={values}", "--folds", "2"]
    assert "… and 7 more candidates: see --json" in shell.text(*argv).splitlines()
    halved = shell.text(*argv, "--search", "halving", "--candidates", "9").splitlines()
    assert halved[1].split() == ["rank", "alpha", "R²", "±", "rows", "fit,", "s"]


def test_a_table_of_ones_own_is_tuned(shell: Shell, tmp_path: Path) -> None:
    """With what was decided before the ranking; the saved model is of that table."""
    out = tmp_path / "best.safetensors"
    argv = ["tune", "--data", SEEDLINGS, "--space", "C=0.01,1", "--folds", "3", "--out", out]
    found, text = shell.json(*argv), shell.text(*argv)
    assert found["metric"] == "accuracy"
    assert found["data"]["target"] == "species"
    assert text.startswith("seedlings.csv: 150 rows; species is predicted from 6 columns, classification\n")
    model = load(out)
    assert (model.data.sha256 if model.data else "") == found["data"]["sha256"]
    assert shell.json("predict", out, "--sample", "--data", SEEDLINGS)["rows"] == 10


def test_a_config_file_may_hold_the_space(shell: Shell, tmp_path: Path) -> None:
    """Ranges and lists stand beside the settings, and the printed space is read again; options win."""
    space = {"alpha": {"low": 0.01, "high": 1}, "scaling": ["none", "standard"]}
    config = tmp_path / "config.json"
    config.write_text(
        "// mine\n" + json.dumps({"data": {"dataset": "diabetes"}, "train": {"model": "lasso"}, "space": space}),
        encoding="utf-8",
    )
    argv = ["tune", "--config", config, "--folds", "2"]
    drawn = shell.json(*argv, "--search", "random", "--candidates", "4")
    assert drawn["space"]["alpha"] == {"low": 0.01, "high": 1, "log": True, "points": 5}
    assert drawn["space"]["scaling"] == ["none", "standard"]
    assert len(drawn["candidates"]) == 4
    assert drawn["best"]["model"] == "lasso"
    assert list(shell.json(*argv, "--space", "alpha=0.5")["space"]) == ["alpha"]
    config.write_text(json.dumps(drawn["experiment"] | {"space": drawn["space"]}), encoding="utf-8")
    assert shell.json(*argv, "--search", "random", "--candidates", "4")["space"] == drawn["space"]
    config.write_text('{"data": {"dataset": "diabetes"}}', encoding="utf-8")
    assert shell.json(*argv)["space"] == {"positive": [False, True]}


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--search", "best"], 'search must be one of grid, random, halving, got "best"'),
        (["--candidates", "5"], '--candidates must be left out beside a grid, which tries every combination, got "5"'),
        (["--search", "random", "--candidates", "1"], "candidates must be a whole number from 2 to 1000, got 1"),
        (["--folds", "1"], "folds must be a whole number from 2 to 20, got 1"),
        (["--folds", "2.5"], 'folds must be a whole number from 2 to 20, got "2.5"'),
        (["--space", "alpha"], '--space must be NAME=VALUE,VALUE,..., got "alpha"'),
        (["--space", "=1"], '--space must be NAME=VALUE,VALUE,..., got "=1"'),
        (["--space", "C=1"], 'setting of ridge must be one of alpha, positive, scaling, degree, impute, fill, indicator, got "C"'),
        (["--space", "alpha="], 'alpha must be a number from 0 to 1e+09, got ""'),
        (["--space", "alpha=1,x"], 'alpha must be a number from 0 to 1e+09, got "x"'),
        (["--space", "alpha=1", "--space", "alpha=2"], 'space must be one entry for each setting, got "alpha twice"'),
        (["--space", "alpha=1", "--set", "alpha=2"], 'space must be of settings that no other option names, got "alpha"'),
        (["--space", "degree=1,2", "--degree", "2"], 'space must be of settings that no other option names, got "degree"'),
        (["--model", "logistic"], f'model must be {OF_VALUES} for california_housing, got "logistic"'),
        (["--config", "none.json"], 'config must be a readable JSON file (No such file or directory), got "none.json"'),
    ],
)  # fmt: skip
def test_bad_searches_are_refused(shell: Shell, argv: list[str], message: str) -> None:
    """Status 2 and one message, with and without --json."""
    argv = argv if "--model" in argv else ["--model", "ridge", *argv]
    assert shell.refused("tune", *argv) == message
    assert shell.refused("tune", *argv, "--json") == message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"space": []}', "space must be an object with a list or a range for each setting, got []"),
        ('{"space": {"alpha": {"low": 1}}}', 'alpha must be a range with low and high, and if wanted log and points, got "low"'),
        ('{"space": {}, "more": 1}', 'setting of experiment must be one of data, train, scheme, got "more"'),
        ('{"space": {"alpha": [1]}, "space": {}}', "config must be a JSON file of settings (it names a key twice), got "),
    ],
)  # fmt: skip
def test_bad_spaces_in_a_file_are_refused(shell: Shell, tmp_path: Path, content: str, message: str) -> None:
    """What is wrong with the file or its space is named."""
    config = tmp_path / "config.json"
    config.write_text(content, encoding="utf-8")
    assert shell.refused("tune", "--model", "ridge", "--config", config).startswith(message)


class Terminal(io.StringIO):
    """A terminal that keeps what is written."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


def test_progress_is_one_line_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share, words and the time left, in no more columns than there are; then blanks."""
    monkeypatch.setenv("COLUMNS", "60")
    terminal, now = Terminal(), [0.0]
    line = progress.Line(terminal, lambda: now[0])
    line(0, 200, "candidate 1 of 4")
    now[0] = 0.05
    line(1, 200, "too soon to be written")
    now[0] = 60.0
    line(50, 200, "candidate 2 of 4")
    line(200, 200, "done")
    line.clear()
    written = terminal.getvalue().split("\r")[1:]
    assert [w.rstrip() for w in written] == ["0%: candidate 1 of 4", "25%: candidate 2 of 4, 3 min 0 s left", "100%: done", "", ""]  # fmt: skip
    assert len(written[2]) == len("25%: candidate 2 of 4, 3 min 0 s left")
    now[0] = 100.0
    line(100, 200, "x" * 200)
    assert len(terminal.getvalue().split("\r")[-1]) == 59


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3725, "1 h 2 min")])
def test_times_are_rounded_as_one_reads_them(seconds: float, words: str) -> None:
    """Two units at most."""
    assert progress.duration(seconds) == words


def test_only_a_terminal_is_written_to(shell: Shell) -> None:
    """A file or pipe gets no progress; a terminal gets it and is left clean, also after an error."""
    pipe, terminal = io.StringIO(), Terminal()

    def work(told: Progress) -> str:
        told(1, 2, "half")
        return "done"

    def fail(told: Progress) -> str:
        told(1, 2, "half")
        raise ValueError("no")

    assert progress.watched(work, pipe) == progress.watched(work, terminal) == "done"
    with pytest.raises(ValueError, match=r"^no$"):
        progress.watched(fail, terminal)
    assert pipe.getvalue() == ""
    assert terminal.getvalue() == "\r50%: half\r         \r" * 2


def test_ctrl_c_is_one_line(shell: Shell, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status 130, nothing on standard output, and an event."""

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tune, "tune", stopped)
    assert shell.run("tune", "--json") == (130, "", "stopped\n")
    assert [e["event"] for e in events(log)] == ["tuning", "tune stopped"]


def test_ctrl_c_in_code_that_python_runs_from_a_text_is_no_other(tmp_path: Path) -> None:
    """Libraries make classes by `exec`; interrupted there, `python -m` would end by the signal, without a status."""
    (tmp_path / "interrupted.py").write_text(
        "import signal, sys\n"
        "from core.cli import main, tune\n"
        "tune.tune = lambda *_: exec('signal.raise_signal(signal.SIGINT)')\n"
        "sys.exit(main(['tune']))\n"
    )
    env = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "BITDIAL_LOGS": str(tmp_path)}
    done = subprocess.run([sys.executable, "-m", "interrupted"], env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "stopped\n")


def test_a_ctrl_c_that_got_lost_is_heard_at_the_next_step() -> None:
    """A destructor swallows the exception; the next step of the work raises it again, and Ctrl-C is itself after it."""

    class Swallows:
        def __del__(self) -> None:
            with suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)

    before, steps = signal.getsignal(signal.SIGINT), []

    def work(tell: Progress) -> None:
        tell(0, 2, "one")
        Swallows()
        steps.append(1)
        tell(1, 2, "two")
        steps.append(2)

    with pytest.raises(KeyboardInterrupt):
        progress.watched(work)
    assert steps == [1]
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_stops_a_real_search(tmp_path: Path) -> None:
    """As a real process in the middle of a long search: status 130 within seconds and the one line."""
    argv = [sys.executable, "-m", "core", "tune", "--dataset", "digits", "--search", "random", "--candidates", "500"]
    with subprocess.Popen(
        argv, cwd=ROOT, env=os.environ | {"BITDIAL_LOGS": str(tmp_path)}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        log, end = tmp_path / logs.FILE, time.monotonic() + 60
        while not (log.exists() and "tuning" in log.read_text()) and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=30)
    assert (process.returncode, out, error) == (130, "", "stopped\n")
    assert [e["event"] for e in events(log)] == ["tuning", "tune stopped"]


def test_training_tuning_and_batches_are_logged(shell: Shell, log: Path, tmp_path: Path) -> None:
    """Names, counts and seconds, one event each, and on standard error nothing."""
    model = tmp_path / "m.safetensors"
    shell.json("train", "--data", FLATS, "--out", model)
    shell.json("predict", model, "--sample", "--data", FLATS)
    shell.json("tune", "--dataset", "diabetes", "--model", "ridge", "--space", "alpha=1,2", "--folds", "2")
    shell.refused("train", "--data", FLATS, "--target", "secret column")
    shell.text("datasets")
    found = events(log)
    assert [e["event"] for e in found] == ["trained", "predicted", "tuning", "tuned", "trained", "train refused"]
    wanted = {"dataset": "own", "model": "linear", "rows": 192, "test_rows": 48, "columns": 9}
    assert {k: found[0][k] for k in wanted} == wanted
    assert (found[1]["rows"], found[1]["models"], found[1]["unknown"]) == (10, "original", 0)
    assert (found[2]["dataset"], found[2]["search"]) == ("diabetes", "grid")
    assert found[5]["error"] == "InvalidInput"
    assert {e["level"] for e in found} == {"info"}


def test_the_log_holds_nothing_of_a_table(shell: Shell, log: Path, tmp_path: Path) -> None:
    """No value, no text, no name of a column and no name of the file, whatever goes right or wrong."""
    table, rows, model = tmp_path / "private.csv", tmp_path / "rows.csv", tmp_path / "m.safetensors"
    lines = "".join(f"{7000 + i}.125,word{i % 3},{i * 31 % 17}\n" for i in range(60))
    table.write_text("salary,person,amount\n" + lines, encoding="utf-8")
    rows.write_text("salary,person\n7123.125,word9\n", encoding="utf-8")
    shell.json("train", "--data", table, "--out", model)
    shell.json("tune", "--data", table, "--model", "ridge", "--space", "alpha=1", "--folds", "2")
    shell.json("predict", model, "--rows", rows)
    rows.write_text("salary,person\nword77,word9\n", encoding="utf-8")
    shell.refused("predict", model, "--rows", rows)
    shell.refused("train", "--data", table, "--target", "person", "--task", "regression")
    text = log.read_text(encoding="utf-8")
    assert len(events(log)) == 7
    for secret in ("7123", "7000", "word", "salary", "person", "amount", "private"):
        assert secret not in text


def test_a_folder_that_cannot_be_written_costs_the_log_alone(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command answers, with one line on standard error."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("BITDIAL_LOGS", str(tmp_path / "file" / "logs"))
    settings.cache_clear()
    status, out, error = shell.run("predict", original_file(tmp_path), "--sample")
    monkeypatch.undo()
    settings.cache_clear()
    assert status == 0
    assert out
    assert error in ("", "no log file\n")


def test_settings_from_outside_that_are_wrong_are_refused(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is done."""
    monkeypatch.setenv("BITDIAL_QUEUE", "many")
    settings.cache_clear()
    message = shell.refused("train")
    monkeypatch.undo()
    settings.cache_clear()
    assert message == 'BITDIAL_QUEUE must be a whole number from 0 to 1000, got "many"'


def test_the_best_model_is_trained_on_all_training_rows(shell: Shell) -> None:
    """Its figures are those of training with its settings, folds or no folds."""
    found = shell.json("tune", "--dataset", "wine", "--space", "C=0.01,1", "--folds", "3")
    trained = bundled(DataConfig("wine"), TrainConfig("logistic", params=tuple(found["best"]["params"].items())))
    assert found["metrics"]["test"] == shell.json("train", "--dataset", "wine", "--set", f"C={found['best']['params']['C']}")["metrics"]["test"]  # fmt: skip
    assert trained.config is not None
    assert found["best"] == trained.config.to_json()
