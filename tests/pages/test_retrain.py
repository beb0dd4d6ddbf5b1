"""Training again on the Monitor page: a worker trains, the registry gets a challenger, the gate's words stand there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import runs
from core.runs import CHAMPION
from tests.pages.visit import PATIENCE, Visit, unescaped
from tests.runs_support import REGISTRY, own_store

DRIFT = {"batch_feature": "MedInc", "batch_scale": "1.4"}


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give each test an empty store."""
    yield from own_store(tmp_path / "models", monkeypatch)


def retrained(visit: Visit) -> Visit:
    """Train again with the batch on view, and wait for what the gate says."""
    visit.press("retrain")
    end, state = time.monotonic() + PATIENCE, visit.at.session_state
    while state.renewal is None and not visit.errors:
        assert time.monotonic() < end
        time.sleep(0.1)
        visit.run()
    return visit


def test_three_batches_fire_and_the_gate_decides() -> None:
    """The button stands out once the rule has fired; then there are two versions, and the page says why which is it."""
    visit = Visit("monitor", **DRIFT)
    assert visit.widget("button", "retrain").proto.type == "secondary"
    for _ in range(3):
        visit.press("monitor_record")
    assert visit.widget("button", "retrain").proto.type == "primary"
    assert any("The rule has fired" in w.value for w in visit.at.warning)
    visit.set("number_input", "retrain_tolerance", 0.5)
    retrained(visit)
    assert visit.errors == []
    newest, oldest = runs.versions(REGISTRY)
    decision = newest.decision
    assert decision is not None
    assert (newest.number, oldest.number, decision.champion) == (2, 1, 1)
    assert decision.promoted == (decision.low >= -0.5)
    assert CHAMPION in (newest if decision.promoted else oldest).aliases
    said = [unescaped(box.value) for box in (*visit.at.success, *visit.at.warning)]
    assert any(f"Version 2, {decision.reason}." in text for text in said)
    assert runs.run(REGISTRY, newest.run).origin == "Retraining"


def test_a_tolerance_that_is_too_small_keeps_the_champion() -> None:
    """A few rows of the same kind change next to nothing, in either direction: the gate says no, and the alias stays."""
    visit = Visit("monitor", batch_rows="100")
    visit.set("number_input", "retrain_tolerance", 0.0)
    retrained(visit)
    newest, oldest = runs.versions(REGISTRY)
    assert newest.decision is not None
    assert not newest.decision.promoted
    assert newest.decision.low < 0
    assert CHAMPION in oldest.aliases
    assert any("not promoted" in unescaped(w.value) for w in visit.at.warning)


def test_another_champion_is_not_retrained() -> None:
    """One message names the champion's version; nothing is registered."""
    visit = retrained(Visit("monitor", **DRIFT))
    before = len(runs.versions(REGISTRY))
    other = Visit("monitor", bits="3", **DRIFT)
    other.press("retrain")
    end = time.monotonic() + PATIENCE
    while not other.errors:
        assert time.monotonic() < end
        time.sleep(0.1)
        other.run()
    assert "which is retrained: open version" in unescaped(" ".join(other.errors))
    assert len(runs.versions(REGISTRY)) == before
    assert visit.errors == []
