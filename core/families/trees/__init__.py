"""Trees, forests and histogram boosting: exact structure, and leaf values that are quantised."""

from core.families.trees.extract import KINDS, extract
from core.families.trees.predict import Path, Step, from_leaves, from_scores, groups, outputs, path, scores
from core.families.trees.prune import KEPT, cut, levels, prune, questions, reached, rounds, sensible
from core.families.trees.rebuild import compiled_leaves, rebuild
from core.families.trees.validate import validate
from core.families.trees.walk import leaves

__all__ = [
    "KEPT",
    "KINDS",
    "Path",
    "Step",
    "compiled_leaves",
    "cut",
    "extract",
    "from_leaves",
    "from_scores",
    "groups",
    "leaves",
    "levels",
    "outputs",
    "path",
    "prune",
    "questions",
    "reached",
    "rebuild",
    "rounds",
    "scores",
    "sensible",
    "validate",
]
