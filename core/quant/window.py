"""A fixed range round each value, as reference system 001 does it: every value brings its own grid."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.parts import Array, Floats
from core.quant.affine import Tables


def window_encode(values: Floats, groups: Array, bits: Any, params: Any, shrink: Any = 1.0) -> tuple[Floats, Tables]:
    """Return codes, scales and lower ends of one window of ± `width` for each value.

    low = w - width;  s = ((w + width) - low) / (2^b - 1);  code = rint((w - low) / s), all in float32: the
    precision decides which way the middle of the window rounds, and with it what the method loses.
    `groups` and `shrink` have no effect.
    """
    width = np.float32(dict(params)["width"])
    top = (2.0 ** np.asarray(bits) - 1).astype(np.float32)
    single = values.astype(np.float32)
    low = single - width + np.zeros_like(top)
    scale = ((single + width) - low) / top
    # A window narrower than one float32 step round a large value has no room: its lower end is the value.
    codes = np.where(scale > 0, np.rint((single - low) / np.where(scale > 0, scale, np.float32(1))), 0)
    scale = np.where(scale > 0, scale, np.float32(1))
    tables = {"scale": scale.astype(np.float64), "offset": low.astype(np.float64)}
    return np.clip(codes, 0, top).astype(np.float64), tables


def window_decode(codes: Floats, tables: Tables, bits: Any) -> Floats:
    """Return ŵ = low + s·code, computed in float32."""
    single = np.asarray(codes, dtype=np.float32) * tables["scale"].astype(np.float32)
    return np.asarray(single + tables["offset"].astype(np.float32), dtype=np.float64)
