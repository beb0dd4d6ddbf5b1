"""Cached wrappers round core, the palette, and formatting: the only place with `st.cache_*`.

Keys are frozen configurations, and the SHA-256 of an opened file; arguments with a leading underscore are
not part of the key. Values are immutable and shared between visitors; every cache is bounded.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable
from typing import Any

import streamlit as st

import core
from core import evaluate, figures
from core.artifact import Model, encode
from core.artifact.reopen import reopen
from core.config import DataConfig, Experiment, TrainConfig
from core.evaluate import Comparison
from core.quant import METHOD_NAMES, Scheme
from core.settings import ROOT
from core.sweep import Sweep, adapt, sweep
from core.train import Trained

ALL_BITS = tuple(range(1, 17))


@st.cache_resource(max_entries=24, show_spinner="Training …")
def trained(data: DataConfig, config: TrainConfig, sha: str = "", _model: Model | None = None) -> Trained:
    """Return the trained model of a recipe, or of the opened file `sha`."""
    return reopen(_model) if _model is not None else core.train(data, config)


@st.cache_resource(max_entries=400, show_spinner=False)
def comparison(e: Experiment, sha: str = "", _model: Model | None = None) -> Comparison:
    """Return the comparison that belongs to an experiment."""
    return evaluate.compare(trained(e.data, e.train, sha, _model), e.scheme)


@st.cache_resource(max_entries=60, show_spinner=False)
def curve(e: Experiment, sha: str = "", _model: Model | None = None) -> Sweep:
    """Return 1 to 16 bits of the experiment's method and switches; `e` carries bits 8 for all widths."""
    return sweep(trained(e.data, e.train, sha, _model), [e.scheme.method], ALL_BITS, e.scheme)


@st.cache_resource(max_entries=20, show_spinner=False)
def full_sweep(e: Experiment, sha: str = "", _model: Model | None = None) -> Sweep:
    """Return every method at 1 to 16 bits with the experiment's switches."""
    names = [m for m in METHOD_NAMES if m != "auto"]
    return sweep(trained(e.data, e.train, sha, _model), names, ALL_BITS, e.scheme)


@st.cache_resource(max_entries=120, show_spinner=False)
def file_bytes(e: Experiment, variants: tuple[str, ...], sha: str = "", _model: Model | None = None) -> bytes:
    """Return the file of the pair, or of one of the two alone."""
    pair = evaluate.model_file(trained(e.data, e.train, sha, _model), comparison(e, sha, _model))
    return encode(pair if len(variants) == 2 else pair.only(*variants))


@st.cache_resource(max_entries=400, show_spinner=False)
def drawn(name: str, key: Any, _draw: Callable[[], Any]) -> Any:
    """Return the figure `name` for `key`, drawn once by `_draw` and shared; nobody changes it afterwards."""
    return _draw()


@st.cache_resource(show_spinner=False)
def palette() -> figures.Palette:
    """Return the colours by meaning, read from the theme's file, the only place where they are written."""
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    blue, orange, grey, faint = config["theme"]["chartCategoricalColors"][:4]
    return figures.Palette(blue, orange, grey, faint)


def digest(data: bytes) -> str:
    """Return the SHA-256 of `data` as text."""
    return hashlib.sha256(data).hexdigest()


def warm() -> None:
    """Do the first visitor's work before there is one: libraries, data, the default model, all its widths."""
    e = Experiment()
    for bits in ALL_BITS:
        for method in ("symmetric",):
            comparison(Experiment(scheme=adapt(Scheme(bits=bits), method)))
    curve(at_eight_bits(e))
    file_bytes(e, ("original", "quantized"))
    file_bytes(e, ("quantized",))


def at_eight_bits(e: Experiment) -> Experiment:
    """Return `e` with the default width: one key for all points of its curve."""
    from dataclasses import replace

    return replace(e, scheme=replace(e.scheme, bits=Scheme().bits))
