"""Values that visitors share cannot be changed by one of them."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from core import datasets
from core.artifact import decode, encode, from_trained
from core.artifact.reopen import reopen
from core.config import Experiment
from core.datasets import split
from core.evaluate import baseline, compare, model_file
from core.intervals import counts
from core.own import from_estimator
from core.quant import METHODS, Scheme
from core.settings import ROOT, settings
from core.sweep import anchors, sweep
from tests.support import california, digits, small, table


@cache
def shared() -> dict[str, Any]:
    """Return one of each kind of value that a cache hands to several visitors."""
    trained = california()
    compared = compare(trained, Scheme("asymmetric", 6, intercept="quantised"))
    pair = model_file(trained, compared, "shared")
    of_classes = compare(digits(), Scheme("asymmetric", 2, granularity="block"))
    class_file = model_file(digits(), of_classes)
    X, y = table()
    own = from_estimator(Ridge().fit(X, y), X, label="own")
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
        "digits": datasets.load("digits"),
        "classifier": digits(),
        "comparison of classes": of_classes,
        "comparison by tables": compare(digits(), Scheme("codebook", 2, granularity="row")),
        "sweep of classes": sweep(small("logistic"), list(METHODS), (1, 8)),
        "file of classes": class_file,
        "file of classes as it was read": decode(encode(class_file)),
        "own model": own,
        "own model as it was read": decode(encode(own)),
        "own model reopened": reopen(own),
        "comparison of an own model": compare(reopen(own), Scheme("asymmetric", 3)),
        "parts of a split": split(datasets.load("digits"), 0.2, 42),
        "weights of the resamples": counts(360),
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


NAMES = [
    "dataset", "trained", "trained on a small table", "comparison", "comparison by windows", "baseline",
    "anchors", "sweep", "file", "file as it was read", "file of the original", "decoded", "reopened",
    "digits", "classifier", "comparison of classes", "comparison by tables", "sweep of classes", "file of classes",
    "file of classes as it was read", "own model", "own model as it was read", "own model reopened",
    "comparison of an own model", "parts of a split", "weights of the resamples", "experiment", "settings",
]  # fmt: skip


def test_every_shared_value_is_looked_at() -> None:
    """The list of names below is that of the values above."""
    assert set(NAMES) == set(shared())


@pytest.mark.parametrize("name", NAMES)
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


def attack(value: Any, seen: set[int]) -> Iterator[str]:
    """Try to change everything inside `value`, as careless code would; yield what could be changed."""
    if id(value) in seen:
        return
    seen.add(id(value))
    attempts: list[tuple[str, Callable[[], Any]]] = []
    inner: list[Any] = []
    if isinstance(value, np.ndarray):
        attempts = [("cells", lambda: value.fill(0)), ("one cell", lambda: value.__setitem__(..., 0))]
        attempts += [("sum in place", lambda: value.__iadd__(1)), ("order", lambda: value.sort())]
    elif is_dataclass(value):
        inner = [getattr(value, field.name) for field in fields(value)]
        attempts = [(f.name, lambda f=f: setattr(value, f.name, None)) for f in fields(value)]
    elif isinstance(value, MappingProxyType):
        inner = list(value.values())
        attempts = [(str(k), lambda k=k: value.__setitem__(k, None)) for k in value]  # type: ignore[attr-defined]
    elif isinstance(value, tuple):
        inner = list(value)
        attempts = [("entry", lambda: value.__setitem__(0, None))]  # type: ignore[attr-defined]
    for what, attempt in attempts:
        try:
            attempt()
        except (ValueError, TypeError, AttributeError):
            continue
        yield f"{type(value).__name__}: {what}"
    for one in inner:
        yield from attack(one, seen)


def digest(value: Any) -> str:
    """Return everything that a visitor can see of a value, as one text."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}{hash(value.tobytes())}"
    if is_dataclass(value):
        return type(value).__name__ + "".join(digest(getattr(value, f.name)) for f in fields(value))
    if isinstance(value, MappingProxyType):
        return "".join(f"{k}={digest(v)}" for k, v in value.items())
    if isinstance(value, tuple):
        return "(" + ",".join(digest(v) for v in value) + ")"
    return repr(value)


@pytest.mark.parametrize("name", NAMES)
def test_what_one_visitor_does_to_a_shared_value_the_other_never_sees(name: str) -> None:
    """Every attempt to write into it fails, and afterwards it is what it was, to the last bit."""
    first, second = shared()[name], shared()[name]
    before = digest(second)
    assert list(attack(first, set())) == []
    assert digest(second) == before


def test_the_attack_above_is_real() -> None:
    """On values that can be changed it succeeds, in every kind of place."""

    @dataclass
    class Loose:
        """A dataclass that can be changed."""

        inner: Any

    value = (np.zeros(3), Loose(np.ones(2)))
    assert set(attack(value, set())) == {
        "ndarray: cells", "ndarray: one cell", "ndarray: sum in place", "ndarray: order", "Loose: inner",
    }  # fmt: skip


def test_two_visitors_of_the_same_settings_share_and_of_others_do_not() -> None:
    """Equal settings lead to one object in core's caches; another model, table or share leads to another."""
    assert baseline(digits()) is baseline(digits())
    assert baseline(digits()) is not baseline(small("logistic"))
    assert anchors(small()) is anchors(small())
    assert anchors(small()) is not anchors(small("ridge"))
    digits_, wine = datasets.load("digits"), datasets.load("wine")
    assert split(digits_, 0.2, 42) is split(digits_, 0.2, 42)
    assert len(split(digits_, 0.2, 42)[1]) != len(split(wine, 0.2, 42)[1])


def test_two_visitors_own_models_of_one_name_are_two() -> None:
    """What is kept of one visitor's model is never given to another's, though name, columns and label are the same."""
    X, y = table()
    first, second = (reopen(from_estimator(Ridge().fit(X, sign * y), X, label="mine")) for sign in (1, -1))
    kept = [compare(t, Scheme(bits=4)) for t in (first, second, first)]
    assert kept[0].to_json() == kept[2].to_json()
    assert kept[0].to_json()["parameters"] != kept[1].to_json()["parameters"]
    assert baseline(first) is not baseline(second)
    assert np.array_equal(kept[0].decoded.values["coef"], -kept[1].decoded.values["coef"])


def test_what_one_visitor_does_with_his_figures_is_his_alone() -> None:
    """JSON of a comparison, a sweep or a file is a copy, all the way down."""
    c = compare(digits(), Scheme(bits=2))
    s = sweep(digits(), ["symmetric"], (2,))
    before = [json.dumps(x.to_json()) for x in (c, s)]
    mine = c.to_json()
    mine["original"]["test"]["confusion_matrix"][0][0] = 99
    mine["original"]["test"]["report"]["0"]["f1"] = 99
    mine["agreement"]["flipped"][0]["row"] = 99
    mine["parameters"]["values"].clear()
    curve = s.to_json()
    curve["points"][0]["test_accuracy"] = 99
    curve["original"]["test_accuracy"] = 99
    assert [json.dumps(x.to_json()) for x in (c, s)] == before
