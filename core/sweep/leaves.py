"""Many settings of trees or of a perceptron: each is made, and asked for the rows.

Those of trees are scored by looking up the leaves that the rows reach; no row walks through a tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from core.evaluate import baseline, cast_parts, fidelity
from core.families import trees
from core.metrics import MAIN, main_metric, metrics_of
from core.outputs import answers, seen
from core.parts import Array
from core.progress import Progress, silent
from core.quant import AUTO, Quantized, Scheme, dequantize, quantize
from core.quant.layers import Seen
from core.quant.stored import skeleton, stored_codes, stored_structure
from core.sizes import quantized_size
from core.sweep.plan import LARGE, Plan
from core.sweep.point import Cast, Point
from core.train import Trained

# The figure of each task of which less is better, beside the main one.
_LOSS = {"regression": "rmse", "classification": "log_loss"}


def tree_points(trained: Trained, plan: Plan, progress: Progress = silent) -> tuple[Point, ...]:
    """Return the points of a plan for trees or a perceptron; those of a large model are made side by side."""
    schemes, found = plan.schemes, []
    if not schemes:
        return ()
    reached = seen(trained)
    for kept, some in groupby(schemes, lambda s: (s.trees, s.depth)):
        # Made once, before several threads ask for it, and held while they do.
        left = trees.prune(trained.parts, *kept)[0] if trained.parts.family == "trees" else None
        if left is not None:
            stored_structure(left)
        for point in _each(trained, [*some], reached):
            found.append(point)
            progress(len(found), len(schemes), f"{len(found)} of {len(schemes)} settings tried")
    return tuple(found)


def _each(trained: Trained, schemes: Sequence[Scheme], reached: Array | Seen | None) -> Iterator[Point]:
    """Yield the point of each setting."""
    if trained.parts.n_parameters <= LARGE:
        yield from (_point(trained, scheme, reached) for scheme in schemes)
        return
    from joblib import Parallel, delayed

    # Threads: NumPy and zlib let go of the interpreter on arrays of this size, and nothing has to be copied.
    jobs = Parallel(n_jobs=-1, prefer="threads", return_as="generator")
    yield from jobs(delayed(_point)(trained, scheme, reached) for scheme in schemes)


def _point(trained: Trained, scheme: Scheme, reached: Array | Seen | None) -> Point:
    q, task = quantize(trained.parts, scheme, trained.moments, reached), trained.dataset.task
    said = answers(trained, dequantize(q))
    on_test = metrics_of(task, trained.rows("test")[1], said.test, trained.dataset.classes)
    on_train = main_metric(task, trained.rows("train")[1], said.train)
    return Point(
        q.scheme, on_test[MAIN[task]], on_test[_LOSS[task]], on_train, said.change, fidelity(trained, said.change),
        _numbers(q), asked=AUTO if scheme.method == AUTO else "",
    )  # fmt: skip


def _numbers(q: Quantized) -> int:
    """Return the bytes of codes, tables and, of trees, structure."""
    if q.family == "trees":
        return stored_structure(skeleton(q)).size + stored_codes(q).size
    return quantized_size(q, 0).numbers


def tree_casts(trained: Trained) -> tuple[Cast, ...]:
    """Return the plain casts of trees or a perceptron with their figures."""
    found = []
    for one in baseline(trained).yardsticks:
        said = answers(trained, cast_parts(trained.parts, one.kind))
        score = main_metric(trained.dataset.task, trained.rows("train")[1], said.train)
        found.append(Cast(one.kind, one.numbers, one.score, score, fidelity(trained, said.change)))
    return tuple(found)
