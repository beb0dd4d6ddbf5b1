"""Runs: what was saved, compared side by side, opened again, put into service."""

from __future__ import annotations

import streamlit as st

from core import figures
from core.metrics import LABELS
from core.runs import CHAMPION, Run
from pages import _runs_compare, _runs_one, _runs_registry, _runs_save, _runs_store, _runs_table, _shared
from pages._format import literal, number
from pages._result import PLOTLY
from pages._runs_store import Listing


def empty() -> None:
    """Draw what a visitor sees who has saved nothing yet."""
    with st.container(key="finding"):
        st.markdown(
            "**No run is saved yet.** A run keeps a setting with its figures, sizes and file, to be compared, opened "
            "again and put into service."
        )
    _runs_save.first()


def sentence(found: Listing) -> None:
    """Write the one sentence that is the result."""
    champion, count = found.called(CHAMPION), len(found.runs)
    runs = f"**{count} run{'s' if count > 1 else ''}**"
    with st.container(key="finding"):
        if champion is None:
            st.markdown(f"{runs} saved; none is in service yet: choose one and promote it.")
            return
        run = next((r for r in found.runs if r.id == champion.run), None)
        figure = "" if run is None else f", {LABELS.get(run.metric, run.metric)} :orange[{number(run.score())}]"
        st.markdown(
            f"{runs} saved; in service as champion is version {champion.number}, {literal(champion.label)}{figure}."
        )


def cloud(shown: tuple[Run, ...], chosen: tuple[Run, ...]) -> None:
    """Draw bytes against the figure of the runs that share data and figure with the newest one of them."""
    newest = shown[0]
    alike = [r for r in shown if (r.dataset, r.metric) == (newest.dataset, newest.metric)]
    name = LABELS.get(newest.metric, newest.metric)
    marks = [_runs_compare.mark(r, r.label, r in chosen) for r in alike]
    st.markdown(f"**Size against {name}**, {literal(_runs_table.data_label(newest.dataset))}")
    figure = _shared.drawn("runs cloud", f"{name} {marks}", lambda: figures.run_cloud(marks, name, _shared.palette()))
    st.plotly_chart(figure, key="runs_cloud", config=PLOTLY,
                    alt=f"Bytes of numbers against {name} of each run, by method")  # fmt: skip
    if len(alike) < len(shown):
        left = len(shown) - len(alike)
        words = "1 run on other data is" if left == 1 else f"{left} runs on other data are"
        st.caption(f"{words} left out: choose their data above.")


def page(found: Listing) -> None:
    """Draw the runs, those that are chosen, and the registry."""
    sentence(found)
    _runs_one.undo()
    shown = _runs_table.render(found)
    chosen = tuple(r for r in found.runs if r.id in _runs_store.chosen_ids())
    if len(chosen) == 1:
        _runs_one.render(chosen[0], found)
    elif len(chosen) > _runs_compare.MOST:
        st.caption(f"Choose at most {_runs_compare.MOST} runs to see them side by side.")
        _runs_one.delete(chosen)
    elif chosen:
        _runs_compare.render(chosen)
    _runs_registry.render(found)
    if shown:
        cloud(shown, chosen)


listed = _runs_store.listing()
_runs_store.watch()
_runs_store.broken()
if listed is not None and (listed.runs or listed.versions):
    page(listed)
elif listed is not None:
    empty()
    _runs_one.undo()
