"""A user's own table on the pages: opened, chosen from, used everywhere, linked to, deleted; never seen by others."""

from __future__ import annotations

import gc
import json
import weakref
from hashlib import sha256
from typing import Any

import pytest

from core.config import DataConfig, Experiment
from core.permalink import from_query
from core.settings import ROOT
from core.tables import MAX_BYTES
from pages import _own
from tests.own_tables import HOUSING
from tests.pages.visit import PAGES, Visit, unescaped
from tests.tables_support import delimited

FLATS = (ROOT / "examples" / "flats.csv").read_bytes()
SEEDLINGS = (ROOT / "examples" / "seedlings.csv").read_bytes()
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "![](http://x)",
    ":red[x]",
    "__proto__",
    "a\nb",
    "=cmd|'/c calc'!A0",
    "$x^2$",
)


def opened(page: str = "train", **query: Any) -> Visit:
    """Return a visit of Train whose section of own tables is open."""
    return Visit(page, **query).unfold("own_box")


def upload(visit: Visit, data: bytes, name: str = "mine.csv") -> Visit:
    """Give a file to the upload field, whose key is another one each time."""
    key = f"own_file_{visit.at.session_state.uploads}"
    visit.widget("file_uploader", key).set_value((name, data, "text/csv"))
    return visit.run()


def using(data: bytes = FLATS, name: str = "flats.csv") -> Visit:
    """Return a visit that has trained on a table of its own."""
    return upload(opened(), data, name).press("own_use")


def cells(visit: Visit) -> dict[str, dict[str, Any]]:
    """Return the rows of the table of columns by the name of the column."""
    return {row["column"]: row for row in visit.table("The columns of the table")}


def test_a_table_is_shown_before_anything_is_done_with_it() -> None:
    """What was found out stands in one line, then the first rows and every column; the model is still the old one."""
    visit = opened()
    before = visit.finding
    upload(visit, FLATS, "flats.csv")
    assert visit.errors == []
    line = next(unescaped(m.value) for m in visit.at.markdown if "flats" in m.value)
    assert line == (
        "**flats.csv**: 240 rows, 7 columns, 8,991 bytes; UTF-8; delimiter semicolon; "
        "decimal comma: 19,6 is read as 19.6; missing values are written as ?."
    )
    rows = visit.table("The first rows of the table")
    assert (len(rows), rows[0]["area_m2"], rows[1]["district"]) == (8, "19.6", "Südvorstadt")
    found = cells(visit)
    assert found["id"]["what is done with it"].startswith("left out: it counts the rows")
    assert found["built"] == {
        "column": "built", "type": "number", "missing": "12", "different": found["built"]["different"],
        "range": found["built"]["range"], "what is done with it": "number, 12 missing: median filled in",
    }  # fmt: skip
    assert found["rent"]["what is done with it"] == "predicted: regression"
    assert (visit.finding, visit.experiment) == (before, Experiment())


def test_target_task_and_features_are_ones_to_choose() -> None:
    """Another target brings its own proposal; what was chosen is what is trained."""
    visit = upload(opened(), FLATS).set("selectbox", "own_target", "district")
    assert visit.widget("segmented_control", "own_task").value == "classification"
    assert visit.widget("multiselect", "own_features").value == ["area_m2", "built", "floor", "balcony", "rent"]
    visit.set("multiselect", "own_features", ["rent", "floor"])
    assert cells(visit)["balcony"]["what is done with it"] == "left out"
    visit.press("own_use")
    data = visit.experiment.data
    assert (data.target, data.task, set(data.features)) == ("district", "classification", {"floor", "rent"})
    assert visit.experiment.train.model == "logistic"
    assert visit.widget("selectbox", "dataset").value == "own"


@pytest.mark.parametrize("data", [FLATS, SEEDLINGS, None], ids=["flats", "seedlings", "housing"])
def test_every_page_works_on_it(data: bytes | None) -> None:
    """All pages, every method, and back: no exception and no message; the address says what can be said."""
    if data is None:
        if not HOUSING.exists():
            pytest.skip("needs the teaching table, which may not be bundled")
        data = HOUSING.read_bytes()
    visit = using(data)
    assert visit.errors == []
    e = visit.experiment
    assert e.data.dataset == "own"
    for page in PAGES:
        visit.go(page)
        assert (visit.errors, visit.experiment) == ([], e)
    visit.go("compare").set("slider", "bits", 3).set("selectbox", "method", "asymmetric")
    assert visit.errors == []
    assert from_query(visit.address, {e.data.sha256}) == (visit.experiment, ())
    visit.unfold("files_box")
    assert "download_settings" in [d.key for d in visit.at.download_button]


REFUSED = {
    "empty": (b"", 'file "x.csv" must be a table: a header and rows, got "an empty file"'),
    "short": (b"a,b\n1,2\n", 'table must be at least 20 rows below the header, got "1 data row"'),
    "picture": (b"\x89PNG\r\n\x1a\n", 'file "x.csv" must be a CSV, TSV or Parquet file, got "a PNG image"'),
    "large": (b"a" * (MAX_BYTES + 1),
              'file "x.csv" must be at most 10,485,760 bytes (10 MB), got "10485761 bytes"'),
    "no target": (b"a,b\n" + b"1,1\n" * 30,
                  'target must be a column with two different values and none missing, got "none of the columns"'),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("before", [False, True], ids=["fresh", "in use"])
def test_a_bad_file_is_one_message_and_changes_nothing(case: str, before: bool) -> None:
    """The message of the reader; settings, table in use and address stay, and the next good file is opened."""
    visit = using().unfold("own_box") if before else opened()
    e, address = visit.experiment, visit.address
    data, message = REFUSED[case]
    upload(visit, data, "x.csv")
    assert visit.errors == [message]
    assert (visit.experiment, visit.address) == (e, address)
    for page in PAGES:
        assert visit.go(page).experiment == e
    upload(visit.go("train").unfold("own_box"), SEEDLINGS)
    assert visit.errors == []
    assert "species" in cells(visit)


def test_choices_that_cannot_be_learnt_are_one_message() -> None:
    """No feature, a text for a number: the checks of the table in their own words, and the old model stays."""
    visit = upload(opened(), FLATS).set("multiselect", "own_features", []).press("own_use")
    assert len(visit.errors) == 1
    assert visit.errors[0].startswith("features must be at least one column")
    visit.set("selectbox", "own_target", "district").set("segmented_control", "own_task", "regression").press("own_use")
    assert visit.errors == ['target "district" must be a column of numbers for regression; choose classification for '
                            'it, got "text"']  # fmt: skip
    assert visit.experiment == Experiment()


def test_another_encoding_is_offered() -> None:
    """Latin-1 is refused as UTF-8, and read at the press of a button."""
    text = FLATS.decode().replace("Südvorstadt", "Südstadt")
    visit = upload(opened(), text.encode("latin-1"))
    assert len(visit.errors) == 1
    assert "latin-1" in visit.errors[0]
    visit.press("own_latin-1")
    assert visit.errors == []
    assert visit.table("The first rows of the table")[1]["district"] == "Südstadt"
    assert not [b for b in visit.at.button if b.key == "own_latin-1"]


def hostile() -> bytes:
    """Return a table whose names and texts are ones that a page could take for commands."""
    header = [*HOSTILE, "kind", "y"]
    rows = [[*((i * 7 + k * k) % 23 + 0.5 for k in range(len(HOSTILE))), HOSTILE[i % 3], i * 1.25] for i in range(40)]
    return delimited(header, rows).encode()


def test_names_are_shown_letter_by_letter() -> None:
    """In tables and menus, which show plain text, as they are; in captions and messages escaped."""
    visit = upload(opened(), hostile(), "![a](http://x) :red[b].csv")
    names = [" ".join(n.split()) for n in HOSTILE]
    assert [row["column"] for row in visit.table("The columns of the table")] == [*names, "kind", "y"]
    menu = visit.widget("selectbox", "own_target")
    assert menu.options == [*names, "kind", "y"]
    assert visit.widget("multiselect", "own_features").options == [*names, "kind"]
    visit.press("own_use")
    assert visit.errors == []
    for page in ("home", "train", "compare"):
        visit.go(page)
        texts = [m.value for kind in ("markdown", "caption", "success", "error") for m in getattr(visit.at, kind)]
        for text in texts:
            bare = text.replace("\\\\", "")
            for sign in ("<img", "![", ":red["):
                assert bare.count(sign) == 0, (page, text)


def test_gaps_are_filled_as_one_says() -> None:
    """Median to start with; a constant asks for its number; nothing at all is refused and changes nothing."""
    visit = using()
    assert visit.experiment.train.impute == "median"
    visit.set("selectbox", "impute", "none")
    assert visit.errors == [
        'impute must be median or constant where numbers are missing (12 missing in "built"), got "none"'
    ]
    assert visit.widget("selectbox", "impute").value == "median"
    visit.set("selectbox", "impute", "constant").set("number_input", "fill", 1950.0).set("checkbox", "indicator", True)
    train = visit.experiment.train
    assert (visit.errors, train.impute, train.fill, train.indicator) == ([], "constant", 1950.0, True)
    visit.set("selectbox", "model", "ridge")
    train = visit.experiment.train
    assert (train.model, train.impute, train.fill, train.indicator) == ("ridge", "constant", 1950.0, True)


def test_ratios_come_and_go() -> None:
    """Two columns make a ratio, once; a press takes it away; bundled tables have them too."""
    for visit, pair in ((using(), ("area_m2", "built")), (opened(), ("AveRooms", "AveOccup"))):
        visit.unfold("ratios_box").set("selectbox", "ratio_over", pair[0]).set("selectbox", "ratio_under", pair[1])
        visit.press("ratio_add")
        assert (visit.errors, visit.experiment.train.ratios) == ([], ("/".join(pair),))
        visit.press("ratio_add")
        assert len(visit.errors) == 1
        assert visit.experiment.train.ratios == ("/".join(pair),)
        visit.set("selectbox", "ratio_under", pair[0]).press("ratio_add")
        assert len(visit.errors) == 1
        visit.press("ratio_0")
        assert (visit.errors, visit.experiment.train.ratios) == ([], ())


def test_the_known_ratios_are_offered_where_their_columns_are() -> None:
    """The names of reference system 002, on a table that has its columns."""
    header = ["total_rooms", "households", "population", "y"]
    rows = [[10 + i * 3 % 17, 2 + i % 5, 5 + i % 7, i * 1.5] for i in range(40)]
    visit = using(delimited(header, rows).encode()).unfold("ratios_box")
    offered = [b.key for b in visit.at.button if b.key and b.key.startswith("ratio_") and b.key != "ratio_add"]
    assert offered == ["ratio_rooms_per_household", "ratio_population_per_household"]
    visit.press("ratio_rooms_per_household")
    assert (visit.errors, visit.experiment.train.ratios) == ([], ("rooms_per_household",))


def test_ratios_of_an_address_that_no_table_has_are_refused() -> None:
    """The message names them, and the app starts with settings that can be trained."""
    visit = Visit(ratios="no/such", bits="5")
    assert len(visit.errors) == 1
    assert visit.errors[0].startswith("ratios must be two different columns of numbers")
    assert (visit.experiment.train.ratios, visit.experiment.scheme.bits) == ((), 5)


def test_a_link_without_the_table_says_what_it_lacks() -> None:
    """One message, the rest of the app works; when the table is opened the link's settings are taken."""
    query = using().go("home").set("slider", "bits", 4).address
    visit = Visit("train", **query)
    assert visit.errors == [
        "dataset must be a table that is open here; rows do not travel with settings, so open the file first (it "
        f'predicts "rent", and its SHA-256 begins with {query["sha256"][:12]}), got "own"'
    ]
    for page in PAGES:
        assert visit.go(page).experiment == Experiment()
    upload(visit.go("train").unfold("own_box"), FLATS)
    assert visit.errors == []
    assert visit.address == query
    assert visit.experiment.scheme.bits == 4


def test_settings_in_a_file_need_the_table_too() -> None:
    """Settings that were downloaded are taken where the table is open, and refused with one message elsewhere."""
    visit = using()
    settings = json.dumps(visit.experiment.to_json()).encode()
    e = visit.set("selectbox", "model", "ridge").experiment
    for one, right in ((visit, True), (Visit("train"), False)):
        one.unfold("files_box").widget("file_uploader", "upload").set_value(("s.json", settings, "application/json"))
        one.run()
        assert len(one.errors) == (0 if right else 1)
        assert one.experiment.train.model == "linear"
    assert e.train.model == "ridge"


def test_the_bundled_tables_are_a_choice_away() -> None:
    """From the own table to a bundled one and back, with the choices it had; a preset leaves it open."""
    visit = using()
    data = visit.experiment.data
    visit.set("selectbox", "dataset", "wine")
    assert (visit.errors, visit.experiment.data, visit.experiment.train.impute) == ([], DataConfig("wine"), "none")
    visit.set("selectbox", "dataset", "own")
    assert (visit.errors, visit.experiment.data, visit.experiment.train.impute) == ([], data, "median")


def kept(visit: Visit) -> list[weakref.ref[Any]]:
    """Return weak references to all data sets, models and comparisons that a visit keeps of its own table."""
    results = visit.at.session_state.own_results
    return [weakref.ref(v) for kind in ("dataset", "trained", "comparison") for v in results[kind].values()]


def test_deleting_leaves_nothing_behind() -> None:
    """Data set, models and comparisons are gone from memory; saved models from the disk; the rest is as at first."""
    visit = using()
    for page in PAGES:
        visit.go(page)
    visit.go("compare").press("pin").unfold("files_box").press("save")
    paths = visit.saved
    held = [*kept(visit), weakref.ref(visit.at.session_state.own_table.table)]
    assert len(held) >= 4
    assert paths[0].exists()
    visit.go("train").unfold("own_box").press("own_delete")
    assert visit.errors == []
    gc.collect()
    assert [r() for r in held if r() is not None] == []
    assert not paths[0].exists()
    assert visit.experiment == Experiment()
    assert "own" not in visit.widget("selectbox", "dataset").options
    assert (visit.at.session_state.pins, visit.saved) == ([], [])
    for page in PAGES:
        assert visit.go(page).errors == []


def test_two_visits_with_one_file_know_nothing_of_each_other() -> None:
    """Each has results of its own; what one deletes the other keeps, and a third has never seen the table."""
    one, two = using(), using()
    both = [v.at.session_state.own_results["trained"] for v in (one, two)]
    assert list(both[0]) == list(both[1])
    assert not {id(t) for t in both[0].values()} & {id(t) for t in both[1].values()}
    one.unfold("own_box").press("own_delete")
    assert two.go("compare").errors == []
    assert two.experiment.data.dataset == "own"
    third = Visit("train", **two.address)
    assert len(third.errors) == 1
    assert third.experiment == Experiment()


def test_a_file_of_a_model_opens_with_and_without_its_table() -> None:
    """With the table it is measured on its rows; without, it answers and compares, as a model from outside does."""
    visit = using()
    data = next(iter(visit.at.session_state.own_results["file"].values()))
    for one, rows in ((visit, True), (Visit("train"), False)):
        one.unfold("files_box").widget("file_uploader", "upload")
        one.widget("file_uploader", "upload").set_value(("m.safetensors", data, "application/octet-stream"))
        one.run()
        assert one.errors == []
        assert (one.experiment.data.dataset == "own") == rows
        for page in ("home", "train", "compare", "predict"):
            assert one.go(page).errors == []


def test_a_large_file_is_read_by_a_worker() -> None:
    """More than two MB: the page says that it reads, opens the table when it is there, and refuses in the same words."""
    rows = 150_000
    data = b"a,b,c\n" + b"".join(b"%d,%d,text %d\n" % (k, k * 7919 % 1000, k % 50) for k in range(rows))
    assert len(data) > _own.LARGE
    visit = upload(opened(), data, "large.csv")
    assert visit.at.session_state.draft is None
    visit.wait()
    assert visit.at.session_state.draft.table.sha256 == sha256(data).hexdigest()
    assert f"{rows:,} rows, 3 columns" in unescaped(visit.words())
    visit = upload(opened(), data + b"1,2\n", "ragged.csv").wait()
    assert visit.errors == [f'Reading: row {rows + 1} must be 3 values, one for each column, got "2 values"']
    assert visit.at.session_state.draft is None


def test_a_large_file_in_another_encoding_is_read_again() -> None:
    """What a worker cannot decode is offered to be read as Latin-1, as with a small file."""
    data = b"a,b\n" + b"".join(b"%d,M\xfcnchen %d\n" % (k * 7919 % 100_003, k % 50) for k in range(150_000))
    assert len(data) > _own.LARGE
    visit = upload(opened(), data, "latin.csv").wait().run()
    assert "byte 0xfc" in visit.errors[0]
    visit.press("own_latin-1").wait()
    words = visit.at.session_state.draft.table.columns[1].words.to_pylist()
    assert "München 7" in words
