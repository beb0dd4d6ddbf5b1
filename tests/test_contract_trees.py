"""What every tree model must do by every method at every width, also on data that leave little to learn."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from core import families
from core.artifact import decode, encode
from core.config import DataConfig, TrainConfig
from core.datasets import split
from core.errors import ArtifactError, InvalidInput
from core.evaluate import compare, model_file
from core.metrics import SCALARS
from core.models import MODELS
from core.parts import Array
from core.prepare import check_missing
from core.quant import METHOD_NAMES, METHODS, Quantized, Scheme, decoded_blocks, quantize
from core.quant.leaves import leaf_groups
from core.train import Trained, TrainReport, fit_rows
from tests.support import dataset, half_step_bound, names, numbers_of, repack, same_from_file, words
from tests.trees_support import table

Edit = Callable[[dict[str, Any], dict[str, Array]], object]
MODEL_NAMES = tuple(name for name, model in MODELS.items() if model.family == "trees")
TABLES = ("plain", "missing values", "constant feature", "one feature", "a class with two rows")
BITS = (1, 2, 4, 8, 16)
SMALL = {"n_estimators": 3, "max_iter": 3, "min_samples_leaf": 2}


@cache
def grown(model: str, kind: str) -> Trained:
    """Return a small tree model of a table; a class of two rows has one in each part."""
    (X, y, _), classify = table(kind), MODELS[model].task == "classification"
    classes = words(int(y.max()) + 1) if classify else ()
    if not classify:
        y = y + np.random.default_rng(0).normal(size=len(y)) - 1
    given = tuple((n, v) for n, v in SMALL.items() if n in MODELS[model].params)
    config = TrainConfig(model, impute="median" if kind == "missing values" else "none", params=given)
    data = DataConfig("digits" if classify else "california_housing", test_size=0.25)
    made = dataset(X, y, classes)
    rows, test = split(made, data.test_size, data.seed)
    f = fit_rows(X[rows], y[rows], names(X.shape[1]), config, classes)
    report = TrainReport(len(rows), len(test), len(f.preparation.columns), None, f.seconds, 1000, f.notes)
    sketch = np.nanquantile(X[rows], np.linspace(0, 1, 21), axis=0).T
    return Trained(data, config, made, f.preparation, f.parts, f.moments, sketch, report)


def within_half_a_step(trained: Trained, q: Quantized) -> None:
    """Assert that codes are codes, and that leaves move by half a step at most where the method promises it."""
    values, decoded = trained.parts.values["leaf"].ravel(), decoded_blocks(q)["leaf"]
    method, bits = METHODS[q.scheme.method], q.scheme.bits
    assert np.isfinite(decoded).all()
    assert int(q.codes["leaf"].max()) <= method.top_code(bits)
    assert np.array_equal(q.groups["leaf"], leaf_groups(trained.parts, q.scheme))
    if method.half_step(bits) and q.scheme.scale == "minmax":
        scale = q.tables["leaf"]["scale"].astype(np.float64)[q.groups["leaf"]]
        bound = half_step_bound(q.scheme.method, bits, values, decoded, scale)
        assert (np.abs(decoded - values) <= bound).all()


def comes_back(trained: Trained, scheme: Scheme) -> None:
    """Assert that the file holds both models to the last bit, and that its bytes are those that are shown."""
    c, _ = same_from_file(trained, scheme)
    figures = [m[n] for v in c.metrics.values() for m in v.values() for n in SCALARS[trained.dataset.task]]
    assert np.isfinite([v for v in figures if v is not None]).all()
    assert np.isfinite([c.output_error, *c.by_tree, *c.differences]).all()
    assert len(c.by_tree) == len(trained.parts.structure["n_nodes"])


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("model", MODEL_NAMES)
def test_every_combination_keeps_its_promise(model: str, kind: str) -> None:
    """Every method at every width, with a scale for all leaves or for those of each tree."""
    trained = grown(model, kind)
    for method, bits, granularity in product(METHOD_NAMES, BITS, ("tensor", "row")):
        q = quantize(trained.parts, Scheme(method, bits, granularity=granularity))
        assert (q.requested, q.scheme.bits, q.scheme.granularity) == (method, bits, granularity)
        within_half_a_step(trained, q)


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("model", MODEL_NAMES)
def test_every_combination_comes_back_from_its_file(model: str, kind: str) -> None:
    """Every method at every width, whole and with fewer trees and levels; the switch of the scale in turn."""
    trained = grown(model, kind)
    fewer = 0 if trained.parts.meta["kind"] == "tree" else 2
    for i, (method, bits) in enumerate(product(METHOD_NAMES, BITS)):
        kept = {"trees": fewer, "depth": 2} if i % 3 == 0 else {}
        if kept:
            smaller(trained, Scheme(method, bits, granularity=("tensor", "row")[i % 2], **kept))
        else:
            comes_back(trained, Scheme(method, bits, granularity=("tensor", "row")[i % 2]))


def smaller(trained: Trained, scheme: Scheme) -> None:
    """Assert that a model with fewer trees comes back as well, beside the original and alone."""
    c = compare(trained, scheme)
    model, rows = model_file(trained, c), trained.rows("test")[0]
    for held in (model, model.only("quantized")):
        back = decode(encode(held))
        assert back.quantized is not None
        assert back.quantized.scheme == c.quantized.scheme
        assert np.array_equal(back.outputs(rows, "quantized"), model.outputs(rows, "quantized"))
        assert compare(trained, scheme, back.quantized).metrics["quantized"] == c.metrics["quantized"]
        if held is not model:
            assert c.sizes["quantized"].numbers == sum(array.nbytes for array in numbers_of(encode(held)).values())
    assert len(c.by_tree) == (c.quantized.scheme.trees or len(trained.parts.structure["n_nodes"])) * width(trained)
    assert np.isfinite([c.output_error, *c.by_tree, *c.errors]).all()


def width(trained: Trained) -> int:
    """Return how many trees of a boosting are one iteration."""
    return len(trained.parts.structure.get("baseline", [0]))


@pytest.mark.parametrize("model", MODEL_NAMES)
def test_missing_values_are_refused_by_name_where_nothing_fills_them(model: str) -> None:
    """Before anything is fitted, with the choices that there are."""
    X, y, _ = table("missing values")
    made = dataset(X, y)
    with pytest.raises(InvalidInput, match=r"^impute must be median or constant where numbers are missing"):
        check_missing(made.X, made.feature_names, made.categories, "none")
    trained = grown(model, "missing values")
    assert "missing_left" not in trained.parts.structure
    with pytest.raises(InvalidInput, match=r"^X must be free of missing values"):
        families.outputs(trained.parts, X)


def pair(model: str = "random_forest", **kept: int) -> bytes:
    """Return a file with a small model and its twin."""
    trained = grown(model, "plain")
    return encode(model_file(trained, compare(trained, Scheme("asymmetric", 4, **kept))))


def put(*path: str, value: object) -> Edit:
    """Return an edit that sets a field of the header."""

    def edit(header: dict[str, Any], arrays: dict[str, Array]) -> None:
        inner = header
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value

    return edit


def many_nodes(header: dict[str, Any], arrays: dict[str, Array]) -> None:
    """Claim more nodes than a file holds: a chain of splits, which packs to nothing."""
    arrays["structure.leaf_map"] = np.zeros(2**21, dtype=np.uint8)
    header["trees"]["structure"]["nodes"] = 2**24


def without_codes(header: dict[str, Any], arrays: dict[str, Array]) -> None:
    """Take the codes out and leave the words about them."""
    for name in [n for n in arrays if n.startswith("codes.")]:
        del arrays[name]


HOSTILE: dict[str, tuple[Edit, str]] = {
    "another kind": (put("trees", "kind", value="grove"), "kind of the trees is unknown"),
    "a single tree": (put("trees", "kind", value="tree"), "3 trees in a model of one tree"),
    "no structure": (lambda h, a: h["trees"].pop("structure"), "does not say how the trees are packed"),
    "a structure of another type": (put("trees", "structure", value=[]), "of the wrong kind"),
    "more nodes than there are": (put("trees", "structure", "nodes", value=9), "not a sequence|do not take|not zero"),
    "very many nodes": (many_nodes, "more nodes than a file holds"),
    "codes of another width": (put("scheme", "bits", value=5), "do not have 5 bits"),
    "another number of codes": (put("codes", "leaf", value=7), "number of codes does not fit"),
    "codes that are not there": (without_codes, "need a scale, or a codebook alone"),
    "a switch that trees do not have": (put("scheme", "space", value="raw"), "scheme is none of trees"),
    "blocks": (put("scheme", "granularity", value="block"), "tensor or row for trees"),
    "another method": (put("scheme", "method", value="symmetric"), "setting of symmetric must be none"),
    "another zero point": (put("scheme", "params", "zero_point", value="offset"), "tables of the codes are not those"),
    "fewer trees": (put("scheme", "trees", value=2), "number of codes does not fit"),
    "as many trees": (put("scheme", "trees", value=3), "not as few, or as shallow"),
    "shallower trees": (put("scheme", "depth", value=2), "number of codes does not fit"),
    "no trees as words": (put("scheme", "trees", value="2"), "trees must be a whole number"),
    "levels beyond any tree": (put("scheme", "depth", value=99), "not as few, or as shallow"),
    "a zero that is written": (put("scheme", "trees", value=0), "header does not describe what the file holds"),
    "the model of another family": (put("family", value="linear"), "fields of this format"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_of_trees_is_refused(name: str) -> None:
    """With a correct checksum, by one kind of error, and without memory for what it claims."""
    edit, message = HOSTILE[name]
    data = repack(pair(), edit)
    tracemalloc.start()
    with pytest.raises(ArtifactError, match=message):
        decode(data)
    assert tracemalloc.get_traced_memory()[1] < 20 * len(data) + 2**22
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (put("scheme", "trees", value=1), "not as few, or as shallow"),
        (put("scheme", "depth", value=1), "not as few, or as shallow"),
    ],
)
def test_a_deployed_file_has_the_trees_that_it_says(edit: Edit, message: str) -> None:
    """Alone, a twin with fewer trees and levels is held to its scheme as well."""
    trained = grown("random_forest", "plain")
    alone = model_file(trained, compare(trained, Scheme("asymmetric", 4, trees=2, depth=2))).only("quantized")
    with pytest.raises(ArtifactError, match=message):
        decode(repack(encode(alone), edit))
