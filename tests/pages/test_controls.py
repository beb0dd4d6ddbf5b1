"""Every control does something: it changes the number, text or chart that it is there for, and the address with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.config import Experiment, preset_experiment
from core.datasets import split
from core.models import MODELS, models_for
from core.permalink import from_query, to_query
from core.quant import METHOD_NAMES, PRESETS, SWITCHES, Scheme
from core.sweep import fewest_bits, sweep
from pages import _shared
from pages._format import money, number
from pages._state import MAX_PINS
from tests.pages.visit import Visit, unescaped
from tests.support import ALL_BITS, california

QUANTISE = {"markdown 0", "metric Quantised R² 1", "metric Difference 2", "chart number_line", "chart curve",
            "table Every parameter and its code", "download download"}  # fmt: skip
COMPARE = {"markdown 0", "table Metrics of both models", "table Bytes of every candidate", "chart coef_errors",
           "chart moved", "caption 3", "caption 4", "download download"}  # fmt: skip
PREDICT = {"markdown 0", "metric Quantised 1", "metric Difference 2", "chart pushes", "download download"}
TRAIN = {"markdown 0", "metric R², test 0", "metric RMSE, test 1", "metric MAE, test 2", "metric R², train 3",
         "metric RMSE, train 4", "metric MAE, train 5", "chart actual", "chart residuals", "chart coefficients",
         "table Coefficients with their units", "download download"}  # fmt: skip


def changed(visit: Visit, act: Callable[[Visit], Any]) -> set[str]:
    """Return the names of everything on the screen that `act` changes, adds or takes away."""
    before = visit.shot()
    act(visit)
    after = visit.shot()
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


DIALLED = {"home": QUANTISE, "quantise": QUANTISE, "compare": COMPARE, "predict": PREDICT}


@pytest.mark.parametrize("page", DIALLED)
def test_the_slider_of_bits_changes_every_page(page: str) -> None:
    """Sliding the dial changes finding, figures, charts, download and address."""
    visit = Visit(page)
    assert changed(visit, lambda v: v.set("slider", "bits", 3)) >= DIALLED[page]
    assert visit.experiment == Experiment(scheme=Scheme(bits=3))
    assert visit.address["bits"] == "3"
    assert visit.finding.startswith("**3 bits, symmetric:**")


@pytest.mark.parametrize("page", DIALLED)
def test_the_menu_of_methods_changes_every_page(page: str) -> None:
    """Every other method changes finding, figures, charts, download and address."""
    visit = Visit(page, bits="5")
    for method in (*METHOD_NAMES[1:], METHOD_NAMES[0]):
        assert changed(visit, lambda v, m=method: v.set("selectbox", "method", m)) >= DIALLED[page], method
        assert visit.experiment.scheme == Scheme(method, 5)
        assert visit.address["method"] == method


@pytest.mark.parametrize("page", DIALLED)
def test_the_dial_of_narrow_screens_does_the_same(page: str) -> None:
    """One bit fewer, one bit more, and every method from its menu: page, address and the wide dial follow."""
    visit = Visit(page, bits="5")
    for key, bits in (("bits_down", 4), ("bits_down", 3), ("bits_up", 4)):
        assert changed(visit, lambda v, k=key: v.press(k)) >= DIALLED[page], bits
        assert visit.experiment.scheme.bits == visit.widget("slider", "bits").value == bits
        assert visit.address["bits"] == str(bits)
    for method in (*METHOD_NAMES[1:], METHOD_NAMES[0]):
        assert changed(visit, lambda v, m=method: v.pick("narrow_method", m)) >= DIALLED[page], method
        assert visit.experiment.scheme == Scheme(method, 4)
        assert visit.widget("selectbox", "method").value == visit.address["method"] == method


def test_the_dial_of_narrow_screens_ends_where_the_bits_end() -> None:
    """At 1 bit there is no fewer, at 16 no more."""
    for bits, down, up in (("1", True, False), ("16", False, True), ("8", False, False)):
        visit = Visit(bits=bits)
        assert visit.widget("button", "bits_down").disabled == down
        assert visit.widget("button", "bits_up").disabled == up


def test_a_method_taken_on_a_narrow_screen_gives_up_what_it_cannot_take() -> None:
    """The scale that a method does not have is given up, without a message."""
    visit = Visit(scale="output")
    for method in ("window", "auto"):
        assert visit.pick("narrow_method", method).errors == []
        assert visit.experiment.scheme == Scheme(method)


def test_the_methods_are_all_in_the_menu() -> None:
    """The menu offers what there is, at most five entries, each with its label."""
    menu = Visit().widget("selectbox", "method")
    assert menu.options == ["Symmetric", "Asymmetric", "Window", "Codebook", "Best found"]
    assert len(menu.options) == len(METHOD_NAMES) <= 5


def test_train_shows_what_the_dial_changes() -> None:
    """On Train the dial belongs to the twin: the download follows it, the original's figures stay."""
    visit = Visit("train")
    assert changed(visit, lambda v: v.set("slider", "bits", 3)) == {"download download"}


@pytest.mark.parametrize("page", ["home", "train", "compare", "predict"])
@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_takes_its_whole_setting(page: str, name: str) -> None:
    """One click makes data, training and scheme those of the preset, wherever one comes from."""
    visit = Visit(page, model="ridge", seed="7", bits="3", method="auto").unfold("presets_box")
    button = visit.widget("button", f"preset_{name}")
    assert (button.label, button.proto.help) == (PRESETS[name].label, PRESETS[name].note)
    assert changed(visit, lambda v: v.press(f"preset_{name}")) >= (TRAIN if page == "train" else DIALLED[page])
    assert visit.experiment == preset_experiment(name)
    assert from_query(visit.address) == (preset_experiment(name), ())
    assert visit.widget("slider", "bits").value == visit.experiment.scheme.bits
    assert visit.widget("selectbox", "method").value == visit.experiment.scheme.method


SWITCHED = [(name, option) for name in ("space", "scale", "intercept") for option in SWITCHES[name].options[1:]]


@pytest.mark.parametrize("page", DIALLED)
@pytest.mark.parametrize(("name", "option"), SWITCHED)
def test_an_advanced_switch_changes_the_page(page: str, name: str, option: str) -> None:
    """Space, scale and intercept change finding, numbers and charts of every page, and stand in the address."""
    # In standardised coordinates the columns have mean 0, so that a kept intercept needs no refit.
    space = {"space": "raw"} if name == "intercept" else {}
    visit = Visit(page, bits="3", method="asymmetric", **space).unfold("advanced_box")
    found = changed(visit, lambda v: v.set("selectbox", f"switch_{name}", option))
    # Whatever becomes of the intercept, the coefficients may stay on their grid.
    kept = {"chart number_line", "chart coef_errors", "chart pushes", "metric Bytes 3"}
    kept |= {"caption 2", "caption 3"}
    assert found >= DIALLED[page] - (kept if name == "intercept" else set())
    assert getattr(visit.experiment.scheme, name) == option
    assert visit.address[name] == option


@pytest.mark.parametrize(
    ("method", "kind", "name", "value"),
    [("asymmetric", "selectbox", "zero_point", "offset"), ("window", "number_input", "width", 0.5)],
)
@pytest.mark.parametrize("page", DIALLED)
def test_a_methods_own_setting_changes_the_page(page: str, method: str, kind: str, name: str, value: Any) -> None:
    """What only one method has is offered with that method, and changes what is shown."""
    visit = Visit(page, bits="4", method=method).unfold("advanced_box")
    assert changed(visit, lambda v: v.set(kind, f"param_{method}_{name}", value)) >= DIALLED[page]
    assert dict(visit.experiment.scheme.params) == {name: value}
    assert visit.address[name] == str(value)
    visit.set("selectbox", "method", "symmetric")
    assert not [w for w in [*visit.at.selectbox, *visit.at.number_input] if str(w.key).startswith("param_")]
    assert visit.errors == []
    assert name not in visit.address


def test_switches_that_a_method_cannot_take_are_not_offered() -> None:
    """The window has one scale, and `auto` chooses its own; a scale that was set before is given up."""
    visit = Visit(scale="mse").unfold("advanced_box")
    assert visit.widget("selectbox", "switch_scale").options == ["minmax", "mse", "output"]
    for method in ("window", "auto"):
        visit.set("selectbox", "method", method)
        assert visit.widget("selectbox", "switch_scale").options == ["minmax"]
        assert visit.errors == []
        assert visit.experiment.scheme.scale == "minmax"
    visit.set("selectbox", "method", "symmetric").set("selectbox", "switch_scale", "output")
    assert visit.experiment.scheme == Scheme(scale="output")


def test_the_fewest_bits_follow_the_tolerance_and_are_taken() -> None:
    """The button offers what core finds on the training rows for the tolerance, and one click takes it."""
    visit = Visit()
    found = sweep(california(), ["symmetric"], ALL_BITS)
    offered = []
    for tolerance in (0.2, 0.01, 0.0001, 0.0):
        visit.set("number_input", "tolerance", tolerance)
        best = fewest_bits(found.points, found.original_train, tolerance)
        button = visit.widget("button", "fewest")
        assert button.disabled == (best is None)
        assert button.label == ("No width keeps it" if best is None else f"Take the fewest bits: {best.bits}")
        if best is not None:
            assert f"R² on the test rows there is {number(best.test)}." in button.proto.help
            offered.append(best.bits)
    assert offered == sorted(offered)
    assert offered[1] == 4
    visit.set("number_input", "tolerance", 0.01)
    assert changed(visit, lambda v: v.press("fewest")) >= QUANTISE
    assert visit.experiment.scheme.bits == visit.widget("slider", "bits").value == 4
    r2 = [visit.comparison.metrics[m]["train"]["r2"] for m in ("original", "quantized")]
    assert r2[1] >= r2[0] - 0.01


LINEAR = [name for name in models_for("regression") if MODELS[name].family == "linear"]


@pytest.mark.parametrize("model", [m for m in LINEAR if m != "linear"])
def test_another_model_changes_train(model: str) -> None:
    """Another model changes every figure and chart, brings its own form, and stands in the address."""
    visit = Visit("train")
    found = changed(visit, lambda v: v.set("selectbox", "model", model))
    # Ridge with its default penalty differs from least squares in the sixth digit only.
    unseen = {n for n in TRAIN if n.startswith("metric")} if model == "ridge" else set()
    assert found >= TRAIN - unseen
    assert visit.experiment.train.model == visit.address["model"] == model
    assert visit.finding.startswith(f"**{MODELS[model].label}** explains")
    keys = {w.key for w in [*visit.at.number_input, *visit.at.checkbox]}
    assert {f"hyper_{model}_{name}" for name in MODELS[model].params} <= keys
    assert not {k for k in keys if str(k).startswith("hyper_linear")}


VALUES = {"alpha": 0.5, "l1_ratio": 0.9, "positive": True, "max_iter": 10}
HYPER = [(model, name) for model in LINEAR for name in MODELS[model].params]


@pytest.mark.parametrize(("model", "name"), HYPER)
def test_every_hyperparameter_changes_train(model: str, name: str) -> None:
    """Each hyperparameter of each model changes figures and charts, and stands in the address."""
    # On raw features a few rounds are not enough; elsewhere they make no difference to see.
    hard = {"scaling": "none", "degree": "2", "alpha": "0.001"} if name == "max_iter" else {}
    visit = Visit("train", model=model, **hard)
    value = 1e6 if (model, name) == ("ridge", "alpha") else VALUES[name]
    kind = "checkbox" if name == "positive" else "number_input"
    found = changed(visit, lambda v: v.set(kind, f"hyper_{model}_{name}", value))
    assert found >= {"chart coefficients", "table Coefficients with their units", "download download"}
    assert found & {n for n in TRAIN if n.startswith("metric")}
    assert dict(visit.experiment.train.params)[name] == value
    assert from_query(visit.address) == (visit.experiment, ())
    assert visit.errors == []


def test_a_solver_that_stops_early_says_so() -> None:
    """With ten rounds the lasso has not converged, and Train says what to do about it."""
    visit = Visit("train", model="lasso", alpha="0.00001", max_iter="10")
    assert [w.value for w in visit.at.warning] == [
        "The solver stopped before it had converged: allow more rounds or scale the features."
    ]
    visit.set("number_input", "hyper_lasso_max_iter", 5000)
    assert len(visit.at.warning) == 0


def test_scaling_changes_what_the_model_is_trained_on() -> None:
    """A penalty acts on the columns as they are: on raw features the lasso is another model, and the line says it."""
    visit = Visit("train", model="lasso")
    assert changed(visit, lambda v: v.set("selectbox", "scaling", "none")) >= TRAIN
    assert any("raw features" in c.value for c in visit.at.caption)
    assert visit.address["scaling"] == "none"
    # Least squares do not depend on the scaling, and the page says the same before and after, but for that line.
    plain = Visit("train")
    found = changed(plain, lambda v: v.set("selectbox", "scaling", "none"))
    assert "caption 2" in found
    assert not {n for n in found if n.startswith("metric")}


def test_degree_two_changes_everything_of_train() -> None:
    """All products of two features: 44 columns, other figures, and the number is in the line and the address."""
    visit = Visit("train")
    found = changed(visit, lambda v: v.set("segmented_control", "degree", 2))
    assert found >= TRAIN | {"caption 0"}
    assert visit.at.caption[0].value.startswith("Rank 44 of 44")
    assert len(visit.table("Coefficients with their units")) == 45
    assert visit.address["degree"] == "2"


@pytest.mark.parametrize(("kind", "key", "value"), [("slider", "test_size", 0.5), ("number_input", "seed", 7)])
def test_share_and_seed_change_the_split(kind: str, key: str, value: float) -> None:
    """Another split changes every figure of Train, the counts of rows among them."""
    visit = Visit("train")
    assert changed(visit, lambda v: v.set(kind, key, value)) >= TRAIN
    assert visit.address[key] == str(value)
    count = 10320 if key == "test_size" else 4128
    assert f"{count:,} test rows" in visit.finding
    assert f"On {count:,} test rows" in next(m.proto.help for m in visit.at.metric)


def pinned(visit: Visit) -> list[str]:
    """Return the headings of the pinned settings."""
    headings = [m.value for m in visit.at.main.markdown]
    return headings[headings.index("**Pinned settings**") + 1 :]


def test_up_to_four_settings_can_be_pinned() -> None:
    """Each pin adds a card with its figures; none twice, none after the fourth."""
    visit = Visit("compare")
    assert not visit.widget("button", "pin").disabled
    for count, bits in enumerate((8, 4, 3, 2), start=1):
        visit.set("slider", "bits", bits).press("pin")
        assert len(visit.at.session_state.pins) == count
        assert pinned(visit)[-1] == f"**{bits} bits, symmetric**"
        assert visit.widget("button", "pin").disabled, "the same setting twice"
    visit.set("slider", "bits", 16)
    assert visit.widget("button", "pin").disabled
    assert len(visit.at.session_state.pins) == MAX_PINS == 4
    shown = [m.value for m in visit.at.metric if m.label == "Test R²"]
    assert shown == [
        number(_shared.comparison(e).metrics["quantized"]["test"]["r2"]) for e in visit.at.session_state.pins
    ]
    assert len(set(shown)) == 4


def test_a_full_board_of_pins_takes_no_fifth() -> None:
    """Even a click that was under way when the fourth came adds nothing."""
    visit = Visit("compare")
    four = [Experiment(scheme=Scheme(bits=b)) for b in (1, 2, 3, 4)]
    visit.at.session_state.pins = four[:3]
    visit.run()
    visit.at.session_state.pins = four
    visit.press("pin")
    assert visit.at.session_state.pins == four


def test_a_pinned_setting_can_be_taken_and_unpinned() -> None:
    """Take makes it the current setting, address and dial included; Unpin removes that card and keeps the others."""
    visit = Visit("compare", model="ridge", bits="3", method="asymmetric").press("pin")
    first = visit.experiment
    visit.go("train").set("selectbox", "model", "lasso").go("compare").set("slider", "bits", 10).press("pin")
    assert changed(visit, lambda v: v.press("take_0")) >= COMPARE
    assert visit.experiment == first
    assert visit.address == to_query(first)
    assert visit.widget("slider", "bits").value == 3
    visit.press("unpin_0")
    assert [e.train.model for e in visit.at.session_state.pins] == ["lasso"]
    assert pinned(visit) == ["**10 bits, asymmetric**"]
    visit.press("unpin_0")
    assert pinned(visit) == []
    assert not visit.widget("button", "pin").disabled


def test_cross_validation_adds_its_line() -> None:
    """A click shows mean and deviation of both models on the training rows."""
    visit = Visit("compare", bits="4", method="asymmetric")
    visit.press("cv")
    line = visit.at.markdown[-1].value if "folds" in visit.at.markdown[-1].value else ""
    found = next(m.value for m in visit.at.markdown if m.value.startswith("R² over five folds of the training rows: "))
    assert line in ("", found)
    assert found.count("±") == 2


def test_a_place_fills_the_form() -> None:
    """Each named place brings its row, its true value and its dot on the map."""
    visit, data = Visit("predict"), california().dataset
    menu = visit.widget("selectbox", "place")
    assert menu.options == [p.name for p in data.places]
    for i in (1, 2, 3, 4, 5, 0):
        found = changed(visit, lambda v, i=i: v.set("selectbox", "place", i))
        assert found >= {"markdown 0", "metric Original 0", "metric Quantised 1", "metric True value 3",
                         "chart pushes", "chart map"}  # fmt: skip
        row = data.places[i].row
        shown = [visit.widget("number_input", f"f_{name}").value for name in data.feature_names]
        assert shown == data.X[row].tolist()
        assert visit.metric("True value") == money(float(data.y[row]) * 1e5, "$")


def test_a_random_row_is_a_test_row() -> None:
    """Every click brings a row of the test part, with its true value; ten clicks do not all bring the same."""
    visit, data = Visit("predict"), california().dataset
    _, test = split(data, 0.2, 42)
    seen = set()
    for _ in range(10):
        visit.press("random")
        row = visit.at.session_state.district_row
        assert row in test
        assert visit.at.session_state.district == tuple(data.X[row].tolist())
        assert visit.metric("True value") == money(float(data.y[row]) * 1e5, "$")
        seen.add(row)
    # 4,128 rows: ten equal draws have a chance of 1 in 4128^9.
    assert len(seen) > 1


def test_the_same_place_can_be_chosen_again() -> None:
    """After a random row or a changed value the menu of places is empty again and every place can be taken."""
    visit, data = Visit("predict"), california().dataset
    for away in (lambda v: v.press("random"), lambda v: v.set("number_input", "f_HouseAge", 10.0)):
        visit.set("selectbox", "place", 2)
        away(visit)
        assert visit.widget("selectbox", "place").value is None
        visit.set("selectbox", "place", 2)
        assert visit.at.session_state.district == tuple(data.X[data.places[2].row].tolist())


@pytest.mark.parametrize("name", california().dataset.feature_names)
def test_every_feature_changes_both_answers(name: str) -> None:
    """A typed value changes answers and contributions; the true value of the old row is no longer shown."""
    visit = Visit("predict", bits="16")
    before = visit.at.session_state.district
    i = california().dataset.feature_names.index(name)
    value = float(np.round(before[i], 2)) + (5000 if name == "Population" else 1)
    found = changed(visit, lambda v: v.set("number_input", f"f_{name}", value))
    assert found >= {"metric Original 0", "metric Quantised 1", "markdown 0", "chart pushes", "metric True value 3"}
    assert visit.metric("True value") == "–"
    assert visit.at.session_state.district == (*before[:i], value, *before[i + 1 :])
    assert ("chart map" in found) == (name in ("Latitude", "Longitude"))


def test_features_are_labelled_with_unit_and_training_range() -> None:
    """Each input names its unit and says what was seen in training."""
    visit, trained = Visit("predict"), california()
    for feature, sketch in zip(trained.dataset.features, trained.sketch, strict=True):
        box = visit.widget("number_input", f"f_{feature.name}")
        assert feature.label in box.label
        assert feature.unit.lower() in box.label.lower()
        assert box.proto.help.endswith(f"Seen in training: {sketch[0]:g} to {sketch[-1]:g}.")


def test_values_beyond_training_are_warned_of() -> None:
    """Just outside the range of the training rows the page warns, naming feature, value and range; inside not."""
    visit, trained = Visit("predict"), california()
    i = trained.dataset.feature_names.index("HouseAge")
    low, high = float(trained.sketch[i, 0]), float(trained.sketch[i, -1])
    assert len(visit.at.warning) == 0
    for value, outside in ((high + 1, True), (high, False), (low - 1, True), (low, False)):
        visit.set("number_input", "f_HouseAge", value)
        said = [unescaped(w.value) for w in visit.at.warning]
        wanted = f"House age {value:g} lies outside {low:g} to {high:g}. Both models only guess there."
        assert said == ([wanted] if outside else [])
    visit.set("number_input", "f_HouseAge", high + 1).set("number_input", "f_Population", 1e6)
    assert "; Population 1e+06 lies outside" in visit.at.warning[0].value


def test_the_district_stays_while_settings_change() -> None:
    """Model, dial and page may change: the values that were typed in stay."""
    visit = Visit("predict").set("number_input", "f_MedInc", 9.25)
    visit.set("slider", "bits", 4).go("train").set("selectbox", "model", "lasso").go("predict")
    assert visit.widget("number_input", "f_MedInc").value == 9.25
    assert visit.experiment == replace(Experiment(), train=replace(visit.experiment.train), scheme=Scheme(bits=4))


def test_the_download_names_its_bits() -> None:
    """The button says what it takes away, and the quantised model alone is offered beside the pair."""
    visit = Visit(bits="6").unfold("files_box")
    assert visit.widget("download_button", "download").label == "Download the 6-bit model"
    urls = {key: visit.widget("download_button", key).proto.url for key in ("download", "download_alone")}
    assert urls["download"] != urls["download_alone"]
    visit.set("slider", "bits", 5)
    assert visit.widget("download_button", "download").label == "Download the 5-bit model"
    for key, url in urls.items():
        assert visit.widget("download_button", key).proto.url != url
