"""`Model`: what one file holds: a model, its quantised twin, or both, and all that answering a raw row needs."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from core import families
from core.config import DataConfig, TrainConfig
from core.datasets import Feature, Target
from core.errors import InvalidInput
from core.moments import Moments
from core.parts import Array, Floats, Parts, frozen, read_only
from core.prepare import Preparation
from core.quant import Quantized, dequantize
from core.rows import Cell
from core.train import Trained
from core.version import VERSION

VARIANTS = ("original", "quantized")
N_PROBES = 5
# So many values of the model's columns are computed at a time, 32 MB: a row may have thousands of columns.
BLOCK = 4_000_000


@dataclass(frozen=True, eq=False)
class HeldBack:
    """What the models said of the test rows, `rows` in number, when the file was made; what a later batch is held to.

    `predictions` of the original are 21 quantiles, or the share of the rows given to each class. `gap` is the mean
    absolute difference of the twin's predictions from these, or the share of rows that it gives to another class, and
    `gap_deviation` its standard deviation from row to row; None where there is no twin.
    """

    rows: int
    predictions: Floats
    gap: float | None = None
    gap_deviation: float | None = None

    def __post_init__(self) -> None:
        """Freeze the array."""
        object.__setattr__(self, "predictions", frozen(self.predictions))


@dataclass(frozen=True, eq=False)
class Model:
    """A float model (`original`), its quantised twin (`quantized`), or both.

    `features` carry the ranges seen in training; `sketch` (n_features, 21) their quantiles, of a text those of the
    numbers of its categories, whose shares `preparation` has. `moments` are
    present when the file can be quantised anew with training statistics. `metrics` is JSON, measured when
    the file was made. `data` and `config` are the recipe; a model that was brought from outside has none. `held_back`
    is left out by files of one model, by old ones, and where there are no test rows.
    """

    data: DataConfig | None
    config: TrainConfig | None
    data_sha256: str
    features: tuple[Feature, ...]
    target: Target
    task: str
    sketch: Floats
    preparation: Preparation
    original: Parts | None
    quantized: Quantized | None
    moments: Moments | None
    metrics: Mapping[str, Any]
    versions: Mapping[str, str]
    label: str = ""
    held_back: HeldBack | None = None

    def __post_init__(self) -> None:
        """Freeze what is mutable."""
        object.__setattr__(self, "sketch", frozen(self.sketch))
        for name in ("metrics", "versions"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    @property
    def variants(self) -> tuple[str, ...]:
        """Which of the two models this file holds."""
        return tuple(name for name in VARIANTS if getattr(self, name) is not None)

    @cached_property
    def decoded(self) -> Parts | None:
        """The quantised twin as plain parts, or None."""
        return None if self.quantized is None else dequantize(self.quantized)

    def parts(self, variant: str) -> Parts:
        """Return the parts of one variant; raises `InvalidInput` for one that the file does not hold."""
        found = {"original": self.original, "quantized": self.decoded}.get(variant)
        if found is None:
            raise InvalidInput("variant", variant, "one of " + ", ".join(self.variants))
        return found

    def predict(self, rows: Floats, variant: str = "") -> Array:
        """Return predictions (n_rows,), values in the target's unit or names of classes, for raw `rows`.

        Without `variant` the quantised model answers where there is one. A row may have NaN for a text and, where
        the preparation fills gaps, for a number; a text stands as the number of its category, or as -1 when it is
        none of them.
        """
        wanted = f"an array of {len(self.features)} columns of finite numbers"
        try:
            rows = np.asarray(rows, dtype=np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise InvalidInput("rows", rows, wanted) from error
        if rows.ndim != 2 or rows.shape[1] != len(self.features):
            raise InvalidInput("rows", f"shape {rows.shape}", wanted)
        if (np.isinf(rows) | (np.isnan(rows) & ~np.array(self.preparation.may_miss))).any():
            raise InvalidInput("rows", "NaN or infinity", wanted)
        self.preparation.check_codes(rows)
        found = self.outputs(rows, variant or self.variants[-1])
        return found if self.task == "regression" else np.array(self.classes)[found.argmax(axis=1)]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """How the cells of each feature are read from a file of rows."""
        texts = {text.feature for text in self.preparation.texts}
        gaps = bool(self.preparation.fills)
        return tuple(
            Cell(codes) if i in texts else Cell(flag=feature.flag, gaps=gaps)
            for i, (feature, codes) in enumerate(zip(self.features, self.preparation.codes, strict=True))
        )

    def outputs(self, rows: Floats, variant: str) -> Floats:
        """Return values (n_rows,), or class probabilities (n_rows, n_classes), for checked raw `rows`."""
        parts, step = self.parts(variant), max(1, BLOCK // self.preparation.n_columns)
        starts = range(0, max(len(rows), 1), step)
        return np.concatenate([families.outputs(parts, self.preparation.expand(rows[i : i + step])) for i in starts])

    def estimator(self, variant: str = "") -> Any:
        """Return trees as a fitted scikit-learn estimator, checked to answer as they do, see `families.trees.rebuild`.

        It takes the prepared columns, `preparation.expand(rows)`. Without `variant` the quantised model is rebuilt
        where there is one. Raises `InvalidInput` for other families, whose numbers are few enough to be read from
        `parts`.
        """
        found = self.parts(variant or self.variants[-1])
        if found.family != "trees":
            raise InvalidInput("model", found.family, "trees: others are weighted sums, and `parts` has their weights")
        return families.trees.rebuild(found)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, empty for regression."""
        return tuple((self.original or self.parts("quantized")).meta["classes"])

    def only(self, *variants: str) -> Model:
        """Return this model with nothing but `variants`, without training statistics: what is deployed."""
        dropped = {name: None for name in VARIANTS if name not in variants}
        return replace(self, moments=None, held_back=None, **dropped)  # type: ignore[arg-type]

    def save(self, path: str | Path) -> Path:
        """Write this model to `path` in one step and return the path."""
        from core.artifact import save

        return save(self, path)


@cache
def library_versions() -> Mapping[str, str]:
    """Return the versions of Bitdial, Python and the libraries that made the numbers; looked up once."""
    libraries = {name: version(name) for name in ("numpy", "scikit-learn", "safetensors")}
    found: Mapping[str, str] = read_only({"bitdial": VERSION, "python": platform.python_version(), **libraries})
    return found


def from_trained(
    trained: Trained,
    quantized: Quantized | None = None,
    metrics: Mapping[str, Any] | None = None,
    label: str = "",
    held_back: HeldBack | None = None,
) -> Model:
    """Return the file contents for a trained model and its quantised twin."""
    dataset, sketch = trained.dataset, trained.sketch
    features = tuple(
        replace(f, low=float(q[0]), high=float(q[-1])) for f, q in zip(dataset.features, sketch, strict=True)
    )
    return Model(
        trained.data,
        trained.config,
        dataset.sha256,
        features,
        dataset.target,
        dataset.task,
        sketch,
        trained.preparation,
        trained.parts,
        quantized,
        trained.moments,
        metrics or {},
        library_versions(),
        label,
        held_back,
    )


def probe_rows(sketch: Floats, preparation: Preparation) -> Floats:
    """Return five synthetic raw rows, drawn evenly between the 5 % and 95 % quantiles: nobody's data.

    Texts are drawn evenly among those seen in training; what may be missing is missing in one of the rows.
    """
    low, high = sketch[:, 1], sketch[:, -2]
    draws = np.random.default_rng(N_PROBES).random((N_PROBES, len(sketch)))
    rows = np.asarray(low + draws * (high - low))
    for text in preparation.texts:
        seen = np.array(text.seen or (-1,), dtype=np.float64)
        rows[:, text.feature] = seen[(draws[:, text.feature] * len(seen)).astype(np.intp)]
    for i in np.flatnonzero(preparation.may_miss):
        rows[i % N_PROBES, i] = np.nan
    return rows
