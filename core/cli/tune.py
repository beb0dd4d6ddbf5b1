"""The command that looks for the best settings of a model."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core import logs
from core.artifact.strict import strict_json
from core.cli import files, options, text
from core.cli.own import Asked, asked
from core.cli.progress import watched
from core.config import Experiment, experiment_from_json
from core.config_file import MAX_BYTES, read_config, without_comments
from core.errors import ArtifactError, InvalidInput
from core.evaluate import measure
from core.fields import Value, spell
from core.metrics import LABELS, Metrics
from core.train import Trained
from core.tune import SEARCHES, Candidate, Space, TuneRequest, Tuning, space_from_json, space_to_json, tune
from core.tune.request import CANDIDATES, FOLDS
from core.tune.space import checked, tunable

Result = tuple[dict[str, Any], str]

# More candidates than this fill a screen; `--json` has them all.
MOST_CANDIDATES = 20


def add_search(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is searched, and how."""
    parser.add_argument("--search", help=f"one of {', '.join(SEARCHES)} (grid)")
    parser.add_argument(
        "--space", dest="searched", metavar="NAME=V,V,...", action="append", default=[],
        help='values to try for a setting; or "space" in --config, where ranges can stand too',
    )  # fmt: skip
    parser.add_argument("--candidates", metavar="N", help=f"{CANDIDATES.help} ({CANDIDATES.default:g})")
    parser.add_argument("--folds", metavar="K", help=f"{FOLDS.help} ({FOLDS.default:g})")
    parser.add_argument(
        "--no-shuffle", action="store_true", help="cut the folds as the training rows come, like scikit-learn's cv=5"
    )


def tune_command(args: argparse.Namespace) -> Result:
    """Find the best settings of a model by cross-validation on the training rows, and train it with them."""
    start, given = _start(args.config)
    wanted = asked(args, start)
    request = _request(args, wanted, given)
    logs.event("tuning", dataset=request.data.dataset, model=request.train.model, search=request.search)
    found = watched(lambda progress: tune(request, progress))
    best = replace(wanted, experiment=replace(wanted.experiment, train=found.best))
    trained = best.train()
    log_trained(trained)
    metrics = measure(trained, trained.parts)
    saved = files.save_original(trained, metrics, args.out)
    result = found.to_json() | {
        "metric": found.metric,
        "space": space_to_json(request.space),
        "metrics": metrics,
        "experiment": best.experiment.to_json(),
        **best.to_json(),
        **saved,
    }
    return result, "\n".join([*best.lines(), *_lines(found, trained, metrics), files.saved_line(saved)])


def log_trained(trained: Trained) -> None:
    """Write into the log what was trained on how much, and how long it took."""
    data, config, report = trained.data, trained.config, trained.report
    logs.event(
        "trained", dataset="" if data is None else data.dataset, table=trained.dataset.sha256[:12],
        model="" if config is None else config.model, rows=report.n_train, test_rows=report.n_test,
        columns=report.n_columns, seconds=round(report.seconds or 0, 3),
    )  # fmt: skip


def _start(path: str | None) -> tuple[Experiment, object]:
    """Return the settings in a file, the defaults without one, and the "space" that stands beside them there."""
    if path is None:
        return Experiment(), None
    found: object = None
    try:
        data = Path(path).read_bytes() if Path(path).stat().st_size <= MAX_BYTES else b""
        found = strict_json(without_comments(data.decode("utf-8-sig")))
    except (OSError, UnicodeDecodeError, ArtifactError):
        pass  # what is wrong with the file is said by its reader
    if isinstance(found, Mapping) and "space" in found:
        return experiment_from_json({k: v for k, v in found.items() if k != "space"}), found["space"]
    return read_config(path), None


def _request(args: argparse.Namespace, wanted: Asked, given: object) -> TuneRequest:
    """Return the search that the options describe; raises `InvalidInput`."""
    e, search = wanted.experiment, args.search or "grid"
    if search == "grid":
        options.without(args, ("candidates",), "left out beside a grid, which tries every combination")
    space = _space(e.train.model, args.searched, given)
    for name, _ in space:
        if getattr(args, name, None) not in (None, False) or name in options.set_pairs(args.set):
            raise InvalidInput("space", name, "of settings that no other option names")
    more: dict[str, Any] = {}
    for name, field in (("candidates", CANDIDATES), ("folds", FOLDS)):
        if getattr(args, name) is not None:
            more[name] = field.parse(name, getattr(args, name))
    table = None if wanted.own is None else wanted.own.dataset
    shuffle = not args.no_shuffle
    return TuneRequest(e.data, e.train, table, shuffle=shuffle, space=space, search=search, seed=e.data.seed, **more)


def _space(model: str, texts: Sequence[str], given: object) -> Space:
    """Return what is searched: as the options name it, else as the file has it, else nothing: the model's own."""
    if not texts:
        return () if given is None else space_from_json(model, given)
    known, found = tunable(model), []
    for one in texts:
        name, equals, values = one.partition("=")
        if not equals or not name:
            raise InvalidInput("--space", one, "NAME=VALUE,VALUE,...")
        if name not in known:
            raise InvalidInput(f"setting of {model}", name, "one of " + ", ".join(known))
        found.append((name, tuple(known[name].parse(name, value) for value in values.split(","))))
    return checked(model, tuple(found))


def _lines(found: Tuning, trained: Trained, metrics: Mapping[str, Metrics]) -> list[str]:
    """Return the ranking, what is best, and what the best does on all training rows and on the test rows."""
    label, folds = LABELS[found.metric], f"{found.folds} folds of the training rows"
    names = list(dict(found.candidates[0].params))
    halving = found.search == "halving"
    header = ["rank", *names, label, "±", *(["rows"] if halving else []), "fit, s"]
    rows = [_row(i, c, names, halving) for i, c in enumerate(found.candidates[:MOST_CANDIDATES], start=1)]
    more = len(found.candidates) - len(rows)
    best = ", ".join(f"{name} {spell(value)}" for name, value in found.candidates[0].params)
    return [
        f"{found.search} search: mean {label} over {folds}",
        text.table(header, rows),
        *([f"… and {more:,} more candidates: see --json"] if more else []),
        f"{len(found.candidates):,} candidates in {found.seconds:.1f} s",
        "",
        f"best: {best}",
        text.training(trained, metrics),
        "the test rows had no say in the choice",
    ]


def _row(rank: int, c: Candidate, names: Sequence[str], halving: bool) -> list[text.Cell]:
    """Return one line of the ranking; a candidate that could not be fitted has no figures."""
    params: dict[str, Value] = dict(c.params)
    rows: list[text.Cell] = [c.rows] if halving else []
    return [str(rank), *(spell(params[n]) for n in names), text.six(c.mean), text.six(c.std), *rows, c.seconds]
