"""A challenger: the champion's recipe on its own rows and a batch that came later, for rows that neither has seen."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core import logs
from core.artifact import Model, encode, loads
from core.config import own_data
from core.datasets import OWN, Dataset, load, split
from core.drift import Batch
from core.drift.simulate import HELD_BACK, REPEATED
from core.errors import InvalidInput
from core.evaluate import compare, model_file
from core.parts import Floats, frozen, rebuild
from core.progress import Progress, silent
from core.quant import Scheme
from core.train import train_on

Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Challenger:
    """The `file` of a model trained anew and quantised, and the raw `rows` (n, n_features) with `targets` for its gate.

    Neither the champion nor the challenger was trained on them. `left_out` rows of the batch had gaps that the recipe
    does not fill.
    """

    file: bytes
    rows: Floats
    targets: Floats
    left_out: int

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("rows", "targets"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        """Return how a copy is made in another process."""
        return rebuild(self)

    @cached_property
    def model(self) -> Model:
        """The challenger, from its file."""
        return loads(self.file)


def retrain(champion: Model, batch: Batch, table: Dataset | None = None, progress: Progress = silent) -> Challenger:
    """Return the challenger of `champion`, trained by the same recipe on its table and on `batch`.

    The table and the batch are joined and split anew, by the champion's share and seed. What is held back for the gate
    are the test rows of that split, without those that the champion was trained on and, for a simulated batch, without
    the rows that it was made of. `table` holds the rows of a user's
    own table. Raises `InvalidInput` when the champion has no recipe, the table is another one, or the batch has no
    targets.
    """
    if champion.data is None or champion.config is None:
        raise InvalidInput("model", "from outside", "a model that was trained here, so that its recipe is known")
    reference = table if table is not None else load(champion.data.dataset)
    if reference.sha256 != champion.data_sha256:
        raise InvalidInput("data", reference.label, f"the table whose SHA-256 begins with {champion.data_sha256[:12]}")
    whole, left_out = joined(champion, reference, batch)
    data = own_data(whole, champion.data.test_size, champion.data.seed)
    trained = train_on(whole, data, champion.config, progress)
    scheme = Scheme() if champion.quantized is None else champion.quantized.scheme
    learnt, tested = split(whole, data.test_size, data.seed)
    held_back = np.setdiff1d(tested, split(reference, champion.data.test_size, champion.data.seed)[0])
    if batch.source in (HELD_BACK, REPEATED):
        held_back = held_back[~_altered(whole, held_back, learnt[learnt >= len(reference.y)])]
    logs.event("retrained", model=champion.config.model, rows=trained.report.n_train, batch=len(batch) - left_out,
               held_back=len(held_back))  # fmt: skip
    file = encode(model_file(trained, compare(trained, scheme), f"{scheme.label}, retrained"))
    return Challenger(file, whole.X[held_back], whole.y[held_back], left_out)


def _altered(whole: Dataset, rows: Indices, learnt: Indices) -> NDArray[np.bool_]:
    """Return which of the `rows` also stand among the `learnt` ones with another value in one feature at most.

    A simulated batch is made of held-back rows, and what it is made of cannot judge who has learnt from it. Rows are
    compared by sums of their cells' hashes, from which one cell can be taken out.
    """
    weights = np.random.default_rng(0).integers(1, 2**63, whole.X.shape[1] + 1, dtype=np.uint64) | np.uint64(1)
    cells = np.column_stack([whole.X, whole.y]).view(np.uint64)
    mine, theirs = (np.multiply(cells[index] ^ (cells[index] >> np.uint64(32)), weights) for index in (rows, learnt))
    totals = mine.sum(axis=1), theirs.sum(axis=1)
    found = np.zeros(len(rows), dtype=bool)
    for i in range(whole.X.shape[1]):
        found |= np.isin(totals[0] - mine[:, i], totals[1] - theirs[:, i])
    return found


def from_file(champion: bytes, batch: Batch, table: Dataset | None, progress: Progress = silent) -> Challenger:
    """Return the challenger of the champion in a file, see `retrain`: what a worker does, which is sent no model."""
    return retrain(loads(champion), batch, table, progress)


def joined(champion: Model, reference: Dataset, batch: Batch) -> tuple[Dataset, int]:
    """Return the champion's table with the rows of the batch behind it, and how many of these had to be left out.

    A text that the champion does not know is a missing one. Raises `InvalidInput` for a batch without targets.
    """
    if batch.y is None:
        raise InvalidInput("batch", "no targets", f"a batch with the column {champion.target.name}, to learn from")
    X, y = np.array(batch.X), np.array(batch.y)
    texts = [text.feature for text in champion.preparation.texts]
    X[:, texts] = np.where(X[:, texts] < 0, np.nan, X[:, texts])
    whole = ~(np.isnan(X) & ~np.array(champion.preparation.may_miss)).any(axis=1)
    if not whole.any():
        raise InvalidInput("batch", "gaps in every row", "rows without gaps, which the model's recipe does not fill")
    rows, targets = np.concatenate([reference.X, X[whole]]), np.concatenate([reference.y, y[whole]])
    label = f"{reference.label} and {int(whole.sum()):,} later rows"
    found = replace(reference, name=OWN, label=label, X=rows, y=targets, places=(), source="a file of your own")
    return replace(found, sha256=hashlib.sha256(table_bytes(found)).hexdigest()), int((~whole).sum())


def table_bytes(dataset: Dataset) -> bytes:
    """Return a table as CSV, its target last: what is opened to use a retrained model's recipe again."""
    categories = dataset.categories or ((),) * len(dataset.features)
    columns = [_cells(dataset.X[:, i], names, dataset.features[i].flag) for i, names in enumerate(categories)]
    columns.append(_cells(dataset.y, dataset.classes, False))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*dataset.feature_names, dataset.target.name])
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue().encode()


def _cells(values: Floats, names: tuple[str, ...], flag: bool) -> list[str]:
    """Return the cells of a column, an empty one where a value is missing; a float is written so that it comes back."""
    if names:
        return ["" if np.isnan(v) else names[int(v)] for v in values.tolist()]
    if flag:
        return ["" if np.isnan(v) else "true" if v else "false" for v in values.tolist()]
    return ["" if np.isnan(v) else repr(v) for v in values.tolist()]
