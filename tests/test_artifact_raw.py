"""Files of models with gaps, texts and ratios: what is written comes back, and what lies is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.artifact import decode, encode
from core.artifact.codec import FORMAT
from core.artifact.model import probe_rows
from core.artifact.raw import check_letters
from core.artifact.reader import parse
from core.config import TrainConfig, own_data
from core.errors import ArtifactError, InvalidInput
from core.evaluate import compare, model_file
from core.parts import Array
from core.prepare import Preparation, Text
from core.quant import Scheme
from core.rows import Cell, parse_rows
from core.train import train_on
from tests.own_tables import WORDS, mixed, mixed_bytes, mixed_table
from tests.support import OF_CLASSES, names, repack
from tests.test_artifact_hostile import Edit, array, both, drop, put

SCHEME = Scheme("asymmetric", 5)


@pytest.mark.parametrize(("model", "degree"), [("ridge", 1), ("linear", 2), ("logistic", 1), ("logistic", 2)])
def test_a_mixed_file_comes_back_byte_for_byte(model: str, degree: int) -> None:
    """Everything that prepares a row is in it: gaps, texts and unknown texts get the same answers."""
    trained, data = mixed(model, degree), mixed_bytes(model, degree)
    back = decode(data)
    assert encode(back) == data
    assert back.preparation.to_json() == trained.preparation.to_json()
    assert back.preparation.columns == trained.preparation.columns
    assert back.data == trained.data
    rows, _ = trained.rows("test")
    rows = np.concatenate([rows, [[np.nan, np.nan, np.nan, 0.1], [5.0, -1.0, 200.0, 0.1], [0.0, 3.0, 200.0, 0.1]]])
    columns = trained.preparation.expand(rows)
    assert np.isfinite(columns).all()
    scores = columns @ trained.parts.values["coef"].T + trained.parts.values["intercept"]
    if model == "logistic":
        assert back.predict(rows, "original").tolist() == [back.classes[i] for i in scores.argmax(axis=1)]
    else:
        assert back.predict(rows, "original") == pytest.approx(scores[:, 0], rel=1e-12)
    assert np.isfinite(back.outputs(rows, "quantized")).all()


def test_the_header_says_what_a_row_is() -> None:
    """Categories stand with the feature, shares and fills with the preparation, and a gap in the probe is null."""
    header, _ = parse(mixed_bytes())
    assert header["format"] == FORMAT == 1
    assert [f.get("categories") for f in header["features"]] == [None, list(WORDS), None, None]
    made = header["preparation"]
    (text,) = made["texts"]
    assert (text["feature"], text["categories"]) == (1, list(WORDS))
    assert sum(text["shares"]) + made["missing"][1] == pytest.approx(1, abs=1e-12)
    assert made["ratios"][0] | {"fill": 0} == {"name": "half", "over": "f2", "under": "f0", "fill": 0}
    assert (len(made["fills"]), made["indicator"]) == (3, True)
    assert header["train"]["impute"] == "median"
    assert header["data"]["features"] == ["f0", "f1", "f2", "f3"]
    gaps = [[value is None for value in row] for row in header["probe"]["rows"]]
    assert np.array(gaps).sum(axis=0).tolist() == [1, 1, 1, 1]


def test_probe_rows_are_rows_of_the_table() -> None:
    """Numbers within their ranges, texts among those seen in training, one gap in each feature that may have one."""
    for seed in range(20):
        data = mixed_table(60, seed)
        trained = train_on(data, own_data(data), TrainConfig(impute="constant", fill=1))
        rows = probe_rows(trained.sketch, trained.preparation)
        assert np.isin(rows[~np.isnan(rows[:, 1]), 1], trained.preparation.texts[0].seen).all()
        assert np.isnan(rows).sum(axis=0).tolist() == [1, 1, 1, 1]
        for i in (0, 2, 3):
            there = rows[~np.isnan(rows[:, i]), i]
            assert (there >= trained.sketch[i, 1]).all()
            assert (there <= trained.sketch[i, -2]).all()


def test_a_model_without_fills_refuses_missing_numbers_and_takes_missing_texts() -> None:
    """A gap in a number is refused where nothing fills it; one in a text has its column."""
    data = mixed_table()
    columns = data.X[:, [3, 1]]
    whole = train_on(t := _only(data, columns), own_data(t), TrainConfig())
    model = decode(encode(model_file(whole, compare(whole, SCHEME))))
    assert np.isfinite(model.predict([[0.1, np.nan], [0.1, -1]])).all()
    for bad in ([[np.nan, 1]], [[np.inf, 1]], [[0.1, np.inf]]):
        with pytest.raises(InvalidInput) as caught:
            model.predict(bad)
        assert str(caught.value) == 'rows must be an array of 2 columns of finite numbers, got "NaN or infinity"'
    with pytest.raises(InvalidInput) as caught:
        model.predict([[0.1, 0], [0.1, 4]])
    assert str(caught.value) == "f1 must be the number of a category, from 0 to 3, or -1 for any other text, got 4.0"


def _only(data: Any, X: Array) -> Any:
    return replace(data, X=X, features=(replace(data.features[3], name="f3"), data.features[1]))


def test_rows_of_text_go_through_the_file() -> None:
    """The cells that a file describes are those that its model answers."""
    model = decode(mixed_bytes())
    assert model.cells[0] == Cell(gaps=True)
    assert dict(model.cells[1].codes or {}) == {"east": 0, "north": 1, "south": 2, "west": 3}
    wanted = [f.name for f in model.features]
    found = parse_rows(b"f0,f1,f2,f3\n5,east,200,0.1\n,elsewhere,,0.1\n", wanted, "y", (), model.cells)
    assert found.unknown == (("f1", 1),)
    assert found.missing == (("f0", 1), ("f2", 1))
    assert model.predict(found.X)[0] == model.predict(np.array([[5, 0, 200, 0.1]]))[0]


FIRST = ("preparation", "texts", 0)
MISFIT = "the preparation does not fit the features and the training"
SHARES = "the shares of a text's categories are impossible"
MISSING = "the shares of missing values are impossible"
CATEGORIES = "the categories of a feature are not different texts, or there are too many"
WRONG = "lacks a field or has one of the wrong kind"
AGAIN = "the header does not describe what the file holds"
LIE = "the model does not give the predictions that the file promises"


def rename(*words: Any) -> Edit:
    """Return an edit that gives the text other categories, in both places."""
    return both(put("features", 1, "categories", list(words)), put(*FIRST, "categories", list(words)))


HOSTILE: dict[str, tuple[Edit, str]] = {
    "categories of a number": (
        put("features", 3, "categories", ["a", "b"]), "the sketch of a text holds something else than numbers"
    ),
    "a text without categories": (lambda h, a: h["features"][1].pop("categories"), MISFIT),
    "no category": (put("features", 1, "categories", []), CATEGORIES),
    "categories as text": (put("features", 1, "categories", "abcd"), CATEGORIES),
    "categories null": (put("features", 1, "categories", None), CATEGORIES),
    "a category as a number": (put("features", 1, "categories", ["a", "b", "c", 4]), CATEGORIES),
    "a category twice": (rename("a", "b", "c", "a"), CATEGORIES),
    "101 categories": (rename(*map(str, range(101))), CATEGORIES),
    "a very long category": (rename("a", "b", "c", "x" * 10_001), CATEGORIES),
    "other categories": (put("features", 1, "categories", ["a", "b", "c", "d"]), MISFIT),
    "a category more": (rename(*WORDS, "more"), SHARES),
    "a flag as a number": (put("features", 0, "flag", 1), "the feature's flag is of the wrong kind"),
    "a text that is a flag": (put("features", 1, "flag", True), "the feature's flag is of the wrong kind"),
    "a flag that is false": (put("features", 0, "flag", False), AGAIN),
    "no texts": (put("preparation", "texts", []), MISFIT),
    "texts as text": (put("preparation", "texts", "f1"), WRONG),
    "a text of another feature": (put(*FIRST, "feature", 2), MISFIT),
    "a text of half a feature": (put(*FIRST, "feature", 1.5), AGAIN),
    "a text twice": (lambda h, a: h["preparation"]["texts"].append(h["preparation"]["texts"][0]), MISFIT),
    "shares of three": (put(*FIRST, "shares", [0.5, 0.25, 0.25]), SHARES),
    "no shares": (put(*FIRST, "shares", []), SHARES),
    "a share below zero": (put(*FIRST, "shares", [1.5, -0.5, 0.0, 0.0]), SHARES),
    "shares of more than all": (put(*FIRST, "shares", [0.5, 0.5, 0.5, 0.5]), SHARES),
    "shares as text": (put(*FIRST, "shares", ["a", "b", "c", "d"]), WRONG),
    "shares nested": (put(*FIRST, "shares", [[1], [0], [0], [0]]), WRONG),
    "a huge share": (put(*FIRST, "shares", [10**400, 0, 0, 0]), WRONG),
    "a category that nobody has": (
        lambda h, a: h["preparation"]["texts"][0].update(
            shares=[0.0, 1 - h["preparation"]["missing"][1], 0.0, 0.0]), "scaling does not fit its columns",
    ),
    "an extra field of a text": (put(*FIRST, "more", 1), AGAIN),
    "missing shares of three": (put("preparation", "missing", [0.1, 0.1, 0.1]), MISSING),
    "a missing share above all": (put("preparation", "missing", [2.0, 0.0, 0.0, 0.0]), MISSING),
    "a missing share below zero": (put("preparation", "missing", [-0.1, 0.0, 0.0, 0.0]), MISSING),
    "missing shares of nothing": (put("preparation", "missing", [0.0] * 4), MISSING),
    "no missing shares": (lambda h, a: h["preparation"].pop("missing"), SHARES),
    "a gap less": (
        lambda h, a: h["preparation"]["missing"].__setitem__(0, 0.0), "scaling does not fit its columns"
    ),
    "two fills": (put("preparation", "fills", [1.0, 2.0]), MISFIT),
    "four fills": (put("preparation", "fills", [1.0] * 4), MISFIT),
    "no fills": (lambda h, a: h["preparation"].pop("fills"), MISFIT),
    "fills as text": (put("preparation", "fills", ["a", "b", "c"]), WRONG),
    "a fill that is null": (put("preparation", "fills", [None, 1.0, 1.0]), WRONG),
    "other fills": (put("preparation", "fills", [1e9, 1e9, 1e9]), LIE),
    "fills as whole numbers": (put("preparation", "fills", [1, 2, 3]), LIE + "|" + AGAIN),
    "no indicator": (lambda h, a: h["preparation"].pop("indicator"), MISFIT),
    "an indicator that is 1": (put("preparation", "indicator", 1), AGAIN),
    "no ratio": (lambda h, a: h["preparation"].pop("ratios"), MISFIT),
    "another ratio": (put("preparation", "ratios", 0, "over", "f3"), MISFIT),
    "a ratio of a text": (
        both(put("preparation", "ratios", 0, "over", "f1"), put("train", "ratios", ["half=f1/f0"])),
        "ratios must be two different columns of numbers",
    ),
    "another name of a ratio": (put("preparation", "ratios", 0, "name", "x"), MISFIT),
    "a fill of a ratio as text": (put("preparation", "ratios", 0, "fill", "a"), WRONG),
    "a ratio as a list": (put("preparation", "ratios", [["half", "f2", "f0", 1.0]]), WRONG),
    "an extra field of the preparation": (put("preparation", "more", 1), AGAIN),
    "a recipe without imputation": (lambda h, a: h["train"].pop("impute"), MISFIT),
    "another imputation": (put("train", "impute", "constant"), MISFIT),
    "an unknown imputation": (put("train", "impute", "mean"), "impute must be one of none, median, constant"),
    "a recipe without indicator": (lambda h, a: h["train"].pop("indicator"), MISFIT),
    "a recipe without ratios": (lambda h, a: h["train"].pop("ratios"), MISFIT),
    "ratios of nothing": (put("train", "ratios", ["a/b"]), "ratios must be two different columns of numbers"),
    "a default that is written": (put("train", "fill", 0.0), AGAIN),
    "other features in the recipe": (put("data", "features", ["f0", "f1", "f2", "g3"]), "columns of the recipe"),
    "another target in the recipe": (put("data", "target", "z"), "columns of the recipe are not those of the file"),
    "another task in the recipe": (
        put("data", "task", "classification"), f"model must be {OF_CLASSES} for this table"
    ),
    "no checksum in the recipe": (lambda h, a: h["data"].pop("sha256"), WRONG),
    "a checksum that is none": (put("data", "sha256", "0" * 63), "sha256 must be 64 hexadecimal digits"),
    "a bundled table with columns": (
        put("data", "dataset", "diabetes"), "setting of data must be one of dataset, test_size, seed"
    ),
    "half a category in the sketch": (
        both(array("sketch", lambda a: np.vstack([a[:1], np.linspace(0, 3, 21)[None], a[2:]]))),
        "the sketch of a text holds something else than numbers of its categories",
    ),
    "a number of no category in the sketch": (
        both(array("sketch", lambda a: np.vstack([a[:1], np.full((1, 21), 4.0), a[2:]])),
             put("features", 1, "low", 4.0), put("features", 1, "high", 4.0)),
        "the sketch of a text holds something else than numbers of its categories",
    ),
    "a gap where none may be": (lambda h, a: h["probe"]["rows"][0].__setitem__(3, "NaN"), LIE + "|" + WRONG),
    "NaN in the sketch": (array("sketch", lambda a: a * np.nan), "sketch holds something else than finite numbers"),
    "no sketch": (drop("sketch"), "the array sketch is missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mixed_file_with_a_correct_checksum_is_refused(name: str) -> None:
    """Categories, shares, fills, ratios and recipe are held against each other, and against the probe."""
    edit, message = HOSTILE[name]
    with pytest.raises(ArtifactError, match=message):
        decode(repack(mixed_bytes(), edit))


def test_categories_too_long_for_so_many_are_refused() -> None:
    """51 texts of a hundred categories, each as long as a name may be, are more letters than a file may unfold to."""
    words = tuple(f"{i:010000}" for i in range(100))
    made = [
        Preparation(
            names(p), 1, "none", np.empty(0), np.empty(0), tuple(Text(i, words, (0.01,) * 100) for i in range(p))
        )
        for p in (49, 51)
    ]
    check_letters(made[0], [])
    with pytest.raises(ArtifactError, match=r"^the names of features and classes are too long for so many of them$"):
        check_letters(made[1], [])


def test_a_constant_that_is_not_the_recipes_is_refused() -> None:
    """With "constant" the recipe says what every fill is."""
    data = mixed_table()
    trained = train_on(data, own_data(data), TrainConfig(impute="constant", fill=7))
    written = encode(model_file(trained, compare(trained, SCHEME)))
    assert decode(written).preparation.fills == (7.0,) * 3
    edit: Callable[..., None] = put("preparation", "fills", [7.0, 7.0, 8.0])
    with pytest.raises(ArtifactError, match=MISFIT):
        decode(repack(written, edit))
