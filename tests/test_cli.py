"""The command line: what every command prints for people, what it prints as JSON, and the files between them."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.artifact import load
from core.config import DataConfig, Experiment, TrainConfig
from core.datasets import DATASETS, split
from core.evaluate import compare, cross_validate, measure
from core.models import MODELS
from core.parts import plain
from core.quant import BITS, METHODS, PRESETS, Scheme
from core.sweep import sweep
from core.version import VERSION
from tests.cli_support import Shell, original_file, pair_file
from tests.support import california

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return what runs commands in this process."""
    return Shell(capsys)


def test_datasets_are_listed_with_units_source_and_checksum(shell: Shell) -> None:
    """Each data set is described in full, for people and for programs."""
    found, text = shell.json("datasets"), shell.text("datasets")
    assert list(found) == list(DATASETS)
    for name, source in DATASETS.items():
        data = source.load()
        assert found[name]["rows"] == len(data.y)
        assert found[name]["sha256"] == data.sha256
        assert [f["name"] for f in found[name]["features"]] == list(data.feature_names)
        assert found[name]["target"]["unit"] == data.target.unit
        for word in (name, data.label, data.source, data.licence, *data.feature_names, f"{len(data.y):,} rows"):
            assert word in text


def test_models_are_listed_with_their_hyperparameters(shell: Shell) -> None:
    """Every model shows each of its hyperparameters with default and range."""
    found, text = shell.json("models"), shell.text("models")
    assert list(found) == list(MODELS)
    for name, model in MODELS.items():
        assert f"{name}: {model.label}. {model.summary}" in text
        for param, field in model.params.items():
            assert found[name]["params"][param] == {"default": field.default, "allowed": field.allowed}
            assert re.search(rf"--set {param}={re.escape(str(field.default))} +{re.escape(field.allowed)}", text)


def test_methods_are_listed_with_settings_and_presets(shell: Shell) -> None:
    """Every method, `auto` among them, and every preset is named with what it does."""
    found, text = shell.json("methods"), shell.text("methods")
    assert set(found) == {*METHODS, "auto", "presets"}
    for name in (*METHODS, "auto"):
        assert found[name]["bits"] == [BITS.low, BITS.high]
        assert f"{name}: {found[name]['summary']}" in text
    assert found["asymmetric"]["params"]["zero_point"]["allowed"] == "one of integer, offset"
    assert found["presets"] == {name: preset.note for name, preset in PRESETS.items()}
    assert all(f"{name}: {preset.note}" in text for name, preset in PRESETS.items())


@pytest.mark.parametrize("argv", [["--version"], ["--help"], *[[c, "--help"] for c in ("train", "predict", "sweep")]])
def test_help_and_version_need_nothing_else(shell: Shell, argv: list[str]) -> None:
    """They succeed and say something on standard output."""
    status, out, error = shell.run(*argv)
    assert (status, error) == (0, "")
    assert (f"bitdial {VERSION}" if argv == ["--version"] else "usage: python -m core") in out


def test_train_prints_r2_and_rmse_with_four_digits(shell: Shell) -> None:
    """People read the split's counts, R², RMSE and MAE with four decimals, the coefficients and the rank."""
    text = shell.text("train")
    assert re.search(r"^part +rows +R² +RMSE +MAE$", text, re.M)
    assert re.search(r"^train +16,512 +0\.6126 +0\.7197 +0\.5286$", text, re.M)
    assert re.search(r"^test +4,128 +0\.5758 +0\.7456 +0\.5332$", text, re.M)
    assert "in units of $100,000" in text
    assert re.search(r"^MedInc +0\.4487$", text, re.M)
    assert "rank 8 of 8" in text
    assert "not saved: name a file with --out" in text


def test_train_gives_the_numbers_of_the_model(shell: Shell, tmp_path: Path) -> None:
    """The JSON holds metrics, coefficients and the whole setting, and the file holds the same model."""
    out = tmp_path / "m.safetensors"
    argv = ["--model", "ridge", "--set", "alpha=10", "--scaling", "none", "--seed", "7", "--test-size", "0.3"]
    found = shell.json("train", *argv, "--out", out)
    assert found["path"] == str(out)
    assert found["bytes"] == out.stat().st_size
    e = Experiment(DataConfig(test_size=0.3, seed=7), TrainConfig("ridge", "none", 1, (("alpha", 10.0),)))
    assert found["experiment"] == e.to_json()
    model = load(out)
    assert model.original is not None
    assert model.quantized is None
    assert found["coef"] == model.original.values["coef"][0].tolist()
    assert found["intercept"] == model.original.values["intercept"][0]
    assert (found["report"]["n_train"], found["report"]["n_test"]) == (14448, 6192)


def test_compare_prints_both_models_and_what_lies_between(shell: Shell) -> None:
    """People read metrics, interval and verdict, every parameter with its error, and bytes in four figures."""
    text = shell.text("compare", "--method", "asymmetric")
    assert "8 bits, asymmetric, space standardised, scale minmax, intercept refit" in text
    for part in ("test", "train"):
        for metric in ("r2", "rmse", "mae"):
            assert re.search(rf"^{part} {metric} +\d\.\d{{6}} +\d\.\d{{6}} +[+-]\d\.\d{{6}}$", text, re.M)
    assert "no evidence of a difference" in text
    assert re.search(r"test row \d+ moves it most", text)
    for name in (*california().preparation.columns, "intercept"):
        assert re.search(rf"^{name} +-?\d+\.\d{{6}} ", text, re.M)
    for figure in ("payload", "side", "container", "file", "bits a parameter", "float32 cast", "joblib file"):
        assert figure in text


SYMMETRIC, ASYMMETRIC = "system-000-symmetric", "system-000-asymmetric"
WINDOW, COLLAPSE = "system-001-window", "system-001-global"


def test_the_figures_of_system_000(shell: Shell) -> None:
    """Both presets give the stated figures to the last printed digit, with the verdict and its one row."""
    assert shell.json("compare", "--preset", SYMMETRIC)["quantized"]["test"]["r2"] == pytest.approx(0.576287, abs=5e-7)
    found = shell.json("compare", "--preset", ASYMMETRIC)
    assert found["quantized"]["test"]["r2"] == pytest.approx(0.576725, abs=5e-7)
    stated = {"test": (0.5758, 0.7456, 0.5332), "train": (0.6126, 0.7197, 0.5286)}
    for part, (r2, rmse, mae) in stated.items():
        # Four printed digits: each is right to half a unit of the last one.
        assert found["original"][part] == pytest.approx({"r2": r2, "rmse": rmse, "mae": mae}, abs=5e-5)
    errors = found["parameters"]
    assert errors["mean_absolute_error"] == pytest.approx(0.00191418, abs=5e-9)
    assert errors["max_absolute_error"] == pytest.approx(0.00276473, abs=5e-9)
    assert errors["relative_error"] == pytest.approx(0.001093, abs=5e-7)
    difference = found["difference"]
    assert difference["verdict"] == "no evidence of a difference"
    assert difference["ci95"][0] <= 0 <= difference["ci95"][1]
    assert difference["row"]["index"] == 3722
    assert difference["row"]["value_without"] == pytest.approx(-0.000011, abs=5e-7)
    X, _ = california().rows("test")
    assert X[3722, california().dataset.feature_names.index("AveRooms")] == pytest.approx(132.5, abs=0.05)


def test_the_figures_of_system_001(shell: Shell) -> None:
    """The window gives the stated figures and stores more than the original; one range for all collapses."""
    found = shell.json("compare", "--preset", WINDOW)
    assert found["quantized"]["test"]["r2"] == pytest.approx(0.4854, abs=5e-5)
    assert found["quantized"]["test"]["rmse"] == pytest.approx(0.8212, abs=5e-5)
    first = found["predictions"]
    assert first["quantized"] == pytest.approx([0.983, 2.063, 2.962, 3.163, 2.806], abs=5e-4)
    assert first["original"] == pytest.approx([0.719, 1.764, 2.710, 2.839, 2.605], abs=5e-4)
    sizes = [found["sizes"][m]["payload"] + found["sizes"][m]["side"] for m in ("original", "quantized")]
    assert sizes[1] > sizes[0]
    assert "is not smaller" in found["sizes"]["not_smaller"]
    assert found["difference"]["verdict"] == "worse"
    assert shell.json("compare", "--preset", COLLAPSE)["quantized"]["test"]["r2"] == pytest.approx(-4190, abs=5)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_that_of_the_registry(shell: Shell, name: str) -> None:
    """A preset stands for its whole setting, and options beside it win."""
    found = shell.json("compare", "--preset", name)
    assert found["scheme"] == PRESETS[name].scheme.to_json()
    assert found["experiment"]["train"]["scaling"] == dict(PRESETS[name].train).get("scaling", "standard")
    wider = shell.json("compare", "--preset", name, "--bits", "12")
    assert wider["scheme"] == found["scheme"] | {"bits": 12}


def test_compare_holds_everything_that_is_promised(shell: Shell) -> None:
    """The JSON has at least the fields of the stable contract, and they are those of core."""
    found = shell.json("compare", "--method", "asymmetric", "--bits", "6", "--cv", "3")
    c = compare(california(), Scheme("asymmetric", 6))
    assert found["parameters"]["values"] == [
        {"name": p.name, "original": p.original, "quantized": p.quantized, "code": p.code} for p in c.parameters
    ]
    assert len(found["predictions"]["original"]) == len(found["predictions"]["quantized"]) == 5
    for model in ("original", "quantized"):
        assert {"payload", "side", "container", "file"} <= found["sizes"][model].keys()
        assert found[model]["cv"] == cross_validate(california(), Scheme("asymmetric", 6), 3)[model]
    assert {"bits_per_parameter", "joblib"} <= found["sizes"].keys()
    assert found["difference"].keys() == {"metric", "value", "ci95", "verdict", "row"}
    assert found["scheme"] == Scheme("asymmetric", 6).to_json()


def test_cross_validation_is_printed_for_people(shell: Shell) -> None:
    """With --cv mean and deviation of both models stand below the comparison."""
    text = shell.text("compare", "--bits", "4", "--cv", "2")
    for word in ("original", "quantised"):
        assert re.search(rf"^2-fold R² on the training rows, {word}: -?\d\.\d{{4}} ± \d\.\d{{4}}$", text, re.M)


def test_auto_chooses_and_says_what(shell: Shell) -> None:
    """The method that was found stands in the scheme; the one that was asked for in the setting."""
    found = shell.json("compare", "--method", "auto", "--bits", "3")
    assert found["experiment"]["scheme"]["method"] == "auto"
    assert found["scheme"]["method"] in METHODS


def test_settings_of_model_and_method_come_through_set(shell: Shell) -> None:
    """Names that a model or a method declares are set by --set; two at once as well."""
    found = shell.json(
        "compare", "--model", "lasso", "--set", "alpha=0.5", "--set", "positive=true", "--set", "max_iter=50",
        "--method", "window", "--set", "width=0.2",
    )  # fmt: skip
    assert found["experiment"]["train"]["params"] == {"alpha": 0.5, "positive": True, "max_iter": 50}
    assert found["scheme"]["params"] == {"width": 0.2}


def test_a_config_file_is_read_and_options_win(shell: Shell, tmp_path: Path) -> None:
    """A setting printed by one command is the configuration of the next; an option beside it replaces its part."""
    first = shell.json("compare", "--model", "ridge", "--set", "alpha=3", "--method", "window", "--set", "width=0.1")
    config = tmp_path / "config.json"
    config.write_text(json.dumps(first["experiment"]), encoding="utf-8")
    assert shell.json("compare", "--config", config) == first
    other = shell.json("compare", "--config", config, "--bits", "5", "--model", "lasso", "--method", "symmetric")
    assert other["experiment"]["data"] == first["experiment"]["data"]
    assert (other["scheme"]["bits"], other["scheme"]["method"], other["scheme"]["params"]) == (5, "symmetric", {})
    # What belonged to the model and the method before does not belong to the new ones.
    assert other["experiment"]["train"] == TrainConfig("lasso").to_json()
    config.write_text('{"train": {"model": "ridge"}}', encoding="utf-8")
    assert shell.json("train", "--config", config)["experiment"] == Experiment(train=TrainConfig("ridge")).to_json()


def test_the_sweep_has_every_method_at_every_width(shell: Shell) -> None:
    """Without options all methods at 1 to 16 bits, and the figures are those of core."""
    found = shell.json("sweep")
    points = {(p["method"], p["bits"]): p for p in found["points"]}
    assert set(points) == {(m, b) for m in METHODS for b in range(1, 17)}
    for point in sweep(california(), list(METHODS), range(1, 17)).points:
        assert points[point.method, point.bits]["test_r2"] == point.test
    assert found["original"]["numbers"] == 72
    assert [cast["kind"] for cast in found["casts"]] == ["float32", "float16"]


@pytest.mark.parametrize(("bits", "widths"), [("2,4,8", [2, 4, 8]), ("3-5", [3, 4, 5]), ("16", [16])])
def test_the_sweep_takes_widths_and_methods(shell: Shell, bits: str, widths: list[int]) -> None:
    """Ranges, lists and single widths are taken, and people get a line for each."""
    argv = ["sweep", "--methods", "asymmetric,auto", "--bits", bits, "--space", "raw"]
    assert {p["bits"] for p in shell.json(*argv)["points"]} == set(widths)
    lines = shell.text(*argv).splitlines()
    assert lines[1].split() == ["bits", "asymmetric", "bytes", "auto", "bytes"]
    assert [int(line.split()[0]) for line in lines[2 : 2 + len(widths)]] == widths
    assert lines[-4].startswith("original: 72 bytes")
    assert re.fullmatch(
        rf"{2 * len(widths)} settings in \d\.\d{{3}} s, statistics of the rows before that in \d\.\d{{3}} s", lines[-1]
    )


def numbers(line: str) -> list[float]:
    """Return the numbers of one line of a table."""
    return [float(word) for word in line.split()]


def test_predict_prints_ten_rows_of_both_models(shell: Shell, tmp_path: Path) -> None:
    """The first ten rows with true value, both answers, both absolute errors and the difference."""
    path = pair_file(tmp_path)
    text = shell.text("predict", path, "--sample")
    header = re.split(r" {2,}", text.splitlines()[0])
    assert header == ["row", "true", "original", "quantised", "error original", "error quantised", "difference"]
    rows = [numbers(line) for line in text.splitlines()[1:11]]
    X, y = california().rows("test")
    model = load(path)
    before, after = model.predict(X[:10], "original"), model.predict(X[:10], "quantized")
    wanted = np.column_stack(
        [range(10), y[:10], before, after, abs(before - y[:10]), abs(after - y[:10]), after - before]
    )
    assert np.array(rows) == pytest.approx(wanted, abs=5e-5)
    assert "in units of $100,000" in text


def write_rows(path: Path, columns: list[str], rows: list[list[Any]]) -> Path:
    """Write a rows file and return its path."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def test_predict_reads_rows_in_any_order(shell: Shell, tmp_path: Path) -> None:
    """A file with its columns reordered gives the same answers, and a target column the true values.

    The same eight products are added in an order that may depend on how the rows lie in memory: 1e-12.
    """
    path = pair_file(tmp_path)
    X, y = california().rows("test")
    names = list(california().dataset.feature_names)
    straight = write_rows(tmp_path / "straight.csv", names, X[:30].tolist())
    found = shell.json("predict", path, "--rows", straight)
    for name, values in found["predictions"].items():
        assert values == pytest.approx(load(path).predict(X[:30], name), rel=1e-12)
    assert (found["rows"], found["true"], found["unit"]) == (30, None, "$100,000")
    assert "… and 20 more rows" in shell.text("predict", path, "--rows", straight)
    order = [7, 2, 0, 5, 1, 3, 6, 4]
    turned = write_rows(
        tmp_path / "turned.csv",
        ["MedHouseVal", *[names[i] for i in order]],
        [[t, *row[order]] for row, t in zip(X[:30], y[:30], strict=True)],
    )
    again = shell.json("predict", path, "--rows", turned)
    for name, values in again["predictions"].items():
        assert values == pytest.approx(found["predictions"][name], rel=1e-12)
    assert again["true"] == y[:30].tolist()


def test_predict_counts_rows_outside_the_training_range(shell: Shell, tmp_path: Path) -> None:
    """Rows with a value that training never saw are counted, and people are told."""
    names = list(california().dataset.feature_names)
    X = california().rows("train")[0][:2].copy()
    X[1, 0] = 99.0
    rows = write_rows(tmp_path / "rows.csv", names, X.tolist())
    path = original_file(tmp_path)
    assert shell.json("predict", path, "--rows", rows)["outside_training_range"] == 1
    assert "1 of 2 rows lie outside the range seen in training" in shell.text("predict", path, "--rows", rows)


def test_predict_writes_all_predictions(shell: Shell, tmp_path: Path) -> None:
    """The CSV holds every row with the columns of the table, to the last digit."""
    out = tmp_path / "predictions.csv"
    found = shell.json("predict", pair_file(tmp_path), "--sample", "--out", out)
    assert found["path"] == str(out)
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(r["quantised"]) for r in rows] == found["predictions"]["quantized"]
    assert [float(r["true"]) for r in rows] == found["true"]
    assert [int(r["row"]) for r in rows] == list(range(10))


def unordered(found: dict[str, Any]) -> dict[str, Any]:
    """Return a comparison without the one sentence that lists tables in the order in which they are kept."""
    return found | {"sizes": {n: v for n, v in found["sizes"].items() if n != "not_smaller"}}


def test_from_training_to_prediction_through_files(shell: Shell, tmp_path: Path) -> None:
    """Train, quantise, compare, predict and inspect, each on the file before: the same numbers all along."""
    original, pair, alone = (tmp_path / f"{n}.safetensors" for n in ("original", "pair", "alone"))
    trained = shell.json("train", "--model", "ridge", "--out", original)
    argv = ["--method", "asymmetric", "--bits", "5", "--intercept", "quantised", "--set", "zero_point=offset"]
    quantized = shell.json("quantize", original, *argv, "--out", pair)
    assert quantized["original"]["test"] == trained["metrics"]["test"]
    assert quantized["bytes"] == pair.stat().st_size
    direct = shell.json("compare", "--model", "ridge", *argv)
    assert {k: v for k, v in quantized.items() if k not in ("path", "bytes")} == direct
    assert unordered(shell.json("compare", pair)) == unordered(direct)
    shell.json("quantize", original, *argv, "--only", "--out", alone)
    assert unordered(shell.json("compare", original, alone)) == unordered(direct)
    assert "saved to" in shell.text("quantize", original, *argv, "--out", pair)
    predicted = shell.json("predict", alone, "--sample")
    assert list(predicted["predictions"]) == ["quantized"]
    assert predicted["predictions"]["quantized"][:5] == pytest.approx(direct["predictions"]["quantized"], rel=1e-12)
    assert shell.json("inspect", original)["holds"] == ["original"]
    assert shell.json("inspect", pair)["holds"] == ["original", "quantized"]
    assert shell.json("inspect", alone)["holds"] == ["quantized"]


def test_a_file_without_its_original_is_small(shell: Shell, tmp_path: Path) -> None:
    """--only leaves original and training statistics out, and the file is smaller for it."""
    original, pair, alone = original_file(tmp_path), tmp_path / "pair.safetensors", tmp_path / "alone.safetensors"
    both = shell.json("quantize", original, "--out", pair)["bytes"]
    assert shell.json("quantize", original, "--only", "--out", alone)["bytes"] < both
    assert load(alone).moments is None


def test_inspect_says_what_a_file_holds(shell: Shell, tmp_path: Path) -> None:
    """Data with checksum, training, scheme, features with ranges, versions and bytes, after all checks."""
    path = pair_file(tmp_path, Scheme("asymmetric", 6))
    found, text = shell.json("inspect", path), shell.text("inspect", path)
    data = california().dataset
    assert found["data"] == DataConfig().to_json() | {"sha256": data.sha256}
    assert found["train"] == TrainConfig().to_json()
    assert found["scheme"] == Scheme("asymmetric", 6).to_json()
    assert [f["name"] for f in found["features"]] == list(data.feature_names)
    assert found["metrics"]["original"] == plain(measure(california(), california().parts))
    assert found["bytes"] == path.stat().st_size
    assert (found["label"], found["versions"]["bitdial"]) == ("pair", VERSION)
    for word in ("holds: original and quantized", "6 bits, asymmetric", "seed 42", "MedInc", f"bitdial {VERSION}"):
        assert word in text


def test_the_sample_is_the_first_ten_test_rows(shell: Shell, tmp_path: Path) -> None:
    """What --sample predicts are the first test rows of the file's own split."""
    path = tmp_path / "m.safetensors"
    shell.json("train", "--seed", "3", "--test-size", "0.4", "--out", path)
    data = california().dataset
    _, test = split(data, 0.4, 3)
    assert shell.json("predict", path, "--sample")["true"] == data.y[test[:10]].tolist()


def process(*argv: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m core` as a process of its own."""
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "-m", "core", *argv],
        cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip


def test_a_process_prints_one_object_and_ends_with_0() -> None:
    """As a real process: status 0, one JSON object on standard output, silence on standard error."""
    done = process("compare", "--preset", SYMMETRIC, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["quantized"]["test"]["r2"] == pytest.approx(0.576287, abs=5e-7)


def test_a_process_refuses_with_2() -> None:
    """As a real process: status 2, the message on standard error, silence on standard output."""
    done = process("compare", "--bits", "17", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: bits must be a whole number from 1 to 16, got 17\n"


def test_a_reader_that_leaves_early_is_no_error() -> None:
    """With standard output closed before anything is printed (`| true`) there is no traceback."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "core", "datasets"], cwd=ROOT, stdout=closed, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")
