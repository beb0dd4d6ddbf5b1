"""Grids, codes and tables: the formulas, and the promise of half a step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.moments import Moments
from core.parts import Floats, Parts
from core.quant import (
    AUTO,
    METHODS,
    Scheme,
    dequantize,
    params_of,
    quantize,
)
from core.quant.affine import spread
from tests.support import (
    ALL_BITS,
    FORMULAS,
    california,
    half_step_bound,
    small,
    table,
    trained_on,
)

# All that float32 can hold, except the last digits before overflow, down to its smallest denormal.
LARGEST = float(np.nextafter(np.float32(1e38), np.float32(0)))
EXTREMES = st.sampled_from([0.0, 1e-45, -1e-40, LARGEST])
NUMBERS = st.floats(-LARGEST, LARGEST, width=32) | st.floats(-10, 10, width=32) | EXTREMES
GRIDS = [("symmetric", ()), ("asymmetric", ()), ("asymmetric", (("zero_point", "offset"),)), ("window", ())]


def completed(method: str, params: Any = ()) -> Any:
    """Return the method's settings, completed with their defaults."""
    return Scheme(method, params=params).params


def coded(method: str, values: Floats, bits: int, params: Any = ()) -> tuple[Floats, dict[str, Any], Floats]:
    """Return codes, tables and decoded values of one group."""
    groups = np.arange(values.size) if METHODS[method].per_value else np.zeros(values.size, dtype=int)
    codes, tables = METHODS[method].encode(values, groups, bits, completed(method, params))
    return codes, tables, METHODS[method].decode(codes, tables, bits)


def test_the_symmetric_formula() -> None:
    """Qmax = 2^(b-1) - 1, s = max|w|/qmax, code = rint(w/s) + qmax, ŵ = s(code - qmax)."""
    values = np.array([-0.6, 0.25, 1.0, 0.0])
    codes, tables, decoded = coded("symmetric", values, 4)
    s = np.float64(np.float32(1.0 / 7))
    assert set(tables["scale"]) == {s}
    assert codes.tolist() == [3, 9, 14, 7]
    assert decoded == pytest.approx(s * np.array([-4, 2, 7, 0]), rel=1e-7)
    assert decoded[3] == 0


def test_the_asymmetric_formula() -> None:
    """S = (hi - lo)/(2^b - 1), z = rint(-lo/s), code = rint(w/s) + z, ŵ = s(code - z), zero included."""
    values = np.array([-1.0, 2.0, 0.5, 0.0])
    codes, tables, decoded = coded("asymmetric", values, 2)
    assert set(tables["scale"]) == {1.0}
    assert set(tables["zero_point"]) == {1.0}
    assert codes.tolist() == [0, 3, 1, 1]  # 0.5 is halfway and goes to the even step
    assert decoded.tolist() == [-1, 2, 0, 0]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_asymmetric_grid_includes_zero(sign: int) -> None:
    """Values on one side of zero still get a grid that holds zero exactly, as ONNX asks."""
    values = sign * np.array([3.0, 4.0, 5.0])
    codes, tables, _ = coded("asymmetric", values, 8)
    zero = float(tables["zero_point"][0])
    assert zero == (0 if sign > 0 else 255)
    assert METHODS["asymmetric"].decode(np.array([zero]), {n: t[:1] for n, t in tables.items()}, 8) == 0
    assert 0 <= codes.min() <= codes.max() <= 255


def test_the_offset_formula() -> None:
    """With an offset s = (max - min)/(2^b - 1) and ŵ = min + s·code: the ends are hit exactly."""
    values = np.array([1.0, 2.5, 4.0, 2.0])
    codes, tables, decoded = coded("asymmetric", values, 2, (("zero_point", "offset"),))
    assert set(tables) == {"scale", "offset"}
    assert codes.tolist() == [0, 2, 3, 1]
    assert decoded.tolist() == [1, 3, 4, 2]


def test_the_window_formula() -> None:
    """Low = w - 0.05, s = 0.1/(2^b - 1): every value sits in the middle of its own window."""
    values = np.array([-0.9, 0.3, 37.0])
    codes, tables, _ = coded("window", values, 8)
    assert set(codes) <= {127.0, 128.0}
    assert tables["offset"] == pytest.approx(values - 0.05, rel=1e-6)
    assert tables["scale"] == pytest.approx(np.full(3, 0.1 / 255), rel=1e-3)


def test_a_window_without_room_keeps_the_value() -> None:
    """Where the window is narrower than one float32 step the value itself is stored."""
    _, _, decoded = coded("window", np.array([1e9, -3e20]), 8)
    assert decoded.tolist() == [float(np.float32(1e9)), float(np.float32(-3e20))]


def test_one_symmetric_bit_is_the_sign_at_the_mean_size() -> None:
    """One bit keeps the sign: ŵ = ± mean|w|, without a division by zero."""
    codes, tables, decoded = coded("symmetric", np.array([-3.0, 1.0, 2.0]), 1)
    assert codes.tolist() == [0, 1, 1]
    assert set(tables["scale"]) == {2.0}
    assert decoded.tolist() == [-2, 2, 2]


@pytest.mark.parametrize(("method", "params"), GRIDS)
def test_one_bit_has_two_codes(method: str, params: Any) -> None:
    """At one bit every method uses the codes 0 and 1 and nothing else, and stays finite."""
    codes, _, decoded = coded(method, np.array([-3.0, 0.1, 2.0, 0.0]), 1, params)
    assert set(codes) <= {0.0, 1.0}
    assert np.isfinite(decoded).all()


@pytest.mark.parametrize("bits", ALL_BITS)
@pytest.mark.parametrize(("method", "params"), GRIDS)
def test_a_group_of_zeros_stays_zero(method: str, params: Any, bits: int) -> None:
    """Zeros come back as zeros, within the smallest normal float32 for one symmetric bit, which has none.

    The window, of fixed width, only promises half of its step.
    """
    values = np.zeros(4)
    _, tables, decoded = coded(method, values, bits, params)
    assert (tables["scale"] > 0).all()
    if method == "window":
        assert (np.abs(decoded) <= half_step_bound(method, bits, values, decoded, tables["scale"])).all()
    else:
        assert np.abs(decoded).max() <= (2.0**-126 if (method, bits) == ("symmetric", 1) else 0)


@pytest.mark.parametrize("bits", ALL_BITS)
@pytest.mark.parametrize("value", [0.3, -7.0, 1e-30, 2e37])
@pytest.mark.parametrize("count", [1, 5])
def test_a_constant_group_is_kept(value: float, count: int, bits: int) -> None:
    """One value, alone or repeated, comes back to float32's precision: twice rounded, 2^-23 of its size."""
    for method, params in GRIDS[:3]:
        _, _, decoded = coded(method, np.full(count, value), bits, params)
        assert decoded == pytest.approx(np.full(count, value), rel=2.0**-22)


@pytest.mark.parametrize("bits", ALL_BITS)
@pytest.mark.parametrize(("method", "params"), GRIDS[:3])
def test_denormals_do_not_break_a_grid(method: str, params: Any, bits: int) -> None:
    """Numbers below the smallest normal float32 give a positive scale and errors no larger than that."""
    values = np.array([1e-45, -3e-42, 1e-39, 0.0])
    _, tables, decoded = coded(method, values, bits, params)
    assert (tables["scale"] >= 2.0**-126).all()
    assert np.abs(decoded - values).max() <= 2.0**-126


@pytest.mark.parametrize("bits", ALL_BITS)
@pytest.mark.parametrize(("method", "params"), GRIDS)
def test_huge_values_stay_finite(method: str, params: Any, bits: int) -> None:
    """Up to 1e38 on both sides nothing overflows, not even where a scale search stretches the grid."""
    values = np.array([1e38, -1e38, 1.0])
    groups = np.arange(3) if METHODS[method].per_value else np.zeros(3, dtype=int)
    for factor in (1.0, 1.25):
        codes, tables = METHODS[method].encode(values, groups, bits, completed(method, params), factor)
        assert np.isfinite(METHODS[method].decode(codes, tables, bits)).all()


def test_groups_have_scales_of_their_own() -> None:
    """Values of one group do not widen the grid of another."""
    values, groups = np.array([1.0, -2.0, 100.0, 50.0]), np.array([0, 0, 1, 1])
    assert spread(np.abs(values), groups, np.maximum).tolist() == [2, 2, 100, 100]
    _, tables = METHODS["symmetric"].encode(values, groups, 8, ())
    assert tables["scale"][0] == tables["scale"][1] == np.float32(2 / 127)
    assert tables["scale"][2] == tables["scale"][3] == np.float32(100 / 127)


@FORMULAS
@given(st.lists(NUMBERS, min_size=1, max_size=12), st.integers(1, 16), st.sampled_from(GRIDS))
def test_every_error_is_within_half_a_step(listed: list[float], bits: int, grid: tuple[str, Any]) -> None:
    """Where a method promises it no value moves by more than half a step and float32's own rounding."""
    method, params = grid
    values = np.array(listed)
    codes, tables, decoded = coded(method, values, bits, params)
    assert ((codes >= 0) & (codes <= METHODS[method].top_code(bits)) & (codes == np.rint(codes))).all()
    if METHODS[method].half_step(bits):
        bound = half_step_bound(method, bits, values, decoded, tables["scale"])
        assert (np.abs(decoded - values) <= bound).all()


@FORMULAS
@given(st.lists(NUMBERS, min_size=1, max_size=12), st.sampled_from(GRIDS))
def test_many_widths_at_once_are_each_width_alone(listed: list[float], grid: tuple[str, Any]) -> None:
    """The path that codes all widths at once gives the same codes and tables as one width at a time."""
    method, params = grid
    values = np.array(listed)
    groups = np.arange(values.size) if METHODS[method].per_value else np.zeros(values.size, dtype=int)
    given_params = completed(method, params)
    codes, tables = METHODS[method].encode(values, groups, np.array(ALL_BITS)[:, None], given_params)
    decoded = METHODS[method].decode(codes, tables, np.array(ALL_BITS)[:, None])
    for i, bits in enumerate(ALL_BITS):
        one, one_tables, one_decoded = coded(method, values, bits, params)
        assert np.array_equal(codes[i], one)
        assert np.array_equal(decoded[i], one_decoded)
        for name, entry in one_tables.items():
            all_widths = np.broadcast_to(tables[name], codes.shape)
            assert np.array_equal(all_widths[i], np.broadcast_to(entry, one.shape))


@pytest.mark.parametrize("method", ["symmetric", "asymmetric", "window"])
def test_more_bits_are_never_a_coarser_grid(method: str) -> None:
    """Each further bit makes the step smaller."""
    values = np.array([-0.9, 0.25, 0.7])
    steps = [float(coded(method, values, bits)[1]["scale"].max()) for bits in range(2, 17)]
    assert steps == sorted(steps, reverse=True)
    assert len(set(steps)) == len(steps)


def test_input_is_not_modified() -> None:
    """Quantising changes neither the model nor the statistics it was given."""
    trained = california()
    before = trained.parts.values["coef"].tobytes(), trained.moments.gram.tobytes()
    dequantize(quantize(trained.parts, Scheme(AUTO, 4), trained.moments))
    assert (trained.parts.values["coef"].tobytes(), trained.moments.gram.tobytes()) == before


@pytest.mark.parametrize(
    ("scheme", "message"),
    [
        (Scheme(), r'^space must be raw for a model without training statistics, got "standardised"$'),
        (Scheme(space="raw"), r'^intercept must be keep, quantised or same-grid without .*, got "refit"$'),
        (
            Scheme(space="raw", intercept="keep", scale="output"),
            r'^scale must be minmax or mse for a model without training statistics, got "output"$',
        ),
    ],
)
def test_without_training_statistics_some_choices_are_refused(scheme: Scheme, message: str) -> None:
    """What needs means or deviations of the training rows is refused, and the message says what works."""
    with pytest.raises(InvalidInput, match=message):
        quantize(california().parts, scheme)


@pytest.mark.parametrize("method", [*METHODS, AUTO])
def test_without_training_statistics_raw_coefficients_are_quantised(method: str) -> None:
    """A bare model is quantised in raw coordinates, also by `auto`, which then takes the rounding error."""
    q = quantize(small().parts, Scheme(method, 6, "raw", intercept="keep"))
    assert np.isfinite(dequantize(q).values["coef"]).all()


@pytest.mark.parametrize("value", [1e39, -1e300, np.inf, np.nan])
@pytest.mark.parametrize("method", [*METHODS, AUTO])
def test_numbers_beyond_float32_are_refused(value: float, method: str) -> None:
    """A coefficient that float32 cannot hold is refused by name instead of stored as infinity."""
    parts = Parts("linear", {"coef": np.array([[1.0, value]]), "intercept": np.zeros(1)}, {}, {})
    with pytest.raises(InvalidInput, match=r"^coefficients must be at most 1e\+38 in size.*, got "):
        quantize(parts, Scheme(method, 8, "raw", intercept="keep"))


def test_an_intercept_beyond_float32_is_refused() -> None:
    """So is an intercept, before and after it was refitted."""
    huge = Parts("linear", {"coef": np.array([[1.0]]), "intercept": np.array([1e39])}, {}, {})
    with pytest.raises(InvalidInput, match=r"^intercept must be at most 1e\+38 in size.*, got 1e\+39$"):
        quantize(huge, Scheme(space="raw", intercept="keep"))
    steep = Parts("linear", {"coef": np.array([[1e10, 4e9]]), "intercept": np.zeros(1)}, {}, {})
    # At two bits the second coefficient goes to 0, and refitting moves the intercept by 4e9 · 2e30.
    far = Moments(2, np.array([0, 2e30]), np.eye(2), np.zeros(2), 0.0, 1.0)
    with pytest.raises(InvalidInput, match=r"^intercept must be small enough to be stored as float32, got "):
        quantize(steep, Scheme("symmetric", 2, "raw", intercept="refit"), far)


def test_a_column_too_small_for_float32_is_refused() -> None:
    """A deviation below the smallest normal float32 would be stored as zero, and rows divided by it."""
    X, y = table(p=2)
    X[:, 1] *= 1e-50
    trained = trained_on(X, y)
    with pytest.raises(InvalidInput, match=r"^(deviations of the columns|coefficients) must be .*, got "):
        quantize(trained.parts, Scheme(), trained.moments)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_described(method: str) -> None:
    """Menu, page and documents find words, and every setting of a method has a label and a help text."""
    entry = METHODS[method]
    assert entry.label
    assert entry.summary.endswith(".")
    assert "value =" in entry.formula
    assert entry.scales[0] == "minmax"
    for field in params_of(method).values():
        assert field.label
        assert field.help
