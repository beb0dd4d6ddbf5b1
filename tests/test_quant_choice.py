"""Published curves over the bits, and what `auto` and the scale searches choose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.config import DataConfig, TrainConfig
from core.evaluate import compare
from core.parts import Parts
from core.quant import (
    AUTO,
    METHODS,
    Scheme,
    decoded_blocks,
    dequantize,
    quantize,
)
from core.quant.quantize import FACTORS, output_errors, variants
from core.sweep import sweep
from tests.support import (
    ALL_BITS,
    INTERCEPTS,
    SPACES,
    bundled,
    california,
    small,
    table,
    trained_on,
)

# All that float32 can hold, except the last digits before overflow, down to its smallest denormal.
CURVES = {
    ("standardised", "keep", "symmetric"): {
        2: "0.5392", 3: "0.5695", 4: "0.5439", 5: "0.5716", 6: "0.5717", 7: "0.5760", 8: "0.5763",
        10: "0.5760", 12: "0.5758",
    },
    ("standardised", "keep", "asymmetric"): {
        1: "-1.879", 2: "0.2204", 3: "0.5358", 4: "0.5732", 5: "0.5735", 6: "0.5784", 7: "0.5734",
        8: "0.5767", 10: "0.5759", 12: "0.5758",
    },
    ("raw", "keep", "symmetric"): {
        4: "0.4027", 5: "-2.2871", 6: "-0.3829", 7: "0.5592", 8: "0.5566", 10: "0.5752", 12: "0.5755",
        16: "0.5758",
    },
    ("raw", "refit", "symmetric"): {
        2: "-0.1237", 3: "0.3695", 4: "0.5578", 5: "0.5470", 6: "0.5641", 7: "0.5742", 8: "0.5753",
        10: "0.5753", 12: "0.5757", 16: "0.5758",
    },
    ("raw", "keep", "asymmetric"): {
        2: "-4.7106", 4: "-7.0354", 5: "-0.1398", 6: "-0.0774", 7: "0.4765", 8: "0.5749", 10: "0.5748",
        12: "0.5756", 16: "0.5758",
    },
    ("raw", "refit", "asymmetric"): {
        1: "-0.4669", 2: "0.4102", 3: "0.5571", 4: "0.5679", 5: "0.5618", 6: "0.5590", 7: "0.5749",
        8: "0.5765", 10: "0.5760", 12: "0.5758", 16: "0.5758",
    },
}  # fmt: skip


@pytest.mark.parametrize(("space", "intercept", "method"), CURVES)
def test_the_curve_over_the_bits_is_the_published_one(space: str, intercept: str, method: str) -> None:
    """Round-to-nearest gives the independently measured test R² at every width, to each printed digit."""
    base = Scheme(method, space=space, intercept=intercept)
    found = {p.bits: p.test for p in sweep(california(), [method], ALL_BITS, base).points}
    for bits, printed in CURVES[space, intercept, method].items():
        assert f"{found[bits]:.{len(printed.split('.')[1])}f}" == printed, bits


# quantization.md, 4.4: round-to-nearest on standardised diabetes, test R² and training output error by bits.
DIABETES = {
    "symmetric": (
        {2: "0.3036", 3: "0.4489", 4: "0.4547", 5: "0.4469", 6: "0.4516", 7: "0.4537", 8: "0.4523", 10: "0.4526",
         12: "0.4526"},
        {2: ".29", 3: ".047", 4: "5.6e-3", 5: "3.4e-3", 6: "6.5e-4", 7: "9.0e-5", 8: "1.1e-5", 10: "2.9e-6",
         12: "1.4e-7"},
    ),
    "asymmetric": (
        {1: "-1.7431", 2: "0.2805", 3: "0.4375", 4: "0.4617", 5: "0.4485", 6: "0.4553", 7: "0.4503", 8: "0.4532",
         10: "0.4527", 12: "0.4526"},
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("method", DIABETES)
def test_the_curve_of_diabetes_is_the_published_one(method: str) -> None:
    """Test R² to four decimals and, for the symmetric grid, the output error to two digits, at every width."""
    trained = bundled(DataConfig("diabetes"), TrainConfig())
    found = {p.bits: p for p in sweep(trained, [method], ALL_BITS).points}
    curve, increases = DIABETES[method]
    assert {bits: f"{found[bits].test:.4f}" for bits in curve} == curve
    train = compare(trained, Scheme()).metrics["original"]["train"]["r2"]
    mse = trained.moments.y_var * (1 - train)
    for bits, text in increases.items():
        assert f"{found[bits].output_error / mse:.1e}" == f"{float(text):.1e}", bits


def test_refit_and_keep_are_the_same_for_standardised_columns() -> None:
    """Standardised columns have mean 0, so there is nothing to refit."""
    trained = california()
    for bits in ALL_BITS:
        kept = quantize(trained.parts, Scheme(bits=bits, intercept="keep"), trained.moments)
        refit = quantize(trained.parts, Scheme(bits=bits, intercept="refit"), trained.moments)
        assert kept.exact["intercept"] == refit.exact["intercept"]


INCREASES = {
    "symmetric": {
        2: ".14",
        3: ".041",
        4: ".022",
        5: "3.3e-3",
        6: "1.2e-3",
        7: "9.4e-5",
        8: "4.7e-5",
        10: "4.2e-6",
    },
    "asymmetric": {
        1: "6.4",
        2: ".92",
        3: ".14",
        4: ".029",
        5: "2.6e-3",
        6: "1.1e-3",
        7: "1.9e-4",
        8: "5.9e-5",
    },
}


@pytest.mark.parametrize("method", INCREASES)
def test_the_training_output_error_is_the_published_one(method: str) -> None:
    """Relative to the training error the output error has the independently measured two digits."""
    found = sweep(california(), [method], ALL_BITS)
    assert found.original_train is not None
    mse = california().moments.y_var * (1 - found.original_train)
    for point in found.of(method):
        if point.bits in INCREASES[method]:
            assert f"{point.output_error / mse:.1e}" == f"{float(INCREASES[method][point.bits]):.1e}"


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("intercept", INTERCEPTS)
def test_auto_is_never_worse_than_any_candidate(space: str, intercept: str) -> None:
    """At every width `auto` has the smallest training output error of all even grids and scales."""
    for trained in (small(), california()):
        for bits in ALL_BITS:
            scheme = Scheme(AUTO, bits, space, intercept=intercept)
            best = error_of(trained.parts, trained.moments, scheme)
            for name, method in METHODS.items():
                for scale in method.scales if method.in_auto else ():
                    candidate = replace(scheme, method=name, scale=scale, params=())
                    assert best <= error_of(trained.parts, trained.moments, candidate), (bits, name, scale)


def error_of(parts: Parts, m: Any, scheme: Scheme) -> float:
    """Return the training output error of what is stored, from the decoded model."""
    twin = dequantize(quantize(parts, scheme, m))
    delta = (twin.values["coef"] - parts.values["coef"])[0]
    shift = float((twin.values["intercept"] - parts.values["intercept"])[0])
    return float(delta @ m.gram @ delta + (delta @ m.mean + shift) ** 2)


@pytest.mark.parametrize("method", ["symmetric", "asymmetric"])
@pytest.mark.parametrize("scale", ["mse", "output"])
def test_a_scale_search_is_never_worse_than_minmax(method: str, scale: str) -> None:
    """By the figure that it searches for, the search never loses against the full range."""
    trained = california()
    for bits in ALL_BITS:
        plain, searched = Scheme(method, bits), Scheme(method, bits, scale=scale)
        if scale == "output":
            errors = [error_of(trained.parts, trained.moments, s) for s in (searched, plain)]
        else:
            errors = [rounding_error(s) for s in (searched, plain)]
        assert errors[0] <= errors[1] * (1 + 1e-12)


def rounding_error(scheme: Scheme) -> float:
    """Return the squared error of the standardised coefficients."""
    trained = california()
    q = quantize(trained.parts, scheme, trained.moments)
    values = trained.parts.values["coef"][0] * np.sqrt(np.diag(trained.moments.gram))
    return float(((decoded_blocks(q)["coef"] - values) ** 2).sum())


def test_the_search_starts_from_the_full_range() -> None:
    """The first factor is 1, so that the full range wins every tie."""
    assert FACTORS[0, 0] == 1
    assert FACTORS.min() > 0


@pytest.mark.parametrize("method", [AUTO, "symmetric", "asymmetric"])
@pytest.mark.parametrize("scale", ["minmax", "mse", "output"])
def test_choosing_reads_no_test_row(method: str, scale: str) -> None:
    """Whatever stands in the test rows, the same method, scale and codes are chosen."""
    X, y = table()
    trained = trained_on(X, y)
    unseen = ~np.isin(y, trained.rows("train")[1])
    X[unseen], y[unseen] = 1e4, -1e4
    altered = trained_on(X, y)
    scheme = Scheme(method, 3, scale="minmax" if method == AUTO else scale)
    first, second = (quantize(t.parts, scheme, t.moments) for t in (trained, altered))
    assert first.scheme == second.scheme
    assert np.array_equal(first.codes["coef"], second.codes["coef"])
    assert np.array_equal(first.tables["coef"]["scale"], second.tables["coef"]["scale"])


def test_auto_says_what_it_took() -> None:
    """The result names a real method, and keeps what was asked for."""
    trained = california()
    q = quantize(trained.parts, Scheme(AUTO, 3), trained.moments)
    assert q.scheme.method in METHODS
    assert q.requested == AUTO
    assert METHODS[q.scheme.method].in_auto


def test_output_errors_are_those_of_the_rows() -> None:
    """The figure that choices rest on is the mean squared change of the training predictions."""
    trained = small()
    columns, _ = trained.columns("train")
    scheme = Scheme("symmetric", 3)
    found = output_errors(trained.parts, trained.moments, variants(trained.parts, scheme, trained.moments))
    twin = dequantize(quantize(trained.parts, scheme, trained.moments))
    moved = columns @ (twin.values["coef"] - trained.parts.values["coef"])[0]
    moved += twin.values["intercept"] - trained.parts.values["intercept"]
    assert found[0] == pytest.approx(np.mean(moved**2), rel=1e-9)
