"""Arguments to an Experiment: every value comes as text and is checked by the field that owns it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from core.config import (
    DEGREE,
    FILL,
    IMPUTE,
    RATIOS,
    SCALING,
    SEED,
    TASK,
    TEST_SIZE,
    Experiment,
    experiment_from_json,
    hyperparameters,
    own_data,
    preset_experiment,
    starting,
)
from core.config_file import read_config
from core.datasets import DATASETS, Dataset
from core.errors import InvalidInput
from core.fields import Choice, Field, Number, Value
from core.models import MODELS, models_for
from core.prepare.ratios import KNOWN
from core.quant import BITS, KEEPING, METHOD_NAMES, SWITCHES, Scheme, default_scheme, params_of
from core.tables import ENCODINGS

FOLDS = Number(5, 2, 20, integer=True)

_TRAIN: dict[str, Field] = {"scaling": SCALING, "degree": DEGREE, "impute": IMPUTE, "fill": FILL}
_DATA: dict[str, Field] = {"test_size": TEST_SIZE, "seed": SEED}
_SCHEME: dict[str, Field] = {"bits": BITS, **SWITCHES, **KEEPING}


def add_table(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the file of a table of one's own."""
    parser.add_argument("--data", metavar="FILE", help="a table of your own: CSV, TSV or Parquet")
    parser.add_argument("--encoding", help=f"of that file, where it is not UTF-8: {', '.join(list(ENCODINGS)[1:])}")


def add_training(parser: argparse.ArgumentParser) -> None:
    """Add the options that name data and model, and how rows are prepared."""
    parser.add_argument("--dataset", help="name of a bundled data set")
    add_table(parser)
    parser.add_argument("--target", metavar="COLUMN", help="what is predicted from it; proposed where left out")
    parser.add_argument("--features", metavar="A,B,...", help="the columns that the model may use; proposed likewise")
    parser.add_argument("--task", help=f"{TASK.allowed}; proposed likewise")
    parser.add_argument("--impute", help=f"what becomes of missing numbers: {IMPUTE.allowed}")
    parser.add_argument("--fill", metavar="X", help="the number that --impute constant puts in their place (0)")
    parser.add_argument("--indicator", action="store_true", help="add columns that say where numbers were missing")
    parser.add_argument(
        "--ratios", metavar="R,...", help=f"columns to add, each a/b or name=a/b, or one of {', '.join(KNOWN)}"
    )
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
    parser.add_argument(
        "--keep-trees", dest="trees", metavar="N",
        help="of a forest the first N trees, of a boosting the first N iterations; 0 for all",
    )  # fmt: skip
    parser.add_argument(
        "--keep-depth", dest="depth", metavar="N",
        help="N questions to a leaf at most, the mean of the leaves where a tree goes deeper; 0 for all",
    )  # fmt: skip


def add_quantizing(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command that quantises a file."""
    parser.add_argument("file", metavar="FILE", help="a model written by train")
    add_table(parser)
    add_scheme(parser)
    parser.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="a setting of the method")
    parser.add_argument("--only", action="store_true", help="leave the original out of the file")
    parser.add_argument("--out", metavar="FILE", help="where to write the pair")


def add_predicting(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command that predicts with a file."""
    parser.add_argument(
        "file", metavar="FILE", nargs="?", help="a model written by train or quantize; the default model without one"
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--rows", metavar="ROWS.csv", help="a CSV or Parquet file of any length, a column a feature")
    source.add_argument("--sample", action="store_true", help="the first ten test rows of the model's data set")
    add_table(parser)
    parser.add_argument("--out", metavar="PREDICTIONS.csv", help="where to write all predictions; .parquet too")


def set_pairs(given: list[str]) -> dict[str, str]:
    """Return the names and texts of `--set`; raises `InvalidInput`."""
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InvalidInput("--set", text, "NAME=VALUE")
        pairs[name] = value
    return pairs


def base(args: argparse.Namespace) -> Experiment:
    """Return what the options begin with: a preset, a file of settings, or the defaults; raises `InvalidInput`."""
    preset, config = getattr(args, "preset", None), args.config
    if preset is not None and config is not None:
        raise InvalidInput("--config", config, "left out beside --preset")
    if preset is not None:
        return preset_experiment(preset)
    return Experiment() if config is None else read_config(config)


def experiment(args: argparse.Namespace, start: Experiment, own: Dataset | None = None) -> Experiment:
    """Return `start` with everything that the options say, about a user's `own` table where there is one.

    Raises `InvalidInput`, naming the field.
    """
    settings = start.to_json()
    settings["data"] = _table(args, start, own)
    named = getattr(args, "model", None) or start.train.model
    if getattr(args, "config", None) is None and start.scheme == Scheme() and named in MODELS:
        settings["scheme"] = default_scheme(MODELS[named].family).to_json()
    if own is not None and "impute" not in settings["train"]:
        settings["train"]["impute"] = starting(own).impute
    _given(settings["data"], args, _DATA)
    _prepared(settings["train"], args)
    _given(settings["scheme"], args, _SCHEME)
    for section, name in (("train", "model"), ("scheme", "method")):
        value = getattr(args, name, None)
        if value is not None:
            if value != settings[section][name]:
                settings[section].pop("params", None)  # they belong to the model or method that was named before
            settings[section][name] = value
    dataset = settings["data"]["dataset"]
    fitting = models_for(DATASETS[dataset].task if own is None else own.task)
    if getattr(args, "model", None) is None and settings["train"]["model"] not in fitting:
        settings["train"] = settings["train"] | {"model": fitting[0], "params": {}}
    checked = experiment_from_json(_without_params(settings))
    params = {"scheme": params_of(checked.scheme.method)}
    if hasattr(args, "model"):  # else the model comes from a file and is what it is
        params = {"train": hyperparameters(checked.train.model), **params}
    for name, text in set_pairs(getattr(args, "set", [])).items():
        section = next((s for s, fields in params.items() if name in fields), "")
        if not section:
            known = ", ".join(n for fields in params.values() for n in fields)
            raise InvalidInput("setting", name, f"one of {known}" if known else "left out: there are none")
        settings[section].setdefault("params", {})[name] = params[section][name].parse(name, text)
    return experiment_from_json(settings)


def _table(args: argparse.Namespace, start: Experiment, own: Dataset | None) -> dict[str, Any]:
    """Return the section about the data: the user's `own` table, the data set that was named, or what `start` has."""
    if own is not None:
        return own_data(own, start.data.test_size, start.data.seed).to_json()
    if getattr(args, "dataset", None) is None:
        return start.data.to_json()
    Choice("", tuple(DATASETS)).check("dataset", args.dataset)
    return {"dataset": args.dataset, "test_size": start.data.test_size, "seed": start.data.seed}


def _prepared(settings: dict[str, Any], args: argparse.Namespace) -> None:
    """Put what the options say about the preparation of rows into `settings`; none of it may go unheeded."""
    _given(settings, args, _TRAIN)
    if getattr(args, "ratios", None) is not None:
        settings["ratios"] = list(RATIOS.parse("ratios", args.ratios))
    impute = settings.get("impute", IMPUTE.default)
    if getattr(args, "fill", None) is not None and impute != "constant":
        raise InvalidInput("--fill", args.fill, "left out unless --impute is constant")
    if getattr(args, "indicator", False):
        if impute == "none":
            raise InvalidInput("--indicator", "on", "left out where no missing number is filled in")
        settings["indicator"] = True


def without(args: argparse.Namespace, names: Sequence[str], allowed: str) -> None:
    """Raise `InvalidInput` for the first of these options that was given: nobody may believe that it was heeded."""
    for name in names:
        value = getattr(args, name)
        if value not in (None, [], False):
            option = f"keep-{name}" if name in KEEPING else name.replace("_", "-")
            raise InvalidInput(f"--{option}", "on" if value is True else value, allowed)


def alone(args: argparse.Namespace) -> None:
    """Raise `InvalidInput` for a setting beside files, which bring their own."""
    own = ("target", "features", "task", "indicator", "ratios")
    names = ("preset", "config", "dataset", *own, "model", "method", *_TRAIN, *_DATA, *_SCHEME, "set")
    without(args, names, "left out beside files, which hold their settings")


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
