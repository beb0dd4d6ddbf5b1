"""Every other setting on Compare: the map, the front and the goal as core has them, and every way to take one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from core import figures
from core.artifact import encode
from core.config import Experiment
from core.errors import InvalidInput
from core.evaluate import compare, model_file
from core.own import from_estimator
from core.permalink import to_query
from core.quant import METHODS, Scheme
from core.sweep import Goal, OutOfReach, Sweep, front, seek, sweep
from core.sweep.front import worth
from pages import _shared, _sweep
from pages._format import number, signed
from tests.pages.test_pages import decoded
from tests.pages.visit import Visit, unescaped
from tests.support import ALL_BITS, california, table

MAP, FRONT, GOAL = "Every setting", "Bytes against R²", "Find a setting"
WINE = {"dataset": "wine", "model": "logistic"}
ROWS = "The settings that none beats"


def opened(tab: str, **query: Any) -> Visit:
    """Return Compare with one of its tabs open."""
    return turned(Visit("compare", **query), tab)


def turned(visit: Visit, tab: str) -> Visit:
    """Open a tab in a visit to Compare."""
    visit.at.session_state.more = tab
    return visit.run()


def every(visit: Visit, folds: int = 0) -> Sweep:
    """Return the sweep behind a visit."""
    return _shared.every(visit.experiment, visit.at.session_state.opened or _shared.NOTHING, folds)


def select(visit: Visit, element: Any, selection: dict[str, Any]) -> Visit:
    """Send a selection of a chart or a table as a browser does."""
    states = visit.at._tree.get_widget_states()
    state = states.widgets.add()
    state.id = element.proto.id
    state.string_value = json.dumps({"selection": selection})
    visit.at._run(states)
    assert [e.message for e in visit.at.exception] == []
    return visit


def chart(visit: Visit, key: str) -> Any:
    """Return a chart as an element."""
    return next(c for c in visit.at.get("plotly_chart") if c.proto.id.endswith(f"-{key}"))


def click(visit: Visit, key: str, data: Any, element: Any = None) -> Visit:
    """Click the mark of a chart that carries `data`; of `element`, where it is no longer on the page."""
    point = {"curve_number": 1, "point_index": 0, "customdata": data}
    found = {"points": [point], "point_indices": [0], "box": [], "lasso": []}
    return select(visit, element or chart(visit, key), found)


def tick(visit: Visit, rows: Sequence[int]) -> Visit:
    """Tick rows of the table of the front."""
    element = next(d for d in visit.at.dataframe if d.proto.alt == ROWS)
    return select(visit, element, {"rows": list(rows), "columns": [], "cells": []})


def said(visit: Visit) -> str:
    """Return all text of the page as it reads."""
    return unescaped(visit.words())


def own_file() -> bytes:
    """Return the file of a model from outside, which has no rows."""
    X, y = table()
    return encode(from_estimator(LinearRegression().fit(X, y), X))


def with_file(visit: Visit, data: bytes) -> Visit:
    """Open a file in a visit."""
    visit.unfold("files_box").widget("file_uploader", "upload").set_value(("a.safetensors", data, ""))
    return visit.run()


def test_closed_tabs_compute_and_draw_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pinned settings are open at first; nothing of the others is there, whatever one does."""
    asked: list[object] = []
    monkeypatch.setattr(_shared, "every", lambda *a, **k: asked.append(a))
    visit = Visit("compare", budget="24").set("slider", "bits", 3).set("selectbox", "method", "codebook")
    assert [t.label for t in visit.at.tabs] == ["Pinned", MAP, FRONT, GOAL, "Agreement"]
    assert "**Pinned settings**" in [m.value for m in visit.at.markdown]
    assert not {"chart map_of_settings", "chart pareto", "button take_chosen"} & set(visit.shot())
    assert asked == []


def test_the_open_tab_is_kept() -> None:
    """A visit to another page and another model, under which a tab has another name, keep the tab open."""
    visit = opened(FRONT).go("predict").go("compare")
    assert visit.at.session_state.more == FRONT
    visit.go("train").set("selectbox", "dataset", "wine").go("compare").wait()
    assert visit.at.session_state.more == "Bytes against accuracy"
    assert [t.label for t in visit.at.tabs][2] == "Bytes against accuracy"
    assert "chart pareto" in visit.shot()


def map_of(visit: Visit) -> tuple[list[list[str]], Any, list[dict[str, Any]]]:
    """Return what stands on the cells, their classes of colour, and the frames."""
    spec = visit.chart("map_of_settings")
    heat = spec["data"][0]
    return heat["text"], np.reshape(decoded(heat["z"]), np.shape(heat["text"])), spec["layout"].get("shapes", [])


def test_the_map_is_the_sweep_of_core() -> None:
    """Each cell says R² on the test rows of its method and width, with the switches that are set."""
    visit = opened(MAP, bits="5", method="asymmetric", space="raw", scale="output")
    base = visit.experiment.scheme
    found = sweep(california(), tuple(METHODS), ALL_BITS, base)
    text, _, frames = map_of(visit)
    for p in found.points:
        said_ = text[p.bits - 1][list(METHODS).index(p.method)]
        assert float(said_.replace("−", "-")) == pytest.approx(p.test, rel=5e-3, abs=5.1e-5)
    assert [(f["line"]["dash"], f["x0"], f["y0"]) for f in frames] == [("solid", 0.52, 4.56)]
    assert "the original's 0.6126" in said(visit)


def test_the_map_with_the_best_switches() -> None:
    """Each cell is the best of its method and width on the training rows, and takes its switches with it."""
    visit = opened(MAP).set("segmented_control", "switches", "best")
    found, cells = every(visit), _sweep.best_cells(every(visit))
    assert len(cells) == 64
    for cell in cells:
        rivals = [p for p in found.points if (p.method, p.bits) == (cell.method, cell.bits)]
        assert worth(cell, "train") == max(worth(p, "train") for p in rivals)
        assert cell.numbers == min(p.numbers for p in rivals if worth(p, "train") == worth(cell, "train"))
    _, _, frames = map_of(visit)
    assert [f["line"]["dash"] for f in frames] == ["dot"]
    assert "Of 1,408 settings each cell has the best on the training rows" in said(visit)
    place = next(i for i, p in enumerate(cells) if (p.method, p.bits) == ("symmetric", 6))
    click(visit, "map_of_settings", place)
    assert visit.experiment.scheme == cells[place].scheme
    assert map_of(visit)[2][0]["line"]["dash"] == "solid"


def test_a_click_on_the_map_takes_the_cell() -> None:
    """Setting, address and dial follow; data and training stay."""
    visit = opened(MAP, model="ridge", alpha="5", bits="5")
    click(visit, "map_of_settings", 16 + 6)
    assert visit.experiment.scheme == Scheme("asymmetric", 7)
    assert dict(visit.experiment.train.params)["alpha"] == 5
    assert visit.address == to_query(visit.experiment)
    assert visit.widget("slider", "bits").value == 7
    assert visit.widget("selectbox", "method").value == "asymmetric"


def test_a_selection_of_a_chart_that_is_gone_turns_nothing_back() -> None:
    """Under load a browser sends an old selection with every other change; it was heard and is not heard again."""
    visit = opened(MAP)
    old = chart(visit, "map_of_settings")
    click(visit, "map_of_settings", 4)
    assert visit.experiment.scheme.bits == 5
    visit.set("slider", "bits", 9)
    click(visit, "map_of_settings", 4, element=old)
    assert visit.experiment.scheme.bits == 9
    # The same cell can be clicked again where it stands now.
    click(visit, "map_of_settings", 4)
    assert visit.experiment.scheme.bits == 5


@pytest.mark.parametrize("data", [None, -1, 64, 10**12, "4", 4.5, True, [], ["4"], [None, 0.5], {"0": 4}])
def test_a_mark_that_is_not_there_takes_nothing(data: Any) -> None:
    """What a browser sends is looked up among the cells; anything else is passed over."""
    visit = opened(MAP, bits="5")
    click(visit, "map_of_settings", data)
    assert visit.experiment.scheme == Scheme(bits=5)
    assert visit.errors == []


def test_the_menu_of_the_map() -> None:
    """It starts at the current setting, lists all cells with their bytes, and takes one by its button."""
    visit = opened(MAP, bits="5", method="window")
    menu = visit.widget("selectbox", "map_choice")
    assert len(menu.options) == 64
    assert menu.options[menu.value].startswith("5 bits, window: ")
    place = menu.options.index("3 bits, codebook: 71 bytes")
    visit.set("selectbox", "map_choice", place).press("map_choice_take")
    assert visit.experiment.scheme == Scheme("codebook", 3)
    assert visit.comparison.sizes["quantized"].numbers == 71


def test_the_map_of_what_was_found() -> None:
    """Best found is shown at the method that was found; a window of another width keeps its map."""
    visit = opened(MAP, method="auto", bits="4")
    c = visit.comparison
    assert c.quantized.requested == "auto"
    column = list(METHODS).index(c.quantized.scheme.method)
    assert [(f["line"]["dash"], round(f["x0"] + 0.48)) for f in map_of(visit)[2]] == [("solid", column)]
    visit.at.session_state.experiment = Experiment(scheme=Scheme("window", 4, params=(("width", 0.5),)))
    text, _, frames = map_of(visit.run())
    assert text[3][2] == number(visit.comparison.score("quantized"))
    assert [f["line"]["dash"] for f in frames] == ["solid"]
    visit.set("segmented_control", "switches", "best")
    assert [f["line"]["dash"] for f in map_of(visit)[2]] == ["dot"]


def front_of(visit: Visit, basis: str = "train", folds: int = 0) -> list[Any]:
    """Return the front as core has it, the original among the candidates."""
    shown = figures.cloud(every(visit, folds), basis, "R²")
    assert front(shown.candidates, basis) == shown.best
    return [shown.candidates[i] for i in shown.best]


def test_the_table_of_the_front_is_that_of_core() -> None:
    """Bytes, words and both figures of each candidate that none beats, and whether it fits the budget."""
    visit = opened(FRONT, budget="24")
    best, rows = front_of(visit), visit.table(ROWS)
    assert [int(r["bytes"]) for r in rows] == [p.numbers for p in best]
    assert [r["R², training"] for r in rows] == [number(p.train, 6) for p in best]
    assert [r["R², test"] for r in rows] == [number(p.test, 6) for p in best]
    assert [r["fits the budget"] for r in rows] == ["yes" if p.numbers <= 24 else "no" for p in best]
    assert [r["setting"] for r in rows if r["bytes"] == 15] == [
        "7 bits, symmetric, raw features, scale by output error"
    ]
    assert rows[-1]["setting"] == "the original, float64"
    assert rows[-2]["setting"] == "plain float32 cast"
    assert "1,408 settings" in said(visit)
    assert "Chosen on the training rows; the test rows only report." in said(visit)
    assert "fits the budget" not in opened(FRONT).table(ROWS)[0]


def test_the_chart_shows_budget_and_now() -> None:
    """The budget is a line, the current setting the large mark, and both follow the visitor."""
    visit = opened(FRONT, budget="24")
    traces = {t["name"]: t for t in visit.chart("pareto")["data"] if t.get("name")}
    assert traces["budget of 24 bytes"]["x"] == [24, 24]
    assert traces["now"]["x"] == [48]
    assert traces["now"]["text"][0].startswith("now: 8 bits, symmetric<br>48 bytes; R² 0.61")
    visit.set("slider", "bits", 3).set("number_input", "budget", 40)
    traces = {t["name"]: t for t in visit.chart("pareto")["data"] if t.get("name")}
    assert traces["now"]["x"] == [visit.comparison.sizes["quantized"].numbers]
    assert traces["budget of 40 bytes"]["x"] == [40, 40]


def test_a_click_on_the_front_takes_the_setting() -> None:
    """A mark carries the place of its setting and its test figure; a plain cast takes nothing."""
    visit = opened(FRONT, model="ridge")
    found = every(visit)
    place = next(i for i, p in enumerate(found.points) if p.numbers == 15)
    click(visit, "pareto", [place, 0.5])
    assert visit.experiment.scheme == found.points[place].scheme
    assert visit.experiment.train.model == "ridge"
    click(visit, "pareto", [None, 0.5])
    assert visit.experiment.scheme == found.points[place].scheme


def test_a_row_of_the_front_takes_its_setting() -> None:
    """Once; the row is not ticked afterwards, the mark of now stands on it, and a cast or nothing takes nothing."""
    visit = opened(FRONT)
    best = front_of(visit)
    tick(visit, [4])
    assert visit.experiment.scheme == best[4].scheme
    assert [r["now"] for r in visit.table(ROWS)][3:6] == ["", "●", ""]
    assert visit.at.session_state[f"front_rows_{visit.at.session_state.clicks}"]["selection"]["rows"] == []
    visit.set("slider", "bits", 11)
    scheme = visit.experiment.scheme
    for rows in ([len(best) - 1], [len(best) - 2], [], [-1], [10**6]):
        tick(visit, rows)
        assert visit.experiment.scheme == scheme


def test_the_menu_of_the_front() -> None:
    """It lists the settings of the front, not the casts, and takes one by its button."""
    visit = opened(FRONT)
    settings = [p for p in front_of(visit) if hasattr(p, "scheme")]
    menu = visit.widget("selectbox", "front_choice")
    assert menu.options == [f"{p.numbers:,} bytes: {p.scheme.words}" for p in settings]
    visit.set("selectbox", "front_choice", 5).press("front_choice_take")
    assert visit.experiment.scheme == settings[5].scheme


def test_a_menu_follows_when_there_is_less_to_choose() -> None:
    """The choice of a long menu does not outlive it; the button then takes what the menu shows."""
    visit = opened(FRONT)
    last = len(visit.widget("selectbox", "front_choice").options) - 1
    visit.set("selectbox", "front_choice", last)
    visit.at.session_state.experiment = Visit(**WINE).experiment
    visit.run().wait()
    assert visit.widget("selectbox", "front_choice").value in range(len(visit.table(ROWS)))
    visit.press("front_choice_take")
    assert visit.experiment.scheme in {p.scheme for p in every(visit).points}


def card(visit: Visit, label: str) -> tuple[str, str]:
    """Return what a card says and what stands below."""
    found = next(m for m in visit.at.metric if m.label == label)
    return str(found.value), str(found.delta)


@pytest.mark.parametrize("loss", [0.01, 0.1, 0.0])
def test_at_most_this_loss(loss: float) -> None:
    """The smallest setting of core's own search, with its loss, its test figure and the interval of the difference."""
    visit = opened(GOAL).set("number_input", "goal_loss", loss)
    chosen = seek(every(visit), Goal("loss", loss))
    p, twin = chosen.point, compare(california(), chosen.point.scheme)
    d = twin.difference
    assert d is not None
    assert card(visit, "Bytes")[0] == f"{p.numbers} of 72"
    assert card(visit, "Loss of R²") == (number(chosen.loss, 6), "training rows")
    assert card(visit, "Test R²") == (number(p.test), "original 0.5758")
    assert card(visit, "Difference on test") == (signed(d.value), f"95 %: {signed(d.low)} to {signed(d.high)}")
    assert f"R² {number(p.train)} on the training rows against 0.6126 of the original" in said(visit)
    assert "Chosen on the training rows; the test rows only report." in said(visit)
    visit.press("take_chosen")
    assert visit.experiment == Experiment(scheme=p.scheme)
    assert "This is the current setting." in said(visit)
    assert "take_chosen" not in {b.key for b in visit.at.button}


def test_at_most_this_many_bytes() -> None:
    """The best setting within the bytes; with a budget that is what is asked for first."""
    visit = opened(GOAL, budget="24")
    assert visit.widget("segmented_control", "goal").value == "bytes"
    assert visit.widget("number_input", "goal_bytes").value == 24
    found = every(visit)
    assert f"{seek(found, Goal('bytes', 24)).point.numbers} of 72" == card(visit, "Bytes")[0] == "22 of 72"
    assert card(visit, "Bytes")[1] == "fits, 2 bytes to spare"
    visit.set("number_input", "goal_bytes", 16)
    assert card(visit, "Bytes")[0] == "16 of 72"
    # Another number is kept until there is another budget.
    assert visit.go("predict").go("compare").widget("number_input", "goal_bytes").value == 16
    visit.set("number_input", "budget", 30)
    assert visit.widget("number_input", "goal_bytes").value == 30
    visit.press("take_chosen")
    assert visit.experiment.scheme == seek(found, Goal("bytes", 30)).point.scheme
    assert visit.comparison.sizes["quantized"].numbers <= 30


def test_what_is_asked_for_stays() -> None:
    """Kind, loss and basis are there again after a visit to another page."""
    visit = opened(GOAL).set("number_input", "goal_loss", 0.2).go("predict").go("compare")
    assert visit.widget("number_input", "goal_loss").value == 0.2
    visit.set("segmented_control", "goal", "bytes").go("train").go("compare")
    assert visit.widget("segmented_control", "goal").value == "bytes"
    assert visit.widget("number_input", "goal_bytes").value == 24


def test_a_plain_cast_that_does_it_too_is_named() -> None:
    """Where a cast takes fewer bytes for the loss, or is better within the bytes, it is said so."""
    visit = opened(GOAL)
    found = every(visit)
    losses = [x for x in np.geomspace(1e-9, 1e-2, 200) if seek(found, Goal("loss", float(x))).cast is not None]
    loss = float(losses[0])
    cast = seek(found, Goal("loss", loss)).cast
    assert cast is not None
    visit.set("number_input", "goal_loss", loss)
    assert f"A plain {cast.kind} cast does that in fewer bytes: {cast.numbers} bytes, R² 0.612" in said(visit)
    visit.set("segmented_control", "goal", "bytes").set("number_input", "goal_bytes", 36)
    within = seek(found, Goal("bytes", 36)).cast
    assert within is not None
    assert "A plain float32 cast is better within these bytes: 36 bytes, R² 0.6126." in said(visit)


def test_what_is_out_of_reach_offers_the_nearest() -> None:
    """One message says what can be had, and a button takes it."""
    visit = opened(GOAL).set("segmented_control", "goal", "bytes").set("number_input", "goal_bytes", 5)
    assert visit.errors == ["bytes must be at least 6, the bytes of the smallest setting, got 5"]
    assert "take_chosen" not in {b.key for b in visit.at.button}
    with pytest.raises(OutOfReach) as caught:
        seek(every(visit), Goal("bytes", 5))
    nearest = caught.value.nearest
    button = visit.widget("button", "take_nearest")
    assert button.label == f"Take the nearest: {nearest.scheme.words} (6 bytes)"
    visit.press("take_nearest")
    assert visit.experiment.scheme == nearest.scheme
    assert visit.set("number_input", "goal_bytes", 6).errors == []


@pytest.mark.parametrize(
    ("kind", "key", "value", "message"),
    [
        ("loss", "goal_loss", -0.5, "loss must be a number from 0 to 10, got -0.5"),
        ("loss", "goal_loss", 11.0, "loss must be a number from 0 to 10, got 11.0"),
        ("bytes", "goal_bytes", 0, "bytes must be a whole number from 1 to 1e+09, got 0"),
        ("bytes", "goal_bytes", -3, "bytes must be a whole number from 1 to 1e+09, got -3"),
    ],
)
def test_what_is_not_allowed_is_refused(kind: str, key: str, value: float, message: str) -> None:
    """One message, no setting to take, and the page goes on."""
    visit = opened(GOAL).set("segmented_control", "goal", kind)
    finding = visit.finding
    visit.set("number_input", key, value)
    assert visit.errors == [message]
    assert not {"take_chosen", "take_nearest"} & {b.key for b in visit.at.button}
    assert visit.finding == finding
    visit.set("slider", "bits", 3).set("number_input", key, 40 if kind == "bytes" else 0.5)
    assert visit.errors == []


def test_by_cross_validation() -> None:
    """Chosen on figures of folds in which model and codes are made anew; the front then rests on them, too."""
    visit = opened(GOAL).set("segmented_control", "basis", "cv")
    chosen = seek(every(visit, 5), Goal("loss", 0.01, "cv"))
    assert card(visit, "Bytes")[0] == f"{chosen.point.numbers} of 72"
    assert card(visit, "Loss of R²") == (number(chosen.loss, 6), "cross-validated")
    assert f"R² {number(chosen.point.cv)} over 5 folds of the training rows" in said(visit)
    assert "Chosen by cross-validation on the training rows; the test rows only report." in said(visit)
    turned(visit, FRONT)
    assert visit.widget("segmented_control", "basis").value == "cv"
    best = front_of(visit, "cv", 5)
    assert [r["R², cross-validated"] for r in visit.table(ROWS)] == [number(p.cv, 6) for p in best]
    assert "The current setting is not among those tried." not in said(visit)
    visit.at.session_state.experiment = Experiment(scheme=Scheme("window", 4, params=(("width", 0.5),)))
    visit.run()
    assert "The current setting is not among those tried." in said(visit)
    assert not [t for t in visit.chart("pareto")["data"] if t.get("name") == "now"]
    visit.set("segmented_control", "basis", "train")
    assert [t["x"] for t in visit.chart("pareto")["data"] if t.get("name") == "now"] == [
        [visit.comparison.sizes["quantized"].numbers]
    ]


def test_folds_that_cannot_be_made_are_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is one message, and the training rows are looked at instead."""
    sweeps = _shared.every

    def refuse(e: Experiment, opened_: Any = _shared.NOTHING, folds: int = 0) -> Sweep:
        if folds:
            raise InvalidInput("folds", folds, "such that <b>every</b> class is in each")
        return sweeps(e, opened_)

    monkeypatch.setattr(_shared, "every", refuse)
    visit = opened(GOAL).set("segmented_control", "basis", "cv")
    assert visit.errors == ["folds must be such that <b>every</b> class is in each, got 5"]
    assert "\\<b\\>" in visit.at.error[0].value
    assert "Chosen on the training rows" in said(visit)
    assert visit.set("segmented_control", "basis", "train").errors == []


def test_classes_are_judged_by_accuracy() -> None:
    """Tabs, table, goal and map of a classifier speak of accuracy."""
    visit = opened("Bytes against accuracy", **WINE).wait()
    found = every(visit)
    assert visit.chart("pareto")["layout"]["yaxis"]["title"]["text"] == "accuracy on the training rows"
    assert {"accuracy, training", "accuracy, test"} < set(visit.table(ROWS)[0])
    turned(visit, GOAL).set("number_input", "goal_loss", 0.05)
    chosen = seek(found, Goal("loss", 0.05))
    assert card(visit, "Test accuracy")[0] == number(chosen.point.test)
    assert visit.widget("number_input", "goal_loss").label == "Loss of accuracy at most"
    visit.press("take_chosen")
    assert visit.experiment.scheme == chosen.point.scheme
    turned(visit, MAP)
    assert visit.chart("map_of_settings")["data"][0]["colorbar"]["title"]["text"] == "loss of accuracy, training rows"


def test_the_map_of_the_digits() -> None:
    """A model of 650 parameters has its map with the current switches without trying every setting."""
    visit = opened(MAP, dataset="digits", model="logistic", bits="2")
    text, z, _ = map_of(visit)
    assert z.shape == (16, 4)
    assert np.isfinite(z).all()
    assert text[1][0] == number(visit.comparison.score("quantized"))
    click(visit, "map_of_settings", 3)
    assert visit.experiment.scheme.bits == 4


def test_what_was_not_tried_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a large model leaves switches alone, map and goal say which."""
    small = replace(every(Visit()), skipped=("intercept other than refit", "scale by mse"))
    monkeypatch.setattr(_shared, "every", lambda *a, **k: small)
    words = "Not tried, because the model is large: intercept other than refit and scale by mse."
    visit = opened(MAP, seed="77").set("segmented_control", "switches", "best")
    assert words in said(visit)
    assert words in said(turned(visit, GOAL))


def test_a_model_without_rows() -> None:
    """Kept variance stands in for R²; there is nothing to choose it by, no test figure, and taking keeps the file."""
    visit = with_file(Visit("compare"), own_file())
    turned(visit, "Bytes against kept variance")
    assert "basis" not in {c.key for c in visit.at.get("button_group")}
    assert {"bytes", "setting", "kept variance", "now"} == set(visit.table(ROWS)[0])
    found = every(visit)
    assert found.basis == "fidelity"
    turned(visit, GOAL).set("number_input", "goal_loss", 0.001)
    chosen = seek(found, Goal("loss", 0.001, "fidelity"))
    assert card(visit, "Bytes")[0] == f"{chosen.point.numbers} of {found.original_numbers}"
    assert {"Test kept variance", "Difference on test"}.isdisjoint(m.label for m in visit.at.metric)
    assert "Chosen on the rows that came with the model." in said(visit)
    visit.press("take_chosen")
    assert visit.experiment.scheme == chosen.point.scheme
    assert visit.at.session_state.opened is not None
    turned(visit, MAP)
    at = chosen.point.bits - 1, list(METHODS).index(chosen.point.method)
    assert map_of(visit)[0][at[0]][at[1]] == number(chosen.point.fidelity)
    click(visit, "map_of_settings", 0)
    assert (visit.experiment.scheme.bits, visit.at.session_state.opened is None) == (1, False)


def test_a_file_with_its_own_numbers() -> None:
    """The tabs are about the file's own model, and taking a setting keeps it."""
    trained = california()
    values = {n: v * 1.25 for n, v in trained.parts.values.items()}
    theirs = replace(trained, parts=replace(trained.parts, values=values))
    data = encode(model_file(theirs, compare(theirs, Scheme(bits=4)), "theirs"))
    visit = turned(with_file(Visit("compare"), data), GOAL)
    found = every(visit)
    assert number(found.original_train) != "0.6126"
    assert f"against {number(found.original_train)} of the original" in said(visit)
    visit.press("take_chosen")
    assert "The numbers are those of the opened file." in said(visit)
    assert visit.experiment.scheme == seek(found, Goal("loss", 0.01)).point.scheme


def test_pins_say_whether_they_fit() -> None:
    """With a budget each pinned setting says so under its bytes; without one nothing."""
    visit = Visit("compare", budget="45", bits="3").press("pin")
    visit.set("slider", "bits", 8).press("pin")
    captions = [c.value for c in visit.at.caption]
    assert "fits, 2 bytes to spare" in captions
    assert "3 bytes too many" in captions
    assert "bytes too many" not in Visit("compare").press("pin").words()


def test_sliding_behind_an_open_tab_tries_nothing_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep of a model is made once, whatever the dial does."""
    visit = opened(FRONT)
    made: list[object] = []
    monkeypatch.setattr(_shared, "run", lambda *a: made.append(a))
    for tab in (FRONT, GOAL, MAP):
        turned(visit, tab)
        for bits in (3, 11):
            visit.set("slider", "bits", bits)
    visit.set("segmented_control", "switches", "best").set("selectbox", "method", "window")
    assert made == []
