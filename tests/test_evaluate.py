"""Both models side by side."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss, mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import KFold, StratifiedKFold

from core import families
from core.artifact import decode, encode
from core.config import DataConfig, Experiment, TrainConfig, preset_experiment
from core.errors import InvalidInput
from core.evaluate import (
    agreement,
    baseline,
    cast_parts,
    compare,
    cross_validate,
    measure,
    model_file,
)
from core.families import linear
from core.intervals import SAME
from core.metrics import regression_metrics
from core.quant import METHOD_NAMES, Scheme, decoded_blocks, dequantize, quantize
from core.quant.coordinates import column_scale
from core.train import Trained, fit_rows
from tests.support import (
    GRANULARITIES,
    INTERCEPTS,
    SPACES,
    bundled,
    california,
    classifier_on,
    digits,
    small,
    table,
    trained_on,
)


@pytest.mark.parametrize("part", ["test", "train"])
def test_metrics_are_those_of_scikit_learn(part: str) -> None:
    """R², RMSE and MAE of both models are the library's, on either part of the rows."""
    trained = california()
    found = compare(trained, Scheme(bits=5))
    columns, y = trained.columns(part)
    for name, parts in (("original", trained.parts), ("quantized", found.decoded)):
        predicted = families.predict(parts, columns)
        metrics = found.metrics[name][part]
        assert metrics["r2"] == pytest.approx(r2_score(y, predicted), rel=1e-12)
        assert metrics["rmse"] == pytest.approx(np.sqrt(mean_squared_error(y, predicted)), rel=1e-12)
        assert metrics["mae"] == pytest.approx(mean_absolute_error(y, predicted), rel=1e-12)


@pytest.mark.parametrize("value", [0.1, 5.00001, 0.0])
@pytest.mark.parametrize("n", [2, 3, 10])
def test_r2_of_constant_targets_is_absent(value: float, n: int) -> None:
    """What cannot be computed is None, not 0 and not a number made of rounding."""
    y = np.full(n, value)
    found = regression_metrics(y, y + 1)
    assert found["r2"] is None
    assert found["rmse"] == found["mae"] == pytest.approx(1)


def constant_tests() -> Trained:
    """Return a model whose test rows all have the same target."""
    X, y = table()
    trained = trained_on(X, y)
    y[~np.isin(y, trained.rows("train")[1])] = 0.1
    return trained_on(X, y)


def test_a_comparison_on_constant_targets_has_no_difference() -> None:
    """Without R² there is no difference and no verdict; all else is there, and it can be saved."""
    trained = constant_tests()
    found = compare(trained, Scheme())
    assert found.difference is None
    assert found.metrics["quantized"]["test"]["r2"] is None
    assert found.metrics["quantized"]["train"]["r2"] is not None
    assert all(y.score is None for y in found.yardsticks)
    written = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert written["difference"] is None
    assert decode(encode(model_file(trained, found))).metrics["quantized"]["test"]["r2"] is None


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("intercept", INTERCEPTS)
@pytest.mark.parametrize("method", METHOD_NAMES)
def test_parameters_are_shown_where_they_were_rounded(method: str, intercept: str, space: str) -> None:
    """Original, quantised value and code of each parameter are those of the coordinates of rounding."""
    trained = california()
    found = compare(trained, Scheme(method, 6, space, intercept=intercept))
    q, coef = found.quantized, trained.parts.values["coef"][0]
    scale = trained.preparation.scale if space == "standardised" else np.ones(8)
    mean = trained.preparation.mean if space == "standardised" else np.zeros(8)
    *weights, last = found.parameters
    blocks = decoded_blocks(q)
    assert [p.name for p in found.parameters] == [*trained.dataset.feature_names, "intercept"]
    assert [p.original for p in weights] == pytest.approx(coef * scale, rel=1e-12)
    assert [p.quantized for p in weights] == blocks["coef"][:8].tolist()
    assert [p.code for p in weights] == q.codes["coef"][:8].tolist()
    assert last.original == pytest.approx(trained.parts.values["intercept"][0] + coef @ mean, rel=1e-9)
    if intercept == "quantised":
        assert (last.quantized, last.code) == (blocks["intercept"][0], q.codes["intercept"][0])
    elif intercept == "same-grid":
        assert (last.quantized, last.code) == (blocks["coef"][8], q.codes["coef"][8])
    else:
        assert last.code is None
        now = found.decoded
        assert last.quantized == pytest.approx(now.values["intercept"][0] + now.values["coef"][0] @ mean)
    assert all(p.error == p.quantized - p.original for p in found.parameters)


def test_parameter_errors_leave_the_intercept_out() -> None:
    """Mean, maximum and relative error are those of the coefficients alone."""
    found = compare(california(), Scheme(bits=4))
    errors = [abs(p.error) for p in found.parameters[:-1]]
    originals = [p.original for p in found.parameters[:-1]]
    written = found.to_json()["parameters"]
    assert written["mean_absolute_error"] == pytest.approx(np.mean(errors))
    assert written["max_absolute_error"] == max(errors)
    assert written["relative_error"] == pytest.approx(np.mean(errors) / (max(originals) - min(originals)))
    assert len(written["values"]) == 9


def test_a_single_coefficient_has_no_relative_error() -> None:
    """One coefficient has no range to relate an error to: the figure is absent."""
    X, y = table(p=1)
    assert compare(trained_on(X, y), Scheme()).to_json()["parameters"]["relative_error"] is None


def test_agreement_is_that_of_the_predictions() -> None:
    """Median, 99th percentile and largest difference are those of the test rows."""
    trained = california()
    found = compare(trained, Scheme(bits=4))
    columns, _ = trained.columns("test")
    moved = families.predict(found.decoded, columns) - families.predict(trained.parts, columns)
    assert np.array_equal(found.differences, moved)
    assert found.agreement.median == np.median(np.abs(moved))
    assert found.agreement.p99 == np.quantile(np.abs(moved), 0.99)
    assert found.agreement.largest == np.abs(moved).max()
    assert found.first["original"] == tuple(families.predict(trained.parts, columns)[:5].tolist())
    assert found.first["quantized"] == tuple(families.predict(found.decoded, columns)[:5].tolist())
    zeros = np.zeros(3)
    assert agreement("regression", zeros, zeros, np.array([-3.0, 1.0, 2.0]))[1].median == 2


def test_the_output_error_is_that_of_the_training_rows() -> None:
    """The figure that choices rest on is the mean squared change of the training predictions."""
    trained = california()
    for scheme in (Scheme(bits=4), Scheme("asymmetric", 3, "raw", intercept="keep"), Scheme("window", 8)):
        found = compare(trained, scheme)
        columns, _ = trained.columns("train")
        moved = families.predict(found.decoded, columns) - families.predict(trained.parts, columns)
        assert found.output_error == pytest.approx(np.mean(moved**2), rel=1e-6)


def test_the_casts_are_yardsticks() -> None:
    """A plain float32 and float16 cast are measured like any other model."""
    trained = california()
    columns, y = trained.columns("test")
    found = {y.kind: y for y in compare(trained, Scheme()).yardsticks}
    assert {kind: yard.numbers for kind, yard in found.items()} == {"float32": 36, "float16": 18}
    for kind, yard in found.items():
        cast = columns @ trained.parts.values["coef"][0].astype(kind).astype(float)
        cast += float(trained.parts.values["intercept"][0].astype(kind))
        assert yard.score == pytest.approx(r2_score(y, cast), rel=1e-12)


def test_a_cast_stops_at_the_largest_number() -> None:
    """float16 ends at 65,504: larger values stop there instead of becoming infinite."""
    parts = california().parts
    far = replace(parts, values={"coef": np.array([[1e6, -1e6]]), "intercept": np.array([0.1])})
    assert cast_parts(far, "float16").values["coef"].tolist() == [[65504, -65504]]


def test_the_joblib_file_is_a_yardstick() -> None:
    """The size of the estimator's joblib file is reported beside ours."""
    found = compare(california(), Scheme()).to_json()
    assert found["sizes"]["joblib"] == california().report.joblib_bytes > 500


def test_the_comparison_is_what_the_command_line_promises() -> None:
    """Every name of the contract is there, and all of it is JSON without NaN."""
    found = json.loads(json.dumps(compare(california(), Scheme()).to_json(), allow_nan=False))
    for model in ("original", "quantized"):
        assert set(found[model]["test"]) == set(found[model]["train"]) == {"r2", "rmse", "mae"}
        assert len(found["predictions"][model]) == 5
        assert {"payload", "side", "container", "file"} <= set(found["sizes"][model])
    assert set(found["difference"]) == {"metric", "value", "ci95", "verdict", "row"}
    assert set(found["difference"]["row"]) == {"index", "effect", "value_without"}
    assert {"mean_absolute_error", "max_absolute_error", "relative_error", "values"} == set(found["parameters"])
    assert set(found["parameters"]["values"][0]) == {"name", "original", "quantized", "code"}
    assert {"bits_per_parameter", "joblib", "yardsticks"} <= set(found["sizes"])
    assert found["scheme"] == Scheme().to_json()
    assert found["experiment"] == Experiment().to_json()


def test_changing_what_was_written_changes_no_comparison() -> None:
    """The JSON object is a copy: a caller may do with it what it likes."""
    found = compare(small(), Scheme())
    written, before = found.to_json(), json.dumps(found.to_json())
    written["agreement"]["median"] = written["original"]["test"]["r2"] = 99
    written["sizes"]["quantized"]["items"].clear()
    assert json.dumps(found.to_json()) == before


def test_what_comparisons_share_is_computed_once() -> None:
    """Two comparisons of one trained model share the original's figures."""
    trained = small()
    first, second = compare(trained, Scheme(bits=3)), compare(trained, Scheme(bits=4))
    assert baseline(trained) is baseline(trained)
    assert first.yardsticks is second.yardsticks
    assert first.sizes["original"] is second.sizes["original"]


def test_the_pair_is_kept_with_its_figures() -> None:
    """A file of the pair carries the metrics of both and the difference, and answers like the pair."""
    trained = california()
    found = compare(trained, Scheme("asymmetric", 6))
    model = decode(encode(model_file(trained, found, "six bits")))
    assert model.label == "six bits"
    assert model.metrics["quantized"]["test"]["r2"] == found.metrics["quantized"]["test"]["r2"]
    assert found.difference is not None
    assert model.metrics["difference"]["row"]["index"] == found.difference.row
    rows, _ = trained.rows("test")
    assert model.predict(rows[:5], "original").tolist() == pytest.approx(found.first["original"], rel=1e-12)
    assert model.predict(rows[:5]).tolist() == pytest.approx(found.first["quantized"], rel=1e-12)


@pytest.mark.parametrize("folds", [2, 5])
def test_cross_validation_refits_and_quantises_in_each_fold(folds: int) -> None:
    """The figures are those of a plain loop that prepares, fits and quantises on the other folds only."""
    trained, scheme = small(), Scheme("asymmetric", 4)
    X, y = trained.rows("train")
    scores: dict[str, list[float]] = {"original": [], "quantized": []}
    for inside, outside in KFold(folds, shuffle=True, random_state=42).split(X):
        f = fit_rows(X[inside], y[inside], trained.dataset.feature_names, trained.config)
        twin = dequantize(quantize(f.parts, scheme, f.moments))
        columns = f.preparation.expand(X[outside])
        scores["original"].append(r2_score(y[outside], families.predict(f.parts, columns)))
        scores["quantized"].append(r2_score(y[outside], families.predict(twin, columns)))
    found = cross_validate(trained, scheme, folds)
    for name, values in scores.items():
        assert found[name]["r2_mean"] == pytest.approx(np.mean(values), rel=1e-10)
        assert found[name]["r2_std"] == pytest.approx(np.std(values), rel=1e-10)


def test_cross_validation_reads_no_test_row() -> None:
    """Whatever stands in the test rows, the cross-validated figures are the same."""
    X, y = table()
    before = cross_validate(trained_on(X, y), Scheme(bits=4))
    unseen = ~np.isin(y, trained_on(X, y).rows("train")[1])
    X[unseen], y[unseen] = 1e5, -1e5
    assert cross_validate(trained_on(X, y), Scheme(bits=4)) == before


@pytest.mark.parametrize("folds", [1, 0, -3, 21, 1000])
def test_an_impossible_number_of_folds_is_refused(folds: int) -> None:
    """Fewer than two folds, or more than the rows allow, are refused."""
    with pytest.raises(InvalidInput, match=f"^cv must be a whole number from 2 to 20, .*, got {folds}$"):
        cross_validate(small(), Scheme(), folds)


def test_measuring_a_model_twice_is_the_same() -> None:
    """The metrics of the parts alone are those of the comparison."""
    trained = small()
    assert measure(trained, trained.parts) == compare(trained, Scheme()).metrics["original"]


def test_the_acceptance_figures_of_system_004() -> None:
    """On the digits as reference system 004 splits and fits them: accuracy, macro F1, weighted F1 of the test rows."""
    e = preset_experiment("system-004")
    found = json.loads(json.dumps(compare(bundled(e.data, e.train), e.scheme).to_json(), allow_nan=False))
    test = found["original"]["test"]
    assert f"{test['accuracy']:.6f}" == "0.958333"
    assert f"{test['f1_macro']:.6f}" == "0.958075"
    assert f"{test['f1_weighted']:.6f}" == "0.958363"
    assert found["original"]["train"]["accuracy"] == 1.0
    assert np.trace(test["confusion_matrix"]) == 345
    assert found["predictions"]["original"] == ["5", "2", "8", "8", "7"]
    assert found["difference"]["verdict"] == SAME
    assert set(test) == {"accuracy", "f1_macro", "f1_weighted", "log_loss", "confusion_matrix", "report"}
    assert list(test["report"]) == [str(d) for d in range(10)]
    assert sum(row["support"] for row in test["report"].values()) == 360


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("bits", [8, 4, 3, 2])
def test_agreement_and_flipped_rows_are_those_of_every_row(bits: int, granularity: str) -> None:
    """Asked row by row, the two models disagree on exactly the rows that are listed, with these three classes."""
    trained = digits()
    found = compare(trained, Scheme("symmetric", bits, granularity=granularity))
    columns, y = trained.columns("test")
    expected = []
    for i in range(len(y)):
        before, after = (
            int((p.values["coef"] @ columns[i] + p.values["intercept"]).argmax())
            for p in (trained.parts, found.decoded)
        )
        if before != after:
            expected.append((i, int(y[i]), before, after))
    assert [(f.row, f.true, f.original, f.quantized) for f in found.agreement.flipped] == expected
    assert found.agreement.same == pytest.approx(1 - len(expected) / 360, abs=1e-15)
    written = found.to_json()["agreement"]
    assert [f["row"] for f in written["flipped"]] == [row for row, *_ in expected]


def test_two_bits_flip_rows_and_many_bits_none() -> None:
    """At two bits many rows change their class, at sixteen none does, and the share says so."""
    coarse, fine = (compare(digits(), Scheme(bits=b)).agreement for b in (2, 16))
    assert coarse.same is not None
    assert coarse.same < 0.75
    assert len(coarse.flipped) == round(360 * (1 - coarse.same))
    assert (fine.same, fine.flipped) == (1.0, ())


def test_differences_are_those_of_the_true_class() -> None:
    """What changed row by row is the probability of the true class; its median, 99 % and maximum are reported."""
    trained = digits()
    found = compare(trained, Scheme(bits=3))
    columns, y = trained.columns("test")
    rows, truth = np.arange(len(y)), y.astype(int)
    p = [families.outputs(parts, columns)[rows, truth] for parts in (trained.parts, found.decoded)]
    assert np.array_equal(found.differences, p[1] - p[0])
    size = np.abs(p[1] - p[0])
    assert found.agreement.median == np.median(size)
    assert found.agreement.p99 == np.quantile(size, 0.99)
    assert found.agreement.largest == size.max()


@pytest.mark.parametrize("name", ["digits", "wine", "breast_cancer"])
@pytest.mark.parametrize("part", ["test", "train"])
def test_metrics_of_classifiers_are_those_of_scikit_learn(name: str, part: str) -> None:
    """Accuracy, F1 and log loss of both models are the library's, on either part of the rows."""
    trained = bundled(DataConfig(name), TrainConfig("logistic"))
    found = compare(trained, Scheme(bits=3))
    columns, y = trained.columns(part)
    for model, parts in (("original", trained.parts), ("quantized", found.decoded)):
        p = families.outputs(parts, columns)
        metrics = found.metrics[model][part]
        assert metrics["accuracy"] == pytest.approx(accuracy_score(y, p.argmax(axis=1)), rel=1e-12)
        for average in ("macro", "weighted"):
            assert metrics[f"f1_{average}"] == pytest.approx(f1_score(y, p.argmax(axis=1), average=average), rel=1e-12)
        assert metrics["log_loss"] == pytest.approx(log_loss(y, p), rel=1e-12)


@pytest.mark.parametrize("intercept", INTERCEPTS)
@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_parameters_of_a_classifier_are_named_by_class_and_column(granularity: str, intercept: str) -> None:
    """Every coefficient row by row, then every intercept, with value and code of its place."""
    trained = small("logistic", 1, 4)
    found = compare(trained, Scheme("asymmetric", 5, granularity=granularity, intercept=intercept))
    q, coef = found.quantized, trained.parts.values["coef"]
    blocks = decoded_blocks(q)
    classes, features = trained.dataset.classes, trained.dataset.feature_names
    assert [p.name for p in found.parameters] == [
        *(f"{c}: {f}" for c in classes for f in features), *(f"{c}: intercept" for c in classes)
    ]  # fmt: skip
    weights, last = found.parameters[:12], found.parameters[12:]
    assert [p.original for p in weights] == pytest.approx((coef * column_scale(trained.moments)).ravel(), rel=1e-12)
    assert [p.quantized for p in weights] == blocks["coef"][:12].tolist()
    assert [p.code for p in weights] == q.codes["coef"][:12].tolist()
    assert not any(p.intercept for p in weights)
    assert all(p.intercept for p in last)
    if intercept == "quantised":
        assert [p.quantized for p in last] == blocks["intercept"].tolist()
    elif intercept == "same-grid":
        assert [p.code for p in last] == q.codes["coef"][12:].tolist()
    else:
        assert {p.code for p in last} == {None}


def test_two_classes_share_one_row_of_coefficients() -> None:
    """Two classes have one weighted sum, whose coefficients carry the names of the columns alone."""
    trained = bundled(DataConfig("breast_cancer"), TrainConfig("logistic"))
    found = compare(trained, Scheme())
    assert [p.name for p in found.parameters] == [*trained.dataset.feature_names, "intercept"]
    assert set(found.first["original"]) <= {"malignant", "benign"}


def test_the_difference_of_classifiers_is_that_of_accuracy() -> None:
    """Its value, the row that moves it most, and what it is without that row are those of plain counting."""
    trained = digits()
    found = compare(trained, Scheme(bits=2))
    columns, y = trained.columns("test")
    right = [families.predict(p, columns) == y for p in (trained.parts, found.decoded)]
    gain = right[1].astype(float) - right[0]
    assert found.difference is not None
    d = found.difference
    assert (d.metric, d.verdict) == ("accuracy", "worse")
    assert d.value == pytest.approx(gain.mean(), abs=1e-15)
    assert d.low <= d.value <= d.high < 0
    assert d.value_without == pytest.approx(np.delete(gain, d.row).mean(), abs=1e-15)
    assert d.row_effect == pytest.approx(d.value - d.value_without, abs=1e-15)
    others = [abs(gain.mean() - np.delete(gain, i).mean()) for i in range(len(gain))]
    assert abs(d.row_effect) == pytest.approx(max(others), abs=1e-15)


@pytest.mark.parametrize("kind", ["regression", "2 classes", "4 classes"])
@pytest.mark.parametrize("method", METHOD_NAMES)
def test_fidelity_is_that_of_the_training_rows(method: str, kind: str) -> None:
    """Known without a row: R² of the twin's outputs against the original's, on the training rows; scores of classes."""
    trained = small() if kind == "regression" else small("logistic", 1, int(kind[0]))
    for bits, space in ((2, "raw"), (5, "standardised")):
        found = compare(trained, Scheme(method, bits, space, granularity="row"))
        columns, _ = trained.columns("train")
        before, after = (linear.scores(p, columns) for p in (trained.parts, found.decoded))
        variance = ((before - before.mean(axis=0)) ** 2).sum()
        assert found.fidelity is not None
        assert found.fidelity == pytest.approx(1 - ((after - before) ** 2).sum() / variance, abs=1e-9)


def test_a_model_that_never_varies_has_no_fidelity() -> None:
    """Where all outputs are equal there is no variance to keep a share of."""
    X, y = table()
    constant = trained_on(X, y, TrainConfig("lasso", params=(("alpha", 100.0),)))
    assert compare(constant, Scheme()).fidelity is None


def test_yardsticks_of_a_classifier_are_measured_like_any_model() -> None:
    """float32 and float16 casts: 10 · 65 numbers, and their accuracy."""
    trained = digits()
    columns, y = trained.columns("test")
    found = compare(trained, Scheme())
    assert {yard.kind: yard.numbers for yard in found.yardsticks} == {"float32": 2600, "float16": 1300}
    for yard in found.yardsticks:
        chosen = families.predict(cast_parts(trained.parts, yard.kind), columns)
        assert yard.score == accuracy_score(y, chosen)
    assert set(found.to_json()["sizes"]["yardsticks"]["float32"]) == {"bytes", "test_accuracy"}
    assert found.metric == "accuracy"
    assert found.score("quantized") == found.metrics["quantized"]["test"]["accuracy"]
    assert found.score("original", "train") == found.metrics["original"]["train"]["accuracy"]


@pytest.mark.parametrize("classes", [2, 4])
def test_cross_validation_of_classifiers_keeps_the_shares_of_the_classes(classes: int) -> None:
    """The figures are those of a plain loop over stratified folds, on the training rows alone."""
    trained, scheme = small("logistic", 1, classes), Scheme("asymmetric", 3, granularity="row")
    X, y = trained.rows("train")
    scores: dict[str, list[float]] = {"original": [], "quantized": []}
    for inside, outside in StratifiedKFold(4, shuffle=True, random_state=42).split(X, y):
        assert trained.config is not None
        f = fit_rows(X[inside], y[inside], trained.dataset.feature_names, trained.config, trained.dataset.classes)
        twin = dequantize(quantize(f.parts, scheme, f.moments))
        for name, parts in (("original", f.parts), ("quantized", twin)):
            scores[name].append(accuracy_score(y[outside], families.predict(parts, f.preparation.expand(X[outside]))))
    found = cross_validate(trained, scheme, 4)
    for name, values in scores.items():
        assert found[name] == pytest.approx({"accuracy_mean": np.mean(values), "accuracy_std": np.std(values)})


def test_folds_need_a_row_of_every_class() -> None:
    """With ten rows in the smallest class there are at most ten folds, and the message says so."""
    trained = classifier_on(*table(40, 2), 3)
    smallest = int(np.bincount(trained.rows("train")[1].astype(int)).min())
    assert smallest == 10
    with pytest.raises(InvalidInput) as caught:
        cross_validate(trained, Scheme(), 11)
    assert str(caught.value) == "cv must be a whole number from 2 to 10, with rows of every kind in each fold, got 11"
    assert cross_validate(trained, Scheme(), 10)["original"]["accuracy_mean"] > 0.3


# quantization.md, 4.6: accuracy/log loss on the 360 test images, standardised pixels, one scale or table a row.
PUBLISHED = {
    "asymmetric": {1: ".442/1.426", 2: ".925/.226", 3: ".964/.108", 4: ".961/.106", 6: ".969/.102"},
    "codebook": {1: ".836/.599", 2: ".947/.194", 3: ".975/.103", 4: ".972/.103", 6: ".972/.102"},
}
PER_TENSOR = {2: ".667/1.116", 3: ".950/.144", 4: ".969/.092", 6: ".975/.100", 8: ".972/.102"}


def printed(found: dict[str, float]) -> str:
    """Return accuracy and log loss with three decimals, as the table prints them."""
    return f"{found['accuracy']:.3f}/{found['log_loss']:.3f}".replace("0.", ".")


def on_test_rows(trained: Trained, scheme: Scheme) -> dict[str, float]:
    """Return the quantised model's metrics on the test rows."""
    return dict(compare(trained, scheme).metrics["quantized"]["test"])


@pytest.mark.parametrize("method", PUBLISHED)
def test_the_digits_come_out_as_published_with_a_scale_or_table_a_row(method: str) -> None:
    """Every width gives the independently measured accuracy and log loss, to each printed digit."""
    for bits, figures in PUBLISHED[method].items():
        assert printed(on_test_rows(digits(), Scheme(method, bits, granularity="row"))) == figures, bits


def test_the_digits_come_out_as_published_with_one_scale() -> None:
    """So they do per tensor; and the original itself."""
    for bits, figures in PER_TENSOR.items():
        assert printed(on_test_rows(digits(), Scheme(bits=bits))) == figures, bits
    before = compare(digits(), Scheme()).metrics["original"]["test"]
    assert (f"{before['accuracy']:.4f}", f"{before['log_loss']:.4f}") == ("0.9722", "0.1020")


def test_eight_bits_a_row_are_as_published_to_the_last_digit_but_one() -> None:
    """Published as .972/.102; ours is .1015 and falls on the other side of the rounding."""
    found = on_test_rows(digits(), Scheme("asymmetric", 8, granularity="row"))
    assert f"{found['accuracy']:.3f}" == "0.972"
    assert found["log_loss"] == pytest.approx(0.102, abs=0.0006)


# The same on raw pixels, one scale. Where lbfgs stops there hangs on the rounding of the machine: over two kinds of
# processor, and one or two threads, the fitted model's own log loss goes from .1185 to .1191 and these by as much
# as the tolerances below, while its accuracy stays.
RAW = {
    "keep": {2: (0.494, 3.284), 3: (0.847, 0.663), 4: (0.944, 0.190), 6: (0.961, 0.120), 8: (0.958, 0.118)},
    "refit": {2: (0.658, 1.718), 3: (0.956, 0.163), 4: (0.961, 0.124), 6: (0.956, 0.120), 8: (0.958, 0.118)},
}
SPREAD = {2: (0.035, 0.20), 3: (0.01, 0.20), 4: (0.007, 0.10), 6: (0.006, 0.06), 8: (0.003, 0.02)}


@pytest.mark.parametrize("intercept", RAW)
def test_the_raw_digits_come_out_as_published(intercept: str) -> None:
    """Symmetric, one scale, intercept kept or refitted: as published, within what the fit itself varies by."""
    before = compare(digits("none"), Scheme()).metrics["original"]["test"]
    assert f"{before['accuracy']:.4f}" == "0.9583"
    assert before["log_loss"] == pytest.approx(0.1187, abs=0.0005)
    for bits, (accuracy, loss) in RAW[intercept].items():
        found = on_test_rows(digits("none"), Scheme("symmetric", bits, "raw", intercept=intercept))
        assert found["accuracy"] == pytest.approx(accuracy, abs=SPREAD[bits][0]), bits
        assert found["log_loss"] == pytest.approx(loss, rel=SPREAD[bits][1]), bits


def test_refitting_matters_most_on_raw_pixels() -> None:
    """At two and three bits a refitted intercept saves at least ten points of accuracy on raw, positive features."""
    for bits in (2, 3):
        kept, refit = (
            on_test_rows(digits("none"), Scheme("symmetric", bits, "raw", intercept=i)) for i in ("keep", "refit")
        )
        assert refit["accuracy"] > kept["accuracy"] + 0.1
        assert refit["log_loss"] < kept["log_loss"] * 0.6
