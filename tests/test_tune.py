"""Tuning, learning curve and importance: scikit-learn's figures, on training rows only, with progress all the way."""

from __future__ import annotations

import json
import math
import time
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet, Ridge
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from core.config import DataConfig, TrainConfig, own_data
from core.datasets import Dataset, load, split
from core.errors import InvalidInput
from core.evaluate import baseline
from core.evaluate import cross_validate as our_cross_validate
from core.jobs import FINISHED, Jobs
from core.models import MODELS
from core.quant import Scheme
from core.train import train
from core.tune import (
    SEARCHES,
    SPACES,
    Range,
    Request,
    TuneRequest,
    default_space,
    learning_curve,
    permutation_importance,
    space_from_json,
    space_to_json,
    tune,
)
from core.tune.search import plan
from core.tune.space import grid_of, grid_size, tunable
from tests.support import OF_VALUES, bundled, classes_of, dataset, table, words

Told = list[tuple[int, int, str]]
RIDGE = TrainConfig("ridge")


def own(n: int = 150, classes: int = 0) -> Dataset:
    """Return a user's own table with generated rows."""
    X, y = table(n)
    return dataset(X, classes_of(y, classes), words(classes)) if classes else dataset(X, y)


def request(search: str = "grid", n: int = 150, **more: Any) -> TuneRequest:
    """Return a small search on a table of one's own."""
    rows = own(n)
    return TuneRequest(own_data(rows), RIDGE, rows, search=search, **more)


def test_elastic_net_on_clean_california_gives_the_reference_figures() -> None:
    """Cross-validation finds alpha 1e-4 and l1_ratio 0.9: CV RMSE 0.720524; test R² 0.575893, RMSE 0.745489."""
    space = (("alpha", (1e-4, 1e-3)), ("l1_ratio", (0.5, 0.9)))
    found = tune(TuneRequest(train=TrainConfig("elastic_net"), space=space, shuffle=False))
    first = found.candidates[0]
    assert dict(first.params) == {"alpha": 1e-4, "l1_ratio": 0.9}
    assert first.loss == pytest.approx(0.720524, abs=5e-7)
    test = baseline(bundled(DataConfig(), found.best)).metrics["test"]
    assert test["r2"] == pytest.approx(0.575893, abs=5e-7)
    assert test["rmse"] == pytest.approx(0.745489, abs=5e-7)
    assert (found.metric, found.loss, found.search, found.folds) == ("r2", "rmse", "grid", 5)


def test_a_grid_is_that_of_scikit_learn() -> None:
    """The same means and deviations for every candidate, from pipelines of its own."""
    data = DataConfig("diabetes")
    found = tune(TuneRequest(data, TrainConfig("elastic_net", params=(("max_iter", 5000),)), folds=4))
    rows = load("diabetes")
    inside = split(rows, 0.2, 42)[0]
    grid = {"elasticnet__alpha": [1e-4, 1e-3, 1e-2, 1e-1, 1.0], "elasticnet__l1_ratio": [0.1, 0.5, 0.9]}
    theirs = GridSearchCV(
        make_pipeline(StandardScaler(), ElasticNet(max_iter=5000)), grid, scoring="r2", refit=False,
        cv=KFold(4, shuffle=True, random_state=42),
    ).fit(rows.X[inside], rows.y[inside]).cv_results_  # fmt: skip
    expected = {
        (p["elasticnet__alpha"], p["elasticnet__l1_ratio"]): (mean, std)
        for p, mean, std in zip(theirs["params"], theirs["mean_test_score"], theirs["std_test_score"], strict=True)
    }
    assert len(found.candidates) == len(expected) == 15
    for c in found.candidates:
        # Sums of a few hundred terms in another order.
        assert (c.mean, c.std) == pytest.approx(expected[tuple(dict(c.params).values())], rel=1e-10)
    means = [c.mean or -math.inf for c in found.candidates]
    assert means == sorted(means, reverse=True)


def test_the_figure_of_a_candidate_is_that_of_cross_validation() -> None:
    """A leaderboard may compare tuned models with others: the folds are the same."""
    for data, config in ((DataConfig("diabetes"), RIDGE), (DataConfig("wine"), TrainConfig("logistic"))):
        name = "alpha" if config.model == "ridge" else "C"
        found = tune(TuneRequest(data, config, space=((name, (1.0,)),)))
        metric = found.metric
        ours = our_cross_validate(bundled(data, config), Scheme())["original"]
        assert found.candidates[0].mean == pytest.approx(ours[f"{metric}_mean"], rel=1e-12)
        assert found.candidates[0].std == pytest.approx(ours[f"{metric}_std"], rel=1e-12)


@pytest.mark.parametrize("search", SEARCHES)
def test_progress_never_falls_and_ends_at_the_whole(search: str) -> None:
    """In every kind of search, with words that say which candidate and which fold comes."""
    told: Told = []
    asked = request(search, space=(("alpha", Range(1e-3, 1e3, points=7)),), candidates=9, folds=3)
    found = tune(asked, lambda *step: told.append(step))
    totals = {total for _, total, _ in told}
    done = [d for d, _, _ in told]
    assert len(totals) == 1 and done == sorted(done) and (done[0], done[-1]) == (0, max(totals))
    rounds = plan(asked, asked.rows())
    # One for the beginning, one for each fit, one for the end.
    assert len(told) == 2 + 3 * sum(count for count, _ in rounds)
    start = "round 1 of 3, candidate 1 of 9" if search == "halving" else f"candidate 1 of {rounds[0][0]}"
    assert [told[0][2], told[1][2], told[-1][2]] == [f"{start}, fold 1 of 3", f"{start}, fold 2 of 3", "done"]
    # Half of the rows scored is half of the work: no fit counts more than its rows.
    steps = np.diff(done[:-1])
    assert steps.max() <= math.ceil(max(used for _, used in rounds) / 3)
    assert len(found.candidates) == rounds[0][0]


def test_halving_goes_on_with_the_best_third_on_more_rows() -> None:
    """The plan is scikit-learn's; those of the last round stand first, and each candidate stands once."""
    asked = request("halving", n=1500, candidates=20)
    rounds = plan(asked, asked.rows())
    assert rounds == [(20, 1200 // 9), (7, 3 * (1200 // 9)), (3, 9 * (1200 // 9))]
    found = tune(asked)
    rows = [c.rows for c in found.candidates]
    assert rows == [1197] * 3 + [399] * 4 + [133] * 13
    assert len({c.params for c in found.candidates}) == 20
    for used in (1197, 399, 133):
        means = [c.mean for c in found.candidates if c.rows == used and c.mean is not None]
        assert means == sorted(means, reverse=True)


def test_halving_of_a_small_table_begins_with_rows_of_every_class() -> None:
    """Two of each class in each fold, or all there are."""
    rows = own(120, classes=3)
    asked = TuneRequest(own_data(rows), TrainConfig("logistic"), rows, folds=3, search="halving", candidates=27)
    assert plan(asked, asked.rows()) == [(27, 18), (9, 54)]
    found = tune(asked)
    assert found.metric == "accuracy" and found.loss == "log_loss"
    assert found.candidates[0].mean is not None and found.candidates[0].mean > 0.6


def test_a_random_search_is_drawn_by_its_seed_within_the_ranges() -> None:
    """The same seed, the same candidates; all within the ends; of lists no combination twice."""
    space = (("alpha", Range(1e-3, 10.0)), ("positive", (False, True)))
    first, again, other = (tune(request("random", space=space, candidates=12, seed=s)) for s in (1, 1, 2))
    assert [c.params for c in first.candidates] == [c.params for c in again.candidates]
    assert {c.params for c in first.candidates} != {c.params for c in other.candidates}
    alphas = [dict(c.params)["alpha"] for c in first.candidates]
    assert all(1e-3 <= a <= 10 and a == float(f"{a:.4g}") for a in alphas) and len(set(alphas)) == 12
    few = tune(request("random", space=(("alpha", (1.0, 10.0)), ("positive", (False, True))), candidates=50))
    assert len({c.params for c in few.candidates}) == len(few.candidates) == 4


def test_draws_of_a_range_of_factors_are_even_in_the_exponent() -> None:
    """A tenth of the draws in each tenth of the exponents; of an even range, in each tenth of the numbers."""
    random = np.random.RandomState(0)
    exponents = [math.log10(Range(1e-5, 1e5).rvs(random_state=random)) for _ in range(4000)]
    evens = [Range(-3.0, 7.0, log=False).rvs(random_state=random) - 2 for _ in range(4000)]
    for found in (exponents, evens):
        counts = np.histogram(found, 10, (-5, 5))[0]
        # Binomial: 400 each, standard deviation 19; six of them for the largest of twenty.
        assert np.abs(counts - 400).max() < 6 * math.sqrt(4000 * 0.1 * 0.9)


def test_how_rows_are_prepared_can_be_searched_too() -> None:
    """Degree and scaling stand beside the hyperparameters, and the best configuration holds them."""
    found = tune(request(space=(("degree", (1, 2)), ("scaling", ("none", "standard")), ("alpha", (1.0,)))))
    assert len(found.candidates) == 4
    best = dict(found.candidates[0].params)
    assert {"degree": found.best.degree, "scaling": found.best.scaling, "alpha": 1.0} == best
    assert dict(found.best.params)["alpha"] == 1.0


def test_the_preparation_is_fitted_inside_each_fold() -> None:
    """Gaps are filled with the median of the fold's own rows: scoring sees nothing of them."""
    rows = own()
    X = rows.X.copy()
    X[::4, 1] = np.nan
    holes = replace(rows, X=X)
    config = replace(RIDGE, impute="median")
    found = tune(TuneRequest(own_data(holes), config, holes, folds=3, space=(("alpha", (1.0,)),)))
    inside = split(holes, 0.2, 42)[0]
    scores = []
    for a, b in KFold(3, shuffle=True, random_state=42).split(inside):
        fit, score = X[inside[a]].copy(), X[inside[b]].copy()
        median = np.nanmedian(fit[:, 1])
        fit[np.isnan(fit[:, 1]), 1] = score[np.isnan(score[:, 1]), 1] = median
        model = make_pipeline(StandardScaler(), Ridge(1.0)).fit(fit, rows.y[inside[a]])
        scores.append(model.score(score, rows.y[inside[b]]))
    assert found.candidates[0].mean == pytest.approx(np.mean(scores), rel=1e-10)


def test_no_test_row_is_read() -> None:
    """Other values in the test rows change no figure of tuning, curve or importance."""
    rows = own()
    outside = split(rows, 0.2, 42)[1]
    X, y = rows.X.copy(), rows.y.copy()
    X[outside], y[outside] = 1e3, -1e3
    other = replace(rows, X=X, y=y)
    found = [
        (
            [(c.params, c.mean, c.loss) for c in tune(TuneRequest(own_data(t), RIDGE, t)).candidates],
            learning_curve(Request(own_data(t), RIDGE, t)),
            permutation_importance(Request(own_data(t), RIDGE, t)),
        )
        for t in (rows, other)
    ]
    assert found[0] == found[1]


def test_a_candidate_that_cannot_be_fitted_stands_last_without_a_figure() -> None:
    """The others are not lost to it."""
    X, y = table(60)
    X[:, 0] *= 1e100  # its squares cannot be told from infinity, those of the other columns can
    rows = dataset(X, y)
    asked = TuneRequest(own_data(rows), RIDGE, rows, space=(("degree", (2, 1)), ("alpha", (1.0,))))
    found = tune(asked)
    assert [dict(c.params)["degree"] for c in found.candidates] == [1, 2]
    assert found.candidates[0].mean is not None
    assert (found.candidates[1].mean, found.candidates[1].std, found.candidates[1].loss) == (None, None, None)
    only = replace(asked, space=(("degree", (2,)),))
    with pytest.raises(InvalidInput, match="must be"):
        tune(only)


def test_a_tuning_in_a_worker_is_the_same_and_tells_how_far_it_is() -> None:
    """A user's own table goes there and the result comes back, both as plain data."""
    asked = request(n=5000, space=(("alpha", Range(1e-3, 1e3, points=20)),))
    here = tune(asked)
    with closing(Jobs(1, 1, 1536 * 1024 * 1024, 120)) as jobs:
        id = jobs.submit("visitor", "tuning", tune, asked)
        seen: set[str] = set()
        end = time.monotonic() + 60
        while (state := jobs.state(id)) is not None and state.live and time.monotonic() < end:
            seen.add(state.words)
            time.sleep(0.02)
    assert state is not None and state.status == FINISHED, state
    there = state.result
    assert any(w.startswith("candidate ") for w in seen)
    assert [(c.params, c.mean, c.std, c.loss) for c in there.candidates] == [
        (c.params, c.mean, c.std, c.loss) for c in here.candidates
    ]
    assert there.best == here.best


def test_the_learning_curve_is_that_of_a_fit_on_fewer_rows() -> None:
    """Its last point is the cross-validation on all rows; too few rows for a fit have no figure."""
    told: Told = []
    found = learning_curve(Request(DataConfig("diabetes"), RIDGE), 4, lambda *step: told.append(step))
    assert [p.rows for p in found.points] == sorted({p.rows for p in found.points})
    ours = our_cross_validate(bundled(DataConfig("diabetes"), RIDGE), Scheme())["original"]
    last = found.points[-1]
    # Every fold but the smallest leaves out one of its rows here.
    assert last.validation == pytest.approx(ours["r2_mean"], abs=0.01)
    assert last.train is not None and last.train > (last.validation or 0)
    assert (told[0][0], told[-1][0]) == (0, told[-1][1]) and len(told) == 2 + 4 * 5 * 2
    assert told[0][2] == f"fold 1 of 5, {found.points[0].rows} rows"
    rows = own(60, classes=6)
    few = learning_curve(Request(own_data(rows), TrainConfig("logistic"), rows, folds=4), 6)
    assert few.points[0].validation is None and few.points[-1].validation is not None


def test_importance_is_what_shuffling_a_feature_costs() -> None:
    """What carries the target stands first and costs what theory says; what carries nothing costs nothing."""
    draw = np.random.default_rng(3)
    X = draw.normal(size=(4000, 3))
    y = X @ [2.0, 0.0, 1.0] + 0.1 * draw.normal(size=4000)
    rows = dataset(X, y)
    told: Told = []
    found = permutation_importance(Request(own_data(rows), TrainConfig(), rows), 10, lambda *step: told.append(step))
    assert [f.feature for f in found.features] == ["f0", "f2", "f1"]
    # Shuffling feature j adds 2·w²·var(x) to the mean squared error, of var(y) = 4 + 1 + 0.01 in all: 8/5.01 and
    # 2/5.01. On 640 rows a variance is known to about 2·sqrt(2/640) = 11 %, taken twice here for both.
    assert [f.mean for f in found.features] == pytest.approx([8 / 5.01, 2 / 5.01, 0.0], rel=0.25, abs=0.005)
    assert (found.rows, found.metric) == (640, "r2")
    assert found.score == pytest.approx(1 - 0.01 / 5.01, abs=0.001)
    assert (told[0][0], told[-1][0]) == (0, told[-1][1]) and len(told) == 2 + 1 + 3 * 10
    assert [told[0][2], told[-3][2], told[-1][2]] == ["feature 1 of 3", "feature 3 of 3", "done"]


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_a_space_that_can_be_searched_and_written_down(model: str) -> None:
    """Its settings exist, its values are allowed, and JSON brings it back."""
    space = default_space(model)
    assert {name for name, _ in space} <= set(tunable(model))
    assert space_from_json(model, json.loads(json.dumps(space_to_json(space)))) == space
    grid = grid_of(model, space)
    assert math.prod(len(v) for v in grid.values()) <= grid_size(space) <= 50
    task = MODELS[model].task
    data = DataConfig("diabetes" if task == "regression" else "wine")
    assert TuneRequest(data, TrainConfig(model)).space == space
    assert set(SPACES) == set(MODELS)


def test_a_space_can_be_written_by_hand() -> None:
    """One value without its list, a range without what has a default, whole numbers of a range kept whole."""
    space = space_from_json(
        "elastic_net", {"l1_ratio": 0.5, "alpha": {"low": 0.01, "high": 1}, "max_iter": {"low": 100, "high": 1000}}
    )
    assert space == (("l1_ratio", (0.5,)), ("alpha", Range(0.01, 1)), ("max_iter", Range(100, 1000)))
    grid = grid_of("elastic_net", space)
    assert grid["alpha"] == [0.01, 0.03162, 0.1, 0.3162, 1.0]
    assert grid["max_iter"] == [100, 178, 316, 562, 1000]
    assert all(isinstance(v, int) for v in grid["max_iter"])
    drawn = tune(replace(request("random", candidates=3), train=TrainConfig("elastic_net"), space=space))
    assert all(isinstance(dict(c.params)["max_iter"], int) for c in drawn.candidates)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "space must be at least one setting to search, got \"nothing\""),
        ([1], "space must be an object with a list or a range for each setting, got [1]"),
        ({"beta": [1]}, "setting of ridge must be one of alpha, positive, scaling, degree"),
        ({"alpha": []}, "alpha must be at least one value, got \"nothing\""),
        ({"alpha": [1, -1]}, "alpha must be a number from 0 to 1e+09, got -1"),
        ({"alpha": ["1"]}, "alpha must be a number from 0 to 1e+09, got \"1\""),
        ({"alpha": [math.nan]}, "alpha must be a number from 0 to 1e+09, got nan"),
        ({"alpha": {"low": 1}}, "alpha must be a range with low and high"),
        ({"alpha": {"low": 1, "high": 2, "step": 1}}, "alpha must be a range with low and high"),
        ({"alpha": {"low": 0, "high": 2}}, "low must be above 0 in a range of factors of ten, got 0"),
        ({"alpha": {"low": 2, "high": 2}}, "high must be above low (2), got 2"),
        ({"alpha": {"low": 1, "high": 1e10}}, "alpha must be a number from 0 to 1e+09, got 10000000000"),
        ({"alpha": {"low": "1", "high": 2}}, "low must be a number from"),
        ({"alpha": {"low": 1, "high": 2, "log": 1}}, "log must be true or false, got 1"),
        ({"alpha": {"low": 1, "high": 2, "points": 1e9}}, "points must be a whole number from 2 to 100"),
        ({"scaling": {"low": 1, "high": 2}}, "scaling must be a list: one of standard, none, got \"a range\""),
        ({"degree": [1, 3]}, "degree must be a whole number from 1 to 2, got 3"),
        ({"alpha": list(range(600)), "degree": [1, 2]}, "space must be one of at most 1000 combinations, got \"1200 "),
    ],
)  # fmt: skip
def test_a_space_that_cannot_be_searched_is_refused(given: object, message: str) -> None:
    """With the setting, what is allowed and what came."""
    with pytest.raises(InvalidInput) as caught:
        space_from_json("ridge", given)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"search": "gird"}, "search must be one of grid, random, halving"),
        ({"candidates": 1}, "candidates must be a whole number from 2 to 1000"),
        ({"folds": 1}, "folds must be a whole number from 2 to 20"),
        ({"folds": 2.5}, "folds must be a whole number from 2 to 20"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"train": TrainConfig("logistic")}, f"model must be {OF_VALUES} for this table"),
        ({"space": (("alpha", (1.0,)), ("alpha", (2.0,)))}, "space must be one entry for each setting"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused(changed: dict[str, Any], message: str) -> None:
    """When it is made, before any work."""
    with pytest.raises(InvalidInput) as caught:
        replace(request(), **changed)
    assert str(caught.value).startswith(message)


def test_the_table_must_be_there_and_the_right_one() -> None:
    """A recipe of a user's own table holds no rows; another table is no substitute; few rows make few folds."""
    asked = request()
    with pytest.raises(InvalidInput, match="a table that is open here"):
        tune(replace(asked, table=None))
    with pytest.raises(InvalidInput, match="the table that the settings describe"):
        tune(replace(asked, table=replace(own(), sha256="1" * 64)))
    with pytest.raises(InvalidInput, match="folds must be a whole number from 2 to 8"):
        tune(request(n=20, folds=9))
    rows = own(40, classes=8)
    with pytest.raises(InvalidInput, match="folds must be a whole number from 2 to 4"):
        learning_curve(Request(own_data(rows), TrainConfig("logistic"), rows))
    for wrong, call in ((1, learning_curve), (0, permutation_importance)):
        with pytest.raises(InvalidInput, match="must be a whole number from"):
            call(Request(), wrong)


def test_results_are_plain_json() -> None:
    """Figures carry the name of their metric; what does not exist is null."""
    found = tune(request(space=(("alpha", (1.0, 2.0)),))).to_json()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert set(found["candidates"][0]) == {"params", "r2_mean", "r2_std", "rmse_mean", "fit_seconds", "rows"}
    assert train(
        DataConfig("diabetes"), TrainConfig(**{**found["best"], "params": tuple(found["best"]["params"].items())})
    )
    asked = Request(DataConfig("diabetes"), RIDGE)
    for result in (learning_curve(asked, 2), permutation_importance(asked, 1)):
        assert json.loads(json.dumps(result.to_json(), allow_nan=False)) == result.to_json()


def test_folds_of_classes_keep_their_shares() -> None:
    """As scikit-learn's stratified folds do, of the same seed."""
    asked = Request(DataConfig("wine"), TrainConfig("logistic"))
    rows = asked.rows()
    expected = StratifiedKFold(5, shuffle=True, random_state=42).split(rows.X, rows.y)
    for (a, b), (c, d) in zip(asked.cut(rows), expected, strict=True):
        np.testing.assert_array_equal(a, c)
        np.testing.assert_array_equal(b, d)
    scores = cross_validate(
        make_pipeline(StandardScaler(), MODELS["logistic"].make(rank_tol=0.0, **dict(TrainConfig("logistic").params))),
        rows.X, rows.y, cv=asked.cut(rows), scoring="accuracy",
    )["test_score"]  # fmt: skip
    found = tune(TuneRequest(asked.data, asked.train, space=(("C", (1.0,)),)))
    assert found.candidates[0].mean == pytest.approx(scores.mean(), rel=1e-12)
