"""A table of the user's own: trained on, quantised, kept in a file, opened again; system 002's baselines."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest

from core import families
from core.artifact import Model, decode, encode, from_trained
from core.artifact import model as artifact_model
from core.artifact.reopen import AWAY, DIFFERS, REBUILT, reopen
from core.config import DataConfig, TrainConfig, own_data, starting
from core.datasets import split
from core.datasets.own import own_dataset
from core.errors import ArtifactError, InvalidInput
from core.evaluate import compare, cross_validate, measure, model_file
from core.prepare import REACH, preparation
from core.quant import METHODS, Scheme
from core.sweep import sweep
from core.tables import propose, read
from core.train import train, train_on
from tests.own_tables import HOUSING, housing, mixed, mixed_table

KNOWN = ("rooms_per_household", "bedrooms_per_room", "population_per_household")


@pytest.mark.parametrize(
    ("model", "scaling", "ratios", "rmse"),
    [
        ("linear", "standard", (), "70059.193339"),
        ("linear", "none", (), "70059.193339"),
        ("ridge", "standard", (), "70066.021121"),
        ("ridge", "none", (), "70068.869725"),
        ("linear", "standard", KNOWN, "72701.326008"),
        ("linear", "none", KNOWN, "72701.326008"),
    ],
)
def test_the_baselines_of_system_002_come_out(model: str, scaling: str, ratios: tuple[str, ...], rmse: str) -> None:
    """With and without its engineered features, its figures in dollars, to a millionth."""
    data = housing()
    trained = train_on(data, own_data(data), TrainConfig(model, scaling, impute="median", ratios=ratios))
    assert f"{measure(trained, trained.parts)['test']['rmse']:.6f}" == rmse
    assert (trained.report.n_train, trained.report.n_test) == (16512, 4128)
    assert trained.preparation.n_flags == 5


def test_the_file_of_system_002_read_by_ourselves_is_the_same_table() -> None:
    """The reader's table, with its own proposal, has the features and the rows that plain Python finds."""
    data = housing()
    table = read(HOUSING.read_bytes(), "housing.csv")
    found = propose(table)
    made = own_dataset(table, found.target, found.task, found.features, "housing.csv")
    assert made.sha256 == data.sha256
    assert np.array_equal(made.X, data.X, equal_nan=True)
    assert np.array_equal(made.y, data.y)
    assert (made.feature_names, made.categories) == (data.feature_names, data.categories)
    assert own_data(made) == own_data(data)
    assert starting(made) == TrainConfig(impute="median")


TABLE = b"""\
name;size;kind;old;amount
a;1,5;x;true;10
b;2,5;y;false;20
c;;x;;30
d;4,5;;true;40
""" + b"".join(f"n{i};{i},25;{'xyz'[i % 3]};{'true' if i % 2 else 'false'};{i * 10}\n".encode() for i in range(5, 40))


def test_columns_of_a_table_become_features() -> None:
    """Numbers and flags as they are, texts as the numbers of their categories, gaps as NaN; classes by name."""
    table = read(TABLE)
    made = own_dataset(table, "amount", "regression", ["kind", "size", "old"], "mine")
    assert [(f.name, f.categories, f.flag, f.low, f.high) for f in made.features] == [
        ("kind", ("x", "y", "z"), False, 0, 2),
        ("size", (), False, 1.5, 39.25),
        ("old", (), True, 0, 1),
    ]
    assert np.array_equal(made.X[:4], [[0, 1.5, 1], [1, 2.5, 0], [0, np.nan, np.nan], [np.nan, 4.5, 1]], equal_nan=True)
    assert made.y[:4].tolist() == [10, 20, 30, 40]
    assert (made.name, made.label, made.task, made.classes) == ("own", "mine", "regression", ())


def test_targets_of_a_table_become_classes() -> None:
    """Texts, flags and whole numbers are classes under their own names, in order."""
    rows = "".join(
        f"{i},{'north' if i % 3 else 'east'},{'true' if i % 2 else 'False'},{i % 3 - 1}\n" for i in range(30)
    )
    table = read(f"a,word,flag,number\n{rows}".encode())
    for name, classes in (("word", ("east", "north")), ("flag", ("false", "true")), ("number", ("-1", "0", "1"))):
        made = own_dataset(table, name, "classification", ["a"], "mine")
        assert made.classes == classes
        written = [classes[int(k)] for k in made.y]
        assert written[:3] == {
            "word": ["east", "north", "north"], "flag": ["false", "true", "false"], "number": ["-1", "0", "1"]
        }[name]  # fmt: skip
        trained = train_on(made, own_data(made), starting(made))
        assert trained.parts.meta["classes"] == classes


def test_what_cannot_be_learnt_is_refused_with_the_readers_words() -> None:
    """The checks of a target and features are made once more where the data set is made."""
    with pytest.raises(InvalidInput, match=r'^features must be columns other than the target, got "amount"$'):
        own_dataset(read(TABLE), "amount", "regression", ["amount"], "mine")


@pytest.mark.parametrize("model", ["linear", "ridge", "logistic"])
def test_gaps_and_texts_go_through_everything(model: str) -> None:
    """Comparison, sweep, cross-validation and codes of every method: all figures are numbers."""
    trained = mixed(model)
    for method in METHODS:
        c = compare(trained, Scheme(method, 4))
        for variant in ("original", "quantized"):
            for part in ("train", "test"):
                figures = [v for v in c.metrics[variant][part].values() if isinstance(v, float)]
                assert np.isfinite(figures).all()
    found = sweep(trained, list(METHODS), (2, 8))
    assert all(p.test is not None and np.isfinite(p.test) for p in found.points)
    for figures in cross_validate(trained, Scheme(), 3).values():
        assert np.isfinite(list(figures.values())).all()


def test_a_fold_without_a_category_is_no_obstacle() -> None:
    """Three rows have the rarest word; whichever fold lacks it has one column less, and goes on."""
    data = mixed_table()
    assert (data.X[:, 1] == 3).sum() == 3
    trained = train_on(data, own_data(data), TrainConfig("ridge", impute="median", indicator=True))
    assert np.isfinite(cross_validate(trained, Scheme(), 10)["original"]["r2_mean"])


def test_every_number_rests_on_training_rows_alone() -> None:
    """Test rows that are emptied, or moved far away, change nothing of the preparation and the model."""
    data = mixed_table()
    config = TrainConfig("ridge", impute="median", indicator=True, ratios=("f2/f0",))
    trained = train_on(data, own_data(data), config)
    _, test = split(data, 0.2, 42)
    X, y = data.X.copy(), data.y.copy()
    X[test], y[test] = [np.nan, 1.0, 1e6, 1e6], -1e6
    again = train_on(replace(data, X=X, y=y), own_data(data), config)
    assert again.preparation.to_json() == trained.preparation.to_json()
    assert np.array_equal(again.parts.values["coef"], trained.parts.values["coef"])
    assert np.array_equal(again.sketch, trained.sketch)


def test_missing_numbers_in_test_rows_are_no_surprise_later() -> None:
    """A gap anywhere in the table needs a decision, also when no training row has one."""
    data = mixed_table()
    X = np.where(np.isnan(data.X), 1.0, data.X)
    X[split(data, 0.2, 42)[1][0], 3] = np.nan
    data = replace(data, X=X)
    with pytest.raises(InvalidInput, match=r'^impute must be median or constant .* \(1 missing in "f3"\), got "none"$'):
        train_on(data, own_data(data), TrainConfig())
    trained = train_on(data, own_data(data), TrainConfig(impute="constant"))
    assert np.isfinite(trained.columns("test")[0]).all()
    assert np.isfinite(measure(trained, trained.parts)["test"]["rmse"] or np.nan)


@pytest.mark.parametrize("changed", [{"sha256": "0" * 64}, {"target": "z"}, {"features": ("f1", "f0", "f2", "f3")},
                                     {"features": ("f0",)}, {"task": "classification"}])  # fmt: skip
def test_another_table_than_the_described_one_is_refused(changed: dict[str, str]) -> None:
    """Rows and recipe belong together, or nothing is trained."""
    data = mixed_table()
    with pytest.raises(InvalidInput, match=r'^dataset must be the table that the settings describe, got "mine.csv"$'):
        train_on(data, replace(own_data(data), **changed), TrainConfig(impute="median"))
    with pytest.raises(InvalidInput, match=r'^dataset must be the table that the settings describe, got "mine.csv"$'):
        train_on(data, DataConfig(), TrainConfig(impute="median"))


def test_a_recipe_alone_cannot_be_trained() -> None:
    """Without its table an own recipe has one message."""
    data = own_data(mixed_table())
    with pytest.raises(InvalidInput) as caught:
        train(data, TrainConfig(impute="median"))
    assert str(caught.value) == (
        "dataset must be a table that is open here; rows do not travel with settings, so open the file first "
        f'(it predicts "y", and its SHA-256 begins with {data.sha256[:12]}), got "own"'
    )


def test_rows_of_the_test_part_count_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows together are bounded, however few of them are trained on."""
    data = mixed_table()
    monkeypatch.setattr(preparation, "MOST_VALUES", 500)
    with pytest.raises(InvalidInput) as caught:
        train_on(data, own_data(data, 0.5), TrainConfig(impute="median"))
    assert str(caught.value) == "rows must be few enough for 7 columns: at most 71, got 120"


def test_many_rows_are_answered_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answers do not depend on how many rows are prepared at a time; of no rows there are none."""
    for name in ("ridge", "logistic"):
        trained = mixed(name, 2)
        model = from_trained(trained)
        rows = trained.dataset.X
        whole, words = model.outputs(rows, "original"), model.predict(rows)
        assert len(model.predict(rows[:0])) == 0
        with monkeypatch.context() as patch:
            patch.setattr(artifact_model, "BLOCK", 7 * trained.preparation.n_columns)
            # Sums in another order, at most.
            assert model.outputs(rows, "original") == pytest.approx(whole, rel=1e-12)
            assert list(model.predict(rows)) == (list(words) if name == "logistic" else pytest.approx(words, rel=1e-12))


def test_a_target_that_cannot_be_squared_is_refused() -> None:
    """Its errors could not be measured."""
    data = mixed_table()
    data = replace(data, y=data.y * 1e155)
    with pytest.raises(InvalidInput) as caught:
        train_on(data, own_data(data), TrainConfig(impute="median"))
    assert str(caught.value).startswith(f"target must be {REACH}, got ")


def read_back(model: Model) -> Model:
    """Return the model as it comes out of a file."""
    return decode(encode(model))


def test_a_file_is_opened_with_its_table_as_it_was() -> None:
    """Recipe, numbers, rows and figures are those of its making."""
    trained = mixed()
    c = compare(trained, Scheme("asymmetric", 5))
    again = reopen(read_back(model_file(trained, c)), trained.dataset)
    assert (again.data, again.config) == (trained.data, trained.config)
    assert again.report.notes == trained.report.notes
    assert compare(again, c.quantized.scheme).to_json() == c.to_json()


def test_a_file_with_other_numbers_says_so() -> None:
    """As for a bundled table: what the recipe gives is not what the file holds."""
    trained = mixed()
    values = {n: v * 1.1 for n, v in trained.parts.values.items()}
    other = replace(trained, parts=replace(trained.parts, values=values))
    again = reopen(read_back(from_trained(other)), trained.dataset)
    assert again.report.notes == (*trained.report.notes, DIFFERS)
    assert np.array_equal(again.parts.values["coef"], values["coef"])


def test_without_its_table_a_file_opens_like_a_model_from_outside() -> None:
    """It answers, it can be quantised anew, and a note says why nothing is measured."""
    trained = mixed()
    model = read_back(from_trained(trained))
    again = reopen(model)
    assert (again.data, again.config, again.report.notes) == (None, None, (AWAY,))
    assert again.rows("test")[0].shape == (0, 4)
    assert compare(again, Scheme("asymmetric", 4)).fidelity is not None
    rows = trained.rows("test")[0][:5]
    expected = families.predict(trained.parts, trained.preparation.expand(rows))
    assert families.predict(again.parts, again.preparation.expand(rows)) == pytest.approx(expected, rel=1e-12)


def test_a_file_that_needs_its_table_asks_for_it() -> None:
    """A deployed file alone cannot be trained again: with the table it is, without there is one message."""
    trained = mixed()
    bare = read_back(model_file(trained, compare(trained, Scheme())).only("quantized"))
    with pytest.raises(ArtifactError) as caught:
        reopen(bare)
    assert str(caught.value).startswith("dataset must be a table that is open here; rows do not travel with settings")
    again = reopen(bare, trained.dataset)
    assert again.report.notes == (*trained.report.notes, REBUILT)
    assert np.array_equal(again.parts.values["coef"], trained.parts.values["coef"])


def test_another_table_does_not_open_a_file() -> None:
    """Neither another file nor other features of the same one."""
    trained = mixed()
    model = read_back(from_trained(trained))
    for other in (mixed_table(seed=9), replace(trained.dataset, features=trained.dataset.features[::-1])):
        with pytest.raises(ArtifactError) as caught:
            reopen(model, other)
        assert str(caught.value) == (
            "the open table is not the one that this file was made from, with its target and features"
        )


def test_a_bundled_file_needs_no_table() -> None:
    """An open table beside it is not looked at."""
    trained = train(DataConfig("diabetes"), TrainConfig())
    again = reopen(read_back(from_trained(trained)), mixed_table())
    assert again.dataset.name == "diabetes"


def test_nothing_of_a_table_stays_when_it_goes() -> None:
    """The parts of its split are kept with it and not beside it."""
    data = mixed_table()
    assert split(data, 0.2, 42) is split(data, 0.2, 42)
    for seed in range(20):
        split(data, 0.2, seed)
    gone = weakref.ref(data)
    del data
    gc.collect()
    assert gone() is None
