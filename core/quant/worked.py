"""The steps between a value and its code, worked out with the actual numbers: one function for each kind of grid."""

from __future__ import annotations

import numpy as np

from core.quant.case import Case, Step, rounded_text, whole
from core.quant.quantize import FACTORS

_TINY = float(np.finfo(np.float32).tiny)
# A table of more entries than this is not written out.
_MOST_ENTRIES = 8


def symmetric(case: Case) -> list[Step]:
    """Return the steps of a grid that is symmetric about zero, of two bits or more."""
    t, bits = case.text, case.q.scheme.bits
    top = 2 ** (bits - 1) - 1
    at = int(np.abs(case.shared).argmax())
    size = float(np.abs(case.shared[at]))
    factor, times, search = _searched(case, top, size)
    reach = t(factor * size)
    formula, numbers = _scale(case, "r / (2^(b−1) − 1)", f"{reach} / {top}", size)
    return [
        Step(
            "The range",
            f"{case.sharing}. It reaches equally far to both sides of zero, as far as the largest size.{search}",
            (f"r = {times and 'f × '}max |v|",),
            (f"{times}|{t(float(case.shared[at]))}| = {reach}, {case.owners[at]}",),
        ),
        Step(
            "The step",
            f"Each side is cut into steps, {top} of them. The size of a step, the scale, is stored as float32. The "
            "code in the middle, the zero point, stands for zero.",
            (formula, "z = 2^(b−1) − 1"),
            (numbers, f"2^{bits - 1} − 1 = {top}"),
        ),
        _counted(case, top, 2 * top, "2^b − 2"),
        _back(case, "s × (code − z)", f"{t(case.table['scale'])} × ({case.code} − {top})"),
    ]


def one_bit(case: Case) -> list[Step]:
    """Return the steps of a symmetric grid of one bit, which has no zero."""
    t, n = case.text, len(case.shared)
    total = float(np.abs(case.shared).sum())
    _, times, search = _searched(case, 1, total / n)
    formula, numbers = _scale(case, f"{times and 'f × '}Σ|v| / n", f"{times}{t(total)} / {n}", total)
    sign = "≥" if case.rounded >= 0 else "<"
    return [
        Step(
            "The range",
            f"{case.sharing}. It has two levels, one on each side of zero, at the mean size of the values, the scale. "
            f"It is stored as float32.{search}",
            (formula,),
            (numbers,),
        ),
        Step(
            "The code",
            "One bit keeps the sign and nothing else.",
            ("code = 1 where v ≥ 0, else 0",),
            (f"{case.stored}, because {t(case.rounded)} {sign} 0",),
        ),
        _back(case, "s × (2 × code − 1)", f"{t(case.table['scale'])} × (2 × {case.code} − 1)"),
    ]


def with_zero_point(case: Case) -> list[Step]:
    """Return the steps of an asymmetric grid that has zero among its levels."""
    t, top = case.text, 2**case.q.scheme.bits - 1
    ends = [int(case.shared.argmin()), int(case.shared.argmax())]
    low, high = min(float(case.shared[ends[0]]), 0.0), max(float(case.shared[ends[1]]), 0.0)
    factor, times, search = _searched(case, top, high - low)
    zero, scale = int(case.table["zero_point"]), case.table["scale"]
    lines = []
    for end, at in ((low, ends[0]), (high, ends[1])):
        product = f"{times}{case.inner(end)} = " if times else ""
        owner = f", {case.owners[at]}" if end else ""
        lines.append(f"{product}{t(factor * end)}{owner}")
    low, high = factor * low, factor * high
    formula, numbers = _scale(case, "(hi − lo) / (2^b − 1)", f"({t(high)} − {case.inner(low)}) / {top}", high - low)
    middle = "z = what is stored", f"{zero}"
    if scale > _TINY:
        ratio = f"{t(-low)} / {t(scale)}"
        middle = "z = round(−lo / s)", f"round({ratio}) = round({rounded_text(-low / scale)}) = {zero}"
    return [
        Step(
            "The range",
            f"{case.sharing}. It goes from the smallest to the largest value, and zero is always inside.{search}",
            (f"lo = {times and 'f × '}min(v, 0)", f"hi = {times and 'f × '}max(v, 0)"),
            tuple(lines),
        ),
        Step(
            "The step and the zero point",
            f"The range is cut into steps, {top} of them. The size of a step, the scale, is stored as float32. The "
            "code of zero, the zero point, is a whole number, so that zero itself is a level.",
            (formula, middle[0]),
            (numbers, middle[1]),
        ),
        _counted(case, zero, top, "2^b − 1"),
        _back(case, "s × (code − z)", f"{t(scale)} × ({case.code} − {zero})"),
    ]


def with_offset(case: Case) -> list[Step]:
    """Return the steps of an asymmetric grid that starts at the smallest value."""
    t, top = case.text, 2**case.q.scheme.bits - 1
    ends = [int(case.shared.argmin()), int(case.shared.argmax())]
    low, high = (float(case.shared[at]) for at in ends)
    factor, times, search = _searched(case, top, high - low)
    reach, width = t(factor * (high - low)), f"{t(high)} − {case.inner(low)}"
    formula, numbers = _scale(case, "r / (2^b − 1)", f"{reach} / {top}", high - low)
    offset = t(case.table["offset"])
    return [
        Step(
            "The range",
            f"{case.sharing}. It goes from the smallest to the largest value.{search}",
            ("lo = min v", "hi = max v", f"r = {'f × (hi − lo)' if times else 'hi − lo'}"),
            (
                f"{t(low)}, {case.owners[ends[0]]}",
                f"{t(high)}, {case.owners[ends[1]]}",
                f"{times}({width}) = {reach}" if times else f"{width} = {reach}",
            ),
        ),
        Step(
            "The step and the lower end",
            f"The range is cut into steps, {top} of them. The size of a step, the scale, and the lower end are stored "
            "as float32.",
            (formula, "o = (lo + hi − r) / 2" if times else "o = lo"),
            (numbers, f"({t(low)} + {case.inner(high)} − {reach}) / 2 = {offset}" if times else offset),
        ),
        _placed(case, (case.rounded - case.table["offset"]) / case.table["scale"]),
        _back(case, "o + s × code", f"{t(case.table['offset'])} + {t(case.table['scale'])} × {case.code}"),
    ]


def window(case: Case) -> list[Step]:
    """Return the steps of a grid round one value."""
    t, top, width = case.text, 2**case.q.scheme.bits - 1, dict(case.q.scheme.params)["width"]
    value, half = np.float32(case.rounded), np.float32(width)
    high, low = float(value + half), case.table["offset"]
    v, h = t(case.rounded), f"{width:g}"
    formula, numbers = _scale(case, "(hi − o) / (2^b − 1)", f"({t(high)} − {case.inner(low)}) / {top}", high - low)
    ratio = float((value - np.float32(low)) / np.float32(case.table["scale"]))
    return [
        Step(
            "The range",
            "Every coefficient has a grid of its own: a window of the same width round its value.",
            ("o = v − h", "hi = v + h"),
            (f"{v} − {h} = {t(low)}", f"{v} + {h} = {t(high)}"),
        ),
        Step(
            "The step",
            f"The window is cut into steps, {top} of them. The size of a step, the scale, and the lower end are stored "
            "as float32 for every coefficient.",
            (formula,),
            (numbers,),
        ),
        _placed(case, ratio, " The value is the middle of its window, halfway between two codes: the last digits of "
                "float32 decide."),
        _back(case, "o + s × code", f"{t(case.table['offset'])} + {t(case.table['scale'])} × {case.code}"),
    ]  # fmt: skip


def codebook(case: Case) -> list[Step]:
    """Return the steps of a table of values."""
    t, T, code = case.text, case.entries, case.code
    near = [k for k in range(len(T)) if len(T) <= _MOST_ENTRIES or abs(k - code) <= 2]
    some = "" if len(near) == len(T) else " Those near the value are shown."
    closest = [k for k in (code - 1, code, code + 1) if 0 <= k < len(T)]
    distances = [
        f"|{t(case.rounded)} − {case.inner(float(T[k]))}| = {t(abs(case.rounded - float(T[k])))}" for k in closest
    ]
    return [
        Step(
            "The table",
            f"{case.sharing.replace('grid', 'table')}. Its entries, {len(T)} of them, are the values with the smallest "
            f"sum of squared distances (exact k-means), stored as float32.{some}",
            tuple(f"T[{k}]" for k in near),
            tuple(t(float(T[k])) for k in near),
        ),
        Step(
            "The code",
            "The place of the nearest entry in the table is the code. It is counted from 0.",
            (*(f"d[{k}] = |v − T[{k}]|" for k in closest), "code = the k with the smallest d[k]"),
            (*distances, case.stored),
        ),
        _back(case, "T[code]", f"T[{code}]"),
    ]


def _searched(case: Case, parts: int, reach: float) -> tuple[float, str, str]:
    """Return by which factor a search changed the range: the number, as it opens a product, and in words.

    Read from the stored scale, which is factor·reach / parts but for one rounding to float32.
    """
    scheme, scale = case.q.scheme, case.table["scale"]
    if scheme.scale == "minmax" or reach == 0 or scale == _TINY:
        return 1.0, "", ""
    found = round(float(FACTORS[np.abs(FACTORS[:, 0] - scale * parts / reach).argmin(), 0]), 4)
    aim = {"mse": "smallest squared rounding error", "output": "smallest change of the predictions"}[scheme.scale]
    if found == 1:
        return 1.0, "", f" The search for the {aim} left it so."
    beyond = "; what lies beyond it is cut" if found < 1 else ""
    return found, f"{found:g} × ", f" The search for the {aim} took {found:g} of that{beyond}."


def _scale(case: Case, formula: str, numbers: str, reach: float) -> tuple[str, str]:
    """Return the line of the scale, with symbols and with numbers."""
    scale = case.table["scale"]
    if scale == _TINY:
        return "s = the smallest normal float32", case.text(scale)
    if reach == 0:
        return "s = 1 where there is no range to divide", "1"
    return f"s = {formula}", f"{numbers} = {case.text(scale)}"


def _counted(case: Case, zero: int, top: int, last: str) -> Step:
    """Return the step to a code that is counted from zero."""
    scale = case.table["scale"]
    ratio = case.rounded / scale
    k = int(np.rint(ratio))
    cut = "" if 0 <= k + zero <= top else " This value lies beyond the end of the grid and is cut to the last code."
    return Step(
        "The code",
        f"The value is counted in steps from zero, to the nearest whole number (a half goes to the even one).{cut}",
        ("k = round(v / s)", f"code = clip(k + z, 0, {last})"),
        (
            f"round({case.text(case.rounded)} / {case.text(scale)}) = round({rounded_text(ratio)}) = {whole(k)}",
            f"clip({whole(k)} + {zero}, 0, {top}) = {case.stored}",
        ),
    )


def _placed(case: Case, ratio: float, more: str = "") -> Step:
    """Return the step to a code that is counted from the lower end, `ratio` steps away."""
    t, top = case.text, 2**case.q.scheme.bits - 1
    k = int(np.rint(ratio))
    cut = "" if 0 <= k <= top else " This value lies beyond the end of the grid and is cut to the last code."
    place = f"({t(case.rounded)} − {case.inner(case.table['offset'])}) / {t(case.table['scale'])}"
    return Step(
        "The code",
        "The value is counted in steps from the lower end, to the nearest whole number (a half goes to the even "
        f"one).{more}{cut}",
        ("k = round((v − o) / s)", "code = clip(k, 0, 2^b − 1)"),
        (f"round({place}) = round({rounded_text(ratio)}) = {whole(k)}",
         f"clip({whole(k)}, 0, {top}) = {case.stored}"),
    )  # fmt: skip


def _back(case: Case, formula: str, numbers: str) -> Step:
    """Return the step back from the code."""
    words = "What a device makes of the code. It knows no more of the value."
    return Step("Back to a value", words, (f"back = {formula}",), (f"{numbers} = {case.text(case.back)}",))
