"""Figures of trees: levels where codes decode to, bytes that add up, nothing large sent, every word literal."""

from __future__ import annotations

from functools import cache

import numpy as np
import plotly.graph_objects as go
import pytest

from core import figures
from core.comparison import Comparison
from core.config import DataConfig, TrainConfig
from core.evaluate import compare
from core.parts import Floats
from core.quant import METHOD_NAMES, Scheme
from core.quant.leaves import tree_of_values
from core.sweep import sweep
from core.train import Trained, train
from tests.test_figures import HOSTILE, PALETTE, axes, texts, traces

ROW = Scheme("asymmetric", 4, granularity="row")


@cache
def forest(name: str = "diabetes", model: str = "random_forest", trees: int = 5) -> Trained:
    """Return a small forest of a bundled table."""
    return train(DataConfig(name), TrainConfig(model, params=(("n_estimators", trees), ("max_depth", 6))))


@cache
def twin(scheme: Scheme, name: str = "diabetes", model: str = "random_forest", trees: int = 5) -> Comparison:
    """Return the comparison of a small forest with its twin."""
    return compare(forest(name, model, trees), scheme)


def histogram(c: Comparison, tree: int | None, unit: str = "points") -> go.Figure:
    """Return where the leaves of a tree land."""
    return figures.leaf_histogram(c.original, c.quantized, c.decoded.values["leaf"], tree, 10.0, unit, PALETTE)


def leaves(c: Comparison, tree: int) -> Floats:
    """Return the decoded values of the leaves of one tree."""
    return np.asarray(c.decoded.values["leaf"].ravel()[tree_of_values(c.original) == tree])


@pytest.mark.parametrize("method", METHOD_NAMES)
@pytest.mark.parametrize("granularity", ["tensor", "row"])
def test_every_leaf_lands_on_a_level_that_is_drawn(method: str, granularity: str) -> None:
    """What codes decode to are the levels of the grid; those in use are told from those that are not."""
    c = twin(Scheme(method, 3, granularity=granularity))
    for tree in range(5):
        grid = figures.leaf_levels(c.quantized, tree)
        landed = np.unique(leaves(c, tree))
        if method == "window":  # a grid of its own for each leaf
            assert len(grid) == 0
            continue
        assert np.isin(landed, grid).all()
        assert len(grid) <= 8
        shown = traces(histogram(c, tree))["level in use"]
        assert np.array_equal(shown.x, landed * 10)
        assert shown.customdata.sum() == len(leaves(c, tree))
        assert shown.marker.color == PALETTE.quantized


def test_every_leaf_of_the_original_is_counted() -> None:
    """The bars hold all leaves of the tree, or of all trees, whatever the levels are."""
    c = twin(ROW)
    for tree, count in ((2, len(leaves(c, 2))), (None, c.original.values["leaf"].size)):
        bars = traces(histogram(c, tree))["leaves of the original"]
        assert (bars.y.sum(), bars.marker.color) == (count, PALETTE.original)


def test_levels_too_many_to_be_drawn_are_left_out() -> None:
    """From nine bits on there are no ticks; at eight, 256 of them at most."""
    assert set(traces(histogram(twin(Scheme("asymmetric", 9)), None))) == {"leaves of the original"}
    shown = traces(histogram(twin(Scheme("asymmetric", 8)), None))
    assert sum(len(t.x) for name, t in shown.items() if name.startswith("level")) == 256


def test_shares_of_classes_are_counted_on_a_scale_that_shows_the_rare() -> None:
    """Most leaves of a classifier are pure; the ticks stand inside the axis, logarithmic or not."""
    for name, model in (("digits", "random_forest_classifier"), ("diabetes", "random_forest")):
        c = twin(ROW, name, model)
        made = histogram(c, None if name == "digits" else 0)
        y = axes(made)["yaxis"]
        for trace in made.data[1:]:
            at = np.log10(trace.y[0]) if y.get("type") == "log" else trace.y[0]
            assert y["range"][0] < at < y["range"][1]


def test_a_single_leaf_and_equal_leaves_are_drawn() -> None:
    """A tree that asks nothing has one leaf, and a histogram of it."""
    stump = train(DataConfig("diabetes"), TrainConfig("decision_tree", params=(("max_leaf_nodes", 2), ("max_depth", 1),
                                                                              ("min_samples_leaf", 10000))))  # fmt: skip
    c = compare(stump, Scheme("asymmetric", 1, granularity="row"))
    assert c.original.values["leaf"].size == 1
    assert traces(histogram(c, 0))["leaves of the original"].y.sum() == 1


def test_the_error_of_each_tree_is_in_the_unit() -> None:
    """Few trees are bars, many a line; both have the mean of all beside them."""
    for trees, kind in ((5, "bar"), (45, "scatter")):
        c = twin(ROW, trees=trees)
        made = figures.error_by_tree(c.by_tree, 10.0, "points", PALETTE)
        assert made.data[0].type == kind
        assert np.allclose(made.data[0].y, c.by_tree * 10, rtol=1e-6)  # float32 where they are many
        assert made.data[1].y[0] == pytest.approx(10 * c.by_tree.mean())
        assert axes(made)["yaxis"]["title"]["text"] == "mean change of a leaf, points"


def test_the_error_of_each_neuron_has_no_unit() -> None:
    """Weights have none; neurons are counted through all layers."""
    errors = np.array([0.1, 0.3, 0.2])
    made = figures.error_by_neuron(errors, PALETTE)
    assert made.data[0].x.tolist() == [1, 2, 3]
    assert made.data[0].y.tolist() == errors.tolist()
    assert axes(made)["xaxis"]["title"]["text"] == "neuron"


def test_bytes_by_part_add_up() -> None:
    """Each bar is as long as the numbers of its model; the structure is the same in both, and grey."""
    c = twin(ROW)
    made = figures.bytes_by_part([("original", c.sizes["original"]), ("quantised", c.sizes["quantized"])], PALETTE)
    totals = np.sum([t.x for t in made.data], axis=0)
    assert totals.tolist() == [c.sizes["original"].numbers, c.sizes["quantized"].numbers]
    shown = traces(made)
    assert list(shown["leaves"].marker.color) == [PALETTE.original, PALETTE.quantized]
    for name in set(shown) - {"leaves", "scales, tables of values"}:
        assert shown[name].x[0] == shown[name].x[1]
        assert isinstance(shown[name].marker.color, str)


def test_bytes_against_bits_stand_on_the_structure() -> None:
    """Every width has its bytes and can be clicked; the structure lies below all of them."""
    c, trained = twin(ROW), forest()
    found = sweep(trained, ["asymmetric"], range(1, 17), ROW)
    structure = sum(
        n for name, _, n in c.sizes["quantized"].items if name in ("leaf_map", "feature", "threshold", "table")
    )
    made = traces(figures.size_curve(found.points, 4, c.sizes["original"], structure, PALETTE))
    curve = made["quantised"]
    assert list(curve.customdata) == list(range(1, 17))
    assert curve.y[3] == c.sizes["quantized"].numbers
    assert min(curve.y) > structure == made["structure, exact"].y[0]
    assert made["original, packed"].y[0] == c.sizes["original"].numbers


def test_columns_are_listed_by_how_often_they_are_asked_about() -> None:
    """The most frequent stands first, thirty at most."""
    made = figures.split_counts([f"c{i}" for i in range(40)], np.arange(40), PALETTE).data[0]
    assert (list(made.y[:2]), list(made.x[:2]), len(made.y)) == (["c39", "c38"], [39, 38], figures.MOST_COLUMNS)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_names_and_units_are_shown_letter_by_letter(hostile: str) -> None:
    """No unit and no name of a column is read as mark-up."""
    c = twin(ROW)
    for made in (
        histogram(c, 0, hostile),
        figures.error_by_tree(c.by_tree, 1.0, hostile, PALETTE),
        figures.split_counts([hostile], np.array([1]), PALETTE),
    ):
        found = list(texts(made.to_dict()))
        assert any("&lt;" in t or "&amp;" in t for t in found)
        assert not any(hostile in t for t in found)


def test_a_figure_does_not_grow_with_the_forest() -> None:
    """Only counts are sent: a forest of 45 trees takes no more than one of five, and a few kilobytes at most."""
    for trees in (5, 45):
        c = twin(Scheme("asymmetric", 8), trees=trees)
        assert len(histogram(c, None).to_json()) < 20_000
