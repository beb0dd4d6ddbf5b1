"""The command that predicts rows with the models in a file, or with the default ones."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from time import perf_counter
from typing import Any

import numpy as np

from core import batch, bundled, logs
from core.artifact import Model, load
from core.artifact.reopen import held_out
from core.batch import Answers, Total
from core.cli import options, text
from core.cli.own import known, table_of
from core.cli.progress import watched
from core.datasets import OWN
from core.errors import InvalidInput
from core.rows import Rows

Result = tuple[dict[str, Any], str]
N_SAMPLE = 10
# So many rows are printed, and stand in the JSON where all of them are in a file.
N_SHOWN = 10
# So many of a sample stand in one line besides, to be compared at a glance.
N_FIRST = 5


def predict_command(args: argparse.Namespace) -> Result:
    """Predict rows with the models in a file; without a file with the default model."""
    start = perf_counter()
    model = bundled.default() if args.file is None else load(args.file)
    if args.rows is not None:
        options.without(args, ("data", "encoding"), "left out beside --rows")
    if args.rows is not None and args.out is not None:
        total = watched(lambda progress: batch.predict_file(model, args.rows, args.out, progress))
        shown = N_SHOWN
    else:
        rows = _sample(model, args) if args.sample else batch.gather(batch.open_rows(args.rows, model))
        total, shown = Total().with_more(model, rows, batch.answers(model, rows)), len(rows.X)
        if args.out is not None:
            batch.write(total.found, args.out)
    result, lines = _told(model, total, shown)
    if args.sample:
        lines += _first(model, total.found)
    if args.out is not None:
        result["path"] = args.out
        lines.append(f"{total.rows:,} rows written to {args.out}")
    logs.event(
        "predicted", dataset="outside" if model.data is None else model.data.dataset, rows=total.rows,
        models=" and ".join(model.variants), outside=total.outside, unknown=sum(total.unknown.values()),
        missing=sum(total.missing.values()), seconds=round(perf_counter() - start, 3),
    )  # fmt: skip
    return result, "\n".join(lines)


def _told(model: Model, total: Total, shown: int) -> tuple[dict[str, Any], list[str]]:
    """Return what is told of the rows, as JSON with the answers to the first `shown`, and in words."""
    found, classes = total.found, bool(model.classes)
    columns = {name: found.values(name, shown) for name in found.columns}
    result: dict[str, Any] = {
        "rows": total.rows,
        "unit": model.target.table_unit,
        "predictions": {name: columns[batch.SPELLED[name]] for name in model.variants},
        "true": columns.get("true"),
        "outside_training_range": total.outside,
        "unknown": dict(total.unknown),
        "missing": dict(total.missing),
    }
    if classes:
        result["probabilities"] = {name: found.outputs[name][:shown].tolist() for name in model.variants}
    printed = {name: values[:N_SHOWN] for name, values in columns.items()}
    lines = [text.predictions(printed, total.rows), *([] if classes else [f"in units of {text.unit(model.target)}"])]
    return result, lines + _remarks(total)


def _first(model: Model, found: Answers) -> list[str]:
    """Return one line a model with its first answers: what one looks at to see that all is well."""
    lines = []
    for name in model.variants:
        values: Iterable[Any] = found.values(batch.SPELLED[name], N_FIRST)
        said = [text.literal(v) if isinstance(v, str) else f"{v:.3f}" for v in values]
        lines.append(f"first predictions, {batch.SPELLED[name]}: {' '.join(said)}")
    return lines


def _sample(model: Model, args: argparse.Namespace) -> Rows:
    """Return the first test rows of the table that the model was trained on, which must be at hand."""
    table, data = table_of(args, model), model.data
    if data is not None and data.dataset == OWN and table is None:
        allowed = f"given with --data FILE, the table that the model was trained on ({known(data)})"
        raise InvalidInput("--sample", args.file, allowed)
    X, y = held_out(model, table)
    if len(y) == 0:
        raise InvalidInput("--sample", args.file, "used with a model of a bundled data set; name a file with --rows")
    gaps = np.isnan(X[:N_SAMPLE]).sum(axis=0).tolist()
    missing = tuple((f.name, n) for f, n in zip(model.features, gaps, strict=True) if n)
    return Rows(X[:N_SAMPLE], y[:N_SAMPLE], missing=missing)


def _remarks(total: Total) -> list[str]:
    """Return in words what is remarkable about the rows."""
    count = total.rows
    lines = [f"{total.outside:,} of {count:,} rows lie outside the range seen in training"] if total.outside else []
    lines += [
        f"{n:,} of {count:,} rows have a text in {text.literal(name)} that training never saw"
        for name, n in total.unknown.items()
    ]
    return lines + [
        f"{n:,} of {count:,} rows have no value in {text.literal(name)}" for name, n in total.missing.items()
    ]
