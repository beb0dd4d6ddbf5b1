"""The address of a result: an Experiment as plain query parameters, and back, with one message a bad value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from core.config import (
    DEGREE,
    FEATURES,
    MODEL,
    PREPARING,
    RATIOS,
    SCALING,
    SEED,
    TEST_SIZE,
    DataConfig,
    Experiment,
    TrainConfig,
    fitting_models,
    hyperparameters,
    table_needed,
    task_of,
)
from core.datasets import DATASETS, OWN
from core.errors import InvalidInput
from core.fields import Choice, Field, Fields, Texts, Value, spell
from core.models import MODELS, models_for
from core.quant import BITS, KEEPING, METHOD_NAMES, SWITCHES, Scheme, params_of

VERSION = "1"
# As long as the longest address we write; anything above is noise.
LONGEST = 2048

_DATA: dict[str, Field] = {
    "dataset": Choice("california_housing", tuple(DATASETS)),
    "test_size": TEST_SIZE,
    "seed": SEED,
}
# Of a user's own table; they stand in the address of every result on it.
_OWN = ("sha256", "target", "features", "task")
_TRAIN: dict[str, Field] = {
    "model": MODEL, "scaling": SCALING, "degree": DEGREE, **PREPARING
}  # fmt: skip
_SCHEME: dict[str, Field] = {"method": Choice("symmetric", METHOD_NAMES), "bits": BITS, **SWITCHES}
_ALWAYS = ("dataset", "model", "method", "bits")


def to_query(e: Experiment) -> dict[str, str]:
    """Return the parameters of `e`: version, data set, model, method, bits, and all that is not default.

    Of a user's own table everything is in it but the rows. A list or name that is too long for an address is left
    empty in it, which no reader takes for a value.
    """
    values: dict[str, Value] = {n: getattr(e.data, n) for n in _DATA}
    values |= {n: getattr(e.train, n) for n in _TRAIN}
    values |= {n: getattr(e.scheme, n) for n in _SCHEME}
    values |= {n: getattr(e.scheme, n) for n in KEEPING}
    fields = {**_DATA, **_TRAIN, **_SCHEME, **KEEPING}
    query = {n: spell(v) for n, v in values.items() if n in _ALWAYS or v != fields[n].default}
    for pairs, declared in (
        (e.train.params, hyperparameters(e.train.model)),
        (e.scheme.params, params_of(e.scheme.method)),
    ):
        query |= {n: spell(v) for n, v in pairs if v != declared[n].default}
    query = {"v": VERSION, **query}
    if e.data.dataset == OWN:
        query |= {n: spell(getattr(e.data, n)) for n in _OWN}
    if e.train.ratios:
        query["ratios"] = spell(e.train.ratios)
    for name in ("features", "ratios", "target"):
        if name in query and _length(query) > LONGEST:
            query[name] = ""
    return query


def _length(query: Mapping[str, str]) -> int:
    return sum(len(k) + len(v) for k, v in query.items())


def from_query(
    query: Mapping[str, str], at_hand: Collection[str] = ()
) -> tuple[Experiment, tuple[InvalidInput, ...]]:  # fmt: skip
    """Return the Experiment of an address and one error for each value that was refused.

    A refused value is replaced by its default, so that what remains of a damaged link still works. An address of
    another version or of more than 2 KiB is refused whole, and so is one of a user's own table unless the SHA-256
    of its file is `at_hand`.
    """
    if not query:
        return Experiment(), ()
    if _length(query) > LONGEST:
        return Experiment(), (InvalidInput("address", "…", f"at most {LONGEST} characters of settings"),)
    if query.get("v", VERSION) != VERSION:
        return Experiment(), (InvalidInput("v", query["v"], f"{VERSION}, the version of these settings"),)
    errors: list[InvalidInput] = []
    try:
        data = _data(query, at_hand, errors)
    except InvalidInput as error:
        return Experiment(), (error,)
    train, scheme = _read(query, _TRAIN, errors), _read(query, _SCHEME, errors)
    fitting = models_for(task_of(data))
    if train["model"] not in fitting:
        if query.get("model") == train["model"]:
            errors.append(InvalidInput("model", query["model"], fitting_models(data)))
        train["model"] = fitting[0]
    for_model, for_method = hyperparameters(str(train["model"])), params_of(str(scheme["method"]))
    model_params, method_params = _read(query, for_model, errors), _read(query, for_method, errors)
    # Only trees have fewer trees or levels.
    keeping: Fields = KEEPING if MODELS[str(train["model"])].family == "trees" else {}
    scheme |= _read(query, keeping, errors)
    known = {"v", *_DATA, *_TRAIN, "ratios", *_SCHEME, *for_model, *for_method, *keeping}
    known |= set(_OWN) if data.dataset == OWN else set()
    for name in query:
        if name not in known:
            errors.append(InvalidInput("setting in the address", name, "one of " + ", ".join(sorted(known))))
    config = TrainConfig(**train, params=tuple(model_params.items()))  # type: ignore[arg-type]
    config = _with_ratios(config, query, errors)
    return Experiment(data, config, _scheme(scheme, method_params, errors)), tuple(errors)


def _data(query: Mapping[str, str], at_hand: Collection[str], errors: list[InvalidInput]) -> DataConfig:
    """Return the data of an address; raises `InvalidInput` for a user's own table that is not whole or not at hand."""
    if query.get("dataset") != OWN:
        return DataConfig(**_read(query, _DATA, errors))  # type: ignore[arg-type]
    sha256, target = query.get("sha256", ""), query.get("target", "")
    if sha256 not in at_hand:
        raise table_needed(sha256, target)
    split = _read(query, {"test_size": TEST_SIZE, "seed": SEED}, errors)
    features = _texts("features", FEATURES, query.get("features", ""))
    return DataConfig(OWN, **split, sha256=sha256, target=target, features=features, task=query.get("task", ""))  # type: ignore[arg-type]


def _texts(name: str, field: Texts, text: str) -> tuple[str, ...]:
    if not text:
        raise InvalidInput(name, text, "written out (an address has no room for a very long list)")
    return field.parse(name, text)


def _with_ratios(config: TrainConfig, query: Mapping[str, str], errors: list[InvalidInput]) -> TrainConfig:
    """Return `config` with the ratios of the address; those that cannot be read are left out with a message."""
    if "ratios" not in query:
        return config
    try:
        return replace(config, ratios=_texts("ratios", RATIOS, query["ratios"]))
    except InvalidInput as error:
        errors.append(error)
        return config


def _read(query: Mapping[str, str], fields: Fields, errors: list[InvalidInput]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, field in fields.items():
        found[name] = field.default
        if name in query:
            try:
                found[name] = field.parse(name, query[name])
            except InvalidInput as error:
                errors.append(error)
    return found


def _scheme(fields: dict[str, Value], params: dict[str, Value], errors: list[InvalidInput]) -> Scheme:
    """Return the scheme; a scale that the method cannot take falls back to the default with a message."""
    base = Scheme(str(fields["method"]), params=tuple(params.items()))
    scale = str(fields.pop("scale"))
    scheme = replace(base, **{n: v for n, v in fields.items() if n != "method"})  # type: ignore[arg-type]
    try:
        return replace(scheme, scale=scale)
    except InvalidInput as error:
        errors.append(error)
        return scheme
