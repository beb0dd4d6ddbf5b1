"""Training: the reference figures, the full rank, and data that make it hard."""

from __future__ import annotations

import io

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from core import families
from core.config import DataConfig, TrainConfig
from core.errors import InvalidInput
from core.evaluate import measure
from core.train import fit_rows, joblib_size, train
from tests.support import REGRESSORS, bundled, california, classes_of, digits, names, small, table, trained_on, words


@pytest.mark.parametrize("scaling", ["standard", "none"])
def test_the_figures_of_the_reference_systems_come_out(scaling: str) -> None:
    """Systems 000 (standardised) and 001 (raw) state these figures for the same model, to four digits."""
    trained = california(scaling=scaling)
    found = measure(trained, trained.parts)
    test, train_ = found["test"], found["train"]
    assert [f"{test[n]:.4f}" for n in ("r2", "rmse", "mae")] == ["0.5758", "0.7456", "0.5332"]
    assert [f"{train_[n]:.4f}" for n in ("r2", "rmse", "mae")] == ["0.6126", "0.7197", "0.5286"]
    assert (trained.report.n_train, trained.report.n_test) == (16512, 4128)
    assert (trained.report.rank, trained.report.n_columns) == (8, 8)


def test_the_coefficients_of_the_reference_systems_come_out() -> None:
    """System 001 prints its raw coefficients, intercept and first five predictions; ours are the same."""
    trained = california(scaling="none")
    coef = trained.parts.values["coef"][0]
    assert [f"{w:.4f}" for w in coef] == [
        "0.4487", "0.0097", "-0.1233", "0.7831", "-0.0000", "-0.0035", "-0.4198", "-0.4337",
    ]  # fmt: skip
    assert f"{trained.parts.values['intercept'][0]:.4f}" == "-37.0233"
    columns, _ = trained.columns("test")
    first = families.predict(trained.parts, columns)[:5]
    assert [f"{p:.3f}" for p in first] == ["0.719", "1.764", "2.710", "2.839", "2.605"]


@pytest.mark.parametrize("scaling", ["standard", "none"])
def test_degree_two_uses_every_direction(scaling: str) -> None:
    """On raw products scikit-learn's own tolerance drops directions; ours keeps all 44 and says so."""
    trained = california(scaling=scaling, degree=2)
    assert f"{measure(trained, trained.parts)['test']['r2']:.6f}" == "0.645682"
    assert (trained.report.rank, trained.report.n_columns) == (44, 44)
    assert trained.report.notes == ()


def test_scikit_learns_own_tolerance_would_have_lost_directions() -> None:
    """The reason for setting the tolerance: with the library's default the raw fit has lower rank."""
    columns, y = california(scaling="none", degree=2).columns("train")
    assert LinearRegression().fit(columns, y).rank_ < 44


@pytest.mark.parametrize("model", REGRESSORS)
def test_every_model_trains_on_the_bundled_data(model: str) -> None:
    """Each model with its defaults explains more than half of the variance of unseen rows."""
    trained = california(model)
    r2 = measure(trained, trained.parts)["test"]["r2"]
    assert r2 is not None
    assert r2 > 0.55
    assert trained.report.notes == ()
    assert trained.report.seconds > 0


def test_the_same_experiment_gives_the_same_numbers() -> None:
    """Training twice gives bit for bit the same model."""
    first, second = california(), train(DataConfig(), TrainConfig())
    assert first is not second
    for name in ("coef", "intercept"):
        assert np.array_equal(first.parts.values[name], second.parts.values[name])


def test_another_seed_gives_another_split() -> None:
    """The seed decides which rows are test rows, the share how many."""
    other = train(DataConfig(test_size=0.3, seed=1), TrainConfig())
    assert other.report.n_test == 6192
    assert not np.array_equal(other.rows("test")[1][:100], california().rows("test")[1][:100])


def test_test_rows_have_no_part_in_the_model() -> None:
    """Changing every test row changes no number of the fitted model."""
    X, y = table()
    trained = trained_on(X, y)
    seen = np.isin(y, trained.rows("train")[1])
    X[~seen], y[~seen] = 1e6, -1e6
    again = trained_on(X, y)
    assert np.array_equal(again.parts.values["coef"], trained.parts.values["coef"])
    assert np.array_equal(again.moments.gram, trained.moments.gram)
    assert np.array_equal(again.sketch, trained.sketch)


@pytest.mark.parametrize("share", [1e-9, 4e-5, 0.99999, 1 - 1e-12])
def test_too_few_rows_are_refused(share: float) -> None:
    """A share that leaves fewer than two rows on either side is refused, with the share that came."""
    with pytest.raises(InvalidInput, match=r"^test_size must be a share that leaves 2 rows on either side, got "):
        train(DataConfig(test_size=share), TrainConfig())


def test_two_test_rows_are_enough() -> None:
    """The smallest allowed test set still gives a model."""
    assert train(DataConfig(test_size=9e-5), TrainConfig()).report.n_test == 2


@pytest.mark.parametrize("scaling", ["standard", "none"])
@pytest.mark.parametrize("dependent", ["twice", "sum", "constant", "large constant"])
def test_dependent_columns_are_counted_and_do_no_harm(dependent: str, scaling: str) -> None:
    """A column that others give is no direction of its own: the rank says so, and so does a note."""
    X, y = table(p=2)
    same = np.ones(len(X))
    kinds = {
        "twice": X[:, 0],
        "sum": X.sum(axis=1),
        "constant": 3.7 * same,
        "large constant": 1e12 / 7 * same,
    }
    extra = kinds[dependent]
    f = fit_rows(np.column_stack([X, extra]), y, names(3), TrainConfig(scaling=scaling))
    plain = fit_rows(X, y, names(2), TrainConfig(scaling=scaling))
    assert f.rank == 2
    assert f.notes == ("Only 2 of 3 columns are independent on these rows.",)
    ours = families.predict(f.parts, np.column_stack([X, extra]))
    # Two ways to the same least-squares predictions; rounding of the extra column's size comes on top.
    size = np.abs(f.parts.values["coef"][0, 2] * extra).max()
    assert ours == pytest.approx(families.predict(plain.parts, X), rel=1e-9, abs=1e-12 * size)


@pytest.mark.parametrize("model", REGRESSORS)
def test_columns_without_any_variation_give_the_mean(model: str) -> None:
    """When no column varies the prediction is the mean of the targets."""
    y = np.arange(20.0)
    f = fit_rows(np.full((20, 2), 0.3), y, names(2), TrainConfig(model))
    assert f.rank == 0
    assert families.predict(f.parts, np.full((1, 2), 0.3))[0] == pytest.approx(y.mean(), rel=1e-12)


def test_fewer_rows_than_columns_are_fitted_and_said() -> None:
    """Three rows of five columns have two directions; the fit goes through the rows."""
    X, y = table(3, 5)
    f = fit_rows(X, y, names(5), TrainConfig())
    assert f.rank == 2
    assert families.predict(f.parts, X) == pytest.approx(y, rel=1e-9)


@pytest.mark.parametrize("model", ["lasso", "elastic_net"])
def test_a_solver_that_stops_early_is_reported(model: str) -> None:
    """Too few rounds give a note in plain words, and no warning escapes."""
    config = TrainConfig(model, degree=2, params=(("alpha", 1e-6), ("max_iter", 10)))
    f = fit_rows(*table(), names(3), config)
    assert any(note.startswith("The solver stopped before it had converged") for note in f.notes)


def test_the_sketch_holds_the_quantiles_of_the_training_rows() -> None:
    """Each feature has 21 quantiles, smallest and largest included."""
    trained = small()
    rows, _ = trained.rows("train")
    assert trained.sketch.shape == (3, 21)
    assert trained.sketch[:, 0].tolist() == rows.min(axis=0).tolist()
    assert trained.sketch[:, -1].tolist() == rows.max(axis=0).tolist()
    assert trained.sketch[:, 10] == pytest.approx(np.median(rows, axis=0), rel=1e-12)


def test_the_joblib_size_is_that_of_the_file_people_would_write() -> None:
    """The yardstick is what joblib really writes for the estimator."""
    f = fit_rows(*table(), names(3), TrainConfig())
    buffer = io.BytesIO()
    joblib.dump(f.estimator, buffer)
    assert joblib_size(f.estimator) == len(buffer.getvalue())


@pytest.mark.parametrize(
    ("name", "rows", "accuracy"),
    [("digits", (1437, 360), "0.9722"), ("wine", (142, 36), "0.9722"), ("breast_cancer", (455, 114), "0.9825")],
)
def test_the_classifiers_of_the_bundled_tables(name: str, rows: tuple[int, int], accuracy: str) -> None:
    """Rows and test accuracy of each table with the defaults are those of plain scikit-learn."""
    trained = bundled(DataConfig(name), TrainConfig("logistic"))
    assert (trained.report.n_train, trained.report.n_test) == rows
    assert f"{measure(trained, trained.parts)['test']['accuracy']:.4f}" == accuracy
    assert trained.parts.meta["classes"] == trained.dataset.classes
    (X, y), (X_test, y_test) = trained.rows("train"), trained.rows("test")
    theirs = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(X, y)
    assert f"{theirs.score(X_test, y_test):.4f}" == accuracy


def test_the_figures_of_diabetes_come_out() -> None:
    """Test R² 0.452603 and training R² 0.527919 on its own units, as measured on the scaled ones."""
    trained = bundled(DataConfig("diabetes"), TrainConfig())
    found = measure(trained, trained.parts)
    assert (f"{found['test']['r2']:.6f}", f"{found['train']['r2']:.6f}") == ("0.452603", "0.527919")
    assert (trained.report.n_train, trained.report.n_test) == (353, 89)


def test_constant_pixels_are_no_direction() -> None:
    """Three of the 64 pixels never carry ink: 61 directions remain, their coefficients are 0, and a note says so."""
    trained = digits()
    constant = np.ptp(trained.rows("train")[0], axis=0) == 0
    assert constant.sum() == 3
    assert trained.report.rank == 61
    assert trained.report.notes == ("Only 61 of 64 columns are independent on these rows.",)
    assert not trained.parts.values["coef"][:, constant].any()


@pytest.mark.parametrize("scaling", ["standard", "none"])
@pytest.mark.parametrize("classes", [2, 3])
def test_classes_without_any_variation_give_their_shares(classes: int, scaling: str) -> None:
    """When no column varies each class has the probability of its share of the rows, to the solver's tolerance."""
    y = classes_of(np.arange(21.0), classes)
    f = fit_rows(np.full((21, 2), 0.3), y, names(2), TrainConfig("logistic", scaling), words(classes))
    assert f.rank == 0
    found = families.outputs(f.parts, np.full((1, 2), 0.3))[0]
    assert found == pytest.approx(np.bincount(y.astype(int)) / 21, abs=1e-3)


def test_rows_without_one_of_the_classes_are_refused() -> None:
    """A classifier is fitted on rows of all its classes or not at all."""
    X, y = table()
    with pytest.raises(InvalidInput, match=r'^rows must be rows of all 3 classes, got "2 classes"$'):
        fit_rows(X, classes_of(y, 2), names(3), TrainConfig("logistic"), words(3))


@pytest.mark.parametrize("params", [(("C", 0.01),), (("C", 100.0),), (("solver", "newton-cg"),), (("max_iter", 5),)])
def test_settings_of_the_classifier_reach_the_estimator(params: tuple[tuple[str, float | str], ...]) -> None:
    """Penalty, solver and limit are those of the estimator; one that stops early says so."""
    X, y = table()
    f = fit_rows(X, classes_of(y, 3), names(3), TrainConfig("logistic", params=params), words(3))
    made = f.estimator[-1].get_params()
    assert made.items() >= dict(params).items()
    stopped = any(note.startswith("The solver stopped before it had converged") for note in f.notes)
    assert stopped == (params == (("max_iter", 5),))


def test_a_smaller_c_makes_smaller_coefficients() -> None:
    """The penalty pulls towards zero, more so for smaller C."""
    X, y = table()
    sizes = [
        float(np.abs(fit_rows(X, classes_of(y, 3), names(3), TrainConfig("logistic", params=(("C", c),)), words(3))
                     .parts.values["coef"] @ np.diag(X.std(axis=0))).sum())
        for c in (100.0, 1.0, 0.01)
    ]  # fmt: skip
    assert sizes == sorted(sizes, reverse=True)
