"""Tree models on every page: fresh, after training, after bad input; what is said is what core says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core import families
from core.artifact import loads
from core.config import DataConfig, Experiment, TrainConfig
from core.families.trees import path
from core.lab import ROUNDINGS, round_thresholds
from core.permalink import from_query, to_query
from core.quant import Scheme, default_scheme
from core.sweep import sweep
from pages import _predict_trees, _shared, _shelves, _state
from tests.pages.visit import PAGES, Visit, decoded, unescaped

USUAL = default_scheme("trees")
TREE = Experiment(train=TrainConfig("decision_tree", params=(("max_depth", 6),)), scheme=USUAL)
FOREST = Experiment(
    DataConfig("diabetes"), TrainConfig("random_forest", params=(("n_estimators", 7),)), replace(USUAL, bits=4)
)  # fmt: skip
BOOSTING = Experiment(
    DataConfig("diabetes"), TrainConfig("hist_boosting", params=(("max_iter", 20),)), Scheme("codebook", 3)
)  # fmt: skip
DIGITS = Experiment(
    DataConfig("digits"), TrainConfig("random_forest_classifier", params=(("n_estimators", 5),)), replace(USUAL, bits=2)
)  # fmt: skip
WINE = Experiment(
    DataConfig("wine"), TrainConfig("hist_boosting_classifier", params=(("max_iter", 10),)), Scheme("symmetric", 3)
)  # fmt: skip
LEAF = Experiment(DataConfig("wine"), TrainConfig("decision_tree_classifier"), Scheme("window", 8))
ALL = {"tree": TREE, "forest": FOREST, "boosting": BOOSTING, "digits": DIGITS, "wine": WINE, "leaf": LEAF}
# Words of linear models that say nothing about trees.
FOREIGN = ("oefficient", "ntercept", "standardised", "Rank ")


def open_at(e: Experiment, page: str = "home") -> Visit:
    """Return a visit that comes by the link of an experiment."""
    return Visit(page, **to_query(e))


@pytest.mark.parametrize("e", ALL.values(), ids=ALL)
def test_every_page_opens_by_a_link(e: Experiment) -> None:
    """No page says a word about coefficients, and all say the same of both models; the link stays what it was."""
    visit = open_at(e)
    c = _shared.comparison(e)
    for page in PAGES:
        visit.go(page)
        assert visit.experiment == e
        assert from_query(visit.address) == (e, ())
        assert visit.errors == []
        # The sidebar's presets and the reference systems are about linear models.
        said = "\n".join(str(m.value) for m in [*visit.at.main.markdown, *visit.at.main.caption])
        assert not [word for word in FOREIGN if word in said], page
        if page in ("home", "quantise", "compare"):
            assert f"{c.sizes['original'].numbers:,} bytes become {c.sizes['quantized'].numbers:,}" in visit.finding


@pytest.mark.parametrize("e", ALL.values(), ids=ALL)
def test_all_that_waits_behind_tabs_opens(e: Experiment) -> None:
    """Every tab of Quantise and of Compare draws something."""
    visit = open_at(e)
    for name, key in (("Error by tree", "by_tree"), ("Leaves", "codes"), ("Lab", "lab_table")):
        visit.at.session_state.of_trees = name
        visit.run()
        shown = visit.shot()
        if name != "Error by tree" or len(_shared.comparison(e).by_tree) > 1:
            assert any(key in k for k in shown) or any("leaves" in k or "thresholds" in k for k in shown)
    visit.at.session_state.tree_bytes = "Bytes from 1 to 16 bits"
    assert "chart size_curve" in visit.run().shot()
    visit.go("compare")
    figure = "accuracy" if _shared.trained(e).dataset.classes else "R²"
    for tab in ("Every setting", f"Bytes against {figure}", "Find a setting", "Agreement", "Pinned"):
        visit.at.session_state.more = tab
        visit.run().wait()
        assert visit.errors == []


def test_the_curve_over_bits_is_the_sweep() -> None:
    """The chart holds what core finds at every width, and a click on it takes a width."""
    visit = open_at(FOREST)
    found = sweep(_shared.trained(FOREST), ["asymmetric"], range(1, 17), FOREST.scheme)
    trace = next(t for t in visit.chart("curve")["data"] if t["name"] == "quantised")
    assert decoded(trace["y"])[-4:] == pytest.approx([p.test for p in found.points][-4:])
    assert visit.press("fewest").experiment.scheme.bits <= 16


def test_another_tree_is_looked_at() -> None:
    """Where each tree has a grid of its own one of them is chosen; with one grid for all there is no choice."""
    visit = open_at(FOREST)
    first = visit.chart("leaves")
    visit.set("number_input", "tree_of_leaves", 3)
    assert visit.chart("leaves") != first
    assert "Tree 3 has a grid of its own" in unescaped(visit.words())
    visit.unfold("advanced_box").set("selectbox", "switch_granularity", "tensor")
    assert "The leaves of all trees share one grid" in visit.words()
    assert "tree_of_leaves" not in {w.key for w in visit.at.number_input}


def test_switches_that_say_nothing_about_trees_are_not_offered() -> None:
    """Neither space nor intercept, nor blocks; on Train no scaling."""
    visit = open_at(TREE).unfold("advanced_box")
    keys = {w.key for w in visit.at.selectbox if str(w.key).startswith("switch_")}
    assert keys == {"switch_scale", "switch_granularity"}
    assert visit.widget("selectbox", "switch_granularity").options == ["tensor", "row"]
    visit.go("train")
    assert "scaling" not in {w.key for w in visit.at.selectbox}


def test_a_dial_that_nobody_turned_starts_where_the_family_does() -> None:
    """From the linear model to a tree and back the scheme is the usual one; one that was chosen stays."""
    visit = Visit("train")
    visit.set("selectbox", "model", "decision_tree")
    assert visit.experiment.scheme == USUAL
    visit.set("selectbox", "model", "ridge")
    assert visit.experiment.scheme == Scheme()
    visit.set("slider", "bits", 5)
    visit.set("selectbox", "model", "decision_tree")
    assert visit.experiment.scheme == Scheme(bits=5)


def test_blocks_become_rows_with_trees() -> None:
    """A switch that trees cannot take is turned to the nearest that they can, without a word."""
    visit = Visit("train", v="1", granularity="block")
    visit.set("selectbox", "model", "decision_tree")
    assert visit.errors == []
    assert visit.experiment.scheme.granularity == "row"


def test_a_link_to_what_trees_cannot_take_is_answered() -> None:
    """The page says what is wrong, and shows the usual setting."""
    visit = Visit(v="1", model="decision_tree", max_depth="6", granularity="block")
    why = "granularity must be tensor or row for trees: leaves have no order in blocks"
    assert visit.errors == [f'{why}, got "block"']
    assert visit.experiment == replace(TREE, scheme=USUAL)


def test_fewer_trees_and_levels_stand_beside_the_bits() -> None:
    """Both shrink the model, stand in the sentence and in the address; empty again, all are kept."""
    visit = open_at(FOREST)
    whole = visit.comparison.sizes["quantized"].numbers
    visit.set("number_input", "keep_trees", 3)
    assert "3 of 7 trees" in visit.finding
    fewer = visit.comparison.sizes["quantized"].numbers
    visit.set("number_input", "keep_depth", 4)
    assert "at most 4 levels" in visit.finding
    assert visit.comparison.sizes["quantized"].numbers < fewer < whole
    assert from_query(visit.address) == (visit.experiment, ())
    for page in PAGES:
        assert visit.go(page).errors == []
    visit.set("number_input", "keep_trees", None)
    visit.set("number_input", "keep_depth", None)
    assert visit.experiment == FOREST


def test_a_budget_is_met_by_fewer_trees_as_well() -> None:
    """On the front of all settings stand some with fewer trees or levels, and one of them can be taken."""
    visit = open_at(FOREST, "compare")
    visit.at.session_state.more = "Bytes against R²"
    visit.run().wait()
    rows = visit.table("The settings that none beats")
    assert any("first" in r["setting"] and "trees" in r["setting"] for r in rows)
    names = visit.widget("selectbox", "front_choice").options
    visit.widget("selectbox", "front_choice").select_index(next(i for i, n in enumerate(names) if "trees" in n))
    visit.run().press("front_choice_take")
    assert visit.errors == []
    assert 0 < visit.experiment.scheme.trees < 7


def test_fewer_trees_do_not_follow_to_a_linear_model() -> None:
    """Only trees can be fewer: another model starts with all that it has."""
    visit = open_at(replace(FOREST, scheme=replace(FOREST.scheme, trees=3))).go("train")
    visit.set("selectbox", "model", "ridge")
    assert visit.errors == []
    assert (visit.experiment.scheme.trees, visit.experiment.scheme.bits) == (0, 4)


def test_train_says_how_large_the_trees_are_and_what_they_ask() -> None:
    """Trees, questions and leaves are counted; each column with the questions about it."""
    visit = open_at(FOREST, "train")
    t = _shared.trained(FOREST)
    questions, leaves = len(t.parts.structure["feature"]), len(t.parts.values["leaf"])
    assert f"7 trees with {questions:,} questions and {leaves:,} leaves" in visit.words()
    bars = visit.chart("questions")["data"][0]
    assert sum(decoded(bars["x"])) == questions


def test_what_matters_is_found_out_with_one_click() -> None:
    """A worker shuffles the columns; the chart stands beside the questions."""
    visit = open_at(TREE, "train").press("importance_now").wait()
    assert "chart importance_chart" in visit.shot()
    assert "importance_now" not in {b.key for b in visit.at.button}


def test_the_way_of_a_row_is_that_of_core() -> None:
    """Every question with the row's own value, and the leaf that both models end in."""
    visit = open_at(FOREST, "predict").unfold("path_box")
    visit.set("number_input", "tree_of_path", 2)
    t, c = _shared.trained(FOREST), visit.comparison
    row = np.array(visit.at.session_state.district)
    found = path(t.parts, t.preparation.expand(row[None, :])[0], 1)
    rows = visit.table("Questions on the way of the row through the tree")
    assert [r["question"] for r in rows] == [t.preparation.columns[s.feature] for s in found.steps]
    assert [r["answer"].startswith("yes") for r in rows] == [s.left for s in found.steps]
    assert all((float(r["the row has"]) <= float(r["at most"])) == r["answer"].startswith("yes") for r in rows)
    assert f"Leaf {found.leaf + 1:,} says" in visit.words()
    assert c.decoded.values["leaf"][found.leaf, 0] != found.says[0]


@pytest.mark.parametrize("e", [FOREST, WINE], ids=["forest", "wine"])
def test_what_a_value_changes_is_the_change_of_the_answer(e: Experiment) -> None:
    """With the usual value in place of one, the answer moves by what the bar says, for both models."""
    visit = open_at(e, "predict")
    t, row = _shared.trained(e), np.array(visit.at.session_state.district)
    chosen = 0 if t.dataset.classes else None
    median = t.sketch[:, 10]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_state, "twin", lambda: visit.comparison.decoded)
        found = _predict_trees.effects(t, row, chosen)
    for parts, effects in zip((t.parts, visit.comparison.decoded), found, strict=True):
        for i in range(len(row)):
            other = row.copy()
            other[i] = median[i]
            said = families.outputs(parts, np.stack([row, other]))
            said = said if chosen is None else said[:, chosen]
            assert effects[i] == pytest.approx(said[0] - said[1], abs=1e-12)


def test_rounded_thresholds_are_those_of_the_lab() -> None:
    """The tab says what core finds of each way to round, and computes nothing before it is opened."""
    visit = open_at(TREE)
    assert "What if thresholds were rounded?" not in visit.words()
    visit.at.session_state.of_trees = "Lab"
    visit.run()
    for kind in ("float16", "grid4"):
        visit.set("selectbox", "lab_rounding", kind)
        found = round_thresholds(_shared.trained(TREE), kind)
        assert f"{found.rows:.2%}" in visit.words()
        rows = visit.table("Both models with exact and with rounded thresholds")
        assert [r["thresholds"] for r in rows] == ["exact, in tables", ROUNDINGS[kind].label]


def test_what_takes_long_is_cross_validated_by_a_worker() -> None:
    """Compare cross-validates a forest without holding anybody up."""
    e = Experiment(DataConfig("diabetes"), TrainConfig("random_forest", params=(("n_estimators", 60),)), USUAL)
    visit = open_at(e, "compare").wait()
    visit.press("cv").wait()
    assert "over five folds of the training rows" in visit.words()


def test_a_large_model_has_its_curve_from_a_worker() -> None:
    """Until it is there the page says so, and is complete otherwise."""
    _shelves._SHELVES.clear()
    params = (("n_estimators", 25), ("max_depth", 12))
    e = Experiment(train=TrainConfig("extra_trees", params=params), scheme=USUAL)
    visit = open_at(e).wait()
    visit.run()
    assert visit.experiment == e
    shown = visit.wait().shot()
    assert {"chart curve", "chart leaves", "chart by_part", "chart by_tree"} <= set(shown)


@pytest.mark.parametrize("e", [TREE, FOREST, DIGITS], ids=["tree", "forest", "digits"])
def test_a_downloaded_file_opens_with_its_own_numbers(e: Experiment) -> None:
    """Saved under a name and opened again it is the same model, and nothing is trained for it.

    What joblib would write is not known of a file.
    """
    visit = open_at(e).unfold("files_box")
    visit.press("save")
    before = visit.finding
    visit.set("slider", "bits", 9 if e.scheme.bits != 9 else 8)
    assert visit.finding != before
    visit.press("open_saved")
    assert visit.errors == []
    assert (visit.experiment, visit.finding) == (e, before.split(", where joblib")[0] + ".")
    assert visit.at.session_state.opened is not None
    for page in PAGES:
        assert visit.go(page).errors == []


def test_bad_rows_leave_both_models_as_they_are() -> None:
    """A number beyond all reason is refused; one that is merely strange is answered, with a warning."""
    visit = open_at(TREE, "predict")
    before = visit.finding
    visit.set("number_input", "f_MedInc", 1e12)
    assert len(visit.errors) == 1
    assert visit.finding == before
    visit.set("number_input", "f_MedInc", 1e6)
    assert visit.errors == []
    assert any("Both models only guess there" in unescaped(w.value) for w in visit.at.warning)


def test_a_file_holds_what_the_page_shows() -> None:
    """The file behind the button is the pair, quantised as the dial says."""
    found = loads(_shared.file_bytes(FOREST, _shared.PAIR))
    assert found.quantized is not None
    assert found.quantized.scheme == FOREST.scheme
