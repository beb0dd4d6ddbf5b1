"""The whole setting of a result: checked, frozen, written to JSON and read back."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import (
    FILL,
    IMPUTE,
    DataConfig,
    Experiment,
    TrainConfig,
    data_from_json,
    experiment_from_json,
    own_data,
    preset_experiment,
    starting,
    task_of,
    train_from_json,
)
from core.config_file import parse_config
from core.datasets import DATASETS
from core.errors import InvalidInput
from core.fields import Choice, Field, Fields, Flag
from core.models import MODELS, models_for
from core.prepare import KNOWN
from core.quant import METHOD_NAMES, METHODS, PRESETS, SWITCHES, Scheme, params_of, scheme_from_json
from tests.own_tables import mixed_table
from tests.support import OF_CLASSES, OF_VALUES, READERS, dataset, table


def values_of(field: Field) -> st.SearchStrategy[Any]:
    """Return all values that a field allows."""
    if isinstance(field, Choice):
        return st.sampled_from(field.options)
    if isinstance(field, Flag):
        return st.booleans()
    if field.integer:
        return st.integers(int(field.low), int(field.high))
    return st.floats(field.low, field.high, exclude_min=field.open_low, exclude_max=field.open_high)


def pairs_of(fields: Fields) -> st.SearchStrategy[tuple[tuple[str, Any], ...]]:
    """Return settings for some of the fields, in any order."""
    some = st.fixed_dictionaries({}, optional={n: values_of(f) for n, f in fields.items()})
    return some.map(lambda found: tuple(found.items()))


COLUMN_NAMES = st.text("ab,\\/=é ", min_size=1, max_size=6)
RATIO_TEXTS = st.builds("{}/{}".format, COLUMN_NAMES, COLUMN_NAMES) | st.sampled_from(list(KNOWN))
OWN_TABLES = st.tuples(
    st.text("0123456789abcdef", min_size=64, max_size=64),
    st.just("the target"),
    st.lists(COLUMN_NAMES, min_size=1, max_size=5, unique=True).map(tuple),
    st.sampled_from(["regression", "classification"]),
)
PREPARATIONS = st.fixed_dictionaries({}, optional={
    "impute": values_of(IMPUTE),
    "fill": values_of(FILL),
    "indicator": st.booleans(),
    "ratios": st.lists(RATIO_TEXTS, max_size=4, unique=True).map(tuple),
})  # fmt: skip


@st.composite
def experiments(draw: st.DrawFn) -> Experiment:
    """Return any allowed experiment."""
    shares = st.floats(0, 1, exclude_min=True, exclude_max=True)
    name = draw(st.sampled_from([*DATASETS, "own"]))
    data = DataConfig(name, draw(shares), draw(st.integers(0, 2**32 - 1)), *(draw(OWN_TABLES) if name == "own" else ()))
    model, method = draw(st.sampled_from(models_for(task_of(data)))), draw(st.sampled_from(METHOD_NAMES))
    train = TrainConfig(
        model,
        draw(st.sampled_from(["standard", "none"])),
        draw(st.sampled_from([1, 2])),
        draw(pairs_of(MODELS[model].params)),
        **draw(PREPARATIONS),
    )
    switches = {name: draw(values_of(choice)) for name, choice in SWITCHES.items() if name != "scale"}
    scales = METHODS[method].scales if method in METHODS else ("minmax",)
    return Experiment(
        data,
        train,
        Scheme(
            method,
            draw(st.integers(1, 16)),
            scale=draw(st.sampled_from(scales)),
            params=draw(pairs_of(params_of(method))),
            **switches,
        ),
    )


TABLES = "one of california_housing, diabetes, digits, wine, breast_cancer"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


@READERS
@given(experiments())
def test_an_experiment_survives_json(e: Experiment) -> None:
    """What is written as JSON text is read back as an equal experiment, with an equal hash."""
    back = experiment_from_json(json.loads(json.dumps(e.to_json(), allow_nan=False)))
    assert back == e
    assert hash(back) == hash(e)


@READERS
@given(JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    """Whatever JSON comes, the readers give a setting or `InvalidInput`, and nothing else happens."""
    for reader in (experiment_from_json, data_from_json, train_from_json, scheme_from_json):
        try:
            made = reader(value)
        except InvalidInput:
            continue
        assert made == reader(value)


@READERS
@given(experiments(), st.data())
def test_one_damaged_field_is_refused_or_allowed(e: Experiment, data: st.DataObject) -> None:
    """A written setting with one field replaced by anything is another setting, or `InvalidInput`."""
    written = e.to_json()
    section = data.draw(st.sampled_from(sorted(written)))
    name = data.draw(st.sampled_from([*sorted(written[section]), "surprise"]))
    written[section][name] = data.draw(JSON)
    with suppress(InvalidInput):
        assert isinstance(experiment_from_json(written), Experiment)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"data": {"dataset": "iris"}}, rf'^dataset must be {TABLES}, got "iris"$'),
        ({"data": {"dataset": 3}}, rf"^dataset must be {TABLES}, got 3$"),
        ({"data": {"test_size": 0}}, r"^test_size must be a number above 0 and below 1, got 0$"),
        ({"data": {"test_size": 1}}, r"^test_size must be a number above 0 and below 1, got 1$"),
        ({"data": {"test_size": "0.2"}}, r'^test_size must be a number above 0 and below 1, got "0.2"$'),
        ({"data": {"test_size": math.nan}}, r"^test_size must be a number above 0 and below 1, got nan$"),
        ({"data": {"seed": -1}}, r"^seed must be a whole number from 0 to 4.29497e\+09, got -1$"),
        ({"data": {"seed": 1.5}}, r"^seed must be a whole number from 0 to .*, got 1.5$"),
        ({"data": {"sead": 1}}, r'^setting of data must be one of dataset, test_size, seed, got "sead"$'),
        ({"data": []}, r"^data must be an object with dataset, test_size, seed, got \[\]$"),
        (
            {"train": {"model": "forest"}},
            r'^model must be one of random_forest, linear, ridge, … \(.* lists all \d+\), got "forest"$',
        ),
        ({"train": {"scaling": "robust"}}, r'^scaling must be one of standard, none, got "robust"$'),
        ({"train": {"degree": 3}}, r"^degree must be a whole number from 1 to 2, got 3$"),
        ({"train": {"degree": True}}, r"^degree must be a whole number from 1 to 2, got True$"),
        ({"train": {"params": 5}}, r"^params must be an object, got 5$"),
        ({"train": {"params": {"alpha": 1}}}, r'^setting of linear must be one of positive, got "alpha"$'),
        (
            {"train": {"model": "ridge", "params": {"alpha": -1}}},
            r"^alpha must be a number from 0 to .*, got -1$",
        ),
        (
            {"train": {"model": "lasso", "params": {"alpha": 0}}},
            r"^alpha must be a number above 0 and .*, got 0$",
        ),
        (
            {"train": "linear"},
            r'^train must be an object with model, scaling, degree, params, .*, ratios, got "linear"$',
        ),
        ({"scheme": {"method": "kmeans"}}, r'^method must be one of symmetric, .*, codebook, auto, got "kmeans"$'),
        ({"scheme": {"bits": 0}}, r"^bits must be a whole number from 1 to 16, got 0$"),
        ({"scheme": {"bits": 17}}, r"^bits must be a whole number from 1 to 16, got 17$"),
        ({"scheme": {"bits": -1}}, r"^bits must be a whole number from 1 to 16, got -1$"),
        ({"scheme": {"bits": 2.5}}, r"^bits must be a whole number from 1 to 16, got 2.5$"),
        ({"scheme": {"bits": "8"}}, r'^bits must be a whole number from 1 to 16, got "8"$'),
        ({"scheme": {"bits": math.nan}}, r"^bits must be a whole number from 1 to 16, got nan$"),
        ({"scheme": {"bits": 10**400}}, r"^bits must be a whole number from 1 to 16, got 1000"),
        ({"scheme": {"space": "whitened"}}, r'^space must be one of standardised, raw, got "whitened"$'),
        ({"scheme": {"scale": "best"}}, r'^scale must be one of minmax, mse, output, got "best"$'),
        ({"scheme": {"rounding": "up"}}, r'^rounding must be nearest, got "up"$'),
        ({"scheme": {"intercept": None}}, r"^intercept must be one of refit, .*, same-grid, got None$"),
        ({"scheme": {"granularity": "channel"}}, r'^granularity must be one of tensor, row, block, got "channel"$'),
        ({"scheme": {"method": "codebook", "scale": "mse"}}, r'^scale must be minmax: .*, got "mse"$'),
        ({"scheme": {"method": "codebook", "params": {"k": 4}}}, r'^setting of codebook must be none.*, got "k"$'),
        (
            {"data": {"dataset": "digits"}, "train": {"model": "ridge"}},
            rf'^model must be {OF_CLASSES} for digits, got "ridge"$',
        ),
        (
            {"train": {"model": "logistic"}},
            rf'^model must be {OF_VALUES} for california_housing, got "logistic"$',
        ),
        (
            {"data": {"dataset": "wine"}, "train": {"params": {"solver": "liblinear"}}},
            r'^solver must be one of lbfgs, newton-cg, newton-cholesky, saga, got "liblinear"$',
        ),
        ({"data": {"dataset": "wine"}, "train": {"params": {"C": 0}}}, r"^C must be a number above 0 and .*, got 0$"),
        (
            {"data": {"dataset": "wine"}, "train": {"params": {"max_iter": 0}}},
            r"^max_iter must be a whole number from 1 to 10000, got 0$",
        ),
        ({"scheme": {"colour": 1}}, r'^setting of the scheme must be one of method, .*, got "colour"$'),
        ({"scheme": {"params": []}}, r"^params must be an object, got \[\]$"),
        ({"scheme": {"params": {"width": 1}}}, r'^setting of symmetric must be none.*, got "width"$'),
        (
            {"scheme": {"method": "window", "params": {"width": 0}}},
            r"^width must be a number above 0 and .*, got 0$",
        ),
        ({"scheme": {"method": "window", "scale": "mse"}}, r'^scale must be minmax: .*, got "mse"$'),
        ({"scheme": {"method": "auto", "scale": "mse"}}, r'^scale must be left at minmax: .*, got "mse"$'),
        ({"scheme": None}, r"^scheme must be an object with method, bits, .*, got None$"),
        ({"model": {}}, r'^setting of experiment must be one of data, train, scheme, got "model"$'),
        ([], r"^experiment must be an object with data, train, scheme, got \[\]$"),
    ],
)
def test_every_bad_value_has_one_message(written: object, message: str) -> None:
    """The message names the field, what is allowed and the value that came."""
    with pytest.raises(InvalidInput, match=message):
        experiment_from_json(written)


def test_missing_sections_and_fields_take_their_defaults() -> None:
    """An empty object is the default experiment, and one field changes that field alone."""
    assert experiment_from_json({}) == Experiment()
    assert experiment_from_json({"data": {}, "scheme": {"bits": 4}}) == Experiment(scheme=Scheme(bits=4))


def test_equal_settings_are_equal_keys() -> None:
    """Defaults spelt out, whole numbers for floats and another order make the same key."""
    short = TrainConfig("ridge")
    spelt = TrainConfig("ridge", params=(("positive", False), ("alpha", 1)))
    assert short == spelt
    assert hash(short) == hash(spelt)
    assert Scheme("asymmetric") == Scheme("asymmetric", params=(("zero_point", "integer"),))
    assert short != replace(short, model="lasso", params=())


@pytest.mark.parametrize("made", [DataConfig(), TrainConfig(), Scheme(), Experiment()])
def test_settings_are_frozen(made: object) -> None:
    """No field of a setting can be changed once it is made."""
    name = next(iter(vars(made)))
    with pytest.raises(FrozenInstanceError):
        setattr(made, name, None)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_whole_setting(name: str) -> None:
    """A preset gives an experiment on the default data that can be written and read."""
    e = preset_experiment(name)
    assert e.data == (DataConfig("digits") if name == "system-004" else DataConfig())
    assert e.scheme == PRESETS[name].scheme
    assert experiment_from_json(e.to_json()) == e
    assert PRESETS[name].label
    assert PRESETS[name].note.endswith(".")


def test_an_unknown_preset_is_refused() -> None:
    """A mistyped preset is refused with the names there are."""
    with pytest.raises(InvalidInput, match=r'^preset must be one of system-000-symmetric, .*, got "system-9"$'):
        preset_experiment("system-9")


def test_a_scheme_says_what_it_is_in_words() -> None:
    """The label reads naturally for one bit and for more."""
    assert Scheme().label == "8 bits, symmetric"
    assert Scheme("auto", 1).label == "1 bit, auto"


FLAT = {"C": 1.0, "solver": "lbfgs", "max_iter": 1000, "random_state": 42, "test_size": 0.2}


def test_the_flat_form_of_system_004_is_its_preset() -> None:
    """The configuration that reference system 004 ships is the preset's data and training, with the default scheme."""
    preset = preset_experiment("system-004")
    assert experiment_from_json(FLAT) == Experiment(preset.data, preset.train)
    assert dict(preset.train.params) == {"C": 1.0, "solver": "lbfgs", "max_iter": 1000}
    assert (preset.data.test_size, preset.data.seed, preset.train.scaling) == (0.2, 42, "none")


@pytest.mark.parametrize(
    ("given", "data", "params"),
    [
        ({"C": 0.5}, DataConfig("digits"), {"C": 0.5}),
        ({"solver": "saga", "max_iter": 10}, DataConfig("digits"), {"solver": "saga", "max_iter": 10}),
        ({"random_state": 7}, DataConfig("digits", seed=7), {}),
        ({"test_size": 0.4, "C": 2}, DataConfig("digits", 0.4), {"C": 2.0}),
    ],
)
def test_any_part_of_the_flat_form_is_read(given: dict[str, Any], data: DataConfig, params: dict[str, Any]) -> None:
    """One of its settings alone is enough; the others have their defaults."""
    e = experiment_from_json(given)
    assert e == Experiment(data, TrainConfig("logistic", "none", 1, tuple(params.items())))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"C": 0}, "C must be a number above 0 and at most 1e+09, got 0"),
        ({"C": "1"}, 'C must be a number above 0 and at most 1e+09, got "1"'),
        ({"C": None}, "C must be a number above 0 and at most 1e+09, got None"),
        ({"C": math.nan}, "C must be a number above 0 and at most 1e+09, got nan"),
        ({"solver": "liblinear"}, 'solver must be one of lbfgs, newton-cg, newton-cholesky, saga, got "liblinear"'),
        ({"max_iter": 0}, "max_iter must be a whole number from 1 to 10000, got 0"),
        ({"max_iter": 1e3}, "max_iter must be a whole number from 1 to 10000, got 1000.0"),
        ({"max_iter": True}, "max_iter must be a whole number from 1 to 10000, got True"),
        ({"random_state": -1}, "random_state must be a whole number from 0 to 4.29497e+09, got -1"),
        ({"random_state": None}, "random_state must be a whole number from 0 to 4.29497e+09, got None"),
        ({"test_size": 1}, "test_size must be a number above 0 and below 1, got 1"),
        ({"test_size": "20%"}, 'test_size must be a number above 0 and below 1, got "20%"'),
        ({**FLAT, "penalty": "l2"}, 'setting of experiment must be one of data, train, scheme, got "C"'),
        ({**FLAT, "data": {}}, 'setting of experiment must be one of data, train, scheme, got "C"'),
    ],
)
def test_a_bad_value_in_the_flat_form_has_one_message(given: dict[str, Any], message: str) -> None:
    """It is named as the file names it, and nothing unknown is passed over."""
    with pytest.raises(InvalidInput) as caught:
        experiment_from_json(given)
    assert str(caught.value) == message


@READERS
@given(st.dictionaries(st.sampled_from([*FLAT, "data", "C "]), JSON | st.sampled_from([*FLAT.values()]), max_size=5))
def test_any_flat_form_is_read_or_refused(given_: dict[str, Any]) -> None:
    """Whatever stands under its names, there is an experiment on the digits, the default one, or `InvalidInput`."""
    with suppress(InvalidInput):
        e = experiment_from_json(given_)
        assert e.data.dataset == ("digits" if set(given_) & set(FLAT) else "california_housing")


@READERS
@given(experiments())
def test_settings_survive_their_file(e: Experiment) -> None:
    """Written as a file, with a comment in front, any setting is read back."""
    text = "// settings\n" + json.dumps(e.to_json(), indent=1)
    assert parse_config(text.encode(), "x") == e


@READERS
@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:0123456789.eE+-/ntrufalsdC\n ', max_size=80).map(str.encode))
def test_any_file_of_settings_is_read_or_refused(data: bytes) -> None:
    """Whatever bytes come as a file of settings, there is an experiment or `InvalidInput`."""
    with suppress(InvalidInput):
        assert isinstance(parse_config(data, "x"), Experiment)


def test_a_table_without_a_model_has_the_first_of_its_task() -> None:
    """Naming digits alone is a logistic regression; naming a regression's table a linear one."""
    for name, model in (("digits", "logistic"), ("wine", "logistic"), ("diabetes", "linear")):
        e = experiment_from_json({"data": {"dataset": name}})
        assert e == Experiment(DataConfig(name), TrainConfig(model))


OWN: dict[str, Any] = {
    "dataset": "own", "sha256": "0a" * 32, "target": "price", "features": ["a", "b"], "task": "regression"
}  # fmt: skip
A_LIST = "a list of at most 500 different texts of 1 to 10,000 characters"


def test_an_own_table_is_a_whole_recipe() -> None:
    """File, target, features and task stand in it, and the first model of the task is the default."""
    e = experiment_from_json({"data": OWN, "scheme": {"bits": 4}})
    assert e.data == DataConfig("own", sha256="0a" * 32, target="price", features=("a", "b"), task="regression")
    assert e.train == TrainConfig("linear")
    assert experiment_from_json({"data": {**OWN, "task": "classification"}}).train == TrainConfig("logistic")
    assert e.to_json()["data"] == {**OWN, "test_size": 0.2, "seed": 42}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sha256": "0A" * 32}, "sha256 must be 64 hexadecimal digits, the SHA-256 of the table's file, got "),
        ({"sha256": ""}, 'sha256 must be 64 hexadecimal digits, the SHA-256 of the table\'s file, got ""'),
        ({"sha256": None}, "sha256 must be 64 hexadecimal digits, the SHA-256 of the table's file, got None"),
        ({"target": ""}, f"target must be {A_LIST}, got ('',)"),
        ({"target": 5}, f"target must be {A_LIST}, got (5,)"),
        ({"features": []}, "features must be at least one column, and not the target, got []"),
        ({"features": ["a", "price"]}, "features must be at least one column, and not the target, got ['a', 'price']"),
        ({"features": ["a", "a"]}, f"features must be {A_LIST}, got ['a', 'a']"),
        ({"features": "ab"}, f'features must be {A_LIST}, got "ab"'),
        ({"features": ["a", ""]}, f"features must be {A_LIST}, got ['a', '']"),
        ({"features": ["\ud800"]}, f"features must be {A_LIST}, got ['\\ud800']"),
        ({"features": [f"c{i}" for i in range(501)]}, f"features must be {A_LIST}, got ['c0', 'c1', "),
        ({"task": ""}, 'task must be one of regression, classification, got ""'),
        ({"dataset": "wine"}, 'setting of data must be one of dataset, test_size, seed, got "sha256"'),
        ({"seeds": 1}, "setting of data must be one of dataset, test_size, seed, sha256, target, features, task, got"),
    ],
)
def test_every_bad_value_of_an_own_table_has_one_message(changed: dict[str, Any], message: str) -> None:
    """It names the field; what belongs to an own table is no setting of a bundled one."""
    with pytest.raises(InvalidInput) as caught:
        experiment_from_json({"data": {**OWN, **changed}})
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(("name", "value"), [("sha256", "0a"), ("target", "y"), ("features", ["a"]), ("features", []),
                                             ("task", "regression"), ("task", None)])  # fmt: skip
def test_what_belongs_to_an_own_table_is_no_setting_of_a_bundled_one(name: str, value: Any) -> None:
    """Made in code, such a recipe is refused as well."""
    with pytest.raises(InvalidInput, match=rf"^{name} must be left out beside a bundled table, got "):
        DataConfig("wine", **{name: value})


def test_a_model_of_the_other_task_is_refused_for_an_own_table() -> None:
    """The task of the recipe decides, not the name of a table."""
    with pytest.raises(InvalidInput, match=rf'^model must be {OF_CLASSES} for this table, got "ridge"$'):
        experiment_from_json({"data": {**OWN, "task": "classification"}, "train": {"model": "ridge"}})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"impute": "mean"}, 'impute must be one of none, median, constant, got "mean"'),
        ({"impute": None}, "impute must be one of none, median, constant, got None"),
        ({"fill": "0"}, 'fill must be a number from -1e+09 to 1e+09, got "0"'),
        ({"fill": math.nan}, "fill must be a number from -1e+09 to 1e+09, got nan"),
        ({"fill": 1e10}, "fill must be a number from -1e+09 to 1e+09, got 10000000000.0"),
        ({"indicator": 1}, "indicator must be true or false, got 1"),
        ({"ratios": "a/b"}, 'ratios must be a list of at most 20 different texts of 1 to 700 characters, got "a/b"'),
        ({"ratios": ["a/b"] * 2}, "ratios must be a list of at most 20 different texts of 1 to 700 characters, got ["),
        ({"ratios": [f"a/b{i}" for i in range(21)]}, "ratios must be a list of at most 20 different texts"),
        ({"ratios": ["a/b", "a"]}, "ratios must be two different columns of numbers as a/b or name=a/b, or one of "),
        ({"ratios": [5]}, "ratios must be a list of at most 20 different texts of 1 to 700 characters, got [5]"),
    ],
)
def test_every_bad_setting_of_the_preparation_has_one_message(changed: dict[str, Any], message: str) -> None:
    """Each names its field."""
    with pytest.raises(InvalidInput) as caught:
        experiment_from_json({"train": changed})
    assert str(caught.value).startswith(message)


def test_settings_of_the_preparation_are_written_when_they_are_not_default() -> None:
    """An old recipe has the JSON that it always had."""
    assert set(TrainConfig().to_json()) == {"model", "scaling", "degree", "params"}
    assert set(DataConfig().to_json()) == {"dataset", "test_size", "seed"}
    full = TrainConfig(impute="constant", fill=2, indicator=True, ratios=("a/b",))
    found = full.to_json()
    assert {n: found[n] for n in ("impute", "fill", "indicator", "ratios")} == {
        "impute": "constant", "fill": 2.0, "indicator": True, "ratios": ["a/b"]
    }  # fmt: skip
    assert train_from_json(found) == full


def test_a_table_has_settings_to_start_with() -> None:
    """The first model of its task, and the median where numbers are missing; a gap in a text needs nothing."""
    whole = mixed_table()
    assert starting(whole) == TrainConfig(impute="median")
    X = whole.X.copy()
    X[:, [0, 2, 3]] = 1.0
    assert starting(replace(whole, X=X)) == TrainConfig()
    assert starting(dataset(*table())) == TrainConfig()
    assert starting(mixed_table(classes=("a", "b", "c"))) == TrainConfig("logistic", impute="median")


def test_the_recipe_of_a_table_describes_it() -> None:
    """File, target, features in their order, and task."""
    data = mixed_table()
    made = own_data(data, 0.3, 7)
    assert (made.dataset, made.test_size, made.seed, made.sha256) == ("own", 0.3, 7, data.sha256)
    assert (made.target, made.features, made.task) == ("y", ("f0", "f1", "f2", "f3"), "regression")
