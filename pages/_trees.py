"""Quantise for trees: where leaves land, bytes and figures over bits, what each tree lost, and the thresholds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import streamlit as st

from core import figures
from core.comparison import Comparison
from core.quant import METHODS, Scheme
from core.sweep import Sweep
from core.train import Trained
from pages import _choice, _codes, _lab, _shared, _state
from pages._format import amount, literal, size
from pages._result import PLOTLY


def unit_of(t: Trained) -> tuple[float, str]:
    """Return by what the value of a leaf is multiplied, and the unit it is then in."""
    target = t.dataset.target
    if not t.dataset.classes:
        return target.factor, target.unit or target.label
    return (1.0, "log-odds") if t.parts.meta["kind"] == "boosting" else (100.0, "%")


def choose_tree(count: int, key: str) -> int:
    """Draw the choice of one of `count` trees, where there are several, and return it, from 0.

    One choice for the whole visit: the tree whose leaves are looked at is the one whose path is shown.
    """
    state = st.session_state
    chosen: int = min(state.get("tree_shown", 0), count - 1)
    if count > 1:
        st.number_input(
            "Tree", 1, count, chosen + 1, step=1, key=_state.sync(key, chosen + 1), on_change=_take_tree, args=(key,),
            width=140, help=f"From 1 to {count}.",
        )  # fmt: skip
    return chosen


def _take_tree(key: str) -> None:
    state = st.session_state
    if isinstance(state[key], int) and state[key] >= 1:
        state.tree_shown = state[key] - 1


def leaves(c: Comparison) -> None:
    """Draw where leaves land: of one tree where each has a grid of its own, of all trees where they share one."""
    t, q = _state.trained(), c.quantized
    factor, unit = unit_of(t)
    count = len(q.structure["n_nodes"])
    single = q.scheme.granularity == "row" and not METHODS[q.scheme.method].per_value
    st.markdown("**Where the leaves land**")
    chart = st.container()
    tree = choose_tree(count, "tree_of_leaves") if single else None
    figure = _shared.drawn(
        f"leaves {tree}", _state.key(),
        lambda: figures.leaf_histogram(
            c.original, q, _state.twin().values["leaf"], tree, factor, unit, _shared.palette()
        ),
    )  # fmt: skip
    with chart:
        st.plotly_chart(
            figure, key="leaves", config=PLOTLY, alt="How many leaves have which value, and the levels of the codes"
        )
        st.caption(_shared.drawn(f"leaf words {tree}", _state.key(), lambda: _leaf_words(c, tree, factor, unit)))


def _leaf_words(c: Comparison, tree: int | None, factor: float, unit: str) -> str:
    """Return what the grid of the leaves is, and how much of it is in use."""
    q, grid = c.quantized, figures.leaf_levels(c.quantized, tree)
    if not len(grid):
        return "Every leaf has a grid of its own: a window round its value."
    used = len(np.unique(q.codes["leaf"][figures.leaves_of(q, tree)]))
    if tree is None:
        whose = "The leaves of all trees share one grid"
    else:
        whose = f"Tree {tree + 1} has a grid of its own" if len(q.structure["n_nodes"]) > 1 else "The tree has one grid"
    gap = literal(amount(float(np.diff(grid).mean() if len(grid) > 1 else 0.0) * factor, unit))
    apart = f"on average {gap} apart" if q.scheme.method == "codebook" else f"{gap} apart"
    drawn = "" if len(grid) <= figures.MOST_LEVELS else ", too close to draw"
    return f"{whose}: {len(grid):,} levels, {apart}{drawn}; {used:,} of them are in use."


def sizes(c: Comparison, found: Sweep | None, schemes: list[Scheme | None]) -> None:
    """Draw the bytes: over bits where every width has been tried, and part by part."""
    bodies: dict[str, Callable[[], None]] = {"Bytes by part": partial(by_part, c)}
    if found is not None:
        bodies["Bytes from 1 to 16 bits"] = partial(bytes_curve, c, found, schemes)
    for tab, body in zip(st.tabs(list(bodies), key="tree_bytes", on_change="rerun"), bodies.values(), strict=True):
        if tab.open:
            with tab:
                body()
    if c.not_smaller:
        st.warning(c.not_smaller, icon=":material/scale:")


def bytes_curve(c: Comparison, found: Sweep, schemes: list[Scheme | None]) -> None:
    """Draw the bytes of every width; a click takes it."""
    leaf = next(count for name, _, count in c.sizes["quantized"].items if name == "leaf")
    side = c.sizes["quantized"].side
    structure = c.sizes["quantized"].numbers - leaf - side
    figure = _shared.drawn(
        "bytes curve", _state.key(),
        lambda: figures.size_curve(
            found.points, c.quantized.scheme.bits, c.sizes["original"], structure, _shared.palette()
        ),
    )  # fmt: skip
    st.plotly_chart(
        figure, key="size_curve", config=PLOTLY, selection_mode="points",
        on_select=_choice.clicked("size_curve", schemes),
        alt="Bytes for 1 to 16 bits; click a point to take that width",
    )  # fmt: skip
    st.caption("Codes are packed: where few of them differ they take less than their bits. " + files(c))


def by_part(c: Comparison) -> None:
    """Draw where the bytes go in both models, part by part."""
    rows = [("original", c.sizes["original"]), ("quantised", c.sizes["quantized"])]
    figure = _shared.drawn("by part", _state.key(), lambda: figures.bytes_by_part(rows, _shared.palette()))
    st.plotly_chart(figure, key="by_part", config=PLOTLY, alt="Bytes of structure and leaves of both models")
    st.caption("Grey is the structure: exact, and the same in both models. Only the leaves become codes. " + files(c))


def files(c: Comparison) -> str:
    """Return the sizes of the files and, where it is known, of the estimator's, with how many times it is larger."""
    original, quantized = c.sizes["original"], c.sizes["quantized"]
    text = f"Files, with names, units and checks: {size(original.file)} against {size(quantized.file)}"
    if not c.joblib_bytes:
        return text + "."
    times = c.joblib_bytes / quantized.file
    return f"{text}; joblib's of the estimator: {size(c.joblib_bytes)}, {times:,.0f} times as large."


def by_tree(c: Comparison) -> None:
    """Draw the mean change of the leaves of each tree; of a single tree there is only one to say."""
    factor, unit = unit_of(_state.trained())
    errors = c.by_tree * factor
    mean, largest = (literal(amount(float(e), unit)) for e in (errors.mean(), errors.max()))
    if len(errors) == 1:
        st.caption(f"There is one tree: its leaves change by {mean} on average.")
        return
    figure = _shared.drawn(
        "by tree", _state.key(), lambda: figures.error_by_tree(c.by_tree, factor, unit, _shared.palette())
    )
    st.plotly_chart(figure, key="by_tree", config=PLOTLY, alt="Mean change of the leaves of each tree")
    worst = int(errors.argmax())
    whole = "Their errors average out in the mean of all trees." if _is_mean(c) else "Their errors add up in the sum."
    st.caption(
        f"Mean absolute change of a leaf, every leaf counting the same: {mean} over {len(errors):,} trees, at most "
        f"{largest} in tree {worst + 1}. {whole}"
    )


def _is_mean(c: Comparison) -> bool:
    return bool(c.original.meta["kind"] == "forest")


def changed(c: Comparison) -> None:
    """Draw the table of the leaves that changed most, with their codes."""
    _codes.table(c, "leaf", "The leaves that changed most")
    listed, total = len(c.parameters), c.quantized.n_codes
    kept = "All leaves" if listed == total else f"The {listed} of {total:,} values of leaves that changed most"
    unit = _state.trained().dataset.target.table_unit
    scale = f", in units of {literal(unit)}" if unit and not _state.trained().dataset.classes else ""
    st.caption(f"{kept}{scale}.")


def tabs(c: Comparison) -> None:
    """Draw what waits behind tabs; only the open one computes and draws anything."""
    bodies: dict[str, Callable[[], None]] = {
        "Error by tree": partial(by_tree, c),
        "Leaves": partial(changed, c),
        "Lab": partial(_lab.render, c),
    }
    for tab, body in zip(st.tabs(list(bodies), key="of_trees", on_change="rerun"), bodies.values(), strict=True):
        if tab.open:
            with tab:
                body()
