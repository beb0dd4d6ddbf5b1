"""Two to five chosen runs side by side: what differs, figures with their intervals, curves over bits."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import figures, runs
from core.datasets import OWN, Dataset
from core.errors import InvalidInput
from core.figures import Mark
from core.metrics import LABELS
from core.models import MODELS
from core.runs import Gap, Registry, Run
from pages import _runs_one, _runs_store, _shared
from pages._format import listed, number, signed, size
from pages._result import PLOTLY
from pages._runs_table import method_label

MOST = runs.MOST_COMPARED


def render(chosen: tuple[Run, ...]) -> None:
    """Draw the comparison."""
    st.subheader(f"{len(chosen)} runs side by side", anchor=False)
    names = _names(chosen)
    with st.container(horizontal=True):
        st.button("Intervals against run 1", key="runs_intervals", on_click=_ask, args=(chosen,),
                  icon=":material/difference:", disabled=_runs_store.busy(),
                  help="Each run minus the first one, on the rows that neither was trained on.")  # fmt: skip
        _runs_one.report(chosen)
        _runs_one.delete(chosen)
    differ = [(_setting(name), values) for name, values in runs.differences(chosen)]
    st.markdown("**What differs**")
    if differ:
        _table(differ, names, "runs_differ", "Settings in which the chosen runs differ")
    else:
        st.caption("Nothing: these runs have the same settings on the same data.")
    st.markdown("**Figures and sizes**")
    _table(_figures(chosen), names, "runs_figures", "Figures and sizes of the chosen runs")
    if len({run.metric for run in chosen}) > 1:
        return
    marks = [mark(run, name) for run, name in zip(chosen, names, strict=True)]
    title = LABELS.get(chosen[0].metric, chosen[0].metric)
    with st.grid(columns=2, min_column_width=420, gap="medium"):
        with st.container():
            _differences(marks, title)
        with st.container():
            _curves(chosen, marks, title)


def _setting(name: str) -> str:
    """Return what a setting is called: "bits (scheme)"."""
    part, _, rest = name.partition(".")
    return f"{rest.removeprefix('params.')} ({part})"


def _names(chosen: tuple[Run, ...]) -> tuple[str, ...]:
    """Return a short name for each run, of which no two are the same."""
    return tuple(f"{i}. {run.label}" for i, run in enumerate(chosen, 1))


def _table(rows: list[tuple[str, Any]], names: tuple[str, ...], key: str, alt: str) -> None:
    """Draw one row for each thing and one column for each run."""
    found = [{"": name, **{listed(n): str(v) for n, v in zip(names, values, strict=True)}} for name, values in rows]
    first = {"": st.column_config.TextColumn("", width=230)}
    st.dataframe(found, hide_index=True, key=key, column_config=first, alt=alt)


def _figures(chosen: tuple[Run, ...]) -> list[tuple[str, Any]]:
    """Return figures with their intervals and sizes, a value for each run."""
    found: list[tuple[str, Any]] = []
    for metric in dict.fromkeys(run.metric for run in chosen):
        name = LABELS.get(metric, metric)
        for title, variant in (("original", "original"), ("quantised", "quantized")):
            for part in ("test", "train"):
                values = [r.score(variant, part) if r.metric == metric else None for r in chosen]
                found.append((f"{name}, {title}, {part}", [number(v) for v in values]))
    found.append(("difference, test", [_gap(run.difference) for run in chosen]))
    if len({(run.metric, run.data_sha256) for run in chosen}) == 1:
        found.append(("against run 1, held-back rows", ["", *(_against(chosen[0], run) for run in chosen[1:])]))
    for title, variant in (("original", "original"), ("quantised", "quantized")):
        counts = [run.size(variant, "numbers") for run in chosen]
        found.append((f"bytes, {title}", ["–" if n is None else f"{n:,}" for n in counts]))
    found.append(("file", [size(run.bytes) for run in chosen]))
    return found


def _gap(gap: Gap | None) -> str:
    """Return a difference with its interval."""
    return "–" if gap is None else f"{signed(gap.value)} ({signed(gap.low)} to {signed(gap.high)})"


def _against(first: Run, run: Run) -> str:
    """Return what is known of a run against the first one, on the rows that neither was trained on."""
    known: dict[tuple[str, str], Gap | None] = st.session_state.get("runs_gaps", {})
    return _gap(known[first.id, run.id]) if (first.id, run.id) in known else "not asked yet"


def _ask(chosen: tuple[Run, ...]) -> None:
    """Have each run compared with the first one."""
    first, whose = chosen[0], _runs_store.registry()
    tables = {run.id: _runs_store.table_of(run) for run in chosen}

    def pairs() -> dict[tuple[str, str], Gap | None]:
        return {(first.id, run.id): _pair(whose, first, run, tables[run.id]) for run in chosen[1:]}

    def taken(found: dict[tuple[str, str], Gap | None]) -> str:
        st.session_state.runs_gaps = found
        return ""

    _runs_store.act("Comparing", taken, pairs)


def _pair(whose: Registry, first: Run, run: Run, table: Dataset | None) -> Gap | None:
    """Return a run minus the first one, None where no rows were held back from both."""
    try:
        return runs.compare_runs(whose, first.id, run.id, table)[0]
    except InvalidInput:
        return None


def mark(run: Run, name: str, chosen: bool = False) -> Mark:
    """Return what a chart shows of a run."""
    gap = run.difference
    return Mark(
        name, method_label(run.method), run.bits, run.size(kind="numbers") or 0, run.score(),
        run.size("original", "numbers") or 0, run.score("original"), chosen,
        None if gap is None else (gap.value, gap.low, gap.high),
    )  # fmt: skip


def _differences(marks: list[Mark], name: str) -> None:
    st.markdown("**What quantising changes**, with 95 % intervals")
    figure = _shared.drawn(
        "runs differences", f"{name} {marks}", lambda: figures.run_differences(marks, name, _shared.palette())
    )
    st.plotly_chart(figure, key="runs_differences", config=PLOTLY,
                    alt=f"Quantised minus original {name} of each chosen run with its interval")  # fmt: skip


def _curves(chosen: tuple[Run, ...], marks: list[Mark], name: str) -> None:
    st.markdown("**From 1 to 16 bits**")
    curves = [_curve(run) for run in chosen]
    figure = _shared.drawn(
        "runs curves", f"{name} {marks} {curves}", lambda: figures.run_curves(marks, curves, name, _shared.palette())
    )
    st.plotly_chart(figure, key="runs_curves", config=PLOTLY, alt=f"{name} over bits of each chosen run")
    if None in curves:
        st.caption("Curves are drawn of linear models on bundled data; the others stand as points.")


def _curve(run: Run) -> list[tuple[int, float]] | None:
    """Return bits and figure at every width, where that is quick to say."""
    e = _runs_store.settings_of(run)
    if e is None or e.data.dataset == OWN or MODELS[e.train.model].family != "linear":
        return None
    try:
        found = _shared.curve(e)
    except InvalidInput:
        return None
    return [(p.scheme.bits, p.test) for p in found.points if p.test is not None]
