"""The byte budget of a visit, set once and kept in view, and what a prediction needs on a small device."""

from __future__ import annotations

import pyarrow as pa
import streamlit as st

from core.comparison import Comparison
from core.device import OPERATIONS, Estimate, estimate
from pages import _shared, _state
from pages._format import size

_HELP = (
    "How many bytes the numbers of a model may take: codes and all side information, the scaling of the features "
    "included. Names and units in the file are not counted. Empty for no budget."
)
_COUNTED = (
    "Estimated from the structure, for a plain program: the step of a group of codes is multiplied in once a group. "
    "Flash holds codes and side information, the program comes on top. Loads, stores, loops and turning whole numbers "
    "into floats are not counted; a subtraction or a comparison counts as an addition. The original computes in "
    "float64, the quantised model in float32."
)
_OF_TREES = (
    " The packed file is not what a program can walk through: on a device the structure stands in whole bytes, and the "
    "longest way through every tree is counted."
)


def value() -> int | None:
    """Return the budget in bytes, or None."""
    return _state.budget()


def words(numbers: int) -> str:
    """Return whether `numbers` bytes fit into the budget and by how much; "" without a budget."""
    budget = value()
    if budget is None:
        return ""
    if numbers > budget:
        return f"{_bytes(numbers - budget)} too many"
    return f"fits, {_bytes(budget - numbers)} to spare" if numbers < budget else "fits exactly"


def ending(numbers: int) -> str:
    """Return the same as the end of a sentence about bytes, from its colon; "" without a budget."""
    budget = value()
    if budget is None:
        return ""
    if numbers > budget:
        return f": {words(numbers)} for a budget of {budget:,}"
    return f": {words(numbers).replace('fits', f'fits a budget of {budget:,}', 1)}"


def _bytes(count: int) -> str:
    return f"{count:,} byte{'' if count == 1 else 's'}"


def control() -> None:
    """Draw the input, and beneath it whether the current model fits."""
    st.number_input(
        "Byte budget", value=None, step=1, key=_state.sync("budget", value()), placeholder="none", help=_HELP,
        on_change=_state.change_budget, args=("budget",),
    )  # fmt: skip
    line()


def line(before: str = "") -> None:
    """Write whether the current model fits, after a word of what it must fit; nothing without a budget."""
    budget = value()
    if budget is None:
        return
    numbers = _state.comparison().sizes["quantized"].numbers
    sign, colour = ("check_circle", "green") if numbers <= budget else ("error", "red")
    st.markdown(f":{colour}[:material/{sign}: {before}{words(numbers)}]")


def device_line(c: Comparison) -> None:
    """Write what a prediction of `c`, the current comparison, needs on a device, and draw how that is counted."""
    before, after = _shared.drawn("device", _state.key(), lambda: _estimates(c))
    with st.container(key="device", horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"On a device: {_summary(after)}", width="content")
        with st.popover("How it is counted", type="tertiary", key="device_box", on_change="rerun") as box:
            if box.open:
                st.dataframe(
                    _table(before, after), hide_index=True, key="device_table", alt="Needs of one prediction",
                    column_config={"one prediction": st.column_config.TextColumn(width=166)}, width="content",
                )  # fmt: skip
                st.caption(_COUNTED + (_OF_TREES if c.original.family == "trees" else ""))


def _estimates(c: Comparison) -> tuple[Estimate, Estimate]:
    trained = _state.trained()
    return estimate(trained.parts, trained.preparation), estimate(c.quantized, trained.preparation)


def _summary(e: Estimate) -> str:
    """Return flash, working memory and operations; each operation by itself for those who count bytes."""
    counts = {name: getattr(e, name) for name in OPERATIONS if getattr(e, name)}
    memory = f"flash {size(e.flash)}, working memory {size(e.ram)}"
    if value() is None:
        return f"{memory}, {sum(counts.values()):,} operations a prediction."
    listed = ", ".join(f"{n:,} {name if n > 1 else name.removesuffix('s')}" for name, n in counts.items())
    return f"{memory}, {listed} a prediction."


def _table(before: Estimate, after: Estimate) -> pa.Table:
    both = (before, after)
    rows = [("flash, bytes", [e.flash for e in both]), ("working memory, bytes", [e.ram for e in both])]
    for part in dict.fromkeys(text for e in both for _, text, _ in e.items):
        rows.append((f"– {part}", [sum(n for _, text, n in e.items if text == part) for e in both]))
    counts = [(name, [getattr(e, name) for e in both]) for name in OPERATIONS]
    rows += [(name, found) for name, found in counts if any(found)]
    columns = {"one prediction": [name for name, _ in rows]}
    return pa.table(
        columns | {model: [found[i] for _, found in rows] for i, model in enumerate(("original", "quantised"))}
    )
