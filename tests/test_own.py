"""Models from outside: a fitted scikit-learn model becomes a file that opens here, and nothing else comes along."""

from __future__ import annotations

import warnings
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, Perceptron, Ridge, RidgeCV
from sklearn.metrics import r2_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import core
from core import families
from core.artifact import Model, decode, encode
from core.artifact.raw import check_letters
from core.artifact.reopen import OUTSIDE, reopen
from core.diagnose import effects, mean_shift
from core.errors import ArtifactError, InvalidInput, shown
from core.evaluate import compare, cross_validate, model_file
from core.families import linear
from core.own import from_estimator
from core.parts import Floats
from core.prepare import Preparation
from core.quant import METHOD_NAMES, Scheme, quantize
from core.sweep import sweep
from tests.support import ALL_BITS, GRANULARITIES, U64, classes_of, repack, table

X, Y = table(90, 3)
NAMES = ["a", "b", "c"]
FRAME = pd.DataFrame(X, columns=NAMES)
REGRESSORS = {
    "linear": LinearRegression(),
    "no intercept": LinearRegression(fit_intercept=False),
    "ridge": Ridge(alpha=2.0),
    "lasso": Lasso(alpha=0.01),
    "elastic net": ElasticNet(alpha=0.01),
}
CLASSIFIERS = {
    "logistic": LogisticRegression(max_iter=5000),
    "no intercept": LogisticRegression(max_iter=5000, fit_intercept=False),
    "weak penalty": LogisticRegression(C=50, max_iter=5000),
}
SCALERS: dict[str, Any] = {
    "alone": None,
    "scaled": StandardScaler(),
    "without mean": StandardScaler(with_mean=False),
    "without deviation": StandardScaler(with_std=False),
    "without either": StandardScaler(with_mean=False, with_std=False),
}


def pipeline(scaler: Any, last: Any) -> Any:
    """Return the two as a pipeline, or the model alone."""
    return last if scaler is None else make_pipeline(scaler, last)


def read_back(model: Model) -> Model:
    """Return the model as it comes out of a file."""
    return decode(encode(model))


def near(model: Model) -> float:
    """Return how far scores may lie from the estimator's: p + 4 roundings of every term, on either side."""
    assert model.original is not None
    coef = np.abs(model.original.values["coef"])
    terms = (np.abs(X) + 2 * np.abs(X.mean(axis=0))) @ coef.T + np.abs(model.original.values["intercept"])
    return float(4 * (3 + 4) * U64 * terms.max())


@pytest.mark.parametrize(("name", "scaling"), [*product(REGRESSORS, SCALERS)])
def test_every_regressor_and_pipeline_answers_as_before(name: str, scaling: str) -> None:
    """The file answers as the estimator does, up to the rounding of a sum in another order."""
    estimator = pipeline(SCALERS[scaling], REGRESSORS[name]).fit(X, Y)
    model = read_back(from_estimator(estimator, X))
    assert model.variants == ("original",)
    assert (model.task, model.classes, model.data, model.config) == ("regression", (), None, None)
    assert np.abs(model.predict(X) - estimator.predict(X)).max() <= near(model)
    assert [f.name for f in model.features] == ["x0", "x1", "x2"]
    assert [(f.low, f.high) for f in model.features] == [(c.min(), c.max()) for c in X.T]


@pytest.mark.parametrize(("name", "scaling", "k"), [*product(CLASSIFIERS, SCALERS, (2, 4))])
def test_every_classifier_and_pipeline_answers_as_before(name: str, scaling: str, k: int) -> None:
    """So does a classifier: the same probabilities and the same classes, by their names."""
    unit = X / X.std(axis=0)
    estimator = pipeline(SCALERS[scaling], CLASSIFIERS[name]).fit(unit, classes_of(Y, k))
    model = read_back(from_estimator(estimator, unit))
    assert model.classes == tuple(str(i) for i in range(k))
    assert model.outputs(unit, "original") == pytest.approx(estimator.predict_proba(unit), abs=1e-12)
    assert model.predict(unit).tolist() == [str(int(c)) for c in estimator.predict(unit)]


def test_a_target_of_one_column_is_one_target() -> None:
    """A target that came as a table of one column gives the same model as a flat one."""
    for estimator in (LinearRegression(), Ridge(), Lasso(alpha=0.01), make_pipeline(StandardScaler(), Ridge())):
        model = from_estimator(estimator.fit(X, Y[:, None]), X)
        assert model.predict(X) == pytest.approx(estimator.predict(X).ravel(), rel=1e-12)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["no", "perhaps", "yes"], ("no", "perhaps", "yes")),
        (["<b>", "=1+1", "__proto__"], ("<b>", "=1+1", "__proto__")),
        ([10, 20, 30], ("10", "20", "30")),
        ([1.0, 2.0, 3.0], ("1", "2", "3")),
        ([False, True], ("False", "True")),
    ],
)
def test_classes_keep_their_names(labels: list[Any], names: tuple[str, ...]) -> None:
    """Strings, numbers and flags are classes under their own names, in the estimator's order."""
    y = np.array(labels)[classes_of(Y, len(labels)).astype(int)]
    estimator = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    model = read_back(from_estimator(estimator, X))
    assert model.classes == names
    spelt = {str(int(c)) if isinstance(c, float) else str(c) for c in labels}
    assert set(model.predict(X).tolist()) <= spelt


def test_names_come_from_the_table_or_are_given() -> None:
    """A DataFrame brings its names, given names win, and an array has x0, x1, …"""
    fitted = LinearRegression().fit(FRAME, Y)
    scaled = make_pipeline(StandardScaler(), Ridge()).fit(FRAME, Y)
    for estimator in (fitted, scaled):
        assert [f.name for f in from_estimator(estimator, FRAME).features] == NAMES
        given = from_estimator(estimator, FRAME, feature_names=("u", "v", "w"))
        assert [f.name for f in given.features] == ["u", "v", "w"]
        assert given.preparation.columns == ("u", "v", "w")
    bare = LinearRegression().fit(X, Y)
    assert [f.name for f in from_estimator(bare, X).features] == ["x0", "x1", "x2"]
    assert [f.name for f in from_estimator(bare, pd.DataFrame(X)).features] == ["0", "1", "2"]


def test_names_on_one_side_only_are_no_reason_to_warn() -> None:
    """Fitted with names and shown an array, or the other way round: the columns count, and nothing is said."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert from_estimator(LinearRegression().fit(FRAME, Y), X).original is not None
        assert from_estimator(LinearRegression().fit(X, Y), FRAME).original is not None


def test_whole_numbers_flags_and_lists_are_numbers() -> None:
    """Integers, booleans and nested lists are taken as what they are."""
    rows = np.column_stack([np.arange(20) % 2 == 0, np.arange(20)])
    estimator = LinearRegression().fit(rows, np.arange(20.0))
    for given in (rows, rows.astype(int), rows.tolist(), pd.DataFrame({"a": rows[:, 0] == 1, "b": rows[:, 1]})):
        assert from_estimator(estimator, given).predict(rows) == pytest.approx(np.arange(20.0), abs=1e-12)


def unfitted_scaler() -> Any:
    """Return a pipeline whose model was fitted and whose scaler was not."""
    return Pipeline([("s", StandardScaler()), ("m", LinearRegression().fit(X, Y))])


KNOWN = "one of " + ", ".join(families._FAMILY_OF)
STEPS = "pipeline must be a StandardScaler and a linear model or perceptron, got"
FITTED = LinearRegression().fit(X, Y)
BAD_ESTIMATORS: dict[str, tuple[Any, str]] = {
    "unfitted": (LinearRegression(), 'estimator must be fitted: call its fit first, got "LinearRegression"'),
    "unfitted pipeline": (
        make_pipeline(StandardScaler(), Ridge()), 'estimator must be fitted: call its fit first, got "Ridge"'
    ),
    "unfitted scaler": (unfitted_scaler(), 'estimator must be fitted: call its fit first, got "LinearRegression"'),
    "two targets": (
        LinearRegression().fit(X, np.column_stack([Y, -Y])), 'estimator must be a model of one target, got "2 targets"'
    ),
    "another class": (RidgeCV().fit(X, Y), f'estimator must be {KNOWN}, got "RidgeCV"'),
    "another classifier": (Perceptron().fit(X, Y > 5), f'estimator must be {KNOWN}, got "Perceptron"'),
    "no model": (None, 'estimator must be fitted: call its fit first, got "NoneType"'),
    "another scaler": (
        make_pipeline(MinMaxScaler(), LinearRegression()).fit(X, Y), f'{STEPS} "MinMaxScaler → LinearRegression"'
    ),
    "three steps": (
        make_pipeline(StandardScaler(), MinMaxScaler(), Ridge()).fit(X, Y),
        f'{STEPS} "StandardScaler → MinMaxScaler → Ridge"',
    ),
    "one step": (make_pipeline(LinearRegression()).fit(X, Y), f'{STEPS} "LinearRegression"'),
    "a step left out": (
        Pipeline([("s", "passthrough"), ("m", LinearRegression())]).fit(X, Y), f'{STEPS} "str → LinearRegression"'
    ),
    "two scalers": (
        Pipeline([("s", StandardScaler()), ("m", StandardScaler())]).fit(X, Y),
        'estimator must be fitted: call its fit first, got "StandardScaler"',
    ),
    "sparse coefficients": (
        LogisticRegression(max_iter=5000).fit(X, Y > 5).sparsify(),
        'estimator must be one with dense coefficients: call densify first, got "sparse coefficients"',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_ESTIMATORS)
def test_an_estimator_that_cannot_be_taken_over_is_refused(name: str) -> None:
    """Each has its one message, in full."""
    estimator, message = BAD_ESTIMATORS[name]
    with pytest.raises(InvalidInput) as caught:
        from_estimator(estimator, X)
    assert str(caught.value) == message


def holed(value: float) -> Floats:
    """Return the rows with one cell replaced."""
    rows = X.copy()
    rows[7, 1] = value
    return rows


NUMBERS = "X must be a table of numbers, got"
BAD_ROWS: dict[str, tuple[Any, str]] = {
    "one row": (X[:1], 'X must be a table of at least two rows, got "shape (1, 3)"'),
    "flat": (X[0], 'X must be a table of at least two rows, got "shape (3,)"'),
    "nothing": (X[:0], 'X must be a table of at least two rows, got "shape (0, 3)"'),
    "two columns": (X[:, :2], 'X must be 3 columns, as in training, got "2 columns"'),
    "four columns": (np.column_stack([X, Y]), 'X must be 3 columns, as in training, got "4 columns"'),
    "NaN": (holed(np.nan), 'X must be a table of finite numbers, got "NaN or infinity"'),
    "infinity": (holed(-np.inf), 'X must be a table of finite numbers, got "NaN or infinity"'),
    "sparse": (sparse.csr_matrix(X), f'{NUMBERS} "csr_matrix"'),
    "text": ([["1", "2", "3"]] * 5, f'{NUMBERS} "list"'),
    "words": (pd.DataFrame({"a": ["x", "y"], "b": [1, 2], "c": [3, 4]}), f'{NUMBERS} "DataFrame"'),
    "dates": (np.full((3, 3), "2020-01-01", dtype="M8[D]"), f'{NUMBERS} "ndarray"'),
    "complex numbers": (X + 1j, f'{NUMBERS} "ndarray"'),
    "ragged": ([[1, 2, 3], [1, 2]], f'{NUMBERS} "list"'),
    "an endless number": ([[10**400, 1, 2]] * 2, f'{NUMBERS} "list"'),
    "None": (None, 'X must be a table of at least two rows, got "shape ()"'),
    "huge numbers": (
        X * 1e200,
        "columns must be numbers that are small enough to be squared: 64 bits hold no square of 1e155, "
        'got "x0"',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_ROWS)
def test_rows_that_do_not_fit_are_refused(name: str) -> None:
    """Wrong shapes, text, holes and sparse tables have one message each, and nothing warns."""
    rows, message = BAD_ROWS[name]
    with pytest.raises(InvalidInput) as caught:
        from_estimator(FITTED, rows)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "a", "b"], 'feature_names must be 3 different names, got "2 different names"'),
        (["a", "b"], 'feature_names must be 3 different names, got "2 different names"'),
        (["a", "b", "c", "d"], 'feature_names must be 3 different names, got "4 different names"'),
        ([], 'feature_names must be 3 different names, got "0 different names"'),
        ([1, "1", 2], 'feature_names must be 3 different names, got "2 different names"'),
        ("abc", 'feature_names must be a list of names, got "abc"'),
        (5, "feature_names must be a list of names, got 5"),
        (
            ["x" * 10_001, "b", "c"],
            'model must be one that a file can hold (the feature\'s name is too long), got "mine"',
        ),
        (
            ["\ud800", "b", "c"],
            'model must be one that a file can hold (the header is not in its canonical form), got "mine"',
        ),
    ],
)
def test_names_that_cannot_be_kept_are_refused(names: Any, message: str) -> None:
    """Equal, missing and endless names are refused when the model is made, not when its file is opened."""
    with pytest.raises(InvalidInput) as caught:
        from_estimator(FITTED, X, feature_names=names, label="mine")
    assert str(caught.value) == message


def test_equal_names_of_a_table_are_refused() -> None:
    """A DataFrame may have two columns of one name; a model may not."""
    with pytest.raises(InvalidInput) as caught:
        from_estimator(FITTED, pd.DataFrame(X, columns=["a", "a", "b"]))
    assert str(caught.value) == 'feature_names must be 3 different names, got "2 different names"'


@pytest.mark.parametrize("columns", [["c", "b", "a"], ["a", "b", "z"]])
def test_a_table_in_another_order_is_refused(columns: list[str]) -> None:
    """Columns that are not those of the training, in their order, would be taken for one another."""
    with pytest.raises(InvalidInput) as caught:
        from_estimator(LinearRegression().fit(FRAME, Y), pd.DataFrame(X, columns=columns))
    listed = ", ".join(columns)
    assert str(caught.value) == f'columns of X must be as in training: a, b, c, got "{listed}"'


def test_more_than_a_file_holds_is_refused() -> None:
    """501 features, 101 classes: refused when the model is made, with the reason."""
    draw = np.random.default_rng(0).normal(size=(510, 501))
    for estimator, rows, reason in (
        (Ridge().fit(draw, draw[:, 0]), draw, "the features do not have names of their own, or there are too many"),
        (
            LogisticRegression(max_iter=5000).fit(draw[:, :2], np.arange(510) % 101),
            draw[:, :2],
            "the classes are not those of such a model",
        ),
    ):
        with pytest.raises(InvalidInput) as caught:
            from_estimator(estimator, rows, label="mine")
        assert str(caught.value) == f'model must be one that a file can hold ({reason}), got "mine"'


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "![](http://x)",
    "=cmd|' /C calc'!A0",
    "__proto__",
    ":red[x]",
    "x" * 10_000,
    "</script><script>",
    "a\nb",
    "\u202etxt.exe",
    "",
    "😀",
    "prediction",
    "index",
]


@pytest.mark.parametrize("name", HOSTILE, ids=lambda n: shown(n)[:20])
def test_hostile_names_are_kept_literally(name: str, tmp_path: Path) -> None:
    """As feature, target, unit, label and class: every character comes back from the file, which opens and works."""
    y = np.where(Y > 5, name, "other")
    for estimator in (LinearRegression().fit(X, Y), LogisticRegression(max_iter=5000).fit(X, y)):
        path = tmp_path / "own.safetensors"
        kept = {"target": name, "unit": name, "label": name}
        from_estimator(estimator, X, feature_names=[name, "b", "c"], **kept).save(path)
        model = core.load(path)
        assert [f.name for f in model.features] == [f.label for f in model.features] == [name, "b", "c"]
        assert (model.target.name, model.target.unit, model.label) == (name, name, name)
        if model.classes:
            assert set(model.classes) == {name, "other"}
            assert set(model.predict(X).tolist()) == set(estimator.predict(X).tolist())
        trained = reopen(model)
        c = compare(trained, Scheme(bits=4))
        assert c.parameters[0].name == name
        assert core.load(model_file(trained, c).save(path)).variants == ("original", "quantized")


@pytest.mark.parametrize(("letters", "fits"), [(4_900, True), (5_100, False)])
def test_long_names_of_many_features_and_classes_are_refused(letters: int, fits: bool) -> None:
    """What a file of two megabytes could unfold to has a bound: the names of 10,000 parameters, 50 million letters."""
    made, draw = LogisticRegression(), np.random.default_rng(0)
    made.coef_, made.intercept_ = draw.normal(size=(100, 100)), np.zeros(100)
    made.classes_, made.n_features_in_ = np.arange(100), 100
    rows = draw.normal(size=(5, 100))
    names = [f"{i:0{letters}}" for i in range(100)]
    if fits:
        assert from_estimator(made, rows, feature_names=names).features[1].name == names[1]
        return
    with pytest.raises(InvalidInput) as caught:
        from_estimator(made, rows, feature_names=names, label="mine")
    assert str(caught.value) == (
        "model must be one that a file can hold "
        '(the names of features and classes are too long for so many of them), got "mine"'
    )


def test_long_names_of_a_degree_two_model_are_refused() -> None:
    """Two features make five columns, whose names hold each of theirs four times: beyond the bound it is refused."""
    made = [Preparation(("x" * 1000,) * 500, degree, "none", np.empty(0), np.empty(0)) for degree in (1, 2)]
    check_letters(made[0], [])
    with pytest.raises(ArtifactError, match=r"^the names of features and classes are too long for so many of them$"):
        check_letters(made[1], [])


@pytest.mark.parametrize("n", [3, 20, 90])
def test_no_row_is_in_the_file(n: int) -> None:
    """Neither as float64 nor as text: of the rows only sums and quantiles of each feature are kept."""
    rows = X[:n]
    estimator = make_pipeline(StandardScaler(), Ridge()).fit(rows, Y[:n])
    data = encode(from_estimator(estimator, rows))
    for row in rows:
        for pair in (row[:2], row[1:], row[:1].repeat(2)):
            assert pair.tobytes() not in data
            assert pair.astype(np.float32).tobytes() not in data
        assert ",".join(repr(float(v)) for v in row[:2]).encode() not in data
    other = encode(from_estimator(estimator, np.concatenate([rows, rows])))
    assert abs(len(other) - len(data)) < 200


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("k", [0, 2, 3])
def test_fidelity_is_an_r2_computed_from_the_rows(k: int, granularity: str) -> None:
    """What is shown of a model without rows is what its own rows give: R² of the twin's scores against its own."""
    unit = X / X.std(axis=0)
    estimator = LogisticRegression(max_iter=5000).fit(unit, classes_of(Y, k)) if k else Ridge().fit(unit, Y)
    trained = reopen(read_back(from_estimator(estimator, unit)))
    for method, bits in product(METHOD_NAMES, (2, 4)):
        c = compare(trained, Scheme(method, bits, granularity=granularity))
        before, after = (linear.scores(parts, unit) for parts in (trained.parts, c.decoded))
        weights = before.var(axis=0)
        expected = 1 - ((after - before) ** 2).mean(axis=0).sum() / weights.sum()
        assert c.fidelity == pytest.approx(expected, abs=1e-9)
        if not k:
            assert c.fidelity == pytest.approx(r2_score(before, after), abs=1e-9)


@pytest.mark.parametrize("k", [0, 2, 3])
def test_without_rows_everything_else_is_there(k: int) -> None:
    """Comparison, curve and findings work; what rests on test rows is absent, and a note says why."""
    estimator = LogisticRegression(max_iter=5000).fit(X, classes_of(Y, k)) if k else LinearRegression().fit(X, Y)
    trained = reopen(read_back(from_estimator(estimator, X, label="mine")))
    assert (trained.data, trained.config, trained.report.notes) == (None, None, (OUTSIDE,))
    assert trained.report.n_train == 90
    for method in METHOD_NAMES:
        c = compare(trained, Scheme(method, 4))
        assert c.experiment is None
        assert c.difference is None
        assert c.score("original") is c.score("quantized") is None
        assert (c.agreement.median, c.agreement.same, c.agreement.flipped) == (None, None, ())
        assert c.first == {"original": (), "quantized": ()}
        assert {y.score for y in c.yardsticks} == {None}
        assert c.sizes["quantized"].payload > 0
        assert effects(trained, c)
        assert abs(mean_shift(trained, c)) < 1e-4 * (1 + float(np.abs(trained.parts.values["intercept"]).max()))
        again = read_back(model_file(trained, c))
        assert again.variants == ("original", "quantized")
        assert again.quantized is not None
        assert compare(reopen(again), c.quantized.scheme, again.quantized).to_json() == c.to_json() | {
            "sizes": compare(reopen(again), c.quantized.scheme, again.quantized).to_json()["sizes"]
        }
    found = sweep(trained, METHOD_NAMES, ALL_BITS)
    assert {(p.test, p.test_loss, p.train) for p in found.points} == {(None, None, None)}
    assert all(p.fidelity is not None and p.fidelity <= 1 for p in found.points)
    with pytest.raises(InvalidInput, match=r"^cv must be left out for a model from outside, which has no rows, got 5$"):
        cross_validate(trained, Scheme())


def test_a_deployed_file_of_an_own_model_cannot_be_compared() -> None:
    """Without its original, or without its statistics, there is nothing to compare with and no recipe to make it."""
    pair = from_estimator(FITTED, X)
    trained = reopen(pair)
    bare = read_back(model_file(trained, compare(trained, Scheme())).only("quantized"))
    for model in (bare, read_back(pair.only("original"))):
        with pytest.raises(ArtifactError) as caught:
            reopen(model)
        assert str(caught.value) == ("the file holds no original with training statistics, and no recipe to make one")
    assert np.isfinite(bare.predict(X)).all()


@pytest.mark.parametrize("scaling", ["alone", "scaled"])
def test_it_can_be_quantised_with_the_statistics_of_its_rows(scaling: str) -> None:
    """Means and covariances in the file are those of the rows, so that sixteen bits lose next to nothing."""
    estimator = pipeline(SCALERS[scaling], Ridge()).fit(X, Y)
    model = read_back(from_estimator(estimator, X))
    assert model.moments is not None
    assert model.moments.mean == pytest.approx(X.mean(axis=0), rel=1e-14)
    assert model.moments.gram == pytest.approx(np.cov(X.T, bias=True), rel=1e-12)
    assert model.original is not None
    twin = core.dequantize(quantize(model.original, Scheme(bits=16), model.moments))
    assert families.predict(twin, X) == pytest.approx(estimator.predict(X), abs=1e-3 * Y.std())


@pytest.mark.parametrize(
    ("section", "value"),
    [("data", None), ("train", None)],
)
def test_half_a_recipe_is_refused(section: str, value: object) -> None:
    """A file has data and training, or neither."""
    from tests.support import pair_bytes

    def edit(header: dict[str, Any], arrays: dict[str, Any]) -> None:
        header[section] = value

    with pytest.raises(ArtifactError):
        decode(repack(pair_bytes(), edit))


def test_the_example_of_the_readme_in_five_lines(tmp_path: Path) -> None:
    """Fit, take over, save, load, predict: with the public names alone."""
    estimator = make_pipeline(StandardScaler(), LogisticRegression()).fit(FRAME, np.where(Y > 5, "high", "low"))
    path = core.from_estimator(estimator, FRAME, target="level", label="mine").save(tmp_path / "mine.safetensors")
    model = core.load(path)
    assert model.predict(X).tolist() == estimator.predict(FRAME).tolist()
    assert (model.target.name, model.label, model.classes) == ("level", "mine", ("high", "low"))
