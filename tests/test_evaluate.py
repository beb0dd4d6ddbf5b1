"""Both models side by side."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import KFold

from core import families
from core.artifact import decode, encode
from core.config import Experiment
from core.errors import InvalidInput
from core.evaluate import (
    agreement,
    baseline,
    cast_parts,
    compare,
    cross_validate,
    measure,
    model_file,
    regression_metrics,
)
from core.quant import METHOD_NAMES, Scheme, decoded_blocks, dequantize, quantize
from core.train import Trained, fit_rows
from tests.support import INTERCEPTS, SPACES, california, small, table, trained_on


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
    assert all(y.r2 is None for y in found.yardsticks)
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
    assert agreement(np.array([-3.0, 1.0, 2.0])).median == 2


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
        assert yard.r2 == pytest.approx(r2_score(y, cast), rel=1e-12)


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
