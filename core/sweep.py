"""Every method at every bit width in one go: scored from sufficient statistics, without touching a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from core.evaluate import baseline
from core.moments import Anchor, anchor, moments, score
from core.parts import Floats
from core.quant import AUTO, Scheme, packed_size
from core.quant.methods import METHODS
from core.quant.quantize import (
    Variants,
    best_shrink,
    exact_names,
    output_errors,
    resolve,
    variants,
)
from core.train import Trained


@dataclass(frozen=True)
class Point:
    """One setting: its figures, and the bytes of its numbers (codes and side information).

    R² is None where all targets are equal.
    """

    method: str
    bits: int
    scale: str
    test_r2: float | None
    test_rmse: float
    train_r2: float | None
    output_error: float
    numbers: int


@dataclass(frozen=True)
class Sweep:
    """All points, and the original beside them; `casts` are the plain float32 and float16 versions."""

    points: tuple[Point, ...]
    original_test_r2: float | None
    original_train_r2: float | None
    original_numbers: int
    casts: tuple[tuple[str, int, float | None], ...]

    def of(self, method: str) -> tuple[Point, ...]:
        """Return the points of one method, by bits."""
        return tuple(p for p in self.points if p.method == method)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        casts = [{"kind": kind, "numbers": n, "test_r2": r2} for kind, n, r2 in self.casts]
        original = {
            "test_r2": self.original_test_r2,
            "train_r2": self.original_train_r2,
            "numbers": self.original_numbers,
        }
        return {"points": [asdict(p) for p in self.points], "original": original, "casts": casts}


@lru_cache(maxsize=16)
def anchors(trained: Trained) -> tuple[Anchor, Anchor]:
    """Return the sufficient statistics of the test and of the training rows round the trained model."""
    coef = trained.parts.values["coef"][0]
    intercept = float(trained.parts.values["intercept"][0])
    columns, y = trained.columns("test")
    test = anchor(moments(columns, y), columns, y, coef, intercept)
    columns, y = trained.columns("train")
    return test, anchor(trained.moments, columns, y, coef, intercept)


def numbers(scheme: Scheme, n_columns: int) -> int:
    """Return the bytes of codes and side information that `scheme` stores for `n_columns` coefficients."""
    blocks = {"coef": n_columns + (scheme.intercept == "same-grid")}
    if scheme.intercept == "quantised":
        blocks["intercept"] = 1
    method, code_bytes = METHODS[scheme.method], 1 if scheme.bits <= 8 else 2
    unused = "zero_point" if dict(scheme.params).get("zero_point") == "offset" else "offset"
    kinds = [kind for name, kind in method.tables.items() if method.per_value or name != unused]
    entry = sum(4 if kind == "float32" else code_bytes for kind in kinds)
    stored = sum(packed_size(n, scheme.bits) + entry * (n if method.per_value else 1) for n in blocks.values())
    return stored + sum(4 if name == "intercept" else 4 * n_columns for name in exact_names(scheme))


def _all_bits(trained: Trained, scheme: Scheme, bits: Sequence[int]) -> tuple[Floats, Floats, Floats, list[str]]:
    """Return coefficients (k, p), intercepts (k,), output errors (k,) and the scale taken at each width."""
    parts, m = trained.parts, trained.moments
    if scheme.method != AUTO and scheme.scale == "minmax":
        v = variants(parts, scheme, m, bits=np.array(bits)[:, None])
        return v.coefs[:, 0], v.intercepts[:, 0], output_errors(parts, m, v), ["minmax"] * len(bits)
    found: list[Variants] = []
    scales = []
    for b in bits:
        concrete = resolve(parts, replace(scheme, bits=b), m)
        found.append(variants(parts, concrete, m, shrink=best_shrink(parts, concrete, m)))
        scales.append(concrete.scale)
    coefs = np.concatenate([v.coefs[:, 0] for v in found])
    intercepts = np.concatenate([v.intercepts[:, 0] for v in found])
    return coefs, intercepts, np.concatenate([output_errors(parts, m, v) for v in found]), scales


def sweep(trained: Trained, methods: Sequence[str], bits: Sequence[int], base: Scheme | None = None) -> Sweep:
    """Return one point for each method and bit width; the other switches are those of `base`.

    A switch that a method cannot take (a scale search for the window) falls back to that method's own.
    Raises `InvalidInput` for an unknown method and for a width that no code has.
    """
    base = base or Scheme()
    test, train = anchors(trained)
    n_columns = len(trained.preparation.columns)
    points = []
    for name in methods if bits else ():
        scheme = adapt(base, name)
        at_width = [replace(scheme, bits=b) for b in bits]
        coefs, intercepts, errors, scales = _all_bits(trained, scheme, bits)
        test_r2, test_rmse = score(test, coefs, intercepts)
        train_r2, _ = score(train, coefs, intercepts)
        for i, concrete in enumerate(at_width):
            if name == AUTO:
                concrete = resolve(trained.parts, concrete, trained.moments)
            points.append(
                Point(
                    name, concrete.bits, scales[i], _present(test_r2[i]), float(test_rmse[i]), _present(train_r2[i]),
                    float(errors[i]), numbers(concrete, n_columns),
                )
            )  # fmt: skip
    original = baseline(trained)
    return Sweep(
        tuple(points),
        original.metrics["test"]["r2"],
        original.metrics["train"]["r2"],
        original.size.numbers,
        tuple((y.kind, y.numbers, y.r2) for y in original.yardsticks),
    )


def _present(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def adapt(base: Scheme, method: str) -> Scheme:
    """Return `base` with another method, keeping every switch that the method can take."""
    if method == base.method:
        return base
    scales = METHODS[method].scales if method in METHODS else ("minmax",)
    return replace(base, method=method, params=(), scale=base.scale if base.scale in scales else "minmax")


def fewest_bits(points: Sequence[Point], train_r2: float | None, tolerance: float) -> Point | None:
    """Return the point of fewest bits from which on every width keeps R² on the training rows.

    "Keeps" means: at most `tolerance` below `train_r2`. None when not even the widest does.
    """
    best = None
    for point in sorted(points, key=lambda p: -p.bits):
        if point.train_r2 is None or train_r2 is None or point.train_r2 < train_r2 - tolerance:
            break
        best = point
    return best
