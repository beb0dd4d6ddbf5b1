"""The Runs page: what is saved is listed, compared, opened again, put into service, deleted and brought back."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import tracking
from core.errors import TrackingError
from core.settings import settings
from pages import _runs_store
from tests.pages.visit import PATIENCE, Visit, unescaped

TABLE = "Saved runs with their figures and sizes; choose rows to see, compare or delete them"
VERSIONS = "Versions of the registry with alias, stage and decision"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an empty store, which takes seconds to make."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BITDIAL_ARTIFACTS", str(folder))
        settings.cache_clear()
        tracking.client()
    settings.cache_clear()
    return folder


@pytest.fixture(autouse=True)
def artifacts(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Point the settings at a copy of the empty store."""
    shutil.copytree(made, tmp_path / "artifacts")
    monkeypatch.setenv("BITDIAL_ARTIFACTS", str(tmp_path / "artifacts"))
    settings.cache_clear()
    yield tmp_path / "artifacts"
    monkeypatch.undo()
    settings.cache_clear()


def settled(visit: Visit) -> Visit:
    """Run until the visit waits for nothing of the store."""
    end, state = time.monotonic() + PATIENCE, visit.at.session_state
    while "runs_task" in state and state.runs_task is not None:
        assert time.monotonic() < end
        time.sleep(0.05)
        visit.run()
    return visit


def pressed(visit: Visit, key: str) -> Visit:
    """Press a button and wait for what it asks of the store."""
    return settled(visit.press(key))


def saved(*bits: int) -> Visit:
    """Return a visit on Runs that has saved the default model at these widths."""
    visit = Visit()
    for width in bits:
        pressed(visit.set("slider", "bits", width), "save_run")
    return settled(visit.go("runs"))


def chosen(visit: Visit, *rows: int) -> Visit:
    """Choose rows of the table, the newest run being the first."""
    found = visit.at.session_state.runs_seen.listing.runs
    visit.at.session_state.runs_chosen = tuple(found[row].id for row in rows)
    visit.at.session_state.runs_drawn = None
    return settled(visit.run())


def said(visit: Visit) -> list[str]:
    """Return what the green boxes say."""
    return [unescaped(s.value) for s in visit.at.success]


def labels(visit: Visit) -> list[str]:
    """Return the runs in the table."""
    return [row["label"] for row in visit.table(TABLE)]


def test_a_page_without_runs_is_one_sentence_and_one_button() -> None:
    """The button saves what is on view, which is then the one run, chosen, with its figures."""
    visit = settled(Visit("runs", bits="5"))
    assert visit.finding.startswith("**No run is saved yet.**")
    pressed(visit, "save_first")
    assert said(visit) == ["Saved as a run: Linear regression, 5 bits, symmetric."]
    assert labels(visit) == ["Linear regression, 5 bits, symmetric"]
    assert visit.finding.startswith("**1 run** saved; none is in service yet")
    assert visit.metric("Quantised R²") == f"{visit.comparison.score('quantized'):.4f}"


def test_a_page_that_saved_says_so_and_looks_at_no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train and Quantise: the label, a link, until the setting is another; other reruns ask the store nothing."""
    visit = Visit("train", bits="4")
    asked: list[str] = []
    real = _runs_store.runs.runs
    monkeypatch.setattr(_runs_store.runs, "runs", lambda *a: asked.append("runs") or real(*a))
    visit.set("slider", "bits", 3).go("home").go("compare").go("predict").go("train")
    assert asked == []
    pressed(visit, "save_run")
    assert asked == ["runs"]
    assert "Saved as a run: Linear regression, 3 bits, symmetric." in unescaped(visit.words())
    assert "Saved as a run: Linear regression, 3 bits" in unescaped(visit.go("home").words())
    visit.set("slider", "bits", 6)
    assert "Saved as a run" not in visit.words()
    assert asked == ["runs"]


def test_filters_keep_what_fits_and_a_choice_outlives_them() -> None:
    """By data, method and words; a filter that nothing passes says so."""
    visit = saved(3, 8)
    visit.set("text_input", "runs_text", "3 bits")
    assert labels(visit) == ["Linear regression, 3 bits, symmetric"]
    visit.set("text_input", "runs_text", "nothing like it")
    assert "No run passes these filters." in visit.words()
    visit.set("text_input", "runs_text", "").set("selectbox", "runs_method", "symmetric")
    assert len(labels(visit)) == 2
    assert visit.widget("selectbox", "runs_data").options == ["All", "California Housing"]


def test_two_runs_stand_side_by_side_with_intervals_and_what_differs() -> None:
    """Figures, the setting that differs, and both charts; six are too many."""
    visit = chosen(saved(3, 8), 0, 1)
    differ = visit.table("Settings in which the chosen runs differ")
    assert [list(row.values())[1:] for row in differ] == [["8", "3"]]
    figures = {row[""]: list(row.values())[1:] for row in visit.table("Figures and sizes of the chosen runs")}
    c = visit.comparison  # of 8 bits, the newest run, which is the first
    assert figures["R², quantised, test"][0] == f"{c.score('quantized'):.4f}"
    assert c.difference is not None
    assert " to " in figures["difference, test"][0]
    assert figures["against run 1, held-back rows"] == ["", "not asked yet"]
    pressed(visit, "runs_intervals")
    rows = {row[""]: list(row.values())[1:] for row in visit.table("Figures and sizes of the chosen runs")}
    assert " to " in rows["against run 1, held-back rows"][1]
    assert {b.key for b in visit.at.button} >= {"delete_runs"}
    assert {d.key for d in visit.at.download_button} >= {"report"}
    assert len(visit.chart("runs_curves")["data"]) == 4
    assert len(visit.chart("runs_differences")["data"]) == 2


def test_a_run_opens_again_with_its_settings() -> None:
    """What is on view is the run's own setting, on every page."""
    visit = saved(3, 8)
    pressed(chosen(visit, 1), "open_run")
    assert visit.experiment.scheme.bits == 3
    assert visit.address["bits"] == "3"
    assert said(visit) == ["Opened Linear regression, 3 bits, symmetric: every page now shows it."]


def test_deleted_runs_come_back() -> None:
    """One click deletes, one more brings back; what was chosen is chosen again."""
    visit = pressed(chosen(saved(3, 8), 1), "delete_runs")
    assert labels(visit) == ["Linear regression, 8 bits, symmetric"]
    pressed(visit, "undo_delete")
    assert len(labels(visit)) == 2
    assert len(visit.at.session_state.runs_chosen) == 1
    assert "undo_delete" not in [b.key for b in visit.at.button]


def test_a_note_is_kept_and_shown_letter_by_letter() -> None:
    """Mark-up in it stays text, and another visit reads it."""
    visit = chosen(saved(4), 0)
    note = "<b>bold</b> [link](https://example.org) $x$"
    key = next(t.key for t in visit.at.text_input if t.key.startswith("note_"))
    settled(visit.set("text_input", key, note))
    assert visit.table(TABLE)[0]["note"] == note
    other = chosen(settled(Visit("runs")), 0)
    assert other.widget("text_input", key).value == note


def test_promotion_asks_the_gate_and_rolls_back() -> None:
    """The first needs no gate; a worse one is refused with its interval; with enough tolerance it goes in, and out."""
    visit = saved(1, 8)
    pressed(chosen(visit, 0), "promote")
    assert "in service as champion is version 1" in visit.finding
    pressed(chosen(visit, 1), "promote")
    (warning,) = [unescaped(w.value) for w in visit.at.warning]
    assert "95 %" in warning
    assert [row["alias"] for row in visit.table(VERSIONS)].count("champion") == 1
    pressed(visit.set("number_input", "gate_tolerance", 1.0), "promote")
    assert "in service as champion is version 2" in visit.finding
    pressed(visit, "rollback")
    assert "in service as champion is version 1" in visit.finding


def test_predict_follows_the_champion() -> None:
    """The folder is empty before, and answers with the promoted model after; programs see its name."""
    visit = saved(8)
    visit.go("predict").unfold("champion_box")
    assert "No model is in service yet" in settled(visit).words()
    pressed(chosen(settled(visit.go("runs")), 0), "promote")
    settled(visit.go("predict").unfold("champion_box"))
    words = unescaped(visit.words())
    assert "Version 1" in words
    assert '"model": "champion"' in words


def test_a_store_that_is_away_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page stays alive, saving says why it came to nothing, and a second try finds the store again."""
    visit = Visit(bits="4")

    def away(*_: object, **__: object) -> None:
        raise TrackingError("the store of runs cannot be reached: away")

    with monkeypatch.context() as patch:
        for name in ("runs", "save_run"):
            patch.setattr(_runs_store.runs, name, away)
        pressed(visit, "save_run")
        assert visit.errors == ["Saving the run: the store of runs cannot be reached: away"]
        settled(visit.go("runs"))
        assert "Opening the store of runs: the store of runs cannot be reached: away" in visit.errors
        assert "try_again" in [b.key for b in visit.at.button]
    pressed(visit, "try_again")
    assert visit.errors == []
    assert visit.finding.startswith("**No run is saved yet.**")
