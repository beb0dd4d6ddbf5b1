"""Perceptrons on a grid: each layer is rounded like a linear model of what comes into it.

Only the first layer has coordinates to choose (`space`): those of the standardised columns or of the raw ones. A block
`weight_i` holds a layer's weights row by row, each behind its bias where these share a grid; a block `bias_i` exists
where biases have codes of their own, with one scale a layer. `granularity` is within a layer: one scale for its
weights, for those of a neuron, or for sixteen neighbours of one.

`Seen` are training rows and what comes into each layer on them. Where they are at hand, `scale` by output and `auto`
look at what a rounded layer, or model, changes there, and biases are moved so that every layer's mean stays. Without
them (a model that came without rows) biases are kept instead, and `auto` looks at the rounding error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from core.errors import InvalidInput
from core.families import groups as family_groups
from core.families import mlp
from core.moments import Moments, moments, output_error
from core.parts import Array, Floats, Parts, frozen
from core.quant.blocks import best_factor, decoded_block, table_types, tabled
from core.quant.coordinates import CODED, LARGEST, column_scale, float32
from core.quant.methods import AUTO, METHODS
from core.quant.quantized import Quantized
from core.quant.scheme import Scheme

# Training rows that are looked at, at most: evenly many of all.
ROWS = 4096


@dataclass(frozen=True, eq=False)
class Seen:
    """Training rows (n, p) of a perceptron's columns, its scores on them (n, o), and moments of the hidden layers."""

    columns: Floats
    scores: Floats
    hidden: tuple[Moments, ...]


def look(parts: Parts, columns: Floats) -> Seen | None:
    """Return what is known of a perceptron from `ROWS` of the rows in `columns`; None where there are none."""
    if not len(columns):
        return None
    rows = columns[:: -(-len(columns) // ROWS)]
    *sums, scores = mlp.answers(parts, rows)
    active = mlp.ACTIVATIONS[parts.meta["activation"]]
    nothing = np.zeros(len(rows))
    return Seen(frozen(rows), frozen(scores), tuple(moments(active(s), nothing) for s in sums))


def output_change(twin: Parts, seen: Seen) -> float:
    """Return the mean squared change of the scores, summed over outputs, that `twin` makes on the rows seen."""
    return float(((mlp.scores(twin, seen.columns) - seen.scores) ** 2).sum(axis=1).mean())


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer as it is rounded, weights (o, p) and bias (o,), and the scaling of its inputs that these stand for."""

    number: int
    weight: Floats
    bias: Floats
    scale: Floats
    mean: Floats


def quantize_layers(parts: Parts, scheme: Scheme, of_columns: Moments | None, seen: Seen | None = None) -> Quantized:
    """Return the quantised twin of a perceptron; `of_columns` are the moments of the training rows' columns.

    Raises `InvalidInput` for what cannot be had without them, or without rows, and for numbers beyond float32.
    """
    if of_columns is None and scheme.space != "raw":
        raise InvalidInput("space", scheme.space, "raw for a model without training statistics")
    if seen is None and scheme.scale == "output":
        raise InvalidInput("scale", "output", "minmax or mse for a perceptron without training rows")
    if seen is None and scheme.intercept == "refit":
        scheme = replace(scheme, intercept="keep")
    layers = rounded_layers(parts, scheme, of_columns)
    if scheme.method != AUTO:
        return _coded(parts, scheme, scheme.method, layers, of_columns, seen)
    tried = []
    for name, method in METHODS.items():
        for scale in method.scales if method.in_auto else ():
            if scale == "output" and seen is None:
                continue
            q = _coded(parts, replace(scheme, method=name, scale=scale, params=()), AUTO, layers, of_columns, seen)
            error = _rounding_error(q, layers) if seen is None else output_change(dequantize_layers(q), seen)
            tried.append((error, q))
    return min(tried, key=lambda one: one[0])[1]


def rounded_layers(parts: Parts, scheme: Scheme, of_columns: Moments | None) -> tuple[Layer, ...]:
    """Return the layers in the coordinates in which they are rounded: w·σ and b + w·mean of the first, if asked for."""
    found = []
    for i, (weight, bias) in enumerate(mlp.layers(parts)):
        scale, mean = np.ones(weight.shape[1]), np.zeros(weight.shape[1])
        if i == 0 and scheme.space == "standardised" and of_columns is not None:
            # As they are stored, so that what is rounded is what a code belongs to.
            scale, mean = float32(column_scale(of_columns)), float32(of_columns.mean)
        with np.errstate(over="ignore", invalid="ignore"):
            found.append(Layer(i, weight * scale, bias + weight @ mean, scale, mean))
        _require_float32(found[-1])
    return tuple(found)


def _require_float32(layer: Layer) -> None:
    """Raise `InvalidInput` for numbers that float32 cannot hold."""
    for field in ("weight", "bias", "mean", "scale"):
        largest = float(np.abs(getattr(layer, field)).max(initial=0))
        if not largest <= LARGEST:
            raise InvalidInput(f"{field} of layer {layer.number + 1}", largest, f"at most {LARGEST:g} in size")
    if not layer.scale.min(initial=1) > 0:
        raise InvalidInput("deviations of the columns", float(layer.scale.min()), "large enough for float32")


def block_groups(parts: Parts, scheme: Scheme) -> dict[str, Array]:
    """Return which values of each block share a table entry: 0, 1, 2 and so on in ascending order, (n,)."""
    found = {}
    for i in range(len(parts.values) // 2):
        ids, first = (family_groups(parts, f"{kind}_{i}", scheme.granularity) for kind in ("weight", "bias"))
        blocks = {f"weight_{i}": np.column_stack([first, ids]) if scheme.intercept == "same-grid" else ids}
        if scheme.intercept == "quantised":
            blocks[f"bias_{i}"] = np.zeros_like(first)
        for name, each in blocks.items():
            shared = np.arange(each.size) if METHODS[scheme.method].per_value else each.ravel()
            found[name] = shared.astype(np.int32)
    return found


def exact_names(scheme: Scheme, count: int) -> tuple[str, ...]:
    """Return the float32 arrays that stand beside the codes of `count` layers."""
    scaling = ("feature_scale",) if scheme.space == "standardised" else ()
    if scheme.intercept in CODED:
        return (*scaling, "feature_mean") if scaling else ()
    return (*scaling, *(f"bias_{i}" for i in range(count)))


def _coded(
    parts: Parts, scheme: Scheme, asked: str, layers: tuple[Layer, ...], of_columns: Moments | None, seen: Seen | None
) -> Quantized:
    """Return the codes of every layer, one after the other: what comes into a layer depends on those before it."""
    ids = block_groups(parts, scheme)
    codes: dict[str, Array] = {}
    tables: dict[str, Mapping[str, Array]] = {}
    exact: dict[str, Array] = {}
    if scheme.space == "standardised":
        exact["feature_scale"] = layers[0].scale.astype(np.float32)
        if scheme.intercept in CODED:
            exact["feature_mean"] = layers[0].mean.astype(np.float32)
    active, inputs = mlp.ACTIVATIONS[parts.meta["activation"]], None if seen is None else seen.columns
    known = (of_columns, *seen.hidden) if seen is not None else (None,) * len(layers)
    for layer, of_inputs in zip(layers, known, strict=True):
        factor = _best_factor(layer, scheme, ids, of_inputs)
        done = _encoded(layer, scheme, ids, factor)
        codes |= done[0]
        tables |= done[1]
        weight, bias = _decoded(layer, scheme, ids, *done)
        if scheme.intercept == "refit" and seen is not None and inputs is not None:
            bias = bias + _drift(parts, layer, weight, bias, inputs, seen)
            inputs = active(inputs @ weight.T + float32(bias))
        if scheme.intercept not in CODED:
            exact[f"bias_{layer.number}"] = bias.astype(np.float32)
    n_columns, _, n_out = mlp.sizes(parts)
    return Quantized(scheme, asked, "mlp", (n_out, n_columns), codes, ids, tables, exact, parts.meta)


def _drift(parts: Parts, layer: Layer, weight: Floats, bias: Floats, inputs: Floats, seen: Seen) -> Floats:
    """Return what the mean of a layer's sums lost on the way, (o,): before its activation, over the rows seen."""
    before, was = list(mlp.layers(parts))[layer.number]
    mean = seen.columns.mean(axis=0) if layer.number == 0 else seen.hidden[layer.number - 1].mean
    return np.asarray(before @ mean + was - weight @ inputs.mean(axis=0) - bias)


def _values(layer: Layer, scheme: Scheme) -> dict[str, Floats]:
    """Return what is rounded of a layer, flat, by the name of its block."""
    if scheme.intercept == "same-grid":
        return {f"weight_{layer.number}": np.column_stack([layer.bias, layer.weight]).ravel()}
    coded = {f"bias_{layer.number}": layer.bias} if scheme.intercept == "quantised" else {}
    return {f"weight_{layer.number}": layer.weight.ravel(), **coded}


def _encoded(
    layer: Layer, scheme: Scheme, ids: Mapping[str, Array], factor: float
) -> tuple[dict[str, Array], dict[str, dict[str, Array]]]:
    """Return codes and tables of a layer's blocks, as they are stored; `factor` acts on the grid of the weights."""
    codes: dict[str, Array] = {}
    tables: dict[str, dict[str, Array]] = {}
    types = table_types(scheme)
    kind = np.uint8 if scheme.bits <= 8 else np.uint16
    for name, values in _values(layer, scheme).items():
        first = np.flatnonzero(np.diff(ids[name], prepend=-1))
        if scheme.method == "codebook":
            found, named = tabled(values, first, 2**scheme.bits, np.ones(len(values)))
            # As long as its largest group could need; a shorter table repeats its last entry.
            longest = min(2**scheme.bits, int(np.diff([*first.tolist(), len(values)]).max()))
            entries = named["codebook"]
            named = {"codebook": np.pad(entries, ((0, 0), (0, longest - entries.shape[1])), mode="edge")}
        else:
            shrink = factor if name.startswith("weight") else 1.0
            found, each = METHODS[scheme.method].encode(values, ids[name], scheme.bits, scheme.params, shrink)
            named = {table: entries[first] for table, entries in each.items()}
        codes[name] = found.astype(kind)
        tables[name] = {table: entries.astype(types[table]) for table, entries in named.items()}
    return codes, tables


def _decoded(
    layer: Layer, scheme: Scheme, ids: Mapping[str, Array], codes: Mapping[str, Array],
    tables: Mapping[str, Mapping[str, Array]],
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return weights and biases for inputs as they come; a bias that is no code is what was kept of it."""
    name = f"weight_{layer.number}"
    flat = decoded_block(scheme, codes[name], tables[name], ids[name]).reshape(len(layer.bias), -1)
    bias = layer.bias
    if scheme.intercept == "same-grid":
        bias, flat = flat[:, 0], flat[:, 1:]
    if scheme.intercept == "quantised":
        name = f"bias_{layer.number}"
        bias = decoded_block(scheme, codes[name], tables[name], ids[name])
    weight = flat / layer.scale
    return weight, bias - weight @ layer.mean


def dequantize_layers(q: Quantized) -> Parts:
    """Return the perceptron that the codes stand for, with a first layer of the unscaled columns."""
    values: dict[str, Floats] = {}
    shapes = mlp.shapes(q.shape[1], tuple(q.meta["hidden"]), q.shape[0])
    for i, (n_out, n_in) in enumerate(shapes):
        scale, mean = np.ones(n_in), np.zeros(n_in)
        if i == 0 and "feature_scale" in q.exact:
            scale = q.exact["feature_scale"].astype(np.float64)
            mean = q.exact["feature_mean"].astype(np.float64) if "feature_mean" in q.exact else mean
        bias = q.exact[f"bias_{i}"].astype(np.float64) if f"bias_{i}" in q.exact else np.zeros(n_out)
        layer = Layer(i, np.empty((n_out, 0)), bias, scale, mean)
        values[f"weight_{i}"], values[f"bias_{i}"] = _decoded(layer, q.scheme, q.groups, q.codes, q.tables)
    return Parts("mlp", values, {}, q.meta)


def decoded_layers(q: Quantized) -> dict[str, Floats]:
    """Return what the codes of each block stand for, in the coordinates in which it was rounded."""
    return {n: decoded_block(q.scheme, codes, q.tables[n], q.groups[n]) for n, codes in q.codes.items()}


def coded_weights(parts: Parts, q: Quantized) -> Iterator[tuple[Floats, Floats, Array]]:
    """Yield of each layer its weights, those of the twin, and their codes, (n_out, n_in) each, as they were rounded."""
    for i, (weight, bias) in enumerate(mlp.layers(parts)):
        name, skipped = f"weight_{i}", int(q.scheme.intercept == "same-grid")
        if i == 0 and "feature_scale" in q.exact:
            weight = weight * q.exact["feature_scale"].astype(np.float64)
        flat = (decoded_block(q.scheme, q.codes[name], q.tables[name], q.groups[name]), q.codes[name])
        after, codes = (each.reshape(len(bias), -1)[:, skipped:] for each in flat)
        yield weight, after, codes


def _best_factor(layer: Layer, scheme: Scheme, ids: Mapping[str, Array], of_inputs: Moments | None) -> float:
    """Return the factor on the range of the grid of a layer's weights that `scheme.scale` asks for."""
    if scheme.scale == "minmax":
        return 1.0
    return best_factor(lambda factor: _error(layer, scheme, ids, factor, of_inputs))


def _error(layer: Layer, scheme: Scheme, ids: Mapping[str, Array], factor: float, of_inputs: Moments | None) -> float:
    """Return the squared error of a layer's weights; for `output` the mean squared change of its sums."""
    weight, bias = _decoded(layer, scheme, ids, *_encoded(layer, scheme, ids, factor))
    if scheme.scale == "mse" or of_inputs is None:
        return float((((weight * layer.scale) - layer.weight) ** 2).sum())
    before = layer.weight / layer.scale
    delta, shift = weight - before, bias - (layer.bias - before @ layer.mean)
    if scheme.intercept == "refit":
        shift = -delta @ of_inputs.mean
    return float(output_error(of_inputs, delta, shift))


def _rounding_error(q: Quantized, layers: tuple[Layer, ...]) -> float:
    """Return the squared error of all weights in the coordinates in which they were rounded."""
    decoded, total = decoded_layers(q), 0.0
    for layer in layers:
        values = _values(layer, q.scheme)[f"weight_{layer.number}"]
        total += float(((decoded[f"weight_{layer.number}"] - values) ** 2).sum())
    return total
