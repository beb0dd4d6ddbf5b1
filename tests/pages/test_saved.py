"""Save and open: what a browser has saved, from visit to visit, for itself alone; delete, quota and reset."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import workspaces
from core.settings import settings
from pages import _state
from tests.pages.test_own_table import using
from tests.pages.visit import Visit, unescaped
from tests.support import pair_bytes


@pytest.fixture(autouse=True)
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Point the settings at a folder that does not exist yet."""
    monkeypatch.setenv("BITDIAL_ARTIFACTS", str(tmp_path / "artifacts"))
    settings.cache_clear()
    yield tmp_path / "artifacts"
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Return a list whose one entry is the key that the next visit's browser brings."""
    keys = [workspaces.new_key()]
    monkeypatch.setattr(_state, "_key", lambda: keys[0])
    yield keys


def opened(**query: str) -> Visit:
    """Return a visit with the drawer of files open."""
    return Visit(**query).unfold("files_box")


def listed(visit: Visit) -> list[str]:
    """Return what the list says is saved, without sizes."""
    menus = [menu for menu in visit.at.selectbox if menu.key == "saved_choice"]
    return (
        [text.partition(" ")[2].rsplit(", ", 2 if "shared" in text else 1)[0] for text in menus[0].options]
        if menus
        else []
    )


def said(visit: Visit) -> list[str]:
    """Return what the green boxes say."""
    return [unescaped(s.value) for s in visit.at.success]


def test_a_browser_finds_what_it_saved_in_its_next_visit(browser: list[str]) -> None:
    """The same list, which opens; another browser sees nothing of it, nor does one without a cookie."""
    first = opened(bits="3")
    first.press("save").set("slider", "bits", 5).press("save")
    assert len(first.saved) == 2
    again = opened()
    assert listed(again) == listed(first) == ["5 bits, symmetric", "3 bits, symmetric"]
    again.set("selectbox", "saved_choice", first.saved[1].stem).press("open_saved")
    assert again.experiment.scheme.bits == 3
    browser[0] = workspaces.new_key()
    other = opened()
    assert (listed(other), other.saved) == ([], [])
    other.press("save")
    assert listed(other) == ["8 bits, symmetric"]
    assert listed(first.run()) == ["5 bits, symmetric", "3 bits, symmetric"]


def test_another_browsers_file_cannot_be_opened_or_deleted(browser: list[str]) -> None:
    """Even where its id is known and put in place of one's own."""
    theirs = opened(bits="3").press("save")
    browser[0] = workspaces.new_key()
    mine = opened().press("save")
    state, secret = mine.at.session_state, theirs.saved[0]
    for name in (secret.stem, f"../{secret.parent.name}/{secret.stem}", secret.parent.name):
        state.saved_id = name
        assert listed(mine.run()) == ["8 bits, symmetric"]
        mine.press("open_saved")
        assert mine.experiment.scheme.bits == 8
    state.saved_id, state.delete_box = secret.stem, True
    mine.run().press("delete_saved")
    assert mine.saved == []
    mine.press("save").press("reset")
    assert secret.exists()


def test_a_visit_without_a_cookie_has_a_workspace_of_its_own() -> None:
    """Made when something is saved, and found by nobody afterwards."""
    one, two = opened(), opened()
    assert one.at.session_state.workspace != two.at.session_state.workspace
    assert workspaces.is_key(one.at.session_state.workspace)
    assert len(one.press("save").saved) == 1
    assert listed(two.run()) == []


def test_a_saved_model_is_deleted_after_a_second_click(artifacts: Path) -> None:
    """The first click asks, with the name; the second deletes that one alone, and its request is gone."""
    visit = opened(bits="3").press("save").set("slider", "bits", 4).press("save")
    kept, gone = visit.saved[1], visit.saved[0]
    visit.at.session_state.delete_box = True
    assert "4 bits, symmetric is gone for good then" in unescaped(visit.run().words())
    assert len(visit.saved) == 2
    visit.press("delete_saved")
    assert said(visit) == ["Deleted 4 bits, symmetric."]
    assert visit.saved == [kept]
    assert gone.stem not in visit.at.session_state.published.values()
    assert visit.at.session_state.delete_box is False
    assert listed(visit) == ["3 bits, symmetric"]


def test_how_much_is_used_is_shown_and_a_bound_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """Number and bytes, of how many; the message says which bound it is and how to make room."""
    monkeypatch.setenv("BITDIAL_WORKSPACE_FILES", "2")
    settings.cache_clear()
    visit = opened().press("save").press("save")
    used = sum(path.stat().st_size for path in visit.saved)
    assert f"Saved in this browser: 2 of 2 models, {used / 1024:.1f} KiB of 50.0 MiB." in visit.words()
    finding = visit.press("save").finding
    assert visit.errors == [
        "not saved: 2 of 2 models are saved here; delete one under Save and open, or take Reset there"
    ]
    assert len(visit.saved) == 2
    assert visit.press("reset").errors == []
    assert visit.press("save").errors == []
    assert visit.finding == finding


def test_models_of_the_operator_are_listed_for_all_and_stay(artifacts: Path) -> None:
    """Marked as shared, without a button to delete them, and left alone by Reset."""
    artifacts.mkdir()
    (artifacts / "of-all.safetensors").write_bytes(pair_bytes())
    (artifacts / "broken.safetensors").write_bytes(b"x")
    os.utime(artifacts / "broken.safetensors", (1e9, 1e9))
    for visit in (opened(), opened()):
        assert listed(visit) == ["small", "broken…, which does not open"]
        assert all(text.endswith(", shared") for text in visit.widget("selectbox", "saved_choice").options)
        assert not [b for b in visit.at.button if b.key == "delete_saved"]
        visit.press("open_saved")
        assert visit.errors == [] or "cannot be opened" in visit.errors[0]
        visit.set("selectbox", "saved_choice", "broken").press("open_saved")
        assert "cannot be opened: not a Bitdial model" in visit.errors[0]
        visit.press("reset")
        assert said(visit) == ["Deleted: 0 saved models, 0 pinned settings, 0 tables."]
    visit.press("save")
    assert listed(visit) == ["8 bits, symmetric", "small", "broken…, which does not open"]
    assert len(list(artifacts.glob("*.safetensors"))) == 2


def test_reset_deletes_everything_and_says_what(browser: list[str]) -> None:
    """Files, pins and tables; the pages are as they were at first."""
    visit = using()
    visit.go("compare").press("pin").unfold("files_box").press("save")
    path = visit.saved[0]
    visit.press("reset")
    (sentence,) = said(visit)
    assert sentence.startswith("Deleted: 1 saved model (")
    assert sentence.endswith("), 1 pinned setting, 1 table.")
    assert not path.parent.exists()
    state = visit.at.session_state
    assert (state.pins, state.own_table, state.own_seen, state.published) == ([], None, (), {})
    assert visit.experiment.data.dataset == "california_housing"
    assert visit.errors == []
    assert listed(opened()) == []
    for page in ("home", "train", "predict"):
        assert visit.go(page).errors == []


def test_a_reset_without_tables_leaves_the_page_as_it_is() -> None:
    """Setting, model and what was typed on Predict stay."""
    visit = opened(bits="5", model="ridge").go("predict").set("number_input", "f_MedInc", 7.5)
    before = visit.finding
    visit.unfold("files_box").press("save").press("reset")
    assert said(visit)[0].endswith(", 0 pinned settings, 0 tables.")
    assert (visit.finding, visit.saved) == (before, [])


def test_closed_the_drawer_looks_at_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rerun stays cheap: the folder is looked at while the drawer is open, and not otherwise."""
    looks: list[str] = []
    for name in ("saved", "shared", "off"):
        real = getattr(workspaces, name)
        monkeypatch.setattr(workspaces, name, lambda *a, name=name, real=real: looks.append(name) or real(*a))
    visit = Visit()
    visit.set("slider", "bits", 4).go("compare").go("predict")
    assert looks == []
    visit.unfold("files_box")
    assert set(looks) == {"saved", "shared", "off"}
