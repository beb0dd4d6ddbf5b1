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
from core.train import Trained
from core.version import VERSION

VARIANTS = ("original", "quantized")
N_PROBES = 5


@dataclass(frozen=True, eq=False)
class Model:
    """A float model (`original`), its quantised twin (`quantized`), or both.

    `features` carry the ranges seen in training; `sketch` (n_features, 21) their quantiles. `moments` are
    present when the file can be quantised anew with training statistics. `metrics` is JSON, measured when
    the file was made. `data` and `config` are the recipe; a model that was brought from outside has none.
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

        Without `variant` the quantised model answers where there is one.
        """
        wanted = f"an array of {len(self.features)} columns of finite numbers"
        try:
            rows = np.asarray(rows, dtype=np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise InvalidInput("rows", rows, wanted) from error
        if rows.ndim != 2 or rows.shape[1] != len(self.features):
            raise InvalidInput("rows", f"shape {rows.shape}", wanted)
        if not np.isfinite(rows).all():
            raise InvalidInput("rows", "NaN or infinity", wanted)
        found = families.predict(self.parts(variant or self.variants[-1]), self.preparation.expand(rows))
        if self.task == "regression":
            return found
        return np.array(self.classes)[found.astype(np.intp)]

    def outputs(self, rows: Floats, variant: str) -> Floats:
        """Return values (n_rows,), or class probabilities (n_rows, n_classes), for checked raw `rows`."""
        return families.outputs(self.parts(variant), self.preparation.expand(rows))

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, empty for regression."""
        return tuple((self.original or self.parts("quantized")).meta["classes"])

    def only(self, *variants: str) -> Model:
        """Return this model with nothing but `variants`, without training statistics: what is deployed."""
        dropped = {name: None for name in VARIANTS if name not in variants}
        return replace(self, moments=None, **dropped)  # type: ignore[arg-type]

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
    )


def probe_rows(sketch: Floats) -> Floats:
    """Return five synthetic raw rows, drawn evenly between the 5 % and 95 % quantiles: nobody's data."""
    low, high = sketch[:, 1], sketch[:, -2]
    draws = np.random.default_rng(N_PROBES).random((N_PROBES, len(sketch)))
    return np.asarray(low + draws * (high - low))
