"""A user's own table on the command line: what is decided and said, trained, kept in files, opened, predicted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.artifact import load
from core.artifact.reopen import AWAY
from core.config import DataConfig, TrainConfig, own_data
from core.datasets.own import own_dataset
from core.evaluate import measure
from core.parts import plain
from core.settings import ROOT
from core.tables import propose, read
from core.train import Trained, train_on
from tests.cli_support import Shell, original_file, pair_file
from tests.own_tables import HOUSING, housing
from tests.support import OF_VALUES

FLATS, SEEDLINGS = (ROOT / "examples" / f"{name}.csv" for name in ("flats", "seedlings"))
KNOWN = "rooms_per_household,bedrooms_per_room,population_per_household"


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return what runs commands in this process."""
    return Shell(capsys)


def trained_on(path: Path, **settings: Any) -> Trained:
    """Return what core makes of a table by its own proposal, without the command line."""
    table = read(path.read_bytes())
    found = propose(table)
    dataset = own_dataset(table, found.target, found.task, found.features, path.name)
    return train_on(dataset, own_data(dataset), TrainConfig(impute="median", **settings))


@pytest.mark.parametrize(
    ("argv", "rmse"),
    [
        ([], "70059.193339"),
        (["--ratios", KNOWN], "72701.326008"),
        (["--model", "ridge"], "70066.021121"),
        (["--model", "ridge", "--scaling", "none"], "70068.869725"),
        (["--impute", "median", "--ratios", "r=total_rooms/households"], None),
    ],
)
def test_the_baselines_of_system_002_come_out(shell: Shell, argv: list[str], rmse: str | None) -> None:
    """Linear and ridge, with and without its engineered features: its figures in dollars, to a millionth."""
    housing()  # skips where the table is not at hand
    found = shell.json("train", "--data", HOUSING, "--target", "median_house_value", *argv)
    if rmse is None:
        assert "r" in found["columns"]
    else:
        assert f"{found['metrics']['test']['rmse']:.6f}" == rmse
    assert (found["report"]["n_train"], found["report"]["n_test"]) == (16512, 4128)
    assert found["experiment"]["train"]["impute"] == "median"
    words = {c["name"]: c["words"] for c in found["data"]["columns"]}
    assert words["total_bedrooms"] == "number, 207 missing: median filled in"
    assert words["ocean_proximity"] == "text, 5 values: one column each"
    assert words["median_house_value"] == "predicted: regression"
    assert [c for c in found["columns"] if c.startswith("ocean_proximity=")] == [
        f"ocean_proximity={word}" for word in ("<1H OCEAN", "INLAND", "ISLAND", "NEAR BAY", "NEAR OCEAN")
    ]


def test_what_was_decided_stands_before_the_result(shell: Shell) -> None:
    """File, target and task, format, every column with its use, then the report in units of the target."""
    lines = shell.text("train", "--data", FLATS).splitlines()
    assert lines[:12] == [
        "flats.csv: 240 rows; rent is predicted from 5 columns, regression",
        "UTF-8",
        "delimiter semicolon",
        "decimal comma: 19,6 is read as 19.6",
        "missing values are written as ?",
        "  id        left out: it counts the rows: whole numbers that rise from row to row",
        "  area_m2   number",
        "  built     number, 12 missing: median filled in",
        "  district  text, 4 values: one column each",
        "  floor     number",
        "  balcony   text, 2 values: one column each",
        "  rent      predicted: regression",
    ]
    assert lines[12:14] == ["", "flats.csv, linear, scaling standard, missing numbers median, seed 42"]
    assert "RMSE and MAE in units of rent" in lines


def test_the_json_has_the_same_under_data(shell: Shell) -> None:
    """Label, checksum, counts, target, task, features and columns; the figures are core's."""
    found, expected = shell.json("train", "--data", SEEDLINGS), trained_on(SEEDLINGS, model="logistic")
    data = found["data"]
    assert data["label"] == "seedlings.csv"
    assert (data["sha256"], data["bytes"]) == (expected.dataset.sha256, SEEDLINGS.stat().st_size)
    assert (data["rows"], data["target"], data["task"]) == (150, "species", "classification")
    assert tuple(data["features"]) == expected.dataset.feature_names
    assert data["notes"] == ["UTF-8", "delimiter tab", "missing values are written as NA"]
    assert found["metrics"] == plain(measure(expected, expected.parts))
    assert found["experiment"]["data"] == expected.data.to_json() if expected.data else None
    assert found["experiment"]["train"]["model"] == "logistic"


def test_target_features_and_task_are_the_users(shell: Shell) -> None:
    """What is named wins over the proposal; names are taken however they are spaced."""
    argv = ["--data", FLATS, "--target", " floor", "--features", "area_m2, rent", "--task", "classification"]
    data = shell.json("train", *argv)["data"]
    assert (data["target"], data["features"], data["task"]) == ("floor", ["area_m2", "rent"], "classification")
    words = {c["name"]: c["words"] for c in data["columns"]}
    assert words["district"] == "left out: not among the features"
    assert words["id"].startswith("left out: it counts the rows")


def test_gaps_are_filled_as_asked(shell: Shell) -> None:
    """A constant and a column that marks the gaps; the words say so, and so does the file."""
    argv = ["--data", FLATS, "--impute", "constant", "--fill", "1950", "--indicator"]
    found = shell.json("train", *argv)
    assert "built missing" in found["columns"]
    words = {c["name"]: c["words"] for c in found["data"]["columns"]}
    assert words["built"] == "number, 12 missing: 1950 filled in and marked in a column of its own"
    train = found["experiment"]["train"]
    assert (train["impute"], train["fill"], train["indicator"]) == ("constant", 1950, True)
    # Without gaps nothing is filled, and nothing is said.
    assert "impute" not in shell.json("train", "--data", FLATS, "--features", "area_m2")["experiment"]["train"]


def test_settings_of_one_command_are_those_of_the_next(shell: Shell, tmp_path: Path) -> None:
    """The printed experiment is a configuration; with its table it gives the same, without it is refused."""
    argv = ["--target", "floor", "--task", "regression", "--features", "area_m2,built,rent", "--ratios", "rent/area_m2"]
    first = shell.json("compare", "--data", FLATS, *argv, "--bits", "5")
    config = tmp_path / "config.json"
    config.write_text(json.dumps(first["experiment"]), encoding="utf-8")
    assert shell.json("compare", "--data", FLATS, "--config", config) == first
    sha = first["data"]["sha256"][:12]
    assert shell.refused("compare", "--config", config) == (
        f'--data must be the table that the settings describe (it predicts "floor", and its SHA-256 begins with {sha}), '
        'got "nothing"'
    )
    # Another target takes nothing over from the one before but model and scheme.
    other = shell.json("compare", "--data", FLATS, "--config", config, "--target", "rent", "--ratios", "built/floor")
    assert (other["data"]["target"], len(other["data"]["features"])) == ("rent", 5)
    config.write_text(json.dumps(first["experiment"] | {"train": {}}), encoding="utf-8")
    wine = shell.json("train", "--config", config, "--dataset", "wine")["experiment"]
    assert wine["data"] == DataConfig("wine").to_json()


@pytest.mark.parametrize("command", ["compare", "sweep"])
def test_compare_and_sweep_take_a_table(shell: Shell, command: str) -> None:
    """Both say what was decided, for people first and under "data" in JSON."""
    argv = [command, "--data", SEEDLINGS, "--bits", "4"]
    assert shell.json(*argv)["data"]["target"] == "species"
    assert shell.text(*argv).startswith("seedlings.csv: 150 rows; species is predicted from 6 columns, classification")


@pytest.fixture
def flats(shell: Shell, tmp_path: Path) -> Path:
    """Return the file of a model of the flats."""
    shell.json("train", "--data", FLATS, "--out", tmp_path / "flats.safetensors")
    return tmp_path / "flats.safetensors"


def test_rows_with_texts_and_gaps_are_predicted(shell: Shell, flats: Path, tmp_path: Path) -> None:
    """Texts by name, gaps empty; unknown texts and missing values are counted, and no text is out of range."""
    rows = tmp_path / "rows.csv"
    rows.write_text(
        "district,area_m2,built,floor,balcony,rent\nHafen,60,1990,2,yes,900\nMond,60,,2,,900\nHafen,6000,1990,2,no,1\n",
        encoding="utf-8",
    )
    found = shell.json("predict", flats, "--rows", rows)
    assert (found["unknown"], found["missing"]) == ({"district": 1}, {"built": 1, "balcony": 1})
    assert found["outside_training_range"] == 1
    model, words = load(flats), trained_on(FLATS).dataset.features[2].categories
    assert model.features[2].name == "district"
    X = np.array([[60, 1990, words.index("Hafen"), 2, 1], [60, np.nan, -1, 2, np.nan], [6000, 1990, 2, 2, 0]])
    assert found["predictions"]["original"] == pytest.approx(model.predict(X).tolist(), rel=1e-12)
    text = shell.text("predict", flats, "--rows", rows, "--out", tmp_path / "out.csv").splitlines()
    assert text[4:] == [
        "in units of rent",
        "1 of 3 rows lie outside the range seen in training",
        "1 of 3 rows have a text in district that training never saw",
        "1 of 3 rows have no value in built",
        "1 of 3 rows have no value in balcony",
        f"3 rows written to {tmp_path / 'out.csv'}",
    ]


def test_a_gap_does_not_hide_a_number_that_is_too_large(shell: Shell, tmp_path: Path) -> None:
    """The row is named with its largest number, though another of its cells is empty."""
    model, rows = tmp_path / "m.safetensors", tmp_path / "rows.csv"
    shell.json("train", "--data", FLATS, "--degree", "2", "--out", model)
    rows.write_text("area_m2,built,district,floor,balcony\n60,,,2,\n1e200,,,2,\n", encoding="utf-8")
    assert shell.refused("predict", model, "--rows", rows) == (
        "row 2 must be small enough for a finite answer, got 1e+200"
    )


def test_a_sample_needs_the_table(shell: Shell, flats: Path, tmp_path: Path) -> None:
    """The file has no row of it: --data brings it back, and only the same one."""
    trained = trained_on(FLATS)
    sha = trained.dataset.sha256[:12]
    known = f'the table that the model was trained on (it predicts "rent", and its SHA-256 begins with {sha})'
    assert shell.refused("predict", flats, "--sample").startswith(f"--sample must be given with --data FILE, {known}, ")
    found = shell.json("predict", flats, "--sample", "--data", FLATS)
    assert found["true"] == trained.rows("test")[1][:10].tolist()
    gaps = np.isnan(trained.rows("test")[0][:10]).sum()
    assert sum(found["missing"].values()) == gaps
    other = tmp_path / "other.csv"
    other.write_bytes(FLATS.read_bytes() + b"\n")
    assert shell.refused("predict", flats, "--sample", "--data", other).startswith(f"--data must be {known}, got ")
    rows = ["predict", flats, "--rows", FLATS, "--data", FLATS]
    assert shell.refused(*rows).startswith("--data must be left out beside --rows, got ")
    away = "--data must be left out beside a model that was not made from a table of your own, got "
    assert shell.refused("predict", original_file(tmp_path), "--sample", "--data", FLATS).startswith(away)
    assert shell.refused("compare", pair_file(tmp_path), "--data", FLATS).startswith(away)
    alone = ["predict", flats, "--sample", "--encoding", "latin-1"]
    assert shell.refused(*alone) == '--encoding must be left out without --data, got "latin-1"'


def test_a_file_is_quantised_without_its_table(shell: Shell, flats: Path, tmp_path: Path) -> None:
    """From its training statistics, with a note; recipe and the original's figures stay in the pair."""
    pair, full = tmp_path / "pair.safetensors", tmp_path / "full.safetensors"
    direct = shell.json("compare", "--data", FLATS, "--bits", "5")
    found = shell.json("quantize", flats, "--bits", "5", "--out", pair)
    assert found["notes"] == [AWAY]
    assert (found["quantized"]["test"]["r2"], found["difference"]) == (None, None)
    # Sums over the same rows, once directly and once through a file.
    assert found["fidelity"] == pytest.approx(direct["fidelity"], rel=1e-9)
    assert found["parameters"] == direct["parameters"]
    before, after = load(flats), load(pair)
    assert (after.data, after.config, after.data_sha256) == (before.data, before.config, before.data_sha256)
    assert after.metrics["original"] == before.metrics["original"]
    assert AWAY in shell.text("compare", pair).splitlines()
    # With the table everything is measured, whichever way it comes.
    opened = shell.json("compare", pair, "--data", FLATS)
    for name in ("original", "quantized", "difference", "predictions"):
        assert opened[name] == direct[name]
    assert (
        shell.json("quantize", flats, "--bits", "5", "--data", FLATS, "--out", full)["original"] == direct["original"]
    )
    assert shell.json("predict", pair, "--sample", "--data", FLATS)["true"] is not None


def test_inspect_says_what_an_own_model_needs(shell: Shell, tmp_path: Path) -> None:
    """Where it came from, how gaps are filled, the ratios, the choices of a text; a text has no range."""
    path = tmp_path / "m.safetensors"
    argv = ["--impute", "constant", "--fill", "1950", "--ratios", "share=floor/area_m2"]
    shell.json("train", "--data", FLATS, *argv, "--out", path)
    lines, found = shell.text("inspect", path).splitlines(), shell.json("inspect", path)
    sha = found["data"]["sha256"][:12]
    assert lines[1:8] == [
        f"data a table of your own (its SHA-256 begins with {sha}), rent by regression, test share 0.2, seed 42",
        "model linear, scaling standard, degree 1",
        "missing numbers: 1950",
        "ratios: share=floor/area_m2",
        "district is one of Altstadt, Bahnhof, Hafen, Südvorstadt",
        "balcony is one of no, yes",
        "not quantised",
    ]
    assert any(re.fullmatch(r"district +text +– +–", line) for line in lines)
    assert found["features"][4]["categories"] == ["no", "yes"]
    assert "categories" not in found["features"][0]


def test_an_encoding_can_be_named(shell: Shell, tmp_path: Path) -> None:
    """What is not UTF-8 is read in the encoding that is named, and says so."""
    path = tmp_path / "latin.csv"
    rows = "".join(f"{'é' if i % 3 else 'a'},{i * i / 4}\n" for i in range(40))
    path.write_bytes(("word,amount\n" + rows).encode("latin-1"))
    assert shell.refused("train", "--data", path) == (
        'file "latin.csv" must be UTF-8 text (in another encoding only when it is named: latin-1 or cp1252), '
        'got "byte 0xe9 at 18"'
    )
    found = shell.json("train", "--data", path, "--encoding", "latin-1")
    assert "word=é" in found["columns"]
    assert found["data"]["notes"][0] == "Latin-1"


def test_names_from_a_table_cannot_write_on_the_terminal(shell: Shell, tmp_path: Path) -> None:
    """Column names, texts and the name of the file are printed with their controls spelt out."""
    path = tmp_path / "x\u202efdp.csv"
    words = ("a\u202eb", "c\u2028d")
    rows = "".join(f"{i % 5},{words[i % 2]},{i}\n" for i in range(40))
    path.write_text("n\u202eame,wo\u200brd,target\n" + rows, encoding="utf-8")
    model = tmp_path / "m.safetensors"
    for argv in (["train", "--data", path, "--out", model], ["compare", "--data", path], ["inspect", model]):
        text = shell.text(*argv)
        assert all(line.isprintable() for line in text.split("\n"))
        assert "x202e" in text


def test_a_large_file_is_refused_unread(shell: Shell, tmp_path: Path) -> None:
    """Its size is looked at first: a gigabyte of nothing costs no time."""
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(2**30)
    assert shell.refused("train", "--data", path) == (
        'file "large.csv" must be at most 10,485,760 bytes (10 MB), got "1073741824 bytes"'
    )


COLUMNS = 'one of "id", "area_m2", "built", "district", "floor", "balcony", "rent"'
RATIOS = (
    "two different columns of numbers as a/b or name=a/b, or one of rooms_per_household, bedrooms_per_room, "
    "population_per_household"
)


@pytest.mark.parametrize("command", ["train", "compare", "sweep", "tune"])
@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--target", "price"], f'target must be {COLUMNS}, got "price"'),
        (["--target", "id", "--task", "sorting"], 'task must be one of regression, classification, got "sorting"'),
        (["--features", "area_m2,size"], f'features must be {COLUMNS}, got "size"'),
        (["--features", "area_m2,rent"], 'features must be columns other than the target, got "rent"'),
        (
            ["--features", ""],
            'features must be a list of at most 500 different texts of 1 to 10,000 characters, got ""',
        ),
        (["--ratios", "area_m2"], f'ratios must be {RATIOS}, got "area_m2"'),
        (["--ratios", "area_m2/district"], f'ratios must be {RATIOS}, got "area_m2/district"'),
        (["--ratios", "floor/area_m2,,"], 'ratios must be a list of at most 20 different texts of 1 to 700 characters, got "floor/area_m2,,"'),
        (
            ["--target", "rent", "--task", "classification"],
            'target "rent" must be a column of classes; choose regression for it, got "numbers with fractions"',
        ),
        (
            ["--target", "district", "--task", "regression"],
            'target "district" must be a column of numbers for regression; choose classification for it, got "text"',
        ),
        (["--target", "built"], 'target "built" must be a column with a value in every row, got "12 missing, rows 15, 24, 45, …"'),
        (["--encoding", "ebcdic"], 'encoding must be one of utf-8, latin-1, cp1252, got "ebcdic"'),
        (["--dataset", "wine"], '--dataset must be left out beside --data, got "wine"'),
        (["--impute", "none"], 'impute must be median or constant where numbers are missing (12 missing in "built"), got "none"'),
        (["--impute", "mean"], 'impute must be one of none, median, constant, got "mean"'),
        (["--fill", "3"], '--fill must be left out unless --impute is constant, got "3"'),
        (["--impute", "constant", "--fill", "x"], 'fill must be a number from -1e+09 to 1e+09, got "x"'),
        (["--features", "floor", "--indicator"], '--indicator must be left out where no missing number is filled in, got "on"'),
        (["--model", "logistic"], f'model must be {OF_VALUES} for this table, got "logistic"'),
    ],
)  # fmt: skip
def test_bad_choices_are_refused(shell: Shell, command: str, argv: list[str], message: str) -> None:
    """Whichever command reads the table: status 2 and one message that names the choice."""
    assert shell.refused(command, "--data", FLATS, *argv) == message


@pytest.mark.parametrize("command", ["train", "compare", "sweep", "tune"])
def test_options_of_a_table_need_one(shell: Shell, command: str) -> None:
    """Nobody may believe that a column of a bundled data set was chosen."""
    for name, value in (("target", "y"), ("features", "a"), ("task", "regression"), ("encoding", "latin-1")):
        message = f'--{name} must be left out without --data, got "{value}"'
        assert shell.refused(command, f"--{name}", value) == message


def test_files_that_are_no_tables_are_refused(shell: Shell, tmp_path: Path) -> None:
    """A missing file, a folder and a model each have their message."""
    allowed = "data must be a readable CSV, TSV or Parquet file"
    assert shell.refused("train", "--data", "no.csv") == f'{allowed} (No such file or directory), got "no.csv"'
    assert shell.refused("train", "--data", "/").startswith(f"{allowed} (Is a directory), got ")
    model = original_file(tmp_path)
    assert shell.refused("train", "--data", model).startswith('file "original.safetensors" must be ')


def test_own_settings_beside_files_are_refused(shell: Shell, tmp_path: Path) -> None:
    """A file has its target, features and preparation."""
    pair = pair_file(tmp_path)
    files = "must be left out beside files, which hold their settings, got"
    for name, value in (("target", "y"), ("features", "a"), ("impute", "median"), ("ratios", "a/b")):
        assert shell.refused("compare", pair, f"--{name}", value) == f'--{name} {files} "{value}"'
    assert shell.refused("compare", pair, "--indicator") == f'--indicator {files} "on"'


def test_ratios_of_a_bundled_table(shell: Shell) -> None:
    """They are no matter of own tables alone."""
    found = shell.json("train", "--ratios", "AveBedrms/AveRooms")
    assert found["columns"][-1] == "AveBedrms/AveRooms"
    assert found["experiment"]["train"]["ratios"] == ["AveBedrms/AveRooms"]
