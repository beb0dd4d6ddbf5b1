"""Header and arrays to `Model`: first checked, then built; every fault is one `ArtifactError`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from core import families
from core.artifact.codec import canonical, header_of
from core.artifact.held_back import HELD_BACK, held_back_of
from core.artifact.layers import read_layers
from core.artifact.model import N_PROBES, VARIANTS, Model
from core.artifact.raw import LONGEST_WORDS, check_letters, features_of, preparation_of, target_of
from core.artifact.strict import check_arrays, parse, strict_json
from core.artifact.trees import read_trees
from core.config import DataConfig, Experiment, TrainConfig, data_from_json, train_from_json
from core.datasets import OWN
from core.errors import ArtifactError, InvalidInput
from core.families.linear import n_outputs
from core.metrics import SCALARS
from core.models import MODELS
from core.moments import Moments
from core.parts import Array, Parts
from core.quant import METHODS, Quantized, scheme_from_json, unpack
from core.quant.quantize import block_groups, exact_names

_KEYS = {
    "classes", "codes", "data", "family", "features", "format", "label", "metrics", "moments", "preparation", "probe",
    "requested_method", "scheme", "sha256", "target", "task", "train", "versions",
}  # fmt: skip
_SINGLE = {name for names in SCALARS.values() for name in names}

# More than any table here has; it keeps what a small file can unfold to within bounds.
_MOST_CLASSES = 100

__all__ = ["decode", "parse", "strict_json"]


def decode(data: bytes) -> Model:
    """Return the model in `data`; raises `ArtifactError` for a foreign, cut, altered or inconsistent file."""
    header, arrays = parse(data)
    try:
        # Numbers that overflow on the way fail the probe; they need no warning besides.
        with np.errstate(all="ignore"):
            model = _build(header, dict(arrays))
            _check_probe(model, header["probe"])
            _check_header(model, header)
    except ArtifactError:
        raise
    except InvalidInput as error:
        raise ArtifactError(f"the file does not fit this version: {error}") from error
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ArtifactError("the header lacks a field or has one of the wrong kind") from error
    return model


def _build(header: Mapping[str, Any], arrays: dict[str, Array]) -> Model:
    if set(header) - {HELD_BACK} != _KEYS | ({"trees", "mlp"} & {str(header.get("family"))}):
        raise ArtifactError("the header does not have the fields of this format")
    check_arrays(arrays)
    data, sha256, config = _read_recipe(header)
    sketch = _take(arrays, "sketch", "f8")
    features = features_of(header["features"], sketch)
    mean = _take(arrays, "preparation.mean", "f8")
    scale = _take(arrays, "preparation.scale", "f8", mean.shape)
    preparation = preparation_of(header["preparation"], mean, scale, features, config)
    task, target = _task(header, config), target_of(header["target"])
    held = (preparation.features, target.name, task)
    if data is not None and data.dataset == OWN and (data.features, data.target, data.task) != held:
        raise ArtifactError("the columns of the recipe are not those of the file")
    classes = _classes(header["classes"], task)
    check_letters(preparation, classes)
    meta = {"task": task, "features": list(preparation.columns), "classes": classes}
    if header["family"] == "trees":
        original, quantized = read_trees(header, arrays, meta)
    elif header["family"] == "mlp":
        original, quantized = read_layers(header, arrays, meta, _take, _tables)
    else:
        original = _original(header, arrays, meta)
        quantized = None if header["scheme"] is None else _quantized(header, arrays, meta)
    if original is None and quantized is None:
        raise ArtifactError("the file holds neither an original nor a quantised model")
    moments = None if header["moments"] is None else _moments(header["moments"], arrays, len(meta["features"]))
    held_back = held_back_of(header[HELD_BACK], arrays, classes, _take) if HELD_BACK in header else None
    if arrays:
        raise ArtifactError("the file holds arrays that nothing refers to")
    return Model(
        data,
        config,
        sha256,
        features,
        target,
        task,
        sketch,
        preparation,
        original,
        quantized,
        moments,
        _metrics(header["metrics"]),
        {str(name): str(found) for name, found in header["versions"].items()},
        str(header["label"]),
        held_back,
    )


def _read_recipe(header: Mapping[str, Any]) -> tuple[DataConfig | None, str, TrainConfig | None]:
    """Return data, checksum of the data and training, or nothing for a model that was brought from outside."""
    if header["data"] is None and header["train"] is None:
        return None, "", None
    data = dict(header["data"])
    # An own table is known by its checksum: there it belongs to the recipe.
    sha256 = str(data["sha256"] if data.get("dataset") == OWN else data.pop("sha256"))
    recipe = Experiment(data_from_json(data), train_from_json(header["train"]))
    return recipe.data, sha256, recipe.train


def _task(header: Mapping[str, Any], config: TrainConfig | None) -> str:
    family, task = str(header["family"]), str(header["task"])
    if config is not None and (family, task) != (MODELS[config.model].family, MODELS[config.model].task):
        raise ArtifactError(f"the file's family and task are not those of the model {config.model}")
    if family not in families.FAMILIES or task not in SCALARS:
        raise ArtifactError("the file's family or task is unknown to this version")
    return task


def _classes(listed: Any, task: str) -> list[str]:
    fits = isinstance(listed, list) and all(isinstance(c, str) and len(c) <= LONGEST_WORDS for c in listed)
    allowed = (0, 0) if task == "regression" else (2, _MOST_CLASSES)
    if not fits or not allowed[0] <= len(set(listed)) == len(listed) <= allowed[1]:
        raise ArtifactError("the classes are not those of such a model")
    return list(listed)


def _metrics(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the metrics after a look at those of the models: numbers, or null where there is none."""
    for variant in found.keys() & set(VARIANTS):
        for measured in found[variant].values():
            for name in measured.keys() & _SINGLE:
                value = measured[name]
                if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                    raise ArtifactError(f"a metric of the {variant} model is not a number")
    return found


def _take(arrays: dict[str, Array], name: str, dtype: str, shape: tuple[int, ...] | None = None) -> Array:
    array = arrays.pop(name, None)
    if array is None or array.dtype != np.dtype(dtype) or (shape is not None and array.shape != shape):
        raise ArtifactError(f"the array {name} is missing or has the wrong kind or shape")
    return array


def _original(header: Mapping[str, Any], arrays: dict[str, Array], meta: Mapping[str, Any]) -> Parts | None:
    names = [name for name in arrays if name.startswith("original.")]
    if not names:
        return None
    values = {name.removeprefix("original."): _take(arrays, name, "f8") for name in names}
    parts = Parts(header["family"], values, {}, meta)
    families.FAMILIES[parts.family].validate(parts)
    return parts


def _quantized(header: Mapping[str, Any], arrays: dict[str, Array], meta: Mapping[str, Any]) -> Quantized:
    scheme = scheme_from_json(header["scheme"])
    if scheme.method not in METHODS:
        raise ArtifactError("the file's scheme names no method")
    n_columns, rows = len(meta["features"]), n_outputs(meta["task"], len(meta["classes"]))
    zeros = {"coef": np.zeros((rows, n_columns)), "intercept": np.zeros(rows)}
    groups = block_groups(Parts(header["family"], zeros, {}, meta), scheme)
    if header["codes"] != {block: ids.size for block, ids in groups.items()}:
        raise ArtifactError("the number of codes does not fit the model")
    codes, tables = {}, {}
    for block, ids in groups.items():
        codes[block] = unpack(arrays.pop(f"codes.{block}", np.zeros(0)), scheme.bits, ids.size)
        tables[block] = _tables(arrays, block, scheme.method, scheme.bits, ids)
        limit = METHODS[scheme.method].top_code(scheme.bits)
        if "codebook" in tables[block]:
            limit = tables[block]["codebook"].shape[1] - 1
        if codes[block].size and int(codes[block].max()) > limit:
            raise ArtifactError(f"a code is above {limit}")
    shapes = {"intercept": (rows,)}
    exact = {n: _take(arrays, f"exact.{n}", "f4", shapes.get(n, (n_columns,))) for n in exact_names(scheme)}
    if "feature_scale" in exact and (exact["feature_scale"] <= 0).any():
        raise ArtifactError("a feature's scale is not above zero")
    requested = str(header["requested_method"])
    return Quantized(scheme, requested, header["family"], (rows, n_columns), codes, groups, tables, exact, meta)


def _tables(arrays: dict[str, Array], block: str, method: str, bits: int, groups: Array) -> dict[str, Array]:
    kinds, prefix = METHODS[method].tables, f"table.{block}."
    sizes = np.unique(groups, return_counts=True)[1]
    types = {"float32": "f4", "code": "u1" if bits <= 8 else "u2", "row": "f4"}
    found = {}
    for name in [n.removeprefix(prefix) for n in arrays if n.startswith(prefix)]:
        if name not in kinds:
            raise ArtifactError(f"the method {method} has no table {name[:40]}")
        shape = (len(sizes), min(2**bits, int(sizes.max()))) if kinds[name] == "row" else (len(sizes),)
        found[name] = _take(arrays, prefix + name, types[kinds[name]], shape)
    _check_tables(found, kinds, bits)
    return found


def _check_tables(found: Mapping[str, Array], kinds: Mapping[str, str], bits: int) -> None:
    if "codebook" in kinds:
        if "codebook" not in found or (np.diff(found["codebook"], axis=1) < 0).any():
            raise ArtifactError("the table of values is missing or not in order")
        return
    second: Callable[[str], bool] = found.__contains__
    if "scale" not in found or (len(kinds) > 1 and second("zero_point") == second("offset")):
        raise ArtifactError("a table of the codes is missing")
    if (found["scale"] <= 0).any() or int(found.get("zero_point", np.zeros(1)).max()) >= 2**bits:
        raise ArtifactError("a table of the codes is out of range")


def _moments(header: Mapping[str, Any], arrays: dict[str, Array], p: int) -> Moments:
    mean = _take(arrays, "moments.mean", "f8", (p,))
    gram = _take(arrays, "moments.gram", "f8", (p, p))
    cross = _take(arrays, "moments.cross", "f8", (p,))
    diagonal = np.diag(gram)
    # No covariance exceeds the product of the deviations (Cauchy-Schwarz), rounding aside.
    bound = np.sqrt(np.abs(np.outer(diagonal, diagonal))) * (1 + 1e-9) + 1e-300
    impossible = (np.abs(gram) > bound).any() or (np.abs(gram - gram.T) > 1e-9 * bound).any()
    if impossible or (diagonal < 0).any() or int(header["n"]) < 1 or not float(header["y_var"]) >= 0:
        raise ArtifactError("the training statistics are impossible")
    return Moments(int(header["n"]), mean, gram, cross, float(header["y_mean"]), float(header["y_var"]))


def _check_probe(model: Model, probe: Mapping[str, Any]) -> None:
    """Raise `ArtifactError` unless the stored rows give the stored predictions, to nine digits."""
    rows = np.asarray(probe["rows"], dtype=np.float64)
    if set(probe) != {"rows", *model.variants} or rows.shape != (N_PROBES, len(model.features)):
        raise ArtifactError("the file's probe rows are missing or of the wrong kind")
    for variant in model.variants:
        stored = np.asarray(probe[variant], dtype=np.float64)
        got = model.outputs(rows, variant)
        near = 1e-9 * max(1.0, float(np.abs(stored).max(initial=0)))
        if stored.shape != got.shape or not np.allclose(got, stored, rtol=1e-9, atol=near):
            raise ArtifactError("the model does not give the predictions that the file promises")


def _check_header(model: Model, header: Mapping[str, Any]) -> None:
    """Raise `ArtifactError` when the header says anything that the model, written again, would not say.

    The probe is left out: its last digits may differ from one machine to another.
    """
    again = header_of(model)
    left_out = {"probe", "sha256"}
    named = (_KEYS | ({HELD_BACK} & set(header))) - left_out
    if any(canonical({n: header[n]}) != canonical({n: again[n]}) for n in named):
        raise ArtifactError("the header does not describe what the file holds")
