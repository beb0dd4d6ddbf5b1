"""The Monitor page: complete at first sight, each verdict by its slider, files of any kind, recorded batches, the rule."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core import drift, tables, workspaces
from core.artifact.model import from_trained
from core.config import DataConfig, Experiment, TrainConfig, own_data
from core.datasets.own import own_dataset
from core.drift import DRIFT, FEW, LITTLE, NONE
from core.errors import InvalidInput
from core.evaluate import compare, model_file
from core.metrics import LABELS
from core.settings import settings
from core.train import train_on
from pages import _shared
from pages._format import number
from pages._predict_cells import cells
from tests.pages.own_visit import model as model_of
from tests.pages.own_visit import opened
from tests.pages.visit import Visit, unescaped

TABLE = "Features by severity"
LOG = "Recorded batches, the newest first"


@pytest.fixture(autouse=True)
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Record batches in a folder of the test's own."""
    monkeypatch.setenv("BITDIAL_ARTIFACTS", str(tmp_path / "artifacts"))
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def rows(visit: Visit) -> dict[str, dict[str, Any]]:
    """Return the table of the features by their labels."""
    return {row["feature"]: row for row in visit.table(TABLE)}


def verdicts(visit: Visit) -> dict[str, str]:
    """Return the verdict of each feature by its label."""
    return {name: row["verdict"] for name, row in rows(visit).items()}


def csv_of(X: np.ndarray, names: list[str], **columns: Any) -> bytes:
    """Return rows as a CSV file, with further columns behind."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([*names, *columns])
    writer.writerows([*row, *more] for row, *more in zip(X.tolist(), *columns.values(), strict=True))
    return text.getvalue().encode()


def held_back(count: int) -> tuple[np.ndarray, list[str]]:
    """Return the first held-back rows of the default model and the names of their columns."""
    t = _shared.trained(Experiment())
    return t.rows("test")[0][:count], list(t.dataset.feature_names)


def sent(visit: Visit, data: bytes, name: str = "batch.csv") -> Visit:
    """Upload a batch."""
    visit.at.session_state["monitor_box"] = True
    visit.run()
    visit.at.file_uploader[0].set_value((name, data, "text/csv"))
    return visit.run()


def test_the_first_sight_is_the_report_of_an_unchanged_batch() -> None:
    """Without a click: no evidence in any feature, and the figures are those of core, in the table and on the cards."""
    visit = Visit("monitor")
    assert visit.errors == []
    assert unescaped(visit.finding) == (
        ":green[:material/check_circle:] **No evidence of drift in 8 features.** 2,000 simulated rows; predictions "
        "hold; no evidence that the gap between :blue[original] and :orange[quantised] changed."
    )
    t = _shared.trained(Experiment())
    model = model_file(t, compare(t, Experiment().scheme))
    found = drift.report(model, drift.simulate(model, (), 2_000, 0, t.rows("test")))
    shown = rows(visit)
    assert list(shown) == [column.label for column in found.by_severity]
    for column in found.features:
        row = shown[column.label]
        assert (row["verdict"], row["KS"], row["PSI"]) == (NONE, column.ks, column.psi)
        assert row["out of range, %"] == 100 * (column.below + column.above)
    assert visit.metric("Drift") == "0 of 8"
    assert visit.metric("Out of range") == str(found.outside)
    for one, name in zip(found.performance, ("Original", "Quantised"), strict=True):
        shown = visit.metric(f"{name} {LABELS[one.metric]}")
        assert unescaped(shown) == (f"${one.value * 1e5:,.0f}" if one.metric == "mae" else number(one.value))
    assert len(visit.at.get("plotly_chart")) == 2


@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({"scale": 1.2}, DRIFT, "Drift in 1 of 8 features: Median income."),
        ({"shift": 0.5}, DRIFT, "Drift in 1 of 8 features: Median income."),
        ({"missing": 20.0}, DRIFT, "Drift in 1 of 8 features: Median income."),
        ({"rows": 20}, FEW, "Too few rows for a verdict: at least 50 are needed."),
        (
            {"scale": 1.05, "rows": 10_000},
            LITTLE,
            "Measurably different, but little, in 1 of 8 features: Median income.",
        ),
    ],
)
def test_each_slider_moves_the_verdict(changes: dict[str, Any], verdict: str, words: str) -> None:
    """Sliders reach each verdict, the address follows, and "No change" brings the first sight back."""
    visit = Visit("monitor")
    first = visit.finding
    for name, value in changes.items():
        visit.set("select_slider" if name == "rows" else "slider", f"sim_{name}", value)
    assert visit.errors == []
    assert verdicts(visit)["Median income"] == verdict
    assert f"**{words}**" in unescaped(visit.finding)
    assert {name: float(visit.address[f"batch_{name}"]) for name in changes} == changes
    linked = Visit("monitor", **visit.address)
    assert linked.finding == visit.finding
    visit.press("sim_calm")
    assert (visit.finding == first) == ("rows" not in changes)


def test_what_lies_outside_and_what_is_missing_is_counted() -> None:
    """Twice the incomes leave the range that training saw; a fifth of them taken away shows as 20 %."""
    visit = Visit("monitor")
    before = int(visit.metric("Out of range").replace(",", ""))
    visit.set("slider", "sim_scale", 2.0)
    assert int(visit.metric("Out of range").replace(",", "")) > before
    assert rows(visit)["Median income"]["out of range, %"] > 0
    visit.press("sim_calm").set("slider", "sim_missing", 20.0)
    # A share of 2,000 draws: six standard deviations of a binomial of 0.2 are 5.4 points.
    assert rows(visit)["Median income"]["missing, %"] == pytest.approx(20, abs=5.4)
    assert "without a number that the models need" in visit.words()


def test_the_feature_on_view_follows_the_one_that_is_changed_unless_another_is_chosen() -> None:
    """Changing Latitude shows Latitude; the menu and a row of the table show another."""
    visit = Visit("monitor").set("selectbox", "sim_feature", "Latitude").set("slider", "sim_shift", 1.0)
    assert verdicts(visit)["Latitude"] == DRIFT
    assert visit.chart("drift_overlay")["layout"]["xaxis"]["title"]["text"] == "Latitude, degrees north"
    visit.set("selectbox", "monitor_view", "HouseAge")
    assert visit.chart("drift_overlay")["layout"]["xaxis"]["title"]["text"] == "House age, years"
    assert next(iter(rows(visit))) == "Latitude"


def test_a_text_gets_a_new_category() -> None:
    """Of a text the simulator changes the categories; unseen ones are drift, counted by chi-square."""
    visit = opened("flats", "monitor").set("selectbox", "sim_feature", "district")
    assert {s.key for s in visit.at.slider} >= {"sim_new", "sim_missing"}
    assert "sim_scale" not in {s.key for s in visit.at.slider}
    visit.set("slider", "sim_new", 50.0)
    assert visit.errors == []
    found = rows(visit)["district"]
    assert found["verdict"] == DRIFT
    assert found["new, %"] > 25
    assert "another one" in visit.chart("drift_overlay")["data"][0]["x"]


@pytest.mark.parametrize("bad", ["batch_scale=9", "batch_rows=30", "batch_seed=1.5", "batch_feature=Nothing"])
def test_a_bad_address_is_one_message(bad: str) -> None:
    """Each bad value is named with what is allowed, and the batch is the unchanged one."""
    name, value = bad.split("=")
    visit = Visit(**{name: value})
    assert len(visit.errors) == 1
    assert visit.errors[0].startswith(name)
    assert visit.go("monitor").finding == Visit("monitor").finding


def test_a_file_takes_the_place_of_the_simulator_and_gives_it_back() -> None:
    """Columns too many are left out and named; the figures are those of the file; closing it brings the sliders back."""
    X, names = held_back(400)
    X = X.copy()
    X[:, names.index("HouseAge")] += 20
    visit = sent(Visit("monitor"), csv_of(X, names, extra=range(400)))
    assert visit.errors == []
    assert "400 rows of batch.csv" in unescaped(visit.finding)
    assert verdicts(visit)["House age"] == DRIFT
    assert "left out: extra" in unescaped(visit.words())
    assert not visit.at.slider or "sim_scale" not in {s.key for s in visit.at.slider}
    # The worst feature of a file is on view.
    assert visit.chart("drift_overlay")["layout"]["xaxis"]["title"]["text"] == "House age, years"
    visit.set("slider", "bits", 4)
    assert "400 rows of batch.csv" in unescaped(visit.finding)
    visit.press("monitor_close")
    assert "2,000 simulated rows" in visit.finding
    assert visit.widget("slider", "sim_scale").value == 1.0


def test_a_bad_file_is_one_message_and_nothing_is_lost() -> None:
    """A file without a column is refused by name; the batch before stays, and so do the sliders."""
    X, names = held_back(100)
    visit = Visit("monitor").set("slider", "sim_scale", 1.5)
    before = rows(visit)
    sent(visit, csv_of(X[:, 1:], names[1:]), "[x](y).csv")
    assert len(visit.errors) == 1
    assert visit.errors[0].startswith("[x](y).csv: ")
    assert names[0] in visit.errors[0]
    assert rows(visit) == before
    assert visit.widget("slider", "sim_scale").value == 1.5
    sent(visit, b"\xff\xfe\x00")
    assert len(visit.errors) == 1
    assert rows(visit) == before


def parquet_of(columns: dict[str, Any]) -> bytes:
    """Return columns as a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return bytes(sink.getvalue())


@pytest.mark.parametrize("name", ["flats", "seedlings"])
def test_parquet_is_the_batch_that_csv_is(name: str) -> None:
    """Texts, gaps, flags, unknown texts, true values, columns too many: both files make the same batch."""
    t = model_of(name)
    model = from_trained(t, compare(t, Experiment().scheme).quantized)
    X, y = t.rows("test")
    X = X.copy()
    X[0, [i for i, f in enumerate(t.dataset.features) if f.categories]] = -1
    target = [t.dataset.classes[int(v)] for v in y] if t.dataset.classes else y.tolist()
    columns: dict[str, list[Any]] = {
        f.name: cells(f, column) for f, column in zip(t.dataset.features, X.T, strict=True)
    }
    for f in t.dataset.features:
        if f.flag:
            columns[f.name] = [None if v is None else v == "yes" for v in columns[f.name]]
    columns |= {"extra": list(range(len(y))), t.dataset.target.name: target}
    made = drift.read(model, parquet_of(columns), "batch.parquet")
    np.testing.assert_array_equal(made.X, X)
    np.testing.assert_array_equal(made.y, y)
    assert made.ignored == ("extra",)
    assert made.source == "batch.parquet"


def test_classes_that_are_long_numbers_are_known_in_parquet_too() -> None:
    """A label is spelt in all its digits, as it was when the model was trained."""
    X = np.random.default_rng(0).normal(size=(60, 2))
    labels = np.where(X[:, 0] > 0, 1234567.0, 1234568.0)
    data = csv_of(X, ["a", "b"], label=labels.tolist())
    dataset = own_dataset(tables.read(data, "t.csv"), "label", "classification", ["a", "b"], "t")
    model = from_trained(train_on(dataset, own_data(dataset), TrainConfig("logistic")))
    found = drift.read(model, parquet_of({"a": X[:, 0], "b": X[:, 1], "label": labels}), "t.parquet")
    assert [model.classes[int(k)] for k in found.y] == ["1234567" if x > 0 else "1234568" for x in X[:, 0]]


def test_a_bad_parquet_file_names_column_and_row() -> None:
    """A column that is missing, a text for a number, a true value that is missing, and what is no Parquet at all."""
    t = _shared.trained(Experiment())
    model = from_trained(t, compare(t, Experiment().scheme).quantized)
    X, names = held_back(30)
    good: dict[str, Any] = {n: column.tolist() for n, column in zip(names, X.T, strict=True)}
    target = t.dataset.target.name
    for bad, message in (
        ({n: v for n, v in good.items() if n != "AveRooms"}, "no AveRooms"),
        (good | {"AveRooms": [None, "many", *["1"] * 28]}, "AveRooms in row 2"),
        (good | {target: [1.0, None, *[1.0] * 28]}, f"{target} in row 2"),
        (good | {"AveRooms": [1e200] * 30}, "AveRooms in row 1"),
    ):
        with pytest.raises(InvalidInput, match=message):
            drift.read(model, parquet_of(bad), "b.parquet")
    with pytest.raises(InvalidInput, match="Parquet"):
        drift.read(model, parquet_of(good)[:-40] + b"x" * 36 + b"PAR1", "b.parquet")


def test_the_file_of_another_model_is_a_message_and_the_simulator_answers() -> None:
    """Another data set does not take the file; back on its own the file is there again."""
    X, names = held_back(60)
    visit = sent(Visit("monitor"), csv_of(X, names))
    visit.at.session_state.experiment = Experiment(data=DataConfig("diabetes"))
    visit.run()
    assert len(visit.errors) == 1
    assert visit.errors[0].startswith("batch.csv: ")
    assert "simulated rows" in visit.finding
    visit.at.session_state.experiment = Experiment()
    assert "60 rows of batch.csv" in unescaped(visit.run().finding)


def test_recorded_batches_fire_the_rule() -> None:
    """Three batches with drift in a row fire the default rule: banner, log, chart; a fourth without ends it."""
    visit = Visit("monitor").set("slider", "sim_scale", 1.3)
    for count in (1, 2, 3):
        assert not visit.at.warning
        visit.set("number_input", "sim_seed", count).press("monitor_record")
    assert next(w.value for w in visit.at.warning).startswith("The rule has fired: features with drift at least 1 in 3")
    assert [row["rule"] for row in visit.table(LOG)] == ["fired", "", ""]
    assert [row["drift in"] for row in visit.table(LOG)] == ["MedInc"] * 3
    assert visit.chart("drift_history")["data"][0]["marker"]["symbol"] == ["diamond"] * 3
    visit.press("sim_calm").press("monitor_record")
    assert not visit.at.warning
    place = workspaces.at(workspaces.folder_of(visit.at.session_state.workspace))
    assert place is not None
    assert len(drift.history(place)) == 4
    # No row is kept: one line a batch, of figures and names.
    assert all(len(line) < 2_000 for line in (place / "drift.jsonl").read_text().splitlines())


def test_the_rule_is_kept_with_the_history_and_reset_deletes_both() -> None:
    """Another limit is written down at once and is there on the next visit; a bad one is one message."""
    visit = Visit("monitor").press("monitor_record")
    visit.at.session_state["rule_box"] = True
    visit.run().set("selectbox", "rule_test", "ks").set("number_input", "rule_limit", 0.01)
    visit.set("number_input", "rule_batches", 1)
    assert len(visit.at.warning) == 1
    visit.set("number_input", "rule_limit", -1.0)
    assert len(visit.errors) == 1
    assert visit.widget("number_input", "rule_limit").value == 0.01
    again = Visit()
    again.at.session_state.workspace = visit.at.session_state.workspace
    assert len(again.go("monitor").at.warning) == 1
    again.at.session_state.files_box = again.at.session_state.reset_box = True
    again.run().press("reset")
    assert not again.at.warning
    assert workspaces.at(workspaces.folder_of(visit.at.session_state.workspace)) is None


def test_a_rerun_reads_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the page has been opened, neither a rerun nor a slider looks for recorded batches."""
    visit = Visit("monitor")
    monkeypatch.setattr(drift, "history", lambda folder: pytest.fail("read again"))
    monkeypatch.setattr(drift, "read_rule", lambda folder: pytest.fail("read again"))
    visit.run().set("slider", "sim_scale", 1.1)


def test_a_batch_is_reported_once_for_all_visitors(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second visitor with the same sliders computes nothing, and neither does a rerun."""
    Visit("monitor").set("slider", "sim_scale", 1.45)
    for name in ("report", "simulate"):
        monkeypatch.setattr(drift, name, lambda *_: pytest.fail("computed again"))
    Visit("monitor", batch_scale="1.45").run()
