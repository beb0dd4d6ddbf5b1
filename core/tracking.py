"""Runs and versions as MLflow keeps them: the one file that imports it, and never before it is needed.

The store is a SQLite file beside the saved models, or the server at `MLFLOW_TRACKING_URI`. Only MLflow's client is
used, whose calls stand for themselves: what `mlflow.start_run` and the like remember belongs to a process, and many
visitors share ours. No MLflow model is ever loaded; what is kept is bytes, and who reads them checks them.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from core.artifact.disk import contents, locked, reason, write
from core.errors import ArtifactError, TrackingError
from core.freezer import imported_late
from core.settings import set_mlflow_up, settings

Done = TypeVar("Done")

_RUN = re.compile(r"[0-9a-f]{32}")
_LOCKED = "database is locked"
# Attempts at a store that another program keeps locked, and seconds between two.
_ATTEMPTS, _PAUSE = 5, 0.2
_PAGE = 1000

_clients: dict[str, Any] = {}
_opening, _server_turn = Lock(), Lock()


@dataclass(frozen=True)
class Entry:
    """A run as it is kept; `start` is in seconds since 1970."""

    id: str
    start: float
    deleted: bool
    tags: Mapping[str, str] = field(repr=False)
    params: Mapping[str, str] = field(repr=False)
    metrics: Mapping[str, float] = field(repr=False)


def folder() -> Path:
    """Return where the store lies that is this process's own."""
    return settings().artifacts / "tracking"


def address() -> str:
    """Return where MLflow finds the store."""
    return settings().tracking_uri or f"sqlite:///{folder() / 'runs.db'}"


def exists() -> bool:
    """Return whether there is a store at all, without opening it; a server is taken to be one."""
    return bool(settings().tracking_uri) or (folder() / "runs.db").is_file()


@contextmanager
def turn() -> Iterator[None]:
    """Let nobody else of this machine (of this process, where the store is a server's) change it meanwhile."""
    client()
    with _server_turn if settings().tracking_uri else _locked():
        yield


@contextmanager
def _locked() -> Iterator[None]:
    """Hold the lock of our own store, which all processes share; one that is killed lets go."""
    with ExitStack() as held:
        try:
            folder().mkdir(parents=True, exist_ok=True)
            held.enter_context(locked(folder()))
        except OSError as error:
            raise TrackingError(f"the store of runs cannot be written: {reason(error)}") from error
        yield


def client() -> Any:
    """Return MLflow's client for the store, made when it is first asked for; raises `TrackingError`.

    The first one of a process takes seconds: MLflow is imported, and the tables are made.
    """
    uri = address()
    with _opening:
        if uri not in _clients:
            set_mlflow_up()
            _clients[uri] = _told(lambda: _opened(uri))
            imported_late()
        return _clients[uri]


def _opened(uri: str) -> Any:
    from mlflow import MlflowClient

    for name in ("mlflow", "alembic"):
        # What goes wrong is said by us; what goes right need not be said.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if not settings().tracking_uri:
        with _locked():
            _make_database()
    found = MlflowClient(uri, uri)
    # What else is imported late is imported by these.
    found.search_experiments(max_results=1)
    found.search_registered_models(max_results=1)
    return found


def _make_database() -> None:
    """Make the file of the store where there is none: under another name, so that one that is there is whole."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    path = folder() / "runs.db"
    for left in folder().glob(".*.tmp*"):  # of one who was killed; nobody else is at work here
        left.unlink()
    if path.exists():
        return
    temporary = folder() / f".{secrets.token_hex(8)}.tmp"
    store: Any = SqlAlchemyStore
    store(f"sqlite:///{temporary}", str(folder() / "files")).engine.dispose()
    with sqlite3.connect(temporary) as connection:
        # One who writes keeps nobody from reading.
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    os.replace(temporary, path)


def _told(work: Callable[[], Done]) -> Done:
    """Return what `work` returns, tried again while the store is locked; raises `TrackingError` in one line."""
    from mlflow.exceptions import MlflowException

    attempt = 1
    while True:
        try:
            return work()
        except MlflowException as error:
            if _LOCKED not in str(error) or attempt == _ATTEMPTS:
                raise TrackingError(f"the store of runs says: {_first_line(error)}") from error
            attempt += 1
            time.sleep(_PAUSE)
        except (OSError, sqlite3.Error) as error:
            raise TrackingError(f"the store of runs cannot be reached: {reason(error)}") from error


def _first_line(error: Exception) -> str:
    """Return what an error says, without the addresses and statements that follow."""
    return str(error).split("\n")[0].split("[SQL")[0].strip()[:300] or type(error).__name__


def call(name: str, *args: Any, **named: Any) -> Any:
    """Return what the method `name` of MLflow's client returns; raises `TrackingError`."""
    found = getattr(client(), name)
    return _told(lambda: found(*args, **named))


def _experiment(name: str, make: bool = False) -> str:
    """Return the id of the experiment called `name`, "" where there is none and none is to be made."""
    found = call("get_experiment_by_name", name)
    if found is None and make:
        own = not settings().tracking_uri
        return str(call("create_experiment", name, str(folder() / "files" / name) if own else None))
    return "" if found is None else str(found.experiment_id)


def _entities() -> Any:
    """Return what MLflow makes a run of, imported after all that its import reads was set."""
    client()
    from mlflow import entities

    return entities


def log(
    name: str,
    label: str,
    tags: Mapping[str, str],
    params: Mapping[str, str],
    metrics: Mapping[str, float],
    files: Mapping[str, bytes],
) -> Entry:
    """Keep a run in the experiment `name` and return it; until all of it is kept, nobody sees any of it."""
    of = _entities()
    now = time.time_ns() // 1_000_000
    with turn():
        run = call("create_run", _experiment(name, make=True), start_time=now, run_name=label)
        found = str(run.info.run_id)
        for file, data in files.items():
            put(name, found, file, data)
        batch = (
            [of.Metric(n, v, now, 0) for n, v in metrics.items()],
            [of.Param(n, v) for n, v in params.items()],
            [of.RunTag(n, v) for n, v in tags.items()],
        )
        call("log_batch", found, *batch)
        call("set_terminated", found)
    return _entry(call("get_run", found))


def entries(name: str, deleted: bool = False) -> list[Entry]:
    """Return the whole runs of the experiment `name`, or those that were deleted, the newest first."""
    experiment, found, token = _experiment(name), [], None
    if not experiment:
        return []
    views = _entities().ViewType
    view = views.DELETED_ONLY if deleted else views.ACTIVE_ONLY
    while True:
        page = call(
            "search_runs", [experiment], "attributes.status = 'FINISHED'", view, _PAGE,
            ["attributes.start_time DESC"], token,
        )  # fmt: skip
        found += [_entry(run) for run in page]
        token = page.token
        if not token:
            return found


def entry(name: str, run: str) -> Entry:
    """Return one whole run of the experiment `name`; raises `TrackingError` for one that it does not have."""
    if not _RUN.fullmatch(run):
        raise TrackingError("there is no such run here")
    found = call("get_run", run)
    if found.info.experiment_id != _experiment(name) or found.info.status != "FINISHED":
        raise TrackingError("there is no such run here")
    return _entry(found)


def _entry(run: Any) -> Entry:
    info, data = run.info, run.data
    deleted = info.lifecycle_stage == "deleted"
    return Entry(info.run_id, info.start_time / 1000, deleted, data.tags, data.params, data.metrics)


def put(name: str, run: str, file: str, data: bytes) -> None:
    """Keep the file of a run, whole; raises `TrackingError`."""
    if settings().tracking_uri:
        with tempfile.TemporaryDirectory() as temporary:
            path = Path(temporary) / file
            path.write_bytes(data)
            call("log_artifact", run, str(path))
        return
    place = folder() / "files" / name / run / "artifacts"
    try:
        place.mkdir(parents=True, exist_ok=True)
        write(data, place / file)
    except (OSError, ArtifactError) as error:
        raise TrackingError(f"the file of a run cannot be kept: {reason(error)}") from error


def get(name: str, run: str, file: str) -> bytes:
    """Return the file of a run, one byte more than a model may have at most; raises `TrackingError`."""
    if not settings().tracking_uri:
        try:
            return contents(folder() / "files" / name / run / "artifacts" / file)[1]
        except OSError as error:
            raise TrackingError(f"the file of a run cannot be read: {reason(error)}") from error
    with tempfile.TemporaryDirectory() as place:
        call("download_artifacts", run, file, place)
        return contents(Path(place) / file)[1]


def purge(name: str) -> int:
    """Take away everything under `name` and return how many runs that were; a server only marks them as deleted."""
    with turn():
        found = entries(name)
        if call("search_registered_models", f"name = '{name}'"):
            call("delete_registered_model", name)
        experiment = _experiment(name)
        if settings().tracking_uri:
            for one in found:
                call("delete_run", one.id)
        elif experiment:
            _erase(name, experiment)
    return len(found)


def _erase(name: str, experiment: str) -> None:
    """Take the rows and files of an experiment out of our own store, as `mlflow gc` does."""
    store = client()._tracking_client.store
    call("delete_experiment", experiment)
    _told(lambda: store._hard_delete_experiment(experiment))
    with suppress(OSError):
        shutil.rmtree(folder() / "files" / name)
