"""What is wrong with the bytes: codes that say nothing, tables wider than their contents, more beside than inside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.comparison import Comparison
from core.diagnose.cure import best_cure, cure_of, lowers_bytes, lowers_either, lowers_error, material
from core.diagnose.finding import Finding
from core.quant import METHODS
from core.quant.levels import levels
from core.quant.quantize import block_groups
from core.train import Trained


def codes_unused(trained: Trained, c: Comparison) -> Finding | None:
    """Find different coefficients that share half as many codes as they could have, or fewer.

    Half the codes are one bit of each. Below four different coefficients there is not much to tell apart.
    """
    q = c.quantized
    count, own_grids = q.shape[0] * q.shape[1], METHODS[q.scheme.method].per_value
    used = len(np.unique(q.codes["coef"][:count]))
    values = len(np.unique(np.array([p.original for p in c.parameters[:count]], dtype=np.float32)))
    available = len(levels(q, "coef", 0))
    if values < 4 or 2 * used > min(values, available):
        return None
    if own_grids:
        cure = best_cure(trained, c, ("symmetric", "asymmetric"), lowers_either)
        why = "the floats beside the codes tell them apart"
    elif material(trained, c):
        cure = best_cure(trained, c, ("standardise", "refit", "keep", "own code", "fit scale"), lowers_error)
        why = "many can no longer be told apart"
    else:
        return None
    if cure is None:
        return None
    text = f"{values:,} different coefficients share {used:,} of {available:,} codes: {why}."
    return Finding("codes_unused", text, {"used": used, "available": available, "coefficients": values}, cure)


def side_exceeds_codes(trained: Trained, c: Comparison) -> Finding | None:
    """Find more bytes beside the codes than in them, where a setting with fewer loses little."""
    size, method = c.sizes["quantized"], METHODS[c.quantized.scheme.method]
    if size.side <= size.payload:
        return None
    # Floats for every value, or a table of them, are the method's own; else it is the scaling or the many scales.
    dear = method.per_value or "codebook" in method.tables
    changes = ("symmetric", "asymmetric") if dear else ("raw", "tensor", "symmetric")
    cure = best_cure(trained, c, changes, lowers_bytes)
    if cure is None:
        return None
    scaling = f", {size.scaling:,} of them to scale the features" if size.scaling else ""
    text = f"The codes take {size.payload:,} bytes, what stands beside them {size.side:,}{scaling}."
    evidence = {"codes": size.payload, "side": size.side, "scaling": size.scaling}
    return Finding("side_exceeds_codes", text, evidence, cure)


def _bits(count: int) -> str:
    return f"{count} bit{'s' if count > 1 else ''}"


def more_levels_than_values(trained: Trained, c: Comparison) -> Finding | None:
    """Find a table that has an entry for every value, and codes with more bits than naming an entry takes."""
    q = c.quantized
    if "codebook" not in q.tables["coef"]:
        return None
    groups = block_groups(trained.parts, q.scheme)["coef"]
    values = np.array([p.original for p in c.parameters[: len(groups)]], dtype=np.float32)
    most = max(len(np.unique(values[groups == g])) for g in np.unique(groups))
    needed = max(int(np.ceil(np.log2(most))), 1)
    if needed >= q.scheme.bits:
        return None
    cure = cure_of(trained, c, f"Take {_bits(needed)}", replace(q.scheme, bits=needed))
    if cure is None or not lowers_bytes(trained, cure):
        return None
    text = (
        f"Codes of {q.scheme.bits} bits can name {2**q.scheme.bits:,} values, and a table holds {most:,}: "
        f"{_bits(needed)} {'are' if needed > 1 else 'is'} enough."
    )
    return Finding("more_levels_than_values", text, {"levels": 2**q.scheme.bits, "values": most, "bits": needed}, cure)
