"""What can be changed about a scheme, and what each change would do: tried from sums alone, no row is read.

Test rows are never looked at: a cure is chosen and judged by the training output error and by bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from core.comparison import Comparison
from core.diagnose.finding import Cure
from core.errors import InvalidInput
from core.evaluate import fidelity
from core.memo import beside
from core.quant import METHODS, Scheme
from core.quant.quantize import best_shrink, output_errors, variants
from core.sizes import numbers
from core.train import Trained

# A change of the outputs is worth a diagnosis from this share of their variance on: it is the last of the four
# decimals with which R² is shown.
MATERIAL = 1e-4

# A cure must take a tenth off the error, or a tenth off the bytes where it costs some: less is noise of rounding.
ENOUGH = 0.9

# What a cure that saves bytes may lose: a change below a tenth of the outputs' deviation, a hundredth of R².
BEARABLE = 1e-2


@dataclass(frozen=True)
class Change:
    """One change of a scheme, and the words on the button that makes it."""

    label: str
    to: Callable[[Scheme], Scheme]


def _grid(method: str) -> Callable[[Scheme], Scheme]:
    return lambda s: s if s.method == method else replace(s, method=method, params=())


def _fitted(s: Scheme) -> Scheme:
    return replace(s, scale="output") if "output" in METHODS[s.method].scales else s


# In this order a tie is decided.
CHANGES: dict[str, Change] = {
    "standardise": Change("Round standardised coefficients", lambda s: replace(s, space="standardised")),
    "raw": Change("Round raw coefficients", lambda s: replace(s, space="raw")),
    "refit": Change("Refit the intercept", lambda s: replace(s, intercept="refit")),
    "keep": Change("Keep the intercept", lambda s: replace(s, intercept="keep")),
    "own code": Change("Code the intercept apart", lambda s: replace(s, intercept="quantised")),
    "fit scale": Change("Fit the scale to the outputs", _fitted),
    "rows": Change("One scale a class", lambda s: replace(s, granularity="row")),
    "blocks": Change("One scale a block", lambda s: replace(s, granularity="block")),
    "tensor": Change("One scale for all", lambda s: replace(s, granularity="tensor")),
    "symmetric": Change("Take the symmetric grid", _grid("symmetric")),
    "asymmetric": Change("Take the asymmetric grid", _grid("asymmetric")),
    "zero": Change("Put zero on the grid", lambda s: replace(s, method="asymmetric", params=())),
    "two bits": Change("Take 2 bits", lambda s: replace(s, bits=2)),
}


@beside(most=64)
def tried(trained: Trained, scheme: Scheme) -> tuple[float, int] | None:
    """Return training output error and bytes of `scheme`, or None when it cannot be had for this model."""
    parts, m = trained.parts, trained.moments
    try:
        # Numbers that overflow are no cure; they need no warning besides.
        with np.errstate(all="ignore"):
            one = variants(parts, scheme, m, shrink=best_shrink(parts, scheme, m))
            error = float(output_errors(parts, m, one)[0])
    except InvalidInput:
        return None
    return (error, numbers(scheme, parts)) if np.isfinite(error) else None


def lost(trained: Trained, error: float) -> float:
    """Return `error` as a share of the variance of the original's outputs on the training rows, 0 where they have none.

    `error` is a mean squared change of these outputs.
    """
    kept = fidelity(trained, error)
    return 0.0 if kept is None else 1 - kept


def material(trained: Trained, c: Comparison) -> bool:
    """Tell whether the outputs changed enough to be seen."""
    return lost(trained, c.output_error) >= MATERIAL


def lowers_error(trained: Trained, cure: Cure) -> bool:
    """Tell whether the cure takes enough off the training output error."""
    return cure.error_after <= ENOUGH * cure.error_before and cure.error_before > 0


def lowers_bytes(trained: Trained, cure: Cure) -> bool:
    """Tell whether the cure saves bytes: any for nothing, enough of them where it costs what can be borne."""
    if cure.error_after <= cure.error_before:
        return cure.numbers_after < cure.numbers_before
    bearable = lost(trained, cure.error_after) <= BEARABLE
    return cure.numbers_after <= ENOUGH * cure.numbers_before and bearable


def lowers_either(trained: Trained, cure: Cure) -> bool:
    """Tell whether the cure takes enough off the error, or saves bytes."""
    return lowers_error(trained, cure) or lowers_bytes(trained, cure)


def cure_of(trained: Trained, c: Comparison, label: str, scheme: Scheme) -> Cure | None:
    """Return what `scheme` would do in place of that of `c`, or None when it cannot be had."""
    found = tried(trained, scheme)
    if found is None:
        return None
    error, count = found
    return Cure(label, scheme, c.output_error, error, c.sizes["quantized"].numbers, count)


def best_cure(
    trained: Trained, c: Comparison, names: Iterable[str], worth: Callable[[Trained, Cure], bool] = lowers_error
) -> Cure | None:
    """Return the change of `names` with the smallest training output error among those that are `worth` it."""
    scheme = c.quantized.scheme
    changed = [(CHANGES[name].label, CHANGES[name].to(scheme)) for name in CHANGES if name in names]
    cures = [cure_of(trained, c, label, to) for label, to in changed if to != scheme]
    fitting = [cure for cure in cures if cure is not None and worth(trained, cure)]
    return min(fitting, key=lambda cure: cure.error_after, default=None)
