"""Which settings a sweep tries: every method with every switch that makes a difference to this model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from core.families import groups
from core.fields import Choice, Pairs
from core.parts import Parts
from core.quant import BITS, SWITCHES, Scheme
from core.quant.methods import METHODS

# Above this many parameters the searches for a scale and the tables of values take seconds, and fewer are made.
MANY = 200


@dataclass(frozen=True)
class Family:
    """Settings that differ in scale and bits alone and are therefore computed together."""

    base: Scheme
    scales: tuple[str, ...]
    bits: tuple[int, ...]

    @property
    def schemes(self) -> tuple[Scheme, ...]:
        """Every setting, by scale and then by bits."""
        return tuple(replace(self.base, scale=scale, bits=b) for scale in self.scales for b in self.bits)


@dataclass(frozen=True)
class Plan:
    """The families of settings to try, and which switches were left alone because the model is large."""

    families: tuple[Family, ...]
    skipped: tuple[str, ...] = ()


def adapt(base: Scheme, method: str) -> Scheme:
    """Return `base` with another method, keeping every switch that the method can take."""
    if method == base.method:
        return base
    scales = METHODS[method].scales if method in METHODS else ("minmax",)
    return replace(base, method=method, params=(), scale=base.scale if base.scale in scales else "minmax")


def line(methods: Sequence[str], bits: Sequence[int], base: Scheme) -> Plan:
    """Return every method at every width, with the switches of `base`.

    A switch that a method cannot take (a scale search for the window) falls back to that method's own.
    """
    found = [adapt(base, name) for name in methods]
    return Plan(tuple(Family(s, (s.scale,), tuple(bits)) for s in found))


def everything(
    parts: Parts,
    methods: Sequence[str] = tuple(METHODS),
    bits: Sequence[int] = (),
    fixed: Mapping[str, str] | None = None,
) -> Plan:
    """Return every method, switch and width for `parts`; `fixed` switches keep their value.

    A granularity that shares scales just as another one does is left out. Of a model of many parameters only those
    intercepts are tried that are stored as float32, and `scale` is not searched for by both criteria.
    Raises `InvalidInput` for an unknown method.
    """
    fixed, widths = fixed or {}, tuple(bits) or tuple(range(int(BITS.low), int(BITS.high) + 1))
    many = parts.n_parameters > MANY
    choices = {
        "space": SWITCHES["space"].options,
        "intercept": ("refit",) if many else SWITCHES["intercept"].options,
        "granularity": granularities(parts),
    }
    choices |= {name: (fixed[name],) for name in choices if name in fixed}
    families = []
    for method in methods:
        Choice("", tuple(METHODS)).check("method", method)
        scales = METHODS[method].scales
        if many and "output" in scales:
            scales = ("minmax", "output")
        if "scale" in fixed:
            scales = tuple(s for s in METHODS[method].scales if s == fixed["scale"])
        for (space, intercept, granularity), params in product(product(*choices.values()), _params(method)):
            base = Scheme(method, 8, space, "minmax", "nearest", intercept, granularity, params)
            if scales:
                families.append(Family(base, scales, widths))
    skipped = ("intercept other than refit", "scale by mse") if many else ()
    return Plan(tuple(families), skipped)


def _params(method: str) -> Iterator[Pairs]:
    """Yield the method's own settings: every combination of its choices, numbers at their defaults."""
    declared = METHODS[method].params
    options = [f.options if isinstance(f, Choice) else (f.default,) for f in declared.values()]
    for values in product(*options):
        yield tuple(zip(declared, values, strict=True))


def granularities(parts: Parts) -> tuple[str, ...]:
    """Return the granularities that share scales in different ways for `parts`, the coarsest name of each first."""
    seen: list[bytes] = []
    found = []
    for name in SWITCHES["granularity"].options:
        ids = [np.unique(groups(parts, block, name), return_inverse=True)[1] for block in ("coef", "intercept")]
        key = np.concatenate([i.ravel() for i in ids]).tobytes()
        if key not in seen:
            seen.append(key)
            found.append(name)
    return tuple(found)
