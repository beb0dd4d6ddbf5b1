"""The command that says whether a batch of rows has drifted from what a model was trained on, and trains again."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core import logs, runs
from core.artifact import load
from core.artifact.model import Model
from core.cli import text
from core.cli.retrain import add_retraining, retrained
from core.cli.runs import tolerance_of
from core.drift import (
    RULE_FIELDS,
    STATISTICS,
    DriftReport,
    Rule,
    alert,
    entry_of,
    fires,
    read,
    read_rule,
    record,
    report,
    save_rule,
)  # fmt: skip
from core.drift.batch import Batch
from core.errors import ArtifactError, InvalidInput
from core.rows import MAX_BYTES
from core.settings import settings

Result = tuple[dict[str, Any], str]

_NOT = "not trained again: the rule has not fired"


def add_monitoring(command: argparse.ArgumentParser) -> None:
    """Add the arguments of `monitor`."""
    command.add_argument("batch", metavar="BATCH", help="CSV or Parquet; true values in the target's column")
    command.add_argument("--reference", metavar="FILE", required=True,
                         help="the model file, best with both models; or champion")  # fmt: skip
    command.add_argument("--record", action="store_true", help="keep the result, and look at the rule of the history")
    command.add_argument(
        "--rule", metavar="NAME:LIMIT:BATCHES",
        help="what fires from now on, one of " + ", ".join(STATISTICS) + " (drifting:1:3)",
    )  # fmt: skip
    add_retraining(command)


def monitor_command(args: argparse.Namespace) -> Result:
    """Compare a batch of rows with what a model was trained on: drift, performance, gap; train again where asked."""
    model = _reference(args.reference)
    tolerance = tolerance_of(args)
    _keep_rule(args.rule)
    batch = _batch(model, args.batch)
    found = report(model, batch)
    result, lines = found.to_json(), _told(model, found)
    if args.record or args.retrain:
        recorded, words = _recorded(model, found)
        result |= recorded
        lines += words
    if args.retrain:
        renewed, words = retrained(args, model, batch, tolerance) if result["fires"] else ({"retrained": None}, [_NOT])
        result |= renewed
        lines += words
    logs.event("monitored", rows=found.rows, verdict=found.verdict, features=len(found.drifting), outside=found.outside)
    return result, "\n".join(lines)


def _reference(name: str) -> Model:
    """Return the model in a file, or the version of the registry that an alias stands for; raises `InvalidInput`."""
    if name not in runs.ALIASES or Path(name).exists():
        return load(name)
    registry = runs.registry_of("")
    found = runs.alias(registry, name)
    if found is None:
        raise InvalidInput("--reference", name, f"a model file: the registry has no {name} yet")
    return runs.model_of(registry, found.run)


def _keep_rule(text_of_rule: str | None) -> None:
    """Write down the rule that is asked for, NAME:LIMIT:BATCHES; raises `InvalidInput`."""
    if text_of_rule is None:
        return
    parts = text_of_rule.split(":")
    if len(parts) != len(RULE_FIELDS):
        raise InvalidInput("rule", text_of_rule, "a name, a limit and a number of batches, with colons between")
    values = [field.parse(name, part) for (name, field), part in zip(RULE_FIELDS.items(), parts, strict=True)]
    save_rule(_folder(), Rule(*values))  # type: ignore[arg-type]


def _batch(model: Model, path: str) -> Batch:
    """Return the batch in the file at `path`; raises `InvalidInput`."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        allowed = f"a readable CSV or Parquet file ({error.strerror or type(error).__name__})"
        raise InvalidInput("batch", path, allowed) from error
    return read(model, data, Path(path).name)


def _told(model: Model, found: DriftReport) -> list[str]:
    """Return the report in words."""
    rows: list[list[text.Cell]] = [
        [text.literal(c.name), c.verdict, c.ks if c.distance is None else c.distance, c.wasserstein,
         text.literal(c.unit), c.psi, c.missing, c.below + c.above + c.unseen]
        for c in found.by_severity
    ]  # fmt: skip
    header = ["feature", "verdict", "distance", "Wasserstein", "unit", "PSI", "missing", "outside"]
    lines = [
        f"{found.verdict}: {found.rows:,} rows, {len(found.drifting)} of {len(found.features)} features drift",
        text.table(header, rows),
        *(f"{text.literal(c.name)}: {c.why}" for c in found.by_severity if c.name in found.drifting),
    ]
    lines += [f"predictions, {name}: {c.verdict} ({c.why})" for name, c in found.predictions.items()]
    for one in found.performance:
        bounds = f"{text.cell(one.low)} to {text.cell(one.high)}"
        lines.append(
            f"{one.metric}, {one.variant}: {text.cell(one.value)} ({bounds}), on the test rows "
            f"{text.cell(one.reference)}: {one.verdict}"
        )
    if found.gap is not None:
        means = f"{text.cell(found.gap.mean)}, on the test rows {text.cell(found.gap.reference)}"
        unit = "of the rows" if model.classes else text.unit(model.target)
        lines.append(f"gap of the two models in {unit}: {means}: {found.gap.verdict}")
    lines.append(f"{found.outside:,} rows have a number outside the training range")
    if found.unanswered:
        lines.append(f"{found.unanswered:,} rows lack a number that the model needs")
    if found.ignored:
        lines.append("ignored columns: " + ", ".join(text.literal(name) for name in found.ignored))
    return lines + list(found.notes)


def _recorded(model: Model, found: DriftReport) -> tuple[dict[str, Any], list[str]]:
    """Record the result beside the models, and return what the rule says, as JSON and in words."""
    folder = _folder()
    entries, rule = record(folder, entry_of(found, model.label)), read_rule(folder)
    fired = fires(rule, entries)
    if fired and (sent := alert(rule, entries[-1])) is not None:
        sent.join()
    words = f"recorded as batch {len(entries):,} in {folder}"
    if fired:
        words += f"; the rule fires: {rule.test} at least {rule.limit:g} in {rule.batches} batches in a row"
    return {"recorded": len(entries), "fires": fired}, [words]


def _folder() -> Path:
    """Return the folder of the history, made if need be; raises `ArtifactError`."""
    folder = settings().artifacts
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"the history cannot be written: {error.strerror}") from error
    return folder
