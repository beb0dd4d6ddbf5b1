"""`METHODS`: the grids one can choose from; menu, command line, tests and documents read this dict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.fields import Choice, Field, Number
from core.parts import Floats
from core.quant.affine import (
    Tables,
    asymmetric_decode,
    asymmetric_encode,
    symmetric_decode,
    symmetric_encode,
)
from core.quant.codebook import codebook_decode, codebook_encode
from core.quant.window import window_decode, window_encode

BITS = Number(8, 1, 16, integer=True, label="Bits", help="How many bits one stored code has.")

Encode = Callable[..., tuple[Floats, Tables]]


@dataclass(frozen=True)
class Method:
    """One grid: two inverse functions, what it stores, and what it promises.

    `scales` are the ways to set its range; `table` names its tables with the way each is stored ("float32", "code"
    for a whole number of as many bits as a code, or "row" for a row of float32 a group); `half_step(bits)` says
    whether each error is at most half a step; `top_code(bits)` is the largest code in use; `per_value` gives every
    value a grid of its own; `one_width` cannot encode several widths in one call.
    """

    label: str
    summary: str
    formula: str
    encode: Encode
    decode: Callable[[Floats, Tables, Any], Floats]
    tables: dict[str, str]
    params: dict[str, Field] = field(default_factory=dict)
    scales: tuple[str, ...] = ("minmax", "mse", "output")
    half_step: Callable[[int], bool] = lambda bits: True
    top_code: Callable[[int], int] = lambda bits: 2**bits - 1
    per_value: bool = False
    in_auto: bool = True
    one_width: bool = False


METHODS: dict[str, Method] = {
    "symmetric": Method(
        "Symmetric",
        "Evenly spaced levels on both sides of zero; one scale is stored.",
        "value = scale × (code − zero point), zero point in the middle",
        symmetric_encode,
        symmetric_decode,
        {"scale": "float32"},
        # One bit keeps only the sign, at the mean size: larger values are cut short by design.
        half_step=lambda bits: bits > 1,
        # As many levels below zero as above, so one code is never used.
        top_code=lambda bits: max(2**bits - 2, 1),
    ),
    "asymmetric": Method(
        "Asymmetric",
        "Evenly spaced levels from the smallest to the largest value; a scale and a zero point are stored.",
        "value = scale × (code − zero point)",
        asymmetric_encode,
        asymmetric_decode,
        {"scale": "float32", "zero_point": "code", "offset": "float32"},
        params={
            "zero_point": Choice(
                "integer",
                ("integer", "offset"),
                "Zero point",
                "integer: zero is one of the levels. offset: the grid starts at the smallest value, "
                "and zero falls between two levels.",
            )
        },
    ),
    "window": Method(
        "Window",
        "A fixed range round each coefficient, as reference system 001 does it; every coefficient stores "
        "two floats beside its code, which is more than it saves.",
        "value = lower end + scale × code, one lower end and scale for each coefficient",
        window_encode,
        window_decode,
        {"scale": "float32", "offset": "float32"},
        params={
            "width": Number(
                0.05, 0, 10, open_low=True, label="Half width", help="The window reaches this far either way."
            )
        },
        scales=("minmax",),
        per_value=True,
        in_auto=False,
    ),
    "codebook": Method(
        "Codebook",
        "A table of the values that fit best (exact k-means); the table is stored as float32 and charged.",
        "value = table[code]",
        codebook_encode,
        codebook_decode,
        {"codebook": "row"},
        scales=("minmax",),
        # The entries lie where the values are, not evenly: there is no step.
        half_step=lambda bits: False,
        in_auto=False,
        one_width=True,
    ),
}

AUTO = "auto"
AUTO_LABEL = "Best found"
AUTO_SUMMARY = "Tries every even grid and every way to set its scale; takes the smallest training output error."
