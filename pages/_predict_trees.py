"""Predict, where no coefficients push: what each value changes, and of trees the way of the row through one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from core import families
from core.datasets import Feature
from core.families.trees import Path, path
from core.parts import Floats
from core.train import Trained
from pages import _state
from pages._format import literal, number
from pages._predict_cells import MISSING, cell
from pages._predict_pushes import draw
from pages._predict_row import middle
from pages._trees import choose_tree, unit_of

CAPTION = (
    "By how much the answer would change if one value alone were the usual one: the median of the training rows, or "
    "their most frequent text. Such changes need not add up to anything."
)


def effects(t: Trained, row: Floats, chosen: int | None = None) -> tuple[Floats, Floats]:
    """Return by how much the answers of both models change as each feature takes its usual value, (n_features,) each.

    The answer for the row less the answer with the median, or the most frequent text, in place of one value. Of
    classes it is the probability of the `chosen` one.
    """
    rows = np.repeat(row[None, :], len(row) + 1, axis=0)
    usual = np.arange(len(row))
    rows[usual + 1, usual] = middle(t)
    X = t.preparation.expand(rows)
    found = []
    for parts in (t.parts, _state.twin()):
        said = families.outputs(parts, X)
        said = said if chosen is None else said[:, chosen]
        found.append(said[0] - said[1:])
    return found[0], found[1]


def bars(t: Trained, row: Floats, before: Floats, after: Floats, unit: str, caption: str) -> None:
    """Draw the effects of all features, the largest ones of many."""
    names = [_named(f, float(v)) for f, v in zip(t.dataset.features, row, strict=True)]
    draw(names, before, after, unit, caption, "change against the usual value")


def _named(feature: Feature, value: float) -> str:
    """Return the name of a feature, with the text that stands in the row."""
    if not (feature.categories or feature.flag):
        return feature.name
    said = cell(feature, value)
    return f"{feature.name}: {MISSING if said is None else said}"


def way(t: Trained, row: Floats) -> None:
    """Draw the questions that lead the row through one tree, and what the leaf says in both models; else nothing."""
    if t.parts.family != "trees":
        return
    c = _state.comparison()
    count = len(c.quantized.structure["n_nodes"])
    with st.expander("The way through one tree", key="path_box", icon=":material/account_tree:",
                     on_change="rerun") as box:  # fmt: skip
        if not box.open:
            return
        tree = choose_tree(count, "tree_of_path")
        columns = t.preparation.expand(row[None, :])[0]
        found, twin = path(t.parts, columns, tree), path(_state.twin(), columns, tree)
        names = t.preparation.columns
        st.dataframe(
            _table(found, len(twin.steps), names), hide_index=True, key="path",
            alt="Questions on the way of the row through the tree", column_config=_columns(),
        )  # fmt: skip
        st.markdown(_said(t, found, twin))
        st.caption(_part(t, count))


def _columns() -> dict[str, Any]:
    right = {n: st.column_config.TextColumn(n, alignment="right", width=72) for n in ("the row has", "at most")}
    return {
        "": st.column_config.TextColumn("", width=36, alignment="right"),
        "question": st.column_config.TextColumn("question", width=110),
        **right,
        "answer": st.column_config.TextColumn("answer", width=110),
    }


def _table(found: Path, kept: int, names: Sequence[str]) -> pa.Table:
    """Return the questions in order; those beyond `kept` are left out of the quantised model."""
    steps = found.steps
    return pa.table(
        {
            "": [str(i + 1) for i in range(len(steps))],
            "question": [names[s.feature] for s in steps],
            "the row has": [MISSING if s.missing else f"{s.value:.6g}" for s in steps],
            "at most": [f"{s.threshold:.6g}" for s in steps],
            "answer": [
                ("yes, left" if s.left else "no, right") + ("" if i < kept else ", original only")
                for i, s in enumerate(steps)
            ],
        }
    )


def _said(t: Trained, found: Path, twin: Path) -> str:
    """Return what the leaf says in both models."""
    factor, unit = unit_of(t)
    if len(found.says) > 1:
        classes = t.dataset.classes
        best = np.argsort(-np.array(found.says), kind="stable")[:3]
        each = [
            f"{literal(classes[i])} :blue[{100 * found.says[i]:.4g} %] → :orange[{100 * twin.says[i]:.4g} %]"
            for i in best
        ]
        others = ", and less of others." if len(classes) > 3 else "."
        return f"Leaf {found.leaf + 1:,} says: {', '.join(each)}{others}"
    before, after = (_value(p.says[0] * factor, unit) for p in (found, twin))
    return f"Leaf {found.leaf + 1:,} says :blue[{before}] in the original and :orange[{after}] in the quantised model."


def _value(value: float, unit: str) -> str:
    text = number(value, 6)
    return literal(f"${text}" if unit == "$" else f"{text} {unit}")


def _part(t: Trained, count: int) -> str:
    """Return what the leaf has to do with the answer."""
    kind, classes = t.parts.meta["kind"], t.dataset.classes
    if kind == "boosting":
        many = len(t.parts.structure["baseline"])
        turn = f" Trees speak for the {many} classes in turn." if many > 1 else ""
        what = "The answer is the sum of the leaves of all trees and a starting value"
        return f"{what}{', turned into probabilities' if classes else ''}: one leaf is a small correction.{turn}"
    return "The leaf is the answer." if count == 1 else f"The answer is the mean of the leaves of all {count:,} trees."
