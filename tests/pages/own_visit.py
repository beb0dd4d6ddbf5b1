"""A visit that shows results on an example table, as if it had been uploaded."""

from __future__ import annotations

from functools import cache

from core.config import Experiment, own_data, starting
from core.datasets import Dataset
from core.datasets.own import own_dataset
from core.quant import Scheme
from core.settings import ROOT
from core.tables import Table, propose, read
from core.train import Trained, train_on
from pages._shared import OwnTable
from tests.pages.visit import Visit


@cache
def example(name: str) -> tuple[Table, Dataset]:
    """Return an example table, and what is proposed to be learnt from it."""
    table = read((ROOT / "examples" / f"{name}.csv").read_bytes(), f"{name}.csv")
    found = propose(table)
    return table, own_dataset(table, found.target, found.task, found.features, f"{name}.csv")


@cache
def model(name: str) -> Trained:
    """Return the model that the visit below shows."""
    data = example(name)[1]
    return train_on(data, own_data(data), starting(data))


def put(visit: Visit, table: Table, data: Dataset, bits: int = 8) -> Visit:
    """Open a table in the visit, and show the model that starts on it."""
    state = visit.at.session_state
    state.own_table = OwnTable(table, data.label, data.target.name, data.task, data.feature_names)
    state.experiment = Experiment(own_data(data), starting(data), Scheme("symmetric", bits))
    return visit.run()


def opened(name: str, page: str = "predict", bits: int = 8) -> Visit:
    """Return a visit to a page that shows the model of an example table."""
    return put(Visit(), *example(name), bits).go(page)
