"""One coefficient step by step on the page, and the curve whose points can be clicked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st

from core.config import Experiment
from core.quant import METHOD_NAMES, Scheme
from core.quant.case import Step
from pages import _choice, _quantise
from pages._format import MINUS
from pages._steps import LABEL, WIDTH, written
from tests.pages.test_controls import changed
from tests.pages.visit import Visit
from tests.support import california


def steps_of(visit: Visit) -> dict[str, str]:
    """Return the lines of each step by its title."""
    titles = [m.value.split("**")[1] for m in visit.at.main.get_by_key("steps_box").markdown]
    return dict(zip(titles, [c.value for c in visit.at.code], strict=True))


def test_the_section_is_closed_and_costs_nothing_until_it_is_opened() -> None:
    """At first there is its name alone; opened it shows the first coefficient, from its value to its effect."""
    visit = Visit()
    assert LABEL in [e.label for e in visit.at.expander]
    assert "chart landing" not in visit.shot()
    assert len(visit.at.code) == 0
    visit.unfold("steps_box")
    assert visit.widget("selectbox", "step").value == 0
    assert list(steps_of(visit)) == [
        "1. The value", "2. The range", "3. The step", "4. The code", "5. Back to a value", "6. The error",
        "7. What it does to the model",
    ]  # fmt: skip
    assert steps_of(visit)["4. The code"].endswith("= 248, stored as 11111000")


def test_each_coefficient_can_be_looked_at_step_by_step() -> None:
    """Choosing a coefficient changes the section and nothing else; it ends at that coefficient's error."""
    visit = Visit().unfold("steps_box")
    menu = visit.widget("selectbox", "step")
    assert menu.options == list(california().preparation.columns)
    for i in range(1, 8):
        found = changed(visit, lambda v, i=i: v.set("selectbox", "step", i))
        p = visit.comparison.parameters[i]
        assert {n for n in found if not n.startswith(("code", "caption", "markdown"))} == {"chart landing"}
        assert f"= {p.error:.4g}".replace("-", MINUS).replace(f"e{MINUS}", "e-") in steps_of(visit)["6. The error"]
        assert f"= {p.code}, stored as {p.code:08b}" in steps_of(visit)["4. The code"]
        assert any(c.value.endswith(f"lands on code {p.code}.") for c in visit.at.caption)


def test_next_and_previous_go_round() -> None:
    """The buttons go to the neighbours, from the last to the first and back; the menu follows."""
    visit = Visit().unfold("steps_box")
    for key, wanted in (("next", 1), ("next", 2), ("previous", 1), ("previous", 0), ("previous", 7), ("next", 0)):
        assert "chart landing" in changed(visit, lambda v, k=key: v.press(f"step_{k}"))
        assert visit.widget("selectbox", "step").value == wanted
    visit.set("selectbox", "step", 5).press("step_next")
    assert visit.widget("selectbox", "step").value == 6


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_the_section_follows_the_dial_and_keeps_its_coefficient(method: str) -> None:
    """Under every method and at the narrowest and widest code the same coefficient stays in view."""
    visit = Visit(method=method).unfold("steps_box").set("selectbox", "step", 6)
    for bits in (1, 3, 16):
        found = changed(visit, lambda v, b=bits: v.set("slider", "bits", b))
        assert any(name.startswith("code") for name in found)
        p = visit.comparison.parameters[6]
        assert visit.widget("selectbox", "step").value == 6
        assert f"= {p.code}, stored as {p.code:0{bits}b}" in next(v for k, v in steps_of(visit).items() if "code" in k)


def test_a_coefficient_that_another_model_lacks_gives_way_to_its_last_one() -> None:
    """The last of 640 weights of the digits becomes the last of eight; what was chosen waits for its model."""
    visit = Visit(dataset="digits", model="logistic", bits="2").unfold("steps_box").set("selectbox", "step", 639)
    assert visit.widget("selectbox", "step").value == 639
    visit.press("card_free")
    assert visit.widget("selectbox", "step").value == 7
    visit.press("card_digits")
    assert visit.widget("selectbox", "step").value == 639


def test_lines_are_written_under_their_equals_signs() -> None:
    """Each formula, then its numbers; short results stand behind each other; a name alone is set equal at once."""
    step = Step("t", "w", ("k = round(v / s)", "T[1]"), ("round(0.1234567 / 0.7654321) = round(0.161) = 0", "0.5"))
    lines = written(step).split("\n")
    assert lines == ["k = round(v / s)", "  = round(0.1234567 / 0.7654321)", "  = round(0.161) = 0", "T[1] = 0.5"]
    assert max(map(len, lines)) <= WIDTH


class State(dict[str, Any]):
    """What stands in for the state of a session: entries that are read as attributes, too."""

    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__


def clicked(monkeypatch: pytest.MonkeyPatch, shown: Any, again: bool = False) -> int:
    """Return the width after the browser has said that `shown` is selected; `again`: of a chart clicked before."""
    state = State(experiment=Experiment(), problems=[], opened=None, curve=shown)
    monkeypatch.setattr(st, "session_state", state)
    callback = _choice.clicked("curve", _quantise.at_widths(Scheme()))
    if again:
        callback()
        state.experiment = Experiment()
    callback()
    return int(state.experiment.scheme.bits)


def selection(*points: dict[str, Any]) -> SimpleNamespace:
    """Return what Streamlit keeps for a chart with `points` selected."""
    return SimpleNamespace(selection=SimpleNamespace(points=list(points)))


@pytest.mark.parametrize("bits", range(1, 17))
def test_a_click_on_the_curve_takes_the_width_of_the_point(monkeypatch: pytest.MonkeyPatch, bits: int) -> None:
    """The dial turns to the width that the point carries, whatever its place in its trace."""
    point = {"curve_number": 2, "point_number": 0, "x": 3, "y": 0.1, "customdata": bits}
    assert clicked(monkeypatch, selection(point)) == bits


@pytest.mark.parametrize(
    "points", [[], [{}], [{"x": 4}], *([{"customdata": c}] for c in (0, 17, -1, 2.5, None, "4", {}))]
)
def test_what_no_point_of_the_curve_says_changes_nothing(monkeypatch: pytest.MonkeyPatch, points: list[Any]) -> None:
    """An emptied selection, a point without a width, and widths that do not exist leave the dial where it is."""
    assert clicked(monkeypatch, selection(*points)) == 8


def test_a_click_on_the_curve_is_heard_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same selection, sent once more by a browser that has not drawn the new chart yet, does not turn the dial."""
    assert clicked(monkeypatch, selection({"customdata": 4})) == 4
    assert clicked(monkeypatch, selection({"customdata": 4}), again=True) == 8


def test_a_click_that_arrives_when_the_curve_is_gone_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A late message after a change of page finds no chart and no selection."""
    assert clicked(monkeypatch, None) == 8
