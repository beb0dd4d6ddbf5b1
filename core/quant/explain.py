"""The arithmetic of one code, with its actual numbers filled in, for people who learn."""

from __future__ import annotations

import numpy as np

from core.quant.affine import single
from core.quant.levels import levels
from core.quant.methods import METHODS
from core.quant.quantize import Quantized


def explain(q: Quantized, index: int, value: float) -> list[tuple[str, str]]:
    """Return (what, formula with numbers) for each step from `value` to its code and back.

    `index` is the position in the block of the coefficients; `value` the original in its coordinates.
    """
    _, inverse = np.unique(q.groups["coef"], return_inverse=True)
    if "codebook" in q.tables["coef"]:
        return _from_table(q, index, value, int(inverse[index]))
    table = {name: float(t[inverse[index]]) for name, t in q.tables["coef"].items()}
    code, bits = int(q.codes["coef"][index]), q.scheme.bits
    back = float(levels(q, "coef", index)[code])
    scale = table["scale"]
    top = METHODS[q.scheme.method].top_code(bits)
    if "offset" in table:
        low = table["offset"]
        ratio = (float(single(value)) - low) / scale
        if METHODS[q.scheme.method].per_value:  # the window divides in float32, which decides its ties
            ratio = float((np.float32(value) - np.float32(low)) / np.float32(scale))
        steps = [
            ("steps", f"({value:.6g} − {low:.6g}) / {scale:.6g} = {ratio:.3f}"),
            ("code", f"round({ratio:.3f}) = {_cut(int(np.rint(ratio)), code, top)}"),
            ("value", f"{low:.6g} + {scale:.6g} × {code} = {back:.6g}"),
        ]
    elif q.scheme.method == "symmetric" and bits == 1:
        steps = [
            ("sign", f"{value:.6g} is {'not ' if code else ''}below zero, so the code is {code}"),
            ("value", f"{'+' if code else '−'}{scale:.6g}, the mean size of all coefficients"),
        ]
    else:
        zero = int(table.get("zero_point", 2 ** (bits - 1) - 1))
        ratio = float(single(value)) / scale
        steps = [
            ("steps", f"{value:.6g} / {scale:.6g} = {ratio:.3f}"),
            ("code", f"round({ratio:.3f}) + {zero} = {_cut(int(np.rint(ratio)) + zero, code, top)}"),
            ("value", f"{scale:.6g} × ({code} − {zero}) = {back:.6g}"),
        ]
    error = back - value
    steps.append(("error", f"{back:.6g} − {value:.6g} = {error:.3g}"))
    return [(what, formula.replace("− -", "+ ").replace("-", "−").replace("e−", "e-")) for what, formula in steps]


def _from_table(q: Quantized, index: int, value: float, row: int) -> list[tuple[str, str]]:
    table, code = q.tables["coef"]["codebook"][row], int(q.codes["coef"][index])
    back = float(table[code])
    near = [f"{code + k}: {float(table[code + k]):.6g}" for k in (-1, 0, 1) if 0 <= code + k < len(table)]
    error = f"{back:.6g} − {value:.6g} = {back - value:.3g}"
    steps = [("entries near it", ", ".join(near)), ("code", f"{code}, the nearest"), ("value", f"{back:.6g}")]
    return [(what, text.replace("− -", "+ ").replace("-", "−").replace("e−", "e-")) for what, text in
            (*steps, ("error", error))]  # fmt: skip


def _cut(found: int, code: int, top: int) -> str:
    """Return what the sum comes to, and the code at the end of the grid for a value that lies beyond it."""
    return str(code) if found == code or code not in (0, top) else f"{found}, cut to {code}, the end of the grid"


def grid_facts(q: Quantized) -> list[tuple[str, str]]:
    """Return what the grid of the coefficients is made of: scale, zero point, whether zero is a level, codes in use."""
    table = q.tables["coef"]
    used, available = len(np.unique(q.codes["coef"])), len(levels(q, "coef", 0))
    if "codebook" in table:
        rows, width = table["codebook"].shape
        tables = f"{rows} tables of {width:,}" if rows > 1 else f"{width:,}"
        return [("entries", tables), ("bytes of the table", f"{table['codebook'].nbytes:,}"),
                ("codes in use", f"{used} of {available:,}")]  # fmt: skip
    scales = table["scale"]
    if len(scales) > 1:
        facts = [("scale", f"{float(np.median(scales)):.6g}, one for each of {len(scales)}")]
    else:
        facts = [("scale", f"{float(scales[0]):.6g}")]
        if "offset" in table:
            facts.append(("lower end", f"{float(table['offset'][0]):.6g}"))
        else:
            middle = 2 ** (q.scheme.bits - 1) - 1
            zero = int(table["zero_point"][0]) if "zero_point" in table else middle
            facts.append(("zero point", str(zero) if q.scheme.bits > 1 or "zero_point" in table else "none"))
    _, first = np.unique(q.groups["coef"], return_index=True)
    zero_level = all(bool((levels(q, "coef", int(i)) == 0).any()) for i in first)
    facts.append(("zero", "is a level" if zero_level else "is between levels"))
    return [*facts, ("codes in use", f"{used} of {available:,}")]
