"""`Comparison`: everything that is shown of an original and its quantised twin, as frozen results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.config import Experiment
from core.families import trees
from core.intervals import Difference
from core.metrics import Metrics
from core.parts import Array, Floats, Parts, frozen, plain
from core.quant import Quantized, dequantize
from core.quant.layers import coded_weights
from core.quant.leaves import tree_of_values
from core.sizes import Size


@dataclass(frozen=True)
class Parameter:
    """One parameter in the coordinates in which it was rounded; `code` is None where it has none."""

    name: str
    original: float
    quantized: float
    code: int | None
    intercept: bool = False

    @property
    def error(self) -> float:
        """Quantised minus original."""
        return self.quantized - self.original


# So many leaves are listed, those that changed most; a forest has a million.
MOST_LEAVES = 300


def leaf_parameters(parts: Parts, q: Quantized, twin: Parts) -> tuple[tuple[Parameter, ...], Floats]:
    """Return the values of leaves that changed most, and the mean absolute change of the leaves of each tree.

    Where trees were cut, every leaf of the original stands against the leaf that took its place.
    """
    before, after, place = paired(parts, twin)
    tree, changes = tree_of_values(parts)[: len(before)], np.abs(after - before)
    worst = np.arange(len(changes))
    if len(changes) > MOST_LEAVES:
        worst = np.argpartition(-changes, MOST_LEAVES - 1)[:MOST_LEAVES]
    worst = worst[np.lexsort((worst, -changes[worst]))]
    width, classes = parts.values["leaf"].shape[1], parts.meta["classes"]
    first = np.searchsorted(tree, tree[worst])
    found = []
    for i, start in zip(worst.tolist(), first.tolist(), strict=True):
        name = f"tree {tree[i] + 1}, leaf {(i - start) // width + 1}"
        name += f", {classes[i % width]}" if width > 1 else ""
        found.append(Parameter(name, float(before[i]), float(after[i]), int(q.codes["leaf"][place[i]])))
    by_tree = np.bincount(tree, changes) / np.bincount(tree)
    return tuple(found), frozen(by_tree)


def paired(parts: Parts, twin: Parts) -> tuple[Floats, Floats, Array]:
    """Return the values of the leaves of the original, those in their places in the twin, and these places, (n,) each.

    Leaves of trees that the twin does not have are left out.
    """
    before, after = parts.values["leaf"], twin.values["leaf"]
    if trees.KEPT not in twin.meta:
        return before.ravel(), after.ravel(), np.arange(before.size)
    leaf = trees.cut(parts, *twin.meta[trees.KEPT]).leaf
    leaf = leaf[leaf >= 0]
    places = leaf[:, None] * after.shape[1] + np.arange(after.shape[1])
    return before[: len(leaf)].ravel(), after[leaf].ravel(), places.ravel()


def layer_parameters(parts: Parts, q: Quantized) -> tuple[tuple[Parameter, ...], Floats]:
    """Return the weights that changed most, as they were rounded, and the mean absolute change of each neuron's."""
    layers = list(coded_weights(parts, q))
    sizes = [before.size for before, *_ in layers]
    changes = np.concatenate([np.abs(after - before).ravel() for before, after, _ in layers])
    worst = np.lexsort((np.arange(len(changes)), -changes))[:MOST_LEAVES]
    starts, found = np.concatenate([[0], np.cumsum(sizes)]), []
    for i in worst.tolist():
        number = int(np.searchsorted(starts, i, side="right")) - 1
        before, after, codes = layers[number]
        neuron, place = divmod(i - int(starts[number]), before.shape[1])
        source = parts.meta["features"][place] if number == 0 else f"neuron {place + 1} of layer {number}"
        name = f"layer {number + 1}, neuron {neuron + 1}: {source}"
        at = (neuron, place)
        found.append(Parameter(name, float(before[at]), float(after[at]), int(codes[at])))
    by_neuron = [np.abs(after - before).mean(axis=1) for before, after, _ in layers]
    return tuple(found), frozen(np.concatenate(by_neuron))


@dataclass(frozen=True)
class Yardstick:
    """A plain cast of the same parameters: its bytes, and its main figure (R², accuracy) on the test rows."""

    kind: str
    numbers: int
    score: float | None


@dataclass(frozen=True)
class Flip:
    """One test row to which the two models give different classes; all three are numbers of classes."""

    row: int
    true: int
    original: int
    quantized: int


@dataclass(frozen=True)
class Agreement:
    """How far the two models' predictions lie apart on the test rows: absolute differences.

    Of values in the target's unit, or of the probability of the true class; None when there is no test row.
    `same` is the share of equal classes and `flipped` the rows where they differ (classification only).
    """

    median: float | None
    p99: float | None
    largest: float | None
    same: float | None = None
    flipped: tuple[Flip, ...] = ()


@dataclass(frozen=True, eq=False)
class Comparison:
    """Everything that is shown of an original and its quantised twin; immutable.

    `metrics[model][part]` are those of the task; `differences` (n_test,) are quantised minus original
    predictions on the test rows; errors of `parameters` leave the intercept out of mean and maximum.

    Of perceptrons `parameters` are the weights that changed most, and `by_tree` is the change of each neuron's.
    Of trees `parameters` are the leaves that changed most, `by_tree` (n_trees,) is the mean absolute change of the
    leaves of each tree that is kept, and `twin` is left out: it takes megabytes, and is made again when asked for.
    `output_error` is NaN, and `fidelity` None, for trees and perceptrons without rows.
    """

    experiment: Experiment | None
    quantized: Quantized
    original: Parts
    twin: Parts | None
    metrics: Mapping[str, Mapping[str, Metrics]]
    difference: Difference | None
    parameters: tuple[Parameter, ...]
    first: Mapping[str, tuple[float | str, ...]]
    differences: Floats
    agreement: Agreement
    sizes: Mapping[str, Size]
    yardsticks: tuple[Yardstick, ...]
    joblib_bytes: int | None
    not_smaller: str
    output_error: float
    fidelity: float | None
    by_tree: Floats

    @property
    def metric(self) -> str:
        """The main figure of the task: r2 or accuracy."""
        return "accuracy" if "accuracy" in self.metrics["original"]["test"] else "r2"

    def score(self, model: str, part: str = "test") -> float | None:
        """Return the main figure of one model on one part of the rows."""
        found: float | None = self.metrics[model][part][self.metric]
        return found

    @property
    def decoded(self) -> Parts:
        """The quantised twin as plain parts."""
        return dequantize(self.quantized) if self.twin is None else self.twin

    @property
    def errors(self) -> Floats:
        """Absolute errors of the coefficients or weights, without intercept and biases, or of the leaves."""
        if self.original.family == "trees":
            before, after, _ = paired(self.original, self.decoded)
            return np.asarray(np.abs(after - before))
        if self.original.family == "mlp":
            layers = coded_weights(self.original, self.quantized)
            return np.concatenate([np.abs(after - before).ravel() for before, after, _ in layers])
        return np.array([abs(p.error) for p in self.parameters if not p.intercept])

    @property
    def coef_range(self) -> float:
        """Largest minus smallest original coefficient, or value of a leaf."""
        if self.original.family == "trees":
            return float(np.ptp(self.original.values["leaf"]))
        if self.original.family == "mlp":
            layers = coded_weights(self.original, self.quantized)
            return float(np.ptp(np.concatenate([before.ravel() for before, *_ in layers])))
        values = [p.original for p in self.parameters if not p.intercept]
        return max(values) - min(values)

    def to_json(self) -> dict[str, Any]:
        """Return the object that `compare --json` prints."""
        errors, width = self.errors, self.coef_range
        values = [
            {"name": p.name, "original": p.original, "quantized": p.quantized, "code": p.code} for p in self.parameters
        ]
        return {
            "experiment": None if self.experiment is None else self.experiment.to_json(),
            "original": plain(self.metrics["original"]),
            "quantized": plain(self.metrics["quantized"]),
            "difference": None if self.difference is None else self.difference.to_json(),
            "parameters": {
                "mean_absolute_error": float(errors.mean()),
                "max_absolute_error": float(errors.max()),
                "relative_error": float(errors.mean()) / width if width > 0 else None,
                "values": values,
                **self._of_trees(len(errors)),
            },
            "predictions": {name: list(values) for name, values in self.first.items()},
            "agreement": asdict(self.agreement),
            "sizes": {
                **{name: size.to_json() for name, size in self.sizes.items()},
                "bits_per_parameter": self.sizes["quantized"].bits_per_parameter,
                "joblib": self.joblib_bytes,
                "yardsticks": {y.kind: {"bytes": y.numbers, f"test_{self.metric}": y.score} for y in self.yardsticks},
                "not_smaller": self.not_smaller,
            },
            "scheme": self.quantized.scheme.to_json(),
            "fidelity": self.fidelity,
        }

    def _of_trees(self, count: int) -> dict[str, Any]:
        """Return what is said of leaves or weights besides: how many there are, and of which the values are."""
        if self.original.family == "linear":
            return {}
        listed = len(self.parameters)
        words = "all" if listed == count else f"the {listed} that changed most"
        return {
            "count": count,
            "listed": words,
            "by_tree" if self.original.family == "trees" else "by_neuron": self.by_tree.tolist(),
        }
