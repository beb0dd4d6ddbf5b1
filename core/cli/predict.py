"""The command that predicts rows with the models in a file."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from core import logs
from core.artifact import Model, load
from core.artifact.reopen import held_out
from core.cli import options, text
from core.cli.own import known, table_of
from core.datasets import OWN
from core.errors import ArtifactError, InvalidInput
from core.parts import Floats
from core.rows import Rows, read_rows

Result = tuple[dict[str, Any], str]
N_SAMPLE = 10
_SPELLED = {"original": "original", "quantized": "quantised"}


def predict_command(args: argparse.Namespace) -> Result:
    """Predict rows with the models in a file."""
    start = perf_counter()
    model = load(args.file)
    rows = _sample(model, args) if args.sample else _rows(model, args)
    with np.errstate(over="ignore", invalid="ignore"):  # what comes out is looked at instead
        _check_finite(rows, {name: model.outputs(rows.X, name) for name in model.variants})
        columns = _columns(model, rows)
    outside = _outside(model, rows)
    result: dict[str, Any] = {
        "rows": len(rows.X),
        "unit": model.target.table_unit,
        "predictions": {name: columns[_SPELLED[name]] for name in model.variants},
        "true": columns.get("true"),
        "outside_training_range": outside,
        "unknown": dict(rows.unknown),
        "missing": dict(rows.missing),
    }
    if model.classes:
        result["probabilities"] = {name: model.outputs(rows.X, name).tolist() for name in model.variants}
    shown = [text.predictions(columns), *([] if model.classes else [f"in units of {text.unit(model.target)}"])]
    shown += _remarks(rows, outside)
    if args.out is not None:
        _write_csv(args.out, columns)
        result["path"] = args.out
        shown.append(f"{len(rows.X):,} rows written to {args.out}")
    logs.event(
        "predicted", dataset="outside" if model.data is None else model.data.dataset, rows=len(rows.X),
        models=" and ".join(model.variants), outside=outside, unknown=sum(n for _, n in rows.unknown),
        missing=sum(n for _, n in rows.missing), seconds=round(perf_counter() - start, 3),
    )  # fmt: skip
    return result, "\n".join(shown)


def _rows(model: Model, args: argparse.Namespace) -> Rows:
    """Return the rows of the file that --rows names."""
    options.without(args, ("data", "encoding"), "left out beside --rows")
    return read_rows(args.rows, [f.name for f in model.features], model.target.name, model.classes, model.cells)


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


def _outside(model: Model, rows: Rows) -> int:
    """Return how many rows have a number outside the range seen in training; a text has no range, a gap no number."""
    low = np.array([-np.inf if f.categories else f.low for f in model.features])
    high = np.array([np.inf if f.categories else f.high for f in model.features])
    return int(((low > rows.X) | (high < rows.X)).any(axis=1).sum())


def _remarks(rows: Rows, outside: int) -> list[str]:
    """Return in words what is remarkable about the rows."""
    count = len(rows.X)
    lines = [f"{outside:,} of {count:,} rows lie outside the range seen in training"] if outside else []
    lines += [
        f"{n:,} of {count:,} rows have a text in {text.literal(name)} that training never saw"
        for name, n in rows.unknown
    ]
    return lines + [f"{n:,} of {count:,} rows have no value in {text.literal(name)}" for name, n in rows.missing]


def _columns(model: Model, rows: Rows) -> dict[str, list[Any]]:
    """Return what is printed and written, by column: true values, both models, their errors or probabilities."""
    classes, columns = model.classes, {}
    if rows.y is not None:
        columns["true"] = [classes[int(v)] for v in rows.y] if classes else rows.y.tolist()
    predicted = {name: model.predict(rows.X, name) for name in model.variants}
    columns |= {_SPELLED[name]: values.tolist() for name, values in predicted.items()}
    if classes:
        for name in model.variants:
            columns[f"probability {_SPELLED[name]}"] = model.outputs(rows.X, name).max(axis=1).tolist()
        return columns
    if rows.y is not None:
        columns |= {f"error {_SPELLED[n]}": np.abs(values - rows.y).tolist() for n, values in predicted.items()}
    if len(predicted) == 2:
        columns["difference"] = (predicted["quantized"] - predicted["original"]).tolist()
    return columns


def _check_finite(rows: Rows, predicted: dict[str, Floats]) -> None:
    """Raise `InvalidInput` for the first row with which the arithmetic leaves the range of numbers."""
    largest = np.abs(np.nan_to_num(rows.X)).max(axis=1)  # a gap is no number
    for values in (*predicted.values(), *([] if rows.y is None else [rows.y])):
        # Half the range: differences of two such numbers are numbers as well.
        bad = np.flatnonzero(~(np.abs(values.reshape(len(values), -1)) <= np.finfo(np.float64).max / 2).all(axis=1))
        if bad.size:
            raise InvalidInput(f"row {bad[0] + 1}", largest[bad[0]].item(), "small enough for a finite answer")


def _write_csv(path: str, columns: dict[str, list[Any]]) -> None:
    try:
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["row", *columns])
            writer.writerows([i, *values] for i, values in enumerate(zip(*columns.values(), strict=True)))
    except OSError as error:
        raise ArtifactError(f"the predictions cannot be written: {error.strerror}") from error
