"""Retraining end to end on California: the rule fires after its batches, the challenger is registered, the gate says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core import runs
from core.datasets import Dataset, load
from core.errors import InvalidInput
from core.renew import champion
from core.retrain import table_bytes
from core.runs import CHAMPION
from tests.cli_support import Shell
from tests.runs_support import REGISTRY, own_store, pair

KNOWN, BATCH = 8000, 1000


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give each test an empty store."""
    yield from own_store(tmp_path / "models", monkeypatch)


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return what runs commands in this process."""
    return Shell(capsys)


def part(rows: np.ndarray, scale: float = 1.0) -> Dataset:
    """Return some rows of California, their incomes scaled."""
    whole = load("california_housing")
    X = np.array(whole.X[rows])
    X[:, 0] *= scale
    return replace(whole, X=X, y=whole.y[rows], places=())


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Write a table, and four batches of rows that come later; the incomes of all but the first are in other money."""
    rows = np.random.default_rng(0).permutation(len(load("california_housing").y))
    made = {"table": part(rows[:KNOWN])}
    for i in range(4):
        start = KNOWN + i * BATCH
        made[f"batch{i}"] = part(rows[start : start + BATCH], 1.4 if i else 1.0)
    paths = {}
    for name, dataset in made.items():
        paths[name] = tmp_path / f"{name}.csv"
        paths[name].write_bytes(table_bytes(dataset))
    return paths


def events(store: Path) -> list[dict[str, object]]:
    """Return what the log says."""
    return [json.loads(line) for line in (store / "logs" / "bitdial.jsonl").read_text("utf-8").splitlines()]


def test_from_drift_to_a_decision(shell: Shell, store: Path, files: dict[str, Path], tmp_path: Path) -> None:
    """Quiet batches fire nothing; three that drift do; the challenger's recipe is the champion's on both tables."""
    original, model = tmp_path / "original.safetensors", tmp_path / "pair.safetensors"
    shell.json("train", "--data", files["table"], "--target", "MedHouseVal", "--out", original)
    shell.json("quantize", original, "--bits", "6", "--method", "asymmetric", "--data", files["table"], "--out", model)
    asked = ("--reference", model, "--retrain", "--data", files["table"], "--table", tmp_path / "both.csv")
    first = shell.json("monitor", files["batch0"], *asked, "--rule", "drifting:1:2")
    assert (first["verdict"], first["fires"], first["retrained"]) == ("no evidence", False, None)
    second = shell.json("monitor", files["batch1"], *asked)
    assert (second["verdict"], second["fires"], second["retrained"]) == ("drift", False, None)
    assert runs.versions(REGISTRY) == ()
    third = shell.json("monitor", files["batch2"], *asked, "--tolerance", "0.2")
    assert third["fires"]
    decision = third["retrained"]["decision"]
    assert third["retrained"]["version"] == 2
    assert decision["rows"] >= 100
    assert decision["low"] <= decision["value"] <= decision["high"]
    # The gate rests on the interval alone: what it decided is what its bad end and the tolerance say.
    assert decision["promoted"] == (decision["low"] >= -0.2)
    assert f"{decision['rows']:,} held-back rows" in decision["reason"]
    newest, oldest = runs.versions(REGISTRY)
    assert CHAMPION in (newest if decision["promoted"] else oldest).aliases
    challenger, before = (runs.model_of(REGISTRY, one.run) for one in (newest, oldest))
    assert challenger.config == before.config
    assert challenger.quantized.scheme == before.quantized.scheme
    assert challenger.moments.n == (KNOWN + BATCH) * 4 // 5
    gates = [line for line in events(store) if line["event"] == "gate"]
    assert gates[-1]["version"] == 2 and gates[-1]["promoted"] == decision["promoted"]
    assert [gates[-1][name] for name in ("low", "high", "tolerance")] == [decision["low"], decision["high"], 0.2]
    assert any(line["event"] == "drift rule fired" for line in events(store))
    # The table that was written opens the challenger's recipe again, and the next batch retrains the next champion.
    said = shell.text(
        "monitor", files["batch3"], "--reference", "champion" if decision["promoted"] else model, "--retrain",
        "--data", tmp_path / "both.csv" if decision["promoted"] else files["table"], "--tolerance", "0.2",
    )  # fmt: skip
    assert "version 3: " in said
    assert "95 % interval" in said


def test_what_is_wrong_is_said_before_anything_is_trained(shell: Shell, files: dict[str, Path], tmp_path: Path) -> None:
    """A rule, a tolerance, an alias and a table that are none."""
    model = tmp_path / "pair.safetensors"
    pair(8)[0].save(model)
    ask = ("monitor", files["batch0"], "--reference", model)
    assert "colons between" in shell.refused(*ask, "--rule", "drifting:1")
    assert "one of drifting" in shell.refused(*ask, "--rule", "noise:1:3")
    assert "batches" in shell.refused(*ask, "--rule", "drifting:1:0")
    assert "tolerance" in shell.refused(*ask, "--retrain", "--tolerance", "2")
    assert "the registry has no champion yet" in shell.refused("monitor", files["batch0"], "--reference", "champion")
    assert "not made from a table of your own" in shell.refused(
        *ask, "--retrain", "--rule", "ks:1e-9:1", "--data", files["table"]
    )
    assert runs.versions(REGISTRY) == ()


def test_only_the_champion_is_retrained() -> None:
    """The first model becomes the champion; another one is refused by the champion's number."""
    model = pair(8)[0]
    assert champion(REGISTRY, model) == champion(REGISTRY, model) == 1
    with pytest.raises(InvalidInput, match="open version 1"):
        champion(REGISTRY, replace(model, config=None, data=None))
