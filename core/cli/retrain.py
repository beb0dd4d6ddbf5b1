"""Training again from the command line: the champion with a batch that has drifted, and what the gate says of it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core import renew, runs
from core.artifact import Model
from core.artifact.disk import write
from core.cli import options
from core.cli.own import table_of
from core.cli.progress import watched
from core.datasets import load
from core.drift import Batch
from core.retrain import joined, retrain, table_bytes


def add_retraining(command: argparse.ArgumentParser) -> None:
    """Add the options for training again."""
    command.add_argument(
        "--retrain", action="store_true",
        help="record, and where the rule fires train again with this batch and let the gate decide",
    )  # fmt: skip
    command.add_argument("--tolerance", metavar="X", help=f"{runs.TOLERANCE.help} ({runs.TOLERANCE.default:g})")
    command.add_argument("--table", metavar="OUT.csv", help="where to write the table of the retrained model")
    options.add_table(command)


def retrained(
    args: argparse.Namespace, model: Model, batch: Batch, tolerance: float
) -> tuple[dict[str, Any], list[str]]:
    """Train the champion again with the batch, and return what the gate decided, as JSON and in words."""
    registry, table = runs.registry_of(""), table_of(args, model)
    renew.champion(registry, model)
    found = watched(lambda progress: retrain(model, batch, table, progress))
    if args.table is not None and model.data is not None:
        whole, _ = joined(model, load(model.data.dataset) if table is None else table, batch)
        write(table_bytes(whole), Path(args.table))
    renewed = renew.renew(registry, model, found, tolerance)
    left = f", {found.left_out:,} rows with gaps left out" if found.left_out else ""
    lines = [
        f"trained again with {len(batch) - found.left_out:,} rows of the batch{left}: run {renewed.run[:8]}",
        f"version {renewed.version}: {renewed.decision.reason}",
    ]
    return {"retrained": asdict(renewed)}, lines
