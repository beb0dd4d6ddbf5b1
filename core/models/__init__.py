"""`MODELS`: what can be trained, with hyperparameters as data; forms, `--set` and checks read this dict."""

from __future__ import annotations

from core.models.linear import LINEAR
from core.models.mlp import MLP
from core.models.model import Model
from core.models.trees import TREES, grow

MODELS: dict[str, Model] = {**LINEAR, **TREES, **MLP}


def models_for(task: str) -> tuple[str, ...]:
    """Return the names of the models for a task."""
    return tuple(name for name, model in MODELS.items() if model.task == task)


__all__ = ["MODELS", "Model", "grow", "models_for"]
