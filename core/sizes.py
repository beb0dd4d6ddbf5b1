"""Bytes, counted in full and explained: codes, side information, container, file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.families.mlp import MOST_LAYERS, shapes
from core.packed import PARTS, Packed
from core.packed import sizes as packed_sizes
from core.parts import Parts
from core.quant import Quantized, Scheme, packed_size
from core.quant.methods import METHODS
from core.quant.quantize import block_groups, exact_names
from core.quant.stored import skeleton, stored_codes, stored_structure, stored_values

# Bytes of one float as it is kept by NumPy, and by the two plain casts that serve as yardsticks.
WIDTHS = {"float64": 8, "float32": 4, "float16": 2}

_EXPLAINED = {
    "codes": "the codes, packed",
    "scale": "scales of the grids, float32",
    "zero_point": "zero points, as wide as a code",
    "offset": "lower ends of the grids, float32",
    "codebook": "the table of values, float32",
    "intercept": "the intercept, float32",
    "feature_scale": "scaling of the features, float32: raw rows must be divided by it",
    "feature_mean": "means of the features, float32: a coded intercept needs them",
    **{f"bias_{i}": f"the biases of layer {i + 1}, float32" for i in range(MOST_LAYERS)},
    "baseline": "what the sums of a boosting start from, float64",
}


@dataclass(frozen=True)
class Size:
    """Bytes of one model. `items` explains payload and side information, name by name.

    `payload` are the parameters themselves (packed codes, or floats), and of trees their structure; `side` is what
    decoding them needs; `file` is the whole file on disk that holds this model alone; `container` is the rest of that
    file.
    """

    payload: int
    side: int
    file: int
    items: tuple[tuple[str, str, int], ...]
    n_parameters: int

    @property
    def numbers(self) -> int:
        """Payload and side information: what a device must hold."""
        return self.payload + self.side

    @property
    def container(self) -> int:
        """What the file holds beside the numbers: names, units, settings, checks."""
        return self.file - self.numbers

    @property
    def scaling(self) -> int:
        """The part of the side information that only scales raw rows."""
        return sum(n for name, _, n in self.items if name.startswith("feature_"))

    @property
    def bits_per_parameter(self) -> float:
        """Effective bits per parameter, side information included."""
        return 8 * self.numbers / self.n_parameters

    def to_json(self) -> dict[str, Any]:
        """Return the four figures and their explanation."""
        return {
            "payload": self.payload,
            "side": self.side,
            "container": self.container,
            "file": self.file,
            "items": {name: count for name, _, count in self.items},
        }


def float_size(parts: Parts, file: int, kind: str = "float64") -> Size:
    """Return the size of `parts` with every number stored as `kind`; `file` is the file's bytes.

    Of trees the leaves are cast already: they are stored packed, which is smaller, and exactly.
    """
    count = parts.n_parameters
    if parts.family == "trees":
        return _trees_size(
            stored_structure(parts), stored_values(parts), f"{count} values of leaves, {kind}", file, count
        )
    payload = count * WIDTHS[kind]
    item = ("parameters", f"{count} numbers, {kind}", payload)
    return Size(payload, 0, file, (item,), count)


def quantized_size(q: Quantized, file: int) -> Size:
    """Return the size of a quantised model; every float that a method stores is charged."""
    if q.family == "trees":
        text = f"{q.n_codes} codes of leaves, {q.scheme.bits} bits"
        return _trees_size(stored_structure(skeleton(q)), stored_codes(q), text, file, q.n_codes)
    payload = sum(packed_size(codes.size, q.scheme.bits) for codes in q.codes.values())
    items = {"codes": (f"{q.n_codes} codes of {q.scheme.bits} bits, packed", payload)}
    for named in (*q.tables.values(), q.exact):
        for name, array in named.items():
            items[name] = (_EXPLAINED[name], items.get(name, ("", 0))[1] + array.nbytes)
    listed = tuple((name, text, count) for name, (text, count) in items.items())
    side = sum(count for _, _, count in listed[1:])
    return Size(payload, side, file, listed, _count(q))


def _count(q: Quantized) -> int:
    """Return how many numbers the original has, coded or not."""
    layers = shapes(q.shape[1], tuple(q.meta["hidden"]), q.shape[0]) if q.family == "mlp" else [q.shape]
    return sum(rows * (columns + 1) for rows, columns in layers)


def _trees_size(structure: Packed, leaves: Packed, text: str, file: int, count: int) -> Size:
    """Return the size of packed trees, part by part; `text` says how their `count` values are stored."""
    found = packed_sizes(structure, leaves)
    payload = [
        (name, text if name == "leaf" else words, found[name]) for name, words in PARTS.items() if name != "side"
    ]
    side = [
        (name.removeprefix("side."), _EXPLAINED[name.removeprefix("side.")], array.nbytes)
        for name, array in [*structure.arrays.items(), *leaves.arrays.items()]
        if name == "baseline" or name.startswith("side.")
    ]
    items = tuple(item for item in [*payload, *side] if item[2] or item[0] == "leaf")
    return Size(sum(n for *_, n in payload), sum(n for *_, n in side), file, items, count)


def numbers(scheme: Scheme, parts: Parts) -> int:
    """Return the bytes of codes and side information that `scheme` stores for a linear model.

    Those of trees are known when they are packed, see `quantized_size`.
    """
    n_outputs, n_columns = parts.values["coef"].shape
    method, code_bytes = METHODS[scheme.method], 1 if scheme.bits <= 8 else 2
    unused = "zero_point" if dict(scheme.params).get("zero_point") == "offset" else "offset"
    kinds = [kind for name, kind in method.tables.items() if method.per_value or name != unused]
    stored: int = 0
    for ids in block_groups(parts, scheme).values():
        sizes = np.unique(ids, return_counts=True)[1]
        width = {"float32": 4, "code": code_bytes, "row": 4 * min(2**scheme.bits, int(sizes.max()))}
        stored += packed_size(ids.size, scheme.bits) + len(sizes) * sum(width[kind] for kind in kinds)
    beside = sum(4 * (n_outputs if name == "intercept" else n_columns) for name in exact_names(scheme))
    return int(stored + beside)


def why_not_smaller(original: Size, quantized: Size) -> str:
    """Return why the quantised model is not smaller than the original, or "" when it is."""
    if quantized.numbers < original.numbers:
        return ""
    if any(name == "leaf" for name, *_ in quantized.items):
        return (
            f"The quantised model is not smaller: {quantized.numbers} bytes against {original.numbers}. The original's "
            f"leaves are packed without loss, and the codes need {quantized.side} bytes of tables beside them."
        )
    listed = " and ".join(f"{count} bytes of {text.split(',')[0]}" for _, text, count in quantized.items[1:])
    return (
        f"The quantised model is not smaller: {quantized.numbers} bytes against {original.numbers}. "
        f"The codes take {quantized.payload} bytes, but they need {listed} beside them."
    )
