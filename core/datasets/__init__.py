"""`DATASETS`: the bundled tables, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.datasets import california, toy
from core.datasets.table import OWN, Dataset, Feature, Place, Target, split
from core.errors import InvalidInput


@dataclass(frozen=True)
class Source:
    """How to get one table, and what a menu says of it."""

    label: str
    task: str
    summary: str
    load: Callable[[], Dataset]


DATASETS: dict[str, Source] = {
    "california_housing": Source(
        "California Housing",
        "regression",
        "20,640 block groups of the 1990 US census; the target is the median house value.",
        california.load,
    ),
    "diabetes": Source(
        "Diabetes",
        "regression",
        "442 patients; the target is a measure of how the disease progressed in a year.",
        toy.diabetes,
    ),
    "digits": Source(
        "Digits",
        "classification",
        "1,797 handwritten digits as pictures of 8 × 8 pixels.",
        toy.digits,
    ),
    "wine": Source("Wine", "classification", "178 wines of three cultivars, by chemical analysis.", toy.wine),
    "breast_cancer": Source(
        "Breast cancer",
        "classification",
        "569 tumours, benign or malignant, by measures of cell nuclei.",
        toy.breast_cancer,
    ),
}


def load(name: str) -> Dataset:
    """Return the bundled table `name`; raises `InvalidInput` for a name that is not in `DATASETS`."""
    if name not in DATASETS:
        raise InvalidInput("dataset", name, "one of " + ", ".join(DATASETS))
    return DATASETS[name].load()


__all__ = ["DATASETS", "OWN", "Dataset", "Feature", "Place", "Source", "Target", "load", "split"]
