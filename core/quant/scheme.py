"""`Scheme`: every choice that turns a model into its quantised twin; frozen, checked, usable as a key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput
from core.fields import Choice, Fields, Pairs, complete
from core.quant.methods import AUTO, BITS, METHODS

METHOD_NAMES = (*METHODS, AUTO)

# The switches beside method and bits; the first option is the default and version 1's fixed meaning.
SWITCHES: dict[str, Choice] = {
    "space": Choice(
        "standardised",
        ("standardised", "raw"),
        "Space",
        "The coordinates in which coefficients are rounded: of the standardised features, where all have a "
        "comparable size, or of the raw ones.",
    ),
    "scale": Choice(
        "minmax",
        ("minmax", "mse", "output"),
        "Scale",
        "minmax: the grid reaches the largest value. mse: the range with the smallest squared rounding "
        "error. output: the range with the smallest change of the predictions on the training rows.",
    ),
    "rounding": Choice("nearest", ("nearest",), "Rounding", "Each value goes to the nearest level."),
    "intercept": Choice(
        "refit",
        ("refit", "keep", "quantised", "same-grid"),
        "Intercept",
        "refit: kept as float32 and moved so that the mean prediction on the training rows stays. keep: "
        "float32 as it was. quantised: a code with a scale of its own. same-grid: a code on the grid of "
        "the coefficients.",
    ),
    "granularity": Choice(
        "tensor",
        ("tensor", "row", "block"),
        "Granularity",
        "Which coefficients share a scale. tensor: all. row: those of one class. block: sixteen neighbours.",
    ),
}


# What the words of a setting say of a switch that is not at its default.
_WORDS = {
    "raw": "raw features",
    "mse": "scale by rounding error",
    "output": "scale by output error",
    "keep": "intercept kept",
    "quantised": "intercept quantised",
    "same-grid": "intercept on the same grid",
    "row": "a scale for each class",
    "block": "a scale for each 16 values",
}


@dataclass(frozen=True)
class Scheme:
    """How to quantise. `params` are the method's own settings, completed with their defaults.

    Raises `InvalidInput` naming the field for every value that is not allowed.
    """

    method: str = "symmetric"
    bits: int = 8
    space: str = "standardised"
    scale: str = "minmax"
    rounding: str = "nearest"
    intercept: str = "refit"
    granularity: str = "tensor"
    params: Pairs = ()

    def __post_init__(self) -> None:
        """Check every field and complete the method's settings."""
        Choice("symmetric", METHOD_NAMES).check("method", self.method)
        BITS.check("bits", self.bits)
        for name, choice in SWITCHES.items():
            choice.check(name, getattr(self, name))
        if self.method == AUTO and self.scale != "minmax":
            raise InvalidInput("scale", self.scale, "left at minmax: auto chooses the scale itself")
        if self.method != AUTO and self.scale not in METHODS[self.method].scales:
            raise InvalidInput("scale", self.scale, f"minmax: the range of {self.method} is fixed")
        object.__setattr__(self, "params", complete(self.method, params_of(self.method), dict(self.params)))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON: the fields, with `params` as an object."""
        switches = {name: getattr(self, name) for name in SWITCHES}
        return {"method": self.method, "bits": self.bits, **switches, "params": dict(self.params)}

    @property
    def label(self) -> str:
        """Return "8 bits, symmetric"."""
        return f"{self.bits} bit{'s' if self.bits > 1 else ''}, {self.method}"

    @property
    def words(self) -> str:
        """Return the label and, in words, every switch and setting that is not at its default."""
        turned = [_WORDS[getattr(self, n)] for n, choice in SWITCHES.items() if getattr(self, n) != choice.default]
        declared = params_of(self.method)
        own = [f"{declared[n].label.lower()} {v}" for n, v in self.params if v != declared[n].default]
        return ", ".join([self.label, *turned, *own])


def params_of(method: str) -> Fields:
    """Return the settings that `method` declares for itself."""
    return METHODS[method].params if method in METHODS else {}


def scheme_from_json(data: object) -> Scheme:
    """Return the Scheme written by `to_json`; raises `InvalidInput` for unknown or wrong fields."""
    allowed = ("method", "bits", *SWITCHES, "params")
    if not isinstance(data, Mapping):
        raise InvalidInput("scheme", data, "an object with " + ", ".join(allowed))
    for name in data:
        if name not in allowed:
            raise InvalidInput("setting of the scheme", name, "one of " + ", ".join(allowed))
    params = data.get("params", {})
    if not isinstance(params, Mapping):
        raise InvalidInput("params", params, "an object")
    given = {name: data[name] for name in data if name != "params"}
    return Scheme(**given, params=tuple(params.items()))
