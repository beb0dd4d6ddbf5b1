"""The command that scores many settings at once and finds the one that meets a goal."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

from core.cli import options, text
from core.cli.own import asked
from core.cli.progress import watched
from core.errors import InvalidInput
from core.evaluate import baseline, compare
from core.families.trees import rounds
from core.metrics import LABELS
from core.outputs import seen
from core.parts import Parts
from core.quant import METHODS, SWITCHES
from core.sweep import (
    Cast,
    Chosen,
    Goal,
    Point,
    Sweep,
    anchors,
    dominators,
    everything,
    front,
    line,
    run,
    seek,
    with_cv,
)
from core.sweep.goal import BUDGET, LOSS
from core.train import Trained

Result = tuple[dict[str, Any], str]


def sweep_command(args: argparse.Namespace) -> Result:
    """Score every method at every bit width, with --all with every switch; find the setting for a goal."""
    goal = _goal(args)
    every = args.all or goal is not None
    names = [*METHODS] if args.methods is None else options.method_names(args.methods)
    widths = options.bit_widths("1-16" if args.bits is None else args.bits)
    args.bits = None
    wanted = asked(args)
    e, trained = wanted.experiment, wanted.train()
    start = perf_counter()
    if trained.parts.family == "linear" and not trained.dataset.classes:
        anchors(trained)
    seen(trained)
    baseline(trained)
    ready = perf_counter()
    fixed = {name: getattr(args, name) for name in SWITCHES if getattr(args, name) is not None}
    plan = everything(trained.parts, names, widths, fixed, e.scheme) if every else line(names, widths, e.scheme)
    # Fewer trees and levels are for a goal: there they are a third way to fewer bytes.
    plan = plan if goal is not None else replace(plan, smaller=())
    found = watched(lambda progress: run(trained, plan, progress))
    seconds = {"statistics": ready - start, "sweep": perf_counter() - ready}
    if goal is not None and goal.basis == "cv":
        swept = found
        found = watched(lambda progress: with_cv(trained, plan, swept, progress=progress))
    candidates: list[Point | Cast] = [*found.points, *found.casts, *found.smaller]
    basis = found.basis if goal is None else goal.basis
    result = found.to_json() | {"seconds": seconds} | wanted.to_json()
    shown = [*wanted.lines(), text.sweep(found, names, basis)]
    if every:
        best = front(candidates, basis)
        result |= {"front": list(best), "dominated_by": list(dominators(candidates, basis))}
        shown += ["", _front(found, [candidates[i] for i in best], basis, trained.parts)]
    shown += [f"{len(found.tried):,} settings in {seconds['sweep']:.3f} s, statistics of the rows before that in "
              f"{seconds['statistics']:.3f} s"]  # fmt: skip
    shown += [f"left out for a model of this size: {', '.join(found.skipped)}"] if found.skipped else []
    if goal is not None:
        more, words = _chosen(trained, found, seek(found, goal))
        result, shown = result | {"chosen": more}, [*shown, "", words]
    return result, "\n".join(shown)


def add_goal(parser: argparse.ArgumentParser) -> None:
    """Add the options that ask for every switch, or for the best setting."""
    parser.add_argument("--all", action="store_true", help="turn every switch besides, and list the Pareto front")
    parser.add_argument("--max-loss", metavar="X", help="find the fewest bytes that lose at most X of R² or accuracy")
    parser.add_argument("--max-bytes", metavar="N", help="find the best setting of at most N bytes")
    parser.add_argument("--by", help="what a choice rests on: train (the training rows) or cv (five folds of them)")


def _goal(args: argparse.Namespace) -> Goal | None:
    """Return the goal that the options name, if any; raises `InvalidInput`."""
    if args.max_loss is not None and args.max_bytes is not None:
        raise InvalidInput("--max-loss", args.max_loss, "left out beside --max-bytes")
    basis = args.by or "train"
    if basis not in ("train", "cv"):
        raise InvalidInput("by", basis, "one of train, cv")
    if args.max_loss is not None:
        return Goal("loss", float(LOSS.parse("max-loss", args.max_loss)), basis)
    if args.max_bytes is not None:
        return Goal("bytes", int(BUDGET.parse("max-bytes", args.max_bytes)), basis)
    if args.by is not None:
        raise InvalidInput("--by", basis, "left out without --max-loss or --max-bytes")
    return None


def _name(one: Point | Cast, parts: Parts) -> str:
    return f"{one.kind} cast" if isinstance(one, Cast) else one.scheme.words_for(parts.family, rounds(parts))


def _front(found: Sweep, best: Sequence[Point | Cast], basis: str, parts: Parts) -> str:
    """Return the front as a table, by bytes."""
    rows = {"train": "training rows", "cv": "folds of the training rows", "fidelity": "training outputs"}[basis]
    name = LABELS[found.metric]
    table: list[list[text.Cell]] = [
        [_name(one, parts), one.numbers, text.six(one.figure(basis)), text.six(one.test)] for one in best
    ]
    header = [f"front: {name} on the {rows}", "bytes", "there", "on the test rows"]
    return text.table(header, table)


def _chosen(trained: Trained, found: Sweep, chosen: Chosen) -> tuple[dict[str, Any], str]:
    """Return the setting that was chosen with what it does on the test rows, which had no say."""
    c = compare(trained, chosen.point.scheme)
    name, p = LABELS[found.metric], chosen.point
    difference = None if c.difference is None else c.difference.to_json()
    result = {
        "goal": {"kind": chosen.goal.kind, "amount": chosen.goal.amount, "basis": chosen.goal.basis},
        "scheme": p.scheme.to_json(),
        "numbers": p.numbers,
        "loss": chosen.loss,
        "test": c.score("quantized"),
        "difference": difference,
        "cast": None if chosen.cast is None else {"kind": chosen.cast.kind, "numbers": chosen.cast.numbers},
    }
    asked = {"loss": f"at most {chosen.goal.amount:g} of {name} lost", "bytes": f"at most {chosen.goal.amount:g} bytes"}
    basis = {"train": "training rows", "cv": "folds of the training rows", "fidelity": "outputs"}[chosen.goal.basis]
    lines = [
        f"{asked[chosen.goal.kind]}: {_name(p, trained.parts)}",
        f"{p.numbers} bytes; loses {chosen.loss:.6f} of {name} on the {basis}, by which it was chosen",
        *text.difference(c),
    ]
    if chosen.cast is not None:
        lines.append(f"a plain {chosen.cast.kind} cast does it too, in {chosen.cast.numbers} bytes")
    return result, "\n".join(lines)
