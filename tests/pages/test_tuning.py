"""Tune on Train: search, progress, cancel, leaderboard, curves, and what is said when there is no worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from core.config import TrainConfig
from core.jobs import RUNNING, Jobs
from core.tune import learning_curve, permutation_importance
from pages import _jobs, _leaderboard
from pages._jobs import About, duration, words_of
from tests.job_functions import count
from tests.pages.visit import Visit, unescaped

PATIENCE = 60.0
MIB = 1024 * 1024


@pytest.fixture
def tight() -> Iterator[Jobs]:
    """Put a manager in the place of the usual one: one worker, no queue."""
    _jobs.close()
    found = Jobs(1, 0, 1024 * MIB, 60.0)
    _jobs._OPEN.append(found)
    yield found
    _jobs.close()


def tuning(**query: str) -> Visit:
    """Return a visit to Train with the expander open, on a small table."""
    return Visit("train", **{"v": "1", "dataset": "diabetes", "model": "ridge"} | query).unfold("tune_box")


def until(visit: Visit, done: Callable[[], bool]) -> Visit:
    """Run the page until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, visit.words()
        time.sleep(0.1)
        visit.run()
    return visit


def idle(visit: Visit) -> Visit:
    """Wait until the visit's job has ended, and what it found is on the page."""
    return until(visit, lambda: visit.at.session_state["job"] is None)


def says(visit: Visit, text: str) -> bool:
    """Tell whether anything on the page holds `text`."""
    return text in unescaped(visit.words())


def bars(visit: Visit) -> list[str]:
    """Return what the progress bars say."""
    return [unescaped(bar.proto.text) for bar in visit.at.get("progress")]


def test_a_search_is_begun_watched_ranked_and_taken() -> None:
    """Start; progress with a way out; the ranked table and the chart; the best becomes the model."""
    visit = tuning(alpha="7")
    assert says(visit, "9 combinations, 45 fits")
    visit.press("tune_start")
    assert bars(visit)[0].startswith("Tuning of Ridge: ")
    assert visit.widget("button", "tune_start").disabled
    assert not visit.widget("button", "cancel_job").disabled
    idle(visit)
    assert not any("Tuning of Ridge" in text for text in bars(visit))
    rows = visit.table("Candidates, best first")
    assert len(rows) == 9
    assert rows == sorted(rows, key=lambda row: -float(row["R², 5 folds"].split()[0].replace("−", "-")))
    assert len(visit.chart("tune_chart")["data"][0]["y"]) == 9
    best = float(rows[0]["alpha"])
    assert best != 7.0
    visit.press("tune_take")
    assert dict(visit.experiment.train.params)["alpha"] == best
    assert visit.widget("button", "tune_take").disabled
    board = visit.table("Leaderboard")
    assert board[0]["R², 5 folds"] == rows[0]["R², 5 folds"]
    assert [row["now"] for row in board] == ["●", ""]
    assert "–" not in board[0].values()
    assert board[1]["R², 5 folds"] == "–"


def test_a_result_outlives_a_change_of_page() -> None:
    """The job goes on while another page is looked at; back on Train, the expander is open and shows it."""
    visit = tuning().press("tune_start").go("compare").go("train")
    assert visit.at.session_state["tune_box"]
    idle(visit)
    assert len(visit.table("Candidates, best first")) == 9


def test_a_job_can_be_cancelled() -> None:
    """The page says so and takes the next job."""
    visit = tuning(model="lasso")
    visit.set("text_input", "tune_space_lasso_alpha", "0.001 to 1 in 100").press("tune_start").press("cancel_job")
    idle(visit)
    assert [unescaped(i.value) for i in visit.at.info] == ["Tuning of Lasso: Cancelled."]
    assert not visit.widget("button", "tune_start").disabled
    visit.press("learning_start")
    assert not visit.at.info


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1, x", 'alpha must be a number from 0 to 1e+09, got "x"'),
        ("1 to 5 in 101", "points of alpha must be a whole number from 2 to 100, got 101"),
        ("<b>", 'alpha must be a number from 0 to 1e+09, got "<b>"'),
    ],
)
def test_a_bad_space_is_one_message_and_nothing_to_start(text: str, message: str) -> None:
    """The text stays to be mended; a good one settles it."""
    visit = tuning().set("text_input", "tune_space_ridge_alpha", text)
    assert visit.errors == [message]
    assert visit.widget("button", "tune_start").disabled
    assert visit.widget("text_input", "tune_space_ridge_alpha").value == text
    visit.set("text_input", "tune_space_ridge_alpha", "1, 2")
    assert visit.errors == []
    assert says(visit, "2 combinations, 10 fits")


def test_which_settings_are_searched_can_be_chosen_and_is_kept() -> None:
    """A second setting starts with its own values; nothing chosen is a message; another page changes none of it."""
    visit = tuning()
    visit.set("multiselect", "tune_searched_ridge", ["alpha", "degree", "positive"])
    assert visit.widget("text_input", "tune_space_ridge_positive").value == "false, true"
    visit.set("text_input", "tune_space_ridge_degree", "1, 2").set("selectbox", "tune_search", "random")
    visit.set("number_input", "tune_candidates", 4)
    assert says(visit, "at most 4 combinations, at most 20 fits")
    visit.go("compare").go("train").unfold("tune_box")
    assert visit.widget("text_input", "tune_space_ridge_degree").value == "1, 2"
    assert visit.widget("number_input", "tune_candidates").value == 4
    idle(visit.press("tune_start"))
    assert len(visit.table("Candidates, best first")) == 4
    assert visit.set("multiselect", "tune_searched_ridge", []).errors == [
        'space must be at least one setting to search, got "nothing"'
    ]


def test_what_a_worker_refuses_is_said() -> None:
    """Too many folds for the rows are found out in the worker, and told like any other bad input."""
    visit = tuning(dataset="wine", model="logistic", test_size="0.9")
    visit.set("number_input", "tune_folds", 20)
    idle(visit.press("tune_start"))
    assert len(visit.errors) == 1
    assert visit.errors[0].startswith("Tuning of Logistic regression: folds must be a whole number from 2 to ")


def test_a_full_queue_is_said_in_plain_words(tight: Jobs) -> None:
    """Nothing is lost: the page stays, and the same button works once there is room."""
    other = tight.submit("another visit", "test", count, 1000, 0.05)
    visit = tuning().press("tune_start")
    assert [unescaped(w.value) for w in visit.at.warning] == [
        "The machine is busy, and its queue is full: try again in a few minutes."
    ]
    tight.forget(other)
    until(visit, lambda: not tight._running)
    idle(visit.press("tune_start"))
    assert not visit.at.warning
    assert len(visit.table("Candidates, best first")) == 9


def test_a_worker_that_is_killed_leaves_a_message() -> None:
    """The page works on, and the next job gets a new worker."""
    visit = tuning(model="lasso").set("text_input", "tune_space_lasso_alpha", "0.001 to 1 in 100").press("tune_start")
    jobs = _jobs.manager()
    job = jobs._jobs[visit.at.session_state["job"].id]
    until(visit, lambda: job.status == RUNNING and job.worker is not None and job.begun)
    assert job.worker is not None
    job.worker.kill()
    idle(visit)
    assert visit.errors == [
        "Tuning of Lasso: Its worker was stopped from outside: by hand, or by the machine for lack of memory."
    ]
    assert idle(visit.press("importance_start")).errors == []


def test_a_result_that_is_no_longer_kept_is_said() -> None:
    """Someone who comes back after an hour is told, and can start again."""
    visit = tuning().press("tune_start")
    _jobs.manager().forget(visit.at.session_state["job"].id)
    visit.run()
    assert [unescaped(w.value) for w in visit.at.warning] == [
        "Tuning of Ridge: the result is no longer kept. Start again."
    ]


def test_curve_and_importance_are_those_of_core() -> None:
    """Both are drawn for the model they were asked about, and gone with another one."""
    visit = idle(idle(tuning().press("learning_start")).press("importance_start"))
    request = _leaderboard.Request(visit.experiment.data, visit.experiment.train)
    curve = visit.chart("learning_chart")["data"]
    points = learning_curve(request, 6).points
    assert [line["x"] for line in curve] == [[p.rows for p in points]] * 2
    assert [line["y"] for line in curve] == [[p.train for p in points], [p.validation for p in points]]
    bars_ = visit.chart("importance_chart")["data"][0]
    assert bars_["y"] == [f.feature for f in permutation_importance(request, 5).features]
    visit.set("number_input", "hyper_ridge_alpha", 2.0)
    assert not {"chart learning_chart", "chart importance_chart"} & visit.shot().keys()


def test_the_leaderboard_ranks_what_was_tried_by_cross_validation_alone() -> None:
    """Each model of the visit is a row; one job fills in what is missing; a row is taken from the menu."""
    visit = tuning()
    visit.set("number_input", "hyper_ridge_alpha", 1000.0).set("selectbox", "model", "lasso")
    assert [row["R², 5 folds"] for row in visit.table("Leaderboard")] == ["–"] * 3
    assert visit.widget("button", "board_rank").label == "Cross-validate 3 models"
    idle(visit.press("board_rank"))
    rows = visit.table("Leaderboard")
    means = [float(row["R², 5 folds"].split()[0]) for row in rows]
    assert means == sorted(means, reverse=True)
    assert [row[""] for row in rows] == ["1", "2", "3"]
    assert visit.widget("button", "board_rank").disabled
    place = next(i for i, row in enumerate(rows) if row["model"] == "Ridge, alpha 1000")
    visit.set("selectbox", "board_choice", place).press("board_take")
    assert visit.experiment.train == TrainConfig("ridge", params=(("alpha", 1000.0),))
    assert visit.table("Leaderboard")[place]["now"] == "●"


def test_models_on_other_rows_are_not_ranked_together() -> None:
    """Another share of test rows starts a table of its own, and the first comes back with its rows."""
    visit = tuning()
    visit.set("slider", "test_size", 0.3)
    assert len(visit.table("Leaderboard")) == 1
    visit.set("number_input", "hyper_ridge_alpha", 3.0)
    assert len(visit.table("Leaderboard")) == 2
    visit.set("slider", "test_size", 0.2)
    assert [row["model"] for row in visit.table("Leaderboard")] == ["Ridge, alpha 1", "Ridge, alpha 3"]


def test_what_was_found_out_about_a_table_is_forgotten_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries, results and a job of that table go; those of other tables stay."""
    visit = idle(tuning().press("importance_start")).press("learning_start")
    state = visit.at.session_state
    kept = {name: state[name] for name in ("board", "answers", "job")}
    entry, job, sha = kept["board"][0], kept["job"], "a" * 64
    own = replace(entry.data, dataset="own", sha256=sha, target="t", features=("f",), task="regression")
    kept["board"] = (*kept["board"], replace(entry, data=own))
    kept["answers"] = {**kept["answers"], "tune": _jobs.Answer(About(own, entry.train), None)}
    kept["job"] = replace(job, about=About(own, entry.train))

    class State(dict):  # type: ignore[type-arg]
        __getattr__ = dict.__getitem__
        __setattr__ = dict.__setitem__

    held = State(kept)
    monkeypatch.setattr(_jobs.st, "session_state", held)
    _leaderboard.forget(sha)
    assert held["board"] == (entry,)
    assert set(held["answers"]) == {"importance"}
    assert held["job"] is None
    assert _jobs.manager().state(job.id) is None


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "1 s"), (119, "119 s"), (120, "2 min"), (3601, "61 min")])
def test_times_are_written_for_people(seconds: float, text: str) -> None:
    """Whole seconds, and minutes from two on."""
    assert duration(seconds) == text


def test_the_place_in_the_queue_is_visible(tight: Jobs) -> None:
    """A waiting job says its place, a running one what it does and how long it will take."""
    state = tight.state(tight.submit("a", "test", count, 3, 0.0))
    assert state is not None
    assert words_of("Job", replace(state, status="queued", position=1)) == (
        "Job: waiting for a free worker, next in the queue."
    )
    assert words_of("Job", replace(state, status="queued", position=3)).endswith("place 3 in the queue.")
    running = replace(state, status=RUNNING, done=1, total=4, words="fold 2 of 4", left=7.2)
    assert words_of("Job", running) == "Job: fold 2 of 4; 25% done, about 8 s left."
