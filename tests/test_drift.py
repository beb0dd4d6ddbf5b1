"""Drift of whole batches against a model file: bad batches, every verdict, simulation, and how often it is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.linear_model import LinearRegression

from core.artifact import ArtifactError, Model, decode, encode
from core.drift import DRIFT, FEW, LITTLE, NONE, UNKNOWN, Batch, Change, Limits, batch_of, read, report, simulate
from core.drift.columns import judged, measured
from core.drift.report import reference
from core.drift.simulate import HELD_BACK, REPEATED, SKETCHED
from core.errors import InvalidInput
from core.evaluate import compare, model_file
from core.intervals import SAME
from core.own import from_estimator
from core.parts import Array, Floats
from core.quant import Scheme
from core.train import Trained
from tests.bench.drift_cells import detections, false_alarms
from tests.own_tables import WORDS, mixed
from tests.support import california, repack, small_classifier_file, small_file, trained_on

# Chance with which a test of drawn batches may fail though all is well.
CHANCE = 1e-4


@cache
def pair() -> Model:
    """Return the default model with its twin, as it comes out of its file."""
    return decode(encode(_file(california())))


@cache
def texts() -> Model:
    """Return a model with gaps and a text of four words, and its twin."""
    return _file(mixed())


def _file(trained: Trained) -> Model:
    return model_file(trained, compare(trained, Scheme(bits=6)))


def csv_of(model: Model, X: Floats, more: str = "", extra: str = "", order: int = 1) -> bytes:
    """Return rows of numbers as a CSV file, the columns in their order or backwards, with one more column."""
    names = [f.name for f in model.features][::order]
    lines = [",".join(["" if np.isnan(v) else repr(float(v)) for v in row[::order]]) + extra for row in X]
    return "\n".join([",".join(names) + more, *lines]).encode()


def test_the_same_rows_are_no_drift() -> None:
    """Held-back rows as they are: no evidence in any feature, in the predictions, the performance, the gap."""
    found = report(pair(), simulate(pair(), n=2_000, seed=5))
    assert (found.verdict, found.verdict_features, found.verdict_predictions) == (NONE,) * 3
    assert {column.verdict for column in found.features} == {NONE}
    assert [one.verdict for one in found.performance] == [SAME, SAME]
    assert found.gap is not None
    assert found.gap.verdict == SAME
    assert (found.rows, found.rows_reference, found.n_tests) == (2_000, 16_512, 18)
    assert found.drifting == ()


def test_a_report_is_json_and_cannot_be_changed() -> None:
    """Everything in it can be written, nothing of it replaced: all visitors share it."""
    found = report(pair(), simulate(pair(), [Change("MedInc", missing=0.1)], n=300))
    written = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert written["verdict"] == found.verdict
    assert [c["name"] for c in written["features"]] == [f.name for f in pair().features]
    with pytest.raises(FrozenInstanceError):
        found.verdict = NONE  # type: ignore[misc]
    with pytest.raises(TypeError):
        found.predictions["original"] = None  # type: ignore[index]


def test_batches_that_differ_little_are_called_so() -> None:
    """Four thousand rows show a shift by a tenth of a deviation, which is no drift yet."""
    found = report(pair(), simulate(pair(), [Change("Population", deviations=0.09)], n=4_000, seed=2))
    column = found.features[4]
    assert column.verdict == LITTLE
    assert column.tests[0].adjusted <= 0.05
    assert max(column.ks or 0, (column.shift or 0) / 2) < 0.05
    assert found.drifting == ()


def test_a_column_of_one_value_has_statistics_but_no_nan() -> None:
    """All rows alike: drift, and nothing in the report is anything but a number."""
    rows = np.tile(pair().sketch[:, 10], (400, 1))
    found = report(pair(), batch_of(pair(), rows))
    assert all(column.verdict == DRIFT for column in found.features)
    json.dumps(found.to_json(), allow_nan=False)


@pytest.mark.parametrize("n", [1, 49])
def test_few_rows_are_too_few(n: int) -> None:
    """Below fifty rows there are statistics and no verdict, whatever the rows are."""
    found = report(pair(), simulate(pair(), [Change("MedInc", scale=9)], n=n))
    assert found.verdict == FEW
    assert {column.verdict for column in found.features} == {FEW}
    assert {one.verdict for one in found.performance} <= {FEW}
    assert found.features[0].ks is not None
    json.dumps(found.to_json(), allow_nan=False)
    assert f"{n:,} values" in found.features[0].why


def test_columns_may_be_too_many_and_in_any_order() -> None:
    """What the model does not have is left out and listed; the rest is found by name."""
    X = simulate(pair(), n=60).X
    found = read(pair(), csv_of(pair(), X, ",Colour,Note", ",red,", order=-1))
    assert found.ignored == ("Colour", "Note")
    assert np.array_equal(found.X, X)
    assert found.y is None
    assert report(pair(), found).ignored == ("Colour", "Note")


def test_true_values_come_along_by_the_targets_name() -> None:
    """A column called like the target holds them, and the report judges by them."""
    found = read(pair(), csv_of(pair(), simulate(pair(), n=60).X, ",MedHouseVal", ",99"))
    assert found.y is not None
    assert set(found.y.tolist()) == {99.0}
    assert [one.verdict for one in report(pair(), found).performance] == ["worse", "worse"]


def test_a_name_in_decomposed_letters_is_the_name() -> None:
    """Both spellings of an accent are the same column, as everywhere else; neither is missing or left out."""
    X = np.arange(240.0).reshape(120, 2)
    model = from_estimator(LinearRegression().fit(X, X[:, 0]), X, feature_names=["caf\u00e9", "b"], target="y")
    found = read(model, "cafe\u0301,b\n1,2\n3,4\n".encode())
    np.testing.assert_array_equal(found.X, [[1.0, 2.0], [3.0, 4.0]])
    assert found.ignored == ()


@pytest.mark.parametrize(
    ("data", "field", "allowed"),
    [
        (b"MedInc\n1\n", "columns", "exactly the columns MedInc"),
        (b"", "batch", "a header and 1 to"),
        (b"MedInc,HouseAge\n", "batch", "a header and 1 to"),
        (b"\xff\xfe", "batch", "CSV in UTF-8"),
        (b"PAR1 and more", "batch", "a header and 1 to"),
        (b"PAR1\0 and more", "file", "a CSV, TSV or Parquet file"),
        (b"\x89PNG\r\n", "file", "a CSV, TSV or Parquet file"),
        (b'MedInc,HouseAge\n"1,2\n', "batch", "comma-separated"),
        (b"MedInc,Colour\n1\n", "row 1", "2 values"),
    ],
)
def test_bad_files_are_refused_with_one_message(data: bytes, field: str, allowed: str) -> None:
    """Every fault names the field and what is allowed."""
    with pytest.raises(InvalidInput, match=field) as caught:
        read(pair(), data)
    assert caught.value.field == field
    assert caught.value.allowed.startswith(allowed)


def test_a_missing_column_is_named() -> None:
    """The message says which of the model's columns is not there."""
    text = csv_of(pair(), simulate(pair(), n=60).X).replace(b"HouseAge", b"Age")
    with pytest.raises(InvalidInput, match="no HouseAge"):
        read(pair(), text)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda X, y: (X[:, :3], y), "batch"),
        (lambda X, y: (X[:0], y[:0]), "batch"),
        (lambda X, y: (X, y[:-1]), "targets"),
        (lambda X, y: (X * 1e200, y), "MedInc in row 1"),
        (lambda X, y: (X, y * np.inf), "row 1"),
    ],
)
def test_bad_rows_are_refused(change: Callable[..., tuple[Floats, Floats]], field: str) -> None:
    """Shapes and sizes of rows and targets are checked."""
    made = simulate(pair(), n=60)
    with pytest.raises(InvalidInput) as caught:
        batch_of(pair(), *change(made.X, made.y))
    assert caught.value.field == field


def test_missing_values_are_drift_even_where_the_model_takes_none() -> None:
    """A share of a tenth is drift of that feature alone; the rows that no model answers are counted."""
    found = report(pair(), simulate(pair(), [Change("Population", missing=0.1)], seed=4))
    assert found.drifting == ("Population",)
    column = found.features[4]
    assert column.missing == pytest.approx(0.1, abs=0.03)
    assert [test.name for test in column.tests if test.verdict == DRIFT] == ["missing"]
    assert found.unanswered == round(column.missing * found.rows)
    assert "missing" in column.why


def test_values_outside_the_training_range_are_drift() -> None:
    """One row in thirty beyond the largest value is drift, though no other test sees it."""
    made = simulate(pair(), n=3_000, seed=4)
    X = made.X.copy()
    X[:100, 0] = pair().features[0].high + 1
    found = report(pair(), batch_of(pair(), X))
    assert found.drifting == ("MedInc",)
    assert found.features[0].above == pytest.approx(1 / 30)
    assert [test.name for test in found.features[0].tests if test.verdict == DRIFT] == ["range"]
    assert found.outside >= 100


def test_texts_that_training_never_saw_are_drift() -> None:
    """They are counted and are drift; the model answers them as none of its words."""
    model = texts()
    calm = report(model, simulate(model, n=400, seed=1))
    assert calm.verdict_features == NONE
    found = report(model, simulate(model, [Change("f1", new=0.2)], n=400, seed=1))
    column = found.features[1]
    assert column.verdict == DRIFT
    assert column.unseen == pytest.approx(0.2, abs=0.06)
    assert column.labels == WORDS
    assert (column.ks, column.wasserstein, column.quantiles) == (None, None, ())
    assert found.unanswered == 0


def test_other_shares_of_the_same_texts_are_drift() -> None:
    """Chi-square sees one word that takes the place of another."""
    made = simulate(texts(), n=400, seed=1)
    X = made.X.copy()
    X[X[:, 1] == 0, 1] = 2
    found = report(texts(), batch_of(texts(), X)).features[1]
    assert found.verdict == DRIFT
    assert found.distance is not None
    assert found.distance > 0.3
    assert found.unseen == 0


def test_a_constant_feature_is_only_looked_at_for_other_values() -> None:
    """A column that never varied in training has no distance; other values than its own are drift."""
    draw = np.random.default_rng(0)
    X = np.column_stack([np.full(200, 3.0), draw.normal(size=200)])
    model = _file(trained_on(X, X[:, 1] * 2 + draw.normal(size=200)))
    batch = np.column_stack([np.full(100, 3.0), draw.normal(size=100)])
    found = report(model, batch_of(model, batch))
    assert (found.features[0].kind, found.features[0].verdict, found.features[0].ks) == ("constant", NONE, None)
    batch[:30, 0] = 4
    assert report(model, batch_of(model, batch)).drifting == ("f0",)


def test_predictions_drift_with_what_they_rest_on() -> None:
    """Half as much income again moves the predictions, which are compared with those of the test rows."""
    found = report(pair(), simulate(pair(), [Change("MedInc", scale=1.5)]))
    assert found.verdict_predictions == DRIFT
    assert found.predictions["original"].quantiles_reference == tuple(pair().held_back.predictions)  # type: ignore[union-attr]
    assert set(found.predictions) == {"original", "quantized"}


def test_drift_can_widen_the_gap_between_the_models() -> None:
    """Rows far out are rows on which the rounding of the coefficients weighs more."""
    found = report(pair(), simulate(pair(), [Change("AveRooms", scale=3)])).gap
    assert found is not None
    assert found.reference == pair().held_back.gap  # type: ignore[union-attr]
    assert found.mean > found.reference  # type: ignore[operator]
    assert found.verdict == "wider"
    assert found.difference is not None


def test_classes_are_compared_by_their_shares_and_by_accuracy() -> None:
    """A classifier's predictions are a text of its classes; its gap is the share of other answers."""
    model = small_classifier_file()
    X, y = np.random.default_rng(1).normal(size=(80, 2)), np.arange(80.0) % 3
    found = report(model, Batch(X, y))
    assert found.predictions["original"].labels == model.classes
    assert found.predictions["original"].chi_square is not None
    assert {one.metric for one in found.performance} == {"accuracy"}
    assert found.gap is not None
    assert 0 <= found.gap.mean <= 1
    json.dumps(found.to_json(), allow_nan=False)


def test_what_a_file_does_not_say_is_not_known() -> None:
    """A file of one model says neither how many rows there were nor what was said of the test rows."""
    model = decode(encode(pair().only("quantized")))
    found = report(model, simulate(model))
    assert found.rows_reference is None
    assert found.predictions == {}
    assert found.verdict_predictions == FEW
    assert found.gap is None
    assert {one.verdict for one in found.performance} == {UNKNOWN}
    assert len(found.notes) == 2
    assert found.verdict == NONE


def test_simulated_rows_say_where_they_are_from() -> None:
    """The test rows of the table, each once as long as there are enough; else the sketch, without true values."""
    model = pair()
    assert simulate(model, n=4_128).source == HELD_BACK
    assert len(np.unique(simulate(model, n=4_128).X, axis=0)) == len(np.unique(california().rows("test")[0], axis=0))
    assert simulate(model, n=5_000).source == REPEATED
    made = simulate(replace(model, data=None), n=4_000)
    assert (made.source, made.y) == (SKETCHED, None)
    assert report(model, made).verdict_features == NONE
    assert np.array_equal(simulate(model, n=9, seed=3).X, simulate(model, n=9, seed=3).X)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"feature": "Colour"}, "feature"), ({"feature": "MedInc", "missing": 2.0}, "missing"), ({"feature": "MedInc", "scale": float("nan")}, "scale")],
)  # fmt: skip
def test_changes_are_checked(change: dict[str, object], field: str) -> None:
    """A feature that is none, a share above one and NaN are refused by name."""
    with pytest.raises(InvalidInput) as caught:
        simulate(pair(), [Change(**change)])  # type: ignore[arg-type]
    assert caught.value.field == field


def test_limits_are_checked() -> None:
    """A level above a fifth, or fewer than two rows, is refused."""
    for wrong in ({"alpha": 0.5}, {"least": 1}, {"distance": float("inf")}):
        with pytest.raises(InvalidInput, match=next(iter(wrong))):
            Limits(**wrong)  # type: ignore[arg-type]


def test_what_was_said_of_the_test_rows_is_in_the_file() -> None:
    """It comes back from the file to the last digit, and is checked: an old file lacks it and is whole."""
    model = small_file()
    assert model.held_back is not None
    again = decode(encode(model)).held_back
    assert again is not None
    assert (again.rows, again.gap, again.gap_deviation) == (20, model.held_back.gap, model.held_back.gap_deviation)
    assert np.array_equal(again.predictions, model.held_back.predictions)
    assert decode(encode(replace(model, held_back=None))).held_back is None


@pytest.mark.parametrize("wrong", [{"rows": 0}, {"rows": 1.5}, {"gap": -1.0}, {"gap": None}, {"more": 1}])
def test_impossible_words_of_the_test_rows_are_refused(wrong: dict[str, object]) -> None:
    """A file that says something impossible of its test rows does not open."""
    data = repack(encode(small_file()), lambda header, arrays: header["held_back"].update(wrong))
    with pytest.raises(ArtifactError, match="test rows is impossible"):
        decode(data)


def test_impossible_predictions_of_the_test_rows_are_refused() -> None:
    """Quantiles that fall, and shares that do not add up to 1, are refused."""

    def falling(header: dict[str, Any], arrays: dict[str, Array]) -> None:
        arrays["held_back.predictions"] = -np.arange(float(arrays["held_back.predictions"].size))

    for model in (small_file(), small_classifier_file()):
        data = repack(encode(model), falling)
        with pytest.raises(ArtifactError, match="predictions for the test rows"):
            decode(data)


def test_a_feature_without_any_training_value_is_no_reference() -> None:
    """Where training had no value of a feature there is nothing to differ from; that it has values now is drift."""
    known = replace(reference(texts())[0], sketch=np.zeros(21), missing=1.0)
    column = judged([measured(known, np.linspace(1, 2, 80), Limits())], Limits())[0]
    assert [test.name for test in column.tests if test.verdict == DRIFT] == ["missing"]
    assert (column.missing, column.missing_reference) == (0.0, 1.0)


def test_false_alarms_are_rare() -> None:
    """Of 60 batches of the same kind no more are called drift than a chance of 5 % each allows."""
    found = false_alarms(1_000, 60, seed=11, targets=False)
    assert found["drift"] <= binom.isf(CHANCE, 60, 0.05)
    assert found["any difference"] <= binom.isf(CHANCE, 60, 0.05)


@pytest.mark.parametrize("feature", range(8))
def test_a_feature_a_fifth_larger_is_found(feature: int) -> None:
    """Of 12 batches of 2,000 rows with one feature 1.2 times as large, as many as 95 % allow are drift."""
    found = detections(feature, 12, seed=12)
    assert found[DRIFT] >= binom.ppf(CHANCE, 12, 0.95)
