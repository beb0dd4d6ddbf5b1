"""`Parts`: everything that `predict` needs, as plain arrays; a model and its quantised twin are both this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]


def frozen(array: Array) -> Array:
    """Return a read-only array equal to `array`, which is copied unless it is read-only already."""
    if array.flags.writeable or array.base is not None:
        array = array.copy()
        array.setflags(write=False)
    return array


def read_only(value: Any) -> Any:
    """Return JSON-like `value` with mappings and lists that cannot be changed, all the way down."""
    if isinstance(value, Mapping):
        return MappingProxyType({k: read_only(v) for k, v in value.items()})
    return tuple(read_only(v) for v in value) if isinstance(value, list | tuple) else value


def plain(value: Any) -> Any:
    """Return what `read_only` was given, as dicts and lists that `json` can write."""
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list | tuple) else value


def rebuild(value: Any) -> tuple[type, tuple[Any, ...]]:
    """Return how a copy of a dataclass is made in another process: by its constructor, which freezes its arrays."""
    return type(value), tuple(getattr(value, field.name) for field in fields(value))


@dataclass(frozen=True, eq=False)
class Parts:
    """The numbers of one model.

    `values` are the float arrays that are quantised, by name; `structure` holds exact arrays (none for
    a linear model); `meta` is JSON-like: `task`, `features` (names of the model's columns).
    All arrays are read-only, so that a cached `Parts` can be shared between visitors.
    """

    family: str
    values: Mapping[str, Floats]
    structure: Mapping[str, Array]
    meta: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Copy and freeze what was given."""
        object.__setattr__(self, "values", MappingProxyType({k: frozen(v) for k, v in self.values.items()}))
        object.__setattr__(self, "structure", MappingProxyType({k: frozen(v) for k, v in self.structure.items()}))
        object.__setattr__(self, "meta", read_only(self.meta))

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        """Return how a copy is made in another process; views of dicts cannot be sent, dicts can."""
        return Parts, (self.family, dict(self.values), dict(self.structure), plain(self.meta))

    @property
    def n_parameters(self) -> int:
        """How many floats this model stores."""
        return sum(v.size for v in self.values.values())
