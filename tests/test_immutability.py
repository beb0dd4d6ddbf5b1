"""Values that visitors share cannot be changed by one of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from core import datasets
from core.artifact import decode, encode, from_trained
from core.artifact.reopen import reopen
from core.config import Experiment
from core.evaluate import baseline, compare, model_file
from core.quant import METHODS, Scheme
from core.settings import ROOT, settings
from core.sweep import anchors, sweep
from tests.support import california, small


@cache
def shared() -> dict[str, Any]:
    """Return one of each kind of value that a cache hands to several visitors."""
    trained = california()
    compared = compare(trained, Scheme("asymmetric", 6, intercept="quantised"))
    pair = model_file(trained, compared, "shared")
    return {
        "dataset": datasets.load("california_housing"),
        "trained": trained,
        "trained on a small table": small("ridge", 2),
        "comparison": compared,
        "comparison by windows": compare(trained, Scheme("window", 8, "raw", intercept="same-grid")),
        "baseline": baseline(trained),
        "anchors": anchors(trained),
        "sweep": sweep(trained, list(METHODS), (1, 8)),
        "file": pair,
        "file as it was read": decode(encode(pair)),
        "file of the original": from_trained(trained).only("original"),
        "decoded": pair.decoded,
        "reopened": reopen(decode(encode(pair))),
        "experiment": Experiment(),
        "settings": settings(),
    }


def changeable(value: Any, path: str, seen: set[int]) -> Iterator[str]:
    """Yield the path of everything inside `value` that can be changed."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        base = value if value.base is None else value.base
        if value.flags.writeable or (isinstance(base, np.ndarray) and base.flags.writeable):
            yield path
    elif is_dataclass(value):
        if not vars(type(value))["__dataclass_params__"].frozen:
            yield path
        for field in fields(value):
            yield from changeable(getattr(value, field.name), f"{path}.{field.name}", seen)
    elif isinstance(value, MappingProxyType):
        for key, inner in value.items():
            yield from changeable(inner, f"{path}[{key!r}]", seen)
    elif isinstance(value, tuple):
        for i, inner in enumerate(value):
            yield from changeable(inner, f"{path}[{i}]", seen)
    elif isinstance(value, dict | list | set | bytearray):
        yield path


@pytest.mark.parametrize("name", [
    "dataset", "trained", "trained on a small table", "comparison", "comparison by windows", "baseline",
    "anchors", "sweep", "file", "file as it was read", "file of the original", "decoded", "reopened",
    "experiment", "settings",
])  # fmt: skip
def test_nothing_inside_a_shared_value_can_be_changed(name: str) -> None:
    """Every array is read-only, every mapping a proxy, every sequence a tuple, every dataclass frozen."""
    assert list(changeable(shared()[name], name, set())) == []


def test_the_search_for_changeable_values_finds_them() -> None:
    """The check above sees an array, a list and a dict, also deep inside."""
    value = (MappingProxyType({"a": np.zeros(2), "b": (1, [2])}), {"c": 1})
    assert list(changeable(value, "x", set())) == ["x[0]['a']", "x[0]['b'][1]", "x[1]"]


def decorators(node: ast.ClassDef) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield name and keyword arguments of each decorator of a class."""
    for decorator in node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        name = ast.unparse(call.func if call else decorator).rpartition(".")[2]
        arguments = {k.arg: ast.literal_eval(k.value) for k in call.keywords if k.arg} if call else {}
        yield name, arguments


def test_every_dataclass_of_the_core_is_frozen() -> None:
    """No dataclass of the core can be changed after it is made; the source says so."""
    loose, found = [], 0
    for path in sorted((ROOT / "core").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                for name, arguments in decorators(node):
                    if name == "dataclass":
                        found += 1
                        if arguments.get("frozen") is not True:
                            loose.append(f"{path.name}: {node.name}")
    assert loose == []
    assert found > 25


def test_comparing_and_sweeping_leave_the_model_as_it_was() -> None:
    """What is computed with a shared model changes no bit of it."""
    trained = california()
    before = encode(from_trained(trained))
    compare(trained, Scheme("auto", 3))
    sweep(trained, list(METHODS), (1, 8, 16))
    assert encode(from_trained(trained)) == before


def test_two_comparisons_do_not_share_what_is_theirs() -> None:
    """The numbers of one setting stay when another one is compared."""
    first = compare(california(), Scheme(bits=3))
    before = first.to_json()
    compare(california(), Scheme(bits=4))
    assert first.to_json() == before
