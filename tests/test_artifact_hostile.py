"""Files that lie under a correct checksum: what numbers and fields mean is checked as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from core.artifact import decode, encode
from core.errors import ArtifactError
from core.own import from_estimator
from core.parts import Array
from core.quant import Scheme, quantize
from tests.support import (
    OF_CLASSES,
    OF_VALUES,
    bare_file,
    classifier_bytes,
    pair_bytes,
    repack,
    repack_text,
    small,
    table,
)

Edit = Callable[[dict[str, Any], dict[str, Array]], None]


def put(*path: Any) -> Edit:
    """Return an edit that sets a field of the header: the last argument is the value."""
    *keys, last, value = path

    def edit(header: dict[str, Any], arrays: dict[str, Array]) -> None:
        inner = header
        for key in keys:
            inner = inner[key]
        inner[last] = value

    return edit


def array(name: str, value: Any, dtype: str | None = None) -> Edit:
    """Return an edit that puts another array in place of `name`; a function is given the old one."""

    def edit(header: dict[str, Any], arrays: dict[str, Array]) -> None:
        new = value(arrays[name].copy()) if callable(value) else np.asarray(value)
        arrays[name] = new.astype(dtype or new.dtype)

    return edit


def drop(name: str) -> Edit:
    """Return an edit that takes a field of the header, or an array, away."""

    def edit(header: dict[str, Any], arrays: dict[str, Array]) -> None:
        del (header if name in header else arrays)[name]

    return edit


def lose_all_models(header: dict[str, Any], arrays: dict[str, Array]) -> None:
    """Take both models out of a file."""
    header["scheme"] = header["codes"] = header["requested_method"] = None
    for name in [n for n in arrays if n.startswith(("original.", "codes.", "table.", "exact."))]:
        del arrays[name]


def many_features(header: dict[str, Any], arrays: dict[str, Array]) -> None:
    """Claim very many features of degree 2, whose products would fill the memory."""
    n = 20_000
    header["features"] = [{**header["features"][0], "name": f"f{i}"} for i in range(n)]
    header["preparation"] = {"features": [f"f{i}" for i in range(n)], "degree": 2, "scaling": "standard"}
    header["train"]["degree"] = 2
    arrays["sketch"] = np.repeat(arrays["sketch"][:1], n, axis=0)


HOSTILE: dict[str, tuple[Edit, str]] = {
    "NaN scale": (array("table.coef.scale", [np.nan], "f4"), "table.coef.scale holds something else than finite"),
    "infinite scale": (array("table.coef.scale", [np.inf], "f4"), "something else than finite"),
    "zero scale": (array("table.coef.scale", [0], "f4"), "a table of the codes is out of range"),
    "negative scale": (array("table.coef.scale", [-1], "f4"), "a table of the codes is out of range"),
    "two scales": (array("table.coef.scale", [1, 1], "f4"), "table.coef.scale is missing or has the wrong"),
    "scale of float64": (array("table.coef.scale", [1], "f8"), "table.coef.scale is missing or has the wrong"),
    "another scale": (array("table.coef.scale", lambda a: a * 2), "does not give the predictions"),
    "zero point above the codes": (array("table.coef.zero_point", [16], "u1"), "codes is out of range"),
    "another zero point": (array("table.coef.zero_point", lambda a: (a + 1) % 16), "does not give the predictions"),
    "missing zero point": (drop("table.coef.zero_point"), "a table of the codes is missing"),
    "missing scale": (drop("table.coef.scale"), "a table of the codes is missing"),
    "zero point and offset": (
        lambda h, a: a.update({"table.coef.offset": np.zeros(1, "f4")}), "a table of the codes is missing"
    ),
    "unknown table": (
        lambda h, a: a.update({"table.coef.codebook": np.zeros(4, "f4")}), "has no table codebook"
    ),
    "table of a block that is not there": (
        lambda h, a: a.update({"table.intercept.scale": np.ones(1, "f4")}), "arrays that nothing refers to"
    ),
    "other codes": (array("codes.coef", lambda a: a ^ 0x10), "does not give the predictions"),
    "too few codes": (array("codes.coef", [], "u1"), "2 codes of 4 bits do not take 0 bytes"),
    "too many codes": (array("codes.coef", [0, 0], "u1"), "2 codes of 4 bits do not take 2 bytes"),
    "codes of another kind": (array("codes.coef", [0], "u2"), "2 codes of 4 bits"),
    "missing codes": (drop("codes.coef"), "2 codes of 4 bits do not take 0 bytes"),
    "a lie about the number of codes": (put("codes", "coef", 3), "the number of codes does not fit"),
    "codes of an unknown block": (put("codes", "bias", 1), "the number of codes does not fit"),
    "99 bits": (put("scheme", "bits", 99), "bits must be a whole number from 1 to 16, got 99"),
    "0 bits": (put("scheme", "bits", 0), "bits must be a whole number from 1 to 16, got 0"),
    "bits as text": (put("scheme", "bits", "4"), 'bits must be a whole number from 1 to 16, got "4"'),
    "bits true": (put("scheme", "bits", True), "bits must be a whole number from 1 to 16, got True"),
    "other bits": (put("scheme", "bits", 5), "codes of 5 bits do not take 1 bytes"),
    "unknown method": (put("scheme", "method", "gptq"), 'method must be one of .*, got "gptq"'),
    "method auto": (put("scheme", "method", "auto"), "setting of auto must be none|names no method"),
    "another method": (put("scheme", "method", "window"), "setting of window must be one of width"),
    "unknown setting": (put("scheme", "colour", 1), 'setting of the scheme must be one of .*, got "colour"'),
    "another space": (put("scheme", "space", "raw"), "arrays that nothing refers to"),
    "scheme as text": (put("scheme", "symmetric"), 'scheme must be an object .*, got "symmetric"'),
    "no scheme but codes": (put("scheme", None), "arrays that nothing refers to"),
    "unknown request": (put("requested_method", 7), "does not describe what the file holds"),
    "missing intercept": (drop("exact.intercept"), "exact.intercept is missing"),
    "intercept of float64": (array("exact.intercept", [0], "f8"), "exact.intercept is missing or has the wrong"),
    "NaN intercept": (array("exact.intercept", [np.nan], "f4"), "something else than finite"),
    "two intercepts": (array("exact.intercept", [0, 0], "f4"), "exact.intercept is missing or has the wrong"),
    "zero feature scale": (array("exact.feature_scale", [0, 1], "f4"), "a feature's scale is not above zero"),
    "coefficients of two targets": (array("original.coef", np.zeros((2, 2))), r"coef has shape \(2, 2\)"),
    "coefficients of three columns": (array("original.coef", np.zeros((1, 3))), "3 coefficients for 2 columns"),
    "NaN coefficient": (array("original.coef", [[np.nan, 0.0]]), "something else than finite"),
    "coefficients of float32": (array("original.coef", np.zeros((1, 2)), "f4"), "original.coef is missing or has"),
    "coefficients of integers": (array("original.coef", np.zeros((1, 2)), "i8"), "something else than finite"),
    "coefficients of bools": (array("original.coef", np.zeros((1, 2)), "?"), "something else than finite"),
    "complex coefficients": (array("original.coef", np.zeros((1, 2)), "c8"), "something else|not a whole"),
    "huge coefficients": (array("original.coef", [[1e308, 1e308]]), "does not give the predictions"),
    "other coefficients": (array("original.coef", lambda a: a * 1.0001), "does not give the predictions"),
    "missing original intercept": (drop("original.intercept"), "exactly a coef and an intercept"),
    "extra original": (lambda h, a: a.update({"original.bias": np.zeros(1)}), "exactly a coef and an intercept"),
    "extra array": (lambda h, a: a.update({"surprise": np.zeros(3)}), "arrays that nothing refers to"),
    "no model": (lose_all_models, "neither an original nor a quantised model"),
    "another probe": (put("probe", "original", [0, 0, 0, 0, 0]), "does not give the predictions"),
    "probe of one number": (put("probe", "original", 1.0), "does not give the predictions"),
    "probe as text": (put("probe", "original", "fine"), "lacks a field or has one of the wrong kind"),
    "probe of a huge whole number": (put("probe", "original", [10**400] * 5), "lacks a field or has one"),
    "no probe rows": (put("probe", "rows", []), "probe rows are missing or of the wrong kind"),
    "probe rows of three": (put("probe", "rows", [[0.0] * 3] * 5), "probe rows are missing or of the wrong kind"),
    "very many probe rows": (put("probe", "rows", [[0.0] * 2] * 500), "probe rows are missing or of the wrong"),
    "ragged probe rows": (put("probe", "rows", [[0.0], [0.0, 1.0]]), "lacks a field or has one of the wrong"),
    "probe of a model that is not there": (put("probe", "third", [0.0] * 5), "probe rows are missing"),
    "impossible variance": (array("moments.gram", lambda a: -a), "training statistics are impossible"),
    "impossible covariance": (
        array("moments.gram", lambda a: a + 1e3 * a.diagonal().max() * (1 - np.eye(2))), "statistics are impossible"
    ),
    "covariance that is not symmetric": (
        array("moments.gram", lambda a: a * np.array([[1, 1.01], [1, 1]])), "statistics are impossible"
    ),
    "statistics of three columns": (array("moments.gram", np.eye(3)), "moments.gram is missing or has the wrong"),
    "statistics of no rows": (put("moments", "n", 0), "training statistics are impossible"),
    "statistics of half a row": (put("moments", "n", 60.5), "does not describe what the file holds"),
    "negative variance of the target": (put("moments", "y_var", -1.0), "training statistics are impossible"),
    "variance as a huge whole number": (put("moments", "y_var", 10**400), "lacks a field or has one of the wrong"),
    "missing statistics": (drop("moments.cross"), "moments.cross is missing"),
    "statistics without their header": (put("moments", None), "arrays that nothing refers to"),
    "unknown format": (put("format", 2), "the file has format 2; this version reads format 1"),
    "old format": (put("format", 0), "the file has format 0; this version reads format 1"),
    "format as text": (put("format", "1"), "the file has format 1; this version reads format 1"),
    "format true": (put("format", True), "the file has format True"),
    "no format": (drop("format"), "the file has format None"),
    "missing field": (drop("target"), "does not have the fields of this format"),
    "extra field": (put("surprise", 1), "does not have the fields of this format"),
    "unknown family": (put("family", "forest"), "family and task are not those of the model linear"),
    "another family": (put("family", "trees"), "does not have the fields of this format"),
    "another task": (put("task", "classification"), "family and task are not those of the model linear"),
    "unknown data set": (put("data", "dataset", "iris"), 'dataset must be one of california_housing, .*, got "iris"'),
    "test share 1": (put("data", "test_size", 1), "test_size must be a number above 0 and below 1, got 1"),
    "data as a list": (put("data", []), "lacks a field or has one of the wrong kind"),
    "unknown model": (put("train", "model", "forest"), 'model must be one of .*, got "forest"'),
    "another degree": (put("train", "degree", 2), "preparation does not fit the features and the training"),
    "unknown scaling": (put("preparation", "scaling", "log"), "preparation does not fit"),
    "other columns": (put("preparation", "features", ["a", "b"]), "preparation does not fit"),
    "degree 9": (put("preparation", "degree", 9), "preparation does not fit"),
    "zero deviation": (array("preparation.scale", [0.0, 1.0]), "scaling does not fit its columns"),
    "means of three columns": (array("preparation.mean", np.zeros(3)), "preparation.scale is missing or has"),
    "very many features": (many_features, "or there are too many"),
    "no features": (put("features", []), "do not have names of their own"),
    "equal names": (lambda h, a: h["features"][1].update(name="f0"), "do not have names of their own"),
    "a range as text": (put("features", 0, "low", "abc"), "the feature's low is of the wrong kind"),
    "another range": (put("features", 0, "low", -1e9), "the range of a feature is not that of its sketch"),
    "a unit as a number": (put("features", 0, "unit", 5), "the feature's unit is of the wrong kind"),
    "a very long name": (put("features", 0, "name", "x" * 10_001), "the feature's name is too long"),
    "very many decimals": (put("features", 0, "decimals", 10**6), "decimals are out of range"),
    "decimals true": (put("features", 0, "decimals", True), "the feature's decimals is of the wrong kind"),
    "an extra field of a feature": (put("features", 0, "html", "<b>"), "lacks a field or has one of the wrong"),
    "factor zero": (put("target", "factor", 0.0), "the target's factor is not above zero"),
    "factor as text": (put("target", "factor", "1"), "the target's factor is of the wrong kind"),
    "a falling sketch": (array("sketch", lambda a: a[:, ::-1]), "the sketch of the features does not fit"),
    "a short sketch": (array("sketch", lambda a: a[:, :5]), "the sketch of the features does not fit"),
    "no sketch": (drop("sketch"), "the array sketch is missing"),
    "a metric as text": (put("metrics", "quantized", "test", "r2", "good"), "a metric of the quantized model"),
    "metrics as a list": (put("metrics", []), "lacks a field or has one of the wrong kind"),
    "metrics of a model as a number": (put("metrics", "original", 5), "lacks a field or has one of the wrong"),
    "a version as a number": (put("versions", "numpy", 2), "does not describe what the file holds"),
    "versions as text": (put("versions", "2.4"), "lacks a field or has one of the wrong kind"),
    "label as a number": (put("label", 5), "does not describe what the file holds"),
    "label as a lone surrogate": (put("label", "\ud800"), "not in its canonical form"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_with_a_correct_checksum_is_refused(name: str) -> None:
    """What the numbers and fields mean is checked as well, with a message that says what is wrong."""
    edit, message = HOSTILE[name]
    with pytest.raises(ArtifactError, match=message):
        decode(repack(pair_bytes(), edit))


@pytest.mark.parametrize("table_name", ["scale", "offset"])
def test_tables_that_overflow_are_refused_without_a_warning(table_name: str) -> None:
    """Numbers that are finite in the file but not once decoded fail the probe, silently otherwise."""
    trained = small()
    q = quantize(trained.parts, Scheme("window", 8, "raw"), trained.moments)
    huge = array(f"table.coef.{table_name}", lambda a: np.full_like(a, 3e38))
    with pytest.raises(ArtifactError, match="does not give the predictions"):
        decode(repack(encode(bare_file(trained, q)), huge))


def test_a_code_above_the_largest_is_refused() -> None:
    """The symmetric grid leaves one code unused; a file that uses it was not written by us."""
    trained = small()
    q = quantize(trained.parts, Scheme("symmetric", 4), trained.moments)
    with pytest.raises(ArtifactError, match="a code is above 14"):
        decode(repack(encode(bare_file(trained, q)), array("codes.coef", [0xFF, 0xF0], "u1")))


def test_bits_behind_the_last_code_are_refused() -> None:
    """The padding of the packed codes carries nothing."""
    trained = small()
    q = quantize(trained.parts, Scheme("symmetric", 4), trained.moments)
    with pytest.raises(ArtifactError, match="bits behind the last code are not zero"):
        decode(repack(encode(bare_file(trained, q)), array("codes.coef", lambda a: a | 1)))


HEADERS: dict[str, tuple[Callable[[str], str], str]] = {
    "a duplicate key": (lambda t: t.replace('"label":', '"label":"x","label":', 1), "names a key twice"),
    "a duplicate key deep inside": (
        lambda t: t.replace('"bits":4', '"bits":3,"bits":4', 1),
        "names a key twice",
    ),
    "NaN": (lambda t: t.replace('"label":"small"', '"label":NaN'), "holds NaN, which is not a number"),
    "infinity": (lambda t: t.replace('"label":"small"', '"label":-Infinity'), "holds -Infinity"),
    "an overflowing number": (lambda t: t.replace('"label":"small"', '"label":1e999'), "holds 1e999"),
    "a number of 5,000 digits": (lambda t: t.replace('"label":"small"', '"label":' + "1" * 5000), "not JSON"),
    "a space": (lambda t: t.replace(",", ", ", 1), "not in its canonical form"),
    "another order": (
        lambda t: '{"task":"regression",' + t[1:].replace(',"task":"regression"', ""),
        "canonical",
    ),
    "a list": (lambda t: "[]", "not in its canonical form"),
    "a number": (lambda t: "1", "not in its canonical form"),
    "nothing": (lambda t: "", "not JSON"),
    "half": (lambda t: t[: len(t) // 2], "not JSON"),
    "an old checksum": (lambda t: t.replace('"label":"small"', '"label":"large"'), "the file was altered"),
    "no checksum": (lambda t: t.replace('"sha256":"', '"sha255":"'), "altered|canonical"),
    "depth 900": (lambda t: t.replace('"small"', "[" * 900 + "]" * 900), "altered|not JSON|canonical"),
    "depth 100,000": (lambda t: t.replace('"small"', "[" * 10**5 + "]" * 10**5), "not JSON"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_is_not_ours_is_refused(name: str) -> None:
    """The header has one spelling, without duplicate keys and without what is not a number."""
    edit, message = HEADERS[name]
    with pytest.raises(ArtifactError, match=message):
        decode(repack_text(pair_bytes(), edit))


@pytest.mark.parametrize("depth", range(940, 1000, 3))
def test_no_depth_of_nesting_escapes(depth: int) -> None:
    """Near the limit of recursion, reading, writing and checking fail at different depths: all are refused."""
    with pytest.raises(ArtifactError):
        decode(repack_text(pair_bytes(), lambda t: t.replace('"small"', "[" * depth + "]" * depth)))


def swap(header: dict[str, Any], arrays: dict[str, Array]) -> None:
    """Exchange two entries of a table, and with them the codes' meaning."""
    arrays["table.coef.codebook"] = arrays["table.coef.codebook"][:, ::-1]


def both(*edits: Edit) -> Edit:
    """Return the edits one after the other."""

    def edit(header: dict[str, Any], arrays: dict[str, Array]) -> None:
        for one in edits:
            one(header, arrays)

    return edit


CLASSES = "the classes are not those of such a model"
TABLE = "the table of values is missing or not in order"
OF_CLASSIFIERS: dict[str, tuple[Edit, str]] = {
    "no classes": (put("classes", []), CLASSES),
    "classes null": (put("classes", None), CLASSES),
    "classes as text": (put("classes", "abc"), CLASSES),
    "classes as an object": (put("classes", {"a": 1, "b": 2, "c": 3}), CLASSES),
    "classes as numbers": (put("classes", [0, 1, 2]), CLASSES),
    "one class": (put("classes", ["class 0"]), CLASSES),
    "a class twice": (put("classes", ["class 0", "class 1", "class 1"]), CLASSES),
    "101 classes": (put("classes", [str(i) for i in range(101)]), CLASSES),
    "a very long class": (put("classes", ["class 0", "class 1", "x" * 10_001]), CLASSES),
    "two classes for three rows": (put("classes", ["class 0", "class 1"]), r"coef has shape \(3, 2\)"),
    "four classes for three rows": (
        put("classes", [f"class {i}" for i in range(4)]), r"coef has shape \(3, 2\)"
    ),
    "classes without their field": (drop("classes"), "does not have the fields of this format"),
    "very many letters": (
        put("classes", [f"{i:09999}" for i in range(100)]), r"coef has shape \(3, 2\)|are too long for so many"
    ),
    "a regression with classes": (put("task", "regression"), "family and task are not those of the model logistic"),
    "the model of another task": (
        both(put("train", {"model": "linear", "scaling": "standard", "degree": 1, "params": {"positive": False}}),
             put("task", "regression"), put("classes", [])),
        f'model must be {OF_CLASSES} for digits, got "linear"',
    ),
    "the table of another task": (
        put("data", "dataset", "california_housing"),
        f'model must be {OF_VALUES} for california_housing, got "logistic"',
    ),
    "data without training": (put("train", None), "lacks a field or has one of the wrong kind|train must be"),
    "training without data": (put("data", None), "lacks a field or has one of the wrong kind"),
    "an unknown solver": (put("train", "params", "solver", "liblinear"), "solver must be one of lbfgs"),
    "another granularity": (
        put("scheme", "granularity", "tensor"), "table.coef.codebook is missing or has the wrong kind or shape"
    ),
    "an unknown granularity": (put("scheme", "granularity", "channel"), "granularity must be one of tensor, row, block"),
    "granularity null": (put("scheme", "granularity", None), "granularity must be one of tensor, row, block"),
    "a falling table": (swap, TABLE),
    "no table": (drop("table.coef.codebook"), TABLE),
    "a NaN entry": (array("table.coef.codebook", np.full((3, 2), np.nan), "f4"), "something else than finite"),
    "a table of float64": (array("table.coef.codebook", lambda a: a, "f8"), "table.coef.codebook is missing or has"),
    "too few tables": (array("table.coef.codebook", lambda a: a[:2]), "table.coef.codebook is missing or has"),
    "too short tables": (array("table.coef.codebook", lambda a: a[:, :1]), "table.coef.codebook is missing or has"),
    "too long tables": (
        array("table.coef.codebook", lambda a: np.repeat(a, 2, axis=1)), "table.coef.codebook is missing or has"
    ),
    "a flat table": (array("table.coef.codebook", lambda a: a.ravel()), "table.coef.codebook is missing or has"),
    "another table": (array("table.coef.codebook", lambda a: a * np.float32(1.5)), "does not give the predictions"),
    "a scale besides": (
        lambda h, a: a.update({"table.coef.scale": np.ones(3, "f4")}), "the method codebook has no table scale"
    ),
    "a table of the intercept": (
        lambda h, a: a.update({"table.intercept.codebook": np.ones((3, 1), "f4")}), "arrays that nothing refers to"
    ),
    "other codes": (array("codes.coef", lambda a: a ^ 0x80), "does not give the predictions"),
    "one intercept": (array("exact.intercept", [0], "f4"), "exact.intercept is missing or has the wrong"),
    "another probability": (
        lambda h, a: h["probe"]["original"][0].__setitem__(0, 0.123), "does not give the predictions"
    ),
    "two probabilities": (
        put("probe", "original", [[0.5, 0.5]] * 5), "does not give the predictions"
    ),
    "values for probabilities": (put("probe", "original", [0.0] * 5), "does not give the predictions"),
    "an accuracy as text": (put("metrics", "original", "test", "accuracy", "good"), "a metric of the original model"),
    "a log loss as a flag": (put("metrics", "quantized", "test", "log_loss", True), "a metric of the quantized model"),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_CLASSIFIERS)
def test_a_hostile_classifier_with_a_correct_checksum_is_refused(name: str) -> None:
    """Classes, tables a row, granularity and recipe of a classifier are checked like everything else."""
    edit, message = OF_CLASSIFIERS[name]
    with pytest.raises(ArtifactError, match=message):
        decode(repack(classifier_bytes(), edit))


def test_a_code_beyond_a_short_table_is_refused() -> None:
    """A table that is shorter than its width allows leaves codes without an entry; such a code is refused."""
    trained = small()
    q = quantize(trained.parts, Scheme("codebook", 4), trained.moments)
    assert q.tables["coef"]["codebook"].shape == (1, 3)
    with pytest.raises(ArtifactError, match="a code is above 2"):
        decode(repack(encode(bare_file(trained, q)), array("codes.coef", [0x03, 0x00], "u1")))


OWN: dict[str, tuple[Edit, str]] = {
    "a data set without training": (
        put("data", {"dataset": "digits", "test_size": 0.2, "seed": 42, "sha256": ""}), "train must be|lacks a field"
    ),
    "a scaling": (put("preparation", "scaling", "standard"), "preparation does not fit the features and the training"),
    "degree 2": (put("preparation", "degree", 2), "preparation does not fit the features and the training"),
    "an unknown task": (put("task", "ranking"), "family or task is unknown to this version"),
    "an unknown family": (put("family", "forest"), "family or task is unknown to this version"),
    "classes of a regression": (put("classes", ["a", "b"]), CLASSES),
    "a checksum of no data": (put("data", {"sha256": "0" * 64}), "train must be|lacks a field"),
}  # fmt: skip


@pytest.mark.parametrize("name", OWN)
def test_a_hostile_own_model_is_refused(name: str) -> None:
    """Without a recipe the header is still held to what such a model can be."""
    X, y = table()
    edit, message = OWN[name]
    with pytest.raises(ArtifactError, match=message):
        decode(repack(encode(from_estimator(Ridge().fit(X, y), X)), edit))
