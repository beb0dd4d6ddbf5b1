"""Whether arrays are a tree model: what passes here can be walked without a loop and without a step outside."""

from __future__ import annotations

import numpy as np

from core.errors import ArtifactError
from core.families.linear import n_outputs
from core.families.trees.extract import KINDS
from core.families.trees.preorder import is_proper
from core.parts import Parts

_TYPES = {
    "leaf_map": np.bool_,
    "n_nodes": np.int32,
    "feature": np.int32,
    "threshold": np.uint32,
    "table_start": np.int64,
}


def validate(parts: Parts) -> None:
    """Raise `ArtifactError` unless `parts` are whole trees, asking known features, with the leaves they need."""
    if parts.meta.get("kind") not in KINDS.values():
        raise ArtifactError("the kind of the trees is unknown to this version")
    if (parts.meta["task"] == "classification") != (len(parts.meta["classes"]) >= 2):
        raise ArtifactError(f"{len(parts.meta['classes'])} classes for {parts.meta['task']}")
    _check_arrays(parts)
    _check_trees(parts)
    _check_table(parts)
    _check_splits(parts)
    _check_leaves(parts)


def _check_arrays(parts: Parts) -> None:
    """Raise `ArtifactError` for an array that is missing, stray, or of another type or number of dimensions."""
    boosting = parts.meta["kind"] == "boosting"
    types = {**_TYPES, "table": np.float64 if boosting else np.float32}
    types |= {"baseline": np.float64} if boosting else {}
    types |= {"missing_left": np.bool_} if "missing_left" in parts.structure else {}
    if set(parts.values) != {"leaf"} or set(parts.structure) != set(types):
        raise ArtifactError("trees of this kind have a leaf and " + ", ".join(types))
    for name, kind in types.items():
        array = parts.structure[name]
        if array.dtype != np.dtype(kind) or array.ndim != 1:
            raise ArtifactError(f"{name} has the type {array.dtype} and the shape {array.shape}")
    leaf = parts.values["leaf"]
    if leaf.dtype != np.float64 or leaf.ndim != 2:
        raise ArtifactError(f"leaf has the type {leaf.dtype} and the shape {leaf.shape}")


def _check_trees(parts: Parts) -> None:
    """Raise `ArtifactError` unless the map of leaves is one whole tree after the other."""
    leaf_map, n_nodes = parts.structure["leaf_map"], parts.structure["n_nodes"]
    if not len(n_nodes) or n_nodes.min() < 1 or int(n_nodes.sum(dtype=np.int64)) != len(leaf_map):
        raise ArtifactError(f"the sizes of the trees do not add up to {len(leaf_map)} nodes")
    if len(leaf_map) >= 2**31:
        raise ArtifactError(f"{len(leaf_map)} nodes are more than this version counts")
    if not is_proper(leaf_map, n_nodes):
        raise ArtifactError("the map of leaves is not a sequence of whole trees")
    if parts.meta["kind"] == "tree" and len(n_nodes) != 1:
        raise ArtifactError(f"{len(n_nodes)} trees in a model of one tree")


def _check_table(parts: Parts) -> None:
    """Raise `ArtifactError` unless there is a sorted table of finite thresholds for each feature.

    Only a split of the missing values from all others has a threshold that is infinite.
    """
    table, start = parts.structure["table"], parts.structure["table_start"]
    if len(start) != len(parts.meta["features"]) + 1:
        raise ArtifactError(f"{len(start) - 1} tables for {len(parts.meta['features'])} features")
    if start[0] != 0 or start[-1] != len(table) or (np.diff(start) < 0).any():
        raise ArtifactError("the tables of thresholds do not follow each other")
    fine = np.isfinite(table)
    if "missing_left" in parts.structure:
        fine |= table == np.inf
    if not fine.all():
        raise ArtifactError("a threshold is not a finite number")
    rises = np.ones(len(table) + 1, dtype=bool)
    rises[1:-1] = table[1:] > table[:-1]
    rises[start] = True
    if not rises.all():
        raise ArtifactError("a table of thresholds is not sorted")


def _check_splits(parts: Parts) -> None:
    """Raise `ArtifactError` unless every split asks a feature that exists for a threshold that exists."""
    s = parts.structure
    feature, start = s["feature"], s["table_start"]
    n_splits = len(s["leaf_map"]) - int(s["leaf_map"].sum())
    for name in ("feature", "threshold", "missing_left"):
        if name in s and len(s[name]) != n_splits:
            raise ArtifactError(f"{name} holds {len(s[name])} numbers for {n_splits} splits")
    if not ((feature >= 0) & (feature < len(start) - 1)).all():
        raise ArtifactError("a split asks a feature that does not exist")
    if not (s["threshold"] < np.diff(start)[feature]).all():
        raise ArtifactError("a split has a threshold that its feature does not have")


def _check_leaves(parts: Parts) -> None:
    """Raise `ArtifactError` unless there is a finite row for every leaf, as wide as kind and classes ask for."""
    leaf, n_classes = parts.values["leaf"], len(parts.meta["classes"])
    n_leaves = int(parts.structure["leaf_map"].sum())
    width = 1
    if parts.meta["kind"] == "boosting":
        baseline, n_trees = parts.structure["baseline"], len(parts.structure["n_nodes"])
        rows = n_outputs(parts.meta["task"], n_classes)
        if len(baseline) != rows or n_trees % rows or not np.isfinite(baseline).all():
            raise ArtifactError(f"{len(baseline)} starting values and {n_trees} trees for {rows} sums")
    elif parts.meta["task"] == "classification":
        width = n_classes
    if leaf.shape != (n_leaves, width):
        raise ArtifactError(f"leaf has the shape {leaf.shape}, not {(n_leaves, width)}")
    if not np.isfinite(leaf).all():
        raise ArtifactError("a leaf is not a finite number")
