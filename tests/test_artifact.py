"""The file: what is written comes back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.artifact import decode, encode
from core.artifact.codec import FORMAT, canonical, checksum, header_of
from core.artifact.model import N_PROBES, probe_rows
from core.artifact.reader import parse
from core.artifact.reopen import DIFFERS, REBUILT, reopen
from core.errors import ArtifactError, InvalidInput
from core.evaluate import compare, model_file
from core.quant import METHODS, PRESETS, Scheme, quantize
from tests.support import (
    GRANULARITIES,
    bare_file,
    bundled,
    california,
    classifier_bytes,
    digits,
    pair_bytes,
    small,
    small_bytes,
    small_file,
    table,
    trained_on,
)


@pytest.mark.parametrize("variants", [("original",), ("quantized",), ("original", "quantized")])
def test_a_file_comes_back_byte_for_byte(variants: tuple[str, ...]) -> None:
    """Writing what was read gives the same bytes, whatever the file holds."""
    data = encode(small_file().only(*variants))
    back = decode(data)
    assert back.variants == variants
    assert encode(back) == data
    assert encode(decode(pair_bytes())) == pair_bytes()


def test_everything_of_a_model_comes_back() -> None:
    """Recipe, features with units and ranges, statistics, metrics and versions are those of the original."""
    model, back = small_file(), decode(pair_bytes())
    for name in (
        "data",
        "config",
        "data_sha256",
        "features",
        "target",
        "task",
        "metrics",
        "versions",
        "label",
    ):
        assert getattr(back, name) == getattr(model, name), name
    assert np.array_equal(back.sketch, model.sketch)
    assert back.preparation.to_json() == model.preparation.to_json()
    assert back.moments is not None
    assert model.moments is not None
    assert np.array_equal(back.moments.gram, model.moments.gram)
    rows, _ = trained_on(*table(80, 2, 3)).rows("test")
    for variant in model.variants:
        assert np.array_equal(back.predict(rows, variant), model.predict(rows, variant))


@pytest.mark.parametrize("name", PRESETS)
def test_the_reference_systems_come_back(name: str) -> None:
    """A file of each preset answers as the comparison did."""
    from core.config import preset_experiment

    e = preset_experiment(name)
    trained = bundled(e.data, e.train)
    found = compare(trained, e.scheme)
    model = decode(encode(model_file(trained, found)))
    rows, _ = trained.rows("test")
    predicted = model.predict(rows[:5]).tolist()
    if trained.dataset.classes:
        assert predicted == list(found.first["quantized"])
    else:
        assert predicted == pytest.approx(list(found.first["quantized"]), rel=1e-12)


def test_a_file_of_degree_two_comes_back() -> None:
    """Products of features are named and computed from the file alone."""
    trained = small("ridge", 2)
    model = decode(encode(bare_file(trained, quantize(trained.parts, Scheme("auto", 5), trained.moments))))
    rows, _ = trained.rows("test")
    assert model.preparation.columns == trained.preparation.columns
    assert model.predict(rows, "original") == pytest.approx(
        trained.parts.values["intercept"][0] + trained.columns("test")[0] @ trained.parts.values["coef"][0]
    )


def test_one_spelling() -> None:
    """Equal models give equal bytes: nothing in a file depends on when or where it was written."""
    assert encode(small_file()) == encode(small_file())
    text = canonical(header_of(small_file()))
    assert text == canonical(json.loads(text))
    assert "NaN" not in text


def test_the_checksum_covers_names_kinds_shapes_and_numbers() -> None:
    """Arrays that differ in anything, in bytes or only in what these mean, have another checksum."""
    header, ones = {"format": 1}, np.ones(4)
    sums = [
        checksum(header, {"a": ones}),
        checksum(header, {"b": ones}),
        checksum(header, {"a": ones.reshape(2, 2)}),
        checksum(header, {"a": ones.view("u8")}),
        checksum(header, {"a": ones, "b": ones[:0]}),
        checksum(header, {"a": np.nextafter(ones, 2)}),
        checksum({"format": 2}, {"a": ones}),
        checksum({"format": 1, "more": 0}, {"a": ones}),
    ]
    assert len(set(sums)) == len(sums)
    assert checksum({"format": 1, "sha256": "x"}, {"a": ones}) == sums[0]


def test_a_file_without_a_model_cannot_be_written() -> None:
    """There is nothing to write when there is no model."""
    with pytest.raises(ArtifactError, match="neither an original nor a quantised model"):
        encode(small_file().only())


def test_probe_rows_are_synthetic_and_within_the_ranges() -> None:
    """Five rows between the 5 % and the 95 % quantile of each feature, none of them anybody's."""
    trained = california()
    rows = probe_rows(trained.sketch, trained.preparation)
    assert rows.shape == (N_PROBES, 8)
    assert (rows >= trained.sketch[:, 1]).all()
    assert (rows <= trained.sketch[:, -2]).all()
    assert not any((row == trained.dataset.X).all(axis=1).any() for row in rows)


def test_a_file_carries_no_row_of_the_data() -> None:
    """The file grows with the columns, not with the rows that the model was trained on."""
    few, many = (encode(bare_file(trained_on(*table(n, 2)))) for n in (40, 4000))
    assert abs(len(few) - len(many)) < 200


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        (np.zeros((2, 3)), r"shape \(2, 3\)"),
        (np.zeros(2), r"shape \(2,\)"),
        (np.array([[1.0, np.nan]]), "NaN or infinity"),
        (np.array([[1.0, np.inf]]), "NaN or infinity"),
        ([["a", "b"]], r"\[\['a', 'b'\]\]"),
        ([[1.0], [1.0, 2.0]], r"\[\[1.0\], \[1.0, 2.0\]\]"),
        ([[10**400, 1]], r"\[\[1000"),
    ],
)
def test_rows_that_do_not_fit_are_refused(rows: Any, shown: str) -> None:
    """Wrong widths, text, NaN and infinities are refused with what is wanted."""
    with pytest.raises(InvalidInput, match=f"^rows must be an array of 2 columns of finite numbers, got .*{shown}"):
        small_file().predict(rows)


def test_an_unknown_variant_is_refused() -> None:
    """A variant that the file does not hold is refused with those that it holds."""
    with pytest.raises(InvalidInput, match=r'^variant must be one of quantized, got "original"$'):
        decode(small_bytes()).predict(np.zeros((1, 2)), "original")


def test_the_quantised_model_answers_where_there_is_one() -> None:
    """Without a name the twin answers, or the original when it is alone."""
    rows = np.array([[0.02, 2000.0]])
    model = small_file()
    assert model.predict(rows) == model.predict(rows, "quantized")
    assert model.only("original").predict(rows) == model.predict(rows, "original")


def test_a_file_is_reopened_with_its_own_numbers() -> None:
    """The model of the file, on the rows that its recipe names, gives the same comparison."""
    trained = california("ridge")
    found = compare(trained, Scheme("asymmetric", 6))
    opened = reopen(decode(encode(model_file(trained, found))))
    assert compare(opened, Scheme("asymmetric", 6)).to_json() == found.to_json()
    assert opened.report.notes == trained.report.notes


def test_a_file_without_its_original_is_trained_again() -> None:
    """The recipe gives the original back, and a note says so."""
    trained = california()
    q = quantize(trained.parts, Scheme(), trained.moments)
    opened = reopen(decode(encode(bare_file(trained, q).only("quantized"))))
    assert opened.report.notes == (REBUILT,)
    assert np.array_equal(opened.parts.values["coef"], trained.parts.values["coef"])


def test_a_file_whose_original_differs_says_so() -> None:
    """A file made by other code keeps its own numbers, and a note says that they differ."""
    trained = california()
    other = replace(trained.parts, values={n: v * 1.01 for n, v in trained.parts.values.items()})
    opened = reopen(decode(encode(bare_file(replace(trained, parts=other)))))
    assert opened.report.notes == (DIFFERS,)
    assert np.array_equal(opened.parts.values["coef"], other.values["coef"])


def test_a_file_of_other_data_is_not_reopened() -> None:
    """The rows of the recipe must be those that the file was made from."""
    with pytest.raises(ArtifactError, match="the bundled data set is not the one that this file was made from"):
        reopen(replace(bare_file(california()), data_sha256="0" * 64))


def test_the_format_is_the_one_that_this_suite_knows() -> None:
    """Raising the format number means: keep the old reader, and add a file of the old format to the tests."""
    header, _ = parse(small_bytes())
    assert header["format"] == FORMAT == 1


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("method", METHODS)
def test_a_classifier_comes_back_with_everything(method: str, granularity: str, classes: int) -> None:
    """Classes, probabilities, names of predictions, metrics with matrix and report, tables a group: as they were."""
    trained = small("logistic", 1, classes)
    found = compare(trained, Scheme(method, 3, granularity=granularity))
    model = model_file(trained, found, "classes")
    back = decode(encode(model))
    rows, _ = trained.rows("test")
    assert back.classes == model.classes == trained.dataset.classes
    assert (back.task, back.config, back.data) == ("classification", trained.config, trained.data)
    assert back.metrics == model.metrics
    assert back.metrics["original"]["test"]["report"]["class 0"]["support"] > 0
    for variant in model.variants:
        outputs = back.outputs(rows, variant)
        assert outputs.shape == (len(rows), classes)
        assert np.array_equal(outputs, model.outputs(rows, variant))
        assert back.predict(rows, variant).tolist() == [back.classes[i] for i in outputs.argmax(axis=1)]
    assert back.quantized is not None
    for block, tables in found.quantized.tables.items():
        for name, values in tables.items():
            assert np.array_equal(back.quantized.tables[block][name], values)
    assert encode(back) == encode(model)


def test_the_header_names_the_classes() -> None:
    """A regression's list of classes is empty; a classifier's has their names, and the probe its probabilities."""
    header, _ = parse(pair_bytes())
    assert header["classes"] == []
    header, _ = parse(classifier_bytes())
    assert header["classes"] == ["class 0", "class 1", "class 2"]
    assert header["scheme"]["granularity"] == "row"
    assert np.sum(header["probe"]["original"], axis=1) == pytest.approx(np.ones(5), abs=1e-12)


def test_a_file_of_the_digits_is_small() -> None:
    """Deployed at three bits a digit, the whole file with names, ranges and checks stays below 40 kilobytes."""
    found = compare(digits(), Scheme(bits=3))
    data = encode(model_file(digits(), found).only("quantized"))
    assert found.sizes["quantized"].payload == 240
    assert len(data) < 40_000
