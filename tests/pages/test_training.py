"""Training that takes long: a worker does it, the page keeps what it has meanwhile, and takes the new model then."""

from __future__ import annotations

import time

import numpy as np
import pytest

from core.config import DataConfig, TrainConfig
from core.cost import QUICK, seconds_to_fit
from core.datasets import load
from core.evaluate import baseline
from core.jobs import RUNNING
from core.sweep import full_sweep
from core.train import train
from pages import _jobs, _shared, _shelves
from tests.pages.visit import Visit, unescaped

# Nobody knows before how many of the rounds at most it will take: at worst four seconds.
SLOW = {"v": "1", "dataset": "digits", "model": "logistic", "solver": "saga", "max_iter": "1500"}


@pytest.fixture(autouse=True)
def nothing_is_trained_yet() -> None:
    """Every test begins with empty shelves."""
    _shelves._SHELVES.clear()


def bars(visit: Visit) -> list[str]:
    """Return what the progress bars say."""
    return [unescaped(bar.proto.text) for bar in visit.at.get("progress")]


def test_what_is_slow_is_known_before() -> None:
    """The default of every table trains at once; many rounds of a slow solver do not."""
    digits, data = load("digits"), DataConfig("digits")
    assert seconds_to_fit(digits, data, TrainConfig("logistic")) < QUICK
    slow = TrainConfig("logistic", params=(("solver", "saga"), ("max_iter", 1500)))
    assert seconds_to_fit(digits, data, slow) > QUICK


@pytest.mark.parametrize("page", ["home", "train", "compare", "predict"])
def test_a_link_to_a_slow_model_shows_the_usual_one_meanwhile(page: str) -> None:
    """Each page is complete while a worker trains; then the model of the link is there, and says so."""
    visit = Visit(page, **SLOW)
    assert [b for b in bars(visit) if b.startswith("Training of Logistic regression: ")]
    assert visit.experiment.train == TrainConfig("logistic")
    assert visit.address["solver"] == "saga"
    assert visit.errors == []
    visit.wait()
    assert dict(visit.experiment.train.params)["solver"] == "saga"
    assert bars(visit) == []
    assert "Logistic regression is trained: every page now shows it." in unescaped(visit.words())


def test_the_model_of_a_worker_is_the_one_that_training_gives() -> None:
    """Numbers, rows and figures are those of the same recipe trained here, to the last bit; nothing can be changed."""
    visit = Visit("train", **SLOW).wait()
    ours, e = _shared.trained(visit.experiment), visit.experiment
    here = train(e.data, e.train)
    for name, values in here.parts.values.items():
        assert np.array_equal(ours.parts.values[name], values)
        assert not ours.parts.values[name].flags.writeable
    assert ours.dataset is here.dataset
    assert np.array_equal(ours.sketch, here.sketch) and not ours.sketch.flags.writeable
    assert baseline(ours).metrics == baseline(here).metrics


def test_the_form_shows_what_was_asked_for_and_the_dial_goes_on() -> None:
    """A change in the form waits there; the dial, turned meanwhile, stays where it is when the model comes."""
    visit = Visit("train", dataset="digits", model="logistic", max_iter="1500")
    visit.set("selectbox", "hyper_logistic_solver", "saga")
    assert visit.widget("selectbox", "hyper_logistic_solver").value == "saga"
    assert dict(visit.experiment.train.params)["solver"] == "lbfgs"
    visit.set("slider", "bits", 3)
    assert visit.experiment.scheme.bits == 3
    visit.wait()
    assert dict(visit.experiment.train.params)["solver"] == "saga"
    assert visit.experiment.scheme.bits == 3


def test_who_goes_back_waits_no_more() -> None:
    """The settings of the model that is there end the job; so does Cancel, with a word about it."""
    visit = Visit("train", dataset="digits", model="logistic", max_iter="1500")
    visit.set("selectbox", "hyper_logistic_solver", "saga").set("selectbox", "hyper_logistic_solver", "lbfgs")
    assert visit.at.session_state["wanted"] is None and visit.at.session_state["job"] is None
    assert bars(visit) == []
    visit.set("selectbox", "hyper_logistic_solver", "saga").press("cancel_job").wait().run()
    assert "Training of Logistic regression: Cancelled." in unescaped(visit.words())
    assert visit.widget("selectbox", "hyper_logistic_solver").value == "lbfgs"
    assert visit.at.session_state["wanted"] is None


def test_a_newer_wish_takes_the_place_of_an_older() -> None:
    """Two slow settings one after the other: the second is what comes."""
    visit = Visit("train", dataset="digits", model="logistic", max_iter="1500")
    visit.set("selectbox", "hyper_logistic_solver", "saga").set("number_input", "hyper_logistic_C", 0.5)
    visit.wait()
    assert dict(visit.experiment.train.params) == {"C": 0.5, "solver": "saga", "max_iter": 1500}


def test_a_worker_that_is_killed_leaves_a_message_and_the_model() -> None:
    """The page says so, keeps the model that it has, and asks for the slow one no more."""
    visit = Visit("train", dataset="digits", model="logistic", max_iter="5000")
    visit.set("selectbox", "hyper_logistic_solver", "saga")
    job = _jobs.manager()._jobs[visit.at.session_state["job"].id]
    end = time.monotonic() + 60
    while not (job.status == RUNNING and job.begun):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert job.worker is not None
    job.worker.kill()
    visit.wait().run()
    why = "Its worker was stopped from outside: by hand, or by the machine for lack of memory."
    assert visit.errors == [f"Training of Logistic regression: {why}"]
    assert visit.at.session_state["wanted"] is None
    assert visit.widget("selectbox", "hyper_logistic_solver").value == "lbfgs"


def test_every_setting_of_a_large_model_is_tried_by_a_worker() -> None:
    """Compare says how far it is, and draws what comes back; a cancelled one is begun again by hand."""
    visit = Visit("compare", dataset="wine", model="logistic")
    visit.at.session_state.more = "Bytes against accuracy"
    visit.run()
    assert [b for b in bars(visit) if b.startswith("Every setting: ")]
    visit.press("cancel_job").wait().run()
    assert "Every setting: Cancelled." in unescaped(visit.words())
    visit.press("try_every_0").wait()
    assert bars(visit) == []
    found = _shared.every(visit.experiment)
    assert found == full_sweep(_shared.trained(visit.experiment))
    assert "chart pareto" in visit.shot()
