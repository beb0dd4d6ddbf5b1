"""Saved runs: what is kept comes back, and nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from core import runs, tracking
from core.artifact import encode
from core.config import DataConfig, Experiment, experiment_from_json
from core.errors import InvalidInput, TrackingError
from core.evaluate import compare, model_file
from core.metrics import SCALARS
from core.quant import Scheme
from core.settings import settings
from core.train import train
from tests.runs_support import REGISTRY, outside, own_store, pair, saved
from tests.sources import ROOT, sources
from tests.support import small_classifier_file


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give each test an empty store."""
    yield from own_store(tmp_path / "models", monkeypatch)


def test_a_run_comes_back_as_it_was_saved() -> None:
    """Label, note, origin, setting, figures with intervals, sizes and file are those that were given."""
    model, comparison = pair(8)
    one = saved(8, " eight bits ", "a\nnote ")
    assert runs.runs(REGISTRY) == (one,)
    assert (one.label, one.note, one.origin) == ("eight bits", "a\nnote", "Quantise")
    assert (one.dataset, one.model, one.method, one.bits) == ("california_housing", "linear", "symmetric", 8)
    for variant in ("original", "quantized"):
        for part in ("test", "train"):
            for name in ("r2", "rmse", "mae"):
                assert one.metrics[f"{variant}.{part}.{name}"] == comparison.metrics[variant][part][name]
        assert one.size(variant) == comparison.sizes[variant].file
        assert one.size(variant, "numbers") == comparison.sizes[variant].numbers
        low, high = one.intervals[variant]
        assert low < one.score(variant) < high
    gap, difference = one.difference, comparison.difference
    assert gap is not None
    assert difference is not None
    assert (gap.value, gap.low, gap.high) == (difference.value, difference.low, difference.high)
    assert runs.artefact(REGISTRY, one.id) == encode(model)
    assert runs.settings_of(REGISTRY, one) == Experiment(scheme=Scheme("symmetric", 8))
    assert one.params["scheme.bits"] == "8"
    assert one.data_sha256 == model.data_sha256
    assert json.dumps(one.to_json())


def test_a_model_without_recipe_is_a_run_without_setting() -> None:
    """What was brought from outside is kept; it has no setting to return to, and that is said."""
    one = runs.save_run(REGISTRY, outside(), origin="test")
    assert (one.link, one.setting, one.difference) == ("", "", None)
    with pytest.raises(InvalidInput, match="run must be one with settings"):
        runs.settings_of(REGISTRY, one)


def test_a_classifier_is_kept_by_its_own_figures() -> None:
    """Accuracy leads, single figures of all classes are kept, tables and reports of each class are not."""
    one = runs.save_run(REGISTRY, small_classifier_file())
    assert (one.task, one.metric) == ("classification", "accuracy")
    assert one.metrics
    assert {name.rsplit(".", 1)[1] for name in one.metrics} <= set(SCALARS["classification"])
    assert runs.settings_of(REGISTRY, one).train.model == one.model


def test_a_setting_too_long_for_a_tag_is_read_from_the_file() -> None:
    """Hundreds of names of features are no tag; the setting is that of the file then."""
    one = saved(8)
    assert runs.settings_of(REGISTRY, replace(one, setting="")) == runs.settings_of(REGISTRY, one)


def test_deleted_runs_come_back() -> None:
    """Deleting takes a run out of the list, restoring brings it back; both may be asked twice."""
    one, other = saved(8), saved(4)
    for _ in range(2):
        runs.delete(REGISTRY, one.id)
        assert [r.id for r in runs.runs(REGISTRY)] == [other.id]
        assert [r.id for r in runs.runs(REGISTRY, deleted=True)] == [one.id]
    for _ in range(2):
        runs.restore(REGISTRY, one.id)
        assert {r.id for r in runs.runs(REGISTRY)} == {one.id, other.id}
    assert runs.run(REGISTRY, one.id) == one


def test_names_and_notes_are_checked() -> None:
    """A note of 2,000 letters fits and one more does not; a name is not empty."""
    one = saved(8)
    runs.note(REGISTRY, one.id, "n" * 2000)
    runs.rename(REGISTRY, one.id, "other")
    found = runs.run(REGISTRY, one.id)
    assert (found.note, found.label) == ("n" * 2000, "other")
    with pytest.raises(InvalidInput, match="note must be at most 2,000 letters"):
        runs.note(REGISTRY, one.id, "n" * 2001)
    with pytest.raises(InvalidInput, match="name must be 1 to 60 letters"):
        runs.rename(REGISTRY, one.id, "  ")
    assert runs.run(REGISTRY, one.id) == found


@pytest.mark.parametrize("run_id", ["", "0" * 32, "../../etc/passwd", "A" * 32, "0" * 31 + "\n"])
def test_what_is_no_run_here_is_refused(run_id: str) -> None:
    """An unknown id, or a text that is none, gives one sentence and reads no file."""
    saved(8)
    for ask in (runs.artefact, runs.delete, runs.restore, runs.register):
        with pytest.raises(TrackingError):
            ask(REGISTRY, run_id)


def test_nobody_reads_another_registry() -> None:
    """The id of a run in one registry is unknown in every other."""
    one = saved(8)
    other = runs.Registry("bitdial-other")
    assert runs.runs(other) == ()
    with pytest.raises(TrackingError, match="there is no such run here"):
        runs.artefact(other, one.id)
    with pytest.raises(TrackingError, match="there is no such run here"):
        runs.register(other, one.id)


def test_an_altered_file_is_found() -> None:
    """One byte of a run's file that is another one is told, and nothing of it is used."""
    one = saved(8)
    path = next(tracking.folder().rglob("model.safetensors"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    for ask in (runs.artefact, runs.model_of, runs.register):
        with pytest.raises(TrackingError, match="its SHA-256 differs"):
            ask(REGISTRY, one.id)
    assert runs.versions(REGISTRY) == ()


def test_differences_name_the_settings_that_differ() -> None:
    """Of three runs that differ in bits, bits are listed and nothing else; one run alone is refused."""
    found = [saved(bits) for bits in (8, 4, 3)]
    assert runs.differences(found) == (("scheme.bits", ("8", "4", "3")),)
    assert runs.differences(found[:1] * 2) == ()
    for bad in (found[:1], found * 2):
        with pytest.raises(InvalidInput, match="runs must be 2 to 5"):
            runs.differences(bad)


def test_the_report_needs_nothing_else_and_escapes_everything() -> None:
    """No script, nothing loaded, no text of a user as mark-up; settings, figures and commands are in it."""
    found = [saved(8, "<script>alert(1)</script>", '"><img src=x onerror=alert(2)>'), saved(3, "three & more")]
    for page in (runs.report_html(found), runs.report_html(found[:1])):
        assert not re.search(r"<(script|img|link|iframe|object|embed)|url\(|@import|https?://", page, re.I)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "python -m core compare --config setting.json" in page
        assert found[0].sha256 in page
        assert "0.576287" in page
    assert "three &amp; more" in runs.report_html(found)
    with pytest.raises(InvalidInput, match="runs must be 1 to 5"):
        runs.report_html([])


def test_the_settings_in_a_report_make_the_run_again() -> None:
    """The JSON in the report is the setting of the run."""
    one = saved(8)
    block = re.search(r"<pre>(\{.*?\})</pre>", runs.report_html([one]), re.S)
    assert block is not None
    assert experiment_from_json(json.loads(unescape(block[1]))) == runs.settings_of(REGISTRY, one)


def test_a_hosted_workspace_has_its_own_registry_and_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosted, runs belong to a workspace, without one there are none, and there may be so many."""
    monkeypatch.setenv("BITDIAL_HOSTED", "1")
    monkeypatch.setenv("BITDIAL_WORKSPACE_FILES", "2")
    settings.cache_clear()
    with pytest.raises(InvalidInput, match="workspace must be a workspace"):
        runs.registry_of("")
    mine, other = runs.registry_of("a" * 26), runs.registry_of("b" * 26)
    model, comparison = pair(8)
    first = runs.save_run(mine, model, comparison)
    runs.save_run(mine, model, comparison)
    runs.delete(mine, first.id)
    with pytest.raises(TrackingError, match="not saved: 2 of 2 runs are kept here; take Reset"):
        runs.save_run(mine, model, comparison)
    assert runs.runs(other) == ()
    runs.save_run(other, model, comparison)
    assert runs.forget(mine) == 1
    assert runs.runs(mine) == runs.runs(mine, deleted=True) == ()
    assert not list((tracking.folder() / "files" / mine.name).rglob("*"))
    runs.save_run(mine, model, comparison)
    assert len(runs.runs(other)) == 1


def test_hosted_runs_that_nobody_used_for_a_day_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the next save, and only those: who looked at them within the day keeps them, and so does the operator."""
    saved(8)
    monkeypatch.setenv("BITDIAL_HOSTED", "1")
    settings.cache_clear()
    idle, looked, mine = (runs.registry_of(letter * 26) for letter in "abc")
    for registry in (idle, looked):
        runs.register(registry, runs.save_run(registry, *pair(8)).id)
    files = tracking.folder() / "files"
    for registry in (idle, looked, REGISTRY):
        os.utime(files / registry.name, (0, 0))
    assert len(runs.runs(looked)) == 1
    runs.save_run(mine, *pair(8))
    assert [len(runs.runs(r)) for r in (idle, looked, mine, REGISTRY)] == [0, 1, 1, 1]
    assert runs.versions(idle) == ()
    assert {path.name for path in files.iterdir()} == {r.name for r in (looked, mine, REGISTRY)}


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is a file, and a server that is away, each give one sentence."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BITDIAL_ARTIFACTS", str(tmp_path / "file"))
    settings.cache_clear()
    with pytest.raises(TrackingError, match=r"the store of runs cannot be written: Not a directory"):
        saved(8)
    assert runs.runs(REGISTRY) == ()


def test_only_tracking_imports_mlflow_and_importing_the_app_does_not(tmp_path: Path) -> None:
    """MLflow is imported in one file, inside functions, and neither `app` nor any page imports it."""
    users = [
        s.path for s in sources("core", "pages", "app.py") if any(n.split(".")[0] == "mlflow" for _, n in s.imports())
    ]
    assert users == ["core/tracking.py"]
    code = "import sys, app; from core import runs; runs.runs(runs.Registry()); "
    code += "sys.exit(any(n in sys.modules for n in ('mlflow', 'sqlalchemy', 'alembic')))"
    command = [sys.executable, "-W", "ignore", "-c", code]
    environment = {**os.environ, "BITDIAL_ARTIFACTS": str(tmp_path / "empty")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_the_settings_of_another_split_come_back() -> None:
    """Seed and test share of a run are its own, not the defaults."""
    e = Experiment(DataConfig("california_housing", 0.3, 7))
    trained = train(e.data, e.train)
    c = compare(trained, e.scheme)
    one = runs.save_run(REGISTRY, model_file(trained, c), c)
    assert runs.settings_of(REGISTRY, one) == e
    assert one.intervals == {}
