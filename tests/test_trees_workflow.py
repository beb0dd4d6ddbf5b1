"""Trees on every way through the program: sweep, folds, files, models from outside, addresses, the command line."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from core.artifact import decode, encode, from_trained, load
from core.artifact.reopen import OUTSIDE, SLOW, held_out, reopen
from core.config import DataConfig, Experiment, TrainConfig, experiment_from_json
from core.errors import ArtifactError, InvalidInput
from core.evaluate import compare, cross_validate, model_file
from core.families.trees import prune
from core.own import from_estimator
from core.permalink import from_query, to_query
from core.quant import AUTO, METHODS, Scheme, quantize, scheme_from_json
from core.sweep import everything, line, run, sweep, with_cv
from core.train import Trained
from tests.cli_support import Shell
from tests.support import bundled, small, table

FOREST = TrainConfig("random_forest", params=(("max_depth", 8), ("n_estimators", 12)))
BOOSTING = TrainConfig("hist_boosting", params=(("max_iter", 12),))
CLASSES = TrainConfig("hist_boosting_classifier", params=(("max_iter", 4),))
MODELS = {"forest": ("diabetes", FOREST), "boosting": ("diabetes", BOOSTING), "classes": ("wine", CLASSES)}
KEPT = Scheme("asymmetric", 4, granularity="row", trees=3, depth=3)


def of(name: str) -> Trained:
    """Return a tree model of a small bundled table, trained once a session."""
    dataset, config = MODELS[name]
    return bundled(DataConfig(dataset), config)


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    """Return what runs commands in this process."""
    return Shell(capsys)


@pytest.mark.parametrize("base", [Scheme(granularity="row"), KEPT], ids=["whole", "fewer"])
@pytest.mark.parametrize("name", MODELS)
def test_a_sweep_says_what_comparisons_say(name: str, base: Scheme) -> None:
    """Every point is that of the setting compared alone: figures, bytes, change and fidelity."""
    trained = of(name)
    found = sweep(trained, [*METHODS, AUTO], (2, 8), base)
    assert len(found.points) == 2 * (len(METHODS) + 1)
    for point in found.points:
        asked = replace(base, method=point.method, bits=point.bits, params=())
        c = compare(trained, asked)
        assert point.scheme == c.quantized.scheme
        assert (point.test, point.train) == (c.score("quantized"), c.score("quantized", "train"))
        assert (point.numbers, point.output_error) == (c.sizes["quantized"].numbers, c.output_error)
        assert point.fidelity == c.fidelity
    for cast in found.casts:
        assert cast.test is not None
        assert cast.fidelity == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_folds_score_what_cross_validation_scores(name: str) -> None:
    """The mean over folds of a point is that of `cross_validate`, with fewer trees and levels too."""
    trained = of(name)
    for base in (Scheme(granularity="row"), KEPT):
        plan = line(["asymmetric"], (3,), base)
        found = with_cv(trained, plan, run(trained, plan), 3)
        alone = cross_validate(trained, replace(base, method="asymmetric", bits=3), 3)
        metric = found.metric
        assert found.points[0].cv == pytest.approx(alone["quantized"][f"{metric}_mean"], rel=1e-12)
        assert found.original_cv == pytest.approx(alone["original"][f"{metric}_mean"], rel=1e-12)


def test_everything_keeps_the_trees_that_it_is_told_to() -> None:
    """Each setting of a full sweep has as many trees and levels; other families refuse fewer."""
    plan = everything(of("forest").parts, bits=(4,), kept=KEPT)
    assert {(f.base.trees, f.base.depth) for f in plan.families} == {(3, 3)}
    with pytest.raises(InvalidInput, match=r"^trees must be 0 for a model without trees, got 3"):
        everything(small().parts, kept=KEPT)


@pytest.mark.parametrize("name", MODELS)
def test_a_smaller_model_is_explained_leaf_by_leaf(name: str) -> None:
    """Each leaf of the kept trees stands against the one that took its place, with its code."""
    trained = of(name)
    c = compare(trained, KEPT)
    left, leaf = prune(trained.parts, 3, 3)
    assert c.errors.shape == (np.count_nonzero(leaf >= 0) * trained.parts.values["leaf"].shape[1],)
    worst = c.parameters[0]
    assert abs(worst.error) == c.errors.max()
    assert worst.code in c.quantized.codes["leaf"]
    tree = int(worst.name.split(",")[0].removeprefix("tree ")) - 1
    assert tree < len(left.structure["n_nodes"]) == len(c.by_tree)
    assert worst.original in trained.parts.values["leaf"]


@pytest.mark.parametrize("name", MODELS)
def test_as_much_as_there_is_is_the_whole_model(name: str) -> None:
    """Asking for more trees and levels than there are changes nothing, and the file does not say that it was asked."""
    trained = of(name)
    whole, more = (compare(trained, replace(KEPT, trees=n, depth=d)) for n, d in ((0, 0), (2000, 100)))
    assert more.quantized.scheme == whole.quantized.scheme
    assert encode(model_file(trained, more)) == encode(model_file(trained, whole))


def test_other_families_refuse_fewer_trees() -> None:
    """A linear model has none, and says so wherever it is quantised."""
    for kept in ({"trees": 2}, {"depth": 2}):
        with pytest.raises(InvalidInput, match=r"^(trees|depth) must be 0 for a model without trees, got 2"):
            compare(small(), Scheme(**kept))
        with pytest.raises(InvalidInput, match="for a model without trees"):
            sweep(small(), ["symmetric"], (8,), Scheme(**kept))


def test_a_scheme_names_fewer_trees_only_where_there_are() -> None:
    """Old files and links keep their meaning and their bytes; both forms are read; words say what is kept."""
    assert "trees" not in Scheme().to_json()
    assert scheme_from_json(Scheme().to_json()) == scheme_from_json({**Scheme().to_json(), "trees": 0, "depth": 0})
    assert scheme_from_json(KEPT.to_json()) == KEPT
    assert KEPT.words_for("trees", 100).endswith(", 3 of 100 trees, at most 3 levels")
    assert Scheme(trees=5, depth=1).words_for("trees") == "8 bits, symmetric, the first 5 trees, at most 1 level"
    for name, value in (("trees", -1), ("trees", 2.0), ("depth", 101), ("depth", True), ("depth", "2")):
        with pytest.raises(InvalidInput, match=f"^{name} must be a whole number from 0 to"):
            scheme_from_json({name: value})


def test_an_address_holds_fewer_trees() -> None:
    """It comes back as it was; the default is left out, and a model without trees has no such setting."""
    e = Experiment(DataConfig("diabetes"), FOREST, KEPT)
    query = to_query(e)
    assert (query["trees"], query["depth"]) == ("3", "3")
    assert from_query(query) == (e, ())
    assert not {"trees", "depth"} & set(to_query(replace(e, scheme=Scheme())))
    _, errors = from_query({**query, "depth": "-1"})
    assert [str(error) for error in errors] == ["depth must be a whole number from 0 to 100, got -1"]
    found, errors = from_query({"trees": "3"})
    assert found == Experiment()
    assert errors[0].field == "setting in the address"


@pytest.mark.parametrize("name", MODELS)
def test_a_file_is_reopened_without_training(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own numbers on the rows of its recipe, whatever a fit would take; the comparison is the one that was."""
    trained = of(name)
    c = compare(trained, KEPT)
    model = decode(encode(model_file(trained, c)))
    monkeypatch.setattr(sys.modules["core.train"], "fit_estimator", lambda *a, **k: pytest.fail("it was trained again"))
    again = reopen(model)
    assert np.array_equal(again.rows("test")[0], trained.rows("test")[0])
    assert (again.report.seconds, again.report.joblib_bytes) == (None, None)
    found = compare(again, KEPT).to_json()
    found["sizes"]["joblib"] = c.joblib_bytes
    assert found == c.to_json()
    assert compare(again, KEPT, model.quantized).metrics == c.metrics
    rows, y = held_out(model.only("quantized"))
    assert np.array_equal(rows, trained.rows("test")[0])
    assert np.array_equal(y, trained.rows("test")[1])


def test_a_deployed_file_of_a_slow_model_is_not_trained_again() -> None:
    """A second or two are; more is said instead of done."""
    trained = bundled(DataConfig("diabetes"), replace(FOREST, params=(("max_depth", 2), ("n_estimators", 5))))
    quick = decode(encode(model_file(trained, compare(trained, Scheme())).only("quantized")))
    assert np.array_equal(reopen(quick).parts.values["leaf"], trained.parts.values["leaf"])
    slow = replace(quick, config=TrainConfig("random_forest", params=(("n_estimators", 1000),)), data=DataConfig())
    slow = replace(slow, data_sha256=bundled(DataConfig(), TrainConfig()).dataset.sha256)
    with pytest.raises(ArtifactError, match=SLOW):
        reopen(slow)


def test_a_twin_of_other_trees_is_no_twin() -> None:
    """Neither of another model of the same table, nor of another family."""
    forest, boosting = of("forest"), of("boosting")
    for scheme in (Scheme(granularity="row"), KEPT):
        with pytest.raises(InvalidInput, match=r"^quantised model must be one that was made of this original"):
            compare(forest, scheme, quantize(boosting.parts, scheme))
    linear = bundled(DataConfig("diabetes"), TrainConfig())
    with pytest.raises(InvalidInput, match="one that was made of this original"):
        compare(forest, Scheme(), compare(linear, Scheme()).quantized)


X, Y = table(200, 4, 2)
OUTSIDE_MODELS = {
    "forest": RandomForestRegressor(5, random_state=0),
    "boosting": HistGradientBoostingRegressor(max_iter=5, random_state=0),
    "classes": HistGradientBoostingClassifier(max_iter=5, random_state=0),
}


@pytest.mark.parametrize("name", OUTSIDE_MODELS)
def test_a_model_from_outside_goes_through_everything(name: str) -> None:
    """It answers as before, is quantised without a row, is cut with equal weights, and comes back from its file."""
    y = np.where(np.median(Y) < Y, "high", "low") if name == "classes" else Y
    frame = pd.DataFrame(X, columns=list("abcd"))
    estimator = OUTSIDE_MODELS[name].fit(frame, y)
    model = from_estimator(estimator, frame)
    said = model.predict(X)
    assert (
        (said == estimator.predict(frame)).all() if name == "classes" else np.allclose(said, estimator.predict(frame))
    )
    trained = reopen(decode(encode(model)))
    assert trained.report.notes == (OUTSIDE,)
    for scheme in (Scheme("asymmetric", 6, granularity="row"), Scheme("codebook", 4), Scheme(AUTO, 4), KEPT):
        c = compare(trained, scheme)
        assert np.isnan(c.output_error)
        assert (c.fidelity, c.difference) == (None, None)
        back = decode(encode(model_file(trained, c)))
        assert np.array_equal(back.predict(X), replace(model, quantized=c.quantized).predict(X))
    with pytest.raises(InvalidInput, match=r"^scale must be minmax or mse for trees without training rows"):
        compare(trained, Scheme(scale="output"))
    assert sweep(trained, ["asymmetric"], (8,)).points[0].fidelity is None


def test_trees_behind_a_scaler_are_refused() -> None:
    """A scaler would move every threshold; the message says what to do."""
    with pytest.raises(InvalidInput, match="trees need none, so fit them on the features as they are"):
        from_estimator(make_pipeline(StandardScaler(), RandomForestRegressor(3)).fit(X, Y), X)


@pytest.mark.parametrize("name", ["forest", "boosting"])
def test_the_commands_quantise_compare_and_sweep(shell: Shell, tmp_path: Path, name: str) -> None:
    """Train, quantise with fewer trees and levels, inspect, compare the file, predict; a sweep of the same."""
    dataset, config = MODELS[name]
    settings = [part for n, v in config.params if v != 0 for part in ("--set", f"{n}={v}")]
    training = ["--dataset", dataset, "--model", config.model, *settings]
    whole, pair = tmp_path / "whole.safetensors", tmp_path / "pair.safetensors"
    shell.text("train", *training, "--out", whole)
    keep = ["--keep-trees", "3", "--keep-depth", "3"]
    text = shell.text("quantize", whole, "--bits", "4", *keep, "--out", pair)
    assert text.startswith("4 bits, asymmetric, a scale for each tree, scale minmax, 3 of 12 trees, at most 3 levels\n")
    expected = compare(of(name), KEPT)
    for found in (shell.json("compare", pair), shell.json("compare", *training, "--bits", "4", *keep)):
        assert found["scheme"] == KEPT.to_json()
        assert found["quantized"]["test"]["r2"] == pytest.approx(expected.score("quantized"), rel=1e-12)
        assert found["parameters"]["by_tree"] == pytest.approx(expected.by_tree.tolist())
    assert load(pair).quantized is not None
    assert "trees" in shell.text("inspect", pair)
    assert "quantised" in shell.text("predict", pair, "--sample")
    swept = shell.json("sweep", *training, "--methods", "asymmetric", "--bits", "2,4", *keep)
    assert swept["points"][1]["test_r2"] == pytest.approx(expected.score("quantized"), rel=1e-12)
    assert {(p["trees"], p["depth"]) for p in swept["points"]} == {(3, 3)}
    budget = shell.text("sweep", *training, "--max-bytes", "1000", *keep)
    assert "3 of 12 trees, at most 3 levels" in budget


@pytest.mark.parametrize("model", ["random_forest", "hist_boosting"])
def test_the_commands_tune(shell: Shell, model: str) -> None:
    """A grid over one setting; the best is one of the candidates, and trained."""
    name = "min_samples_leaf"
    size = "n_estimators" if model == "random_forest" else "max_iter"
    found = shell.json(
        "tune", "--dataset", "diabetes", "--model", model, "--set", f"{size}=5", "--space", f"{name}=5,20", "--folds", "3"
    )  # fmt: skip
    assert len(found["candidates"]) == 2
    best = experiment_from_json(found["experiment"]).train
    assert best.model == model
    assert dict(best.params)[name] in (5, 20)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--model", "linear", "--keep-trees", "3"], "trees must be 0 for a model without trees, got 3"),
        (["--model", "random_forest", "--keep-trees", "x"], 'trees must be a whole number from 0 to 2000, got "x"'),
        (["--model", "random_forest", "--keep-depth", "101"], "depth must be a whole number from 0 to 100, got 101"),
        (
            ["--model", "decision_tree", "--keep-trees", "1"],
            "trees must be 0 for a single tree, which can only be made shallower, got 1",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused(shell: Shell, argv: list[str], message: str) -> None:
    """Before any comparison, with status 2."""
    small_one = [] if argv[1] != "random_forest" else ["--set", "n_estimators=2"]
    assert shell.refused("compare", "--dataset", "diabetes", *argv, *small_one) == message


def test_options_beside_files_are_refused_by_their_names(shell: Shell, tmp_path: Path) -> None:
    """The message names the option as it is written."""
    path = tmp_path / "a.safetensors"
    from_trained(of("forest")).save(path)
    assert shell.refused("compare", path, "--keep-trees", "2").startswith("--keep-trees must be left out beside files")


@pytest.mark.parametrize("scheme", [Scheme(granularity="row"), KEPT], ids=["whole", "fewer"])
@pytest.mark.parametrize("name", MODELS)
def test_a_file_becomes_an_estimator_again(name: str, scheme: Scheme) -> None:
    """Both models of a file answer in scikit-learn's own trees as they do here."""
    trained = of(name)
    model = decode(encode(from_trained(trained, compare(trained, scheme).quantized)))
    rows = trained.rows("test")[0]
    columns = model.preparation.expand(rows)
    for variant in model.variants:
        said = model.estimator(variant).predict(columns)
        ours = model.predict(rows, variant)
        same = said == ours if trained.dataset.classes else np.isclose(said.astype(float), ours, rtol=1e-12, atol=0)
        assert same.all()


def test_a_linear_model_is_no_estimator() -> None:
    """Its few weights are read from `parts`."""
    with pytest.raises(InvalidInput, match=r"model must be trees: .*, got \"linear\""):
        from_trained(small()).estimator()
