"""What every model, method, width, space and intercept must do, and what degenerate data may not break."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest

from core import families
from core.artifact import decode, encode
from core.config import DataConfig, TrainConfig, default_model
from core.datasets import DATASETS
from core.evaluate import compare, model_file
from core.parts import Floats
from core.quant import METHOD_NAMES, METHODS, Quantized, Scheme, decoded_blocks, dequantize, quantize
from core.quant.coordinates import column_scale
from core.quant.quantize import block_groups
from core.sweep import sweep
from core.train import Trained
from tests.support import (
    ALL_BITS,
    GRANULARITIES,
    INTERCEPTS,
    REGRESSORS,
    SPACES,
    bare_file,
    bundled,
    california,
    classifier_on,
    covering_pairs,
    half_step_bound,
    rounded_values,
    schemes,
    small,
    table,
    trained_on,
)

CASES = [*product(REGRESSORS, METHOD_NAMES, SPACES, INTERCEPTS)]

# Regressors have one row of coefficients, so that "row" is "tensor" for them; classifiers of two classes too.
KINDS = (*REGRESSORS, "2 classes", "4 classes")
# Every pair of two choices, and a seeded sample of the rest: all of them would say little more in six times the time.
SHARED = covering_pairs(KINDS, METHOD_NAMES, SPACES, INTERCEPTS, GRANULARITIES, more=40)


AT_THE_EDGE = covering_pairs(METHOD_NAMES, ("1", "4", "16"), SPACES, INTERCEPTS, more=20)
CLASSES_AT_THE_EDGE = covering_pairs(METHOD_NAMES, ("1", "4", "16"), GRANULARITIES)


@cache
def of_kind(kind: str) -> Trained:
    """Return a small regressor, or a small classifier of 2 or 4 classes."""
    return small(kind) if kind in REGRESSORS else small("logistic", 1, int(kind[0]))


def keeps_its_promise(trained: Trained, q: Quantized) -> None:
    """Assert that codes are codes, everything is finite, and errors stay within half a step if promised."""
    method, bits = METHODS[q.scheme.method], q.scheme.bits
    values = rounded_values(trained.parts, q, trained.preparation.scale, trained.preparation.mean)
    blocks = decoded_blocks(q)
    assert set(blocks) == set(values) == set(q.codes)
    for name, decoded in blocks.items():
        assert int(q.codes[name].max()) <= method.top_code(bits)
        assert np.isfinite(decoded).all()
        if method.half_step(bits) and q.scheme.scale == "minmax":
            group = np.unique(q.groups[name], return_inverse=True)[1]
            scale = q.tables[name]["scale"].astype(np.float64)[group]
            bound = half_step_bound(q.scheme.method, bits, values[name], decoded, scale)
            # Ours and the test's standardised values differ by the rounding of float64.
            assert (np.abs(decoded - values[name]) <= bound + 1e-12 * np.abs(values[name])).all(), (
                name,
                bits,
            )


def survives_the_file(trained: Trained, q: Quantized, rows: Floats) -> None:
    """Assert that the file gives codes, tables and predictions back as they were, to the last bit."""
    model = bare_file(trained, q).only("quantized")
    data = encode(model)
    back = decode(data)
    assert back.quantized is not None
    assert back.quantized.scheme == q.scheme
    for name, codes in q.codes.items():
        assert np.array_equal(back.quantized.codes[name], codes)
    assert np.array_equal(back.predict(rows), model.predict(rows))
    outputs = model.outputs(rows, "quantized")
    assert np.array_equal(back.outputs(rows, "quantized"), outputs)
    assert np.isfinite(outputs).all()
    assert encode(back) == data


@pytest.mark.parametrize(("model", "method", "space", "intercept"), CASES)
def test_every_combination_works(model: str, method: str, space: str, intercept: str) -> None:
    """From 1 to 16 bits: it runs, is finite, keeps its promise, and comes back from its file unchanged."""
    works(small(model), Scheme(method, 1, space, intercept=intercept))


@pytest.mark.parametrize(("kind", "method", "space", "intercept", "granularity"), SHARED)
def test_every_way_to_share_a_scale_works(kind: str, method: str, space: str, intercept: str, granularity: str) -> None:
    """The same for classifiers and for scales shared by all coefficients, by a row or by a block.

    Every pair of two choices occurs, and 40 more combinations; each from 1 to 16 bits.
    """
    works(of_kind(kind), Scheme(method, 1, space, intercept=intercept, granularity=granularity))


def works(trained: Trained, scheme: Scheme) -> None:
    """Assert that a scheme keeps its promises at every width, and that its files do."""
    rows, _ = trained.rows("test")
    for bits in ALL_BITS:
        q = quantize(trained.parts, replace(scheme, bits=bits), trained.moments)
        assert q.requested == scheme.method
        keeps_its_promise(trained, q)
        survives_the_file(trained, q, rows)


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["2 classes", "4 classes"])
def test_classifiers_work_with_every_method_and_granularity(kind: str, method: str, granularity: str) -> None:
    """All of these together with every intercept and both spaces, at three widths."""
    trained = of_kind(kind)
    rows, _ = trained.rows("test")
    for bits, space, intercept in product((1, 3, 16), SPACES, INTERCEPTS):
        scheme = Scheme(method, bits, space, intercept=intercept, granularity=granularity)
        q = quantize(trained.parts, scheme, trained.moments)
        keeps_its_promise(trained, q)
        survives_the_file(trained, q, rows[:5])


@pytest.mark.parametrize("model", REGRESSORS)
def test_every_model_of_the_bundled_data_works(model: str) -> None:
    """A thinner pass on California Housing: every method, space and intercept at the ends and in between."""
    trained = california(model)
    rows, _ = trained.rows("test")
    for scheme in schemes((1, 2, 8, 16)):
        q = quantize(trained.parts, scheme, trained.moments)
        keeps_its_promise(trained, q)
        survives_the_file(trained, q, rows[:50])


@pytest.mark.parametrize("name", [n for n in DATASETS if n != "california_housing"])
def test_every_other_table_works(name: str) -> None:
    """The default model of each small table: every method and granularity at the ends and in between."""
    trained = bundled(DataConfig(name), TrainConfig(default_model(name)))
    rows, _ = trained.rows("test")
    for method, bits, granularity in product(METHODS, (1, 3, 8), GRANULARITIES):
        q = quantize(trained.parts, Scheme(method, bits, granularity=granularity), trained.moments)
        keeps_its_promise(trained, q)
        survives_the_file(trained, q, rows[:20])


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_codebook_with_room_for_every_value_loses_nothing(kind: str, granularity: str) -> None:
    """Where there are as many codes as values that share a table, each value is kept as its float32."""
    trained = of_kind(kind)
    for intercept, space in product(INTERCEPTS, SPACES):
        scheme = Scheme("codebook", 1, space, intercept=intercept, granularity=granularity)
        sizes = np.unique(block_groups(trained.parts, scheme)["coef"], return_counts=True)[1]
        enough = int(np.ceil(np.log2(max(int(sizes.max()), 2))))
        for bits in (enough, 16):
            q = quantize(trained.parts, replace(scheme, bits=bits), trained.moments)
            scale = column_scale(trained.moments)
            values = rounded_values(trained.parts, q, scale, trained.moments.mean)
            for block, decoded in decoded_blocks(q).items():
                assert np.array_equal(decoded, values[block].astype(np.float32).astype(np.float64)), (block, bits)


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("scaling", ["standard", "none"])
def test_many_bits_are_nearly_the_original(scaling: str, degree: int) -> None:
    """Sixteen bits in standardised space change R² by less than a thousandth, however it was trained."""
    trained = california("linear", scaling, degree)
    for method in ("symmetric", "asymmetric", "auto"):
        found = compare(trained, Scheme(method, 16))
        after, before = (found.metrics[m]["train"]["r2"] for m in ("quantized", "original"))
        assert after is not None
        assert before is not None
        assert abs(after - before) < 1e-3


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_the_same_scheme_gives_the_same_codes(method: str) -> None:
    """Quantising twice gives bit for bit the same file."""
    trained = california()
    files = [encode(bare_file(trained, quantize(trained.parts, Scheme(method, 5), trained.moments))) for _ in range(2)]
    assert files[0] == files[1]


@pytest.mark.parametrize("method", ["symmetric", "asymmetric", "codebook"])
def test_quantising_what_was_quantised_changes_little(method: str) -> None:
    """A model that sits on a grid already loses at most float32's rounding when it is coded again."""
    trained = california()
    once = dequantize(quantize(trained.parts, Scheme(method, 8, "raw", intercept="keep"), trained.moments))
    again = dequantize(quantize(once, Scheme(method, 8, "raw", intercept="keep"), trained.moments))
    size = np.abs(once.values["coef"]).max()
    assert np.abs(again.values["coef"] - once.values["coef"]).max() <= 2.0**-21 * size


def degenerate() -> dict[str, tuple[Floats, Floats]]:
    """Return tables that make something about a model degenerate."""
    X, y = table(60, 2)
    one = X[:, :1]
    return {
        "constant feature": (np.column_stack([X, np.full(60, 0.3)]), y),
        "large constant feature": (np.column_stack([X, np.full(60, 1e12 / 7)]), y),
        "only constant features": (np.full((60, 2), 0.3), y),
        "single feature": (one, y),
        "duplicate column": (np.column_stack([X, X[:, 0]]), y),
        "dependent column": (np.column_stack([X, X.sum(axis=1)]), y),
        "constant target": (X, np.full(60, 0.1)),
        "zero target": (X, np.zeros(60)),
        "zero feature": (np.column_stack([X, np.zeros(60)]), y),
        "two values": (np.column_stack([X, np.arange(60) % 2.0]), y),
        "fewer rows than columns": (np.random.default_rng(0).normal(size=(8, 12)), np.arange(8.0)),
        "tiny numbers": (X * 1e-20, y),
        "huge numbers": (X * 1e12, y),
        "tiny target": (X, y * 1e-12),
    }


@pytest.mark.parametrize("model", ["linear", "lasso"])
@pytest.mark.parametrize("name", degenerate())
def test_degenerate_data_break_nothing(name: str, model: str) -> None:
    """Every method in every space on data at the edge: finite, within its promise, whole in its file.

    All combinations for one model; for the other every pair of two choices, and 20 more.
    """
    trained = trained_on(*degenerate()[name], TrainConfig(model))
    rows, _ = trained.rows("test")
    few = [Scheme(m, int(b), s, intercept=i) for m, b, s, i in AT_THE_EDGE]
    for scheme in schemes((1, 4, 16)) if model == "linear" else few:
        q = quantize(trained.parts, scheme, trained.moments)
        keeps_its_promise(trained, q)
        survives_the_file(trained, q, rows)
        columns = trained.preparation.expand(rows)
        assert np.isfinite(families.predict(dequantize(q), columns)).all()


@pytest.mark.parametrize("name", degenerate())
def test_degenerate_data_can_be_compared_and_swept(name: str) -> None:
    """The comparison and the curve are there for such data too, and the pair can be saved."""
    trained = trained_on(*degenerate()[name])
    for method in METHOD_NAMES:
        found = compare(trained, Scheme(method, 4))
        assert decode(encode(model_file(trained, found))).variants == ("original", "quantized")
    assert len(sweep(trained, METHOD_NAMES, ALL_BITS).points) == 80


@pytest.mark.parametrize("name", [n for n in degenerate() if n not in ("constant target", "zero target")])
def test_degenerate_data_break_no_classifier(name: str) -> None:
    """The same for three classes, which such columns tell apart badly or not at all; every pair of two choices."""
    X, y = degenerate()[name]
    trained = classifier_on(X, y, 2 if len(y) < 20 else 3)
    rows, _ = trained.rows("test")
    for method, bits, granularity in ((m, int(b), g) for m, b, g in CLASSES_AT_THE_EDGE):
        found = compare(trained, Scheme(method, bits, granularity=granularity))
        keeps_its_promise(trained, found.quantized)
        survives_the_file(trained, found.quantized, rows)
        assert decode(encode(model_file(trained, found))).variants == ("original", "quantized")
    assert len(sweep(trained, METHOD_NAMES, (1, 8)).points) == 10


@pytest.mark.parametrize("bits", ALL_BITS)
@pytest.mark.parametrize("method", ["symmetric", "asymmetric", "codebook", "auto"])
def test_a_model_that_is_all_zero_stays_so(method: str, bits: int) -> None:
    """A lasso whose penalty removed every coefficient predicts the mean, quantised as well."""
    X, y = table()
    trained = trained_on(X, y, TrainConfig("lasso", params=(("alpha", 100.0),)))
    assert not trained.parts.values["coef"].any()
    twin = dequantize(quantize(trained.parts, Scheme(method, bits), trained.moments))
    # The intercept is rounded to float32 once.
    assert families.predict(twin, X) == pytest.approx(trained.moments.y_mean, rel=2.0**-23)
