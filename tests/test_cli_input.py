"""The command line and bad input: one message with field, value and what is allowed, status 2, nothing written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import save as pack_arrays

from core.artifact import from_trained, save
from core.datasets import split
from core.models import MODELS
from core.quant import METHOD_NAMES, PRESETS
from tests.cli_support import Shell, original_file, pair_file
from tests.support import california, repack

BITS = "bits must be a whole number from 1 to 16, got"
SHARE = "test_size must be a number above 0 and below 1, got"
ALL_OF_THEM = f"… (python -m core models lists all {len(MODELS)})"
METHODS = "one of symmetric, asymmetric, window, codebook, auto"
FEATURES = "MedInc, HouseAge, AveRooms, AveBedrms, Population, AveOccup, Latitude, Longitude"
SMALL = "a share that leaves 2 rows on either side"


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return what runs commands in this process."""
    return Shell(capsys)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--model", "forest"], f'model must be one of random_forest, linear, ridge, {ALL_OF_THEM}, got "forest"'),
        (["--model", "Linear"], f'model must be one of linear, ridge, lasso, {ALL_OF_THEM}, got "Linear"'),
        (["--model", "boosting"], f'model must be one of hist_boosting, linear, ridge, {ALL_OF_THEM}, got "boosting"'),
        (
            ["--dataset", "../etc/passwd"],
            'dataset must be one of california_housing, diabetes, digits, wine, breast_cancer, got "../etc/passwd"',
        ),
        (["--test-size", "0"], f"{SHARE} 0.0"),
        (["--test-size", "1"], f"{SHARE} 1.0"),
        (["--test-size", "-0.2"], f"{SHARE} -0.2"),
        (["--test-size", "nan"], f'{SHARE} "nan"'),
        (["--test-size", "1e-5"], f"test_size must be {SMALL}, got 1e-05"),
        (["--test-size", "0.99999"], f"test_size must be {SMALL}, got 0.99999"),
        (["--seed", "-1"], "seed must be a whole number from 0 to 4.29497e+09, got -1"),
        (["--seed", "1.5"], 'seed must be a whole number from 0 to 4.29497e+09, got "1.5"'),
        (["--degree", "3"], "degree must be a whole number from 1 to 2, got 3"),
        (["--scaling", "minmax"], 'scaling must be one of standard, none, got "minmax"'),
        (["--model", "lasso", "--set", "alpha=0"], "alpha must be a number above 0 and at most 1e+06, got 0.0"),
        (["--model", "ridge", "--set", "alpha=-1"], "alpha must be a number from 0 to 1e+09, got -1.0"),
        (["--model", "ridge", "--set", "alpha=inf"], 'alpha must be a number from 0 to 1e+09, got "inf"'),
        (["--model", "ridge", "--set", "alpha=1e999"], "alpha must be a number from 0 to 1e+09, got inf"),
        (["--model", "ridge", "--set", "alpha="], 'alpha must be a number from 0 to 1e+09, got ""'),
        (["--model", "ridge", "--set", "alpha=one"], 'alpha must be a number from 0 to 1e+09, got "one"'),
        (["--model", "lasso", "--set", "max_iter=2.5"], 'max_iter must be a whole number from 10 to 10000, got "2.5"'),
        (["--model", "ridge", "--set", "l1_ratio=1"], 'setting must be one of alpha, positive, got "l1_ratio"'),
        (["--set", "positive=yes"], 'positive must be true or false, got "yes"'),
        (["--set", "alpha"], '--set must be NAME=VALUE, got "alpha"'),
        (["--set", "=1"], '--set must be NAME=VALUE, got "=1"'),
    ],
)
@pytest.mark.parametrize("command", ["train", "compare", "sweep"])
def test_bad_training_settings_are_refused(shell: Shell, command: str, argv: list[str], message: str) -> None:
    """Whichever command trains, a bad setting is named with its value and what is allowed."""
    assert shell.refused(command, *argv) == message
    assert shell.refused(command, *argv, "--json") == message


@pytest.mark.parametrize("bits", ["0", "17", "-1", "1000000000"])
def test_widths_out_of_range_are_refused(shell: Shell, bits: str) -> None:
    """A whole number outside 1 to 16 is shown as the number it is."""
    assert shell.refused("compare", "--bits", bits) == f"{BITS} {bits}"
    assert shell.refused("sweep", "--bits", bits) == f"{BITS} {bits}"


@pytest.mark.parametrize("bits", ["2.5", "8 ", " 8", "NaN", "", "eight", "8_0", "٨", "0x8", "8\n", "1e1"])
def test_widths_that_are_no_whole_numbers_are_refused(shell: Shell, bits: str) -> None:
    """Text that does not spell a whole number in plain digits is shown as it came."""
    spelt = bits.replace("\n", "\\x0a")
    assert shell.refused("compare", f"--bits={bits}") == f'{BITS} "{spelt}"'
    assert shell.refused("sweep", f"--bits={bits}") == f'{BITS} "{spelt}"'


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--method", "kmeans"], f'method must be {METHODS}, got "kmeans"'),
        (["--method", ""], f'method must be {METHODS}, got ""'),
        (["--space", "log"], 'space must be one of standardised, raw, got "log"'),
        (["--scale", "max"], 'scale must be one of minmax, mse, output, got "max"'),
        (["--rounding", "up"], 'rounding must be nearest, got "up"'),
        (["--intercept", "drop"], 'intercept must be one of refit, keep, quantised, same-grid, got "drop"'),
        (["--granularity", "column"], 'granularity must be one of tensor, row, block, got "column"'),
        (["--method", "window", "--scale", "mse"], 'scale must be minmax: the range of window is fixed, got "mse"'),
        (
            ["--method", "auto", "--scale", "mse"],
            'scale must be left at minmax: auto chooses the scale itself, got "mse"',
        ),
        (["--method", "window", "--set", "width=0"], "width must be a number above 0 and at most 10, got 0.0"),
        (["--method", "window", "--set", "width=11"], "width must be a number above 0 and at most 10, got 11.0"),
        (
            ["--method", "asymmetric", "--set", "zero_point=1"],
            'zero_point must be one of integer, offset, got "1"',
        ),
    ],
)
def test_bad_schemes_are_refused(shell: Shell, tmp_path: Path, argv: list[str], message: str) -> None:
    """Compare and quantize refuse the same, and quantize writes no file."""
    out = tmp_path / "out.safetensors"
    assert shell.refused("compare", *argv) == message
    assert shell.refused("quantize", original_file(tmp_path), *argv, "--out", out) == message
    assert not out.exists()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["compare", "--preset", "system-000"], f'preset must be one of {", ".join(PRESETS)}, got "system-000"'),
        (["compare", "--preset", ""], f'preset must be one of {", ".join(PRESETS)}, got ""'),
        (["compare", "--cv", "1"], "cv must be a whole number from 2 to 20, got 1"),
        (["compare", "--cv", "2.5"], 'cv must be a whole number from 2 to 20, got "2.5"'),
        (
            ["compare", "--cv", "5", "--test-size", "0.9997"],
            "cv must be a whole number from 2 to 3, with rows of every kind in each fold, got 5",
        ),
        (["sweep", "--bits", "16-1"], 'bits must be a range from low to high, such as 1-16, got "16-1"'),
        (["sweep", "--bits", "1-17"], f"{BITS} 17"),
        (["sweep", "--bits", "1-"], f'{BITS} ""'),
        (["sweep", "--bits", "2,,4"], f'{BITS} ""'),
        (["sweep", "--methods", "symmetric,kmeans"], f'method must be {METHODS}, got "kmeans"'),
        (["sweep", "--methods", ""], f'method must be {METHODS}, got ""'),
    ],
)
def test_other_bad_options_are_refused(shell: Shell, argv: list[str], message: str) -> None:
    """Presets, folds, ranges of widths and lists of methods are checked like everything else."""
    assert shell.refused(*argv) == message


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["trainn"],
        ["train", "--bits", "8"],
        ["quantize"],
        ["predict", "x"],
        ["predict", "x", "--sample", "--rows", "y"],
        ["inspect"],
        ["compare", "--cv"],
    ],
)
def test_lines_that_are_no_commands_show_their_usage(shell: Shell, argv: list[str]) -> None:
    """An unknown command, option or a missing one ends with 2 and the usage on standard error."""
    status, out, error = shell.run(*argv)
    assert (status, out) == (2, "")
    assert error.startswith("usage: python -m core")
    assert "error: " in error.splitlines()[-1]


def test_a_hostile_value_is_one_short_printable_line(shell: Shell) -> None:
    """Control characters are escaped and length is cut before anything reaches a terminal."""
    message = shell.refused("train", "--model", "\x1b[31m" + "x" * 5000)
    assert message.startswith(f'model must be one of linear, ridge, lasso, {ALL_OF_THEM}, got "\\x1b[31mxxx')
    assert message.isprintable()
    assert len(message) < 200


CONFIG = "config must be a JSON file of settings"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", f"{CONFIG} (it is not JSON)"),
        (b"{", f"{CONFIG} (it is not JSON)"),
        (b"[" * 60_000, f"{CONFIG} (it is not JSON)"),
        (b"[" * 100_000, "config must be a JSON file of at most 65536 bytes"),
        (b'{"data": {"seed": NaN}}', f"{CONFIG} (it holds NaN, which is not a number)"),
        (b'{"data": {}, "data": {}}', f"{CONFIG} (it names a key twice)"),
        (b"\xff\xfe", f"{CONFIG} (it is not UTF-8 text)"),
    ],
)
def test_config_files_that_are_no_settings_are_refused(
    shell: Shell, tmp_path: Path, content: bytes, message: str
) -> None:
    """What is no JSON is refused with the path and the reason."""
    path = tmp_path / "config.json"
    path.write_bytes(content)
    found = shell.refused("compare", "--config", path)
    assert found.startswith(f'{message}, got "/')


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "experiment must be an object with data, train, scheme, got []"),
        ('{"dat": {}}', 'setting of experiment must be one of data, train, scheme, got "dat"'),
        ('{"data": 3}', "data must be an object with dataset, test_size, seed, got 3"),
        ('{"scheme": {"bits": "8"}}', f'{BITS} "8"'),
        ('{"scheme": {"bits": 8.0}}', f"{BITS} 8.0"),
        ('{"scheme": {"bits": true}}', f"{BITS} True"),
        ('{"scheme": {"bits": null}}', f"{BITS} None"),
        ('{"scheme": {"bits": 1e9}}', f"{BITS} 1000000000.0"),
        ('{"scheme": {"method": ["auto"]}}', f"method must be {METHODS}, got ['auto']"),
        ('{"train": {"params": {"alpha": 1}}}', 'setting of linear must be one of positive, got "alpha"'),
        ('{"train": {"params": {"positive": 1}}}', "positive must be true or false, got 1"),
        ('{"data": {"test_size": 1}}', f"{SHARE} 1"),
        ('{"data": {"path": "x"}}', 'setting of data must be one of dataset, test_size, seed, got "path"'),
    ],
)
def test_config_files_with_bad_settings_are_refused(shell: Shell, tmp_path: Path, content: str, message: str) -> None:
    """Wrong kinds, unknown names and values out of range in a configuration get the usual message."""
    path = tmp_path / "config.json"
    path.write_text(content, encoding="utf-8")
    assert shell.refused("compare", "--config", path) == message


def test_a_config_file_that_is_missing_says_so(shell: Shell, tmp_path: Path) -> None:
    """The path and the system's reason are in the message."""
    path = tmp_path / "none.json"
    wanted = f'config must be a readable JSON file (No such file or directory), got "{str(path)[:79]}'
    assert shell.refused("train", "--config", path).startswith(wanted[:140])


def test_settings_that_would_be_ignored_are_refused(shell: Shell, tmp_path: Path) -> None:
    """Nobody may believe that an option was heeded which was not."""
    pair, config = pair_file(tmp_path), tmp_path / "c.json"
    config.write_text("{}", encoding="utf-8")
    files = "must be left out beside files, which hold their settings, got"
    assert shell.refused("compare", pair, "--bits", "4") == f'--bits {files} "4"'
    assert shell.refused("compare", pair, "--test-size", "0.3") == f'--test-size {files} "0.3"'
    assert shell.refused("compare", pair, "--preset", "system-001-window") == f'--preset {files} "system-001-window"'
    both = shell.refused("compare", "--preset", "system-001-window", "--config", config)
    assert both.startswith("--config must be left out beside --preset, got ")
    # The model of a file is what it is: only settings of the method are left to be set.
    argv = ["quantize", original_file(tmp_path), "--set", "positive=true"]
    assert shell.refused(*argv) == 'setting must be left out: there are none, got "positive"'
    assert shell.refused(*argv, "--method", "window") == 'setting must be one of width, got "positive"'


def rows_text(change: Any = None) -> str:
    """Return a good rows file of two rows, its lines changed by `change`."""
    lines = [FEATURES.replace(" ", "").split(","), [*"12345678"], [*"12345678"]]
    if change is not None:
        change(lines)
    return "\n".join(",".join(line) for line in lines) + "\n"


COLUMNS = f"columns must be exactly the columns {FEATURES}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (rows_text(lambda t: [line.pop() for line in t]), f'{COLUMNS}, got "no Longitude"'),
        (
            rows_text(lambda t: [line.append(s) for line, s in zip(t, ("More", "1", "2"), strict=True)]),
            f'{COLUMNS} (and MedHouseVal for true values), got "More"',
        ),
        (
            rows_text(lambda t: [line.append(s) for line, s in zip(t, ("MedInc", "1", "2"), strict=True)]),
            f'{COLUMNS}, got "MedInc twice"',
        ),
        (
            rows_text(lambda t: t[1].__setitem__(2, "many")),
            'AveRooms in row 1 (line 2) must be a finite number, got "many"',
        ),
        (
            rows_text(lambda t: t[2].__setitem__(0, "NaN")),
            'MedInc in row 2 (line 3) must be a finite number, got "NaN"',
        ),
        (
            rows_text(lambda t: t[2].__setitem__(7, "-inf")),
            'Longitude in row 2 (line 3) must be a finite number, got "-inf"',
        ),
        (
            rows_text(lambda t: t[1].__setitem__(4, "1e999")),
            'Population in row 1 (line 2) must be a finite number, got "1e999"',
        ),
        (rows_text(lambda t: t[2].pop()), 'row 2 (line 3) must be 8 values, one for each column, got "7 values"'),
        (
            rows_text(lambda t: t.__delitem__(slice(1, 3))),
            'rows must be a header and at least one row, got "0 data rows"',
        ),
        ("", 'rows must be a header and at least one row, got "an empty file"'),
        (rows_text().encode("utf-16"), 'rows must be UTF-8 text, got "byte 0xff at 0"'),
        (rows_text() + '"1,2', 'line 4 must be comma-separated values, got "unexpected end of data"'),
        (b"\x89PNG\r\n\x1a\n", 'rows must be UTF-8 text, got "byte 0x89 at 0"'),
        (
            rows_text(lambda t: t[2].__setitem__(0, "1e308")),
            "row 2 must be small enough for a finite answer, got 1e+308",
        ),
    ],
)
def test_bad_rows_are_refused(shell: Shell, tmp_path: Path, content: str | bytes, message: str) -> None:
    """Every kind of bad rows file gets its message, and no predictions are written."""
    trained = california(degree=2) if "small enough" in message else california()
    model, rows, out = tmp_path / "m.safetensors", tmp_path / "rows.csv", tmp_path / "out.csv"
    save(from_trained(trained), model)
    rows.write_bytes(content.encode() if isinstance(content, str) else content)
    assert shell.refused("predict", model, "--rows", rows, "--out", out) == message
    assert not out.exists()


def test_rows_as_large_as_numbers_go_are_still_answered(shell: Shell, tmp_path: Path) -> None:
    """A linear answer to 1e308 is a number and is printed, without a warning."""
    rows = tmp_path / "rows.csv"
    rows.write_text(rows_text(lambda t: t[2].__setitem__(1, "1e308")), encoding="utf-8")
    found = shell.json("predict", original_file(tmp_path), "--rows", rows)
    assert found["predictions"]["original"][1] > 1e305
    assert found["outside_training_range"] == 2


def test_a_rows_file_that_is_missing_says_so(shell: Shell, tmp_path: Path) -> None:
    """The system's reason is in the message."""
    message = shell.refused("predict", original_file(tmp_path), "--rows", tmp_path / "none.csv")
    assert message.startswith("rows must be a readable CSV or Parquet file (No such file or directory), got ")


ALTERED = "the file was altered: its contents do not match its checksum"
CUT = "not a Bitdial model: not a whole safetensors file"


def flipped(data: bytes) -> bytes:
    """Return the file with one bit of its last number changed."""
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize("command", ["inspect", "predict", "quantize", "compare"])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: b"", "not a Bitdial model: the file is empty or cut short"),
        (lambda d: d[:7], "not a Bitdial model: the file is empty or cut short"),
        (lambda d: d[: len(d) // 2], CUT),
        (lambda d: d[:-1], CUT),
        (lambda d: d + b"\x00", CUT),
        (flipped, ALTERED),
        (lambda d: b"PK\x03\x04" + d[4:], CUT),
        (lambda d: b"\x80\x04\x95cbuiltins\neval\n.", CUT),
        (
            lambda d: pack_arrays({"weight": california().moments.mean.copy()}),
            "not a Bitdial model: a safetensors file of another program",
        ),
        (
            lambda d: repack(d, lambda h, a: h.__setitem__("format", 99)),
            "the file has format 99; this version reads format 1",
        ),
    ],
)
def test_files_that_are_not_whole_and_ours_are_refused(
    shell: Shell, tmp_path: Path, command: str, damage: Any, message: str
) -> None:
    """Every command that opens a file refuses a cut, altered or foreign one, and leaves it as it is."""
    path = pair_file(tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    before = path.read_bytes()
    assert shell.refused(command, path, *(["--sample"] if command == "predict" else [])) == message
    assert path.read_bytes() == before


@pytest.mark.parametrize("command", ["inspect", "predict", "quantize", "compare"])
def test_files_that_cannot_be_read_are_refused(shell: Shell, tmp_path: Path, command: str) -> None:
    """A missing file and a folder are named as what they are."""
    more = ["--sample"] if command == "predict" else []
    missing = shell.refused(command, tmp_path / "none.safetensors", *more)
    assert missing == "the file cannot be read: No such file or directory"
    assert shell.refused(command, tmp_path, *more) == "not a Bitdial model: not a regular file"


def test_files_that_hold_the_wrong_model_are_refused(shell: Shell, tmp_path: Path) -> None:
    """Quantising needs an original, comparing a pair, and two files that belong together."""
    original, alone = original_file(tmp_path), tmp_path / "alone.safetensors"
    shell.json("quantize", original, "--only", "--out", alone)
    other = tmp_path / "other.safetensors"
    shell.json("train", "--seed", "1", "--out", other)
    assert shell.refused("quantize", alone).startswith("file must be a file that holds an original model, got ")
    assert shell.refused("compare", alone).startswith("first file must be a file that holds an original model, got ")
    lacking = "second file must be a file that holds a quantised model, got "
    assert shell.refused("compare", original).startswith(lacking)
    assert shell.refused("compare", original, original).startswith(lacking)
    apart = "second file must be made from the same data, split and columns as the first, got "
    assert shell.refused("compare", other, alone).startswith(apart)
    many = 'files must be one pair, or an original and a quantised model, got "3 files"'
    assert shell.refused("compare", original, alone, other) == many


def test_a_file_of_another_data_set_is_refused(shell: Shell, tmp_path: Path) -> None:
    """A whole file whose rows are not those of this program can be looked at but not compared or sampled."""
    path = original_file(tmp_path)
    changed = repack(path.read_bytes(), lambda h, a: h["data"].__setitem__("sha256", "0" * 64))
    path.write_bytes(changed)
    assert shell.json("inspect", path)["data"]["sha256"] == "0" * 64
    for argv in (["quantize", path], ["predict", path, "--sample"]):
        assert shell.refused(*argv) == "the bundled data set is not the one that this file was made from"


@pytest.mark.parametrize("command", ["train", "quantize"])
def test_places_that_cannot_be_written_are_refused(shell: Shell, tmp_path: Path, command: str) -> None:
    """A missing folder and a folder in place of the file end with the system's reason and leave nothing behind."""
    start = ["train"] if command == "train" else ["quantize", original_file(tmp_path)]
    before = sorted(tmp_path.iterdir())
    for out, reason in (
        (tmp_path / "no" / "m.safetensors", "No such file or directory"),
        (tmp_path, "Is a directory"),
    ):
        wanted = f"the file cannot be written: {reason}; nothing was changed"
        assert shell.refused(*start, "--out", out) == wanted
    assert sorted(tmp_path.iterdir()) == before


def test_predictions_that_cannot_be_written_are_refused(shell: Shell, tmp_path: Path) -> None:
    """The system's reason is in the message."""
    out = tmp_path / "no" / "out.csv"
    message = shell.refused("predict", original_file(tmp_path), "--sample", "--out", out)
    assert message == "the predictions cannot be written: No such file or directory"


def equal_targets(test: bool) -> tuple[str, str]:
    """Return share and seed of a split whose two test (or two training) rows have equal targets."""
    dataset, share = california().dataset, 0.00009 if test else 0.9999
    for seed in range(2000):
        part = dataset.y[split.__wrapped__(dataset, share, seed)[test]]
        if len(part) == 2 and part[0] == part[1]:
            return str(share), str(seed)
    raise AssertionError("no such split")


def test_where_there_is_no_r2_there_is_none_in_the_output(shell: Shell) -> None:
    """Two equal test targets have no R²: absent in JSON and text of every command, never NaN and no crash."""
    share, seed = equal_targets(test=True)
    argv = ["--test-size", share, "--seed", seed]
    for method in METHOD_NAMES:
        found = shell.json("compare", *argv, "--method", method)
        assert found["quantized"]["test"]["r2"] is None
        assert found["difference"] is None
    assert "all their targets are equal" in shell.text("compare", *argv)
    assert {p["test_r2"] for p in shell.json("sweep", *argv)["points"]} == {None}
    assert shell.text("sweep", *argv).splitlines()[2].split()[1] == "–"
    assert shell.json("train", *argv)["metrics"]["test"]["r2"] is None
    assert "–" in shell.text("train", *argv)


def test_folds_without_r2_have_none_in_the_output(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fold whose targets are all equal leaves no mean: null in JSON, a dash in the text."""
    nothing = {name: {"r2_mean": float("nan"), "r2_std": float("nan")} for name in ("original", "quantized")}
    monkeypatch.setattr(sys.modules["core.cli.main"], "cross_validate", lambda *_: nothing)
    assert shell.json("compare", "--cv", "2")["original"]["cv"] == {"r2_mean": None, "r2_std": None}
    assert "quantised: – ± –" in shell.text("compare", "--cv", "2")
