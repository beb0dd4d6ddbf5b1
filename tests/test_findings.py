"""Why it broke: every diagnosis on a real case, its evidence recomputed from the rows, its cure applied and measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import r2_score

from core import families
from core.artifact import encode, loads
from core.artifact.reopen import DIFFERS, reopen
from core.comparison import Comparison
from core.config import DataConfig, Experiment, TrainConfig, preset_experiment
from core.diagnose import DIAGNOSES, Cure, Finding, diagnose
from core.diagnose.cure import BEARABLE, CHANGES, ENOUGH, MATERIAL, lost, material, tried
from core.diagnose.finding import share, short
from core.diagnose.grid import nearest_to_zero
from core.evaluate import compare, fidelity
from core.fields import Pairs
from core.own import from_estimator
from core.parts import plain
from core.quant import METHOD_NAMES, Scheme, quantize
from core.quant.levels import levels
from core.train import Trained
from tests.support import (
    ALL_BITS,
    FORMULAS,
    GRANULARITIES,
    INTERCEPTS,
    SPACES,
    bundled,
    california,
    classes_of,
    small,
    table,
    trained_on,
)

OFFSET = (("zero_point", "offset"),)
RAW = Scheme("symmetric", 8, "raw", intercept="keep")
SQUARES = TrainConfig(degree=2)
WINDOW, COLLAPSE = preset_experiment("system-001-window"), preset_experiment("system-001-global")
DIGITS = Experiment(DataConfig("digits"), TrainConfig("logistic"), Scheme(bits=2))

# Every diagnosis, and settings of the bundled tables in which it is made.
CASES: dict[str, tuple[Experiment, ...]] = {
    "intercept_shares_grid": (COLLAPSE, replace(DIGITS, scheme=replace(COLLAPSE.scheme, bits=8))),
    "features_unscaled": (Experiment(scheme=RAW), WINDOW, replace(DIGITS, scheme=RAW)),
    "coefficient_eats_range": (Experiment(train=SQUARES, scheme=Scheme(bits=4)), DIGITS),
    "zero_not_representable": (WINDOW, COLLAPSE, Experiment(scheme=Scheme(bits=1))),
    "shift_not_refitted": (Experiment(scheme=RAW), WINDOW, replace(DIGITS, scheme=RAW)),
    "columns_dependent": (
        Experiment(train=SQUARES, scheme=Scheme(bits=4)),
        Experiment(train=SQUARES, scheme=Scheme("auto", 8)),
        Experiment(DataConfig("diabetes"), SQUARES, Scheme("asymmetric", 6)),
    ),
    "codes_unused": (WINDOW, Experiment(train=SQUARES, scheme=RAW)),
    "one_row_carries": (Experiment(), Experiment(scheme=Scheme("asymmetric")), Experiment(scheme=Scheme(bits=4))),
    "inputs_out_of_range": (Experiment(scheme=Scheme(bits=4)), Experiment(train=SQUARES, scheme=Scheme(bits=4))),
    "more_levels_than_values": (
        Experiment(scheme=Scheme("codebook")),
        Experiment(DataConfig("wine"), TrainConfig("logistic"), Scheme("codebook", 8, "raw", granularity="row")),
    ),
    "side_exceeds_codes": (Experiment(), WINDOW, Experiment(scheme=Scheme("codebook"))),
}
REAL = [pytest.param(name, e, id=f"{name}-{i}") for name, several in CASES.items() for i, e in enumerate(several)]


@cache
def result(e: Experiment) -> tuple[Trained, Comparison, dict[str, Finding]]:
    """Return original, comparison and findings by name, made once a session."""
    trained = bundled(e.data, e.train)
    c = compare(trained, e.scheme)
    return trained, c, {f.name: f for f in diagnose(trained, c)}


def cured(trained: Trained, cure: Cure) -> Comparison:
    """Return the comparison after the cure was taken; a cure that trains again is trained on the bundled rows."""
    if cure.train is None:
        return compare(trained, cure.scheme)
    assert trained.data is not None
    return compare(bundled(trained.data, cure.train), cure.scheme)


def check_cure(trained: Trained, c: Comparison, finding: Finding) -> None:
    """Assert that the cure does what it says and that this is worth a button."""
    cure = finding.cure
    assert cure is not None
    after = cured(trained, cure)
    assert cure.error_before == c.output_error
    assert (cure.numbers_before, cure.numbers_after) == tuple(x.sizes["quantized"].numbers for x in (c, after))
    # A scheme takes the same steps in the same order. A ridge from sums differs from that of the rows by their
    # rounding, enlarged by the condition that the penalty leaves: 1e-16 times at most 1e8.
    assert cure.error_after == pytest.approx(after.output_error, rel=1e-14 if cure.train is None else 1e-8)
    less_error = after.output_error <= ENOUGH * c.output_error
    less_bytes = after.sizes["quantized"].numbers < c.sizes["quantized"].numbers
    assert less_error or less_bytes
    bearable = lost(trained, after.output_error) <= BEARABLE
    assert less_error or after.output_error <= c.output_error or bearable


def test_every_diagnosis_has_a_real_case() -> None:
    """The cases below and the registry name the same diagnoses, each by the name of its function."""
    assert set(CASES) == set(DIAGNOSES)
    assert all(check.__name__ == name for name, check in DIAGNOSES.items())


@pytest.mark.parametrize(("name", "e"), REAL)
def test_it_is_found_and_its_cure_works(name: str, e: Experiment) -> None:
    """In a real case the finding is there, and its cure, taken, lowers training output error or bytes as it says."""
    trained, c, found = result(e)
    assert name in found
    assert found[name].name == name
    check_cure(trained, c, found[name])


# What is gone when its cure was taken; a row or a range is only moved less.
REMOVED = ("intercept_shares_grid", "features_unscaled", "zero_not_representable", "shift_not_refitted",
           "codes_unused", "more_levels_than_values", "side_exceeds_codes")  # fmt: skip


@pytest.mark.parametrize("name", REMOVED)
def test_a_cure_removes_its_cause(name: str) -> None:
    """Once the cure is taken, the same finding is not made again."""
    trained, _, found = result(CASES[name][0])
    cure = found[name].cure
    assert cure is not None
    assert name not in {f.name for f in diagnose(trained, cured(trained, cure))}


def test_the_row_is_the_one_whose_removal_changes_the_difference() -> None:
    """Differences with and without the row are those of R² computed by scikit-learn on the rows; it is an outlier."""
    trained, c, found = result(Experiment())
    evidence = found["one_row_carries"].evidence
    columns, y = trained.columns("test")
    first, second = (families.predict(p, columns) for p in (trained.parts, c.decoded))
    row = evidence["row"]
    assert row == 3722
    keep = np.arange(len(y)) != row
    with_it = r2_score(y, second) - r2_score(y, first)
    without = r2_score(y[keep], second[keep]) - r2_score(y[keep], first[keep])
    assert evidence["difference"] == pytest.approx(with_it, rel=1e-9)
    assert evidence["without"] == pytest.approx(without, rel=1e-6)
    assert abs(with_it - without) >= abs(with_it) / 2
    rows, _ = trained.rows("train")
    column = trained.preparation.features.index(evidence["feature"])
    away = (evidence["value"] - rows[:, column].mean()) / rows[:, column].std()
    assert evidence["deviations"] == pytest.approx(abs(away), rel=1e-9)
    assert found["one_row_carries"].text == (
        "Test row 3722 alone moves the difference in R² from −0.00001 to +0.00050: AveBedrms is 34.1 there, 76.1 "
        "deviations from the mean."
    )


def test_the_intercept_that_eats_the_range() -> None:
    """The collapse: with the intercept the range is 31 times as wide, counted from the raw numbers."""
    trained, _, found = result(COLLAPSE)
    coef, intercept = trained.parts.values["coef"][0], trained.parts.values["intercept"][0]
    wider = np.ptp([*coef, intercept]) / np.ptp(coef)
    evidence = found["intercept_shares_grid"].evidence
    assert evidence["wider"] == pytest.approx(wider, rel=1e-12)
    assert evidence["bits_lost"] == pytest.approx(np.log2(wider), rel=1e-12)
    assert (evidence["name"], evidence["intercept"]) == ("intercept", intercept)
    assert found["intercept_shares_grid"].text.startswith("The intercept (−37) shares the grid")


def test_the_columns_that_lie_far_apart() -> None:
    """Largest and smallest deviation are those of the training rows' columns."""
    trained, _, found = result(Experiment(scheme=RAW))
    deviation = trained.rows("train")[0].std(axis=0)
    evidence = found["features_unscaled"].evidence
    names = trained.preparation.features
    assert (evidence["largest"], evidence["smallest"]) == (names[deviation.argmax()], names[deviation.argmin()])
    assert evidence["ratio"] == pytest.approx(deviation.max() / deviation.min(), rel=1e-9)


@pytest.mark.parametrize("e", CASES["coefficient_eats_range"])
def test_the_coefficient_beside_which_others_are_nothing(e: Experiment) -> None:
    """Largest and typical coefficient, and how many are lost, are those of the values in rounding coordinates."""
    _, c, found = result(e)
    values = np.abs([p.original for p in c.parameters if not p.intercept])
    evidence = found["coefficient_eats_range"].evidence
    assert evidence["times_typical"] == pytest.approx(values.max() / np.median(values[values > 0]), rel=1e-12)
    assert abs(evidence["value"]) == values.max()
    assert np.median(values[values > 0]) < evidence["step"]
    assert evidence["below_half_a_step"] == int((values < evidence["step"] / 2).sum())
    assert evidence["coefficients"] == values.size


def test_the_zero_that_is_missing() -> None:
    """System 001: Population's two millionths became two ten-thousandths, the nearest level there is."""
    _, c, found = result(WINDOW)
    evidence = found["zero_not_representable"].evidence
    assert evidence["name"] == "Population"
    assert evidence["value"] == pytest.approx(-2.03e-6, rel=1e-3)
    assert evidence["became"] == pytest.approx(1.94e-4, rel=1e-3)
    assert evidence["nearer_at_zero"] == 1
    assert "the coefficient of Population (−2.03e-06) became 0.000194" in found["zero_not_representable"].text
    place = trained_names(c).index("Population")
    assert np.abs(levels(c.quantized, "coef", place)).min() > 0


def trained_names(c: Comparison) -> list[str]:
    """Return the names of the coefficients."""
    return [p.name for p in c.parameters if not p.intercept]


@pytest.mark.parametrize("bits", [1, 2, 5])
@pytest.mark.parametrize(
    ("method", "params"), [("symmetric", ()), ("asymmetric", ()), ("asymmetric", OFFSET), ("window", ())]
)
def test_the_level_nearest_to_zero_is_that_of_all_levels(method: str, params: Pairs, bits: int) -> None:
    """Of every level that a code can stand for none lies nearer to zero; for a table it is not asked."""
    trained = california()
    for granularity in GRANULARITIES:
        q = quantize(trained.parts, Scheme(method, bits, granularity=granularity, params=params), trained.moments)
        for i, found in enumerate(nearest_to_zero(q)):
            assert abs(found) == np.abs(levels(q, "coef", i)).min()
    book = quantize(trained.parts, Scheme("codebook", bits), trained.moments)
    assert not nearest_to_zero(book).any()


def test_the_shift_is_that_of_the_predictions() -> None:
    """Its share of the squared change is the squared mean over the mean square, on the training rows themselves."""
    trained, c, found = result(Experiment(scheme=RAW))
    columns, _ = trained.columns("train")
    moved = families.predict(c.decoded, columns) - families.predict(trained.parts, columns)
    evidence = found["shift_not_refitted"].evidence
    # Sums over 16,512 rows of values that nearly cancel.
    assert evidence["share"] == pytest.approx(moved.mean() ** 2 / (moved**2).mean(), rel=1e-9)
    assert evidence["shift"] == pytest.approx(abs(moved.mean()), rel=1e-9)


def test_dependent_columns_are_those_of_the_rows() -> None:
    """Condition, closest pair and cancellation are those of the training rows; the original pays for the ridge."""
    e = CASES["columns_dependent"][0]
    trained, _, found = result(e)
    columns, _ = trained.columns("train")
    correlations = np.corrcoef(columns.T)
    evidence, cure = found["columns_dependent"].evidence, found["columns_dependent"].cure
    # The smallest of eigenvalues that span seven decades keeps nine digits.
    assert evidence["condition"] == pytest.approx(np.linalg.cond(correlations), rel=1e-6)
    off = np.abs(np.triu(correlations, 1))
    names = trained.preparation.columns
    assert (evidence["first"], evidence["second"]) == tuple(names[k] for k in np.unravel_index(off.argmax(), off.shape))
    outputs = families.predict(trained.parts, columns)
    apart = (columns * trained.parts.values["coef"][0]).var(axis=0).sum() / outputs.var()
    assert evidence["times_apart"] == pytest.approx(np.sqrt(apart), rel=1e-6)
    assert cure is not None
    assert cure.train == TrainConfig("ridge", "standard", 2, (("alpha", 100.0),))
    before, after = (compare(bundled(e.data, t), e.scheme) for t in (e.train, cure.train))
    r2 = [float(x.metrics["original"]["train"]["r2"]) for x in (before, after)]
    assert cure.price == f"R² of the original on the training rows {r2[0]:.4f} → {r2[1]:.4f}"
    # The penalty is chosen by how well the quantised model fits, not by how little it changes.
    for penalty in (10.0, 1000.0):
        other = compare(bundled(e.data, replace(cure.train, params=(("alpha", penalty),))), e.scheme)
        assert other.metrics["quantized"]["train"]["r2"] < after.metrics["quantized"]["train"]["r2"]
    assert "columns_dependent" not in {f.name for f in diagnose(bundled(e.data, cure.train), after)}


def test_a_better_scheme_comes_before_another_model() -> None:
    """Where a scheme leaves the quantised model with a better fit than any penalty does, nothing is trained again."""
    cure = result(CASES["columns_dependent"][1])[2]["columns_dependent"].cure
    assert cure is not None
    assert cure.train is None
    assert cure.price == ""


def test_no_penalty_where_training_again_would_be_another_model() -> None:
    """Models from a file, without rows, with signed coefficients or of other kinds are offered schemes alone."""
    e = CASES["columns_dependent"][0]
    trained = bundled(e.data, e.train)
    opened = replace(trained, report=replace(trained.report, notes=(DIFFERS,)))
    signed = replace(trained, config=replace(e.train, params=(("positive", True),)))
    other = replace(trained, config=TrainConfig("lasso", degree=2))
    X, y = table(90, 3)
    little = np.sin(np.arange(90))
    X[:, 1] = X[:, 0] + 0.01 * X[:, 0].std() * little
    # Not least squares, which leaves such directions out of raw columns unless told otherwise.
    own = reopen(loads(encode(from_estimator(Ridge(alpha=1e-12, solver="svd").fit(X, y + little), X))))
    for one in (opened, signed, other, own):
        found = {f.name: f.cure for f in diagnose(one, compare(one, e.scheme))}
        assert "columns_dependent" in found
        assert {cure.train for cure in found.values() if cure is not None} == {None}


def test_the_inputs_out_of_range_are_those_of_the_rows() -> None:
    """Rows beyond the smallest or largest training value are counted, with their share of the squared change."""
    trained, c, found = result(Experiment(scheme=Scheme(bits=4)))
    inside, rows = trained.rows("train")[0], trained.rows("test")[0]
    out = ((rows < inside.min(axis=0)) | (rows > inside.max(axis=0))).any(axis=1)
    evidence = found["inputs_out_of_range"].evidence
    assert (evidence["rows"], evidence["of"]) == (int(out.sum()), len(rows))
    assert evidence["share"] == pytest.approx((c.differences[out] ** 2).sum() / (c.differences**2).sum(), rel=1e-12)
    column = trained.preparation.features.index(evidence["feature"])
    assert evidence["value"] == rows[evidence["row"], column]
    assert (evidence["low"], evidence["high"]) == (inside[:, column].min(), inside[:, column].max())
    assert not evidence["low"] <= evidence["value"] <= evidence["high"]


def test_the_counts_of_codes_and_bytes() -> None:
    """Codes in use, levels and bytes are those of the codes, the tables and the sizes."""
    _, c, found = result(WINDOW)
    used = len(np.unique(c.quantized.codes["coef"]))
    assert found["codes_unused"].evidence == {"used": used, "available": 256, "coefficients": 8}
    assert found["side_exceeds_codes"].evidence == {"codes": 9, "side": 72, "scaling": 0}
    assert result(Experiment())[2]["side_exceeds_codes"].evidence == {"codes": 8, "side": 40, "scaling": 32}
    table = result(Experiment(scheme=Scheme("codebook")))[2]["more_levels_than_values"]
    assert table.evidence == {"levels": 256, "values": 8, "bits": 3}
    assert table.cure is not None
    assert table.cure.error_after == table.cure.error_before
    assert table.text == "Codes of 8 bits can name 256 values, and a table holds 8: 3 bits are enough."


SILENT = {
    "the default": (Experiment(), {"one_row_carries", "side_exceeds_codes"}),
    "the best found": (Experiment(scheme=Scheme("auto")), {"side_exceeds_codes"}),
    "ten bits": (Experiment(scheme=Scheme(bits=10)), {"one_row_carries", "side_exceeds_codes"}),
    "digits": (replace(DIGITS, scheme=Scheme()), set()),
    "digits on raw pixels": (preset_experiment("system-004"), set()),
    "tumours": (Experiment(DataConfig("breast_cancer"), TrainConfig("logistic"), Scheme()), set()),
    "a ridge on squares": (
        Experiment(train=TrainConfig("ridge", degree=2, params=(("alpha", 100.0),)), scheme=Scheme()), set(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SILENT)
def test_a_healthy_result_is_left_in_peace(name: str) -> None:
    """Where nothing can be seen of the rounding there is nothing but what is true of rows and bytes."""
    e, allowed = SILENT[name]
    trained, c, found = result(e)
    assert not material(trained, c)
    assert set(found) <= allowed


@pytest.mark.parametrize("intercept", INTERCEPTS)
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("method", METHOD_NAMES)
def test_nothing_is_said_that_the_setting_rules_out(method: str, space: str, intercept: str) -> None:
    """Findings name only what is there: no shared grid without one, no shift after a refit, no table where is none."""
    trained = california()
    for bits in (1, 3, 8):
        c = compare(trained, Scheme(method, bits, space, intercept=intercept))
        found = {f.name for f in diagnose(trained, c)}
        q = c.quantized.scheme
        ruled_out = {
            "intercept_shares_grid": q.intercept != "same-grid" or q.method in ("window", "codebook"),
            "features_unscaled": q.space != "raw",
            "coefficient_eats_range": q.method in ("window", "codebook"),
            "zero_not_representable": q.method == "codebook" or (q.method == "symmetric" and q.bits > 1),
            "shift_not_refitted": q.intercept == "refit",
            "columns_dependent": True,  # the condition number of the eight columns is 43
            "more_levels_than_values": q.method != "codebook" or q.bits <= 3,
            "side_exceeds_codes": c.sizes["quantized"].side <= c.sizes["quantized"].payload,
        }
        assert not found & {name for name, out in ruled_out.items() if out}
        if fidelity(trained, c.output_error) > 1 - MATERIAL:
            assert found <= {"one_row_carries", "side_exceeds_codes", "more_levels_than_values", "codes_unused"}


def outside(features: int, count: int = 0) -> Trained:
    """Return a model that was fitted elsewhere, as its file opens: without a row."""
    X, y = table(90, features)
    estimator = (
        LogisticRegression(max_iter=5000).fit(X, classes_of(y, count)) if count else LinearRegression().fit(X, y)
    )
    return reopen(loads(encode(from_estimator(estimator, X))))


def constant() -> Trained:
    """Return a model of which one feature never varies and one twice over."""
    X, y = table(120, 4)
    X[:, 1], X[:, 2] = 7.0, X[:, 0]
    return trained_on(X, y, TrainConfig("ridge"))


MODELS: dict[str, Callable[[], Trained]] = {
    "one feature": lambda: trained_on(*table(60, 1)),
    "a constant feature": constant,
    "nothing left": lambda: trained_on(*table(), TrainConfig("lasso", params=(("alpha", 1e6),))),
    "squares": lambda: bundled(DataConfig("diabetes"), SQUARES),
    "raw squares": lambda: bundled(DataConfig("diabetes"), TrainConfig(scaling="none", degree=2)),
    "small": small,
    "squares of few": lambda: small("ridge", 2),
    "classes": lambda: small("logistic"),
    "two classes": lambda: small("logistic", 1, 2),
    "wine": lambda: bundled(DataConfig("wine"), TrainConfig("logistic", "none")),
    "from outside": lambda: outside(3),
    "one feature from outside": lambda: outside(1),
    "classes from outside": lambda: outside(3, 3),
}
MADE = cache(lambda name: MODELS[name]())


@given(
    st.sampled_from([*MODELS]), st.sampled_from(METHOD_NAMES), st.sampled_from(ALL_BITS), st.sampled_from(SPACES),
    st.sampled_from(INTERCEPTS), st.sampled_from(GRANULARITIES), st.booleans(),
)  # fmt: skip
@FORMULAS
def test_the_contract_of_every_diagnosis(
    model: str, method: str, bits: int, space: str, intercept: str, granularity: str, offset: bool
) -> None:
    """No model and no scheme makes a diagnosis fail; cures do what they say; the most important come first."""
    trained = MADE(model)
    params = OFFSET if offset and method == "asymmetric" else ()
    c = compare(trained, Scheme(method, bits, space, intercept=intercept, granularity=granularity, params=params))
    found = diagnose(trained, c)
    assert len({f.name for f in found}) == len(found)
    assert [f.weight for f in found] == sorted((f.weight for f in found), reverse=True)
    for f in found:
        assert f.name in DIAGNOSES
        assert f.text.endswith(".")
        assert "\n" not in f.text
        assert "nan" not in f.text
        json.dumps(plain(f.evidence), allow_nan=False)
        if f.cure is None:
            assert f.name in ("one_row_carries", "inputs_out_of_range", "columns_dependent")
            assert f.weight == (0.0, 0)
        elif f.cure.train is None or trained.dataset.name != "generated":
            check_cure(trained, c, f)


def test_no_cure_looks_at_a_test_row() -> None:
    """With other targets and features in the test rows the cures stay as they are, number for number."""
    e = Experiment(scheme=Scheme(bits=4))
    trained, _, found = result(e)
    X, y = trained.dataset.X.copy(), trained.dataset.y.copy()
    test = np.flatnonzero(np.isin(y, trained.rows("test")[1]) & ~np.isin(y, trained.rows("train")[1]))
    X[test], y[test] = X[test] * 3, y[test] + 1
    assert len(test)
    changed = replace(trained, dataset=replace(trained.dataset, X=X, y=y))
    again = {f.name: f.cure for f in diagnose(changed, compare(changed, e.scheme))}
    assert found.keys() & again.keys()
    for name in found.keys() & again.keys():
        assert again[name] == found[name].cure


def test_without_rows_nothing_is_said_of_rows() -> None:
    """A model from outside is diagnosed from its sums; what rests on test rows is left out."""
    trained = outside(3)
    c = compare(trained, Scheme("symmetric", 4, "raw", intercept="keep"))
    found = {f.name: f for f in diagnose(trained, c)}
    assert {"features_unscaled", "shift_not_refitted"} <= found.keys()
    assert not found.keys() & {"one_row_carries", "inputs_out_of_range"}
    check_cure(trained, c, found["features_unscaled"])


def test_a_finding_cannot_be_changed() -> None:
    """Evidence is read-only, and so are the fields; what several visitors share stays as it is."""
    finding = next(iter(result(Experiment())[2].values()))
    with pytest.raises(TypeError):
        finding.evidence["row"] = 1  # type: ignore[index]
    with pytest.raises(AttributeError):
        finding.text = ""  # type: ignore[misc]


def test_what_a_model_cannot_take_is_no_cure() -> None:
    """Deviations too small for float32 rule standardised coefficients out: no cure, and no failure."""
    X, y = table(90, 3)
    X[:, 0] *= 1e-36
    trained = trained_on(X, y / 10)
    assert tried(trained, Scheme(space="raw")) is not None
    assert tried(trained, Scheme()) is None
    c = compare(trained, RAW)
    assert material(trained, c)
    assert "features_unscaled" not in {f.name for f in diagnose(trained, c)}


def test_changes_change_one_thing() -> None:
    """Each change of the default scheme is a scheme of its own, and making it twice changes nothing more."""
    for base in (Scheme("window", 8, "raw", intercept="same-grid"), Scheme("codebook", 3, granularity="row")):
        for change in CHANGES.values():
            assert change.to(change.to(base)) == change.to(base)
            assert change.to(base).bits == base.bits or change is CHANGES["two bits"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-2.03e-6, "−2.03e-06"),
        (31.123, "31.1"),
        (-99.96, "−100"),
        (12080417.2, "12,080,417"),
        (1e20, "1e+20"),
    ],
)
def test_short_numbers(value: float, text: str) -> None:
    """Three digits that count, separators from a hundred up, a real minus sign."""
    assert short(value) == text


def test_shares_are_per_cent() -> None:
    """Without decimals, with a space before the sign."""
    assert [share(v) for v in (0.0, 0.506, 1.0)] == ["0 %", "51 %", "100 %"]
