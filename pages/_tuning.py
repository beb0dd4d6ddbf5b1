"""Tune: the search for better settings, the learning curve and the importance of features, all in workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import streamlit as st

from core import figures
from core.config import SEED, TrainConfig
from core.errors import InvalidInput
from core.fields import Fields, Number, spell
from core.memo import beside
from core.metrics import LABELS
from core.models import MODELS
from core.train import Trained
from core.tune import Importances, TuneRequest, Tuning, default_space, learning_curve, permutation_importance, tune
from core.tune.request import CANDIDATES, FOLDS, SEARCH, SEARCHES
from core.tune.space import grid_size, tunable
from core.tune.written import read_space, suggested
from pages import _fields, _jobs, _leaderboard, _shared, _state
from pages._format import literal, number
from pages._result import PLOTLY

KINDS = ("tune", "learning", "importance", _leaderboard.KIND)
CURVE_POINTS = 6
REPEATS = 5
_HOW = (
    'A list: "0.01, 0.1, 1". A range: "0.001 to 1000 in 7" for 7 values by equal factors, "0.1 to 0.9 in 5 evenly" by '
    "equal steps; random and halving draw from a range as a whole. "
)

# Kept beside the result that they show, and gone with it: it may be about a user's own table.
_chart = beside(most=3)(figures.tuning_chart)
_learning = beside(most=1)(figures.learning_chart)
_importance = beside(most=1)(figures.importance_chart)


def render() -> None:
    """Draw the expander of a model that can be trained here; whatever has been done meanwhile is fetched first."""
    t = _state.trained()
    if t.data is None or t.config is None:
        return
    _jobs.collect(*KINDS)
    _leaderboard.note(t)
    if "tune_box" not in st.session_state:
        busy = _jobs.task()
        st.session_state.tune_box = busy is not None and busy.kind in KINDS
    with st.expander("Tune", key="tune_box", on_change="rerun", icon=":material/search_insights:") as box:
        if box.open:
            # A place for each part, so that none moves into another's when a job begins or ends.
            form, job, result, board, questions = (st.container() for _ in range(5))
            with form:
                _form(t.config, t)
            with job:
                _jobs.watch(*KINDS)
            with result:
                _tuned(t)
            with board:
                _leaderboard.render(t)
            with questions:
                _questions(t.config, t)


def _settings() -> dict[str, Any]:
    """Return what the form holds in this visit."""
    fields: Fields = {"search": SEARCH, "folds": FOLDS, "candidates": CANDIDATES, "seed": SEED}
    held: dict[str, Any] = {name: field.default for name, field in fields.items()}
    held.update(st.session_state.get("tuning", {}))
    return held


def _change(key: str, name: str) -> None:
    st.session_state.tuning = st.session_state.get("tuning", {}) | {name: st.session_state[key]}


def _form(train: TrainConfig, t: Trained) -> None:
    """Draw what is searched and how, and the button that begins."""
    held, model, now = _settings(), train.model, _leaderboard.request_of(t)
    st.markdown(f"**Search the settings of {MODELS[model].label}** on the training rows, by cross-validation")
    with st.grid(columns=4, min_column_width=150, vertical_alignment="bottom"):
        _fields.draw(SEARCH, "tune_search", held["search"], _change, "search")
        _fields.draw(FOLDS, "tune_folds", held["folds"], _change, "folds")
        if held["search"] != "grid":
            _fields.draw(CANDIDATES, "tune_candidates", held["candidates"], _change, "candidates")
            _fields.draw(SEED, "tune_seed", held["seed"], _change, "seed")
    st.caption(SEARCHES[held["search"]])
    texts = _space(train, held)
    try:
        request = TuneRequest(
            now.data, train, now.table, int(held["folds"]), space=read_space(model, texts),
            search=held["search"], candidates=int(held["candidates"]), seed=int(held["seed"]),
        )  # fmt: skip
    except InvalidInput as error:
        st.error(literal(str(error)), icon=":material/error:")
        request = None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Start the search", key="tune_start", type="primary", disabled=request is None or _jobs.task() is not None,
            on_click=_start, args=("tune", "Tuning", tune, request), icon=":material/play_arrow:",
        )  # fmt: skip
        if request is not None:
            st.caption(_cost(request), width="content")


def _space(train: TrainConfig, held: dict[str, Any]) -> dict[str, str]:
    """Draw which settings are searched and a line of text for each; return the texts."""
    model, known = train.model, tunable(train.model)
    chosen = held.get(f"{model} searched", [name for name, _ in default_space(model)])
    st.multiselect(
        "Settings to search", list(known), format_func=lambda name: known[name].label or name,
        key=_state.sync(f"tune_searched_{model}", chosen), on_change=_change,
        args=(f"tune_searched_{model}", f"{model} searched"), help="All others stay as they are above.",
    )  # fmt: skip
    texts = {name: held.get(f"{model} {name}", suggested(train, name)) for name in chosen}
    with st.grid(columns=3, min_column_width=220):
        for name, text in texts.items():
            key, field = f"tune_space_{model}_{name}", known[name]
            how = _HOW if isinstance(field, Number) else "A list, with commas between. "
            st.text_input(
                field.label or name, key=_state.sync(key, text), on_change=_change, args=(key, f"{model} {name}"),
                max_chars=500, help=f"{how}Allowed: {field.allowed}.",
            )  # fmt: skip
    return texts


def _cost(request: TuneRequest) -> str:
    """Return in words how much is to be done."""
    count = grid_size(request.space) if request.search == "grid" else request.candidates
    if request.search == "halving":
        return f"{count:,} combinations on few rows, the best of them on more, {request.folds} folds each"
    most = "" if request.search == "grid" else "at most "
    return f"{most}{count:,} combinations, {most}{count * request.folds:,} fits"


def _start(kind: str, label: str, function: Any, request: Any, *args: Any) -> None:
    about = _jobs.About(request.data, request.train)
    _jobs.start(kind, f"{label} of {MODELS[request.train.model].label}", about, function, request, *args)


def _tuned(t: Trained) -> None:
    """Draw the result of the last search on these rows: the best, the chart and the ranked table."""
    answer = _jobs.answer("tune")
    if answer is None or answer.about.data != t.data:
        return
    found: Tuning = answer.result
    _leaderboard.note_tuning(answer.about.data, found, t.report.n_train)
    best, name = found.candidates[0], LABELS[found.metric]
    words = ", ".join(f"{n} {spell(v)}" for n, v in best.params)
    with st.container(key="tuned", horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{MODELS[found.best.model].label}**: best of {len(found.candidates):,} is {literal(words)}, with {name} "
            f":blue[{number(best.mean, 6)}] ± {number(best.std)} over {found.folds} folds; {found.seconds:.1f} s.",
            width="content",
        )
        taken = t.config == found.best
        st.button(
            "It is the current model" if taken else "Take the best", key="tune_take", disabled=taken,
            on_click=_take, args=(found.best,), icon=":material/check:",
        )  # fmt: skip
    names = figures.searched(found)
    grid = st.grid(columns=2, min_column_width=420, gap="medium")
    if names:
        with grid.container():
            against = names[0] if len(names) == 1 else _against(names)
            st.plotly_chart(
                _chart(found, against, name, _shared.palette()), key="tune_chart", config=PLOTLY,
                alt=f"{name} over the folds of each candidate against {against}",
            )  # fmt: skip
            _outside([c.mean for c in found.candidates])
    with grid.container():
        st.dataframe(
            _ranked(found), hide_index=True, key="tune_table", column_config=_right(_headings(found)), height=340,
            alt="Candidates, best first",
        )  # fmt: skip


def _outside(means: Sequence[float | None]) -> None:
    count = figures.hidden(means)
    if count:
        st.caption(f"Not in the picture: {count} so far below the others that it would hide how these differ.")


def _against(names: Sequence[str]) -> str:
    held = _settings().get("against")
    shown = str(held) if held in names else names[0]
    st.segmented_control(
        "Against", names, required=True, key=_state.sync("tune_against", shown), on_change=_change,
        args=("tune_against", "against"), label_visibility="collapsed",
    )  # fmt: skip
    return shown


def _take(best: TrainConfig) -> None:
    _state.attempt(lambda: replace(_state.experiment(), train=best))


def _headings(found: Tuning) -> tuple[str, str]:
    return f"{LABELS[found.metric]}, {found.folds} folds", LABELS.get(found.loss, found.loss)


@beside(most=1)
def _ranked(found: Tuning) -> pa.Table:
    """Return all candidates in the form in which the table is sent."""
    names, (figure, loss) = [name for name, _ in found.candidates[0].params], _headings(found)
    rows = [dict(c.params) for c in found.candidates]
    columns = {name: [spell(row[name]) for row in rows] for name in names}
    columns[figure] = [_leaderboard.spread(c.mean, c.std) for c in found.candidates]
    columns[loss] = [number(c.loss) for c in found.candidates]
    columns["one fit"] = [f"{c.seconds * 1000:,.1f} ms" for c in found.candidates]
    if found.search == "halving":
        columns["rows"] = [f"{c.rows:,}" for c in found.candidates]
    return pa.table(columns)


def _right(headings: Sequence[str]) -> dict[str, Any]:
    return {h: st.column_config.TextColumn(h, alignment="right") for h in (*headings, "one fit", "rows")}


def _questions(train: TrainConfig, t: Trained) -> None:
    """Draw the two questions about the current model, and their answers where they have been asked."""
    request = _leaderboard.request_of(t)
    busy, name = _jobs.task() is not None, LABELS[_leaderboard.main_of(t)]
    st.markdown("**About the current model**, on the training rows")
    with st.container(horizontal=True):
        st.button(
            "Would more rows help?", key="learning_start", disabled=busy, on_click=_start,
            args=("learning", "Learning curve", learning_curve, request, CURVE_POINTS), icon=":material/show_chart:",
            help="Learning curve: the model is fitted on a tenth to all of the training rows of each fold.",
        )  # fmt: skip
        st.button(
            "Which features matter?", key="importance_start", disabled=busy, on_click=_start,
            args=("importance", "Importance of features", permutation_importance, request, REPEATS),
            icon=":material/bar_chart:",
            help="Permutation importance: by how much the figure falls on rows left out when one feature is shuffled.",
        )  # fmt: skip
    about, palette = _jobs.About(request.data, train), _shared.palette()
    curve, found = (a if a and a.about == about else None for a in map(_jobs.answer, ("learning", "importance")))
    grid = st.grid(columns=2, min_column_width=420, gap="medium")
    if curve is not None:
        with grid.container():
            st.plotly_chart(
                _learning(curve.result, name, palette), key="learning_chart", config=PLOTLY,
                alt=f"{name} against the number of training rows",
            )  # fmt: skip
            _outside([m for p in curve.result.points for m in (p.train, p.validation)])
    # Of trees it is drawn above, beside what they ask about.
    if found is not None and t.parts.family != "trees":
        with grid.container():
            _draw_importance(found.result, name)


def importance(t: Trained) -> None:
    """Draw how much the current model loses without each feature, or the button that finds it out."""
    if t.data is None or t.config is None:
        return
    _jobs.collect(*KINDS)
    request, name = _leaderboard.request_of(t), LABELS[_leaderboard.main_of(t)]
    found = _jobs.answer("importance")
    if found is not None and found.about == _jobs.About(request.data, t.config):
        _draw_importance(found.result, name)
        return
    st.button(
        "Find out", key="importance_now", disabled=_jobs.task() is not None, on_click=_start,
        args=("importance", "Importance of features", permutation_importance, request, REPEATS),
        icon=":material/bar_chart:",
    )  # fmt: skip
    st.caption(
        f"Permutation importance: by how much {name} falls on training rows left out when one feature is shuffled. A "
        "worker fits the model once more for it."
    )
    if not st.session_state.get("tune_box"):  # else the job is drawn there
        _jobs.watch("importance")


def _draw_importance(found: Importances, name: str) -> None:
    st.plotly_chart(
        _importance(found, name, _shared.palette()), key="importance_chart", config=PLOTLY,
        alt=f"Loss of {name} for each feature that is shuffled",
    )  # fmt: skip
    st.caption(_importance_words(found, name))


def _importance_words(found: Importances, name: str) -> str:
    shown = "" if len(found.features) <= 30 else " The 30 most important are drawn."
    return (
        f"Fitted on all folds but one and judged on its {found.rows:,} rows, {name} {number(found.score)}; each "
        f"feature shuffled {REPEATS} times.{shown}"
    )
