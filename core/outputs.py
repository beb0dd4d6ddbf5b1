"""What a trained model and its twins say of the rows that it knows; of trees by the leaves that these rows reach.

A tree model and all its quantised twins send a row to the same leaves: the rows walk through the trees once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from core import families
from core.families import trees
from core.memo import beside
from core.moments import output_error
from core.parts import Array, Floats, Parts, frozen
from core.quant import layers
from core.train import Trained


@dataclass(frozen=True, eq=False)
class Answers:
    """What a twin says of the test and the training rows; `change` is the mean squared change of the latter.

    The change is one of the outputs before they become probabilities, summed over them, and NaN for all but linear
    models where there are no rows.
    """

    test: Floats
    train: Floats
    change: float


@beside(most=2)
def leaf_ids(trained: Trained, part: str) -> Array:
    """Return the leaves that the rows of a part reach in each tree, (n_rows, n_trees), read-only."""
    found = trees.leaves(trained.parts, trained.columns(part)[0])
    if isinstance(found.base, np.ndarray):
        found.base.setflags(write=False)
    found.setflags(write=False)
    return found


@beside(most=1)
def layers_seen(trained: Trained) -> layers.Seen | None:
    """Return what comes into each layer of a perceptron on its training rows; None where there are none."""
    return layers.look(trained.parts, trained.columns("train")[0])


def seen(trained: Trained) -> Array | layers.Seen | None:
    """Return what `quantize` wants to know of the training rows; None for a linear model, and where there are none.

    Of trees the leaves that they reach, of a perceptron what comes into each layer.
    """
    return _SEEN[trained.parts.family](trained)


def _leaves_seen(trained: Trained) -> Array | None:
    found = leaf_ids(trained, "train")
    return found if len(found) else None


def outputs_on(trained: Trained, parts: Parts, part: str) -> Floats:
    """Return what `parts`, the trained model or a twin of it, says of the rows of a part."""
    if parts.family == "trees":
        return trees.from_scores(parts, _scores_on(trained, parts, part))
    return families.outputs(parts, trained.columns(part)[0])


def answers(trained: Trained, twin: Parts) -> Answers:
    """Return what a twin says of the test and of the training rows, and how far that is from the original."""
    return _ANSWERS[twin.family](trained, twin)


def _answers_by(change: Callable[[Trained, Parts], float], trained: Trained, twin: Parts) -> Answers:
    test, train = (outputs_on(trained, twin, part) for part in ("test", "train"))
    return Answers(test, train, change(trained, twin))


def _answers_of_leaves(trained: Trained, twin: Parts) -> Answers:
    totals = [_scores_on(trained, twin, part) for part in ("test", "train")]
    test, train = (trees.from_scores(twin, total) for total in totals)
    moved = totals[1] - original_scores(trained)
    return Answers(test, train, float((moved**2).sum(axis=1).mean()) if len(moved) else float("nan"))


def _change_of_layers(trained: Trained, twin: Parts) -> float:
    """Return the mean squared change of the scores on the rows that are looked at."""
    known = layers_seen(trained)
    return float("nan") if known is None else layers.output_change(twin, known)


def _change_of_sums(trained: Trained, twin: Parts) -> float:
    """Return the mean squared change of the scores, from sums over the rows."""
    delta, shift = (twin.values[name] - trained.parts.values[name] for name in ("coef", "intercept"))
    return float(output_error(trained.moments, delta, shift))


@beside(most=1)
def output_variance(trained: Trained) -> float:
    """Return the variance of the outputs on the training rows, summed over outputs; NaN where there are none.

    Of a linear model it is known without a row: the sum over outputs of w'Gw.
    """
    return _VARIANCE[trained.parts.family](trained)


def _variance_of_sums(trained: Trained) -> float:
    coef = trained.parts.values["coef"]
    return float(np.einsum("oi,oi->", coef @ trained.moments.gram, coef))


def _variance_of_leaves(trained: Trained) -> float:
    rows = original_scores(trained)
    return float(rows.var(axis=0).sum()) if len(rows) else float("nan")


def _variance_of_layers(trained: Trained) -> float:
    known = layers_seen(trained)
    return float("nan") if known is None else float(known.scores.var(axis=0).sum())


@beside(most=1)
def original_scores(trained: Trained) -> Floats:
    """Return what the leaves of the original add up to on the training rows, read-only."""
    return frozen(_scores_on(trained, trained.parts, "train"))


def _scores_on(trained: Trained, parts: Parts, part: str) -> Floats:
    return trees.scores(parts, trees.reached(trained.parts, parts, leaf_ids(trained, part)))


_SEEN: dict[str, Callable[[Trained], Array | layers.Seen | None]] = {
    "linear": lambda trained: None,
    "trees": _leaves_seen,
    "mlp": layers_seen,
}
_ANSWERS: dict[str, Callable[[Trained, Parts], Answers]] = {
    "linear": partial(_answers_by, _change_of_sums),
    "trees": _answers_of_leaves,
    "mlp": partial(_answers_by, _change_of_layers),
}
_VARIANCE: dict[str, Callable[[Trained], float]] = {
    "linear": _variance_of_sums,
    "trees": _variance_of_leaves,
    "mlp": _variance_of_layers,
}
