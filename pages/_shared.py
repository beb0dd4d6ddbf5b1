"""Cached wrappers round core, and the palette: the only place with `st.cache_*`.

Every key is one short text: a configuration spelled as JSON, and the SHA-256 of an opened file. Arguments with
a leading underscore are not part of the key. Values are immutable and shared between visitors; every cache is
bounded.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import streamlit as st

import core
from core import evaluate, figures, reference
from core.api import mark_ready
from core.artifact import Model, encode
from core.artifact.reopen import reopen
from core.comparison import Comparison
from core.config import Experiment
from core.diagnose import Finding, diagnose
from core.quant import Scheme
from core.settings import ROOT
from core.sweep import Sweep, everything, run, sweep, with_cv
from core.train import Trained

ALL_BITS = tuple(range(1, 17))
PAIR = ("original", "quantized")

# SHA-256 and contents of an opened file, or nothing.
Opened = tuple[str, Model | None]
NOTHING: Opened = ("", None)


@lru_cache(maxsize=2000)
def key_of(e: Experiment, with_scheme: bool = True) -> str:
    """Return the settings as one text; Streamlit hashes texts much faster than dataclasses."""
    settings = e.to_json()
    if not with_scheme:
        del settings["scheme"]
    return json.dumps(settings)


@st.cache_resource(max_entries=24, show_spinner="Training …")
def _trained(key: str, _e: Experiment, _model: Model | None) -> Trained:
    return reopen(_model) if _model is not None else core.train(_e.data, _e.train)


def trained(e: Experiment, opened: Opened = NOTHING) -> Trained:
    """Return the trained model of a recipe, or of the opened file."""
    return _trained(key_of(e, False) + opened[0], e, opened[1])


@st.cache_resource(max_entries=400, show_spinner=False)
def _comparison(key: str, _e: Experiment, _opened: Opened) -> Comparison:
    return evaluate.compare(trained(_e, _opened), _e.scheme)


def comparison(e: Experiment, opened: Opened = NOTHING) -> Comparison:
    """Return the comparison that belongs to an experiment."""
    return _comparison(key_of(e) + opened[0], e, opened)


@st.cache_resource(max_entries=60, show_spinner=False)
def _curve(key: str, _e: Experiment, _opened: Opened) -> Sweep:
    return sweep(trained(_e, _opened), [_e.scheme.method], ALL_BITS, _e.scheme)


def curve(e: Experiment, opened: Opened = NOTHING) -> Sweep:
    """Return 1 to 16 bits of the experiment's method and switches."""
    same = replace(e, scheme=replace(e.scheme, bits=Scheme().bits))
    return _curve(key_of(same) + opened[0], same, opened)


@st.cache_resource(max_entries=12, show_spinner="Trying every setting …")
def _every(key: str, folds: int, _e: Experiment, _opened: Opened) -> Sweep:
    model = trained(_e, _opened)
    plan = everything(model.parts)
    return with_cv(model, plan, every(_e, _opened), folds) if folds else run(model, plan)


def every(e: Experiment, opened: Opened = NOTHING, folds: int = 0) -> Sweep:
    """Return every setting there is for the experiment's model; with `folds`, cross-validated besides."""
    return _every(key_of(e, False) + opened[0], folds, e, opened)


@st.cache_resource(max_entries=120, show_spinner=False)
def _file_bytes(key: str, variants: tuple[str, ...], _e: Experiment, _opened: Opened) -> bytes:
    pair = evaluate.model_file(trained(_e, _opened), comparison(_e, _opened))
    return encode(pair if variants == PAIR else pair.only(*variants))


def file_bytes(e: Experiment, variants: tuple[str, ...], opened: Opened = NOTHING) -> bytes:
    """Return the file of the pair, or of one of the two alone."""
    return _file_bytes(key_of(e) + opened[0], variants, e, opened)


@st.cache_resource(max_entries=600, show_spinner=False)
def drawn(name: str, key: str, _draw: Callable[[], Any]) -> Any:
    """Return what `_draw` makes for `name` and `key`: made once and shared; nobody changes it afterwards."""
    return _draw()


def findings(e: Experiment, opened: Opened = NOTHING) -> tuple[Finding, ...]:
    """Return what was found about the comparison that belongs to an experiment."""
    found: tuple[Finding, ...] = drawn(
        "findings", key_of(e) + opened[0], lambda: diagnose(trained(e, opened), comparison(e, opened))
    )
    return found


@st.cache_resource(show_spinner=False)
def palette() -> figures.Palette:
    """Return the colours by meaning, read from the theme's file, the only place where they are written."""
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    return figures.Palette(*config["theme"]["chartCategoricalColors"][:6])


def digest(data: bytes) -> str:
    """Return the SHA-256 of `data` as text."""
    return hashlib.sha256(data).hexdigest()


def warm() -> None:
    """Do the first visitor's work before there is one: libraries, data, the default model at every width."""
    e = Experiment()
    for bits in ALL_BITS:
        findings(replace(e, scheme=Scheme(bits=bits)))
    curve(e)
    file_bytes(e, PAIR)
    palette()
    mark_ready()


@st.cache_resource(max_entries=1, show_spinner="Computing the figures again …")
def reference_figures() -> tuple[reference.Figure, ...]:
    """Return the figures of the reference systems, stated and ours; they depend on nothing a visitor sets."""
    return reference.figures()
