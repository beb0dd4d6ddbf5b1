"""`Scheme`: every choice that turns a model into its quantised twin; frozen, checked, usable as a key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput
from core.fields import Choice, Fields, Number, Pairs, complete
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
        "Which coefficients share a scale. tensor: all. row: those of one class. block: sixteen neighbours. Of trees, "
        "the leaves: all, or in a row those of one tree. Of a perceptron, in a row those of one neuron.",
    ),
}

# How many trees and levels of a tree model are kept, 0 for all: the other two ways to a smaller one. They stand in
# files and addresses only where they are not 0.
KEEPING: dict[str, Number] = {
    "trees": Number(
        0, 0, 2000, integer=True, label="Trees kept",
        help="The first so many trees of a forest, or iterations of a boosting; 0 for all.",
    ),
    "depth": Number(
        0, 0, 100, integer=True, label="Levels kept",
        help="So many questions to a leaf at most; where a tree goes deeper, the mean of its leaves stands. 0 for all.",
    ),
}  # fmt: skip

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


_WORDS_OF = {
    "trees": {"row": "a scale for each tree"},
    "mlp": {"row": "a scale for each neuron", "keep": "biases kept", "quantised": "biases quantised",
            "same-grid": "biases on the same grid"},
}  # fmt: skip


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
    trees: int = 0
    depth: int = 0

    def __post_init__(self) -> None:
        """Check every field and complete the method's settings."""
        Choice("symmetric", METHOD_NAMES).check("method", self.method)
        BITS.check("bits", self.bits)
        for name, choice in SWITCHES.items():
            choice.check(name, getattr(self, name))
        for name, number in KEEPING.items():
            number.check(name, getattr(self, name))
        if self.method == AUTO and self.scale != "minmax":
            raise InvalidInput("scale", self.scale, "left at minmax: auto chooses the scale itself")
        if self.method != AUTO and self.scale not in METHODS[self.method].scales:
            raise InvalidInput("scale", self.scale, f"minmax: the range of {self.method} is fixed")
        object.__setattr__(self, "params", complete(self.method, params_of(self.method), dict(self.params)))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON: the fields, with `params` as an object."""
        switches = {name: getattr(self, name) for name in SWITCHES}
        kept = {name: getattr(self, name) for name in KEEPING if getattr(self, name)}
        return {"method": self.method, "bits": self.bits, **switches, **kept, "params": dict(self.params)}

    @property
    def label(self) -> str:
        """Return "8 bits, symmetric"."""
        return f"{self.bits} bit{'s' if self.bits > 1 else ''}, {self.method}"

    @property
    def words(self) -> str:
        """Return the label and, in words, every switch and setting that is not at its default."""
        return self.words_for("linear")

    def words_for(self, family: str, of: int = 0) -> str:
        """Return the same of a model of this family: of trees the leaves of each tree may share a scale.

        `of` is how many trees the original has, where it is known.
        """
        said = _WORDS | _WORDS_OF.get(family, {})
        turned = [said[getattr(self, n)] for n, choice in SWITCHES.items() if getattr(self, n) != choice.default]
        declared = params_of(self.method)
        own = [f"{declared[n].label.lower()} {v}" for n, v in self.params if v != declared[n].default]
        return ", ".join([self.label, *turned, *own, *self.kept_words(of)])

    def kept_words(self, of: int = 0) -> list[str]:
        """Return in words how many trees and levels are kept, nothing where that is all."""
        words = [f"{self.trees} of {of} trees" if of else f"the first {self.trees} trees"] if self.trees else []
        return words + ([f"at most {self.depth} level{'s' if self.depth > 1 else ''}"] if self.depth else [])

    def check_for(self, family: str) -> None:
        """Raise `InvalidInput` for fewer trees or levels of a model that has none."""
        for name in KEEPING:
            if family != "trees" and getattr(self, name):
                raise InvalidInput(name, getattr(self, name), "0 for a model without trees")


def default_scheme(family: str) -> Scheme:
    """Return the setting to start with where none is named.

    Of trees the leaves need not lie round zero, and those of a boosting shrink from tree to tree. The neurons of a
    perceptron differ in size, and few bits would not do for all of them.
    """
    return Scheme() if family == "linear" else Scheme("asymmetric", granularity="row")


def params_of(method: str) -> Fields:
    """Return the settings that `method` declares for itself."""
    return METHODS[method].params if method in METHODS else {}


def scheme_from_json(data: object) -> Scheme:
    """Return the Scheme written by `to_json`; raises `InvalidInput` for unknown or wrong fields."""
    allowed = ("method", "bits", *SWITCHES, *KEEPING, "params")
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
