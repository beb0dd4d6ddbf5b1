"""Perceptrons on a grid: every method at every width, what is stored for it, and what a search may not touch."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from core import families
from core.artifact import decode, encode
from core.cli.main import main
from core.config import DataConfig, TrainConfig
from core.datasets import split
from core.diagnose import diagnose
from core.errors import ArtifactError, InvalidInput
from core.evaluate import compare, cross_validate, model_file
from core.families import mlp
from core.outputs import answers, layers_seen, output_variance, seen
from core.parts import Array, Floats
from core.quant import (
    METHOD_NAMES,
    METHODS,
    SWITCHES,
    Quantized,
    Scheme,
    decoded_blocks,
    default_scheme,
    dequantize,
    quantize,
)
from core.quant.layers import Seen, coded_weights, look, output_change, rounded_layers
from core.slow import seconds_to_sweep
from core.sweep import everything, run, with_cv
from core.train import Trained, TrainReport, fit_rows
from tests.support import dataset, half_step_bound, names, repack, same_from_file, words
from tests.trees_support import table

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

KINDS = ("plain", "missing values", "constant feature", "one feature", "a class with two rows")
BITS = (1, 2, 4, 8, 16)
INTERCEPTS, GRANULARITIES = SWITCHES["intercept"].options, SWITCHES["granularity"].options
TASKS = ("mlp", "mlp_classifier")


@cache
def learnt(model: str, kind: str = "plain", second: int = 3, activation: str = "relu") -> Trained:
    """Return a small perceptron of a table; a class of two rows has one in each part."""
    (X, y, _), classify = table(kind), model == "mlp_classifier"
    classes = words(int(y.max()) + 1) if classify else ()
    if not classify:
        y = 1e5 * (y + np.random.default_rng(0).normal(size=len(y)) - 1)
    params = {"hidden": 5, "hidden_2": second, "max_iter": 25, "learning_rate_init": 0.02, "activation": activation}
    impute = "median" if kind == "missing values" else "none"
    config = TrainConfig(model, impute=impute, params=tuple(params.items()))
    data = DataConfig("digits" if classify else "california_housing", test_size=0.25)
    made = dataset(X, y, classes)
    rows, test = split(made, data.test_size, data.seed)
    f = fit_rows(X[rows], y[rows], names(X.shape[1]), config, classes)
    report = TrainReport(len(rows), len(test), len(f.preparation.columns), None, f.seconds, 1000, f.notes)
    sketch = np.nanquantile(X[rows], np.linspace(0, 1, 21), axis=0).T
    return Trained(data, config, made, f.preparation, f.parts, f.moments, sketch, report)


def quantized(trained: Trained, scheme: Scheme) -> Quantized:
    """Return the twin of a trained perceptron."""
    return quantize(trained.parts, scheme, trained.moments, seen(trained))


def before_rounding(trained: Trained, q: Quantized) -> dict[str, Floats]:
    """Return the values that each block of `q` stands for."""
    found = {}
    for layer in rounded_layers(trained.parts, q.scheme, trained.moments):
        weight, bias = f"weight_{layer.number}", f"bias_{layer.number}"
        found[weight] = layer.weight.ravel()
        if q.scheme.intercept == "same-grid":
            found[weight] = np.column_stack([layer.bias, layer.weight]).ravel()
        if q.scheme.intercept == "quantised":
            found[bias] = layer.bias
    return found


def keeps_its_promise(trained: Trained, q: Quantized) -> None:
    """Assert that codes are codes, all is finite, and errors stay within half a step where that is promised."""
    method, bits, decoded = METHODS[q.scheme.method], q.scheme.bits, decoded_blocks(q)
    values = before_rounding(trained, q)
    assert set(values) == set(decoded) == set(q.codes) == set(q.tables) == set(q.groups)
    for name, wanted in values.items():
        assert np.isfinite(decoded[name]).all()
        assert int(q.codes[name].max()) <= method.top_code(bits)
        if method.half_step(bits) and q.scheme.scale == "minmax":
            scale = q.tables[name]["scale"].astype(np.float64)[q.groups[name]]
            bound = half_step_bound(q.scheme.method, bits, wanted, decoded[name], scale)
            assert (np.abs(decoded[name] - wanted) <= bound).all(), (q.scheme, name)
    mlp.validate(dequantize(q))


@pytest.mark.parametrize(("model", "kind"), [*product(TASKS, KINDS)])
def test_every_combination_keeps_its_promise(model: str, kind: str) -> None:
    """Every method at every width, with the other switches in turn, so that each value meets each method."""
    trained = learnt(model, kind)
    shared = [*product(INTERCEPTS, GRANULARITIES, SWITCHES["space"].options)]
    for i, (method, bits) in enumerate(product(METHOD_NAMES, BITS)):
        for intercept, granularity, space in (shared[i % len(shared)], shared[(5 * i + 7) % len(shared)]):
            scheme = Scheme(method, bits, space, intercept=intercept, granularity=granularity)
            q = quantized(trained, scheme)
            assert (q.requested, q.family, q.scheme.intercept) == (method, "mlp", intercept)
            keeps_its_promise(trained, q)


@pytest.mark.parametrize(("model", "kind"), [*product(TASKS, KINDS)])
def test_every_combination_comes_back_from_its_file(model: str, kind: str) -> None:
    """Every method at every width: both models to the last bit, and the bytes are those that are shown."""
    trained = learnt(model, kind)
    shared = [*product(INTERCEPTS, GRANULARITIES)]
    for i, (method, bits) in enumerate(product(METHOD_NAMES, BITS)):
        intercept, granularity = shared[(7 * i) % len(shared)]
        comes_back(trained, Scheme(method, bits, intercept=intercept, granularity=granularity))


def comes_back(trained: Trained, scheme: Scheme) -> None:
    """Assert that a file gives back what it was given, together and alone."""
    c, back = same_from_file(trained, scheme)
    assert {size.n_parameters for size in c.sizes.values()} == {trained.parts.n_parameters}
    assert back.quantized is not None
    assert compare(trained, scheme, back.quantized).metrics["quantized"] == c.metrics["quantized"]
    assert len(c.by_tree) == sum(len(bias) for _, bias in mlp.layers(trained.parts))
    assert len(c.errors) == sum(weight.size for weight, _ in mlp.layers(trained.parts))
    assert np.isfinite([c.output_error, *c.by_tree, *c.errors, *c.differences]).all()
    found = c.to_json()["parameters"]
    assert found["count"] == len(c.errors) == len(found["values"])
    assert found["max_absolute_error"] == abs(c.parameters[0].error)


@pytest.mark.parametrize(("model", "activation"), [*product(TASKS, ("relu", "tanh", "logistic", "identity"))])
def test_refitted_biases_keep_the_mean_output(model: str, activation: str) -> None:
    """At two bits the mean score over the training rows is that of the original, to the rounding of a float32."""
    trained = learnt(model, activation=activation)
    columns = trained.columns("train")[0]
    wanted = mlp.scores(trained.parts, columns)
    twin = dequantize(quantized(trained, Scheme("symmetric", 2)))
    got = mlp.scores(twin, columns)
    near = 1e-6 * np.abs(wanted).max() + 1e-6 * np.abs(twin.values["bias_2"]).max()
    assert np.allclose(got.mean(axis=0), wanted.mean(axis=0), rtol=0, atol=near)
    assert not np.allclose(got, wanted, rtol=0, atol=near)


@pytest.mark.parametrize(("scale", "method"), [*product(("mse", "output"), ("symmetric", "asymmetric"))])
def test_a_search_for_the_scale_is_never_worse_in_what_it_looks_at(scale: str, method: str) -> None:
    """The rounding error of each layer's weights, and the change of the first layer's sums, whose inputs are exact."""
    trained = learnt("mlp")
    known, errors = layers_seen(trained), []
    assert known is not None
    for one in (scale, "minmax"):
        q = quantized(trained, Scheme(method, 3, scale=one))
        moved = [((after - before) ** 2).sum() for before, after, _ in coded_weights(trained.parts, q)]
        if scale == "output":
            delta = dequantize(q).values["weight_0"] - trained.parts.values["weight_0"]
            moved = [np.einsum("oi,ij,oj->", delta, trained.moments.gram, delta)]
        errors.append(np.array(moved))
    assert (errors[0] <= errors[1] * (1 + 1e-12)).all()
    assert errors[0].sum() < errors[1].sum()


def test_the_best_found_is_the_best_of_what_is_tried() -> None:
    """`auto` takes the even grid and scale that change the outputs on the training rows least."""
    trained = learnt("mlp_classifier")
    known = layers_seen(trained)
    assert known is not None
    best = quantized(trained, Scheme("auto", 3))
    tried = [
        output_change(dequantize(quantized(trained, Scheme(name, 3, scale=scale))), known)
        for name, method in METHODS.items() if method.in_auto for scale in method.scales
    ]  # fmt: skip
    assert output_change(dequantize(best), known) == min(tried)
    assert best.requested == "auto"
    assert best.scheme.method in METHODS


def test_wider_codes_come_closer_and_sixteen_bits_are_all_but_exact() -> None:
    """The change of the outputs falls with every four bits; the rest at 16 is far below what anybody sees."""
    for model in TASKS:
        trained = learnt(model)
        for granularity in GRANULARITIES:
            scheme = Scheme("asymmetric", granularity=granularity)
            moved = [
                answers(trained, dequantize(quantized(trained, replace(scheme, bits=b)))).change for b in (4, 8, 12, 16)
            ]
            assert moved == sorted(moved, reverse=True)
            assert moved[-1] < 1e-7 * output_variance(trained)


def test_a_codebook_of_all_values_is_exact_and_a_finer_scale_is_charged() -> None:
    """A table as long as a row holds each of its weights as float32."""
    trained = learnt("mlp")
    q = quantized(trained, Scheme("codebook", 8, granularity="row"))
    for before, after, _ in coded_weights(trained.parts, q):
        assert np.array_equal(after, before.astype(np.float32).astype(np.float64))
    sizes = [compare(trained, Scheme("asymmetric", 8, granularity=g)).sizes["quantized"].side for g in GRANULARITIES]
    assert sizes[0] < sizes[1] <= sizes[2]


def test_a_table_for_many_values_is_near_the_best() -> None:
    """A layer has more weights than the exact search takes: no refusal, and no worse than an even grid."""
    draw = np.random.default_rng(0)
    meta = {"task": "regression", "features": names(40), "classes": [], "activation": "relu", "hidden": [50]}
    weights = {"weight_0": draw.normal(size=(50, 40)), "weight_1": draw.normal(size=(1, 50))}
    parts = families.Parts("mlp", {**weights, "bias_0": np.zeros(50), "bias_1": np.zeros(1)}, {}, meta)
    known = look(parts, draw.normal(size=(200, 40)))
    moved = {}
    for method in ("codebook", "symmetric"):
        q = quantize(parts, Scheme(method, 4, "raw"), None, known)
        before, after, _ = next(coded_weights(parts, q))
        moved[method] = ((after - before) ** 2).sum()
    assert moved["codebook"] < 0.6 * moved["symmetric"]


def test_without_rows_biases_are_kept_and_the_rounding_error_decides() -> None:
    """What rows are needed for is refused, or left as it was and said so."""
    trained = learnt("mlp")
    q = quantize(trained.parts, Scheme("auto", 4), trained.moments)
    assert q.scheme.intercept == "keep"
    kept = quantized(trained, replace(q.scheme))
    assert np.array_equal(kept.codes["weight_0"], q.codes["weight_0"])
    for scheme, moments in ((Scheme(scale="output"), trained.moments), (Scheme(), None)):
        with pytest.raises(InvalidInput):
            quantize(trained.parts, scheme, moments)
    assert quantize(trained.parts, Scheme(space="raw"), None).scheme.space == "raw"
    with pytest.raises(InvalidInput, match="trees"):
        quantized(trained, Scheme(trees=1))
    assert look(trained.parts, np.empty((0, 4))) is None


def test_numbers_beyond_float32_are_refused() -> None:
    """A weight or a bias that would be stored as infinity."""
    parts = learnt("mlp").parts
    for name in ("weight_1", "bias_0"):
        values = {**parts.values, name: parts.values[name] * 0 + 1e39}
        with pytest.raises(InvalidInput, match="layer"):
            quantize(replace(parts, values=values), Scheme(space="raw"))


def test_only_so_many_rows_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are evenly many of all, and the statistics are those of what comes into each layer."""
    trained = learnt("mlp")
    columns = trained.columns("train")[0]
    monkeypatch.setattr("core.quant.layers.ROWS", 20)
    found = look(trained.parts, columns)
    assert isinstance(found, Seen)
    assert len(found.columns) <= 20 < len(columns)
    assert found.columns.flags.writeable is False
    weight, bias = next(mlp.layers(trained.parts))
    hidden = np.maximum(found.columns @ weight.T + bias, 0)
    assert np.allclose(found.hidden[0].mean, hidden.mean(axis=0), rtol=1e-12, atol=1e-12)
    assert np.array_equal(found.scores, mlp.scores(trained.parts, found.columns))


def test_every_setting_can_be_tried() -> None:
    """A sweep makes the twin of each setting, gives the figures that a comparison gives, and folds them."""
    for model in TASKS:
        trained = learnt(model, second=0)
        plan = everything(trained.parts, bits=(2, 8))
        found = run(trained, plan)
        assert {p.scheme.granularity for p in found.points} == set(GRANULARITIES)
        assert {p.method for p in found.points} == set(METHODS)
        assert found.skipped
        for point in found.points[::7]:
            c = compare(trained, point.scheme)
            assert point.test == c.score("quantized")
            assert point.train == c.score("quantized", "train")
            assert (point.numbers, point.output_error) == (c.sizes["quantized"].numbers, c.output_error)
        assert [c.kind for c in found.casts] == ["float32", "float16"]
        fixed = everything(trained.parts, ["symmetric"], [4], {"intercept": "keep", "space": "raw", "scale": "mse"})
        assert {f.base.intercept for f in fixed.families} == {"keep"}
        assert seconds_to_sweep(trained.parts, 100, 3) > 3 * seconds_to_sweep(trained.parts, 100) > 0
        small = everything(trained.parts, ["symmetric"], [8], {"granularity": "row", "scale": "minmax"})
        folded = with_cv(trained, small, run(trained, small), 3)
        cv = cross_validate(trained, small.families[0].schemes[0], 3)
        main_name = "accuracy_mean" if model == "mlp_classifier" else "r2_mean"
        assert folded.points[0].cv == pytest.approx(cv["quantized"][main_name], abs=1e-12)
        assert folded.original_cv == pytest.approx(cv["original"][main_name], abs=1e-12)


def test_nothing_is_diagnosed_and_the_default_is_a_scale_for_each_neuron() -> None:
    """The findings are about coefficients; few bits ask for a scale for each neuron."""
    trained = learnt("mlp")
    scheme = default_scheme("mlp")
    assert diagnose(trained, compare(trained, scheme)) == ()
    assert scheme.granularity == "row"
    assert "a scale for each neuron" in scheme.words_for("mlp")


def test_a_twin_of_another_perceptron_is_refused() -> None:
    """Other widths, another activation, another family."""
    trained = learnt("mlp")
    for other in (learnt("mlp", second=0), learnt("mlp", activation="tanh"), learnt("mlp_classifier")):
        with pytest.raises(InvalidInput, match="original"):
            compare(trained, Scheme(), quantized(other, Scheme()))


def spoilt(header: dict[str, Any], arrays: dict[str, Array], how: str) -> None:
    """Spoil a file of a perceptron and its twin in one way."""
    codes = arrays["codes.weight_0"]
    changes: dict[str, Any] = {
        "no description": lambda: header.pop("mlp"),
        "another activation": lambda: header["mlp"].update(activation="sigmoid"),
        "a word as width": lambda: header["mlp"].update(hidden=["5", 3]),
        "true as width": lambda: header["mlp"].update(hidden=[5, True]),
        "one width": lambda: header["mlp"].update(hidden=5),
        "other widths": lambda: header["mlp"].update(hidden=[3, 5]),
        "a layer too many": lambda: header["mlp"].update(hidden=[5, 3, 1]),
        "huge layers": lambda: header["mlp"].update(hidden=[2**20, 2**20]),
        "a stray word": lambda: header["mlp"].update(size=3),
        "of trees": lambda: header.update(family="trees"),
        "linear": lambda: header.update(family="linear"),
        "fewer trees": lambda: header["scheme"].update(trees=3),
        "other codes": lambda: header["codes"].update(weight_0=3),
        "a method of none": lambda: header["scheme"].update(method="auto", scale="minmax"),
        "another granularity": lambda: header["scheme"].update(granularity="tensor"),
        "a code less": lambda: arrays.update({"codes.weight_0": codes[:-1]}),
        "another code": lambda: arrays.update({"codes.weight_0": codes ^ 1}),
        "no scale": lambda: arrays.pop("table.weight_1.scale"),
        "no bias": lambda: arrays.pop("exact.bias_1"),
        "a wider bias": lambda: arrays.update({"exact.bias_1": np.zeros(9, np.float32)}),
        "a deviation of 0": lambda: arrays["exact.feature_scale"].fill(0),
        "a scale of 0": lambda: arrays["table.weight_0.scale"].fill(0),
        "no weight": lambda: arrays.pop("original.weight_1"),
        "a flat weight": lambda: arrays.update({"original.weight_1": arrays["original.weight_1"].ravel()}),
        "another weight": lambda: arrays["original.weight_2"].fill(7),
        "a stray weight": lambda: arrays.update({"original.weight_3": np.zeros((1, 1))}),
    }
    changes[how]()


HOSTILE = (
    "no description", "another activation", "a word as width", "true as width", "one width", "other widths",
    "a layer too many", "huge layers", "a stray word", "of trees", "linear", "fewer trees", "other codes",
    "a method of none", "another granularity", "a code less", "another code", "no scale", "no bias", "a wider bias",
    "a deviation of 0", "a scale of 0", "no weight", "a flat weight", "another weight", "a stray weight",
)  # fmt: skip


@pytest.mark.parametrize("how", HOSTILE)
def test_a_file_that_lies_under_a_right_checksum_is_refused(how: str) -> None:
    """Whatever is spoilt, it is one `ArtifactError`."""
    with pytest.raises(ArtifactError):
        decode(repack(hostile_bytes(), lambda header, arrays: spoilt(header, arrays, how)))


@cache
def hostile_bytes() -> bytes:
    """Return the file that is spoilt."""
    trained = learnt("mlp")
    return encode(model_file(trained, compare(trained, Scheme("asymmetric", 4, granularity="row"))))


def test_a_perceptron_that_is_too_large_for_a_file_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be opened again is refused before it is written."""
    trained = learnt("mlp")
    c = compare(trained, Scheme())
    monkeypatch.setattr(mlp, "MOST_NUMBERS", 20)
    with pytest.raises(ArtifactError, match="more than a file holds"):
        encode(model_file(trained, c))


def test_the_command_line_trains_compares_and_inspects_one(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Layers in place of coefficients; the weights that changed most; a file that says what it holds."""
    named = ["--dataset", "diabetes", "--model", "mlp", "--set", "hidden=4", "--set", "max_iter=20"]
    file = str(tmp_path / "small.safetensors")
    assert main(["train", *named, "--out", file]) == 0
    assert "layers 10 → 4 → 1, relu, 49 weights and biases" in capsys.readouterr().out
    assert main(["compare", *named, "--bits", "4"]) == 0
    shown = capsys.readouterr().out
    assert "weight errors: mean" in shown
    assert "layer 1, neuron" in shown
    assert main(["quantize", file, "--bits", "4", "--out", file]) == 0
    assert main(["inspect", file]) == 0
    assert "a scale for each neuron" in capsys.readouterr().out
    assert main(["predict", file, "--sample"]) == 0
    assert main(["sweep", *named, "--all", "--bits", "2,8"]) == 0
    assert "front" in capsys.readouterr().out
