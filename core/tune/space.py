"""What is searched: for each setting a list of values or a range, as data that a page can show and edit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.config import DEGREE, PREPARING, SCALING, hyperparameters
from core.errors import InvalidInput
from core.fields import Choice, Fields, Number, Value
from core.models import MODELS

# More settings than this are a mistake of the eye, not a search.
MAX_CANDIDATES = 1000
MAX_POINTS = 100


@dataclass(frozen=True)
class Range:
    """All numbers from `low` to `high`; with `log` every factor of ten is as likely as any other.

    A grid takes `points` of them, evenly spaced, both ends included. Values have four significant digits, so that
    they can be read, written down and used again.
    """

    low: float
    high: float
    log: bool = True
    points: int = 5

    def __post_init__(self) -> None:
        """Check that there is something between the ends."""
        for name, value in (("low", self.low), ("high", self.high)):
            Number(0, -1e12, 1e12).check(name, value)
        Number(0, 2, MAX_POINTS, integer=True).check("points", self.points)
        if not self.low < self.high:
            raise InvalidInput("high", self.high, f"above low ({self.low:g})")
        if self.log and self.low <= 0:
            raise InvalidInput("low", self.low, "above 0 in a range of factors of ten")

    def grid(self) -> tuple[float, ...]:
        """Return the values that a grid takes."""
        spaced = np.geomspace if self.log else np.linspace
        return tuple(self._rounded(float(v)) for v in spaced(self.low, self.high, self.points))

    def rvs(self, size: None = None, random_state: Any = None) -> float:
        """Return one drawn value; this is how scikit-learn asks for one."""
        share = float(random_state.uniform())
        if self.log:
            return self._rounded(self.low * (self.high / self.low) ** share)
        return self._rounded(self.low + (self.high - self.low) * share)

    def _rounded(self, value: float) -> float:
        """Return `value` to four significant digits, but never outside the range."""
        return min(max(float(f"{value:.4g}"), self.low), self.high)


@dataclass(frozen=True)
class _Whole:
    """A range of whole numbers, for scikit-learn's draws."""

    range: Range

    def rvs(self, size: None = None, random_state: Any = None) -> int:
        return round(self.range.rvs(random_state=random_state))


Values = tuple[Value, ...] | Range
Space = tuple[tuple[str, Values], ...]

# Of trees what decides most: how far they grow; of a forest how much its trees differ; of a boosting its pace.
_TREE: Space = (("max_depth", (4, 6, 8, 12, 0)), ("min_samples_leaf", (1, 5, 20)))
_FOREST: Space = (("max_features", ("all", "half", "sqrt")), ("min_samples_leaf", (1, 2, 5)))
_BOOSTING: Space = (("learning_rate", Range(0.03, 0.3, points=3)), ("max_leaf_nodes", (15, 31, 63)))

# Of a perceptron how wide it is, and what keeps it smooth.
_PERCEPTRON: Space = (("hidden", (16, 32, 64)), ("alpha", Range(1e-5, 1e-1, points=3)))

# Where a search starts, for each model; a page shows it and lets it be changed.
SPACES: Mapping[str, Space] = {
    "linear": (("positive", (False, True)),),
    "ridge": (("alpha", Range(1e-4, 1e4, points=9)),),
    "lasso": (("alpha", Range(1e-5, 1.0, points=6)),),
    "elastic_net": (("alpha", Range(1e-4, 1.0)), ("l1_ratio", (0.1, 0.5, 0.9))),
    "logistic": (("C", Range(1e-3, 1e3, points=7)),),
    **dict.fromkeys(("decision_tree", "decision_tree_classifier"), _TREE),
    **dict.fromkeys(("random_forest", "random_forest_classifier"), _FOREST),
    **dict.fromkeys(("extra_trees", "extra_trees_classifier"), _FOREST),
    **dict.fromkeys(("hist_boosting", "hist_boosting_classifier"), _BOOSTING),
    **dict.fromkeys(("mlp", "mlp_classifier"), _PERCEPTRON),
}


def default_space(model: str) -> Space:
    """Return the space in which a search for `model` starts; raises `InvalidInput` for an unknown model."""
    Choice("", tuple(MODELS)).check("model", model)
    return SPACES[model]


def tunable(model: str) -> Fields:
    """Return every setting of a model that can be searched: its hyperparameters and how rows are prepared."""
    return {**hyperparameters(model), "scaling": SCALING, "degree": DEGREE, **PREPARING}


def checked(model: str, space: Space) -> Space:
    """Return `space` with every value checked as a setting of `model`; raises `InvalidInput`."""
    if not space:
        raise InvalidInput("space", "nothing", "at least one setting to search")
    known, seen = tunable(model), set[str]()
    for name, _ in space:
        if name not in known:
            raise InvalidInput(f"setting of {model}", name, "one of " + ", ".join(known))
        if name in seen:
            raise InvalidInput("space", f"{name} twice", "one entry for each setting")
        seen.add(name)
    found = tuple((name, _checked(name, known[name], values)) for name, values in space)
    if grid_size(found) > MAX_CANDIDATES:
        raise InvalidInput("space", f"{grid_size(found)} combinations", f"one of at most {MAX_CANDIDATES} combinations")
    return found


def _checked(name: str, field: Any, values: Values) -> Values:
    if isinstance(values, Range):
        if not isinstance(field, Number):
            raise InvalidInput(name, "a range", "a list: " + field.allowed)
        for end in (values.low, values.high):
            field.check(name, int(end) if field.integer and float(end).is_integer() else end)
        return values
    if not values:
        raise InvalidInput(name, "nothing", "at least one value")
    # Numbers such as 1 and 1.0 are one value, and a grid with both would fit it twice.
    return tuple(dict.fromkeys(field.check(name, value) for value in values))


def grid_of(model: str, space: Space) -> dict[str, list[Value]]:
    """Return the values of each setting that a grid combines."""
    known = tunable(model)
    found: dict[str, list[Value]] = {}
    for name, values in space:
        whole = getattr(known[name], "integer", False)
        if isinstance(values, Range):
            found[name] = list(dict.fromkeys(round(v) if whole else v for v in values.grid()))
        else:
            found[name] = list(values)
    return found


def draws_of(model: str, space: Space) -> dict[str, Any]:
    """Return what random searches draw from: lists, and ranges that draw themselves."""
    known = tunable(model)
    return {
        name: (_Whole(values) if getattr(known[name], "integer", False) else values)
        if isinstance(values, Range)
        else list(values)
        for name, values in space
    }


def grid_size(space: Space) -> int:
    """Return how many combinations a grid has at most."""
    return math.prod(values.points if isinstance(values, Range) else len(values) for _, values in space)


def space_to_json(space: Space) -> dict[str, Any]:
    """Return plain JSON: lists, and objects for ranges."""
    return {
        name: {"low": v.low, "high": v.high, "log": v.log, "points": v.points} if isinstance(v, Range) else list(v)
        for name, v in space
    }


def space_from_json(model: str, data: object) -> Space:
    """Return the space that `space_to_json` wrote or a user did, checked; one value may stand without its list."""
    if not isinstance(data, Mapping):
        raise InvalidInput("space", data, "an object with a list or a range for each setting")
    return checked(model, tuple((str(name), _values(str(name), given)) for name, given in data.items()))


def _values(name: str, given: object) -> Values:
    if isinstance(given, Mapping):
        allowed = ("low", "high", "log", "points")
        if not {"low", "high"} <= set(given) <= set(allowed):
            raise InvalidInput(
                name, ", ".join(map(str, given)), "a range with low and high, and if wanted log and points"
            )
        if not isinstance(given.get("log", True), bool):
            raise InvalidInput("log", given["log"], "true or false")
        return Range(**given)
    return tuple(given) if isinstance(given, list | tuple) else (given,)  # type: ignore[return-value]
