"""What can be done with saved runs: listed, named, noted, deleted, brought back, opened again."""

from __future__ import annotations

import hashlib
import json

from core import tracking
from core.artifact import Model, loads
from core.config import Experiment, experiment_from_json
from core.errors import InvalidInput, TrackingError
from core.runs.record import FILE, LABEL, LONGEST_LABEL, NOTE, checked_note, run_of, setting_of
from core.runs.room import used
from core.runs.run import Registry, Run
from core.settings import settings

ALTERED = "the file of this run is not the one that was saved: its SHA-256 differs"


def stamp() -> tuple[tuple[int, int], ...] | None:
    """Return what changes whenever the store of this process's own does; None for a server, and where there is none."""
    if settings().tracking_uri:
        return None
    try:
        paths = [tracking.folder() / name for name in ("runs.db", "runs.db-wal")]
        found = [path.stat() for path in paths if path.exists()]
    except OSError:
        return None
    return tuple((one.st_size, one.st_mtime_ns) for one in found) or None


def runs(registry: Registry, deleted: bool = False) -> tuple[Run, ...]:
    """Return the runs of a registry, or the deleted ones that can come back, the newest first."""
    if not tracking.exists():
        return ()
    used(registry)
    return tuple(run_of(one) for one in tracking.entries(registry.name, deleted))


def run(registry: Registry, run_id: str) -> Run:
    """Return one run of a registry, a deleted one too; raises `TrackingError` for one that it does not have."""
    if not tracking.exists():
        raise TrackingError("there is no such run here")
    return run_of(tracking.entry(registry.name, run_id))


def delete(registry: Registry, run_id: str) -> None:
    """Take a run out of the list; `restore` brings it back. A version of it stays in the registry."""
    if not run(registry, run_id).deleted:
        tracking.call("delete_run", run_id)


def restore(registry: Registry, run_id: str) -> None:
    """Bring a deleted run back into the list."""
    if run(registry, run_id).deleted:
        tracking.call("restore_run", run_id)


def note(registry: Registry, run_id: str, text: str) -> None:
    """Write the note of a run in place of the one before; raises `InvalidInput` for one that is too long."""
    checked = checked_note(text)
    tracking.call("set_tag", run(registry, run_id).id, NOTE, checked)


def rename(registry: Registry, run_id: str, label: str) -> None:
    """Give a run another name; raises `InvalidInput` for an empty or too long one."""
    if not 1 <= len(label.strip()) <= LONGEST_LABEL:
        raise InvalidInput("name", label, f"1 to {LONGEST_LABEL} letters")
    tracking.call("set_tag", run(registry, run_id).id, LABEL, label.strip())


def artefact(registry: Registry, run_id: str) -> bytes:
    """Return the model file of a run, which is byte for byte the one that was saved; raises `TrackingError`."""
    return checked_bytes(registry, run_id, run(registry, run_id).sha256)


def checked_bytes(registry: Registry, run_id: str, sha256: str) -> bytes:
    """Return the model file of a run whose SHA-256 is known; raises `TrackingError` when it is another one."""
    data = tracking.get(registry.name, run_id, FILE)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise TrackingError(ALTERED)
    return data


def model_of(registry: Registry, run_id: str) -> Model:
    """Return the model of a run, all of its file checked; raises `ArtifactError`."""
    return loads(artefact(registry, run_id))


def settings_of(registry: Registry, one: Run) -> Experiment:
    """Return the whole setting of a run; raises `InvalidInput` for a model that was brought from outside."""
    if one.setting:
        return experiment_from_json(json.loads(one.setting))
    found = setting_of(model_of(registry, one.id))
    if found is None:
        raise InvalidInput("run", one.label, "one with settings, and this model was brought from outside")
    return found


def forget(registry: Registry) -> int:
    """Delete every run and version of a registry for good, and return how many runs there were."""
    return tracking.purge(registry.name) if tracking.exists() else 0
