"""The leaderboard of a visit: every configuration that was trained, tuned or taken, ranked by cross-validation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pyarrow as pa
import streamlit as st

from core.config import PREPARING, DataConfig, TrainConfig
from core.datasets import OWN
from core.evaluate import baseline
from core.fields import spell
from core.metrics import LABELS, MAIN
from core.models import MODELS
from core.train import Trained
from core.tune import Request, Tuning
from core.tune.standing import Standing, standings
from pages import _jobs, _state
from pages._format import number

KIND = "standings"
FOLDS = 5
# Older ones than this go, those of other tables first.
MOST = 30


@dataclass(frozen=True)
class Entry:
    """One configuration, and what is known of it."""

    data: DataConfig
    train: TrainConfig
    standing: Standing

    @property
    def worth(self) -> float:
        """The figure that ranks: minus infinity where there is none yet."""
        return -math.inf if self.standing.mean is None else self.standing.mean

    @property
    def whole(self) -> bool:
        """Whether all figures are known."""
        return self.standing.mean is not None and self.standing.numbers is not None


def entries() -> tuple[Entry, ...]:
    """Return all entries of this visit, oldest first."""
    found: tuple[Entry, ...] = st.session_state.get("board", ())
    return found


def ranked(data: DataConfig) -> tuple[Entry, ...]:
    """Return the entries on the same rows, best first: only these can be ranked against each other."""
    return tuple(sorted((e for e in entries() if e.data == data), key=lambda e: -e.worth))


def _known(data: DataConfig, train: TrainConfig) -> Entry | None:
    return next((e for e in entries() if (e.data, e.train) == (data, train)), None)


def put(new: Entry) -> None:
    """Add an entry, or put what is known now in the place of what was; the oldest goes, of other tables first."""
    rest = [e for e in entries() if (e.data, e.train) != (new.data, new.train)]
    st.session_state.board = tuple(sorted((*rest, new), key=lambda e: e.data == new.data)[-MOST:])


def note(t: Trained) -> None:
    """Add the model that the page shows, with the figures that the page has of it."""
    if t.data is None or t.config is None or _state.opened()[1] is not None:
        return
    old = _known(t.data, t.config)
    if old is None or old.standing.numbers is None:
        base, main = baseline(t), MAIN[t.dataset.task]
        cv = (None, None) if old is None else (old.standing.mean, old.standing.std)
        train, test = (base.metrics[part][main] for part in ("train", "test"))
        put(Entry(t.data, t.config, Standing(*cv, train, test, base.size.numbers, t.report.seconds or 0.0)))


def note_tuning(data: DataConfig, found: Tuning, n_train: int) -> None:
    """Add the best of a search; its figure counts where it is of the same folds of all training rows."""
    best, old = found.candidates[0], _known(data, found.best)
    comparable = found.folds == FOLDS and best.rows == n_train
    cv = (best.mean, best.std) if comparable else (None, None)
    if old is None:
        put(Entry(data, found.best, Standing(*cv, None, None, None, best.seconds)))
    elif old.standing.mean is None:
        put(replace(old, standing=replace(old.standing, mean=cv[0], std=cv[1])))


def forget(sha256: str) -> None:
    """Let go of everything about a table of the user's own: entries, results, and a job that is not done."""
    st.session_state.board = tuple(e for e in entries() if e.data.sha256 != sha256)
    _jobs.forget(sha256)


def render(t: Trained) -> None:
    """Draw the table, the menu that takes an entry, and the button that ranks those without a figure."""
    _fetch()
    data = _state.experiment().data
    shown = ranked(data)
    missing = tuple(e for e in shown if not e.whole)
    st.markdown("**Leaderboard of this visit**")
    key = f"board_{st.session_state.get('board_clicks', 0)}"
    with st.container(key="board"):
        st.dataframe(
            _rows(shown, t.dataset.task), hide_index=True, key=key, column_config=_columns(t.dataset.task),
            on_select=partial(_take_row, key, shown), selection_mode="single-row", alt="Leaderboard",
        )  # fmt: skip
    name = LABELS[MAIN[t.dataset.task]]
    st.caption(
        f"Models on the same training rows, ranked by {name} over {FOLDS} folds of them; the test rows only report. "
        "Tick a row to take its settings."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = [f"{i + 1}. {called(e.train)}" for i, e in enumerate(shown)]
        place = st.selectbox("Entry", range(len(names)), format_func=names.__getitem__, key="board_choice", width=420)
        known = place in range(len(shown))
        st.button(
            "Take it", key="board_take", disabled=not known, on_click=take, args=(shown[place],) if known else None,
        )  # fmt: skip
        count = f"{len(missing)} model{'' if len(missing) == 1 else 's'}"
        st.button(
            f"Cross-validate {count}" if missing else "All are cross-validated", key="board_rank",
            disabled=not missing or _jobs.task() is not None, on_click=_rank, args=(missing, t),
            help=f"Each is fitted {FOLDS} times on four fifths of the training rows and judged on the fifth.",
        )  # fmt: skip


def take(entry: Entry) -> None:
    """Make an entry the current model."""
    e = _state.experiment()
    _state.attempt(lambda: replace(e, data=entry.data, train=entry.train))


def _take_row(key: str, shown: Sequence[Entry]) -> None:
    """Take the row that was ticked; the next table is a new one, in which none is."""
    found = st.session_state.get(key)
    for place in found.selection.rows[:1] if found else ():
        if place in range(len(shown)):
            st.session_state.board_clicks = st.session_state.get("board_clicks", 0) + 1
            take(shown[place])


def main_of(t: Trained) -> str:
    """Return the name of the figure that ranks models of this table's task."""
    return MAIN[t.dataset.task]


def request_of(t: Trained, train: TrainConfig | None = None) -> Request:
    """Return what a worker is asked about a configuration, by default the current one, with a user's own rows."""
    data = t.data or _state.experiment().data
    table = t.dataset if data.dataset == OWN else None
    return Request(data, train or t.config or _state.experiment().train, table, FOLDS)


def _rank(missing: Sequence[Entry], t: Trained) -> None:
    """Begin the cross-validation of all entries that have none."""
    requests, first = tuple(request_of(t, e.train) for e in missing), missing[0]
    _jobs.start(KIND, "Cross-validation", _jobs.About(first.data, first.train), standings, requests)


def _fetch() -> None:
    """Put the figures of a finished cross-validation into their rows."""
    found = _jobs.answer(KIND)
    if found is not None:
        for train, standing in found.result:
            put(Entry(found.about.data, train, standing))
        _jobs.drop(KIND)


def called(train: TrainConfig) -> str:
    """Return model and settings in words; of the preparation only what is not as usual."""
    usual = TrainConfig(train.model)
    words = [f"{name} {spell(value)}" for name, value in train.params if value is not False and name != "max_iter"]
    rest = [f"{n} {spell(getattr(train, n))}" for n in ("scaling", "degree", *PREPARING)
            if getattr(train, n) != getattr(usual, n)]  # fmt: skip
    ratios = [f"{len(train.ratios)} ratio{'' if len(train.ratios) == 1 else 's'}"] if train.ratios else []
    return ", ".join([MODELS[train.model].label, *words, *rest, *ratios])


def _rows(shown: Sequence[Entry], task: str) -> pa.Table:
    """Return the table in the form in which it is sent."""
    name, now = LABELS[MAIN[task]], _state.experiment()
    standing = [e.standing for e in shown]
    return pa.table(
        {
            "": [str(i + 1) if e.standing.mean is not None else "–" for i, e in enumerate(shown)],
            "model": [called(e.train) for e in shown],
            f"{name}, {FOLDS} folds": [spread(s.mean, s.std) for s in standing],
            f"{name}, train": [number(s.train) for s in standing],
            f"{name}, test": [number(s.test) for s in standing],
            "bytes": ["–" if s.numbers is None else f"{s.numbers:,}" for s in standing],
            "fit": [f"{s.seconds * 1000:,.0f} ms" for s in standing],
            "now": ["●" if e.train == now.train else "" for e in shown],
        }
    )


def spread(mean: float | None, std: float | None) -> str:
    """Return a figure over folds with its standard deviation."""
    return number(mean) if mean is None else f"{number(mean, 6)} ± {number(std)}"


def _columns(task: str) -> dict[str, Any]:
    """Return width and alignment of the columns."""
    name = LABELS[MAIN[task]]
    right = {f"{name}, {FOLDS} folds": 140, f"{name}, train": 90, f"{name}, test": 90, "bytes": 80, "fit": 80}
    found = {heading: st.column_config.TextColumn(heading, alignment="right", width=w) for heading, w in right.items()}
    return found | {"": st.column_config.TextColumn("", width=40), "now": st.column_config.TextColumn("now", width=50)}
