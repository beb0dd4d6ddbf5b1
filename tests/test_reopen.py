"""An opened file: its own numbers go through everything that a fresh training goes through."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core import families
from core.artifact import Model, decode, encode, from_trained
from core.artifact.reopen import DIFFERS, REBUILT, reopen
from core.config import DataConfig, TrainConfig
from core.errors import ArtifactError
from core.evaluate import compare, model_file
from core.parts import Parts
from core.quant import Scheme
from core.sweep import sweep
from core.train import Trained, train
from tests.support import GRANULARITIES, bundled, california, digits, small


def read_back(model: Model) -> Model:
    """Return the model as it comes out of a file."""
    return decode(encode(model))


def moved(trained: Trained, factor: float) -> Parts:
    """Return the trained parts with every coefficient multiplied by `factor`."""
    values = dict(trained.parts.values)
    return replace(trained.parts, values=values | {"coef": values["coef"] * factor})


def other() -> Model:
    """Return a file whose original is not what its recipe gives: every coefficient a tenth larger."""
    trained = california()
    return read_back(from_trained(replace(trained, parts=moved(trained, 1.1))))


def test_a_file_of_our_own_says_nothing_about_itself() -> None:
    """A pair that this version wrote is reopened without a note, and compares to the same figures."""
    found = compare(california(), Scheme("asymmetric", 5))
    model = read_back(model_file(california(), found))
    again = reopen(model)
    assert again.report.notes == ()
    assert again.parts is model.original
    once_more = compare(again, found.quantized.scheme, model.quantized).to_json()
    assert once_more == found.to_json()


def test_the_numbers_of_the_file_are_used_and_not_those_of_the_recipe() -> None:
    """Predictions, metrics, codes and curve of a reopened file are those of its own original."""
    again = reopen(other())
    assert again.report.notes == (DIFFERS,)
    columns, y = again.columns("test")
    predicted = families.predict(moved(california(), 1.1), columns)
    r2 = 1 - ((y - predicted) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    found = compare(again, Scheme(bits=8))
    # The same sums in another order: relative to the smaller of two sums of 4,128 squares.
    assert found.metrics["original"]["test"]["r2"] == pytest.approx(r2, rel=1e-12)
    assert found.metrics["original"]["test"]["r2"] != compare(california(), Scheme()).metrics["original"]["test"]["r2"]
    ours = compare(california(), Scheme(bits=8)).quantized
    # A grid scales with its values: the same codes, a tenth apart.
    assert np.array_equal(found.quantized.codes["coef"], ours.codes["coef"])
    scales = [float(q.tables["coef"]["scale"][0]) for q in (found.quantized, ours)]
    assert scales[0] / scales[1] == pytest.approx(1.1, rel=4 * 2.0**-24)
    curve = sweep(again, ["symmetric"], (8,))
    assert curve.original_test == found.metrics["original"]["test"]["r2"]
    assert curve.points[0].test == pytest.approx(found.metrics["quantized"]["test"]["r2"], abs=1e-12)


def test_a_difference_in_the_last_digits_is_no_difference() -> None:
    """Another machine's rounding (1e-12) is not remarked upon, and the file's numbers still stand."""
    parts = moved(california(), 1 + 1e-12)
    again = reopen(read_back(from_trained(replace(california(), parts=parts))))
    assert again.report.notes == ()
    assert np.array_equal(again.parts.values["coef"], parts.values["coef"])


def test_a_file_without_an_original_is_trained_again() -> None:
    """A deployed file brings no original: the recipe is trained again, and a note says so."""
    pair = model_file(california(), compare(california(), Scheme(bits=4)))
    again = reopen(read_back(pair.only("quantized")))
    assert again.report.notes == (REBUILT,)
    assert np.array_equal(again.parts.values["coef"], california().parts.values["coef"])


def test_the_notes_of_the_training_stay_in_front() -> None:
    """What the solver had to say is kept beside what is said of the file."""
    short = train(DataConfig(), TrainConfig("lasso", params=(("alpha", 1e-5), ("max_iter", 10))))
    stopped = short.report.notes
    assert len(stopped) == 1
    pair = from_trained(short, compare(short, Scheme()).quantized)
    assert reopen(read_back(pair)).report.notes == stopped
    assert reopen(read_back(pair.only("quantized"))).report.notes == (*stopped, REBUILT)
    changed = replace(pair, original=moved(short, 2.0))
    assert reopen(read_back(changed)).report.notes == (*stopped, DIFFERS)


def test_the_statistics_of_the_file_go_with_its_numbers() -> None:
    """Training statistics come out of the file where it has them, else from the rows of the recipe."""
    model = read_back(from_trained(california()))
    assert reopen(model).moments is model.moments
    bare = reopen(read_back(from_trained(california()).only("original")))
    assert np.array_equal(bare.moments.gram, california().moments.gram)


@pytest.mark.parametrize(
    "names",
    [
        ("intercept", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude"),
        ("HouseAge", "MedInc", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude"),
        ("\x1b[31mred", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude"),
    ],
)
def test_a_file_with_other_features_is_not_reopened(names: tuple[str, ...]) -> None:
    """Features that are renamed or reordered do not belong to the table whose rows would be predicted."""
    model = from_trained(california())
    features = tuple(replace(f, name=n) for f, n in zip(model.features, names, strict=True))
    preparation = replace(model.preparation, features=names)
    original = replace(california().parts, meta=dict(california().parts.meta) | {"features": list(names)})
    changed = replace(model, features=features, preparation=preparation, original=original)
    with pytest.raises(ArtifactError, match=r"^the features of the file are not those of its data set$"):
        reopen(read_back(changed))


def test_every_recipe_is_reopened_as_it_was() -> None:
    """Model, hyperparameters, scaling, degree, share and seed of a file are those of the reopened model."""
    data, config = DataConfig(test_size=0.35, seed=7), TrainConfig("ridge", "none", 2, (("alpha", 2.5),))
    trained = train(data, config)
    again = reopen(read_back(from_trained(trained)))
    assert (again.data, again.config) == (data, config)
    assert again.report.notes == trained.report.notes
    assert (again.report.n_train, again.report.n_test) == (trained.report.n_train, trained.report.n_test)
    assert np.array_equal(again.rows("test")[0], trained.rows("test")[0])


@pytest.mark.parametrize("sha256", ["0" * 64, "", "not a checksum"])
def test_a_file_of_other_data_is_not_reopened(sha256: str) -> None:
    """A file that was made from another table is refused, whatever it holds."""
    model = replace(from_trained(california()), data_sha256=sha256)
    with pytest.raises(ArtifactError, match=r"^the bundled data set is not the one that this file was made from$"):
        reopen(read_back(model))


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("name", ["digits", "breast_cancer"])
def test_a_classifier_is_reopened_with_its_own_numbers(name: str, granularity: str) -> None:
    """Codes, classes and figures of a reopened pair are those of its making, and it says nothing about itself."""
    trained = bundled(DataConfig(name), TrainConfig("logistic"))
    found = compare(trained, Scheme("codebook", 2, granularity=granularity))
    model = read_back(model_file(trained, found))
    again = reopen(model)
    assert again.report.notes == trained.report.notes
    assert again.dataset.classes == model.classes
    assert compare(again, found.quantized.scheme, model.quantized).to_json() == found.to_json()
    assert compare(again, found.quantized.scheme).to_json() == found.to_json()


def test_another_classifier_in_the_file_is_used_and_said() -> None:
    """Coefficients that the recipe does not give stay those of the file, in metrics and curve."""
    trained = bundled(DataConfig("wine"), TrainConfig("logistic"))
    again = reopen(read_back(from_trained(replace(trained, parts=moved(trained, 0.2)))))
    assert again.report.notes == (*trained.report.notes, DIFFERS)
    columns, y = again.columns("test")
    accuracy = float((families.predict(moved(trained, 0.2), columns) == y).mean())
    assert compare(again, Scheme()).score("original") == accuracy
    assert sweep(again, ["symmetric"], (8,)).original_test == accuracy


def test_a_file_with_other_classes_is_not_reopened() -> None:
    """Classes that are renamed or exchanged do not belong to the table whose rows would be predicted."""
    trained = bundled(DataConfig("wine"), TrainConfig("logistic"))
    for names in (("a", "b", "c"), trained.dataset.classes[::-1]):
        parts = replace(trained.parts, meta=dict(trained.parts.meta) | {"classes": list(names)})
        with pytest.raises(ArtifactError, match=r"^the classes of the file are not those of its data set$"):
            reopen(read_back(from_trained(replace(trained, parts=parts))))


def test_a_smaller_model_under_a_larger_tables_name_is_not_reopened() -> None:
    """Three features that claim to be the digits are refused before anything is predicted."""
    model = replace(from_trained(small("logistic", 1, 3)), data_sha256=digits().dataset.sha256)
    with pytest.raises(ArtifactError, match=r"^the classes of the file are not those of its data set$"):
        reopen(read_back(model))
    parts = digits().parts
    few = replace(parts, values={"coef": parts.values["coef"][:, :3], "intercept": parts.values["intercept"]},
                  meta=dict(parts.meta) | {"features": ["f0", "f1", "f2"]})  # fmt: skip
    with pytest.raises(ArtifactError, match=r"^the features of the file are not those of its data set$"):
        reopen(read_back(replace(model, original=few, moments=None)))
