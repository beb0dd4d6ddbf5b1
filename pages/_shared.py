"""Cached wrappers round core, and the palette: the only place with caches that visitors share.

Every key is one short text: a configuration spelled as JSON, and the SHA-256 of an opened file. Values are
immutable and shared between visitors; every cache is bounded. What comes from a user's own table is the exception:
it is kept in that visit alone (`kept`), and goes with it.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import streamlit as st

import core
from core import evaluate, figures, reference
from core.api import mark_ready
from core.artifact import Model, encode
from core.artifact.reopen import reopen
from core.comparison import Comparison
from core.config import DataConfig, Experiment, table_needed
from core.datasets import OWN, Dataset
from core.datasets.own import own_dataset
from core.diagnose import Finding, diagnose
from core.parts import Parts
from core.quant import Scheme
from core.settings import ROOT
from core.sweep import Sweep, everything, run, sweep, with_cv
from core.sweep.plan import LARGE
from core.tables import Table, propose, read
from core.train import Trained, train_on
from pages import _shipped
from pages._caches import shared_by_all
from pages._shelves import kept, shelved

ALL_BITS = tuple(range(1, 17))
PAIR = ("original", "quantized")

# SHA-256 and contents of an opened file, or nothing.
Opened = tuple[str, Model | None]
NOTHING: Opened = ("", None)


@dataclass(frozen=True, eq=False)
class OwnTable:
    """A user's table that is open in a visit: its contents, what it is called, and what is to be learnt from it."""

    table: Table
    name: str
    target: str
    task: str
    features: tuple[str, ...]


def is_own(e: Experiment, opened: Opened = NOTHING) -> bool:
    """Return whether a result rests on a user's own table, also by way of an opened file."""
    model = opened[1]
    return e.data.dataset == OWN or (model is not None and model.data is not None and model.data.dataset == OWN)


def open_table(sha256: str) -> OwnTable | None:
    """Return the table with this SHA-256 if it is open in this visit: in use, or read and not yet used."""
    for name in ("own_table", "draft", "wanted_table"):
        found: OwnTable | None = st.session_state.get(name)
        if found is not None and found.table.sha256 == sha256:
            return found
    return None


def own_rows(data: DataConfig) -> Dataset:
    """Return the data set of a recipe on a user's own table; raises `InvalidInput` when it is not open here."""
    found = open_table(data.sha256)
    if found is None:
        raise table_needed(data.sha256, data.target)
    key = json.dumps([data.sha256, data.target, data.task, data.features])
    made: Dataset = kept(
        "dataset", key, lambda: own_dataset(found.table, data.target, data.task, data.features, found.name)
    )
    return made


@lru_cache(maxsize=2000)
def key_of(e: Experiment, with_scheme: bool = True) -> str:
    """Return the settings as one text; Streamlit hashes texts much faster than dataclasses."""
    settings = e.to_json()
    if not with_scheme:
        del settings["scheme"]
    return json.dumps(settings)


@shared_by_all(24)
def _trained(key: str, _e: Experiment, _model: Model | None) -> Trained:
    with st.spinner("Training …"):
        return reopen(_model) if _model is not None else core.train(_e.data, _e.train)


@shared_by_all(1)
def _forest() -> Trained:
    return _shipped.read()


def _own_trained(e: Experiment, model: Model | None) -> Trained:
    if model is None:
        return train_on(own_rows(e.data), e.data, e.train)
    # A file that was opened without its table stays so until it is opened again.
    return reopen(model, own_rows(e.data) if model.data == e.data else None)


def trained(e: Experiment, opened: Opened = NOTHING) -> Trained:
    """Return the trained model of a recipe, or of the opened file; raises `InvalidInput` where it cannot be trained."""
    key = key_of(e, False) + opened[0]
    if is_own(e, opened):
        found: Trained = kept("trained", key, lambda: _own_trained(e, opened[1]), "Training …")
        return found
    if opened[1] is None and _shipped.is_shipped(e):
        return _forest()
    return shelved("trained", key, False) or _trained(key, e, opened[1])


@shared_by_all(400)
def _comparison(key: str, _e: Experiment, _opened: Opened) -> Comparison:
    return evaluate.compare(trained(_e, _opened), _e.scheme)


# Megabytes each: the codes of a million leaves.
@shared_by_all(40)
def _large_comparison(key: str, _e: Experiment, _opened: Opened) -> Comparison:
    return evaluate.compare(trained(_e, _opened), _e.scheme)


def comparison(e: Experiment, opened: Opened = NOTHING) -> Comparison:
    """Return the comparison that belongs to an experiment."""
    key = key_of(e) + opened[0]
    if is_own(e, opened):
        found: Comparison = kept("comparison", key, lambda: evaluate.compare(trained(e, opened), e.scheme))
        return found
    make = _large_comparison if trained(e, opened).parts.n_parameters > LARGE else _comparison
    compared: Comparison = make(key, e, opened)
    return compared


@shared_by_all(6)
def _twin(key: str, _e: Experiment, _opened: Opened) -> Parts:
    return comparison(_e, _opened).decoded


def twin(e: Experiment, opened: Opened = NOTHING) -> Parts:
    """Return the quantised twin as plain parts; of trees they are megabytes, so that few are kept."""
    key = key_of(e) + opened[0]
    if is_own(e, opened):
        found: Parts = kept("twin", key, lambda: comparison(e, opened).decoded)
        return found
    return _twin(key, e, opened)


def line_key(e: Experiment, opened: Opened, methods: tuple[str, ...]) -> str:
    """Return the text that stands for `line` in caches: the current width says nothing."""
    same = replace(e, scheme=replace(e.scheme, bits=Scheme().bits))
    return " ".join([*methods, key_of(same) + opened[0]])


def _swept(e: Experiment, opened: Opened, methods: tuple[str, ...]) -> Sweep:
    return sweep(trained(e, opened), methods, ALL_BITS, e.scheme)


@shared_by_all(60)
def _line(key: str, _e: Experiment, _opened: Opened, _methods: tuple[str, ...]) -> Sweep:
    return _swept(_e, _opened, _methods)


def line(e: Experiment, opened: Opened, methods: tuple[str, ...]) -> Sweep:
    """Return 1 to 16 bits of each method, with the switches of the experiment."""
    key, own = line_key(e, opened, methods), is_own(e, opened)
    found: Sweep | None = shelved("line", key, own)
    if found is None:
        make = partial(_swept, e, opened, methods)
        found = kept("line", key, make) if own else _line(key, e, opened, methods)
    return found


def curve(e: Experiment, opened: Opened = NOTHING) -> Sweep:
    """Return 1 to 16 bits of the experiment's method and switches."""
    return line(e, opened, (e.scheme.method,))


def _tried(folds: int, e: Experiment, opened: Opened) -> Sweep:
    model = trained(e, opened)
    plan = everything(model.parts)
    return with_cv(model, plan, every(e, opened), folds) if folds else run(model, plan)


@shared_by_all(12)
def _every(key: str, folds: int, _e: Experiment, _opened: Opened) -> Sweep:
    with st.spinner("Trying every setting …"):
        return _tried(folds, _e, _opened)


def every(e: Experiment, opened: Opened = NOTHING, folds: int = 0) -> Sweep:
    """Return every setting there is for the experiment's model; with `folds`, cross-validated besides."""
    key = f"{folds} {key_of(e, False)}{opened[0]}"
    if is_own(e, opened):
        found: Sweep = kept("every", key, lambda: _tried(folds, e, opened), "Trying every setting …")
        return found
    return shelved("every", key, False) or _every(key, folds, e, opened)


def encoded(variants: tuple[str, ...], original: Trained, twin: Comparison) -> bytes:
    """Return the file of the pair, or of one of the two alone, made anew."""
    pair = evaluate.model_file(original, twin)
    return encode(pair if variants == PAIR else pair.only(*variants))


def _encoded(variants: tuple[str, ...], e: Experiment, opened: Opened) -> bytes:
    return encoded(variants, trained(e, opened), comparison(e, opened))


@shared_by_all(120)
def _file_bytes(key: str, variants: tuple[str, ...], _e: Experiment, _opened: Opened) -> bytes:
    return _encoded(variants, _e, _opened)


def file_bytes(e: Experiment, variants: tuple[str, ...], opened: Opened = NOTHING) -> bytes:
    """Return the file of the pair, or of one of the two alone."""
    key = f"{variants} {key_of(e)}{opened[0]}"
    if is_own(e, opened):
        found: bytes = kept("file", key, lambda: _encoded(variants, e, opened))
        return found
    return _file_bytes(key, variants, e, opened)


@shared_by_all(600)
def _drawn(key: str, _draw: Callable[[], Any]) -> Any:
    return _draw()


def drawn(name: str, key: str, draw: Callable[[], Any]) -> Any:
    """Return what `draw` makes for `name` and `key`: made once and shared; nobody changes it afterwards.

    While a visit shows results on its own table, it is kept in that visit.
    """
    e = st.session_state.get("experiment")
    if e is not None and is_own(e, st.session_state.get("opened") or NOTHING):
        return kept("drawn", f"{name} {key}", draw)
    return _drawn(f"{name} {key}", draw)


def findings(e: Experiment, opened: Opened = NOTHING) -> tuple[Finding, ...]:
    """Return what was found about the comparison that belongs to an experiment."""
    found: tuple[Finding, ...] = drawn(
        "findings", key_of(e) + opened[0], lambda: diagnose(trained(e, opened), comparison(e, opened))
    )
    return found


@shared_by_all(1)
def palette() -> figures.Palette:
    """Return the colours by meaning, read from the theme's file, the only place where they are written."""
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    return figures.Palette(*config["theme"]["chartCategoricalColors"][:6])


def digest(data: bytes) -> str:
    """Return the SHA-256 of `data` as text."""
    return hashlib.sha256(data).hexdigest()


def warm() -> None:
    """Do the first visitor's work before there is one: libraries, data, the default model at every width, a table."""
    e = Experiment()
    for bits in ALL_BITS:
        findings(replace(e, scheme=Scheme(bits=bits)))
    curve(e)
    file_bytes(e, PAIR)
    comparison(_shipped.FOREST)
    curve(_shipped.FOREST)
    palette()
    propose(read((ROOT / "examples" / "template.csv").read_bytes(), "template.csv"))
    mark_ready(evaluate.model_file(trained(e), comparison(e), "default"))


@shared_by_all(1)
def reference_figures() -> tuple[reference.Figure, ...]:
    """Return the figures of the reference systems, stated and ours; they depend on nothing a visitor sets."""
    with st.spinner("Computing the figures again …"):
        return reference.figures()
