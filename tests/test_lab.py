"""The experiment with rounded thresholds: what each kind is, what it does to trees, and what it costs and saves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import DataConfig, TrainConfig
from core.errors import InvalidInput
from core.families import trees
from core.lab import ROUNDINGS, bfloat16, round_thresholds, rounded_parts
from core.packed import pack_structure, sizes
from tests.support import FORMULAS, bundled, small

FINITE = st.floats(-1e30, 1e30, allow_subnormal=False)
MODELS = {
    "decision_tree": TrainConfig("decision_tree"),
    "random_forest_classifier": TrainConfig("random_forest_classifier", params=(("n_estimators", 10),)),
    "hist_boosting": TrainConfig("hist_boosting", params=(("max_iter", 20),)),
}
TABLES = {"decision_tree": "diabetes", "random_forest_classifier": "wine", "hist_boosting": "diabetes"}


@FORMULAS
@given(st.lists(FINITE, min_size=1, max_size=40, unique=True), st.sampled_from(sorted(ROUNDINGS)))
def test_rounded_thresholds_are_near_and_in_order(values: list[float], kind: str) -> None:
    """Each is off by half a last place, or half a step, at most, and none overtakes another."""
    before = np.sort(np.array(values))
    if kind == "float16":
        before = before / 1e30 * 6e4
    after = ROUNDINGS[kind].apply(before)
    assert (np.diff(after) >= 0).all()
    if ROUNDINGS[kind].grid:
        steps = 2 ** int(kind.removeprefix("grid")) - 1
        bound = np.ptp(before) / steps / 2 + 2.0**-50 * np.abs(before).max()
        assert len(np.unique(after)) <= steps + 1
    else:
        digits, least = {"float32": (24, 2.0**-149), "float16": (11, 2.0**-24), "bfloat16": (8, 2.0**-133)}[kind]
        # bfloat16 is rounded from a float32.
        bound = np.abs(before) * (2.0**-digits + 2.0**-24) + least
    assert (np.abs(after - before) <= bound).all()


def test_bfloat16_rounds_ties_to_even() -> None:
    """Halfway between two neighbours the one with an even last place is taken, on both sides of zero."""
    found = bfloat16(np.array([1.0, 1 + 2.0**-8, 1 + 3 * 2.0**-8, -1 - 2.0**-8, 3.14159265, 0.0]))
    assert found.tolist() == [1.0, 1.0, 1 + 2.0**-6, -1.0, 3.140625, 0.0]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", ROUNDINGS)
def test_every_kind_is_measured(model: str, kind: str) -> None:
    """Shares, bytes and figures are those of a model whose rows walk through the rounded trees."""
    trained = bundled(DataConfig(TABLES[model]), MODELS[model])
    found = round_thresholds(trained, kind)
    X, _ = trained.columns("test")
    rounded = rounded_parts(trained.parts, kind)
    before, after = (trees.leaves(parts, X) for parts in (trained.parts, rounded))
    assert found.pairs == (before != after).mean()
    assert found.rows == (before != after).any(axis=1).mean()
    assert found.table_before == sizes(pack_structure(trained.parts.structure))["table"]
    assert found.table_after > 0
    score = "accuracy" if trained.dataset.classes else "r2"
    assert found.before[score] is not None
    if not found.rows:
        assert found.after == found.before
    trees.leaves(rounded, X)
    assert rounded.values["leaf"] is trained.parts.values["leaf"]


def test_fewer_digits_move_more_rows_and_save_bytes() -> None:
    """Of one boosting: the fewer levels, the more rows end elsewhere, in the order of their steps."""
    trained = bundled(DataConfig("diabetes"), MODELS["hist_boosting"])
    found = {kind: round_thresholds(trained, kind) for kind in ROUNDINGS}
    shares = [found[k].pairs for k in ("float32", "float16", "bfloat16")]
    assert shares == sorted(shares)  # type: ignore[type-var]
    # Of hundreds of thresholds few lie where a step of a tenth of a percent matters: 10 and 8 bits may tie.
    grids = [found[k].pairs for k in ("grid8", "grid6", "grid4")]
    assert grids == sorted(grids)  # type: ignore[type-var]
    assert all(one.table_after < one.table_before for kind, one in found.items() if kind != "float32")


def test_a_tree_of_scikit_learn_loses_nothing_by_float32() -> None:
    """Its thresholds are float32 from the start, rounded down so that no float32 row goes another way."""
    found = round_thresholds(bundled(DataConfig("diabetes"), MODELS["decision_tree"]), "float32")
    assert (found.pairs, found.rows) == (0, 0)


@pytest.mark.parametrize(
    ("model", "kind", "message"),
    [
        ("decision_tree", "int8", "^kind must be one of float32, float16, bfloat16, grid10"),
        ("linear", "float16", "^model must be one of trees: others have no thresholds"),
    ],
)
def test_what_cannot_be_rounded_is_refused(model: str, kind: str, message: str) -> None:
    """An unknown kind, and a model without thresholds."""
    with pytest.raises(InvalidInput, match=message):
        round_thresholds(small(model), kind)
