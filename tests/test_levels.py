"""The levels of a grid and the facts of it: both agree with what was decoded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from core.config import preset_experiment
from core.quant import BITS, METHODS, PRESETS, Quantized, Scheme, decoded_blocks, quantize
from core.quant.explain import grid_facts
from core.quant.levels import levels, steps
from tests.support import ALL_BITS, U32, bundled, california, digits, schemes

OFFSET = (("zero_point", "offset"),)


@cache
def made(scheme: Scheme) -> Quantized:
    """Return the default model quantised by `scheme`."""
    trained = california()
    return quantize(trained.parts, scheme, trained.moments)


def all_schemes() -> Iterator[Scheme]:
    """Yield every method, width, space and intercept, and what else changes a grid."""
    yield from schemes()
    for bits in ALL_BITS:
        for scale in ("minmax", "mse", "output"):
            yield Scheme("asymmetric", bits, scale=scale, params=OFFSET)
            yield Scheme("asymmetric", bits, "raw", scale, intercept="same-grid", params=OFFSET)
            for method in ("symmetric", "asymmetric"):
                yield Scheme(method, bits, scale=scale)
                yield Scheme(method, bits, "raw", scale)
        yield Scheme("window", bits, params=(("width", 0.5),))


def test_every_decoded_value_is_one_of_its_levels() -> None:
    """The code of each value picks exactly the decoded value out of its levels, in every block."""
    for scheme in all_schemes():
        q = made(scheme)
        for block, decoded in decoded_blocks(q).items():
            for i in range(decoded.size) if scheme.bits <= 8 else (0, decoded.size - 1):
                assert levels(q, block, i)[int(q.codes[block][i])] == decoded[i], (scheme, block, i)


def test_levels_ascend_one_for_each_code() -> None:
    """There are as many levels as the method has codes (a table: values), none below the one before it.

    In float32 the 2^16 levels of a window round a large value can fall together; evenly spaced grids of
    this model's range do not.
    """
    for scheme in all_schemes():
        q = made(scheme)
        found = levels(q, "coef", 0)
        values = 9 if scheme.intercept == "same-grid" else 8
        fewest = values if q.scheme.method == "codebook" else 2**16
        assert len(found) == min(METHODS[q.scheme.method].top_code(scheme.bits) + 1, fewest)
        gaps = np.diff(found)
        assert (gaps >= 0).all(), scheme
        if q.scheme.method != "window":
            assert (gaps > 0).all(), scheme


def test_neighbouring_levels_are_one_step_apart() -> None:
    """`steps` is the distance of two levels, to the rounding of their ends to float32.

    Each end is rounded to float32 at most twice (the product, then the sum with an offset), which moves it
    by at most 2·2^-24 of the larger magnitude involved. The levels of a codebook are uneven: there it is their
    mean distance.
    """
    for scheme in all_schemes():
        q = made(scheme)
        if q.scheme.method == "codebook":
            found = levels(q, "coef", 0)
            assert np.array_equal(steps(q, "coef"), np.full(q.codes["coef"].size, np.ptp(found) / (len(found) - 1)))
            continue
        for i in (0, 5):
            found = levels(q, "coef", i)
            reach = float(np.abs(found).max() + np.ptp(found))
            off = np.abs(np.diff(found) - steps(q, "coef")[i])
            assert off.max() <= 4 * U32 * reach, (scheme, i)


@pytest.mark.parametrize(
    ("scheme", "facts"),
    [
        (Scheme(bits=8), {"zero point": "127", "zero": "is a level", "codes in use": "8 of 255"}),
        (Scheme(bits=1), {"zero point": "none", "zero": "is between levels", "codes in use": "2 of 2"}),
        (Scheme("asymmetric", 4), {"zero": "is a level"}),
        (Scheme("asymmetric", 4, params=OFFSET), {"lower end": "−0.896929", "zero": "is between levels"}),
        (Scheme("window", 8), {"zero": "is between levels", "codes in use": "1 of 256"}),
    ],
)
def test_the_facts_of_a_grid(scheme: Scheme, facts: dict[str, str]) -> None:
    """Zero point, lower end, whether zero is a level and how many codes are used are those of the codes."""
    q = made(scheme)
    found = {name: value.replace("-", "−") for name, value in grid_facts(q)}
    assert found.items() >= facts.items()
    shown = float(grid_facts(q)[0][1].split(",")[0])
    assert shown == float(f"{np.median(q.tables['coef']['scale']):.6g}")
    has_zero = bool((levels(q, "coef", 0) == 0).any()) and len(q.tables["coef"]["scale"]) == 1
    assert (found["zero"] == "is a level") == has_zero
    assert found["codes in use"].split()[0] == str(len(set(q.codes["coef"].tolist())))


@pytest.mark.parametrize(
    ("granularity", "entries", "size", "used"),
    [
        ("tensor", "4", "16", "4 of 4"),
        ("row", "10 tables of 4", "160", "4 of 4"),
        ("block", "40 tables of 4", "640", "4 of 4"),
    ],
)
def test_the_facts_of_a_codebook(granularity: str, entries: str, size: str, used: str) -> None:
    """How many tables of how many entries there are, and what they take: four bytes an entry."""
    trained = digits()
    q = quantize(trained.parts, Scheme("codebook", 2, granularity=granularity), trained.moments)
    assert grid_facts(q) == [("entries", entries), ("bytes of the table", size), ("codes in use", used)]


@pytest.mark.parametrize(("granularity", "scales"), [("tensor", 1), ("row", 10), ("block", 40)])
def test_every_group_has_levels_of_its_own(granularity: str, scales: int) -> None:
    """A decoded value is a level of its own group's grid, and there are as many grids as groups."""
    trained = digits()
    for method in ("symmetric", "asymmetric"):
        q = quantize(trained.parts, Scheme(method, 3, granularity=granularity), trained.moments)
        assert q.tables["coef"]["scale"].shape == (scales,)
        for i, value in enumerate(decoded_blocks(q)["coef"]):
            assert value in levels(q, "coef", i)
        facts = dict(grid_facts(q))
        assert facts["scale"].endswith(f"one for each of {scales}") == (scales > 1)
        assert facts["zero"] == "is a level"


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_has_levels_and_facts(name: str) -> None:
    """Levels that ascend and the facts of the grid exist for the whole setting behind each preset."""
    e = preset_experiment(name)
    trained = bundled(e.data, e.train)
    q = quantize(trained.parts, e.scheme, trained.moments)
    for i in range(8):
        assert (np.diff(levels(q, "coef", i)) > 0).all()
    assert {fact for fact, _ in grid_facts(q)} >= {"scale", "zero", "codes in use"}


def test_a_block_of_the_intercept_has_levels_of_its_own() -> None:
    """A coded intercept has a grid of its own, on which its decoded value stands."""
    q = made(Scheme("asymmetric", 5, intercept="quantised"))
    assert decoded_blocks(q)["intercept"][0] in levels(q, "intercept", 0)
    assert steps(q, "intercept").shape == (1,)
    assert BITS.check("bits", q.scheme.bits) == 5
    assert made(replace(q.scheme, intercept="keep")).codes.keys() == {"coef"}
