"""A run on its way into the store and out of it: texts, numbers and one model file, each under a name of its own."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import numpy as np

from core import tracking
from core.artifact import SUFFIX, Model, encode
from core.comparison import Comparison
from core.config import Experiment
from core.errors import InvalidInput
from core.intervals import mean_interval, r2_interval, spread_of
from core.metrics import MAIN
from core.models import MODELS
from core.parts import plain
from core.permalink import to_query
from core.quant import Scheme
from core.runs.room import check_room
from core.runs.run import Gap, Registry, Run
from core.sizes import Size, float_size, quantized_size
from core.train import Trained

# What a run's file is called, and the figures beside it.
FILE, FIGURES = f"model{SUFFIX}", "comparison.json"
LONGEST_LABEL, LONGEST_NOTE = 60, 2000
# Letters of a setting that are kept; the file has all of it.
_LONGEST_VALUE = 500
# MLflow cuts a tag after 8,000.
_LONGEST_TAG = 8000
# Ours among MLflow's own.
_OURS = "bitdial."
LABEL, NOTE = f"{_OURS}label", f"{_OURS}note"


def save_run(
    registry: Registry,
    model: Model,
    comparison: Comparison | None = None,
    trained: Trained | None = None,
    *,
    label: str = "",
    note: str = "",
    origin: str = "",
) -> Run:
    """Keep `model` with its whole setting and every figure, and return the run.

    `comparison` adds what was measured on the pair, and `trained` the intervals of both models' main figures on its
    test rows. `origin` is the page or command. Raises `TrackingError`, and `InvalidInput` for a note that is too long.
    """
    data = encode(model)
    check_room(registry, len(data))
    e = setting_of(model)
    metric = MAIN[model.task]
    tags = {
        "label": label.strip()[:LONGEST_LABEL] or _name(model),
        "note": checked_note(note),
        "origin": origin,
        "task": model.task,
        "metric": metric,
        "method": "" if model.quantized is None else model.quantized.scheme.method,
        "bits": "" if model.quantized is None else str(model.quantized.scheme.bits),
        "data_sha256": model.data_sha256,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": str(len(data)),
        "versions": json.dumps(dict(model.versions)),
        "intervals": json.dumps({} if trained is None else _intervals(model, trained)),
        "difference": json.dumps(_difference(model)),
        "link": "" if e is None else urlencode(to_query(e)),
        "setting": "" if e is None else _short(json.dumps(e.to_json(), ensure_ascii=False)),
    }
    sizes = _sizes(model) if comparison is None else comparison.sizes
    metrics = dict(_numbers({n: m for n, m in plain(model.metrics).items() if n in model.variants}))
    for name, size in sizes.items():
        counted = {"payload": size.payload, "side": size.side, "numbers": size.numbers, "file": size.file}
        metrics |= {f"sizes.{name}.{kind}": float(count) for kind, count in counted.items()}
    metrics |= {f"difference.{k}": v for k, v in _numbers(_difference(model) or {})}
    files = {FILE: data}
    if comparison is not None:
        files[FIGURES] = json.dumps(comparison.to_json(), allow_nan=False, default=dict).encode()
    params = dict(_texts(_whole(model)))
    ours = {_OURS + k: v for k, v in tags.items()}
    return run_of(tracking.log(registry.name, tags["label"], ours, params, metrics, files))


def checked_note(text: str) -> str:
    """Return a note without blanks round it; raises `InvalidInput` for one that is too long."""
    if len(text.strip()) > LONGEST_NOTE:
        raise InvalidInput("note", text, f"at most {LONGEST_NOTE:,} letters")
    return text.strip()


def setting_of(model: Model) -> Experiment | None:
    """Return the whole setting of a model, None for one that was brought from outside."""
    if model.data is None or model.config is None:
        return None
    return Experiment(model.data, model.config, Scheme() if model.quantized is None else model.quantized.scheme)


def run_of(one: tracking.Entry) -> Run:
    """Return the run that the store has in texts and numbers."""
    tags = {name.removeprefix(_OURS): value for name, value in one.tags.items() if name.startswith(_OURS)}
    gap = json.loads(tags.get("difference", "null"))
    sizes = {n.removeprefix("sizes."): int(v) for n, v in one.metrics.items() if n.startswith("sizes.")}
    others = ("sizes.", "difference.")
    return Run(
        one.id,
        one.start,
        tags.get("label", ""),
        tags.get("note", ""),
        tags.get("origin", ""),
        tags.get("task", ""),
        one.params.get("data.dataset", ""),
        one.params.get("train.model", ""),
        tags.get("method", ""),
        int(tags.get("bits") or 0),
        tags.get("metric", ""),
        {n: v for n, v in sorted(one.metrics.items()) if not n.startswith(others)},
        {n: (low, high) for n, (low, high) in json.loads(tags.get("intervals", "{}")).items()},
        None if gap is None else Gap(**gap),
        sizes,
        dict(sorted(one.params.items())),
        tags.get("data_sha256", ""),
        tags.get("sha256", ""),
        int(tags.get("bytes") or 0),
        json.loads(tags.get("versions", "{}")),
        tags.get("link", ""),
        tags.get("setting", ""),
        one.deleted,
    )


def _name(model: Model) -> str:
    """Return what a run without a name is called."""
    name = "a model from outside" if model.config is None else MODELS[model.config.model].label
    return (name if model.quantized is None else f"{name}, {model.quantized.scheme.label}")[:LONGEST_LABEL]


def _whole(model: Model) -> dict[str, Any]:
    """Return the setting of a model as nested plain values."""
    found: dict[str, Any] = {}
    if model.data is not None and model.config is not None:
        found = {"data": model.data.to_json(), "train": model.config.to_json()}
    return found | ({} if model.quantized is None else {"scheme": model.quantized.scheme.to_json()})


def _short(text: str) -> str:
    """Return what fits into a tag, "" for what does not: half of it is of no use, and the file has it."""
    return text if len(text) <= _LONGEST_TAG else ""


def _texts(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield nested values as texts with the names that lead to them."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, f"{name}.{key}" if name else str(key))
        return
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    yield name, text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _numbers(value: object, name: str = "") -> Iterator[tuple[str, float]]:
    """Yield the nested numbers with the names that lead to them; tables and reports of single classes stay out."""
    if isinstance(value, Mapping) and not name.endswith(".report"):
        for key, inner in value.items():
            yield from _numbers(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        yield name, float(value)


def _difference(model: Model) -> dict[str, Any] | None:
    found = model.metrics.get("difference")
    if found is None:
        return None
    low, high = found["ci95"]
    return {
        "metric": found["metric"], "value": found["value"], "low": low, "high": high, "verdict": found["verdict"]
    }  # fmt: skip


def _sizes(model: Model) -> dict[str, Size]:
    """Return the bytes of each of the two models, counted as everywhere."""
    found = {}
    for name in model.variants:
        file = len(encode(model.only(name)))
        quantized = model.quantized if name == "quantized" else None
        found[name] = float_size(model.parts(name), file) if quantized is None else quantized_size(quantized, file)
    return found


def _intervals(model: Model, trained: Trained) -> dict[str, tuple[float, float]]:
    """Return the 95 % interval of each model's main figure on the test rows; none without rows."""
    X, y = trained.rows("test")
    found: dict[str, tuple[float, float]] = {}
    spread = None if model.classes or not len(y) else spread_of(y)
    for name in model.variants if len(y) else ():
        outputs = model.outputs(X, name)
        if model.classes:
            found[name] = mean_interval((outputs.argmax(axis=1) == y).astype(np.float64))
        elif spread is not None:
            found[name] = r2_interval(spread, y, outputs)
    return found
