"""The commands about saved runs: list them, let the gate decide about one, go back; and `--track`, which saves one."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from core import runs
from core.artifact import Model
from core.cli import options, text
from core.cli.own import table_of
from core.cli.progress import watched
from core.comparison import Comparison
from core.errors import InvalidInput
from core.metrics import LABELS
from core.progress import Progress
from core.train import Trained

Result = tuple[dict[str, Any], str]

# Letters of an id that tables show, and that are enough to name a run where no other one begins with them.
_SHORT = 8
# What stands for the run that was saved last.
LATEST = "latest"


def add_track(parser: argparse.ArgumentParser) -> None:
    """Add the option that keeps what a command made as a run."""
    parser.add_argument("--track", action="store_true", help="keep this as a run, which `runs` lists")


def tracked(
    args: argparse.Namespace, model: Callable[[], Model], trained: Trained, comparison: Comparison | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Return what is printed of the run that `--track` asks for, as JSON and for people; nothing without it."""
    if not args.track:
        return {}, []

    def save(progress: Progress) -> runs.Run:
        progress(0, 1, "saving the run")  # the first look at the store takes seconds
        return runs.save_run(runs.registry_of(""), model(), comparison, trained, origin=f"command line, {args.command}")

    one = watched(save)
    return {"run": one.id}, [f"kept as run {one.id}"]


def runs_command(args: argparse.Namespace) -> Result:
    """List the saved runs and the versions of the registry."""
    registry = runs.registry_of("")
    found, versions = runs.runs(registry), runs.versions(registry)
    result = {"runs": [one.to_json() for one in found], "versions": [asdict(one) for one in versions]}
    if not found and not versions:
        return result, "no run is saved yet: add --track to train, quantize or compare"
    lines = [
        text.table(["run", "saved", "label", "data", "figure", "held-back rows", "file"], [_run(one) for one in found])
    ]
    if versions:
        lines += [
            "",
            text.table(
                ["version", "run", "label", "alias", "stage", "last decision"], [_version(one) for one in versions]
            ),
        ]
    return result, "\n".join(lines)


def _run(one: runs.Run) -> list[text.Cell]:
    label = text.literal(one.label)
    return [one.id[:_SHORT], _time(one.time), label, one.dataset, LABELS[one.metric], one.score(), one.size()]


def _version(one: runs.Version) -> list[text.Cell]:
    decision = "" if one.decision is None else one.decision.reason
    aliases = ", ".join(one.aliases)
    return [str(one.number), one.run[:_SHORT], text.literal(one.label), aliases, one.stage, text.literal(decision)]


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def add_promoting(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command that asks the gate."""
    parser.add_argument(
        "version", metavar="VERSION|RUN", help="number of a version, first letters of a run's id, or latest"
    )
    parser.add_argument("--tolerance", metavar="X", help=f"{runs.TOLERANCE.help} ({runs.TOLERANCE.default:g})")
    options.add_table(parser)


def promote_command(args: argparse.Namespace) -> Result:
    """Make a version the champion if the gate finds it no worse; a run becomes a version first."""
    registry = runs.registry_of("")
    tolerance = tolerance_of(args)
    number = _number(registry, args.version)
    table = table_of(args, runs.model_of(registry, runs.version(registry, number).run))
    decision = runs.promote(registry, number, tolerance, table)
    return asdict(decision), f"version {number}: {decision.reason}"


def tolerance_of(args: argparse.Namespace) -> float:
    """Return the tolerance that is asked for; raises `InvalidInput`."""
    return float(
        runs.TOLERANCE.default if args.tolerance is None else runs.TOLERANCE.parse("tolerance", args.tolerance)
    )


def _number(registry: runs.Registry, wanted: str) -> int:
    """Return the version that a number, the beginning of a run's id or "latest" names; such a run is registered."""
    if wanted.isdecimal() and len(wanted) < _SHORT:
        return runs.version(registry, int(wanted)).number
    listed = runs.runs(registry)
    found = listed[:1] if wanted == LATEST else tuple(one for one in listed if one.id.startswith(wanted))
    if len(found) != 1:
        raise InvalidInput("run", wanted, f"the beginning of one run's id: {len(found)} fit")
    return runs.register(registry, found[0].id).number


def rollback_command(args: argparse.Namespace) -> Result:
    """Make the champion before the champion again."""
    one = runs.rollback(runs.registry_of(""))
    return asdict(one), f"version {one.number}, {text.literal(one.label)}, is the champion again"
