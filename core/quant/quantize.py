"""`quantize` and `dequantize`: a model to its codes and tables, and back to a model."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.errors import InvalidInput
from core.families import groups as family_groups
from core.moments import Moments, output_error
from core.parts import Array, Floats, Parts
from core.quant import coordinates as co
from core.quant.affine import Tables
from core.quant.layers import decoded_layers, dequantize_layers, quantize_layers
from core.quant.leaves import decoded_leaves, dequantize_leaves, quantize_leaves
from core.quant.methods import AUTO, METHODS
from core.quant.quantized import Quantized
from core.quant.scheme import Scheme

# Factors by which a grid is shrunk or stretched in the search for its scale; 1 comes first, so that
# minmax wins a tie. 481 steps of 0.0025 from 0.05 to 1.25: finer steps changed no result on California.
FACTORS = np.concatenate([[1.0], np.linspace(0.05, 1.25, 481)])[:, None]

# Values that a search rounds in one call: 16 MB an array, of which it holds about ten.
MOST_AT_ONCE = 2_000_000


@dataclass(frozen=True, eq=False)
class Variants:
    """k quantised variants of one model at once: codes and tables by block, and what they decode to."""

    blocks: co.Blocks
    codes: Mapping[str, Floats]
    tables: Mapping[str, Tables]
    exact: Mapping[str, Array]
    coefs: Floats
    intercepts: Floats


def variants(parts: Parts, scheme: Scheme, moments: Moments | None, bits: Any = None, shrink: Any = 1.0) -> Variants:
    """Return the variants of `parts` for every entry of `bits` or `shrink`, each of shape (k, 1).

    `coefs` (k, o, p) and `intercepts` (k, o) are those of the unscaled columns. `shrink` acts on the
    block of the coefficients alone; `scheme.scale` is not looked at here.
    """
    method = METHODS[scheme.method]
    bits = np.array([[scheme.bits]]) if bits is None else bits
    b = co.blocks(parts, scheme, moments, block_groups(parts, scheme))
    codes, tables, decoded = {}, {}, {}
    for name, values in b.values.items():
        ids = b.groups[name]
        factor = shrink if name == "coef" else 1.0
        codes[name], tables[name] = method.encode(values, ids, bits, scheme.params, factor)
        decoded[name] = method.decode(codes[name], tables[name], bits)
    exact = co.exact_tables(scheme, b)
    coefs = co.raw_coef(decoded, exact, parts.values["coef"].shape)
    if scheme.intercept in co.CODED:
        intercepts = co.coded_intercept(decoded, exact, coefs)
    else:
        intercepts = co.float_intercept(parts, scheme, moments, b, coefs)
    return Variants(b, codes, tables, exact, coefs, intercepts)


def output_errors(parts: Parts, moments: Moments, v: Variants) -> Floats:
    """Return, for each variant, the mean squared change of the predictions on the training rows, (k,)."""
    return output_error(moments, v.coefs - parts.values["coef"], v.intercepts - parts.values["intercept"])


def _rounding_errors(v: Variants, method: str, bits: Any) -> Floats:
    values = v.blocks.values["coef"]
    decoded = METHODS[method].decode(v.codes["coef"], v.tables["coef"], bits)
    result: Floats = ((decoded - values) ** 2).sum(axis=1)
    return result


def best_shrinks(
    parts: Parts, scheme: Scheme, moments: Moments | None, bits: Sequence[int], scales: Collection[str]
) -> dict[str, Floats]:
    """Return for each searched one of `scales` the factor on the range of the coefficients' grid at each width.

    Shape (len(bits),) each; a scale that is not searched for, minmax, has no entry.

    All of `FACTORS` at several widths are tried in one call; which one wins does not depend on how many are tried.
    """
    tried = len(FACTORS)
    values = parts.n_parameters
    at_once = max(1, MOST_AT_ONCE // (tried * values))
    found: dict[str, list[Floats]] = {name: [] for name in ("mse", "output") if name in scales}
    for start in range(0, len(bits), at_once):
        some = np.asarray(bits[start : start + at_once])
        widths = np.repeat(some, tried)[:, None]
        v = variants(parts, scheme, moments, widths, np.tile(FACTORS, (len(some), 1)))
        for name, factors in found.items():
            if name == "output" and moments is not None:
                errors = output_errors(parts, moments, v)
            else:
                errors = _rounding_errors(v, scheme.method, widths)
            factors.append(FACTORS[errors.reshape(-1, tried).argmin(axis=1), 0])
    return {name: np.concatenate(each) for name, each in found.items()}


def best_shrink(parts: Parts, scheme: Scheme, moments: Moments | None) -> float:
    """Return the factor on the range of the coefficients' grid that `scheme.scale` asks for."""
    if scheme.scale == "minmax":
        return 1.0
    return float(best_shrinks(parts, scheme, moments, [scheme.bits], (scheme.scale,))[scheme.scale][0])


def resolve(parts: Parts, scheme: Scheme, moments: Moments | None) -> Scheme:
    """Return `scheme` with `auto` replaced by the method and scale of smallest training output error.

    Without training statistics the squared rounding error decides. The test rows are never looked at.
    """
    if scheme.method != AUTO:
        return scheme
    best, least = scheme, np.inf
    for name, method in METHODS.items():
        for scale in method.scales if method.in_auto else ():
            if scale == "output" and moments is None:
                continue
            candidate = replace(scheme, method=name, scale=scale, params=())
            one = variants(parts, candidate, moments, shrink=best_shrink(parts, candidate, moments))
            if moments is None:
                error = float(_rounding_errors(one, name, scheme.bits)[0])
            else:
                error = float(output_errors(parts, moments, one)[0])
            if error < least:
                best, least = candidate, error
    return best


def quantize(parts: Parts, scheme: Scheme, moments: Moments | None = None, seen: Any = None) -> Quantized:
    """Return the quantised twin of `parts`.

    `moments` are those of the training rows' columns; without them only raw coordinates and a kept or
    coded intercept are possible, else `InvalidInput`. Trees need none; `seen` are the leaves that the training rows
    reach, or what they bring to the layers of a perceptron, see `core.quant.leaves` and `core.quant.layers`.
    """
    scheme.check_for(parts.family)
    return _QUANTIZE[parts.family](parts, scheme, moments, seen)


def _quantize_linear(parts: Parts, scheme: Scheme, moments: Moments | None, _seen: Any) -> Quantized:
    concrete = resolve(parts, scheme, moments)
    one = variants(parts, concrete, moments, shrink=best_shrink(parts, concrete, moments))
    kinds = METHODS[concrete.method].tables
    groups = block_groups(parts, concrete)
    code_type = np.uint8 if concrete.bits <= 8 else np.uint16
    types = {name: code_type if kind == "code" else np.float32 for name, kind in kinds.items()}
    tables = {
        block: {name: _by_group(table, groups[block]).astype(types[name]) for name, table in named.items()}
        for block, named in one.tables.items()
    }
    exact = dict(one.exact)
    if concrete.intercept not in co.CODED:
        if not np.isfinite(one.intercepts).all():
            raise InvalidInput("intercept", one.intercepts[0].tolist(), "small enough to be stored as float32")
        exact["intercept"] = one.intercepts[0].astype(np.float32)
    codes = {name: c[0].astype(np.uint16) for name, c in one.codes.items()}
    n_outputs, n_columns = parts.values["coef"].shape
    shape = (n_outputs, n_columns)
    return Quantized(concrete, scheme.method, parts.family, shape, codes, groups, tables, exact, parts.meta)


def _by_group(table: Any, groups: Array) -> Array:
    """Return one entry (or row) a group, in order of the ids, from a table (1, n, ...) with one a value."""
    _, first = np.unique(groups, return_index=True)
    found = np.asarray(table)
    return found[0][first] if found.ndim > 1 else found[first]


def block_groups(parts: Parts, scheme: Scheme) -> dict[str, Array]:
    """Return which values of each block share a table entry; known from structure alone."""
    coef, intercept = (family_groups(parts, n, scheme.granularity).ravel() for n in ("coef", "intercept"))
    found = {"coef": coef}
    if scheme.intercept == "same-grid":
        found["coef"] = np.concatenate([coef, intercept])
    if scheme.intercept == "quantised":
        found["intercept"] = intercept
    per_value = METHODS[scheme.method].per_value
    return {name: np.arange(ids.size) if per_value else ids for name, ids in found.items()}


def exact_names(scheme: Scheme) -> tuple[str, ...]:
    """Return the names of the float arrays that a model quantised by `scheme` keeps beside its codes."""
    coded = scheme.intercept in co.CODED
    names: tuple[str, ...] = () if coded else ("intercept",)
    if scheme.space == "standardised":
        names += ("feature_scale", "feature_mean") if coded else ("feature_scale",)
    return names


def decoded_blocks(q: Quantized) -> dict[str, Floats]:
    """Return the decoded values of each block, in the coordinates in which they were rounded, (n,)."""
    return _DECODED[q.family](q)


def _decoded_linear(q: Quantized) -> dict[str, Floats]:
    method = METHODS[q.scheme.method]
    result = {}
    for block, codes in q.codes.items():
        _, index = np.unique(q.groups[block], return_inverse=True)
        tables = {name: t.astype(np.float64)[index] for name, t in q.tables[block].items()}
        result[block] = method.decode(codes.astype(np.float64), tables, q.scheme.bits)
    return result


def dequantize(q: Quantized) -> Parts:
    """Return the model that the codes stand for, with coefficients of the unscaled columns."""
    return _DEQUANTIZE[q.family](q)


def _dequantize_linear(q: Quantized) -> Parts:
    decoded = {name: v[None, :] for name, v in _decoded_linear(q).items()}
    coefs = co.raw_coef(decoded, q.exact, q.shape)
    if "intercept" in q.exact:
        intercepts = q.exact["intercept"].astype(np.float64)[None, :]
    else:
        intercepts = co.coded_intercept(decoded, q.exact, coefs)
    return Parts(q.family, {"coef": coefs[0], "intercept": intercepts[0]}, {}, q.meta)


_QUANTIZE: dict[str, Callable[[Parts, Scheme, Moments | None, Any], Quantized]] = {
    "linear": _quantize_linear,
    "trees": lambda parts, scheme, _moments, seen: quantize_leaves(parts, scheme, seen),
    "mlp": quantize_layers,
}
_DECODED: dict[str, Callable[[Quantized], dict[str, Floats]]] = {
    "linear": _decoded_linear,
    "trees": lambda q: {"leaf": decoded_leaves(q)},
    "mlp": decoded_layers,
}
_DEQUANTIZE: dict[str, Callable[[Quantized], Parts]] = {
    "linear": _dequantize_linear,
    "trees": dequantize_leaves,
    "mlp": dequantize_layers,
}
