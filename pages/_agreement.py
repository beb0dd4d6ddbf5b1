"""Where the two models agree: rows within a tolerance, and the rows that differ most; one of them opens in Predict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from core import figures
from core.agreement import Worst, changes, display_factor, share_within, usual_tolerance, worst
from core.comparison import Comparison
from core.errors import InvalidInput
from core.fields import Number
from core.train import Trained
from pages import _digits, _shared, _state
from pages._format import amount, literal
from pages._predict_cells import cells, is_word
from pages._predict_row import open_row
from pages._result import PLOTLY, card

POINTS = "percentage points"
TOLERANCE = Number(0, 0, 1e12)


def render(c: Comparison) -> None:
    """Draw the agreement of the current comparison `c`."""
    if not len(c.differences):
        st.caption("There are no test rows on which the two models could agree or differ.")
        return
    t, key = _state.trained(), _state.key()
    moved = _shared.drawn("changes", key, lambda: changes(c, t))
    with st.grid(columns=2, min_column_width=420, gap="medium"):
        with st.container():
            tolerance = _tolerance(t)
            _cards(c, t, share_within(moved, tolerance))
        with st.container():
            figure = _shared.drawn(
                f"agreement {tolerance}", key,
                lambda: figures.agreement_curve(moved, tolerance, _unit(t), _shared.palette()),
            )  # fmt: skip
            st.plotly_chart(figure, key="agreement", config=PLOTLY, alt="Share of test rows within each tolerance")
    _rows(t, _shared.drawn("worst", key, lambda: worst(c, t)))


def _unit(t: Trained) -> str:
    """Return the unit of a change; values without a unit go by the name of the target."""
    target = t.dataset.target
    return POINTS if t.dataset.classes else target.unit or target.label


def _tolerance(t: Trained) -> float:
    """Draw the input of the tolerance and return it; another data set starts with its own usual one."""
    state, of = st.session_state, (t.dataset.name, t.dataset.sha256, _unit(t))
    if state.get("agreement_of") != of:
        state.agreement_of, state.agreement_tolerance = of, usual_tolerance(t)
    what = "The probability of the true class" if t.dataset.classes else "A prediction"
    st.number_input(
        literal(f"Tolerance, {_unit(t)}"), key=_state.sync("tolerance_of_rows", state.agreement_tolerance),
        step=usual_tolerance(t) or 1.0, format="%.6g", on_change=_change_tolerance, width=260,
        help=f"{what} may move by this much and still count as equal. Allowed: {TOLERANCE.allowed}.",
    )  # fmt: skip
    found: float = state.agreement_tolerance
    return found


def _change_tolerance() -> None:
    state = st.session_state
    try:
        state.agreement_tolerance = float(TOLERANCE.check("tolerance", state.tolerance_of_rows))
    except InvalidInput as error:
        state.problems = [str(error)]
        return
    state.problems = []


def _cards(c: Comparison, t: Trained, share: float) -> None:
    """Draw the share of equal predictions, and how far they lie apart."""
    a, n, factor, unit = c.agreement, len(c.differences), display_factor(t), _unit(t)
    what = "change of the probability of the true class" if t.dataset.classes else "change of the prediction"
    # A dollar sign stands before its number; any other unit takes the place of the words beneath it.
    sign, below = ("$", "") if unit == "$" else ("", literal(unit))
    with st.grid(columns=2, min_column_width=150, gap="small"):
        card("Within tolerance", _percent(share), f"{round(share * n):,} of {n:,} rows", "Of the test rows.")
        for label, value, rows, meaning in (
            ("Median change", a.median, "half of the rows", f"Half of the test rows have a smaller {what}."),
            ("99th percentile", a.p99, "99 % of the rows", f"99 % of the test rows have a smaller {what}."),
            ("Largest change", a.largest, "one row",
             f"The largest {what}, at test row {int(np.abs(c.differences).argmax())}."),
        ):  # fmt: skip
            shown = "–" if value is None else literal(amount(value * factor, sign))
            card(label, shown, below or rows, meaning)
    if a.same is not None:
        st.caption(f"Both models give {n - len(a.flipped):,} of the {n:,} rows the same class: {_percent(a.same)}.")


def _percent(share: float) -> str:
    """Return a share in per cent; none but all rows would read 100 %."""
    return literal("> 99.99 %" if 0.99995 <= share < 1 else f"{100 * share:.2f} %")


def _rows(t: Trained, found: Worst) -> None:
    """Draw the rows that differ most; a click on one, or the button beneath, opens it in Predict."""
    st.markdown(f"**The {len(found.rows)} test rows that differ most**")
    table, config = _shared.drawn("worst rows", _state.key(), lambda: _sent(t, found))
    event: Any = st.dataframe(
        table, hide_index=True, key="worst_rows", on_select="rerun", selection_mode="single-row",
        column_config=config, placeholder="", alt="Test rows that differ most",
    )  # fmt: skip
    for place in event.selection.rows[:1]:
        _open(found, place)
    st.caption("Tick a row, or choose one here, to see it in Predict with everything that pushes its answers.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        unit = "points" if t.dataset.classes else _unit(t)
        signs = ["" if d < 0 else "+" for d in found.difference]
        names = [f"{r}: {s}{amount(d, unit)}" for r, s, d in zip(found.rows, signs, found.difference, strict=True)]
        place = st.selectbox("Test row", range(len(names)), format_func=names.__getitem__, key="worst_row", width=260)
        if st.button("Open in Predict", key="open_row", icon=":material/home_pin:"):
            _open(found, place)


def _open(found: Worst, place: int) -> None:
    if place in range(len(found.rows)):
        open_row(int(found.rows[place]))
        # With the address of the settings, so that the browser's way back is one step.
        st.switch_page("predict.py", query_params=_state.address())


@dataclass(frozen=True)
class Column:
    """One column of the table: its heading, what stands in it, what that means, how numbers are written."""

    heading: str
    values: Any
    meaning: str
    form: str | None = None


def _columns(t: Trained, found: Worst) -> list[Column]:
    """Return the answers, then the features of each row; a picture's 64 pixels would say nothing as numbers."""
    answers = _classes(t, found) if t.dataset.classes else _values(t, found)
    form = "%+.2f" if _unit(t) == "$" else "%+.4g"
    change = Column(f"difference, {_unit(t)}", found.difference, "Quantised minus original.", form)
    columns = [Column("test row", found.rows, "Counted as on the other pages."), change, *answers]
    if not _digits.is_picture(t.dataset):
        for f, values in zip(t.dataset.features, found.features.T, strict=True):
            heading = f.label if f.unit.lower() in f.label.lower() else f"{f.label}, {f.unit}"
            shown = cells(f, values) if is_word(f) else pa.array(values, from_pandas=True)
            columns.append(Column(heading, shown, f.meaning, f"%.{f.decimals}f"))
    return columns


def _values(t: Trained, found: Worst) -> list[Column]:
    """Return true value and both predictions; dollars are whole, as everywhere."""
    unit, meaning = _unit(t), t.dataset.target.meaning
    three = (("true value", found.true), ("original", found.original), ("quantised", found.quantized))
    if unit == "$":
        return [Column(f"{n}, $", np.rint(v).astype(np.int64), meaning, "localized") for n, v in three]
    return [Column(f"{name}, {unit}", values, meaning, "%.4g") for name, values in three]


def _classes(t: Trained, found: Worst) -> list[Column]:
    """Return the true class, what both models say, and how likely each finds the true class."""
    names, meaning = t.dataset.classes, t.dataset.target.meaning
    first, second = found.classes.T
    three = (("true class", found.true), ("original says", first), ("quantised says", second))
    columns = [Column(heading, [names[int(k)] for k in numbers], meaning) for heading, numbers in three]
    for name, values in (("original", found.original), ("quantised", found.quantized)):
        columns.append(Column(f"{name}, %", values, "Probability of the true class.", "%.4g"))
    return columns


def _sent(t: Trained, found: Worst) -> tuple[pa.Table, dict[str, Any]]:
    """Return table and settings of its columns in the form in which they are sent; no two have the same heading."""
    values: dict[str, Any] = {}
    config: dict[str, Any] = {}
    for column in _columns(t, found):
        name = column.heading if column.heading not in values else f"{column.heading} ({len(values)})"
        values[name], meaning = column.values, literal(column.meaning)
        if isinstance(column.values, list):
            config[name] = st.column_config.TextColumn(name, help=meaning)
        else:
            config[name] = st.column_config.NumberColumn(name, help=meaning, format=column.form)
    return pa.table(values), config
