"""How long a fit may take, known before it begins."""

from __future__ import annotations

from core.config import DataConfig, TrainConfig
from core.datasets import Dataset
from core.models import MODELS
from core.prepare.products import count

# Longer than so many seconds, and it is done by a worker: the server answers others meanwhile.
QUICK = 1.0
# Multiplications of a matrix product in a second on one core: measured.
_PER_SECOND = 1e10


def seconds_to_fit(dataset: Dataset, data: DataConfig, train: TrainConfig) -> float:
    """Return how long a fit may take at worst, in seconds: right within a factor of about three.

    n·p² + p³ for the statistics of n rows of p columns and their rank, and what the model's solver adds to them.
    """
    n = round(len(dataset.y) * (1 - data.test_size))
    numbers = sum(1 for f in dataset.features if not f.categories)
    flags = sum(len(f.categories) for f in dataset.features)
    p = count(numbers + len(train.ratios), train.degree) + flags
    work = MODELS[train.model].work(dict(train.params), n, p, max(1, len(dataset.classes)))
    return float(n * p**2 + p**3 + work) / _PER_SECOND
