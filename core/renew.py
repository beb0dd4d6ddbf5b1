"""Retraining as the registry sees it: the challenger as its newest version, and what the gate says of it."""

from __future__ import annotations

from dataclasses import dataclass

from core import logs, runs
from core.artifact import Model
from core.errors import InvalidInput, shown
from core.retrain import Challenger
from core.runs import CHAMPION, Decision, Registry

ORIGIN = "Retraining"


@dataclass(frozen=True)
class Renewal:
    """What came of a retraining: the challenger's run and version, and the gate's decision with its evidence."""

    run: str
    version: int
    decision: Decision


def champion(registry: Registry, model: Model) -> int:
    """Return the number of `model` as the champion of a registry; where there is none, it becomes the first.

    Raises `InvalidInput` where the champion is another model, and `TrackingError`.
    """
    found = runs.alias(registry, CHAMPION)
    if found is None:
        number = runs.register(registry, runs.save_run(registry, model, origin=ORIGIN).id).number
        runs.promote(registry, number, 0.0)
        return number
    if _recipe(runs.model_of(registry, found.run)) != _recipe(model):
        allowed = f"the champion, which is retrained: open version {found.number}, {shown(found.label)}, on Runs first"
        raise InvalidInput("model", model.label, allowed)
    return found.number


def _recipe(model: Model) -> tuple[object, ...]:
    """Return what makes two models the same: data, training and scheme."""
    return model.data_sha256, model.data, model.config, None if model.quantized is None else model.quantized.scheme


def renew(registry: Registry, model: Model, found: Challenger, tolerance: float) -> Renewal:
    """Register the challenger of `model`, the champion, and return what the gate decided.

    The gate compares both on the rows that neither was trained on, and promotes the challenger unless it is worse
    beyond `tolerance`. Raises as `champion` does.
    """
    number = champion(registry, model)
    note = f"Retrained from version {number} and a later batch"
    run = runs.save_run(registry, found.model, note=note, origin=ORIGIN)
    version = runs.register(registry, run.id).number
    decision = runs.decide(model, found.model, found.rows, found.targets, tolerance, version=version, before=number)
    runs.promote(registry, version, tolerance, decision=decision)
    logs.event("challenger", version=version, champion=number, promoted=decision.promoted, rows=decision.rows)
    return Renewal(run.id, version, decision)
