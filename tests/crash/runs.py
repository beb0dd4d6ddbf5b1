"""Kill -9 at random moments of a save and of a promotion: `python tests/crash/runs.py 500` tries each five hundred times.

A child saves runs, or promotes and rolls back two versions in turn; up to 60 ms (240 for a promotion, which has more
steps) after it has said that it is ready it is killed. Then every run that is listed and every version must load, byte
for byte one of the two models, and the champion must be a whole version.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

LONGEST = 0.06


def main(times: int) -> None:
    """Kill a child so many times at either work, and print what was found."""
    with tempfile.TemporaryDirectory(prefix="bitdial-crash-") as folder:
        os.environ["BITDIAL_ARTIFACTS"] = folder
        _try(times)


def _try(times: int) -> None:
    from core import runs, tracking
    from tests.support import pair_bytes, small_bytes

    models = [_model(data) for data in (pair_bytes(), small_bytes())]
    registry = runs.Registry()
    for model in models:
        version = runs.register(registry, runs.save_run(registry, model).id)
        runs.promote(registry, version.number, 1.0, decision=_agreed(version.number, version.number - 1))
    draw, moved, cut = random.Random(times), 0, 0
    now = 2
    for work, longest in ((_save, LONGEST), (_promote, 4 * LONGEST)):
        for _ in range(times):
            before = now
            pid, ready = _child(tracking, work, runs, registry, models)
            os.read(ready, 1)
            time.sleep(longest * draw.random())
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(ready)
            now = _champion(runs, registry)
            assert now in (1, 2), "the champion is no version"
            moved += now != before
    found = runs.runs(registry)
    cut = len(tracking.call("search_runs", ["1"], "attributes.status = 'RUNNING'"))
    _check(runs, registry, found, models)
    runs.promote(registry, 3 - _champion(runs, registry), 1.0, decision=_agreed(3 - now, now))
    assert runs.rollback(registry).number == now, "there is no way back"
    print(f"{times} kills at each, {cut} in mid save, {moved} champions changed, {len(found)} runs, all whole")


def _model(data: bytes) -> Any:
    from core.artifact import loads

    return loads(data)


def _agreed(number: int, before: int) -> Any:
    from core import runs

    return runs.Decision(True, number, before, 1.0, "promoted: planted", time.time())


def _champion(runs: Any, registry: Any) -> int:
    found = runs.alias(registry, runs.CHAMPION)
    return 0 if found is None else int(found.number)


def _check(runs: Any, registry: Any, found: Any, models: list[Any]) -> None:
    """See that every run and version is whole, and one of the two models."""
    from core.artifact import encode

    whole = {encode(model) for model in models}
    for one in found:
        assert runs.artefact(registry, one.id) in whole, "a run is neither of the two models"
        assert one.label, "a run is not all there"
    versions = runs.versions(registry)
    assert [v.number for v in versions] == [2, 1], "versions are lost"
    for version in versions:
        assert runs.version_bytes(registry, version) in whole, "a version does not load"


def _child(tracking: Any, work: Callable[..., None], *args: Any) -> tuple[int, int]:
    """Return id and ready pipe of a process that does `work` over and over, and says when it begins."""
    reading, writing = os.pipe()
    parent, pid = os.getpid(), os.fork()
    if pid == 0:
        os.close(reading)
        for store in (tracking.client()._tracking_client.store, tracking.client()._get_registry_client().store):
            store.engine.dispose(close=False)  # connections are the parent's
        # Its own are made before it says that it begins: to make them takes as long as a save.
        tracking.call("search_experiments")
        tracking.call("search_registered_models")
        os.write(writing, b"r")
        try:
            while os.getppid() == parent:  # or a parent that is killed itself would leave it working
                work(*args)
        finally:
            os._exit(1)
    os.close(writing)
    return pid, reading


def _save(runs: Any, registry: Any, models: list[Any]) -> None:
    for model in models:
        runs.save_run(registry, model)


def _promote(runs: Any, registry: Any, models: list[Any]) -> None:
    now = _champion(runs, registry)
    runs.promote(registry, 3 - now, 1.0, decision=_agreed(3 - now, now))
    if random.random() < 0.5:
        runs.rollback(registry)


if __name__ == "__main__":
    main(int(sys.argv[1]))
