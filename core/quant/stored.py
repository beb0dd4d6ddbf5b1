"""Trees as they are stored: packed when a size or a file first asks, and kept with what they were made of."""

from __future__ import annotations

from core.families.trees.kept import of_structure
from core.memo import beside
from core.packed import Packed, pack_codes, pack_structure, pack_values
from core.parts import Parts
from core.quant.quantized import Quantized


@of_structure
def stored_structure(parts: Parts) -> Packed:
    """Return the structure of trees packed: once for a model and all its quantised twins."""
    return pack_structure(parts.structure)


@beside(most=1)
def stored_values(parts: Parts) -> Packed:
    """Return the exact values of the leaves packed."""
    return pack_values(parts.values["leaf"])


@beside(most=1)
def stored_codes(q: Quantized) -> Packed:
    """Return the codes of the leaves packed, and their tables."""
    return pack_codes(q.codes["leaf"], q.scheme.bits, q.shape, q.tables["leaf"])


def skeleton(q: Quantized) -> Parts:
    """Return the model without its leaves."""
    return Parts(q.family, {}, q.structure, q.meta)
