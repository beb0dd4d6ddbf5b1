"""`Quantized`: codes and small tables in place of a model's floats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from core.parts import Array, frozen, read_only
from core.quant.scheme import Scheme


@dataclass(frozen=True, eq=False)
class Quantized:
    """Codes and small tables in place of a model's floats.

    `scheme` says what was done (its method is never `auto`), `requested` which method was asked for.
    `codes` are unsigned, one flat array a block; `tables` hold one entry a group, as stored; `exact` are
    the float32 arrays that stay floats. `shape` is that of the coefficients, or of the leaves of trees; `structure`
    and `meta` are the model's own.
    """

    scheme: Scheme
    requested: str
    family: str
    shape: tuple[int, int]
    codes: Mapping[str, Array]
    groups: Mapping[str, Array]
    tables: Mapping[str, Mapping[str, Array]]
    exact: Mapping[str, Array]
    meta: Mapping[str, Any]
    structure: Mapping[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Freeze every array and mapping."""
        for name in ("codes", "groups", "exact", "structure"):
            arrays = {k: frozen(v) for k, v in getattr(self, name).items()}
            object.__setattr__(self, name, MappingProxyType(arrays))
        tables = {b: MappingProxyType({k: frozen(v) for k, v in t.items()}) for b, t in self.tables.items()}
        object.__setattr__(self, "tables", MappingProxyType(tables))
        object.__setattr__(self, "meta", read_only(self.meta))

    @property
    def n_codes(self) -> int:
        """How many codes are stored."""
        return sum(c.size for c in self.codes.values())
