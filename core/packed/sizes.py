"""Where the bytes of a packed tree model go, counted from the arrays that are stored."""

from __future__ import annotations

from core.packed.sections import Packed

# Every part with what it is; arrays belong to the part whose prefix they have.
PARTS = {
    "leaf_map": "which nodes are leaves, one bit each",
    "feature": "the feature that each split asks",
    "threshold": "the place of each split's threshold in its table",
    "table": "the thresholds, sorted, feature by feature",
    "missing": "where each split sends missing values, one bit each",
    "leaf": "values or codes of the leaves",
    "side": "scales, zero points and codebooks of the codes, and starting values",
}
_OF_STRUCTURE = {
    "leaf_map": "leaf_map",
    "feature": "feature",
    "threshold": "threshold",
    "counts": "table",
    "missing_left": "missing",
    "baseline": "side",
}


def sizes(structure: Packed | None = None, leaves: Packed | None = None) -> dict[str, int]:
    """Return the bytes of every part of what is given; together they are the bytes of all arrays."""
    found = dict.fromkeys(PARTS, 0)
    for name, array in structure.arrays.items() if structure else ():
        found["table" if name.startswith("table.") else _OF_STRUCTURE[name]] += array.nbytes
    for name, array in leaves.arrays.items() if leaves else ():
        found["side" if name.startswith("side.") else "leaf"] += array.nbytes
    return found
