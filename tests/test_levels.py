"""The levels of a grid, and the arithmetic that explains one code: both agree with what was decoded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from core.config import preset_experiment
from core.evaluate import parameters
from core.quant import BITS, METHODS, PRESETS, Quantized, Scheme, decoded_blocks, quantize
from core.quant.explain import explain, grid_facts
from core.quant.levels import levels, steps
from tests.support import ALL_BITS, GRANULARITIES, U32, bundled, california, digits, schemes

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


def number(text: str) -> float:
    """Return the number that a formula spells with a real minus sign."""
    return float(text.replace("−", "-"))


def last(line: str) -> str:
    """Return what a formula comes to, as it is written."""
    return line.rsplit("= ", 1)[-1]


def test_the_explanation_ends_at_the_decoded_value() -> None:
    """For every setting the last value of the explanation is the decoded one, to the six digits shown."""
    trained = california()
    for scheme in all_schemes():
        q = made(scheme)
        decoded, known = decoded_blocks(q)["coef"], parameters(trained.parts, q, trained.moments)
        for i in (0, 4, 7):
            lines = dict(explain(q, i, known[i].original))
            text = lines["value"].split(",")[0] if "sign" in lines else last(lines["value"])
            assert number(text) == float(f"{decoded[i]:.6g}"), (scheme, i, lines)
            error = decoded[i] - known[i].original
            assert number(last(lines["error"])) == float(f"{error:.3g}"), (scheme, i, lines)


def test_every_sum_in_the_explanation_is_true() -> None:
    """round(x) + zero point is what stands behind it, and a value beyond the grid is said to be cut.

    x is shown with three decimals; within half a thousandth of a tie either neighbour may be right.
    """
    trained = california()
    cut = 0
    for scheme in all_schemes():
        q = made(scheme)
        known = parameters(trained.parts, q, trained.moments)
        for i in range(8):
            line = dict(explain(q, i, known[i].original)).get("code")
            if line is None or q.scheme.method == "codebook":
                continue
            found = re.fullmatch(
                r"round\((−?[\d.]+)\)(?: \+ (\d+))? = (−?\d+)(?:, cut to (\d+), the end of the grid)?", line
            )
            assert found is not None, (scheme, line)
            ratio, zero = number(found[1]), int(found[2] or 0)
            assert abs(ratio + zero - number(found[3])) <= 0.5 + 0.0005, (scheme, line)
            code = int(q.codes["coef"][i])
            assert int(found[4] or number(found[3])) == code, (scheme, line)
            if found[4]:
                cut += 1
                assert code in (0, METHODS[q.scheme.method].top_code(scheme.bits)), (scheme, line)
    assert cut > 0


@pytest.mark.parametrize(
    ("method", "value", "lines"),
    [
        (
            "symmetric",
            0.854383,
            [
                ("steps", "0.854383 / 0.298976 = 2.858"),
                ("code", "round(2.858) + 3 = 6"),
                ("value", "0.298976 × (6 − 3) = 0.896929"),
                ("error", "0.896929 − 0.854383 = 0.0425"),
            ],
        ),
        (
            "asymmetric",
            0.854383,
            [
                ("steps", "0.854383 / 0.250187 = 3.415"),
                ("code", "round(3.415) + 4 = 7"),
                ("value", "0.250187 × (7 − 4) = 0.750562"),
                ("error", "0.750562 − 0.854383 = −0.104"),
            ],
        ),
        (
            "window",
            0.854383,
            [
                ("steps", "(0.854383 − 0.804383) / 0.0142857 = 3.500"),
                ("code", "round(3.500) = 4"),
                ("value", "0.804383 + 0.0142857 × 4 = 0.861526"),
                ("error", "0.861526 − 0.854383 = 0.00714"),
            ],
        ),
    ],
)
def test_the_explanation_is_filled_in_with_the_actual_numbers(
    method: str, value: float, lines: list[tuple[str, str]]
) -> None:
    """At three bits the formula of each method reads as it would be done by hand."""
    q = made(Scheme(method, 3))
    original = parameters(california().parts, q, california().moments)[0].original
    assert original == pytest.approx(value, abs=5e-7)
    assert explain(q, 0, original) == lines


def test_one_symmetric_bit_is_explained_by_its_sign() -> None:
    """One bit keeps the sign and the mean size, and the explanation says so for both signs."""
    q, trained = made(Scheme(bits=1)), california()
    known = parameters(trained.parts, q, trained.moments)
    size = f"{float(q.tables['coef']['scale'][0]):.6g}"
    for i in range(8):
        lines = dict(explain(q, i, known[i].original))
        below = known[i].original < 0
        assert lines["sign"].endswith(f"is {'' if below else 'not '}below zero, so the code is {0 if below else 1}")
        assert lines["value"] == f"{'−' if below else '+'}{size}, the mean size of all coefficients"


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


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_a_codebook_is_explained_by_its_entries(granularity: str) -> None:
    """The entry of the code, its neighbours in the table of its group, and the error are those of the arrays."""
    trained = digits()
    q = quantize(trained.parts, Scheme("codebook", 3, granularity=granularity), trained.moments)
    decoded, known = decoded_blocks(q)["coef"], parameters(trained.parts, q, trained.moments)
    for i in (2, 10, 63, 66, 639):
        lines, found = dict(explain(q, i, known[i].original)), levels(q, "coef", i)
        code = int(q.codes["coef"][i])
        assert decoded[i] == found[code] == found[np.abs(found - np.float32(known[i].original)).argmin()]
        near = [f"{k}: {found[k]:.6g}".replace("-", "−").replace("e−", "e-") for k in range(len(found))]
        assert lines["entries near it"] == ", ".join(near[max(code - 1, 0) : code + 2])
        assert lines["code"] == f"{code}, the nearest"
        assert number(lines["value"]) == float(f"{decoded[i]:.6g}")
        assert number(last(lines["error"])) == float(f"{decoded[i] - known[i].original:.3g}")


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
def test_every_preset_can_be_explained_and_drawn(name: str) -> None:
    """Levels, steps, facts and the explanation exist for the whole setting behind each preset."""
    e = preset_experiment(name)
    trained = bundled(e.data, e.train)
    q = quantize(trained.parts, e.scheme, trained.moments)
    for i, one in enumerate(parameters(trained.parts, q, trained.moments)[:8]):
        lines = dict(explain(q, i, one.original))
        assert number(last(lines["value"])) == float(f"{one.quantized:.6g}")
        assert (np.diff(levels(q, "coef", i)) > 0).all()
    assert {fact for fact, _ in grid_facts(q)} >= {"scale", "zero", "codes in use"}


def test_a_block_of_the_intercept_has_levels_of_its_own() -> None:
    """A coded intercept has a grid of its own, on which its decoded value stands."""
    q = made(Scheme("asymmetric", 5, intercept="quantised"))
    assert decoded_blocks(q)["intercept"][0] in levels(q, "intercept", 0)
    assert steps(q, "intercept").shape == (1,)
    assert BITS.check("bits", q.scheme.bits) == 5
    assert made(replace(q.scheme, intercept="keep")).codes.keys() == {"coef"}
