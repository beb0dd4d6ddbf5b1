"""What tests of runs share: a store of their own, made from one that was made once, and a run of a small pair."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from core import runs, tracking
from core.artifact import Model, from_trained
from core.comparison import Comparison
from core.evaluate import compare, model_file
from core.quant import Scheme
from core.settings import settings
from tests.support import california

REGISTRY = runs.Registry()


@cache
def template() -> bytes:
    """Return the bytes of an empty store: to make its tables takes seconds."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("BITDIAL_ARTIFACTS", folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        settings.cache_clear()
        tracking.client()
        path = tracking.folder() / "runs.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        found = path.read_bytes()
    settings.cache_clear()
    return found


def put_store(folder: Path) -> None:
    """Put an empty store where a process looks for it whose models are kept in `folder`."""
    place = folder / "tracking"
    place.mkdir(parents=True, exist_ok=True)
    (place / "runs.db").write_bytes(template())


def own_store(folder: Path, monkeypatch: pytest.MonkeyPatch, made: bool = True) -> Iterator[Path]:
    """Yield a folder of models of the test's own, with an empty store of runs in it or none yet."""
    if made:
        put_store(folder)
    monkeypatch.setenv("BITDIAL_ARTIFACTS", str(folder))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    settings.cache_clear()
    yield folder
    monkeypatch.undo()
    settings.cache_clear()
    shutil.rmtree(folder, ignore_errors=True)


@cache
def pair(bits: int, label: str = "") -> tuple[Model, Comparison]:
    """Return the default model with its twin of so many bits, as a file's contents and as a comparison."""
    found = compare(california(), Scheme("symmetric", bits))
    return model_file(california(), found, label), found


@cache
def outside() -> Model:
    """Return a model that was brought from outside: without recipe, and without rows."""
    return replace(from_trained(california(scaling="none")), data=None, config=None)


def saved(bits: int, label: str = "", note: str = "") -> runs.Run:
    """Save a run of the default model with its twin of so many bits."""
    model, comparison = pair(bits)
    return runs.save_run(REGISTRY, model, comparison, california(), label=label, note=note, origin="Quantise")
