"""`Model`: one kind of model, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.fields import Field


@dataclass(frozen=True)
class Model:
    """One kind of model: how to make its scikit-learn estimator from checked hyperparameters."""

    label: str
    task: str
    family: str
    summary: str
    params: Mapping[str, Field]
    make: Callable[..., Any]
    # The α with which `moments.least_squares` gives this model from sums alone, or None where it does not.
    penalty: Callable[[Mapping[str, Any]], float | None] = lambda params: None
    # Multiplications of a fit beyond n·p² + p³, at worst: of the settings, n rows, p columns and k outputs.
    work: Callable[[Mapping[str, Any], int, int, int], float] = lambda params, n, p, k: 0.0
