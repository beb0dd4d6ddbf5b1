"""The arithmetic of one coefficient, from its value to its code and back, with its actual numbers, to learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.moments import Moments
from core.parts import Parts
from core.quant import coordinates as co
from core.quant import worked
from core.quant.affine import single
from core.quant.case import Case, Step
from core.quant.levels import levels, steps
from core.quant.methods import METHODS
from core.quant.quantize import decoded_blocks
from core.quant.quantized import Quantized


def explain(
    parts: Parts, q: Quantized, moments: Moments, index: int, names: Sequence[str], factor: float = 1.0, unit: str = ""
) -> tuple[Step, ...]:
    """Return the steps of the coefficient at `index` of its block; text from outside stands in `numbers` alone.

    `names` are those of all parameters, coefficients first; 1 in a regression's target is `factor` `unit`.
    """
    case = _case(parts, q, moments, index, names)
    if len(case.entries):
        inside = worked.codebook(case)
    elif METHODS[q.scheme.method].per_value:
        inside = worked.window(case)
    elif q.scheme.method == "symmetric":
        inside = worked.one_bit(case) if q.scheme.bits == 1 else worked.symmetric(case)
    else:
        inside = worked.with_offset(case) if "offset" in case.table else worked.with_zero_point(case)
    column = index % q.shape[1]
    deviation = float(np.sqrt(moments.gram[column, column]))
    if parts.meta["task"] == "classification":
        effect = _effect(case, deviation, "score of the class", 1.0, "")
    else:
        effect = _effect(case, deviation, "prediction", factor, unit)
    return (_value(case), *inside, _error(case), effect)


def _case(parts: Parts, q: Quantized, moments: Moments, index: int, names: Sequence[str]) -> Case:
    values, ids = co.blocks(parts, q.scheme, moments, q.groups).values["coef"], q.groups["coef"]
    members = np.flatnonzero(ids == ids[index])
    row = int(np.searchsorted(np.unique(ids), ids[index]))
    tables = {name: table[row] for name, table in q.tables["coef"].items()}
    standardised = q.scheme.space == "standardised"
    return Case(
        q,
        index,
        weight=float(parts.values["coef"].ravel()[index]),
        sigma=float(co.column_scale(moments)[index % q.shape[1]]) if standardised else 1.0,
        value=float(values[index]),
        rounded=float(single(values[index])),
        shared=single(values[members]),
        owners=tuple(names[int(i)] for i in members),
        sharing=_sharing(q.scheme.granularity, members < q.shape[0] * q.shape[1]),
        table={name: float(entry) for name, entry in tables.items() if name != "codebook"},
        entries=np.asarray(tables.get("codebook", ()), dtype=np.float64),
        code=int(q.codes["coef"][index]),
        back=float(decoded_blocks(q)["coef"][index]),
    )


def _sharing(granularity: str, coefficients: NDArray[np.bool_]) -> str:
    """Return which values share the grid; `coefficients` says which of them are no intercepts."""
    n, intercepts = int(coefficients.sum()), int((~coefficients).sum())
    many = {"tensor": f"All {n} coefficients", "row": f"The {n} coefficients of a class",
            "block": f"{n} neighbouring coefficients"}[granularity]  # fmt: skip
    found = many if n > 1 else "This coefficient"
    if intercepts:
        return f"{found} and the {'intercept' if intercepts == 1 else 'intercepts'} share one grid"
    return f"{found} share one grid" if n > 1 else f"{found} has a grid of its own"


def _value(case: Case) -> Step:
    t = case.text
    if case.q.scheme.space == "raw":
        return Step("The value", "The coefficient of the raw feature, as it is.", ("v = w",), (t(case.value),))
    words = (
        "The coefficient of the raw feature, times the standard deviation of that feature on the training rows "
        "(1 where it never varies): so coefficients can be compared, whatever their units."
    )
    return Step("The value", words, ("v = w × σ",), (f"{t(case.weight)} × {t(case.sigma)} = {t(case.value)}",))


def _error(case: Case) -> Step:
    """Return the step to the error, as it is and in steps."""
    q, t, e = case.q, case.text, case.back - case.value
    ends, gap = levels(q, "coef", case.index)[[0, -1]], float(steps(q, "coef")[case.index])
    symbol, spelled = "s", t(gap)
    if len(case.entries):
        symbol, words = "g", "The entries are uneven: a step, g, is the mean distance of two neighbours in the table."
    elif q.scheme.method == "symmetric" and q.scheme.bits == 1:
        symbol, spelled = "(2 × s)", f"(2 × {t(gap / 2)})"
        words = "The levels lie 2 × s apart. With one bit the error may be larger than half of that."
    elif abs(e / gap) <= 0.5:
        words = "At most half a step, because the nearest level was taken."
    elif not ends[0] <= case.value <= ends[1]:
        words = "More than half a step, because the value lies beyond the end of the grid."
    else:
        words = "Half a step, and what storing numbers as float32 adds."
    if t(case.back) == t(case.value):
        words += " Here it is smaller than the digits that are shown."
    return Step(
        "The error",
        words,
        ("e = back − v", f"steps = e / {symbol}"),
        (
            f"{t(case.back)} − {case.inner(case.value)} = {_short(e)}",
            f"{_short(e)} / {spelled} = {_short(e / gap)}",
        ),
    )


def _effect(case: Case, deviation: float, what: str, factor: float, unit: str) -> Step:
    """Return the step back to the raw feature, and to what the error does to `what`."""
    t, q, weight = case.text, case.q, case.back
    formula, numbers = "w' = back", t(case.back)
    if "feature_scale" in q.exact:
        stored = float(q.exact["feature_scale"][case.index % q.shape[1]])
        weight = case.back / stored
        formula, numbers = "w' = back / σ", f"{t(case.back)} / {t(stored)} = {t(weight)}"
    stays = q.scheme.space == "standardised" or q.scheme.intercept == "refit"
    mean = "stays" if stays else "moves besides, by (w' − w) × the mean of the feature"
    words = (
        f"The coefficient of the raw feature now, and how much the {what} typically changes because of it: one "
        f"standard deviation over the training rows. The mean {what} {mean}."
    )
    moved = abs(weight - case.weight)
    times = f" × {factor:,.10g}" if factor != 1 else ""
    return Step(
        "What it does to the model",
        words,
        (formula, "d = |w' − w|", f"change = d × σ{times}"),
        (
            numbers,
            f"|{t(weight)} − {case.inner(case.weight)}| = {t(moved)}",
            f"{t(moved)} × {t(deviation)}{times} = {_in_unit(moved * deviation * factor, unit)}",
        ),
    )


def _in_unit(x: float, unit: str) -> str:
    """Return a result in the target's unit."""
    text = f"{x:,.0f}" if x >= 1000 else _short(x)
    return f"${text}" if unit == "$" else f"{text} {unit}".strip()


def _short(x: float) -> str:
    """Return a small result with four significant digits."""
    return f"{x + 0.0:.4g}".replace("-", "−").replace("e−", "e-")


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
