"""`POST /monitor`: a batch of raw rows, with true values or without, to what is to be said of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from core.api import library
from core.api.body import fields
from core.api.refusal import Refusal, plain
from core.api.rows import matrix
from core.api.served import Served
from core.artifact import Model
from core.drift import batch_of, report
from core.parts import Floats
from core.rows import Cell

FIELDS = ("model", "rows", "targets")


@dataclass(frozen=True, eq=False)
class Watched(Served):
    """A model whose rows are looked at: any value may be missing, also where the model could not answer then."""

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """How each value of a row is read."""
        return tuple(replace(cell, gaps=True) for cell in self.model.cells)


@dataclass(frozen=True, eq=False)
class Wish:
    """A checked request, but for what depends on the model: its rows and their true values."""

    model: str
    rows: Any
    targets: Any


def wish(body: Any) -> Wish:
    """Return what a body asks for; raises `Refusal` naming the field."""
    given = fields(body, FIELDS)
    model = given.get("model", library.DEFAULT)
    if not isinstance(model, str):
        raise Refusal(422, "model", model, "the id of a model, see /api/models")
    if "rows" not in given:
        raise Refusal(422, "body", "no rows", "an object with rows")
    return Wish(model, given["rows"], given.get("targets"))


def answer(wanted: Wish, folder: str = "") -> dict[str, Any]:
    """Return the report as JSON; raises `Refusal` and `InvalidInput`."""
    served = library.find(wanted.model, folder)
    rows, ignored = _known(served, wanted.rows)
    X, _ = matrix(Watched(served.id, served.model), rows)
    y = None if wanted.targets is None else _targets(served.model, wanted.targets, len(X))
    found = report(served.model, batch_of(served.model, X, y, ignored, "a request"))
    return {"model": served.id, **found.to_json()}


def _known(served: Served, rows: Any) -> tuple[Any, tuple[str, ...]]:
    """Return the rows without the names that the model does not have, and these in order."""
    if not isinstance(rows, list):
        return rows, ()
    extra = sorted({name for row in rows if type(row) is dict for name in row if name not in served.known})
    if not extra:
        return rows, ()
    kept = [{n: row[n] for n in row if n in served.known} if type(row) is dict else row for row in rows]
    return kept, tuple(str(plain(name)) for name in extra)


def _targets(model: Model, targets: Any, n: int) -> Floats:
    """Return the true values (n,), numbers of classes for classes; raises `Refusal`."""
    if not isinstance(targets, list) or len(targets) != n:
        value = f"{len(targets):,} values" if isinstance(targets, list) else targets
        raise Refusal(422, "targets", value, f"a list of {n:,} values, one a row")
    found = np.empty(n)
    for i, value in enumerate(targets):
        if model.classes:
            if value not in model.classes:
                raise Refusal(422, f"targets[{i}]", value, "one of " + ", ".join(model.classes), i)
            found[i] = model.classes.index(value)
        else:
            number = _number(value)
            if not math.isfinite(number):
                raise Refusal(422, f"targets[{i}]", value, "a finite number", i)
            found[i] = number
    return found


def _number(value: Any) -> float:
    """Return a number as a float, NaN for anything else."""
    if type(value) is not float and type(value) is not int:
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf
