"""Slow questions about a model, answered on the training rows alone: tuning, learning curve, importance of features.

Each is a function of a plain request and a progress function, so that it runs anywhere: here or in a worker.
"""

from core.tune.curves import Curve, Importance, Importances, learning_curve, permutation_importance
from core.tune.request import SEARCHES, Request, TuneRequest
from core.tune.search import Candidate, Tuning, tune
from core.tune.space import SPACES, Range, Space, default_space, space_from_json, space_to_json

__all__ = [
    "SEARCHES",
    "SPACES",
    "Candidate",
    "Curve",
    "Importance",
    "Importances",
    "Range",
    "Request",
    "Space",
    "TuneRequest",
    "Tuning",
    "default_space",
    "learning_curve",
    "permutation_importance",
    "space_from_json",
    "space_to_json",
    "tune",
]
