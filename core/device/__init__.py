"""What a prediction costs a small device: flash, working memory and operations, from the structure alone.

The program that is counted is the plain one: codes are read one after the other, what a group of codes shares is
multiplied in once a group, and the answer is that of the decoded model. Sums start at the intercept, or at zero,
and each term is one addition. A subtraction and a comparison count as additions. Not counted are loads, stores,
loop counters, turning a whole number into a float, the bytes of the program itself, and those of its constants: what
fills gaps, and the numbers of the categories.
"""

from __future__ import annotations

from core.device import layers, linear, trees
from core.device.budget import MOST_BYTES, check_budget, read_budget
from core.device.cost import OPERATIONS, Estimate, columns_work
from core.device.linear import decoding
from core.parts import Parts
from core.prepare import Preparation
from core.quant import Quantized

__all__ = ["MOST_BYTES", "OPERATIONS", "Estimate", "check_budget", "decoding", "estimate", "read_budget"]

_ORIGINAL = {"linear": linear.original, "trees": trees.original, "mlp": layers.original}
_QUANTISED = {"linear": linear.quantised, "trees": trees.quantised, "mlp": layers.quantised}


def estimate(model: Parts | Quantized, preparation: Preparation) -> Estimate:
    """Return what one prediction costs, from a raw row to the answer, for an original or a quantised model.

    An original computes in float64, as it is stored, a quantised one in float32. Of trees it is the most that a row
    can cost.
    """
    known = _QUANTISED[model.family](model) if isinstance(model, Quantized) else _ORIGINAL[model.family](model)
    work = known.work + columns_work(preparation)
    counts = {name: work[name] for name in OPERATIONS}
    return Estimate(known.flash, sum(n for _, _, n in known.items), **counts, items=known.items)
