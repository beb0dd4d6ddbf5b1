"""Gaps, texts and scaling: the columns and the models that scikit-learn's own transformers make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

from core import families
from core.config import TrainConfig
from core.errors import InvalidInput
from core.parts import Floats
from core.prepare import (
    MOST_CATEGORIES,
    MOST_COLUMNS,
    REACH,
    Preparation,
    check_missing,
    fit,
    from_json,
    preparation,
    sketch,
)
from core.train import fit_rows
from tests.own_tables import WORDS, mixed_table
from tests.support import FORMULAS, classes_of, names, words


@dataclass(frozen=True)
class Case:
    """Training rows and others, numbers first and then texts; `categories` are those of every column."""

    train: Floats
    new: Floats
    categories: tuple[tuple[str, ...], ...]

    @property
    def n_numbers(self) -> int:
        """How many columns are numbers."""
        return sum(not c for c in self.categories)

    def cells(self, rows: Floats) -> Any:
        """Return the rows as scikit-learn takes them: numbers, and texts as texts, a gap as NaN."""
        found = rows.astype(object)
        for i in range(self.n_numbers, rows.shape[1]):
            known = self.categories[i]
            found[:, i] = [v if v != v else "elsewhere" if v < 0 else known[int(v)] for v in rows[:, i]]
        return found


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Return rows with gaps, constant and empty columns, texts that training never saw."""
    n, p, texts = draw(st.integers(4, 25)), draw(st.integers(1, 4)), draw(st.integers(0, 2))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    numbers = random.normal(size=(n + 8, p)) * 10.0 ** random.integers(-3, 4, p) + random.integers(-5, 6, p)
    numbers[:, random.random(p) < 0.2] = 3.25
    numbers[random.random(numbers.shape) < draw(st.sampled_from([0, 0.1, 0.5]))] = np.nan
    numbers[:n, random.random(p) < 0.1] = np.nan
    codes = random.integers(0, draw(st.integers(1, 4)), (n + 8, texts)).astype(np.float64)
    codes[random.random(codes.shape) < draw(st.sampled_from([0, 0.3]))] = np.nan
    codes[n:][random.random((8, texts)) < 0.3] = -1
    codes[n:][random.random((8, texts)) < 0.1] = 3
    rows = np.column_stack([numbers, codes])
    return Case(rows[:n], rows[n:], ((),) * p + (WORDS,) * texts)


def theirs(case: Case, degree: int, impute: str, fill: float, indicator: bool, scaled: bool = False) -> Any:
    """Return scikit-learn's transformers for the same columns, not yet fitted."""
    numbers, texts = slice(0, case.n_numbers), slice(case.n_numbers, None)
    steps = [SimpleImputer(strategy=impute, fill_value=fill, keep_empty_features=True),
             PolynomialFeatures(degree, include_bias=False), *([StandardScaler()] if scaled else [])]  # fmt: skip
    marks = [("marks", MissingIndicator(error_on_new=False), numbers)] if indicator else []
    onehot = [("texts", OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts)]
    as_floats = [(name, make_pipeline(made), where) for name, made, where in marks]
    return ColumnTransformer(
        [("numbers", make_pipeline(*steps), numbers), *as_floats, *(onehot if len(case.categories) > case.n_numbers else [])]
    )  # fmt: skip


CHOICES = (st.sampled_from([1, 2]), st.sampled_from(["median", "constant"]), st.booleans())


@FORMULAS
@given(cases(), *CHOICES)
def test_columns_are_those_of_scikit_learn(case: Case, degree: int, impute: str, indicator: bool) -> None:
    """Filled numbers, products, marks of gaps and categories: on training rows and on others, to the last bit."""
    made, columns = fit(case.train, names(len(case.categories)), degree, "none", categories=case.categories,
                        impute=impute, fill=-7.5, indicator=indicator)  # fmt: skip
    other = theirs(case, degree, impute, -7.5, indicator)
    assert np.array_equal(columns, other.fit_transform(case.cells(case.train)).astype(float))
    assert np.array_equal(made.expand(case.new), other.transform(case.cells(case.new)).astype(float))
    assert made.n_columns == len(made.columns) == columns.shape[1]
    assert len(set(made.columns)) == made.n_columns


@FORMULAS
@given(cases(), *CHOICES)
def test_statistics_and_json_are_those_of_the_columns(case: Case, degree: int, impute: str, indicator: bool) -> None:
    """Mean and deviation of every column are those of `StandardScaler`; the JSON text gives everything back."""
    made, columns = fit(case.train, names(len(case.categories)), degree, "standard", categories=case.categories,
                        impute=impute, indicator=indicator)  # fmt: skip
    scaler = StandardScaler().fit(columns)
    near = 1e-12 * np.abs(columns).max(axis=0) + 1e-300
    assert (np.abs(made.mean - scaler.mean_) <= near).all()
    varies = np.ptp(columns, axis=0) > 1e-9 * np.abs(columns).max(axis=0)
    assert made.scale[varies] == pytest.approx(scaler.scale_[varies], rel=1e-6)
    assert (made.scale[np.ptp(columns, axis=0) == 0] == 1).all()
    back = from_json(made.to_json(), made.mean, made.scale)
    assert back.to_json() == made.to_json()
    assert back.columns == made.columns
    assert np.array_equal(back.expand(case.new), made.expand(case.new))


@pytest.mark.parametrize("scaling", ["standard", "none"])
@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("classes", [0, 3])
def test_models_are_those_of_scikit_learn(classes: int, degree: int, scaling: str) -> None:
    """Ridge and logistic regression answer as a pipeline that scales the numbers and leaves the categories alone."""
    data = mixed_table(400)
    rows, y = data.X[:, [0, 2, 3, 1]], classes_of(data.y, classes) if classes else data.y
    case = Case(rows[:300], rows[300:], ((), (), (), WORDS))
    last: Any = LogisticRegression(max_iter=20_000, tol=1e-8) if classes else Ridge()
    if classes and scaling == "none" and degree == 2:
        pytest.skip("on raw products neither solver converges, and both say so")
    pipeline = make_pipeline(theirs(case, degree, "median", 0, False, scaling == "standard"), last)
    pipeline.fit(case.cells(case.train), y[:300])
    config = TrainConfig("logistic" if classes else "ridge", scaling, degree, impute="median",
                         params=(("max_iter", 10_000),) if classes else ())  # fmt: skip
    f = fit_rows(case.train, y[:300], names(4), config, words(classes) if classes else (), case.categories)
    found = families.outputs(f.parts, f.preparation.expand(case.new))
    cells = case.cells(case.new)
    # Classes: both stop where the gradient is below their tolerance, which is 1e-4 for ours.
    expected = pipeline.predict_proba(cells) if classes else pipeline.predict(cells)
    assert found == pytest.approx(expected, **({"abs": 2e-2} if classes else {"rel": 1e-8}))
    assert all(note.endswith("The columns of a text always add up to 1.") for note in f.notes)


def test_the_order_and_the_names_of_the_columns() -> None:
    """Numbers, ratios, products, marks, categories in the order of the table, and what was missing of a text."""
    data = mixed_table()
    made, columns = fit(data.X, data.feature_names, 2, "none", categories=data.categories, impute="median",
                        indicator=True, engineered=("r=f2/f0",))  # fmt: skip
    assert made.columns == (
        "f0", "f2", "f3", "r", "f0·f0", "f0·f2", "f0·f3", "f0·r", "f2·f2", "f2·f3", "f2·r", "f3·f3", "f3·r", "r·r",
        "f0 missing", "f2 missing", "f1=east", "f1=north", "f1=south", "f1=west", "f1 missing",
    )  # fmt: skip
    assert np.array_equal(columns[:, 14], np.isnan(data.X[:, 0]))
    assert np.array_equal(columns[:, 20], np.isnan(data.X[:, 1]))
    assert (columns[:, 16:].sum(axis=1) == 1).all()


def test_only_what_training_rows_show_becomes_a_column() -> None:
    """Categories and gaps that only other rows have get none; there all columns of the text are 0."""
    rows = np.array([[1.0, 0.0], [2.0, 2.0], [4.0, 0.0]])
    made, _ = fit(rows, ("a", "b"), 1, "none", categories=((), WORDS), impute="median", indicator=True)
    assert made.columns == ("a", "b=east", "b=south")
    new = np.array([[np.nan, 1.0], [5.0, np.nan], [6.0, -1.0], [7.0, 2.0]])
    assert made.expand(new).tolist() == [[2, 0, 0], [5, 0, 0], [6, 0, 0], [7, 0, 1]]
    assert dict(made.codes[1]) == {"east": 0, "south": 2}
    assert made.may_miss == (True, True)


def test_a_column_that_is_empty_in_training_teaches_nothing() -> None:
    """It is filled with 0 everywhere, its coefficient is none, and a note says so."""
    data = mixed_table()
    X = data.X.copy()
    X[:, 2] = np.nan
    f = fit_rows(X, data.y, data.feature_names, TrainConfig(impute="median"), (), data.categories)
    assert f.preparation.fills[1] == 0
    # Up to the rounding of the other coefficients, a few of which are near 1.
    assert abs(f.parts.values["coef"][0, 1]) < 1e-14
    assert "Features without a value on any of these rows, from which nothing is learnt: 1." in f.notes


@pytest.mark.parametrize(
    ("gaps", "counted"),
    [
        ([(0, 0)], '1 missing in "a"'),
        ([(0, 0), (3, 0), (1, 2)], '2 missing in "a" and more in 1 other column'),
        ([(1, 2), (2, 2), (0, 0), (0, 3)], '1 missing in "a" and more in 2 other columns'),
    ],
)
def test_missing_numbers_that_nothing_fills_are_refused(gaps: list[tuple[int, int]], counted: str) -> None:
    """The message counts them and names the first column; a missing text needs nothing."""
    rows, features = np.zeros((5, 4)), ("a", "b", "c", "d")
    rows[:, 1] = np.nan
    for row, column in gaps:
        rows[row, column] = np.nan
    categories = ((), ("x",), (), ())
    with pytest.raises(InvalidInput) as caught:
        fit(rows, features, 1, "none", categories=categories)
    assert str(caught.value) == (f'impute must be median or constant where numbers are missing ({counted}), got "none"')
    check_missing(rows, features, categories, "median")
    check_missing(rows[4:], features, categories, "none")


def test_complete_tables_are_written_as_ever() -> None:
    """Without gaps, texts and ratios the JSON has its three fields, and a missing value has no place."""
    made, _ = fit(np.arange(8.0).reshape(4, 2), ("a", "b"), 1, "standard")
    assert made.to_json() == {"features": ["a", "b"], "degree": 1, "scaling": "standard"}
    assert made.may_miss == (False, False)
    assert (made.fills, made.missing, made.texts, made.n_flags) == ((), (), (), 0)


def test_a_model_of_texts_alone() -> None:
    """Without any number there is nothing to scale or multiply, and the categories are the columns."""
    codes = np.array([0.0, 1, 2, 0, 1, 2])[:, None]
    y = np.array([1.0, 5, 9, 1, 5, 9])
    for scaling, degree in (("standard", 1), ("none", 2)):
        f = fit_rows(codes, y, ("a",), TrainConfig("linear", scaling, degree), (), (WORDS,))
        assert f.preparation.columns == ("a=east", "a=north", "a=south")
        found = families.outputs(f.parts, f.preparation.expand(np.array([[0.0], [1], [2], [3], [np.nan]])))
        # Of an unknown word nothing is known but the intercept, here the mean.
        assert found == pytest.approx([1, 5, 9, 5, 5], abs=1e-12)


@pytest.mark.parametrize(
    ("width", "degree", "count"),
    [(MOST_COLUMNS + 1, 1, MOST_COLUMNS + 1), (70, 2, 70 * 73 // 2), (10**5, 2, 5000150000)],
)
def test_too_many_columns_are_refused_before_they_are_made(width: int, degree: int, count: int) -> None:
    """The number is counted, not listed."""
    with pytest.raises(InvalidInput) as caught:
        fit(np.zeros((2, width)), names(width), degree, "none")
    assert str(caught.value) == (
        f"columns must be 1 to 2,500 in number (degree 2, ratios and categories add to them), got {count}"
    )


@pytest.mark.parametrize(("size", "degree", "column"), [(1e155, 1, "b"), (1e80, 2, "b·b"), (1.7e308, 2, "b")])
def test_numbers_that_cannot_be_squared_are_refused(size: float, degree: int, column: str) -> None:
    """No scale could be computed of them, and no warning is left behind."""
    rows = np.column_stack([np.arange(9.0), size * (np.arange(-4, 5) / 4)])
    with pytest.raises(InvalidInput) as caught:
        fit(rows, ("a", "b"), degree, "none")
    assert str(caught.value) == f'columns must be {REACH}, got "{column}"'


def test_rows_times_columns_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that fits can have too many products."""
    monkeypatch.setattr(preparation, "MOST_VALUES", 100)
    fit(np.zeros((20, 2)), names(2), 2, "none")
    with pytest.raises(InvalidInput) as caught:
        fit(np.zeros((21, 2)), names(2), 2, "none")
    assert str(caught.value) == "rows must be few enough for 5 columns: at most 20, got 21"


def test_a_text_that_training_never_saw_at_all_leaves_no_column() -> None:
    """A model of nothing is refused."""
    with pytest.raises(InvalidInput, match=r"^columns must be 1 to 2,500 in number .*, got 0$"):
        fit(np.full((3, 1), -1.0), ("a",), 1, "none", categories=(WORDS,))


def test_too_many_categories_are_refused() -> None:
    """More than a file may hold is refused where the model is made."""
    many = tuple(str(i) for i in range(MOST_CATEGORIES + 1))
    with pytest.raises(InvalidInput) as caught:
        fit(np.zeros((3, 1)), ("a",), 1, "none", categories=(many,))
    assert str(caught.value) == "categories of a must be at most 100 different texts, got 101"


@pytest.mark.parametrize(
    ("features", "categories", "ratios", "twice"),
    [
        (("a", "b", "a·a"), (), (), "a·a twice"),
        (("a", "b", "a/b"), (), ("a/b",), "a/b twice"),
        (("a", "a missing", "b"), (), (), "a missing twice"),
        (("b=east", "c", "b"), ((), (), WORDS), (), "b=east twice"),
    ],
)
def test_columns_have_names_of_their_own(
    features: tuple[str, ...], categories: tuple[tuple[str, ...], ...], ratios: tuple[str, ...], twice: str
) -> None:
    """A name that our own columns would take a second time is refused."""
    rows = np.array([[np.nan, 1, 0], [2, 3, 1], [4, 5, 0]])
    with pytest.raises(InvalidInput) as caught:
        fit(rows, features, 2, "none", categories=categories, impute="median", indicator=True, engineered=ratios)
    assert str(caught.value) == f'columns must be of different names: rename a feature or a ratio, got "{twice}"'


def test_the_sketch_passes_over_gaps() -> None:
    """Quantiles of numbers are of those that are there; of a text they are numbers of its categories."""
    data = mixed_table()
    found = sketch(data.X, data.categories)
    for i in (0, 2, 3):
        assert np.array_equal(found[i], np.nanquantile(data.X[:, i], np.linspace(0, 1, 21)))
    assert np.isin(found[1], [0, 1, 2, 3]).all()
    assert (found[1, 0], found[1, -1]) == (0, 3)
    assert sketch(np.full((3, 1), np.nan)).tolist() == [[0.0] * 21]


@pytest.mark.parametrize("bad", [0.5, 4.0, -2.0, 1e300])
def test_a_row_holds_numbers_of_categories(bad: float) -> None:
    """A code that is none is refused with the feature's name; -1 and a gap are not."""
    made, _ = fit(np.array([[0.0], [1.0]]), ("a",), 1, "none", categories=(WORDS,))
    made.check_codes(np.array([[-1.0], [np.nan], [3.0]]))
    with pytest.raises(InvalidInput) as caught:
        made.check_codes(np.array([[0.0], [bad]]))
    assert str(caught.value) == f"a must be the number of a category, from 0 to 3, or -1 for any other text, got {bad}"


def test_shares_are_those_of_the_training_rows() -> None:
    """Each category's share, and that of the gaps, add up to all rows; unseen categories have share 0."""
    codes = np.array([0.0, 0, 2, np.nan, 2, 2, 0, 0])[:, None]
    made, _ = fit(codes, ("a",), 1, "none", categories=(WORDS,))
    assert made.texts[0].shares == (0.5, 0, 0.375, 0)
    assert made.missing == (0.125,)
    assert isinstance(made, Preparation)
