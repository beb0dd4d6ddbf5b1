"""A user's own table on the command line: read from its file, decided upon, and what was decided in words."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from core.artifact import Model
from core.cli import options, text
from core.cli.progress import watched
from core.config import FEATURES, DataConfig, Experiment, TrainConfig
from core.cost import QUICK, seconds_to_fit
from core.datasets import OWN, Dataset, load
from core.datasets.own import own_dataset
from core.errors import InvalidInput, shown
from core.tables import MAX_BYTES, Column, Table, Use, propose, read, treatment, why_not
from core.tables.limits import file_field
from core.tables.names import tidy
from core.tables.table import TEXT
from core.train import Trained, train_on

# More columns than this fill a screen and say nothing; `--json` has them all.
MOST_COLUMNS = 40


def read_table(path: str, encoding: str | None) -> Table:
    """Return the table in the file at `path`, its size looked at before its contents; raises `InvalidInput`."""
    name = Path(path).name
    try:
        with Path(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_BYTES:
                allowed = f"at most {MAX_BYTES:,} bytes ({MAX_BYTES // 2**20} MB)"
                raise InvalidInput(file_field(name), f"{size} bytes", allowed)
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidInput("data", path, f"a readable CSV, TSV or Parquet file ({error.strerror})") from error
    return read(data, name, encoding)


@dataclass(frozen=True, eq=False)
class Own:
    """A user's own table, and what is learnt from it."""

    table: Table
    dataset: Dataset

    def uses(self, config: TrainConfig) -> tuple[Use, ...]:
        """Return for every column what is done with it."""
        return tuple(self._use(column, config) for column in self.table.columns)

    def _use(self, column: Column, config: TrainConfig) -> Use:
        if column.name == self.dataset.target.name:
            return Use(column.name, "target", f"predicted: {self.dataset.task}")
        if column.name in self.dataset.feature_names:
            return Use(column.name, "feature", _treatment(column, config))
        return Use(column.name, "left out", f"left out: {why_not(column) or 'not among the features'}")

    def to_json(self, config: TrainConfig) -> dict[str, Any]:
        """Return plain JSON: the file, what is learnt from it, every column and what was found while reading."""
        return {
            "label": self.dataset.label,
            "sha256": self.table.sha256,
            "bytes": self.table.bytes,
            "rows": self.table.n_rows,
            "target": self.dataset.target.name,
            "task": self.dataset.task,
            "features": list(self.dataset.feature_names),
            "columns": [asdict(use) for use in self.uses(config)],
            "notes": list(self.table.notes),
        }

    def lines(self, config: TrainConfig) -> list[str]:
        """Return the same for people, and an empty line."""
        uses, d = self.uses(config), self.dataset
        count = f"{len(d.features)} column{'s' * (len(d.features) != 1)}"
        # What was found is said by the reader, with names of columns already harmless.
        found = [
            f"{text.literal(d.label)}: {self.table.n_rows:,} rows; "
            f"{text.literal(d.target.name)} is predicted from {count}, {d.task}",
            *self.table.notes,
        ]
        names = [text.literal(use.name) for use in uses[:MOST_COLUMNS]]
        width = max(map(len, names))
        found += [f"  {name.ljust(width)}  {use.words}" for name, use in zip(names, uses, strict=False)]
        more = len(uses) - len(names)
        return [*found, *([f"… and {more:,} more columns: see --json"] if more else []), ""]


def _treatment(column: Column, config: TrainConfig) -> str:
    """Return what is done with a feature, its gaps as `config` has it."""
    if column.kind == TEXT or not column.missing:
        return treatment(column)
    filled = {"none": "refused", "median": "median filled in", "constant": f"{config.fill:g} filled in"}
    marked = " and marked in a column of its own" if config.indicator else ""
    return f"{treatment(replace(column, missing=0))}, {column.missing} missing: {filled[config.impute]}{marked}"


@dataclass(frozen=True, eq=False)
class Asked:
    """What the options ask for: the whole setting, and the user's own table where it is about one."""

    experiment: Experiment
    own: Own | None

    def train(self) -> Trained:
        """Return the model of the setting, trained; how far it is can be watched where that takes long."""
        e = self.experiment
        dataset = load(e.data.dataset) if self.own is None else self.own.dataset
        if seconds_to_fit(dataset, e.data, e.train) <= QUICK:
            return train_on(dataset, e.data, e.train)
        return watched(lambda progress: train_on(dataset, e.data, e.train, progress))

    def to_json(self) -> dict[str, Any]:
        """Return what is said about the user's own table, under "data"; nothing for a bundled one."""
        return {} if self.own is None else {"data": self.own.to_json(self.experiment.train)}

    def lines(self) -> list[str]:
        """Return the same for people."""
        return [] if self.own is None else self.own.lines(self.experiment.train)


def asked(args: argparse.Namespace, base: Experiment | None = None) -> Asked:
    """Return what the options of a command ask for, beginning with `base`, by default that of preset or file.

    Raises `InvalidInput`, naming the option, field or column.
    """
    base = options.base(args) if base is None else base
    own = _own(args, base.data)
    if own is None and args.dataset is None and base.data.dataset == OWN:
        raise InvalidInput("--data", "nothing", f"the table that the settings describe ({known(base.data)})")
    return Asked(options.experiment(args, base, None if own is None else own.dataset), own)


def known(data: DataConfig) -> str:
    """Return what a recipe says about the table that it needs."""
    return f"it predicts {shown(data.target)}, and its SHA-256 begins with {data.sha256[:12]}"


def _own(args: argparse.Namespace, before: DataConfig) -> Own | None:
    """Return the table that the options name; what they leave open is as in `before`, or as the table proposes."""
    if args.data is None:
        options.without(args, ("target", "features", "task", "encoding"), "left out without --data")
        return None
    options.without(args, ("dataset",), "left out beside --data")
    table = read_table(args.data, args.encoding)
    target, features, task = None if args.target is None else tidy(args.target), args.features, args.task
    chosen = None if features is None else tuple(map(tidy, FEATURES.parse("features", features)))
    if before.dataset == OWN and target in (None, before.target):
        target, chosen, task = before.target, chosen or before.features, task or before.task
    found = propose(table, target)
    return Own(
        table,
        own_dataset(table, found.target, task or found.task, chosen or found.features, Path(args.data).name),
    )


def table_of(args: argparse.Namespace, model: Model) -> Dataset | None:
    """Return the table of a model in a file, read from where --data says; None without --data.

    Raises `InvalidInput` when it is another one, and for a model that was not made from a user's own table.
    """
    if args.data is None:
        options.without(args, ("encoding",), "left out without --data")
        return None
    data = model.data
    if data is None or data.dataset != OWN:
        raise InvalidInput("--data", args.data, "left out beside a model that was not made from a table of your own")
    table = read_table(args.data, args.encoding)
    if table.sha256 != data.sha256:
        raise InvalidInput("--data", args.data, f"the table that the model was trained on ({known(data)})")
    return own_dataset(table, data.target, data.task, data.features, Path(args.data).name)
