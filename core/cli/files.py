"""The commands that read or write model files."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.artifact import Model, from_trained, load
from core.artifact.reopen import reopen
from core.cli import options, text
from core.comparison import Comparison
from core.errors import ArtifactError, InvalidInput
from core.evaluate import compare, model_file
from core.parts import Floats
from core.quant import Scheme
from core.rows import Rows, read_rows
from core.train import Trained

Result = tuple[dict[str, Any], str]
N_SAMPLE = 10


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


def _scheme(args: argparse.Namespace) -> Scheme:
    return options.experiment(args).scheme


def quantize_command(args: argparse.Namespace) -> Result:
    """Quantise the original in a file and write the pair to a file."""
    model = load(args.file)
    if model.original is None:
        raise InvalidInput("file", args.file, "a file that holds an original model")
    trained = reopen(model)
    c = compare(trained, _scheme(args))
    pair = model_file(trained, c, model.label)
    saved = _saved(pair.only("quantized") if args.only else pair, args.out)
    return c.to_json() | saved, "\n".join([text.comparison(c), saved_line(saved)])


def _original_of(path: str) -> Model:
    model = load(path)
    if model.original is None:
        raise InvalidInput("first file", path, "a file that holds an original model")
    return model


def compare_files(paths: list[str]) -> tuple[Trained, Comparison]:
    """Return the comparison inside a pair, or of the original in one file and the quantised model in another."""
    if len(paths) > 2:
        raise InvalidInput("files", f"{len(paths)} files", "one pair, or an original and a quantised model")
    first, second = _original_of(paths[0]), load(paths[-1])
    if second.quantized is None:
        raise InvalidInput("second file", paths[-1], "a file that holds a quantised model")
    if first.data != second.data or first.preparation.columns != second.preparation.columns:
        raise InvalidInput("second file", paths[-1], "made from the same data, split and columns as the first")
    return reopen(first), compare(reopen(first), second.quantized.scheme, second.quantized)


def _rows(model: Model, args: argparse.Namespace) -> Rows:
    if args.sample:
        X, y = reopen(model).rows("test")
        if len(y) == 0:
            raise InvalidInput(
                "--sample", args.file, "used with a model of a bundled data set; name a file with --rows"
            )
        return Rows(X[:N_SAMPLE], y[:N_SAMPLE])
    return read_rows(args.rows, [f.name for f in model.features], model.target.name, model.classes)


_SPELLED = {"original": "original", "quantized": "quantised"}


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


def predict_command(args: argparse.Namespace) -> Result:
    """Predict rows with the models in a file."""
    model = load(args.file)
    rows = _rows(model, args)
    with np.errstate(over="ignore", invalid="ignore"):  # what comes out is looked at instead
        _check_finite(rows, {name: model.outputs(rows.X, name) for name in model.variants})
        columns = _columns(model, rows)
    low = np.array([f.low for f in model.features])
    high = np.array([f.high for f in model.features])
    outside = int(((low > rows.X) | (high < rows.X)).any(axis=1).sum())
    result: dict[str, Any] = {
        "rows": len(rows.X),
        "unit": model.target.table_unit,
        "predictions": {name: columns[_SPELLED[name]] for name in model.variants},
        "true": columns.get("true"),
        "outside_training_range": outside,
    }
    if model.classes:
        result["probabilities"] = {name: model.outputs(rows.X, name).tolist() for name in model.variants}
    shown = [text.predictions(columns), *([] if model.classes else [f"in units of {result['unit']}"])]
    if outside:
        shown.append(f"{outside:,} of {len(rows.X):,} rows lie outside the range seen in training")
    if args.out is not None:
        _write_csv(args.out, columns)
        result["path"] = args.out
        shown.append(f"{len(rows.X):,} rows written to {args.out}")
    return result, "\n".join(shown)


def _check_finite(rows: Rows, predicted: dict[str, Floats]) -> None:
    """Raise `InvalidInput` for the first row with which the arithmetic leaves the range of numbers."""
    largest = np.abs(rows.X).max(axis=1)
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


def _recipe(model: Model) -> list[str]:
    if model.data is None or model.config is None:
        return ["brought from outside: there is no recipe and no test row"]
    return [
        f"data {model.data.dataset}, test share {model.data.test_size}, seed {model.data.seed}",
        f"model {model.config.model}, scaling {model.config.scaling}, degree {model.config.degree}",
    ]


def inspect_command(args: argparse.Namespace) -> Result:
    """Say what a file holds, after all its checks."""
    model = load(args.file)
    scheme = None if model.quantized is None else model.quantized.scheme
    result = {
        "label": model.label,
        "holds": list(model.variants),
        "task": model.task,
        "data": None if model.data is None else model.data.to_json() | {"sha256": model.data_sha256},
        "train": None if model.config is None else model.config.to_json(),
        "classes": list(model.classes),
        "scheme": None if scheme is None else scheme.to_json(),
        "features": [{"name": f.name, "unit": f.unit, "low": f.low, "high": f.high} for f in model.features],
        "target": {"name": model.target.name, "unit": model.target.unit, "factor": model.target.factor},
        "metrics": dict(model.metrics),
        "versions": dict(model.versions),
        "bytes": Path(args.file).stat().st_size,
    }
    rows: list[list[text.Cell]] = [[text.literal(f.name), text.literal(f.unit), f.low, f.high] for f in model.features]
    shown = [
        f"holds: {' and '.join(model.variants)}; checksum and probe rows are right",
        *_recipe(model),
        "not quantised" if scheme is None else f"{scheme.label}, {scheme.space}, intercept {scheme.intercept}",
        text.table(["feature", "unit", "lowest", "highest"], rows),
        f"made by {', '.join(f'{name} {v}' for name, v in model.versions.items())}",
    ]
    return result, "\n".join(shown)


__all__ = ["compare_files", "inspect_command", "predict_command", "quantize_command", "save_original", "saved_line"]
