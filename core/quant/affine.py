"""Evenly spaced grids: symmetric about zero, and asymmetric with a zero point or an offset.

Every function here works on one flat array of values, shape (n,), or on many variants at once: `bits`
and `shrink` may have shape (k, 1), and codes and tables then have shape (k, n). Tables hold one entry a
value; values of one group get equal entries. Scales and decoded values are float32, as a device holds them:
what is decoded is exactly what was measured, and figures of float32 systems come out to the last digit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.parts import Array, Floats

Tables = dict[str, Any]

# The smallest normal float32: a smaller scale would be stored as zero or lose its digits.
_TINY = float(np.finfo(np.float32).tiny)


_START: dict[np.ufunc, float] = {np.maximum: -np.inf, np.minimum: np.inf, np.add: 0.0}


def spread(values: Floats, groups: Array, reduce: np.ufunc) -> Floats:
    """Return, for each value, `reduce` (np.maximum, np.minimum or np.add) over its group, shape (n,)."""
    if groups[0] == groups[-1] and not np.any(groups != groups[0]):
        return np.full(values.shape, reduce.reduce(values))
    index = places(groups)
    result = np.full(index.max() + 1, _START[reduce])
    reduce.at(result, index, values)
    return result[index]


def places(groups: Array) -> Array:
    """Return for each value the place of its group among all groups in order of their ids, shape (n,)."""
    if (groups[1:] >= groups[:-1]).all():
        # Side by side, as the leaves of a tree stand: no need to sort.
        return np.cumsum(np.diff(groups, prepend=groups[0]) != 0)
    return np.asarray(np.unique(groups, return_inverse=True)[1])


def single(values: Any) -> Floats:
    """Return `values` rounded to float32, in float64."""
    return np.asarray(values, dtype=np.float32).astype(np.float64)


def as_scale(reach: Any, steps: Any) -> Floats:
    """Return reach / steps as float32: 1 where the group is all zero, never below the smallest normal."""
    raw = single(single(reach) / steps)
    return np.where(np.asarray(reach) == 0, 1.0, np.maximum(raw, _TINY))


def symmetric_encode(values: Floats, groups: Array, bits: Any, params: Any, shrink: Any = 1.0) -> tuple[Floats, Tables]:
    """Return codes and scale of the grid that is symmetric about zero.

    qmax = 2^(b-1) - 1;  s = max|w| / qmax;  k = clip(rint(w / s), -qmax, qmax);  code = k + qmax.
    One bit has no zero: code 0 or 1 for the sign, s = mean|w| (Krishnamoorthi 2018, section 2; Rastegari
    et al., XNOR-Net, 2016, equation 6 for one bit).
    """
    bits, values = np.asarray(bits), single(values)
    size = np.abs(values)
    count = spread(np.ones_like(size), groups, np.add)
    mean = spread(size, groups, np.add) / count
    qmax = np.maximum(2.0 ** (bits - 1) - 1, 1.0)
    one_bit = bits == 1
    reach = np.where(one_bit, mean, spread(size, groups, np.maximum))
    # With one bit there is no zero to fall back on: a group of zeros gets the smallest step there is.
    scale = np.where(one_bit & (reach == 0), _TINY, as_scale(reach * shrink, qmax))
    steps = np.clip(np.rint(values / scale), -qmax, qmax)
    codes = np.where(one_bit, (values >= 0).astype(np.float64), steps + qmax)
    return codes, {"scale": scale}


def symmetric_decode(codes: Floats, tables: Tables, bits: Any) -> Floats:
    """Return ŵ = s·(code - qmax); for one bit ŵ = s·(2·code - 1)."""
    bits = np.asarray(bits)
    qmax = 2.0 ** (bits - 1) - 1
    return single(tables["scale"] * np.where(bits == 1, 2 * codes - 1, codes - qmax))


def asymmetric_encode(
    values: Floats, groups: Array, bits: Any, params: Any, shrink: Any = 1.0
) -> tuple[Floats, Tables]:
    """Return codes, scale and zero point (or offset) of a grid that spans the range of the values.

    With an integer zero point, as in ONNX DynamicQuantizeLinear:
    lo = min(w, 0);  hi = max(w, 0);  s = (hi - lo) / (2^b - 1);  z = clip(rint(-lo / s), 0, 2^b - 1);
    code = clip(rint(w / s) + z, 0, 2^b - 1).  Zero is exactly representable.
    With `zero_point` = "offset": s = (max - min) / (2^b - 1);  code = rint((w - min) / s), and the minimum
    itself is stored as float32; zero is then in general not representable.
    """
    if dict(params).get("zero_point") == "offset":
        return _offset_encode(values, groups, bits, shrink)
    values, top = single(values), 2.0 ** np.asarray(bits) - 1
    low = np.minimum(spread(values, groups, np.minimum), 0.0) * shrink
    high = np.maximum(spread(values, groups, np.maximum), 0.0) * shrink
    scale = as_scale(high - low, top)
    zero = np.clip(np.rint(-low / scale), 0, top)
    codes = np.clip(np.rint(values / scale) + zero, 0, top)
    return codes, {"scale": scale, "zero_point": zero}


def _offset_encode(values: Floats, groups: Array, bits: Any, shrink: Any) -> tuple[Floats, Tables]:
    values, top = single(values), 2.0 ** np.asarray(bits) - 1
    low, high = spread(values, groups, np.minimum), spread(values, groups, np.maximum)
    middle = (low + high) / 2
    low, high = middle + (low - middle) * shrink, middle + (high - middle) * shrink
    scale = as_scale(high - low, top)
    offset = single(low) + np.zeros_like(scale)
    return np.clip(np.rint((values - offset) / scale), 0, top), {"scale": scale, "offset": offset}


def asymmetric_decode(codes: Floats, tables: Tables, bits: Any) -> Floats:
    """Return ŵ = s·(code - z), or ŵ = offset + s·code."""
    if "offset" in tables:
        return single(tables["offset"] + single(tables["scale"] * codes))
    return single(tables["scale"] * (codes - tables["zero_point"]))
