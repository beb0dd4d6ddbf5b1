"""The address of a result: an Experiment as plain query parameters, and back, with one message a bad value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from core.config import (
    DEGREE,
    SCALING,
    SEED,
    TEST_SIZE,
    DataConfig,
    Experiment,
    TrainConfig,
    default_model,
    hyperparameters,
)
from core.datasets import DATASETS
from core.errors import InvalidInput
from core.fields import Choice, Field, Fields, Value, spell
from core.models import MODELS, models_for
from core.quant import BITS, METHOD_NAMES, SWITCHES, Scheme, params_of

VERSION = "1"
# Longer than the longest address we write; anything above is noise.
LONGEST = 1024

_DATA: dict[str, Field] = {
    "dataset": Choice("california_housing", tuple(DATASETS)),
    "test_size": TEST_SIZE,
    "seed": SEED,
}
_TRAIN: dict[str, Field] = {"model": Choice("linear", tuple(MODELS)), "scaling": SCALING, "degree": DEGREE}
_SCHEME: dict[str, Field] = {"method": Choice("symmetric", METHOD_NAMES), "bits": BITS, **SWITCHES}
_ALWAYS = ("dataset", "model", "method", "bits")


def to_query(e: Experiment) -> dict[str, str]:
    """Return the parameters of `e`: version, data set, model, method, bits, and all that is not default."""
    values: dict[str, Value] = {n: getattr(e.data, n) for n in _DATA}
    values |= {n: getattr(e.train, n) for n in _TRAIN}
    values |= {n: getattr(e.scheme, n) for n in _SCHEME}
    fields = {**_DATA, **_TRAIN, **_SCHEME}
    query = {n: spell(v) for n, v in values.items() if n in _ALWAYS or v != fields[n].default}
    for pairs, declared in (
        (e.train.params, hyperparameters(e.train.model)),
        (e.scheme.params, params_of(e.scheme.method)),
    ):
        query |= {n: spell(v) for n, v in pairs if v != declared[n].default}
    return {"v": VERSION, **query}


def from_query(query: Mapping[str, str]) -> tuple[Experiment, tuple[InvalidInput, ...]]:
    """Return the Experiment of an address and one error for each value that was refused.

    A refused value is replaced by its default, so that what remains of a damaged link still works. An
    address of another version or of more than 1 KiB is refused whole.
    """
    if not query:
        return Experiment(), ()
    if sum(len(k) + len(v) for k, v in query.items()) > LONGEST:
        return Experiment(), (InvalidInput("address", "…", f"at most {LONGEST} characters of settings"),)
    if query.get("v", VERSION) != VERSION:
        return Experiment(), (InvalidInput("v", query["v"], f"{VERSION}, the version of these settings"),)
    errors: list[InvalidInput] = []
    data = _read(query, _DATA, errors)
    train, scheme = _read(query, _TRAIN, errors), _read(query, _SCHEME, errors)
    fitting = models_for(DATASETS[str(data["dataset"])].task)
    if train["model"] not in fitting:
        if query.get("model") == train["model"]:
            allowed = f"{Choice('', fitting).allowed} for {data['dataset']}"
            errors.append(InvalidInput("model", query["model"], allowed))
        train["model"] = default_model(str(data["dataset"]))
    for_model, for_method = hyperparameters(str(train["model"])), params_of(str(scheme["method"]))
    model_params, method_params = _read(query, for_model, errors), _read(query, for_method, errors)
    known = {"v", *_DATA, *_TRAIN, *_SCHEME, *for_model, *for_method}
    for name in query:
        if name not in known:
            errors.append(InvalidInput("setting in the address", name, "one of " + ", ".join(sorted(known))))
    experiment = Experiment(
        DataConfig(**data),  # type: ignore[arg-type]
        TrainConfig(**train, params=tuple(model_params.items())),  # type: ignore[arg-type]
        _scheme(scheme, method_params, errors),
    )
    return experiment, tuple(errors)


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
