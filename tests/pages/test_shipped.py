"""The forest that comes with the program: it opens at once, is what training gives, and keeps its promise."""

from __future__ import annotations

import importlib.util
import platform
from pathlib import Path

import numpy as np
import pytest

from core.artifact import load
from core.artifact.model import library_versions
from core.permalink import to_query
from core.settings import ROOT
from core.train import train
from pages import _shared, _shipped, _training
from tests.pages.visit import Visit


def test_the_card_opens_the_forest_without_waiting() -> None:
    """One click, no worker, and the page speaks of thirty times and more."""
    visit = Visit().press("card_forest")
    assert visit.experiment == _shipped.FOREST
    assert visit.at.session_state["wanted"] is None
    assert visit.at.session_state["job"] is None if "job" in visit.at.session_state else True
    times = int(next(c.value for c in visit.at.caption if "times as large" in c.value).split(", ")[-1].split()[0])
    assert times >= 30


def test_a_link_to_the_forest_does_not_wait_either() -> None:
    """Whoever comes by a copied link sees the same."""
    visit = Visit(**to_query(_shipped.FOREST))
    assert visit.experiment == _shipped.FOREST
    assert not _training.needed(_shipped.FOREST)


def test_the_file_is_small_and_holds_what_training_gives() -> None:
    """At most 400,000 bytes, a thirtieth of joblib's; leaf by leaf what the recipe gives here."""
    model, ours = load(_shipped.FILE), train(_shipped.FOREST.data, _shipped.FOREST.train)
    size = _shipped.FILE.stat().st_size
    assert size <= 400_000
    assert model.metrics["joblib_bytes"] >= 30 * size
    assert model.original is not None
    if model.versions["scikit-learn"] != library_versions()["scikit-learn"]:
        pytest.skip("another version of scikit-learn may grow other trees")
    assert np.array_equal(model.original.values["leaf"], ours.parts.values["leaf"])
    for name, array in ours.parts.structure.items():
        assert np.array_equal(model.original.structure[name], array)


def test_the_script_makes_the_same_bytes() -> None:
    """With the same versions of everything the file is made anew byte by byte."""
    if load(_shipped.FILE).versions != library_versions() or platform.machine() != "x86_64":
        pytest.skip("other versions are written into the file")
    spec = importlib.util.spec_from_file_location("make_forest", Path(ROOT) / "tools" / "make_forest.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.forest() == _shipped.FILE.read_bytes()


def test_its_figures_are_good() -> None:
    """Eight bits cost nothing that can be measured, and the forest is a good one."""
    c = _shared.comparison(_shipped.FOREST)
    before, after = c.score("original"), c.score("quantized")
    assert before is not None
    assert after is not None
    assert before > 0.78
    assert abs(after - before) < 1e-4
