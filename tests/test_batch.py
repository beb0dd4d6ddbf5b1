"""Rows of any number from file to file: both readers alike, bad rows by their line, whole files or none."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import batch
from core.artifact import Model, from_trained, load
from core.batch import delimited, guarded, open_rows, predict_file, run
from core.batch.source import Source
from core.errors import ArtifactError, InvalidInput
from core.evaluate import compare, model_file
from core.quant import Scheme
from core.rows import Rows
from tests.cli_support import Shell, pair_file
from tests.own_tables import mixed
from tests.sources import ROOT
from tests.support import READERS, california, small_classifier_file, small_file

NAMES = california().dataset.feature_names


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return a runner of commands."""
    return Shell(capsys)


@pytest.fixture
def pair() -> Model:
    """Return the default model with its twin."""
    return model_file(california(), compare(california(), Scheme(bits=6)))


def mixed_pair() -> Model:
    """Return a model of texts and gaps: f0 (gaps), f1 (a text), f2 (gaps), f3."""
    return from_trained(mixed())


def text_of(X: Any, names: Any = NAMES, delimiter: str = ",") -> str:
    """Return rows as a CSV file."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows([names, *np.asarray(X).tolist()])
    return out.getvalue()


def written(folder: Path, text: str | bytes, name: str = "rows.csv") -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def table_in(path: Path) -> list[dict[str, str]]:
    """Return the lines of a CSV file by the names of its columns."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def all_rows(source: Source) -> Rows:
    """Return all rows of a source."""
    return batch.gather(source)


def carefully(path: Path, model: Model) -> Rows:
    """Return the rows of a CSV file as the careful reader reads them."""
    source = delimited.Delimited(path, model)
    pieces = list(source._careful(0))
    y = None if pieces[0].y is None else np.concatenate([p.y for p in pieces if p.y is not None])
    return Rows(np.concatenate([p.X for p in pieces]), y)


def fast(path: Path, model: Model) -> Rows | None:
    """Return the rows of a CSV file as the fast reader reads them, None where it leaves them to the other."""
    try:
        pieces = list(delimited.Delimited(path, model)._fast())
    except (delimited._UnusualError, pa.ArrowException):
        return None
    y = None if pieces[0].y is None else np.concatenate([p.y for p in pieces if p.y is not None])
    return Rows(np.concatenate([p.X for p in pieces]), y)


def test_predictions_are_those_of_the_model(tmp_path: Path, pair: Model) -> None:
    """Every row in its order, both answers, errors and the difference; counted in pieces as in one."""
    X, y = california().rows("test")
    path, out = written(tmp_path, text_of(np.column_stack([X, y]), [*NAMES, "MedHouseVal"])), tmp_path / "out.csv"
    total = predict_file(pair, path, out)
    table = table_in(out)
    assert [int(r["row"]) for r in table] == list(range(len(X)))
    found = {name: np.array([float(r[name]) for r in table]) for name in table[0]}
    for name, spelt in batch.SPELLED.items():
        assert found[spelt] == pytest.approx(pair.predict(X, name), rel=1e-12)
        assert np.array_equal(found[f"error {spelt}"], np.abs(found[spelt] - y))
    assert np.array_equal(found["difference"], found["quantised"] - found["original"])
    assert np.array_equal(found["true"], y)
    assert total.rows == len(X)
    assert total.outside == batch.outside(pair, Rows(X, y))


@pytest.mark.parametrize("end", [".csv", ".parquet"])
def test_parquet_goes_in_and_out(tmp_path: Path, pair: Model, end: str) -> None:
    """The same numbers whatever the rows came in and the answers go out in; texts that count as numbers do not."""
    X, _ = california().rows("test")
    columns = {name: X[:, i] for i, name in enumerate(NAMES)}
    columns["HouseAge"] = columns["HouseAge"].astype(np.int32)
    columns["MedInc"] = columns["MedInc"].astype(np.float32)
    pq.write_table(pa.table(dict(reversed(columns.items()))), tmp_path / "rows.bin", row_group_size=1000)
    out = tmp_path / f"out{end}"
    total = predict_file(pair, tmp_path / "rows.bin", out)
    assert total.rows == len(X)
    as_read = X.copy()
    as_read[:, 0] = X[:, 0].astype(np.float32)
    if end == ".parquet":
        found = pq.read_table(out).to_pydict()
    else:
        lines = table_in(out)
        found = {name: [float(r[name]) for r in lines] for name in lines[0]}
    assert list(found) == ["row", "original", "quantised", "difference"]
    assert found["original"] == pytest.approx(pair.predict(as_read, "original").tolist(), rel=1e-12)


def test_texts_gaps_and_unknown_ones_are_read_by_both_readers(tmp_path: Path) -> None:
    """The fast reader takes a column of texts, and what is missing in one of numbers, as the careful one does."""
    model = mixed_pair()
    lines = ["f1,f0,f2,f3,y", "east,1,2,3,4", "west,,2,3,4", "moon,1,NA,3,4", ",1,2,3,4"]
    path = written(tmp_path, "\n".join(lines) + "\n")
    one, other = fast(path, model), carefully(path, model)
    assert one is not None
    assert np.array_equal(one.X, other.X, equal_nan=True)
    assert np.array_equal(one.y, other.y)  # type: ignore[arg-type]
    found = all_rows(open_rows(path, model))
    assert (found.unknown, found.missing) == ((("f1", 1),), (("f0", 1), ("f1", 1), ("f2", 1)))


CELLS = st.one_of(
    st.floats().map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(["", " ", "NA", "nan", "inf", "-inf", "1_0", "1e5", ".5", "5.", "+1", " 2 ", "0x10", "1,5", '"3"', "true", "1e999", "-", "?", "١"]),
    st.text(max_size=4).filter(lambda t: not set(t) & set('\x00\r\n,;"')),
)  # fmt: skip
WORDS = st.sampled_from(["east", "west", " north", "south ", "moon", "", "NA", "=1+1"]) | st.text(max_size=4).filter(
    lambda t: not set(t) & set('\x00\r\n,;"')
)


@settings(READERS, max_examples=300)
@given(st.lists(st.tuples(CELLS, WORDS, CELLS, CELLS), min_size=1, max_size=5))
def test_both_readers_agree_on_every_file(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]
) -> None:
    """What the fast reader takes the careful one takes as well, with the same numbers; else both leave it."""
    folder = tmp_path_factory.mktemp("rows")
    path = written(folder, "f0,f1,f2,f3\n" + "".join(",".join(row) + "\n" for row in rows))
    try:
        one = fast(path, mixed_pair())
    except InvalidInput:
        one = None
    if one is not None:
        other = carefully(path, mixed_pair())
        assert np.array_equal(one.X, other.X, equal_nan=True)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_and_decimal_commas_are_read(tmp_path: Path, pair: Model, delimiter: str) -> None:
    """Numbers with a comma count as numbers where the comma stands between no cells."""
    X, _ = california().rows("test")
    text = text_of(X[:50], delimiter=delimiter).replace(".", ",")
    path = written(tmp_path, text)
    assert np.array_equal(all_rows(open_rows(path, pair)).X, X[:50])
    assert fast(path, pair) is not None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,2,3,4,5,6,7,x", 'Longitude in row 3 (line 4) must be a finite number, got "x"'),
        ("1,2,3,4,5,6,7,", 'Longitude in row 3 (line 4) must be a finite number, got ""'),
        ("1,2,3,4,5,6,nan,8", 'Latitude in row 3 (line 4) must be a finite number, got "nan"'),
        ("1,2,3,4,5,6,7", 'row 3 (line 4) must be 8 values, one for each column, got "7 values"'),
        ("1,2,3,4,5,6,7,8,9", 'row 3 (line 4) must be 8 values, one for each column, got "9 values"'),
        ('"1\n\n",2,3,4,5,6,7,y', 'Longitude in row 3 (line 6) must be a finite number, got "y"'),
        ("\n\n1,2,3,4,5,6,7,z", 'Longitude in row 3 (line 6) must be a finite number, got "z"'),
        ('1,2,3,4,5,6,7,"8', 'line 4 must be comma-separated values, got "unexpected end of data"'),
    ],
)
def test_a_bad_row_is_named_by_its_line(shell: Shell, tmp_path: Path, line: str, message: str) -> None:
    """With exit status 2; what stood in the place of the answers before stands there still, and nothing else."""
    path, out = pair_file(tmp_path), written(tmp_path, "as before", "out.csv")
    rows = written(tmp_path, ",".join(NAMES) + "\n" + "1,2,3,4,5,6,7,8\n" * 2 + line + "\n")
    before = sorted(tmp_path.iterdir())
    assert shell.refused("predict", path, "--rows", rows, "--out", out) == message
    assert sorted(tmp_path.iterdir()) == before
    assert out.read_text(encoding="utf-8") == "as before"


def test_a_bad_row_far_down_is_named_by_its_line(tmp_path: Path, pair: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """The careful reader goes on where the fast one stopped, many pieces later, and counts on."""
    monkeypatch.setattr(delimited, "_BLOCK", 4096)
    monkeypatch.setattr(delimited, "_CELLS", 800)
    X = np.tile(california().rows("test")[0][:100], (30, 1))
    text = text_of(X)
    path = written(tmp_path, text + " 1 ,2,3,4,5,6,7,8\n1,2,3,4,5,6,7,1_0\n")
    with pytest.raises(InvalidInput, match=r"^Longitude in row 3,002 \(line 3,003\) must be a finite number"):
        predict_file(pair, path, tmp_path / "out.csv")
    good = written(tmp_path, text + "١,2,3,4,5,6,7,8\n", "good.csv")
    total = predict_file(pair, good, tmp_path / "out.csv")
    assert total.rows == len(X) + 1


def test_text_that_is_none_is_refused_wherever_it_stands(tmp_path: Path, pair: Model) -> None:
    """Other encodings are found in the header, or after the last line that could be read."""
    with pytest.raises(InvalidInput, match='rows must be UTF-8 text, got "byte 0xff at 0"'):
        open_rows(written(tmp_path, text_of([[1] * 8]).encode("utf-16")), pair)
    late = text_of(np.ones((60_000, 8))).encode() + b"\xff,2,3,4,5,6,7,8\n"
    with pytest.raises(InvalidInput, match=r'the text after line 6\d,\d+ must be UTF-8, got "byte 0xff"|after line 5'):
        list(open_rows(written(tmp_path, late), pair).pieces())


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"MedInc": ["a"]}, 'MedInc in row 1 must be a finite number, got "a"'),
        ({"MedInc": [None]}, 'MedInc in row 1 must be a finite number, got "missing"'),
        ({"MedInc": [np.inf]}, "MedInc in row 1 must be a finite number, got inf"),
        ({"MedInc": [True]}, 'MedInc must be a column of numbers, got "a column of bool"'),
        ({"MedInc": [[1.0]]}, 'MedInc must be a column of numbers, got "a column of list<element: double>"'),
        ({"More": [1.0]}, 'columns must be exactly the columns .* \\(and MedHouseVal for true values\\), got "More"'),
    ],
)
def test_parquet_columns_of_other_kinds_are_refused(tmp_path: Path, pair: Model, columns: Any, message: str) -> None:
    """Texts, gaps that nothing fills, infinities, lists, and columns that the model does not have."""
    good = {name: [1.0] for name in NAMES}
    pq.write_table(pa.table({**good, **columns}), tmp_path / "rows.parquet")
    with pytest.raises(InvalidInput, match=message):
        predict_file(pair, tmp_path / "rows.parquet", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_parquet_with_texts_and_gaps_is_read(tmp_path: Path) -> None:
    """Plain or as a dictionary; what is null is missing, what is unknown is counted."""
    model = mixed_pair()
    columns: dict[str, Any] = {"f0": [1.0, None], "f2": [1, 2], "f3": [1.0, 2.0]}
    for words in (pa.array(["moon", None]), pa.array(["moon", None]).dictionary_encode()):
        pq.write_table(pa.table({**columns, "f1": words}), tmp_path / "rows.parquet")
        found = all_rows(open_rows(tmp_path / "rows.parquet", model))
        assert (found.unknown, found.missing) == ((("f1", 1),), (("f0", 1), ("f1", 1)))


def test_a_damaged_parquet_file_is_refused(tmp_path: Path, pair: Model) -> None:
    """Cut, or with bytes changed in the middle: one message, and no answers."""
    pq.write_table(pa.table({name: np.random.default_rng(0).random(5000) for name in NAMES}), tmp_path / "rows.parquet")
    data = (tmp_path / "rows.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(data[: len(data) // 2])
    with pytest.raises(InvalidInput, match="must be a whole Parquet file"):
        open_rows(tmp_path / "cut.parquet", pair)


def test_files_that_cannot_be_opened_say_why(tmp_path: Path, pair: Model) -> None:
    """A missing file and a folder are refused with the path and the system's reason."""
    for path, reason in ((tmp_path / "no.csv", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(InvalidInput) as caught:
            open_rows(path, pair)
        assert (caught.value.field, caught.value.value) == ("rows", str(path))
        assert caught.value.allowed == f"a readable CSV or Parquet file ({reason})"


def test_answers_that_cannot_be_written_leave_nothing(
    tmp_path: Path, pair: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, a folder that is missing, a folder or a device in its place: said, and nothing is left half."""
    rows = written(tmp_path, text_of(np.ones((10, 8))))
    with pytest.raises(ArtifactError, match="cannot be written: No such file or directory"):
        predict_file(pair, rows, tmp_path / "no" / "out.csv")
    for place in (tmp_path, Path(os.devnull)):
        with pytest.raises(InvalidInput, match="--out must be a file, got"):
            predict_file(pair, rows, place)

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ArtifactError, match="cannot be written: No space left on device"):
        predict_file(pair, rows, tmp_path / "out.csv")
    assert sorted(tmp_path.iterdir()) == before


def test_a_file_may_be_answered_into_itself(tmp_path: Path, pair: Model) -> None:
    """The rows are read to their end before the answers take their place."""
    path = written(tmp_path, text_of(california().rows("test")[0]))
    total = predict_file(pair, path, path)
    assert len(path.read_text(encoding="utf-8").splitlines()) == 1 + total.rows


@pytest.mark.parametrize("mark", ["=", "+", "-", "@", "\t", "\r"])
def test_texts_that_a_spreadsheet_would_run_are_defused(tmp_path: Path, mark: str) -> None:
    """Names of classes get a leading quote in CSV; numbers, also negative ones, stay as they are."""
    assert guarded(f"{mark}1+1") == f"'{mark}1+1"
    assert guarded(f"a{mark}") == f"a{mark}"
    model = small_classifier_file()
    names = [f"{mark}cmd|' /C calc'!A0", "b", "c"]
    original = model.original
    assert original is not None
    renamed = replace(model, original=replace(original, meta={**original.meta, "classes": names}), quantized=None)
    rows = written(tmp_path, "f0,f1\n" + "1,2\n-3,4\n9,-50\n")
    predict_file(renamed, rows, tmp_path / "out.csv")
    lines = table_in(tmp_path / "out.csv")
    assert {r["original"] for r in lines} <= {f"'{names[0]}", "b", "c"}
    assert [r["original"].removeprefix("'") for r in lines] == renamed.predict(
        np.array([[1, 2], [-3, 4], [9, -50.0]])
    ).tolist()
    regression = from_trained(california())
    predict_file(regression, written(tmp_path, text_of([[-50, 1, 1, 1, 1, 1, 1, 1]])), tmp_path / "out.csv")
    assert float(table_in(tmp_path / "out.csv")[0]["original"]) < 0


def test_without_an_output_there_is_a_limit(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers on the screen are held in memory; more rows than that need a file."""
    monkeypatch.setattr(run, "MAX_ROWS", 20)
    path, rows = pair_file(tmp_path), written(tmp_path, text_of(np.ones((21, 8))))
    assert shell.refused("predict", path, "--rows", rows) == (
        'rows must be at most 20 rows without --out FILE, got "21 rows or more"'
    )
    found = shell.json("predict", path, "--rows", rows, "--out", tmp_path / "out.csv")
    assert (found["rows"], len(found["predictions"]["original"])) == (21, 10)


def test_the_sample_prints_the_first_predictions_of_the_default_model(shell: Shell) -> None:
    """Without any file: the line that shows that all is well."""
    lines = shell.text("predict", "--sample").splitlines()
    assert lines[-2] == "first predictions, original: 0.719 1.764 2.710 2.839 2.605"
    assert lines[-1].startswith("first predictions, quantised: 0.721 1.764 ")


def test_progress_goes_from_nothing_to_all(tmp_path: Path, pair: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """It never falls, ends at the whole, and counts rows."""
    monkeypatch.setattr(delimited, "_BLOCK", 4096)
    seen: list[tuple[int, int, str]] = []
    rows = written(tmp_path, text_of(np.tile(california().rows("test")[0], (2, 1))))
    predict_file(pair, rows, tmp_path / "out.csv", lambda *step: seen.append(step))
    done = [d for d, _, _ in seen]
    assert done == sorted(done)
    assert seen[-1] == (rows.stat().st_size, rows.stat().st_size, f"{2 * len(california().rows('test')[0]):,} rows")
    assert len(seen) > 20


PEAK = """
import resource, sys
sys.path.insert(0, {root!r})
from core.artifact import load
from core.batch import predict_file
model = load({model!r})
predict_file(model, {warm!r}, {out!r})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
predict_file(model, {rows!r}, {out!r})
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, kind: str) -> None:
    """After 300,000 rows, 1,500,000 take no more than 60 MB besides: all at once they would be 96 MB and more.

    The allocator keeps what it was given; how much differs from run to run by some tens of megabytes.
    """
    X = np.tile(california().rows("test")[0], (75, 1))[:300_000]
    table = pa.table({name: X[:, i] for i, name in enumerate(NAMES)})
    few, many = (str(tmp_path / f"{name}.{kind}") for name in ("few", "many"))
    for path, times in ((few, 1), (many, 5)):
        if kind == "parquet":
            with pq.ParquetWriter(path, table.schema) as writer:
                for _ in range(times):
                    writer.write_table(table)
        else:
            with pa.csv.CSVWriter(path, table.schema) as writer:
                for _ in range(times):
                    writer.write_table(table)
    model = str(small_pair(tmp_path))
    program = PEAK.format(root=str(ROOT), model=model, warm=few, rows=many, out=str(tmp_path / f"out.{kind}"))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert int(done.stdout) < 60


def small_pair(folder: Path) -> Path:
    """Write the default pair and return its path."""
    path = pair_file(folder)
    assert load(path).variants == ("original", "quantized")
    return path


def test_a_model_of_two_columns_answers_too(tmp_path: Path) -> None:
    """Nothing here depends on California."""
    total = predict_file(small_file(), written(tmp_path, "f1,f0\n1,2\n3,4\n"), tmp_path / "out.csv")
    assert total.found.values("original") == small_file().predict(np.array([[2.0, 1], [4, 3]]), "original").tolist()
