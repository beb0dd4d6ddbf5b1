"""Which settings a sweep tries: every method with every switch that makes a difference to this model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from core.families import groups
from core.families.trees import levels, rounds
from core.fields import Choice, Pairs
from core.parts import Parts
from core.quant import BITS, SWITCHES, Scheme
from core.quant.methods import METHODS

# Trees of more leaves than this are large: a search for the scale of each setting takes a second.
LARGE = 50_000

# Above this many parameters the searches for a scale and the tables of values take seconds, and fewer are made.
MANY = 200


# The shares of the trees, and of the levels of the deepest one, that are tried beside all of them, at these widths;
# half the levels of a forest hold most of its leaves.
TREE_SHARES, LEVEL_SHARES = (0.75, 0.5, 0.25, 0.1), (0.5, 0.35, 0.25)
FEW = (2, 3, 4, 5, 6, 8)


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
    """The families of settings to try, and which switches were left alone because the model is large.

    `smaller` are those with fewer trees or levels, the settings of one number of trees and levels behind each other.
    """

    families: tuple[Family, ...]
    skipped: tuple[str, ...] = ()
    smaller: tuple[Family, ...] = ()

    @property
    def schemes(self) -> tuple[Scheme, ...]:
        """Every setting, in its order, those with fewer trees or levels last."""
        return tuple(scheme for family in (*self.families, *self.smaller) for scheme in family.schemes)


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
    kept: Scheme | None = None,
) -> Plan:
    """Return every method, switch and width for `parts`; `fixed` switches keep their value.

    Of trees every setting keeps as many trees and levels as `kept` does. Where that is all of them, some settings with
    fewer stand beside: `TREE_SHARES` and `LEVEL_SHARES` of what there is.

    A granularity that shares scales just as another one does is left out. Of a model of many parameters only those
    intercepts are tried that are stored as float32, and `scale` is not searched for by both criteria.
    Trees have neither coordinates nor an intercept; of large ones `scale` is not searched for at all. Of perceptrons
    one of each is tried.
    Raises `InvalidInput` for an unknown method.
    """
    kept = kept or Scheme()
    kept.check_for(parts.family)
    fixed, widths = fixed or {}, tuple(bits) or tuple(range(int(BITS.low), int(BITS.high) + 1))
    if parts.family == "trees":
        return _of_trees(parts, methods, widths, fixed, kept)
    if parts.family == "mlp":
        return _of_layers(parts, methods, widths, fixed)
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


def _of_trees(
    parts: Parts, methods: Sequence[str], widths: tuple[int, ...], fixed: Mapping[str, str], kept: Scheme
) -> Plan:
    """Return every method, granularity, scale and width for trees."""
    large, base = parts.n_parameters > LARGE, Scheme(trees=kept.trees, depth=kept.depth)
    shared = ("tensor", "row") if len(parts.structure["n_nodes"]) > 1 else ("tensor",)
    families = _of_many(base, methods, shared, widths, fixed, large)
    skipped = ("scale by mse or output",) if large and "scale" not in fixed else ()
    smaller = () if kept.trees or kept.depth else _smaller(parts, families)
    return Plan(tuple(families), skipped, smaller)


def _smaller(parts: Parts, families: Sequence[Family]) -> tuple[Family, ...]:
    """Return settings with fewer trees or levels: of `families` those that share grids over the range of the values.

    Each number of trees and levels is asked with few of them, and of large trees with one grid a tree alone.
    """
    some = {}
    for family in families:
        base, bits = family.base, tuple(b for b in family.bits if b in FEW) or family.bits
        plain = Scheme(base.method, granularity=base.granularity) == base
        if plain and not METHODS[base.method].per_value:
            # Of large trees the last granularity stays, which is the finest.
            key = (base.method, "" if parts.n_parameters > LARGE else base.granularity)
            some[key] = replace(family, scales=family.scales[:1], bits=bits)
    if any(method == "asymmetric" for method, _ in some):
        # Its grid is the symmetric one where that is best, for a byte.
        some = {key: family for key, family in some.items() if key[0] != "symmetric"}
    n_trees, n_levels = 0 if parts.meta["kind"] == "tree" else rounds(parts), levels(parts)
    found = []
    for trees, depth in product(_fewer(n_trees, TREE_SHARES), _fewer(n_levels, LEVEL_SHARES)):
        if trees or depth:
            found += [replace(f, base=replace(f.base, trees=trees, depth=depth)) for f in some.values()]
    return tuple(found)


def _fewer(count: int, shares: Sequence[float]) -> tuple[int, ...]:
    """Return 0, which stands for all of `count`, and `shares` of them."""
    part = (max(1, round(share * count)) for share in shares)
    return tuple(dict.fromkeys([0, *(n for n in part if n < count)]))


def _of_layers(parts: Parts, methods: Sequence[str], widths: tuple[int, ...], fixed: Mapping[str, str]) -> Plan:
    """Return every method, granularity, scale and width for a perceptron, in its best coordinates and biases.

    Every one of them has to be asked for the rows, so that what was never better in trials is left out.
    """
    large = parts.n_parameters > LARGE
    space, intercept = (fixed.get(name, SWITCHES[name].default) for name in ("space", "intercept"))
    base, shared = Scheme(space=space, intercept=intercept), SWITCHES["granularity"].options
    families = _of_many(base, methods, shared, widths, fixed, large)
    skipped = [f"{name} other than {SWITCHES[name].default}" for name in ("space", "intercept") if name not in fixed]
    return Plan(tuple(families), (*skipped, *(["scale by mse or output"] if large and "scale" not in fixed else [])))


def _of_many(
    base: Scheme, methods: Sequence[str], shared: Sequence[str], widths: tuple[int, ...], fixed: Mapping[str, str],
    large: bool,
) -> list[Family]:  # fmt: skip
    """Return every method, granularity of `shared` and scale, with all else as in `base`; of a large model one scale.

    Where every value has a grid of its own, none is shared.
    """
    shared, families = (fixed["granularity"],) if "granularity" in fixed else shared, []
    for method in methods:
        Choice("", tuple(METHODS)).check("method", method)
        scales = METHODS[method].scales
        if "scale" in fixed:
            scales = tuple(s for s in scales if s == fixed["scale"])
        elif large:
            scales = ("minmax",)
        for granularity, params in product(shared[:1] if METHODS[method].per_value else shared, _params(method)):
            if scales:
                one = replace(base, method=method, granularity=granularity, params=params)
                families.append(Family(one, scales, widths))
    return families


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
