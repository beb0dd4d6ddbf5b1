"""Tree models in bytes: joblib, joblib with xz, slim-trees where it is installed, and packed exactly, in 8 and 4 bits.

`make bench`, or run this file from the root to print the table alone. Every model is trained on the rows of seed 42
and scored on the test rows, from what came back out of the packed bytes. Bytes of packed models are those of all arrays and
of the header as JSON; the file round them is left out, as it is for all. Loading times of ours include every check
of the packed bytes and of the family, and the right children, which are not stored; both sides are measured in turn.
"""

from __future__ import annotations

import importlib
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeRegressor

from core import families
from core.datasets import load, split
from core.families.trees.preorder import right_children
from core.packed import Packed, pack_codes, pack_structure, pack_values, unpack_codes, unpack_structure, unpack_values
from core.parts import Floats, Parts, plain
from core.quant import METHODS
from tests.bench.turns import in_turn

CODED_BITS = (8, 4)
MODELS: dict[str, Callable[[], Any]] = {
    "decision tree, California": lambda: DecisionTreeRegressor(random_state=42),
    "forest of 100, California": lambda: RandomForestRegressor(100, random_state=42),
    "boosting, California": lambda: HistGradientBoostingRegressor(random_state=42),
    "forest of 100, digits": lambda: RandomForestClassifier(100, random_state=42),
}


@dataclass(frozen=True, eq=False)
class Case:
    """A fitted estimator, its parts, and its test rows."""

    estimator: Any
    parts: Parts
    X: Floats
    y: Floats


@dataclass(frozen=True)
class Row:
    """One line of the table; a missing figure is None."""

    model: str
    way: str
    size: int | None
    score: float | None
    seconds: float | None = None


@cache
def case(name: str) -> Case:
    """Return the model `name`, trained once."""
    if "digits" in name:
        X, y = load_digits(return_X_y=True)
        rows, X_test, targets, y_test = train_test_split(X, y, test_size=0.25, random_state=42)
    else:
        data = load("california_housing")
        train, test = split(data, 0.2, 42)
        rows, X_test, targets, y_test = data.X[train], data.X[test], data.y[train], data.y[test]
    estimator = MODELS[name]().fit(rows, targets)
    return Case(estimator, families.extract(estimator), X_test, y_test)


def score(c: Case, predicted: Floats) -> float:
    """Return accuracy for classes, R² for values."""
    measure = accuracy_score if c.parts.meta["task"] == "classification" else r2_score
    return float(measure(c.y, predicted))


def dumped(estimator: Any, compress: Any) -> bytes:
    """Return what joblib writes."""
    target = io.BytesIO()
    joblib.dump(estimator, target, compress=compress)
    return target.getvalue()


def slim(c: Case) -> tuple[int | None, float | None]:
    """Return bytes and score of slim-trees with lzma, which rounds leaves to float32; nothing where it is missing."""
    try:
        package = importlib.import_module("slim_trees")
    except ImportError:
        return None, None
    written = package.dumps_sklearn_compressed(c.estimator, "lzma")
    return len(written), score(c, package.loads_compressed(written, "lzma").predict(c.X))


def bytes_of(*packed: Packed) -> int:
    """Return the bytes of arrays and headers."""
    return sum(p.size + len(json.dumps(plain(p.header), separators=(",", ":"))) for p in packed)


def exact(c: Case) -> tuple[Packed, Packed]:
    """Return the model packed without loss."""
    return pack_structure(c.parts.structure), pack_values(c.parts.values["leaf"])


def reopened(c: Case, structure: Packed, leaf: Callable[[int], Floats]) -> Parts:
    """Return the model, checked, with its right children known; `leaf` makes the leaves, given their number."""
    arrays = unpack_structure(structure, len(c.parts.meta["features"]))
    values = {"leaf": leaf(int(np.count_nonzero(arrays["leaf_map"])))}
    parts = Parts("trees", values, arrays, c.parts.meta)
    families.trees.validate(parts)
    right_children(parts.structure["leaf_map"], parts.structure["n_nodes"])
    return parts


def open_exact(c: Case, structure: Packed, values: Packed) -> Parts:
    """Return the model out of its exact bytes."""
    return reopened(c, structure, lambda n: unpack_values(values, (n, c.parts.values["leaf"].shape[1])))


def in_codes(c: Case, bits: int) -> Packed:
    """Return the leaves in codes of the asymmetric grid: one scale for a forest, one a tree for boosting."""
    leaf = c.parts.values["leaf"].reshape(-1)
    ids = groups(c)
    codes, tables = METHODS["asymmetric"].encode(leaf, ids, bits, ())
    first = np.unique(ids, return_index=True)[1]
    stored = {
        "scale": tables["scale"][first].astype(np.float32),
        "zero_point": tables["zero_point"][first].astype(np.uint8),
    }
    return pack_codes(codes.astype(np.uint16), bits, c.parts.values["leaf"].shape, stored)


def groups(c: Case) -> Any:
    """Return which leaves share a scale."""
    shared = "row" if c.parts.meta["kind"] == "boosting" else "tensor"
    return families.groups(c.parts, "leaf", shared).reshape(-1)


def open_coded(c: Case, structure: Packed, codes: Packed, bits: int) -> Parts:
    """Return the model out of its structure and the codes of its leaves."""
    n_groups = int(groups(c).max()) + 1

    def leaf(n: int) -> Floats:
        shape = (n, c.parts.values["leaf"].shape[1])
        found, tables = unpack_codes(codes, bits, shape, n_groups)
        spread = {name: table.astype(np.float64)[groups(c)] for name, table in tables.items()}
        return METHODS["asymmetric"].decode(found.astype(np.float64), spread, bits).reshape(shape)

    return reopened(c, structure, leaf)


def rows(name: str) -> list[Row]:
    """Return the lines of one model."""
    c, plain_score = case(name), score(case(name), case(name).estimator.predict(case(name).X))
    whole, squeezed = dumped(c.estimator, 0), dumped(c.estimator, ("xz", 3))
    structure, values = exact(c)
    took = in_turn(
        joblib=lambda: joblib.load(io.BytesIO(whole)), ours=lambda: open_exact(c, structure, values)
    )  # fmt: skip
    found = [
        Row(name, "joblib", len(whole), plain_score, took["joblib"]),
        Row(name, "joblib, xz", len(squeezed), plain_score),
        Row(name, "slim-trees, lzma", *slim(c)),
    ]
    opened = open_exact(c, structure, values)
    found.append(Row(name, "packed, exact", bytes_of(structure, values), _score(c, opened), took["ours"]))
    for bits in CODED_BITS:
        codes = in_codes(c, bits)
        twin = open_coded(c, structure, codes, bits)
        found.append(Row(name, f"packed, {bits} bits", bytes_of(structure, codes), _score(c, twin)))
    return found


def _score(c: Case, parts: Parts) -> float:
    predicted = families.predict(parts, c.X)
    if parts.meta["task"] == "classification":
        predicted = np.asarray(c.estimator.classes_)[predicted.astype(np.intp)]
    return score(c, predicted)


def text(row: Row, whole: int) -> str:
    """Return one line; `whole` are joblib's bytes."""
    cells = [f"{row.model:<27}{row.way:<18}"]
    cells.append(f"{'not installed':>13}{'':>9}" if row.size is None else f"{row.size:>13,}{whole / row.size:>8.1f}×")
    cells.append("" if row.score is None else f"{row.score:>12.6f}")
    cells.append("" if row.seconds is None else f"{1e3 * row.seconds:>11.1f} ms")
    return "".join(cells).rstrip()


def lines() -> list[str]:
    """Return the table."""
    head = f"{'model':<27}{'way':<18}{'bytes':>13}{'smaller':>9}{'R² or acc.':>12}{'loading':>14}"
    found = [head]
    for name in MODELS:
        table = rows(name)
        found += [text(row, int(table[0].size or 0)) for row in table]
    return found


def test_trees(benchmark: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The forest comes back out of its bytes as it was; the table is printed."""
    c = case("forest of 100, California")
    structure, values = exact(c)
    opened = benchmark(open_exact, c, structure, values)
    assert np.array_equal(opened.values["leaf"], c.parts.values["leaf"])
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines()) + "\n")


if __name__ == "__main__":
    sys.stdout.write("\n".join(lines()) + "\n")
