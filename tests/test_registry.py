"""The registry: versions under aliases, the gate, its evidence, and the way back; followed by the REST interface."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import runs, tracking
from core.api import aliases, library
from core.artifact import Model, encode
from core.config import DataConfig, TrainConfig
from core.errors import InvalidInput, TrackingError
from core.evaluate import compare, model_file
from core.quant import Scheme
from core.runs.gate import gap, held_back
from core.settings import settings
from core.train import train
from core.workspaces import HEADER, folder_of, new_key
from tests.api_support import error, mounted, row
from tests.running import running
from tests.runs_support import REGISTRY, outside, own_store, pair, put_store, saved
from tests.support import california


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give each test an empty store, and an interface that has looked nothing up."""
    library.clear()
    yield from own_store(tmp_path / "models", monkeypatch)
    library.clear()


def registered(bits: int) -> int:
    """Save and register a run of so many bits, and return the number of its version."""
    return runs.register(REGISTRY, saved(bits).id).number


def version_of(model: Model) -> int:
    """Save and register a model, and return the number of its version."""
    return runs.register(REGISTRY, runs.save_run(REGISTRY, model).id).number


def stages() -> dict[int, tuple[tuple[str, ...], str]]:
    """Return aliases and stage of each version."""
    return {v.number: (v.aliases, v.stage) for v in runs.versions(REGISTRY)}


def test_the_way_of_a_version_from_challenger_to_champion_and_back() -> None:
    """Registered it is the challenger; promoted the champion, the one before archived; rolled back, the other way."""
    first, second = registered(8), registered(10)
    assert stages() == {1: ((), "Archived"), 2: (("challenger",), "Staging")}
    decision = runs.promote(REGISTRY, first, 0.01)
    assert (decision.promoted, decision.champion, decision.rows) == (True, 0, 0)
    assert "first champion" in decision.reason
    decision = runs.promote(REGISTRY, second, 0.01)
    assert decision.promoted
    assert (decision.version, decision.champion, decision.metric, decision.rows) == (2, 1, "r2", 4128)
    assert stages() == {1: ((), "Archived"), 2: (("champion",), "Production")}
    assert runs.before(runs.versions(REGISTRY)) == 1
    assert runs.rollback(REGISTRY).number == 1
    assert stages() == {1: (("champion",), "Production"), 2: ((), "Archived")}
    assert runs.before(runs.versions(REGISTRY)) is None
    with pytest.raises(InvalidInput, match="rollback must be asked for where there was a champion before"):
        runs.rollback(REGISTRY)


def test_registering_twice_makes_one_version() -> None:
    """The version of a run stays what it is, and becomes the challenger again; the champion does not."""
    one, other = saved(8), saved(4)
    assert [runs.register(REGISTRY, r.id).number for r in (one, other, one)] == [1, 2, 1]
    assert runs.version(REGISTRY, 1).aliases == ("challenger",)
    runs.promote(REGISTRY, 1, 0.0)
    assert runs.register(REGISTRY, one.id).aliases == ("champion",)


def test_the_gate_keeps_a_worse_model_out_and_writes_down_why() -> None:
    """2 bits instead of 8 are refused by interval; decision and evidence stand at the version and beside its run."""
    registered(8)
    worse = registered(2)
    runs.promote(REGISTRY, 1, 0.01)
    decision = runs.promote(REGISTRY, worse, 0.01)
    assert not decision.promoted
    assert decision.low is not None
    assert decision.low < -0.01
    assert stages()[1][0] == ("champion",)
    found = runs.version(REGISTRY, worse)
    assert found.decision == decision
    place = tracking.folder() / "files" / REGISTRY.name / found.run / "artifacts"
    assert json.loads(next(place.glob("decision-*.json")).read_text())["low"] == decision.low
    assert "95 % interval" in decision.reason
    assert runs.promote(REGISTRY, worse, min(1.0, -decision.low + 1e-9)).promoted == (decision.low >= -1)


def test_the_interval_is_the_paired_one_of_every_comparison() -> None:
    """On the same rows the gate's interval is that of `compare`: quantised minus original."""
    model, comparison = pair(8)
    rows, targets = held_back(model.only("original"), model.only("quantized"))
    assert np.array_equal(rows, california().rows("test")[0])
    found, difference = gap(model.only("original"), model.only("quantized"), rows, targets), comparison.difference
    assert difference is not None
    assert (found.value, found.low, found.high) == pytest.approx(
        (difference.value, difference.low, difference.high), abs=1e-9
    )


def test_only_rows_that_neither_training_saw_are_judged() -> None:
    """Of two splits the rows that are test rows of both are taken; these are in neither's training rows."""
    other = train(DataConfig("california_housing", 0.2, 7), TrainConfig())
    model = model_file(other, compare(other, Scheme("symmetric", 8)))
    rows, _ = held_back(pair(8)[0], model)
    assert 700 < len(rows) < 950  # of 20,640 rows a fifth of a fifth, 826, give or take five standard deviations
    known = {tuple(r) for r in rows.tolist()}
    duplicates = 20_640 - len({tuple(r) for r in california().dataset.X.tolist()})
    seen = [{tuple(r) for r in t.rows("train")[0].tolist()} for t in (california(), other)]
    assert len(known & (seen[0] | seen[1])) <= duplicates


def test_models_that_cannot_be_compared_are_not_promoted() -> None:
    """Other data, too few common rows, or no recipe: no, with the reason, and the champion stays."""
    version_of(pair(8)[0])
    runs.promote(REGISTRY, 1, 0.01)
    few = train(DataConfig("california_housing", 0.002, 7), TrainConfig())
    wanted = [
        (model_file(few, compare(few, Scheme())), "held-back rows must be at least 50"),
        (outside(), "brought from outside"),
        (replace(pair(8)[0], data_sha256="0" * 64), "those of the champion"),
    ]
    for model, reason in wanted:
        decision = runs.promote(REGISTRY, version_of(model), 1.0)
        assert not decision.promoted
        assert reason in decision.reason
        assert decision.low is None
    assert stages()[1][0] == ("champion",)


@pytest.mark.parametrize("tolerance", [-0.1, 1.1, float("nan"), float("inf"), "a"])
def test_a_tolerance_is_a_number_from_0_to_1(tolerance: Any) -> None:
    """Anything else is refused before anything is looked at."""
    with pytest.raises(InvalidInput, match="tolerance must be"):
        runs.promote(REGISTRY, 1, tolerance)


def test_the_champion_itself_and_unknown_versions_are_refused() -> None:
    """Who is the champion cannot be promoted, and what is no version neither."""
    with pytest.raises(InvalidInput, match=r"version must be one of the registry's \(none yet\), got 1"):
        runs.promote(REGISTRY, 1, 0.01)
    registered(8)
    runs.promote(REGISTRY, 1, 0.01)
    with pytest.raises(InvalidInput, match="version must be another one than the champion"):
        runs.promote(REGISTRY, 1, 0.01)
    with pytest.raises(InvalidInput, match=r"version must be one of the registry's \(1\), got 9"):
        runs.promote(REGISTRY, 9, 0.01)


def test_a_decision_on_other_rows_can_be_handed_in() -> None:
    """`decide` judges on any held-back rows; its decision stands for the gate's own, if it is about these versions."""
    registered(8)
    registered(10)
    runs.promote(REGISTRY, 1, 0.01)
    X, y = california().rows("test")
    decision = runs.decide(pair(8)[0], pair(10)[0], X[:500], y[:500], 0.01, version=2, before=1)
    assert decision.rows == 500
    assert runs.promote(REGISTRY, 2, 0.01, decision=decision) == decision
    with pytest.raises(InvalidInput, match="decision must be about"):
        runs.promote(REGISTRY, 1, 0.01, decision=decision)
    short = runs.decide(pair(8)[0], pair(10)[0], X[:49], y[:49], 1.0)
    assert not short.promoted
    assert "at least 50, got 49" in short.reason


def test_a_history_cut_off_in_the_middle_heals() -> None:
    """Where the alias was not moved after the history, or the history not after the alias, the alias counts."""
    for bits in (8, 10, 12):
        runs.promote(REGISTRY, registered(bits), 0.01)
    for history in ([1, 2, 3, 1], [1, 2, 3, 2, 1], [1, 2, 3]):
        tracking.call("set_registered_model_tag", REGISTRY.name, "history", json.dumps(history))
        assert runs.before(runs.versions(REGISTRY)) == 2
    assert [runs.rollback(REGISTRY).number for _ in range(2)] == [2, 1]
    runs.promote(REGISTRY, 3, 0.01)
    assert runs.rollback(REGISTRY).number == 1


def test_an_altered_version_is_never_promoted() -> None:
    """A version whose file is another one than was registered is told before the gate sees it."""
    registered(8)
    registered(10)
    runs.promote(REGISTRY, 1, 0.01)
    one = runs.version(REGISTRY, 2)
    path = tracking.folder() / "files" / REGISTRY.name / one.run / "artifacts" / "model.safetensors"
    path.write_bytes(encode(pair(12)[0]))
    with pytest.raises(TrackingError, match="its SHA-256 differs"):
        runs.promote(REGISTRY, 2, 0.01)
    assert stages()[1][0] == ("champion",)


def asked(client: Any, model: str, **headers: str) -> Any:
    """Return the answer to one row by the model called so."""
    return client.post("/api/predict", json={"model": model, "rows": [row()]}, headers=headers)


def answer(model: Model) -> float:
    """Return what the quantised model says to the row that is asked for."""
    return float(model.predict(california().rows("test")[0][:1])[0])


def test_the_interface_serves_an_alias_and_follows_it() -> None:
    """Without a champion 404; with one its answers, within a second those of the next, and of the one before again."""
    with mounted() as client:
        assert error(asked(client, "champion"), 404)["allowed"].endswith("there is no champion yet")
        runs.promote(REGISTRY, registered(8), 0.01)
        registered(10)
        time.sleep(aliases.FRESH)
        assert asked(client, "challenger").json()["predictions"]["quantized"] == [answer(pair(10)[0])]
        steps = {8: lambda: runs.promote(REGISTRY, 2, 0.01), 10: lambda: runs.rollback(REGISTRY)}
        for wanted in (8, 10, 8):
            found = asked(client, "champion").json()
            assert (found["model"], found["predictions"]["quantized"]) == ("champion", [answer(pair(wanted)[0])])
            steps[wanted]()
            time.sleep(aliases.FRESH)
        listed = [one["id"] for one in client.get("/api/models").json()["models"]]
        assert listed[:2] == ["default", "champion"]


def test_a_store_that_is_away_leaves_the_last_champion_serving(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known goes on answering; who asks for what was never known is told to come again."""
    runs.promote(REGISTRY, registered(8), 0.01)
    with mounted() as client:
        assert asked(client, "champion").status_code == 200

        def away(*_args: object) -> None:
            raise TrackingError("the store of runs cannot be reached: planted")

        monkeypatch.setattr(runs, "alias", away)
        time.sleep(aliases.FRESH)
        assert asked(client, "champion").json()["predictions"]["quantized"] == [answer(pair(8)[0])]
        assert "planted" in error(asked(client, "challenger"), 503)["message"]


def test_hosted_an_alias_is_that_of_the_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the key of a workspace its champion answers; another key, or none, has no champion."""
    monkeypatch.setenv("BITDIAL_HOSTED", "1")
    settings.cache_clear()
    key = new_key()
    registry = runs.registry_of(folder_of(key))
    one = runs.save_run(registry, *pair(8))
    runs.promote(registry, runs.register(registry, one.id).number, 0.01)
    with mounted() as client:
        assert asked(client, "champion", **{HEADER: key}).status_code == 200
        for headers in ({}, {HEADER: new_key()}):
            assert error(asked(client, "champion", **headers), 404)["field"] == "model"


def test_a_running_server_follows_promotion_and_rollback(tmp_path: Path) -> None:
    """Save, promote and roll back beside a running server: its interface follows each within a second."""
    put_store(tmp_path / "artifacts")
    with running(tmp_path) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("BITDIAL_ARTIFACTS", str(server.artifacts))
        settings.cache_clear()

        def says() -> float:
            body = json.dumps({"model": "champion", "rows": [row()]}).encode()
            request = urllib.request.Request(
                f"{server.address}/api/predict", body, {"content-type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=60) as found:
                return float(json.load(found)["predictions"]["quantized"][0])

        for bits in (8, 10):
            assert runs.promote(REGISTRY, registered(bits), 0.01).promoted
            if bits == 8:
                assert says() == answer(pair(8)[0])  # the first look at the store takes longer: MLflow is imported
        for wanted in (10, 8):
            time.sleep(0.9)
            assert says() == answer(pair(wanted)[0])
            if wanted == 10:
                runs.rollback(REGISTRY)
    settings.cache_clear()
