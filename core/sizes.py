"""Bytes, counted in full and explained: codes, side information, container, file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.parts import Parts
from core.quant import Quantized, Scheme, packed_size
from core.quant.methods import METHODS
from core.quant.quantize import block_groups, exact_names

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
}


@dataclass(frozen=True)
class Size:
    """Bytes of one model. `items` explains payload and side information, name by name.

    `payload` are the parameters themselves (packed codes, or floats); `side` is what decoding them needs;
    `file` is the whole file on disk that holds this model alone; `container` is the rest of that file.
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
    """Return the size of `parts` with every number stored as `kind`; `file` is the file's bytes."""
    count = parts.n_parameters
    payload = count * WIDTHS[kind]
    item = ("parameters", f"{count} numbers, {kind}", payload)
    return Size(payload, 0, file, (item,), count)


def quantized_size(q: Quantized, file: int) -> Size:
    """Return the size of a quantised model; every float that a method stores is charged."""
    payload = sum(packed_size(codes.size, q.scheme.bits) for codes in q.codes.values())
    items = {"codes": (f"{q.n_codes} codes of {q.scheme.bits} bits, packed", payload)}
    for named in (*q.tables.values(), q.exact):
        for name, array in named.items():
            items[name] = (_EXPLAINED[name], items.get(name, ("", 0))[1] + array.nbytes)
    listed = tuple((name, text, count) for name, (text, count) in items.items())
    side = sum(count for _, _, count in listed[1:])
    return Size(payload, side, file, listed, q.shape[0] * q.shape[1] + q.shape[0])


def numbers(scheme: Scheme, parts: Parts) -> int:
    """Return the bytes of codes and side information that `scheme` stores for `parts`."""
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
    listed = " and ".join(f"{count} bytes of {text.split(',')[0]}" for _, text, count in quantized.items[1:])
    return (
        f"The quantised model is not smaller: {quantized.numbers} bytes against {original.numbers}. "
        f"The codes take {quantized.payload} bytes, but they need {listed} beside them."
    )
