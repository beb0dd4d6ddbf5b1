"""Arguments to an Experiment: every value comes as text and is checked by the field that owns it."""

from __future__ import annotations

import argparse
from typing import Any

from core.config import (
    DEGREE,
    SCALING,
    SEED,
    TEST_SIZE,
    Experiment,
    default_model,
    experiment_from_json,
    hyperparameters,
    preset_experiment,
)
from core.config_file import read_config
from core.datasets import DATASETS
from core.errors import InvalidInput
from core.fields import Field, Number, Value
from core.models import models_for
from core.quant import BITS, METHOD_NAMES, SWITCHES, params_of

FOLDS = Number(5, 2, 20, integer=True)

_TRAIN: dict[str, Field] = {"scaling": SCALING, "degree": DEGREE}
_DATA: dict[str, Field] = {"test_size": TEST_SIZE, "seed": SEED}
_SCHEME: dict[str, Field] = {"bits": BITS, **SWITCHES}


def add_training(parser: argparse.ArgumentParser) -> None:
    """Add the options that name data and model."""
    parser.add_argument("--dataset", help="name of a bundled data set")
    parser.add_argument("--model", help="name of a model")
    parser.add_argument("--scaling", help=SCALING.allowed)
    parser.add_argument("--degree", help="1, or 2 for all products of two features")
    parser.add_argument("--test-size", help="share of the rows kept for testing (0.2)")
    parser.add_argument("--seed", help="seed of the split (42)")
    parser.add_argument("--config", metavar="FILE", help="settings as JSON, // comments allowed; options beside it win")
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], help="a setting of the model or the method"
    )


def add_scheme(parser: argparse.ArgumentParser, bits: bool = True) -> None:
    """Add the options that say how to quantise."""
    parser.add_argument("--method", help=", ".join(METHOD_NAMES))
    if bits:
        parser.add_argument("--bits", help=BITS.allowed)
    for name, choice in SWITCHES.items():
        parser.add_argument(f"--{name}", help=choice.allowed)


def _set_pairs(given: list[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InvalidInput("--set", text, "NAME=VALUE")
        pairs[name] = value
    return pairs


def experiment(args: argparse.Namespace) -> Experiment:
    """Return the Experiment that the options describe; raises `InvalidInput`, naming the field."""
    preset, config = getattr(args, "preset", None), getattr(args, "config", None)
    if preset is not None and config is not None:
        raise InvalidInput("--config", config, "left out beside --preset")
    base = Experiment()
    if preset is not None:
        base = preset_experiment(preset)
    elif config is not None:
        base = read_config(config)
    settings = base.to_json()
    _given(settings["data"], args, _DATA)
    _given(settings["train"], args, _TRAIN)
    _given(settings["scheme"], args, _SCHEME)
    for section, name in (("data", "dataset"), ("train", "model"), ("scheme", "method")):
        value = getattr(args, name, None)
        if value is not None:
            if value != settings[section][name]:
                settings[section].pop("params", None)  # they belong to the model or method that was named before
            settings[section][name] = value
    dataset = settings["data"]["dataset"]
    fitting = models_for(DATASETS[dataset].task) if dataset in DATASETS else ()
    if getattr(args, "model", None) is None and fitting and settings["train"]["model"] not in fitting:
        settings["train"] = settings["train"] | {"model": default_model(dataset), "params": {}}
    checked = experiment_from_json(_without_params(settings))
    params = {"scheme": params_of(checked.scheme.method)}
    if hasattr(args, "model"):  # else the model comes from a file and is what it is
        params = {"train": hyperparameters(checked.train.model), **params}
    for name, text in _set_pairs(getattr(args, "set", [])).items():
        section = next((s for s, fields in params.items() if name in fields), "")
        if not section:
            known = ", ".join(n for fields in params.values() for n in fields)
            raise InvalidInput("setting", name, f"one of {known}" if known else "left out: there are none")
        settings[section].setdefault("params", {})[name] = params[section][name].parse(name, text)
    return experiment_from_json(settings)


def alone(args: argparse.Namespace) -> None:
    """Raise `InvalidInput` for a setting beside files, which bring their own."""
    for name in ("preset", "config", "dataset", "model", "method", *_TRAIN, *_DATA, *_SCHEME, "set"):
        value = getattr(args, name)
        if value not in (None, []):
            option = "--" + name.replace("_", "-")
            raise InvalidInput(option, value, "left out beside files, which hold their settings")


def _without_params(settings: dict[str, Any]) -> dict[str, Any]:
    return {s: {k: v for k, v in fields.items() if k != "params"} for s, fields in settings.items()}


def _given(section: dict[str, Value], args: argparse.Namespace, fields: dict[str, Field]) -> None:
    for name, field in fields.items():
        text = getattr(args, name, None)
        if text is not None:
            section[name] = field.parse(name, text)


def bit_widths(text: str) -> list[int]:
    """Return the widths in "1-16" or "2,4,8"; raises `InvalidInput`."""
    low, dash, high = text.partition("-")
    if dash and low:
        first, last = int(BITS.parse("bits", low)), int(BITS.parse("bits", high))
        if first > last:
            raise InvalidInput("bits", text, "a range from low to high, such as 1-16")
        return list(range(first, last + 1))
    return [int(BITS.parse("bits", one)) for one in text.split(",")]


def method_names(text: str) -> list[str]:
    """Return the methods in "symmetric,window"; raises `InvalidInput` for an unknown one."""
    names = text.split(",")
    for name in names:
        if name not in METHOD_NAMES:
            raise InvalidInput("method", name, "one of " + ", ".join(METHOD_NAMES))
    return names
