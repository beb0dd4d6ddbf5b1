"""A model as the interface serves it: what a row must look like, what it answers, what is told about it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from core.artifact import Model, encode
from core.parts import Floats, plain
from core.rows import Cell
from core.sizes import float_size, quantized_size


@dataclass(frozen=True, eq=False)
class Served:
    """One model with the id by which it is asked for; `bytes` are those of its file, 0 where it has none."""

    id: str
    model: Model
    bytes: int = 0

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The features, in the order of a row that is an array."""
        return tuple(f.name for f in self.model.features)

    @cached_property
    def known(self) -> frozenset[str]:
        """The features, as a set."""
        return frozenset(self.names)

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """How each value of a row is read."""
        return self.model.cells

    @cached_property
    def numbers_only(self) -> bool:
        """Whether every feature is a number that is never missing: then rows need no second look."""
        return not any(cell.codes is not None or cell.flag or cell.gaps for cell in self.cells)

    @cached_property
    def low(self) -> Floats:
        """The smallest number of each feature in training; a text has no range."""
        return np.array([-math.inf if f.categories else f.low for f in self.model.features])

    @cached_property
    def high(self) -> Floats:
        """The largest number of each feature in training."""
        return np.array([math.inf if f.categories else f.high for f in self.model.features])

    @cached_property
    def family(self) -> str:
        """What kind of model it is: linear, …"""
        return self.model.parts(self.model.variants[0]).family

    @cached_property
    def unit(self) -> str:
        """What 1 of a prediction stands for; classes have no unit."""
        target = self.model.target
        return "" if self.model.classes else target.table_unit or target.name

    @cached_property
    def sizes(self) -> Mapping[str, Any]:
        """The bytes of each of the two models, counted as everywhere."""
        found, model = {}, self.model
        for name in model.variants:
            file = len(encode(model.only(name)))
            quantized = model.quantized if name == "quantized" else None
            size = float_size(model.parts(name), file) if quantized is None else quantized_size(quantized, file)
            found[name] = size.to_json() | {"bits_per_parameter": size.bits_per_parameter}
        return found

    @cached_property
    def description(self) -> dict[str, Any]:
        """What `GET /api/models` says of it."""
        m = self.model
        return {
            "id": self.id,
            "label": m.label,
            "family": self.family,
            "task": m.task,
            "holds": list(m.variants),
            "data": None if m.data is None else m.data.to_json(),
            "train": None if m.config is None else m.config.to_json(),
            "scheme": None if m.quantized is None else m.quantized.scheme.to_json(),
            "features": [self._feature(i) for i in range(len(m.features))],
            "target": {"name": m.target.name, "unit": self.unit},
            "classes": list(m.classes),
            "metrics": plain(m.metrics),
            "sizes": dict(self.sizes),
            "bytes": self.bytes,
            "contributions": self.family == "linear",
            "versions": dict(m.versions),
        }

    def _feature(self, i: int) -> dict[str, Any]:
        feature, text = self.model.features[i], bool(self.model.features[i].categories)
        codes = self.cells[i].codes or {}
        return {
            "name": feature.name,
            "label": feature.label,
            "unit": feature.unit,
            "kind": "text" if text else "flag" if feature.flag else "number",
            "low": None if text else feature.low,
            "high": None if text else feature.high,
            "categories": list(codes),
            "may_be_missing": bool(self.model.preparation.may_miss[i]),
        }
