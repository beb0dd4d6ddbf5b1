"""The sweep itself: every setting of a plan, scored from sufficient statistics, beside the original and its casts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.evaluate import baseline, cast_parts, fidelity
from core.memo import beside
from core.metrics import MAIN
from core.moments import Anchor, Moments, anchor, moments, output_error
from core.parts import Floats, Parts
from core.progress import Progress, silent
from core.quant import Scheme
from core.quant.methods import METHODS
from core.sizes import numbers
from core.sweep.candidates import Found, class_scores, search, value_scores
from core.sweep.leaves import tree_casts, tree_points
from core.sweep.plan import Plan, everything, line
from core.sweep.point import Cast, Point, Sweep, present
from core.train import Trained


@beside(most=1)
def anchors(trained: Trained) -> tuple[Anchor, Anchor]:
    """Return the sufficient statistics of the test and of the training rows round the trained model."""
    coef = trained.parts.values["coef"][0]
    intercept = float(trained.parts.values["intercept"][0])
    columns, y = trained.columns("test")
    test = anchor(moments(columns, y), columns, y, coef, intercept)
    columns, y = trained.columns("train")
    return test, anchor(trained.moments, columns, y, coef, intercept)


def sweep(trained: Trained, methods: Sequence[str], bits: Sequence[int], base: Scheme | None = None) -> Sweep:
    """Return one point for each method and bit width; the other switches are those of `base`.

    A switch that a method cannot take (a scale search for the window) falls back to that method's own.
    Raises `InvalidInput` for an unknown method and for a width that no code has.
    """
    return run(trained, line(methods, bits, base or Scheme()) if bits else Plan(()))


def full_sweep(
    trained: Trained,
    methods: Sequence[str] = tuple(METHODS),
    bits: Sequence[int] = (),
    fixed: Mapping[str, str] | None = None,
) -> Sweep:
    """Return one point for every method, width and switch that makes a difference to this model.

    `fixed` switches keep their value; no `bits` stands for all. Raises `InvalidInput` for an unknown method.
    """
    return run(trained, everything(trained.parts, methods, bits, fixed))


def run(trained: Trained, plan: Plan, progress: Progress = silent) -> Sweep:
    """Return the points of a plan, in its order."""
    count = sum(len(family.schemes) for family in plan.families)
    if trained.parts.family != "linear":
        points = tree_points(trained, plan, progress)
    else:
        for family in plan.families:
            family.base.check_for(trained.parts.family)
        found = search(trained.parts, trained.moments, plan, progress)
        points = () if found is None else _points(trained, found)
    original = baseline(trained)
    main = MAIN[trained.dataset.task]
    return Sweep(
        main,
        points[:count],
        original.metrics["test"][main],
        original.metrics["train"][main],
        original.size.numbers,
        casts(trained),
        skipped=plan.skipped,
        smaller=points[count:],
    )


def _points(trained: Trained, found: Found) -> tuple[Point, ...]:
    test, loss, train = (list(map(present, figures)) for figures in scores(trained, found))
    stored: dict[tuple[object, ...], int] = {}
    points = []
    for i, s in enumerate(found.schemes):
        # All that the bytes depend on: how a range was found costs none.
        shape = (s.method, s.bits, s.space, s.intercept, s.granularity, s.params)
        if shape not in stored:
            stored[shape] = numbers(s, trained.parts)
        error = float(found.errors[i])
        kept = fidelity(trained, error)
        points.append(Point(s, test[i], loss[i], train[i], error, kept, stored[shape], asked=found.asked[i]))
    return tuple(points)


def scores(trained: Trained, found: Found) -> tuple[Floats, Floats, Floats]:
    """Return main figure and loss on the test rows and main figure on the training rows, (k,) each."""
    if trained.data is None:
        nothing = np.full(len(found.errors), np.nan)
        return nothing, nothing, nothing
    if trained.dataset.task == "classification":
        test, loss = class_scores(*trained.columns("test"), found)
        return test, loss, class_scores(*trained.columns("train"), found)[0]
    test_anchor, train_anchor = anchors(trained)
    test, loss = value_scores(test_anchor, found)
    return test, loss, value_scores(train_anchor, found)[0]


def cast_candidates(parts: Parts, m: Moments, kinds: Sequence[str]) -> Found:
    """Return the plain casts of `parts` to `kinds` as candidates; no scheme stands for them."""
    cast = [cast_parts(parts, kind).values for kind in kinds]
    coefs, intercepts = (np.stack([values[name] for values in cast]) for name in ("coef", "intercept"))
    delta, shift = coefs - parts.values["coef"], intercepts - parts.values["intercept"]
    return Found(coefs, intercepts, output_error(m, delta, shift))


def casts(trained: Trained) -> tuple[Cast, ...]:
    """Return the plain casts with their figures."""
    if trained.parts.family != "linear":
        return tree_casts(trained)
    sizes = {y.kind: y.numbers for y in baseline(trained).yardsticks}
    kinds = tuple(sizes)
    found = cast_candidates(trained.parts, trained.moments, kinds)
    test, _, train = scores(trained, found)
    return tuple(
        Cast(kind, sizes[kind], present(test[i]), present(train[i]), fidelity(trained, float(found.errors[i])))
        for i, kind in enumerate(kinds)
    )
