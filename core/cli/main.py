"""The commands: each returns what `--json` prints and the text that people read."""

from __future__ import annotations

import argparse
import json
import logging
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from core import logs
from core.artifact import from_trained
from core.cli import files, options, text
from core.cli.monitor import add_monitoring, monitor_command
from core.cli.own import asked
from core.cli.predict import predict_command
from core.cli.reference import reference_command
from core.cli.runs import add_promoting, add_track, promote_command, rollback_command, runs_command, tracked
from core.cli.sweep import add_goal, sweep_command
from core.cli.tune import add_search, log_trained, tune_command
from core.datasets import DATASETS, Dataset
from core.errors import ArtifactError, InvalidInput
from core.evaluate import compare, cross_validate, measure, model_file
from core.families.mlp import layers
from core.metrics import LABELS
from core.models import MODELS
from core.parts import Parts
from core.quant import AUTO, BITS, METHODS, PRESETS
from core.quant.methods import AUTO_SUMMARY
from core.reference import SYSTEMS
from core.settings import settings
from core.version import VERSION

Result = tuple[dict[str, Any], str]


def datasets(args: argparse.Namespace) -> Result:
    """List the bundled data sets with their features, units and source."""
    found = {}
    lines = []
    for name, source in DATASETS.items():
        data = source.load()
        found[name] = {
            "label": data.label,
            "task": data.task,
            "rows": len(data.y),
            "features": [asdict(f) for f in data.features],
            "target": asdict(data.target),
            "classes": list(data.classes),
            "source": data.source,
            "licence": data.licence,
            "sha256": data.sha256,
        }
        rows: list[list[text.Cell]] = [[f.name, f.unit, f.low, f.high, f.meaning] for f in data.features]
        lines += [
            f"{name}: {data.label}, {len(data.y):,} rows, {data.task}",
            text.table(["feature", "unit", "lowest", "highest", "meaning"], rows),
            f"target {data.target.name}: {data.target.meaning} ({_unit(data)})",
            f"source: {data.source}",
            data.licence,
        ]
    return found, "\n".join(lines)


def _unit(data: Dataset) -> str:
    return f"1 is {data.target.table_unit}" if not data.classes else f"classes {', '.join(data.classes)}"


def models(args: argparse.Namespace) -> Result:
    """List the models with their hyperparameters."""
    found = {
        name: {
            "label": m.label,
            "task": m.task,
            "family": m.family,
            "summary": m.summary,
            "params": {p: {"default": f.default, "allowed": f.allowed} for p, f in m.params.items()},
        }
        for name, m in MODELS.items()
    }
    lines = []
    for name, m in MODELS.items():
        lines.append(f"{name}: {m.label}. {m.summary}")
        lines += [f"  --set {p}={f.default}    {f.allowed}" for p, f in m.params.items()]
    return found, "\n".join(lines)


def methods(args: argparse.Namespace) -> Result:
    """List the methods, their own settings and the presets."""
    found: dict[str, Any] = {
        name: {
            "label": m.label,
            "summary": m.summary,
            "formula": m.formula,
            "bits": [BITS.low, BITS.high],
            "params": {p: {"default": f.default, "allowed": f.allowed} for p, f in m.params.items()},
        }
        for name, m in METHODS.items()
    }
    found[AUTO] = {"label": "Best found", "summary": AUTO_SUMMARY, "bits": [BITS.low, BITS.high], "params": {}}
    lines = [f"{name}: {m['summary']}" for name, m in found.items()]
    lines += ["", "presets:", *[f"{name}: {p.note}" for name, p in PRESETS.items()]]
    return found | {"presets": {n: p.note for n, p in PRESETS.items()}}, "\n".join(lines)


def train_command(args: argparse.Namespace) -> Result:
    """Train a model and write it to a file."""
    wanted = asked(args)
    trained = wanted.train()
    metrics = measure(trained, trained.parts)
    saved = files.save_original(trained, metrics, args.out)
    log_trained(trained)
    kept, kept_lines = tracked(args, lambda: from_trained(trained, metrics={"original": metrics}), trained)
    result = {
        "metrics": metrics,
        "report": asdict(trained.report),
        "columns": list(trained.preparation.columns),
        **_model(trained.parts),
        "experiment": wanted.experiment.to_json(),
        **wanted.to_json(),
        **saved,
        **kept,
    }
    shown = [*wanted.lines(), text.training(trained, metrics), files.saved_line(saved), *kept_lines]
    return result, "\n".join(shown)


def _model(parts: Parts) -> dict[str, Any]:
    """Return what a trained model is made of: coefficients, or how large its trees or layers are."""
    if parts.family == "trees":
        nodes = parts.structure["n_nodes"]
        return {"trees": len(nodes), "nodes": int(nodes.sum(dtype=int)), "leaves": len(parts.values["leaf"])}
    if parts.family == "mlp":
        return {"layers": [list(weight.shape) for weight, _ in layers(parts)], "numbers": parts.n_parameters}
    coef, intercept = parts.values["coef"], parts.values["intercept"]
    return {"coef": coef[0].tolist(), "intercept": float(intercept[0])}


def compare_command(args: argparse.Namespace) -> Result:
    """Compare a model with its quantised twin: from settings, a preset, one file or two."""
    more, before = {}, []
    if args.files:
        trained, c = files.compare_files(args)
    else:
        wanted = asked(args)
        more, before = wanted.to_json(), wanted.lines()
        trained = wanted.train()
        c = compare(trained, wanted.experiment.scheme)
    notes = list(trained.report.notes)
    kept, kept_lines = tracked(args, lambda: model_file(trained, c), trained, c)
    result = c.to_json() | {"notes": notes} | more | kept
    shown = "\n".join([*before, text.comparison(c), *notes, *kept_lines])
    if args.cv is not None:
        folds = int(options.FOLDS.parse("cv", args.cv))
        cv = cross_validate(trained, c.quantized.scheme, folds)
        for name in ("original", "quantized"):
            # A fold whose targets are all equal has no R², and then there is no mean either.
            figures = {key: None if math.isnan(value) else value for key, value in cv[name].items()}
            result[name]["cv"] = figures
            label = {"original": "original", "quantized": "quantised"}[name]
            mean, spread = (text.cell(figures[f"{c.metric}_{k}"]) for k in ("mean", "std"))
            shown += f"\n{folds}-fold {LABELS[c.metric]} on the training rows, {label}: {mean} ± {spread}"
    return result, shown


def parser() -> argparse.ArgumentParser:
    """Return the parser of `python -m core`."""
    top = argparse.ArgumentParser(
        prog="python -m core", description="Turn the bit width down and see what your model loses."
    )
    top.add_argument("--version", action="version", version=f"bitdial {VERSION}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], Result], logged: bool = False) -> argparse.ArgumentParser:
        summary = (run.__doc__ or "").split("\n")[0]
        command = commands.add_parser(name, help=summary, description=summary)
        command.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
        command.set_defaults(run=run, logged=logged)
        return command

    add("datasets", datasets)
    add("models", models)
    add("methods", methods)
    one = add("train", train_command, logged=True)
    options.add_training(one)
    one.add_argument("--out", metavar="FILE", help="where to write the model")
    add_track(one)
    one = add("tune", tune_command, logged=True)
    options.add_training(one)
    add_search(one)
    one.add_argument("--out", metavar="FILE", help="where to write the best model")
    one = add("quantize", files.quantize_command)
    options.add_quantizing(one)
    add_track(one)
    one = add("compare", compare_command)
    one.add_argument("files", nargs="*", metavar="FILE", help="a pair, or an original and a quantised model")
    options.add_training(one)
    options.add_scheme(one)
    one.add_argument("--preset", help=", ".join(PRESETS))
    one.add_argument("--cv", metavar="FOLDS", help="add cross-validation on the training rows")
    add_track(one)
    one = add("sweep", sweep_command)
    options.add_training(one)
    options.add_scheme(one, bits=False)
    one.add_argument("--methods", help="names with commas between")
    one.add_argument("--bits", help="1-16, or numbers with commas between")
    add_goal(one)
    one = add("reference", reference_command)
    one.add_argument("--system", help=", ".join(SYSTEMS))
    one = add("inspect", files.inspect_command)
    one.add_argument("file", metavar="FILE", help="any model file")
    _add_operating(add)
    return top


def _add_operating(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the commands for a model that is in use."""
    options.add_predicting(add("predict", predict_command, logged=True))
    add_monitoring(add("monitor", monitor_command, logged=True))
    add("runs", runs_command)
    add_promoting(add("promote", promote_command, logged=True))
    add("rollback", rollback_command, logged=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 0, 2 for bad input, 130 when it was stopped by Ctrl-C.

    What went wrong stands in one line on stderr. Commands that do work worth recording write to the log file.
    """
    args = parser().parse_args(argv)
    try:
        if args.logged:
            _log_to_file()
        result, shown = args.run(args)
    except (InvalidInput, ArtifactError) as error:
        if args.logged:
            logs.failure(f"{args.command} refused", error)
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        if args.logged:
            logs.event(f"{args.command} stopped")
        print("stopped", file=sys.stderr)
        _forget_interrupt()
        return 130
    finally:
        logs.shut()
    try:
        print(json.dumps(result, allow_nan=False, default=partial(_plain)) if args.json else shown)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (`| head`) has seen enough; what Python would still flush at exit goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _forget_interrupt() -> None:
    """Let the process end with our status although Ctrl-C came while Python ran code from a text, as dataclasses do.

    Python notes that as an interrupt nobody caught, and at its end kills itself by the signal whatever `sys.exit` says.
    It drops the note when it next runs a text (`run_eval_code_obj` in CPython's Python/pythonrun.c).
    """
    exec("")  # noqa: S102  (a constant)


def _log_to_file() -> None:
    """Send events to the file in the settings' folder; the console belongs to the answer and to messages."""
    logs.configure(settings().logs, console=False)
    # Without any handler at all, logging prints warnings itself.
    logs.LOGGER.addHandler(logging.NullHandler())


def _plain(value: object) -> object:
    """Return a read-only mapping as a dict; nothing else needs help to become JSON."""
    return dict(value)  # type: ignore[call-overload]
