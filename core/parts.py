"""`Parts`: everything that `predict` needs, as plain arrays; a model and its quantised twin are both this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
        object.__setattr__(
            self, "structure", MappingProxyType({k: frozen(v) for k, v in self.structure.items()})
        )
        object.__setattr__(self, "meta", MappingProxyType(dict(self.meta)))

    @property
    def n_parameters(self) -> int:
        """How many floats this model stores."""
        return sum(v.size for v in self.values.values())
