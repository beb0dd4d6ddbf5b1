"""What is said of a batch on the Monitor page: one sentence, the figures that matter, and the table of features."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import streamlit as st

from core.drift import DRIFT, FEW, LITTLE, NONE, Column, DriftReport, Performance
from core.intervals import SAME
from core.metrics import LABELS
from pages import _monitor_source, _monitor_state, _state
from pages._format import amount, listed, literal, money, number
from pages._monitor_source import Current
from pages._result import card

# So many features are named in the sentence.
NAMED = 3
SIGNS = {
    DRIFT: ":red[:material/error:]", LITTLE: ":material/info:", NONE: ":green[:material/check_circle:]",
    FEW: ":material/hourglass_empty:",
}  # fmt: skip
WORDS = {DRIFT: "drift", LITTLE: "differ little", NONE: "no evidence", FEW: "too few"}


def finding(now: Current) -> None:
    """Write the one sentence that is the result."""
    r = now.report
    where = f"{r.rows:,} {'rows of ' + literal(now.name) if now.name else 'simulated rows'}"
    with st.container(key="finding"):
        st.markdown(f"{SIGNS[r.verdict]} **{_verdict(r)}** {where}{_predictions(r)}{_gap(r)}.")


def _verdict(r: DriftReport) -> str:
    """Return what is said of the features, the worst by name."""
    n = len(r.features)
    if r.verdict_features == FEW:
        return f"Too few rows for a verdict: at least {r.limits.least} are needed."
    for verdict, words in ((DRIFT, "Drift in"), (LITTLE, "Measurably different, but little, in")):
        named = [literal(column.label) for column in r.by_severity if column.verdict == verdict]
        if named:
            more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
            return f"{words} {len(named)} of {n} features: {', '.join(named[:NAMED])}{more}."
    return f"No evidence of drift in {_many(n, 'feature')}."


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _predictions(r: DriftReport) -> str:
    said = {DRIFT: "predictions drift with them", LITTLE: "predictions differ, but little", NONE: "predictions hold"}
    return f"; {said[r.verdict_predictions]}" if r.verdict_predictions in said and r.predictions else ""


def _gap(r: DriftReport) -> str:
    """Return what became of the gap between the two models, which nobody else would look at."""
    if r.gap is None or r.gap.verdict in (FEW, "not known"):
        return ""
    if r.gap.verdict == SAME:
        return "; no evidence that the gap between :blue[original] and :orange[quantised] changed"
    return f"; the gap between :blue[original] and :orange[quantised] is measurably {r.gap.verdict}"


def notes(now: Current) -> None:
    """Write what the figures do not say: where the rows are from, columns left out, rows without an answer."""
    r = now.report
    said = [] if now.name else [f"Drawn from {now.source}"]
    if said and r.rows < _monitor_state.simulation().rows:
        said[0] += f": {r.rows:,}, and none twice"
    if r.ignored:
        said.append(f"Columns that the model does not have are left out: {literal(', '.join(r.ignored))}")
    if r.unanswered:
        said.append(f"{_many(r.unanswered, 'row')} without a number that the models need, and so without predictions")
    st.caption(". ".join([*said, *(literal(note.rstrip(".")) for note in r.notes)]) + "." if said or r.notes else "")


def cards(now: Current) -> None:
    """Draw how many features drift, what lies outside, predictions, the gap, and performance where targets came."""
    r, t = now.report, _state.trained()
    drifting, little = (sum(c.verdict == v for c in r.features) for v in (DRIFT, LITTLE))
    found = r.predictions.get("original")
    shown = 2 + (found is not None and found.ks is not None) + (r.gap is not None) + len(r.performance)
    with st.grid(columns=shown, min_column_width=150 if shown > 5 else 182):
        card(
            "Drift", f"{drifting} of {len(r.features)}", f"{little} differ little",
            f"Features with drift. {r.n_tests} tests share a level of {100 * r.limits.alpha:g} % for the whole batch, "
            "after Holm; drift must also be large enough to matter.",
        )  # fmt: skip
        card(
            "Out of range", f"{r.outside:,}", f"of {r.rows:,} rows",
            "Rows with a number beyond the training range. Both models only guess there.",
        )  # fmt: skip
        if found is not None and found.ks is not None:
            card(
                "Prediction KS", number(found.ks), WORDS[found.verdict],
                "The largest distance between the original's predictions here and on the held-back rows, as a share "
                "of the rows. It needs no true values.",
            )  # fmt: skip
        _gap_card(r, t.dataset.target.unit, t.dataset.target.factor)
        for one in r.performance:
            _performance(one)


def _gap_card(r: DriftReport, unit: str, factor: float) -> None:
    if r.gap is None:
        return
    values = [r.gap.mean, r.gap.reference]
    classes = bool(_state.trained().dataset.classes)
    shown = ["–" if v is None else f"{100 * v:.2f} %" if classes else literal(amount(v * factor, unit)) for v in values]
    what = "Share of the rows to which the two models give different classes"
    card(
        "Gap of the two", shown[0], f"test rows {shown[1]}",
        f"{what if classes else 'Mean distance between the predictions of the two models'}, here and on the test rows: "
        f"{r.gap.verdict}.",
    )  # fmt: skip


def _performance(one: Performance) -> None:
    name = {"original": "Original", "quantized": "Quantised"}[one.variant]
    value, low, high, reference = (_figure(one.metric, v) for v in (one.value, one.low, one.high, one.reference))
    interval = "" if one.low is None else f" From {low} to {high} in resamples of the rows."
    card(
        f"{name} {LABELS[one.metric]}", value, f"test rows {reference}",
        f"On the true values that came with the batch: {one.verdict}.{interval}",
    )  # fmt: skip


def _figure(metric: str, value: float | None) -> str:
    """Return a figure of a model: an error in the unit on screen, anything else as it is."""
    if value is None or metric not in ("mae", "rmse"):
        return number(value)
    target = _state.trained().dataset.target
    return literal(money(value * target.factor, target.unit))


def on_view(now: Current) -> Column:
    """Return the feature on view: the one chosen, else the one that is simulated, or of a file the worst."""
    wanted = st.session_state.get("monitor_feature", "")
    columns = {column.name: column for column in now.report.features}
    if wanted in columns:
        return columns[wanted]
    return now.report.by_severity[0] if now.name else columns[_monitor_source.changed()]


def moved(column: Column) -> str:
    """Return how far values have moved, in the unit, which stands apart where it begins with a number of its own."""
    if column.wasserstein is None:
        return "–"
    apart = column.unit if column.unit[:1].isalpha() or not column.unit else f"({column.unit})"
    return amount(column.wasserstein, apart)


def table(now: Current) -> None:
    """Draw the features by severity; choosing a row, or the menu above the chart, shows it."""
    names = tuple(column.name for column in now.report.by_severity)
    clicks = st.session_state.get("monitor_clicks", 0)
    key = f"drift_rows_{clicks}"
    sent, config = now.made("table", lambda: _sent(now.report))
    with st.container(key="drift_rows"):
        st.dataframe(
            sent, hide_index=True, key=key, on_select=lambda: _take_row(key, names, clicks), placeholder="–",
            selection_mode="single-row", column_config=config, alt="Features by severity",
        )  # fmt: skip


def _take_row(key: str, names: tuple[str, ...], clicks: int) -> None:
    """Show the feature of a chosen row; a click on a table that is gone is not heard again."""
    state = st.session_state
    shown = state.get(key)
    for place in shown.selection.rows[:1] if shown else ():
        if place in range(len(names)) and clicks == state.get("monitor_clicks", 0):
            state.monitor_clicks, state.monitor_feature = clicks + 1, names[place]


def _sent(r: DriftReport) -> tuple[pa.Table, dict[str, Any]]:
    """Return the table and the settings of its columns in the form in which they are sent."""
    worst = r.by_severity
    columns: dict[str, list[Any]] = {
        "feature": [listed(c.label) for c in worst],
        "verdict": [c.verdict for c in worst],
        "KS": [c.ks for c in worst],
        "Wasserstein": [listed(moved(c)) for c in worst],
        "PSI": [c.psi for c in worst],
        "chi-square": [c.chi_square for c in worst],
        "missing, %": [100 * c.missing for c in worst],
        "out of range, %": [100 * (c.below + c.above) for c in worst],
        "new, %": [100 * c.unseen for c in worst],
    }
    if not any(c.kind == "text" for c in worst):
        del columns["chi-square"], columns["new, %"]
    types = {"KS": pa.float64(), "PSI": pa.float64(), "chi-square": pa.float64()}
    found = {name: pa.array(values, types.get(name)) for name, values in columns.items()}
    return pa.table(found), {name: _column(name) for name in columns}


MEANINGS = {
    "verdict": "Drift: significant after Holm's correction over all tests of the batch, and large enough to matter.",
    "KS": "Kolmogorov and Smirnov: the largest share of rows that has moved past some value. Sees a shift early.",
    "Wasserstein": "How far values have moved on average, in the unit of the feature.",
    "PSI": "Population stability index over twenty bins: sees gross changes, and those late. Above 0.25 is often "
    "called a large change, below 0.1 none.",
    "chi-square": "Counts of categories against the shares in training, unseen ones among them.",
    "missing, %": "Missing values.",
    "out of range, %": "Values below or above everything that training saw.",
    "new, %": "Texts that training never saw.",
}


def _column(name: str) -> Any:
    """Return width, form and meaning of one column."""
    if name in ("feature", "verdict", "Wasserstein"):
        return st.column_config.TextColumn(name, help=MEANINGS.get(name), alignment=_side(name))
    form = "%.2f" if name.endswith("%") else "%.4f"
    return st.column_config.NumberColumn(name, help=MEANINGS[name], format=form)


def _side(name: str) -> Any:
    return "right" if name == "Wasserstein" else "left"
