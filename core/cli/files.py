"""The commands that read or write model files."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.artifact import Model, from_trained, load
from core.artifact.reopen import reopen
from core.cli import options, text
from core.cli.own import table_of
from core.cli.runs import tracked
from core.comparison import Comparison
from core.config import Experiment, TrainConfig
from core.datasets import OWN, Feature
from core.errors import InvalidInput
from core.evaluate import compare, model_file
from core.quant import Scheme, default_scheme
from core.train import Trained

Result = tuple[dict[str, Any], str]


def save_original(trained: Trained, metrics: Mapping[str, Any], out: str | None) -> dict[str, Any]:
    """Write the trained model where `out` says; return the path and its bytes for the JSON output."""
    return _saved(from_trained(trained, metrics={"original": metrics}), out)


def _saved(model: Model, out: str | None) -> dict[str, Any]:
    if out is None:
        return {"path": None}
    path = model.save(out)
    return {"path": str(path), "bytes": path.stat().st_size}


def saved_line(saved: dict[str, Any]) -> str:
    """Return the line that says where the file went."""
    if saved["path"] is None:
        return "not saved: name a file with --out"
    return f"saved to {saved['path']}, {saved['bytes']:,} bytes"


def quantize_command(args: argparse.Namespace) -> Result:
    """Quantise the original in a file and write the pair to a file."""
    model = load(args.file)
    if model.original is None:
        raise InvalidInput("file", args.file, "a file that holds an original model")
    scheme = options.experiment(args, Experiment(scheme=default_scheme(model.original.family))).scheme
    trained = reopen(model, table_of(args, model))
    c = compare(trained, scheme)
    pair = model_file(trained, c, model.label)
    if trained.data is None:
        # Its table is not open here: recipe and figures stay those of the file.
        pair = replace(
            pair, data=model.data, config=model.config, data_sha256=model.data_sha256,
            metrics={**pair.metrics, **{n: m for n, m in model.metrics.items() if n == "original"}},
        )  # fmt: skip
    saved = _saved(pair.only("quantized") if args.only else pair, args.out)
    kept, kept_lines = tracked(args, lambda: pair, trained, c)
    notes = list(trained.report.notes)
    shown = "\n".join([text.comparison(c), *notes, saved_line(saved), *kept_lines])
    return c.to_json() | {"notes": notes} | saved | kept, shown


def _original_of(path: str) -> Model:
    model = load(path)
    if model.original is None:
        raise InvalidInput("first file", path, "a file that holds an original model")
    return model


def compare_files(args: argparse.Namespace) -> tuple[Trained, Comparison]:
    """Return the comparison inside a pair, or of the original in one file and the quantised model in another."""
    paths = args.files
    options.alone(args)
    if len(paths) > 2:
        raise InvalidInput("files", f"{len(paths)} files", "one pair, or an original and a quantised model")
    first, second = _original_of(paths[0]), load(paths[-1])
    if second.quantized is None:
        raise InvalidInput("second file", paths[-1], "a file that holds a quantised model")
    if first.data != second.data or first.preparation.columns != second.preparation.columns:
        raise InvalidInput("second file", paths[-1], "made from the same data, split and columns as the first")
    trained = reopen(first, table_of(args, first))
    return trained, compare(trained, second.quantized.scheme, second.quantized)


def _recipe(model: Model) -> list[str]:
    """Return in words what a model was made from, and how."""
    data, config = model.data, model.config
    if data is None or config is None:
        return ["brought from outside: there is no recipe and no test row"]
    table = data.dataset
    if table == OWN:
        table = f"a table of your own (its SHA-256 begins with {data.sha256[:12]}), {text.literal(data.target)} by "
        table += data.task
    return [
        f"data {table}, test share {data.test_size}, seed {data.seed}",
        f"model {config.model}, scaling {config.scaling}, degree {config.degree}",
        *_preparation(model, config),
    ]


def _preparation(model: Model, config: TrainConfig) -> list[str]:
    """Return in words what is done with missing numbers, with ratios and with texts."""
    lines = []
    if config.impute != "none":
        filled = f"{config.fill:g}" if config.impute == "constant" else "the median of the training rows"
        lines.append(f"missing numbers: {filled}{' and a column that marks them' if config.indicator else ''}")
    if config.ratios:
        lines.append(f"ratios: {', '.join(map(text.literal, config.ratios))}")
    for one in model.preparation.texts:
        words = ", ".join(text.literal(one.categories[code]) for code in one.seen)
        lines.append(f"{text.literal(model.features[one.feature].name)} is one of {words}")
    return lines


def _range(feature: Feature) -> list[text.Cell]:
    """Return name, unit and range of a feature; a text has none."""
    if feature.categories:
        return [text.literal(feature.name), "text", None, None]
    unit = "true or false" if feature.flag else text.literal(feature.unit)
    return [text.literal(feature.name), unit, feature.low, feature.high]


def _feature(feature: Feature) -> dict[str, Any]:
    found = {"name": feature.name, "unit": feature.unit, "low": feature.low, "high": feature.high}
    return found | ({"categories": list(feature.categories)} if feature.categories else {})


def _scheme(scheme: Scheme, family: str) -> str:
    """Return how a model was quantised; trees have neither coordinates nor an intercept."""
    if family != "linear":
        return scheme.words_for(family)
    return f"{scheme.label}, {scheme.space}, intercept {scheme.intercept}"


def inspect_command(args: argparse.Namespace) -> Result:
    """Say what a file holds, after all its checks."""
    model = load(args.file)
    scheme = None if model.quantized is None else model.quantized.scheme
    held = model.parts(model.variants[0])
    result = {
        "label": model.label,
        "holds": list(model.variants),
        "task": model.task,
        "data": None if model.data is None else model.data.to_json() | {"sha256": model.data_sha256},
        "train": None if model.config is None else model.config.to_json(),
        "classes": list(model.classes),
        "scheme": None if scheme is None else scheme.to_json(),
        "features": [_feature(f) for f in model.features],
        "target": {"name": model.target.name, "unit": model.target.unit, "factor": model.target.factor},
        "metrics": dict(model.metrics),
        "versions": dict(model.versions),
        "bytes": Path(args.file).stat().st_size,
    }
    shown = [
        f"holds: {' and '.join(model.variants)}; checksum and probe rows are right",
        *_recipe(model),
        *([] if held.family == "linear" else [text.growth(held)]),
        "not quantised" if scheme is None else _scheme(scheme, held.family),
        text.table(["feature", "unit", "lowest", "highest"], [_range(f) for f in model.features]),
        f"made by {', '.join(f'{name} {v}' for name, v in model.versions.items())}",
    ]
    return result, "\n".join(shown)


__all__ = ["compare_files", "inspect_command", "quantize_command", "save_original", "saved_line"]
