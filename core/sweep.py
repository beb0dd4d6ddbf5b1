"""Every method at every bit width in one go: scored from sufficient statistics, without touching a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from core.evaluate import baseline, fidelity
from core.families.linear import probabilities
from core.metrics import MAIN
from core.moments import Anchor, anchor, moments, score
from core.parts import Floats
from core.quant import AUTO, Scheme
from core.quant.methods import METHODS
from core.quant.quantize import (
    best_shrink,
    output_errors,
    resolve,
    variants,
)
from core.sizes import numbers
from core.train import Trained


@dataclass(frozen=True)
class Point:
    """One setting: its figures, and the bytes of its numbers (codes and side information).

    `test` and `train` are the main figure of the task (R² or accuracy) on these rows; `test_loss` is the RMSE,
    or the log loss, on the test rows. `fidelity` is that of the training outputs (see `evaluate.fidelity`).
    """

    method: str
    bits: int
    scale: str
    test: float | None
    test_loss: float | None
    train: float | None
    output_error: float
    fidelity: float | None
    numbers: int


@dataclass(frozen=True)
class Sweep:
    """All points, and the original beside them; `casts` are the plain float32 and float16 versions."""

    metric: str
    points: tuple[Point, ...]
    original_test: float | None
    original_train: float | None
    original_numbers: int
    casts: tuple[tuple[str, int, float | None], ...]

    def of(self, method: str) -> tuple[Point, ...]:
        """Return the points of one method, by bits."""
        return tuple(p for p in self.points if p.method == method)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON; figures carry the name of the metric."""
        loss = "log_loss" if self.metric == "accuracy" else "rmse"
        names = {"test": f"test_{self.metric}", "train": f"train_{self.metric}", "test_loss": f"test_{loss}"}
        points = [{names.get(k, k): v for k, v in asdict(p).items()} for p in self.points]
        casts = [{"kind": kind, "numbers": n, names["test"]: value} for kind, n, value in self.casts]
        original = {
            names["test"]: self.original_test,
            names["train"]: self.original_train,
            "numbers": self.original_numbers,
        }
        return {"metric": self.metric, "points": points, "original": original, "casts": casts}


@lru_cache(maxsize=16)
def anchors(trained: Trained) -> tuple[Anchor, Anchor]:
    """Return the sufficient statistics of the test and of the training rows round the trained model."""
    coef = trained.parts.values["coef"][0]
    intercept = float(trained.parts.values["intercept"][0])
    columns, y = trained.columns("test")
    test = anchor(moments(columns, y), columns, y, coef, intercept)
    columns, y = trained.columns("train")
    return test, anchor(trained.moments, columns, y, coef, intercept)


@dataclass(frozen=True, eq=False)
class _Found:
    """One method at k widths: coefficients (k, o, p), intercepts (k, o), output errors (k,), concrete schemes."""

    coefs: Floats
    intercepts: Floats
    errors: Floats
    schemes: tuple[Scheme, ...]


def _all_bits(trained: Trained, scheme: Scheme, bits: Sequence[int]) -> _Found:
    parts, m = trained.parts, trained.moments
    asked = tuple(replace(scheme, bits=b) for b in bits)
    if scheme.method != AUTO and scheme.scale == "minmax" and not METHODS[scheme.method].one_width:
        v = variants(parts, scheme, m, bits=np.array(bits)[:, None])
        return _Found(v.coefs, v.intercepts, output_errors(parts, m, v), asked)
    concrete = tuple(resolve(parts, one, m) for one in asked)
    each = [variants(parts, one, m, shrink=best_shrink(parts, one, m)) for one in concrete]
    coefs, intercepts = (np.concatenate([getattr(v, n) for v in each]) for n in ("coefs", "intercepts"))
    return _Found(coefs, intercepts, np.concatenate([output_errors(parts, m, v) for v in each]), concrete)


def _class_scores(trained: Trained, part: str, found: _Found) -> tuple[Floats, Floats]:
    """Return accuracy and log loss of k variants on one part of the rows, (k,) each; all rows at once."""
    columns, y = trained.columns(part)
    truth = y.astype(np.intp)
    raw = np.einsum("np,kop->kno", columns, found.coefs, optimize=True) + found.intercepts[:, None, :]
    p = probabilities(raw)
    p_true = np.clip(p[:, np.arange(len(truth)), truth], np.finfo(np.float64).eps, 1)
    return (p.argmax(axis=2) == truth).mean(axis=1), -np.log(p_true).mean(axis=1)


def _scores(trained: Trained, found: _Found) -> tuple[Floats, Floats, Floats]:
    """Return main figure and loss on the test rows and main figure on the training rows, (k,) each."""
    if trained.data is None:
        nothing = np.full(len(found.errors), np.nan)
        return nothing, nothing, nothing
    if trained.dataset.task == "classification":
        test, loss = _class_scores(trained, "test", found)
        return test, loss, _class_scores(trained, "train", found)[0]
    test_anchor, train_anchor = anchors(trained)
    coefs, intercepts = found.coefs[:, 0], found.intercepts[:, 0]
    test, loss = score(test_anchor, coefs, intercepts)
    return test, loss, score(train_anchor, coefs, intercepts)[0]


def sweep(trained: Trained, methods: Sequence[str], bits: Sequence[int], base: Scheme | None = None) -> Sweep:
    """Return one point for each method and bit width; the other switches are those of `base`.

    A switch that a method cannot take (a scale search for the window) falls back to that method's own.
    Raises `InvalidInput` for an unknown method and for a width that no code has.
    """
    base = base or Scheme()
    points: list[Point] = []
    for name in methods if bits else ():
        found = _all_bits(trained, adapt(base, name), bits)
        test, loss, train = _scores(trained, found)
        points += [
            Point(
                name, scheme.bits, scheme.scale, _present(test[i]), _present(loss[i]), _present(train[i]),
                float(found.errors[i]), fidelity(trained, float(found.errors[i])), numbers(scheme, trained.parts),
            )
            for i, scheme in enumerate(found.schemes)
        ]  # fmt: skip
    original = baseline(trained)
    main = MAIN[trained.dataset.task]
    return Sweep(
        main,
        tuple(points),
        original.metrics["test"][main],
        original.metrics["train"][main],
        original.size.numbers,
        tuple((y.kind, y.numbers, y.score) for y in original.yardsticks),
    )


def _present(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def adapt(base: Scheme, method: str) -> Scheme:
    """Return `base` with another method, keeping every switch that the method can take."""
    if method == base.method:
        return base
    scales = METHODS[method].scales if method in METHODS else ("minmax",)
    return replace(base, method=method, params=(), scale=base.scale if base.scale in scales else "minmax")


def fewest_bits(points: Sequence[Point], train: float | None, tolerance: float) -> Point | None:
    """Return the point of fewest bits from which on every width keeps the main figure on the training rows.

    "Keeps" means: at most `tolerance` below `train`. None when not even the widest does.
    """
    best = None
    for point in sorted(points, key=lambda p: -p.bits):
        if point.train is None or train is None or point.train < train - tolerance:
            break
        best = point
    return best
