"""The findings on the pages: what is wrong, what the cure does, and a button that takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from core.config import Experiment, TrainConfig
from core.datasets import Target
from core.diagnose import Cure, Finding, diagnose
from core.evaluate import compare
from core.own import from_estimator
from core.quant import Scheme
from pages import _findings, _shared
from pages._format import literal, money
from tests.pages.visit import Visit, unescaped
from tests.support import california, table

SAME = {"method": "window", "bits": "8", "space": "raw", "intercept": "same-grid"}
SQUARES = {"degree": "2", "bits": "4"}
PAGES = ("home", "compare")


def found(visit: Visit) -> tuple[Finding, ...]:
    """Return the findings of the setting that is shown."""
    return diagnose(_shared.trained(visit.experiment), visit.comparison)


def panel(visit: Visit) -> list[str]:
    """Return the lines of the panel as they are written."""
    return [str(m.value) for m in visit.at.main.get_by_key("findings").markdown]


def buttons(visit: Visit) -> list[Any]:
    """Return the buttons of the cures, in their order."""
    return [b for b in visit.at.button if str(b.key).startswith("cure_")]


def cured(found: Sequence[Finding]) -> list[Finding]:
    """Return the findings behind which a cure is offered: the last of those that it cures."""
    return [f for i, f in enumerate(found) if f.cure and f.cure not in [later.cure for later in found[i + 1 :]]]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("query", [{}, SAME, SQUARES], ids=["default", "window", "squares"])
def test_the_panel_shows_what_was_found(page: str, query: dict[str, str]) -> None:
    """Every finding stands there in its own words, in order, with what its cure does and the button for it."""
    visit = Visit(page, **query)
    said = "\n".join(unescaped(line) for line in panel(visit))
    expected = found(visit)
    places = [said.index(f.text) for f in expected]
    assert places == sorted(places)
    offered = [*cured(expected[: _findings.SEEN]), *cured(expected[_findings.SEEN :])]
    assert [b.key for b in buttons(visit)] == [f"cure_{f.name}" for f in offered]
    target = california().dataset.target
    for button, cure in zip(buttons(visit), [f.cure for f in offered], strict=True):
        label = unescaped(button.label)
        assert label.startswith(cure.label)
        assert unescaped(_findings.effect(cure, target)) in label


@pytest.mark.parametrize("page", PAGES)
def test_three_are_seen_and_the_rest_waits(page: str) -> None:
    """More than three findings: the others stand in a drawer that says how many they are."""
    visit = Visit(page, **SAME)
    expected = found(visit)
    assert len(expected) > _findings.SEEN
    drawer = next(e for e in visit.at.expander if e.label.endswith("more"))
    assert drawer.label == f"{len(expected) - _findings.SEEN} more"
    inside = "\n".join(unescaped(str(m.value)) for m in drawer.markdown)
    assert [f.text in inside for f in expected] == [i >= _findings.SEEN for i in range(len(expected))]


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_drawn_where_nothing_was_found(page: str) -> None:
    """A healthy model has no panel, only the place for it."""
    visit = Visit(page, dataset="breast_cancer")
    assert found(visit) == ()
    assert panel(visit) == []
    assert buttons(visit) == []
    assert not [e for e in visit.at.expander if e.label.endswith("more")]


@pytest.mark.parametrize(
    "name",
    ["features_unscaled", "zero_not_representable", "codes_unused", "side_exceeds_codes", "shift_not_refitted"],
)
def test_a_button_takes_its_cure(name: str) -> None:
    """Pressed, the whole setting is the cure's, in the address too, and the result is what the panel promised."""
    visit = Visit(**SAME)
    before = visit.experiment
    cure = next(f.cure for f in found(visit) if f.name == name)
    assert cure is not None
    visit.press(f"cure_{name}")
    assert visit.experiment == replace(before, scheme=cure.scheme)
    assert visit.comparison.output_error == pytest.approx(cure.error_after, rel=1e-14)
    assert visit.comparison.sizes["quantized"].numbers == cure.numbers_after
    assert visit.errors == []
    assert Visit(**visit.address).finding == visit.finding


def test_a_button_can_train_again() -> None:
    """The ridge penalty is taken with the model, and the page says what it cost the original."""
    visit = Visit("compare", **SQUARES)
    line = next(b.label for b in buttons(visit) if "R² of the original" in b.label)
    assert "0\\.6853 → 0\\.6416" in line
    visit.press("cure_columns_dependent")
    train = TrainConfig("ridge", "standard", 2, (("alpha", 100.0),))
    assert visit.experiment == Experiment(train=train, scheme=Scheme(bits=4))
    assert "columns_dependent" not in {f.name for f in found(visit)}


def test_the_cure_of_the_best_found_is_a_scheme_of_its_own() -> None:
    """Where the method was chosen, a cure starts from what was chosen, not from the choosing."""
    visit = Visit(method="auto", degree="2")
    cure = next(f.cure for f in found(visit) if f.name == "columns_dependent")
    assert cure is not None
    visit.press(f"cure_{next(f.name for f in cured(found(visit)) if f.cure == cure)}")
    assert visit.experiment.scheme == cure.scheme
    assert visit.experiment.scheme.method != "auto"


def test_names_of_a_model_from_outside_are_shown_letter_by_letter() -> None:
    """Names with Markdown in them are text: no bold, no link, no colour, no formula."""
    X, y = table(90, 3)
    names = ["**bold**", "[link](https://example.org)", "$x$ :red[y]"]
    own = from_estimator(LinearRegression().fit(X, y), X, feature_names=names, target="*price*", unit="`coins`")
    visit = Visit(space="raw", intercept="keep", bits="4")
    visit.at.session_state.opened = ("0" * 64, own)
    visit.run()
    trained = _shared.trained(visit.experiment, ("0" * 64, own))
    findings = diagnose(trained, compare(trained, visit.experiment.scheme))
    named = [f for f in findings if any(name in f.text for name in names)]
    assert named
    written = panel(visit)
    for f in findings:
        assert literal(f.text) in written
    assert any(literal("`coins`") in b.label for b in buttons(visit))


def test_the_effect_is_in_the_unit_of_the_target() -> None:
    """Dollars, small dollars, other units, scores; what does not change is not said."""
    dollars, points = california().dataset.target, Target("y", "Y", "points", 1.0, "")
    cure = Cure("", Scheme(), 0.0456, 3.1e-6, 16, 48)
    assert unescaped(_findings.effect(cure, dollars)) == (
        f"typical change {money(np.sqrt(0.0456) * 1e5, '$')} → {money(np.sqrt(3.1e-6) * 1e5, '$')}, 16 → 48 bytes"
    )
    tiny = replace(cure, error_before=1e-9, error_after=1e-11, numbers_after=16)
    assert unescaped(_findings.effect(tiny, dollars)) == "typical change $3.2 → $0.32"
    assert unescaped(_findings.effect(tiny, points)) == "typical change 3.162e-05 points → 3.162e-06 points"
    assert _findings.effect(replace(tiny, error_before=4.0, error_after=1.0), None) == (
        "typical change of the scores 2 → 1"
    )
    assert _findings.effect(replace(cure, error_after=0.0456), dollars) == "16 → 48 bytes"
    assert _findings.effect(replace(cure, error_after=0.0456, price="paid"), dollars) == "16 → 48 bytes, paid"
