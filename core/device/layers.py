"""A perceptron on a device: layer by layer as a linear model, with the numbers of two layers in memory at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from core.device.cost import Items, Program, answer_items, answer_work
from core.device.linear import code_work, coded_work, decoding, float_work, scaling_work, sums
from core.families import mlp
from core.parts import Parts
from core.quant import Quantized
from core.sizes import WIDTHS, float_size, quantized_size

# What becomes of one neuron's sum x.
_BENT = {
    # max(x, 0): a comparison.
    "relu": Counter(additions=1),
    # 1 − 2 / (exp(x + x) + 1)
    "tanh": Counter(additions=3, divisions=1, exponentials=1),
    # 1 / (1 + exp(0 − x))
    "logistic": Counter(additions=2, divisions=1, exponentials=1),
    "identity": Counter[str](),
}


def original(parts: Parts) -> Program:
    """Return what a perceptron needs, in float64."""
    shapes, work = mlp.shapes(*mlp.sizes(parts)), _bent(parts)
    for shape in shapes:
        work += float_work(*shape)
    n_classes = len(parts.meta["classes"])
    items = _memory(shapes, n_classes, WIDTHS["float64"], ())
    return Program(float_size(parts, 0).numbers, work + answer_work(n_classes), items)


def quantised(q: Quantized) -> Program:
    """Return what the twin of a perceptron needs, in float32."""
    parts = Parts(q.family, {}, {}, q.meta)
    shapes, work, skipped = mlp.shapes(*mlp.sizes(parts)), _bent(parts), int(q.scheme.intercept == "same-grid")
    way = decoding(q, "weight_0")
    groups = [q.groups[f"weight_{i}"].reshape(n_out, -1)[:, skipped:] for i, (n_out, _) in enumerate(shapes)]
    for ids in groups:
        work += coded_work(q, ids, way)
    work += scaling_work(q) + code_work(q.scheme.bits, sum(codes.size for codes in q.codes.values()))
    n_classes = len(q.meta["classes"])
    items = _memory(shapes, n_classes, WIDTHS["float32"], sums(groups, way))
    return Program(quantized_size(q, 0).numbers, work + answer_work(n_classes), items)


def _bent(parts: Parts) -> Counter[str]:
    """Return what the activations of all hidden neurons take."""
    n_neurons = sum(parts.meta["hidden"])
    return Counter({name: n_neurons * count for name, count in _BENT[parts.meta["activation"]].items()})


def _memory(shapes: Sequence[tuple[int, int]], n_classes: int, width: int, beside: Items) -> Items:
    """Return the memory of the two layers that take most together, the last of which becomes the answer."""
    held = [*shapes[:-1], (max(shapes[-1][0], n_classes), shapes[-1][1])]
    most = max(n_out + n_in for n_out, n_in in held)
    # The answer itself stands in what comes out of the last layer.
    softmax = answer_items(shapes[-1][0], n_classes, width)[1:]
    return (("layers", "what goes into a layer, and comes out of it", width * most), *beside, *softmax)
