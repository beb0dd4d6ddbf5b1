"""The address of a result."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import DataConfig, Experiment, TrainConfig, preset_experiment
from core.errors import InvalidInput
from core.models import MODELS
from core.permalink import LONGEST, from_query, to_query
from core.quant import METHODS, PRESETS, SWITCHES, Scheme
from tests.support import OF_CLASSES, OF_VALUES, READERS
from tests.test_config import TABLES, experiments

OF_MODELS = [name for model in MODELS.values() for name in model.params]
OF_METHODS = [name for method in METHODS.values() for name in method.params]
OF_OWN = ["sha256", "target", "features", "task"]
PREPARING = ["impute", "fill", "indicator", "ratios"]
FIXED = ["v", "dataset", "test_size", "seed", "model", "scaling", "degree", "method", "bits", *OF_OWN, *PREPARING]
KNOWN = [*FIXED, *SWITCHES, *OF_MODELS, *OF_METHODS]
WORDS = "own median constant a/b rooms_per_household regression 0 1 -1 2.5 8 16 17 nan inf 1e999 true linear ridge auto window symmetric raw mse none keep offset ../x"
TEXTS = st.text(max_size=12) | st.sampled_from([*WORDS.split(), "1" * 40])


def test_the_default_address_is_fixed() -> None:
    """Version 1 of the default result always has this address: a copied link stays true."""
    assert to_query(Experiment()) == {
        "v": "1",
        "dataset": "california_housing",
        "model": "linear",
        "method": "symmetric",
        "bits": "8",
    }


def test_version_one_has_fixed_defaults() -> None:
    """What an address leaves out means today what it meant when the address was copied."""
    assert from_query({"v": "1"}) == (Experiment(), ())
    assert Experiment() == Experiment(
        DataConfig("california_housing", 0.2, 42),
        TrainConfig("linear", "standard", 1, (("positive", False),)),
        Scheme("symmetric", 8, "standardised", "minmax", "nearest", "refit", "tensor", ()),
    )


@READERS
@given(experiments())
def test_an_experiment_survives_its_address(e: Experiment) -> None:
    """The address of any setting leads back to it, without a message and within the limit of length."""
    query = to_query(e)
    assert from_query(query, {e.data.sha256}) == (e, ())
    assert all(isinstance(v, str) for v in query.values())
    assert sum(len(k) + len(v) for k, v in query.items()) <= LONGEST


@READERS
@given(st.dictionaries(st.sampled_from(KNOWN) | st.text(max_size=9), TEXTS, max_size=8))
def test_any_address_gives_a_setting_and_messages(query: dict[str, str]) -> None:
    """Whatever stands in the address, there is a valid setting, and a message for each refused value."""
    e, errors = from_query(query)
    assert from_query(to_query(e)) == (e, ())
    assert len(errors) <= len(query)
    for error in errors:
        assert error.field
        assert error.allowed
    if not errors:
        assert all(name in KNOWN for name in query)


@READERS
@given(experiments(), st.sampled_from(KNOWN), TEXTS)
def test_one_damaged_value_leaves_the_rest(e: Experiment, name: str, text: str) -> None:
    """A link with one value replaced keeps what does not hang on that value."""
    found, _ = from_query({**to_query(e), name: text}, {e.data.sha256})
    if name not in ("v", "dataset", "test_size", "seed", *OF_OWN):
        assert found.data == e.data
    if name == "dataset" and e.data.dataset == "own":
        return
    if name in ("bits", "space", "scale", "rounding", "intercept", "granularity"):
        assert found.train == e.train
        assert found.scheme.method == e.scheme.method


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("dataset", "iris", rf'^dataset must be {TABLES}, got "iris"$'),
        ("test_size", "0", r"^test_size must be a number above 0 and below 1, got 0"),
        ("test_size", "1", r"^test_size must be a number above 0 and below 1, got 1"),
        ("test_size", "nan", r'^test_size must be a number above 0 and below 1, got "nan"$'),
        ("seed", "4.0", r'^seed must be a whole number from 0 to .*, got "4.0"$'),
        (
            "model",
            "forest",
            r'^model must be one of random_forest, linear, ridge, … \(.* lists all \d+\), got "forest"$',
        ),
        ("scaling", "", r'^scaling must be one of standard, none, got ""$'),
        ("degree", "3", r"^degree must be a whole number from 1 to 2, got 3$"),
        ("method", "gptq", r'^method must be one of symmetric, asymmetric, window, codebook, auto, got "gptq"$'),
        ("bits", "0", r"^bits must be a whole number from 1 to 16, got 0$"),
        ("bits", "17", r"^bits must be a whole number from 1 to 16, got 17$"),
        ("bits", "-1", r"^bits must be a whole number from 1 to 16, got -1$"),
        ("bits", "2.5", r'^bits must be a whole number from 1 to 16, got "2.5"$'),
        ("bits", "1e9", r'^bits must be a whole number from 1 to 16, got "1e9"$'),
        ("bits", '"8"', r'^bits must be a whole number from 1 to 16, got ""8""$'),
        ("bits", "NaN", r'^bits must be a whole number from 1 to 16, got "NaN"$'),
        ("space", "log", r'^space must be one of standardised, raw, got "log"$'),
        ("intercept", "drop", r'^intercept must be one of refit, keep, quantised, same-grid, got "drop"$'),
        ("positive", "1", r'^positive must be true or false, got "1"$'),
        ("alpha", "1", r'^setting in the address must be one of .*bits.*, got "alpha"$'),
        ("width", "1", r'^setting in the address must be one of .*, got "width"$'),
        ("path", "../../x", r'^setting in the address must be one of .*, got "path"$'),
    ],
)
def test_a_refused_value_has_one_message_and_its_default(name: str, text: str, message: str) -> None:
    """The message names field, range and value, and the setting is the default one."""
    e, errors = from_query({"v": "1", name: text})
    assert e == Experiment()
    (error,) = errors
    with pytest.raises(InvalidInput, match=message):
        raise error


def test_every_bad_value_is_named() -> None:
    """Two bad values give two messages, and the good ones beside them hold."""
    e, errors = from_query({"bits": "99", "model": "ridge", "alpha": "-5", "method": "asymmetric"})
    assert [error.field for error in errors] == ["alpha", "bits"] or {x.field for x in errors} == {
        "alpha",
        "bits",
    }
    assert e == Experiment(train=TrainConfig("ridge"), scheme=Scheme("asymmetric"))


@pytest.mark.parametrize("method", ["window", "auto"])
def test_a_scale_that_the_method_cannot_take_falls_back(method: str) -> None:
    """The method stays, the scale goes back to minmax, and the message says why."""
    e, errors = from_query({"method": method, "scale": "output", "bits": "5", "intercept": "keep"})
    assert e.scheme == Scheme(method, 5, intercept="keep")
    (error,) = errors
    assert str(error).startswith("scale must be ")
    assert str(error).endswith('got "output"')


@pytest.mark.parametrize("noise", ["x" * 2048, "%00" * 700, "\u202e" * 2048])
def test_noise_is_refused_whole(noise: str) -> None:
    """Two kilobytes of anything give the defaults and one short message."""
    for query in ({"bits": noise}, {noise: "8"}, {"v": "1", "bits": "4", "x": noise}):
        e, errors = from_query(query)
        assert e == Experiment()
        (error,) = errors
        assert str(error) == f'address must be at most {LONGEST} characters of settings, got "…"'


@pytest.mark.parametrize("v", ["2", "99", "", "1.0", "one"])
def test_another_version_is_refused_whole(v: str) -> None:
    """An address of another version is not guessed at."""
    e, errors = from_query({"v": v, "bits": "4"})
    assert e == Experiment()
    (error,) = errors
    assert str(error) == f'v must be 1, the version of these settings, got "{v}"'


@pytest.mark.parametrize("name", PRESETS)
def test_presets_have_addresses(name: str) -> None:
    """A reference system can be linked to."""
    assert from_query(to_query(preset_experiment(name))) == (preset_experiment(name), ())


def test_only_what_differs_is_written() -> None:
    """A setting that is at its default does not lengthen the address."""
    e = replace(Experiment(), train=TrainConfig("ridge", params=(("alpha", 2.5),)))
    assert to_query(e)["alpha"] == "2.5"
    assert not {"positive", "seed", "space", "scale", "scaling"} & set(to_query(e))


def test_the_address_of_a_classifier() -> None:
    """Table, model, method and granularity stand in it by name; what is default does not."""
    e = Experiment(
        DataConfig("digits"),
        TrainConfig("logistic", params=(("C", 0.5), ("solver", "saga"))),
        Scheme("codebook", 3, granularity="row"),
    )
    assert to_query(e) == {
        "v": "1", "dataset": "digits", "model": "logistic", "method": "codebook", "bits": "3", "granularity": "row",
        "C": "0.5", "solver": "saga",
    }  # fmt: skip


@pytest.mark.parametrize("dataset", ["digits", "wine", "breast_cancer"])
def test_an_address_that_names_only_a_table_has_its_default_model(dataset: str) -> None:
    """No message: the model that stands where none is named is the first of the task."""
    e, errors = from_query({"v": "1", "dataset": dataset, "C": "2"})
    assert errors == ()
    assert e == Experiment(DataConfig(dataset), TrainConfig("logistic", params=(("C", 2.0),)))


@pytest.mark.parametrize(
    ("query", "e", "messages"),
    [
        (
            {"dataset": "digits", "model": "ridge"},
            Experiment(DataConfig("digits"), TrainConfig("logistic")),
            [f'model must be {OF_CLASSES} for digits, got "ridge"'],
        ),
        (
            {"model": "logistic", "bits": "4"},
            Experiment(scheme=Scheme(bits=4)),
            [
                f'model must be {OF_VALUES} for california_housing, got "logistic"',
            ],
        ),
        (
            {"method": "codebook", "scale": "mse", "granularity": "row"},
            Experiment(scheme=Scheme("codebook", granularity="row")),
            ['scale must be minmax: the range of codebook is fixed, got "mse"'],
        ),
        (
            {"granularity": "channel"},
            Experiment(),
            ['granularity must be one of tensor, row, block, got "channel"'],
        ),
        (
            {"dataset": "wine", "solver": "liblinear", "C": "0", "max_iter": "1e3"},
            Experiment(DataConfig("wine"), TrainConfig("logistic")),
            [
                "C must be a number above 0 and at most 1e+09, got 0",
                'solver must be one of lbfgs, newton-cg, newton-cholesky, saga, got "liblinear"',
                'max_iter must be a whole number from 1 to 10000, got "1e3"',
            ],
        ),
    ],
)
def test_the_new_settings_have_their_messages(query: dict[str, str], e: Experiment, messages: list[str]) -> None:
    """A model of the other task, a scale that a table has not, an unknown granularity: named, and set to default."""
    found, errors = from_query(query)
    assert found == e
    assert [str(error).replace("got 0.0", "got 0") for error in errors] == messages


def test_the_most_that_can_be_said_fits_into_an_address() -> None:
    """Every setting at its longest spelling stays below the limit, with room for as much again."""
    e = Experiment(
        DataConfig("breast_cancer", 0.12345678901234567, 2**32 - 1),
        TrainConfig(
            "logistic", "none", 2, (("C", 1.2345678901234567e-300), ("solver", "newton-cholesky"), ("max_iter", 9999))
        ),
        Scheme("asymmetric", 16, "raw", "output", "nearest", "quantised", "block", (("zero_point", "offset"),)),
    )
    query = to_query(e)
    assert from_query(query) == (e, ())
    assert sum(len(k) + len(v) for k, v in query.items()) < LONGEST / 2


OWN = DataConfig("own", 0.25, 7, "0a" * 32, "price", ("rooms, all", "a\\b", "=x"), "regression")
NEEDED = (
    "dataset must be a table that is open here; rows do not travel with settings, so open the file first "
    '(it predicts "price", and its SHA-256 begins with 0a0a0a0a0a0a), got "own"'
)


def test_the_address_of_an_own_table_carries_everything_but_its_rows() -> None:
    """File, target, features and task stand in it, with the settings of the preparation that are not default."""
    config = TrainConfig("ridge", impute="constant", fill=-1, indicator=True, ratios=("=x/rooms, all", "r=a/b"))
    e = Experiment(OWN, config, Scheme(bits=4))
    query = to_query(e)
    assert query == {
        "v": "1", "dataset": "own", "model": "ridge", "method": "symmetric", "bits": "4", "test_size": "0.25",
        "seed": "7", "sha256": "0a" * 32, "target": "price", "features": "rooms\\, all,a\\\\b,=x",
        "task": "regression", "impute": "constant", "fill": "-1", "indicator": "true",
        "ratios": "=x/rooms\\, all,r=a/b",
    }  # fmt: skip
    assert from_query(query, {"0a" * 32}) == (e, ())


@pytest.mark.parametrize("at_hand", [(), {"0b" * 32}])
def test_an_own_table_that_is_not_open_is_asked_for(at_hand: set[str]) -> None:
    """One message, and the default result."""
    e, errors = from_query(to_query(Experiment(OWN)), at_hand)
    assert e == Experiment()
    assert [str(error) for error in errors] == [NEEDED]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sha256": ""}, "dataset must be a table that is open here; rows do not travel with settings, so open the "),
        ({"sha256": "x" * 99}, "dataset must be a table that is open here; rows do not travel with settings, so open "),
        ({"features": ""}, "features must be written out (an address has no room for a very long list), got "),
        ({"features": "a,,b"}, "features must be a list of at most 500 different texts of 1 to 10,000 characters, got"),
        ({"features": "price"}, "features must be at least one column, and not the target, got ['price']"),
        ({"target": ""}, "target must be a list of at most 500 different texts of 1 to 10,000 characters, got ('',)"),
        ({"task": "ranking"}, 'task must be one of regression, classification, got "ranking"'),
    ],
)
def test_a_damaged_address_of_an_own_table_is_refused_whole(changed: dict[str, str], message: str) -> None:
    """Half a table is none: one message, and the default result."""
    e, errors = from_query({**to_query(Experiment(OWN)), **changed}, {"0a" * 32})
    assert e == Experiment()
    (error,) = errors
    assert str(error).startswith(message)


def test_other_bad_values_beside_an_own_table_leave_it() -> None:
    """A bad share, model or ratio has its message and its default; the table stays."""
    query = {**to_query(Experiment(OWN)), "test_size": "2", "model": "logistic", "ratios": "a", "bits": "99"}
    e, errors = from_query(query, {"0a" * 32})
    assert e == Experiment(replace(OWN, test_size=0.2))
    assert {error.field for error in errors} == {"test_size", "model", "ratios", "bits"}


def test_what_belongs_to_an_own_table_is_no_setting_of_a_bundled_one() -> None:
    """It has a message like every unknown name."""
    for name in OF_OWN:
        e, errors = from_query({"dataset": "wine", name: "x"})
        assert e == Experiment(DataConfig("wine"), TrainConfig("logistic"))
        assert [(error.field, error.value) for error in errors] == [("setting in the address", name)]


def test_a_list_that_is_too_long_for_an_address_is_asked_for() -> None:
    """The address stays within the limit, and never stands for another result than the one it was made of."""
    many = replace(OWN, features=tuple(f"column number {i}" for i in range(200)))
    ratios = tuple(f"{'x' * 100}{i}/{'y' * 100}" for i in range(20))
    for e, missing in (
        (Experiment(many), "features"),
        (Experiment(train=TrainConfig(ratios=ratios)), "ratios"),
        (Experiment(replace(OWN, target="t" * 3000)), "features"),
    ):
        query = to_query(e)
        assert sum(len(k) + len(v) for k, v in query.items()) <= LONGEST
        found, errors = from_query(query, {"0a" * 32})
        assert found == Experiment()
        assert [error.field for error in errors] == [missing]
