"""Tree models in as few bytes as they need: structure and leaves to flat arrays with a small header, and back.

The structure is exact; leaves are exact values, or codes of a few bits. A file that holds a model and its quantised
twin stores the structure once. Nothing here runs what it reads, and every array is checked before it is used.
"""

from core.packed.leaves import MOST_VALUES, pack_codes, pack_values, unpack_codes, unpack_values
from core.packed.sections import Packed
from core.packed.sizes import PARTS, sizes
from core.packed.structure import MOST_NODES, pack_structure, unpack_structure

__all__ = [
    "MOST_NODES",
    "MOST_VALUES",
    "PARTS",
    "Packed",
    "pack_codes",
    "pack_structure",
    "pack_values",
    "sizes",
    "unpack_codes",
    "unpack_structure",
    "unpack_values",
]
