"""One coefficient step by step: every number is the stored one, and every line comes to what stands behind it."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import preset_experiment
from core.diagnose import effects
from core.evaluate import compare, parameters
from core.moments import moments
from core.parts import Parts
from core.quant import METHODS, PRESETS, Quantized, Scheme, decoded_blocks, dequantize, quantize
from core.quant.case import Step, rounded_text
from core.quant.explain import explain
from core.quant.levels import levels, steps
from core.quant.quantize import best_shrink
from core.train import Trained
from tests.support import ALL_BITS, FORMULAS, GRANULARITIES, INTERCEPTS, SPACES, U32, bundled, california, digits, small

OFFSET = (("zero_point", "offset"),)
KINDS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "symmetric": ("symmetric", ()), "zero point": ("asymmetric", ()), "offset": ("asymmetric", OFFSET),
    "window": ("window", ()), "codebook": ("codebook", ()),
}  # fmt: skip


@dataclass(frozen=True)
class Span:
    """Where a number may lie that is known to the digits that are printed."""

    low: float
    high: float

    def meets(self, other: Span) -> bool:
        """Tell whether both can be the same number."""
        return self.low <= other.high and other.low <= self.high


def printed(text: str) -> Span:
    """Return where a printed number lies: half its last digit either way, and four roundings to float32.

    Nothing is rounded more often on its way: a value, a range, a scale, a product.
    """
    mantissa, _, exponent = text.partition("e")
    decimals = len(mantissa.partition(".")[2])
    half = 0.5 * 10.0 ** (int(exponent or 0) - decimals) if "." in text or exponent else 0.0
    if not half and len(text) > 3:  # 36540.0 is printed without its zero; codes, counts and steps are exact
        half = 0.5
    reach = half + 4 * U32 * abs(float(text)) + 2.0**-148
    return Span(float(text) - reach, float(text) + reach)


def corners(one: Span, two: Span, act: Callable[[float, float], float]) -> Span:
    """Return the span of a monotonic operation of two numbers."""
    found = [act(a, b) for a in (one.low, one.high) for b in (two.low, two.high)]
    return Span(min(found), max(found))


def worth(node: ast.expr) -> Span:
    """Return where the value of an expression lies."""
    if isinstance(node, ast.Call):
        assert isinstance(node.func, ast.Name)
        if node.func.id == "number":
            assert isinstance(node.args[0], ast.Constant)
            return printed(str(node.args[0].value))
        inner = worth(node.args[0])
        if node.func.id == "round":
            return Span(float(np.rint(inner.low)), float(np.rint(inner.high)))
        assert node.func.id == "abs"
        ends = sorted((abs(inner.low), abs(inner.high)))
        return Span(0.0 if inner.low <= 0 <= inner.high else ends[0], ends[1])
    if isinstance(node, ast.UnaryOp):
        inner = worth(node.operand)
        return Span(-inner.high, -inner.low)
    assert isinstance(node, ast.BinOp)
    one, two = worth(node.left), worth(node.right)
    if isinstance(node.op, ast.Div):
        assert two.low > 0 or two.high < 0, "a scale is never zero"
        return corners(one, two, lambda a, b: a / b)
    if isinstance(node.op, ast.Mult):
        return corners(one, two, lambda a, b: a * b)
    if isinstance(node.op, ast.Pow):
        return corners(one, two, lambda a, b: a**b)
    sign = 1 if isinstance(node.op, ast.Add) else -1
    return corners(one, two, lambda a, b: a + sign * b)


def span(text: str) -> Span:
    """Return where the value of a printed expression lies."""
    plain = text.replace("−", "-").replace("×", "*").replace("^", "**").replace("$", "")
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", plain)
    plain = re.sub(r"\|(.+)\|", r"abs(\1)", plain)
    return worth(ast.parse(re.sub(r"\d[\d.]*(e-?\+?\d+)?", r"number('\g<0>')", plain), mode="eval").body)


def value(text: str) -> float:
    """Return the number that a text spells."""
    return float(text.replace("−", "-").replace(",", "").replace("$", ""))


def lines(found: Sequence[Step]) -> dict[str, str]:
    """Return what each name comes to, in order: the numbers of its line."""
    pairs = [pair for step in found for pair in zip(step.formula, step.numbers, strict=True)]
    named = {formula.partition(" = ")[0]: numbers for formula, numbers in pairs}
    assert len(named) == len(pairs), "two lines of one name"
    return named


def last(numbers: str) -> str:
    """Return what a line comes to, as it is written."""
    return numbers.rsplit(" = ", 1)[-1]


def explained(trained: Trained, q: Quantized, index: int, factor: float = 1.0, unit: str = "") -> tuple[Step, ...]:
    """Return the steps of one coefficient, its parameters under their own names."""
    names = [p.name for p in parameters(trained.parts, q, trained.moments)]
    return explain(trained.parts, q, trained.moments, index, names, factor, unit)


def check_chains(named: dict[str, str]) -> None:
    """Assert that the parts of every line may be equal, given the digits that they show."""
    for name, numbers in named.items():
        chain = [part.split(", ")[0] if "clip" not in part else part for part in numbers.split(" = ")]
        if name == "code":
            clipped = re.fullmatch(r"clip\((−?\d+)(?: \+ (\d+))?, 0, (\d+)\)", chain[0])
            if clipped:
                counted = int(value(clipped[1])) + int(clipped[2] or 0)
                assert min(max(counted, 0), int(clipped[3])) == int(chain[1]), (name, numbers)
            continue
        spans = [span(part) if "T[" not in part else None for part in chain]
        for one, two in pairwise(spans):
            assert one is None or two is None or one.meets(two), (name, numbers)
        if len(chain) == 3 and chain[1].startswith("round("):
            assert np.rint(value(chain[1][6:-1])) == value(chain[2]), (name, numbers)


def check(trained: Trained, q: Quantized, index: int) -> dict[str, str]:
    """Assert that the steps of one coefficient end at the stored numbers and follow from each other."""
    p = parameters(trained.parts, q, trained.moments)[index]
    named = lines(explained(trained, q, index))
    check_chains(named)
    code, bits = re.match(r"(\d+), stored as ([01]+)", last(named["code"])).groups()  # type: ignore[union-attr]
    assert int(code) == int(bits, 2) == p.code, (q.scheme, index, named)
    assert len(bits) == q.scheme.bits
    raw = dequantize(q).values["coef"].ravel()[index]
    wanted = {"v": p.original, "back": p.quantized, "w'": raw}
    row = np.unique(q.groups["coef"], return_inverse=True)[1][index]
    for letter, name in (("s", "scale"), ("z", "zero_point"), ("o", "offset")):
        if name in q.tables["coef"]:
            wanted[letter] = float(q.tables["coef"][name][row])
    for name, number in wanted.items():
        assert printed_as(last(named[name]), number), (q.scheme, index, name, number, named)
    assert value(last(named["e"])) == float(f"{p.error:.4g}"), (q.scheme, index, named)
    assert value(last(named["steps"])) == float(f"{p.error / steps(q, 'coef')[index]:.4g}"), (q.scheme, index, named)
    return named


def printed_as(text: str, number: float) -> bool:
    """Tell whether `text` is `number` with at least six of its digits."""
    return any(value(text) == float(f"{number:.{digits}g}") for digits in range(6, 11))


@cache
def made(scheme: Scheme) -> Quantized:
    """Return the default model quantised by `scheme`."""
    trained = california()
    return quantize(trained.parts, scheme, trained.moments)


def schemes_of(kind: str) -> Iterator[Scheme]:
    """Yield every width, space, scale and intercept of one kind of grid."""
    method, params = KINDS[kind]
    for bits in ALL_BITS:
        for space in SPACES:
            for scale in METHODS[method].scales:
                for intercept in INTERCEPTS:
                    yield Scheme(method, bits, space, scale, intercept=intercept, params=params)


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_is_the_stored_one_and_follows_from_the_ones_before(kind: str) -> None:
    """For every width, space, scale and intercept: codes, values, scales and errors, and every sum between them."""
    trained = california()
    for count, scheme in enumerate(schemes_of(kind)):
        q = quantize(trained.parts, scheme, trained.moments)
        for index in (count % 8, 6):  # each in turn, and Latitude, the largest
            check(trained, q, index)


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("kind", KINDS)
def test_groups_of_a_classifier_have_their_own_numbers(kind: str, granularity: str) -> None:
    """Each class or block of ten digits has its own grid, and the steps are those of that grid."""
    trained, (method, params) = digits(), KINDS[kind]
    for bits, intercept in ((1, "same-grid"), (3, "refit"), (8, "same-grid")):
        scheme = Scheme(method, bits, intercept=intercept, granularity=granularity, params=params)
        q = quantize(trained.parts, scheme, trained.moments)
        for index in (0, 10, 63, 66, 639):
            named = check(trained, q, index)
            # Scores of classes have no unit.
            assert last(lines(explained(trained, q, index, 7.0, "bananas"))["change"]) == last(named["change"])


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_explained(name: str) -> None:
    """The whole setting behind each preset has its steps, for its first eight coefficients."""
    e = preset_experiment(name)
    trained = bundled(e.data, e.train)
    q = quantize(trained.parts, e.scheme, trained.moments)
    for index in range(8):
        check(trained, q, index)


weights = st.lists(
    st.one_of(
        st.sampled_from([0.0, 1.0, -1.0, 0.5, 1e-42, 3e-39, -7e30]),
        st.floats(-1e6, 1e6),
        st.floats(-1e-3, 1e-3),
    ),
    min_size=1, max_size=20,
)  # fmt: skip


@FORMULAS
@given(weights, st.sampled_from(list(KINDS)), st.integers(1, 16), st.data())
def test_any_model_can_be_explained(found: list[float], kind: str, bits: int, data: st.DataObject) -> None:
    """Zeros, equal values, denormals and very large ones: the code, its bits and its value are the stored ones."""
    method, params = KINDS[kind]
    draw = {name: data.draw(st.sampled_from(options)) for name, options in
            (("space", SPACES), ("scale", METHODS[method].scales), ("intercept", INTERCEPTS),
             ("granularity", GRANULARITIES))}  # fmt: skip
    scheme = Scheme(method, bits, params=params, **draw)
    names = [f"x{i}" for i in range(len(found))]
    meta = {"task": "regression", "features": names, "classes": []}
    parts = Parts("linear", {"coef": np.array([found]), "intercept": np.array([0.25])}, {}, meta)
    rows = np.random.default_rng(0).normal(size=(9, len(found)))
    rows[:, 0] = 2.0  # a column that never varies
    m = moments(rows, rows[:, 0])
    q = quantize(parts, scheme, m)
    for index in {0, len(found) - 1}:
        named = lines(explain(parts, q, m, index, [*names, "intercept"]))
        code, stored = int(q.codes["coef"][index]), f"{int(q.codes['coef'][index]):0{bits}b}"
        assert last(named["code"]).startswith(f"{code}, stored as {stored}")
        assert printed_as(last(named["back"]), decoded_blocks(q)["coef"][index])
        assert all(math.isfinite(value(last(named[n]).split(", ")[0])) for n in named if n != "code")


@pytest.mark.parametrize(
    ("scheme", "wanted"),
    [
        (
            Scheme("symmetric", 3),
            {
                "v": "0.448675 × 1.90424 = 0.854383",
                "r": "|−0.896929| = 0.896929, Latitude",
                "s": "0.896929 / 3 = 0.298976",
                "z": "2^2 − 1 = 3",
                "k": "round(0.854383 / 0.298976) = round(2.858) = 3",
                "code": "clip(3 + 3, 0, 6) = 6, stored as 110",
                "back": "0.298976 × (6 − 3) = 0.896929",
                "e": "0.896929 − 0.854383 = 0.04255",
                "steps": "0.04255 / 0.298976 = 0.1423",
                "w'": "0.896929 / 1.90424 = 0.471018",
                "d": "|0.471018 − 0.448675| = 0.0223427",
                "change": "0.0223427 × 1.90424 × 100,000 = $4,255",
            },
        ),
        (
            Scheme("asymmetric", 3, "raw"),
            {
                "v": "0.448675",
                "lo": "−0.433708, Longitude",
                "hi": "0.783145, AveBedrms",
                "s": "(0.783145 − (−0.433708)) / 7 = 0.173836",
                "z": "round(0.433708 / 0.173836) = round(2.495) = 2",
                "k": "round(0.448675 / 0.173836) = round(2.581) = 3",
                "code": "clip(3 + 2, 0, 7) = 5, stored as 101",
                "back": "0.173836 × (5 − 2) = 0.521508",
                "e": "0.521508 − 0.448675 = 0.07283",
                "steps": "0.07283 / 0.173836 = 0.419",
                "w'": "0.521508",
                "d": "|0.521508 − 0.448675| = 0.0728335",
                "change": "0.0728335 × 1.90424 × 100,000 = $13,869",
            },
        ),
        (
            Scheme("asymmetric", 3, params=OFFSET),
            {
                "r": "0.854383 − (−0.896929) = 1.75131",
                "s": "1.75131 / 7 = 0.250187",
                "o": "−0.896929",
                "k": "round((0.854383 − (−0.896929)) / 0.250187) = round(7.000) = 7",
                "code": "clip(7, 0, 7) = 7, stored as 111",
                "back": "−0.896929 + 0.250187 × 7 = 0.854383",
            },
        ),
        (
            Scheme("window", 3),
            {
                "o": "0.854383 − 0.05 = 0.804383",
                "hi": "0.854383 + 0.05 = 0.904383",
                "s": "(0.904383 − 0.804383) / 7 = 0.0142857",
                "k": "round((0.854383 − 0.804383) / 0.0142857) = round(3.500) = 4",
                "code": "clip(4, 0, 7) = 4, stored as 100",
                "back": "0.804383 + 0.0142857 × 4 = 0.861526",
            },
        ),
        (
            Scheme("codebook", 2),
            {
                "T[2]": "0.230903",
                "T[3]": "0.854383",
                "d[2]": "|0.854383 − 0.230903| = 0.62348",
                "d[3]": "|0.854383 − 0.854383| = 0",
                "code": "3, stored as 11",
                "back": "T[3] = 0.854383",
            },
        ),
        (
            Scheme(bits=1),
            {
                "s": "3.42051 / 8 = 0.427563",
                "code": "1, stored as 1, because 0.854383 ≥ 0",
                "back": "0.427563 × (2 × 1 − 1) = 0.427563",
                "steps": "−0.4268 / (2 × 0.427563) = −0.4991",
            },
        ),
    ],
)
def test_the_steps_are_filled_in_with_the_actual_numbers(scheme: Scheme, wanted: dict[str, str]) -> None:
    """The steps of the first coefficient read as they would be done by hand."""
    named = lines(explained(california(), made(scheme), 0, 1e5, "$"))
    assert {name: named[name] for name in wanted} == wanted


def test_the_effect_is_the_one_that_is_measured() -> None:
    """The typical change of the predictions is what the diagnosis says, in the target's unit."""
    trained = california()
    for scheme in (Scheme(bits=4), Scheme("asymmetric", 5, "raw", intercept="keep"), Scheme("codebook", 1)):
        c = compare(trained, scheme)
        known = {e.name: e.spread for e in effects(trained, c)}
        for index, name in enumerate(trained.preparation.columns):
            found = value(last(lines(explained(trained, c.quantized, index, 1e5, "$"))["change"]))
            # Printed as whole dollars, or with four digits.
            assert found == pytest.approx(known[name] * 1e5, abs=0.5 + 1e-9, rel=5e-4), (scheme, name)


def test_the_factor_of_a_search_is_the_one_that_was_found() -> None:
    """The factor that is shown is the one of the search, for both aims and all grids that have it."""
    trained, seen = california(), set()
    for kind in ("symmetric", "zero point", "offset"):
        for scheme in schemes_of(kind):
            if scheme.scale == "minmax" or scheme.intercept != "refit":
                continue
            factor = best_shrink(trained.parts, scheme, trained.moments)
            found = explained(trained, made(scheme), 0)
            shown = any(numbers.startswith(f"{factor:g} × ") for numbers in found[1].numbers)
            assert shown == (factor != 1), scheme
            aim = "squared rounding error" if scheme.scale == "mse" else "change of the predictions"
            assert aim in found[1].words
            seen.add(factor < 1)
    assert seen == {True, False}


def test_who_sets_the_range_is_named() -> None:
    """The coefficient beside the range is the one with the largest size, or with the lowest and highest value."""
    trained = california()
    known = {p.name: p.original for p in parameters(trained.parts, made(Scheme()), trained.moments) if not p.intercept}
    named = lines(explained(trained, made(Scheme()), 3))
    assert named["r"].endswith(f", {max(known, key=lambda n: abs(known[n]))}")
    named = lines(explained(trained, made(Scheme("asymmetric")), 3))
    assert named["lo"].endswith(f", {min(known, key=known.__getitem__)}")
    assert named["hi"].endswith(f", {max(known, key=known.__getitem__)}")
    named = lines(explained(trained, made(Scheme(intercept="same-grid")), 3))
    assert named["r"].endswith(", intercept")


@pytest.mark.parametrize(
    ("scheme", "who"),
    [
        (Scheme(), "All 640 coefficients share one grid."),
        (Scheme(granularity="row"), "The 64 coefficients of a class share one grid."),
        (Scheme(granularity="block"), "16 neighbouring coefficients share one grid."),
        (Scheme(intercept="same-grid"), "All 640 coefficients and the intercepts share one grid."),
        (
            Scheme(granularity="row", intercept="same-grid"),
            "The 64 coefficients of a class and the intercept share one grid.",
        ),
        (Scheme("codebook", 2, granularity="row"), "The 64 coefficients of a class share one table."),
        (Scheme("window"), "Every coefficient has a grid of its own"),
    ],
)
def test_who_shares_the_grid_is_said(scheme: Scheme, who: str) -> None:
    """The words name how many values share a grid, and whether intercepts are among them."""
    trained = digits()
    found = explained(trained, quantize(trained.parts, scheme, trained.moments), 5)
    assert found[1].words.startswith(who)


def test_a_value_beyond_the_grid_is_said_to_be_cut() -> None:
    """Where a search left values outside, their steps say so, and only theirs."""
    trained, cut = california(), 0
    for bits in (2, 3, 4, 8):
        for method in ("symmetric", "asymmetric"):
            q = made(Scheme(method, bits, "raw", "mse"))
            for index, p in enumerate(parameters(trained.parts, q, trained.moments)[:8]):
                found = {step.title: step for step in explained(trained, q, index)}
                ends = levels(q, "coef", index)[[0, -1]]
                half = 0.5 * steps(q, "coef")[index]
                outside = not ends[0] - half <= p.original <= ends[1] + half
                assert ("is cut to the last code" in found["The code"].words) == outside
                assert ("beyond the end of the grid" in found["The error"].words) == outside
                cut += outside
    assert cut > 0


def test_the_mean_stays_where_something_keeps_it() -> None:
    """Only raw coordinates with an intercept that is not refitted let the mean prediction move."""
    for space in SPACES:
        for intercept in INTERCEPTS:
            words = explained(california(), made(Scheme(space=space, intercept=intercept)), 0)[-1].words
            assert words.endswith("The mean prediction stays.") == (space == "standardised" or intercept == "refit")


def test_words_and_formulas_hold_nothing_from_outside() -> None:
    """Names of columns and units stand among the numbers only, where pages interpret nothing."""
    trained, hostile = small(), ["**x**", "<b>", "![a](b)", "intercept"]
    for kind in KINDS:
        method, params = KINDS[kind]
        q = quantize(trained.parts, Scheme(method, 4, params=params), trained.moments)
        found = explain(trained.parts, q, trained.moments, 0, hostile, 3.0, "<i>u</i>")
        for step in found:
            text = " ".join((step.title, step.words, *step.formula))
            assert not any(part in text for part in ("**", "<b>", "![", "<i>")), text
        assert found[-1].numbers[-1].endswith(" <i>u</i>")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (2.858, "2.858"),
        (3.5, "3.500"),
        (-0.25, "−0.250"),
        (127.4999847, "127.49998"),
        (0.50000001, "0.50000001"),
        (0, "0.000"),
    ],
)
def test_a_quotient_shows_to_which_side_it_rounds(number: float, text: str) -> None:
    """Three decimals, and more where three would round the other way."""
    assert rounded_text(number) == text
