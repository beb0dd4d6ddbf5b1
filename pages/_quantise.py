"""Quantise: the finding, every coefficient on its grid, the curve over bits, codes and bytes."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core import figures
from core.comparison import Comparison
from core.intervals import WORSE
from core.quant import Scheme
from core.quant.levels import steps
from core.sweep import Sweep, fewest_bits
from pages import _choice, _every, _findings, _gallery, _shared, _state, _steps, _trees
from pages._codes import byte_counts, codes
from pages._format import number, significant
from pages._result import PLOTLY, cards, finding


def render() -> None:
    """Draw the page."""
    c = _state.comparison()
    finding(c)
    cards(c)
    _gallery.render()
    # What broke stands above the charts; what is merely worth knowing stands below them.
    broken = c.difference is not None and c.difference.verdict == WORSE
    if broken:
        _findings.render(c)
    {"linear": _of_coefficients, "trees": _of_trees}.get(c.original.family, _of_weights)(c)
    if not broken:
        _findings.render(c)
    _steps.render(c)


def _of_coefficients(c: Comparison) -> None:
    """Draw every coefficient on its grid, the curve over bits, codes and bytes."""
    found = _shared.curve(_state.experiment(), _state.opened())
    with st.grid(columns=2, min_column_width=420, gap="medium"):
        with st.container():
            _number_line(c)
        with st.container():
            _curve(c, found)
        with st.container():
            codes(c)
        with st.container():
            byte_counts(c)


def _of_trees(c: Comparison) -> None:
    """Draw where leaves land, the curve over bits and the bytes; what each tree lost waits behind tabs."""
    found = _every.line(_state.experiment(), _state.opened())
    with st.grid(columns=2, min_column_width=420, gap="medium"):
        with st.container():
            _trees.leaves(c)
        with st.container():
            _curve_or_not(c, found)
        with st.container():
            _trees.sizes(c, found, at_widths(_state.experiment().scheme))
        with st.container():
            _trees.tabs(c)


def _of_weights(c: Comparison) -> None:
    """Draw the curve over bits, the weights that changed most and the bytes, of a model with many weights."""
    found = _every.line(_state.experiment(), _state.opened())
    with st.grid(columns=2, min_column_width=420, gap="medium"):
        with st.container():
            _curve_or_not(c, found)
        with st.container():
            byte_counts(c)
        with st.container():
            codes(c)
        with st.container():
            _by_neuron(c)


def _by_neuron(c: Comparison) -> None:
    """Draw the mean change of the weights of each neuron, layer after layer."""
    st.markdown("**Error by neuron**")
    figure = _shared.drawn("by neuron", _state.key(), lambda: figures.error_by_neuron(c.by_tree, _shared.palette()))
    st.plotly_chart(figure, key="by_neuron", config=PLOTLY, alt="Mean change of the weights of each neuron")
    widths, first, layers = [*c.original.meta["hidden"], c.quantized.shape[0]], 1, []
    for i, width in enumerate(widths):
        layers.append(f"{first} to {first + width - 1} are layer {i + 1}" if width > 1 else f"{first} is layer {i + 1}")
        first += width
    space = "standardised" if c.quantized.scheme.space == "standardised" else "raw"
    st.caption(f"{'; '.join(layers)}. Weights of layer 1 are those of {space} features; dotted is the mean.")


def _curve_or_not(c: Comparison, found: Sweep | None) -> None:
    if found is None:
        st.caption("The curve from 1 to 16 bits appears here as soon as a worker has tried every width.")
    else:
        _curve(c, found)


def _number_line(c: Comparison) -> None:
    space = "standardised features" if c.quantized.scheme.space == "standardised" else "raw features"
    st.markdown(f"**Where each coefficient lands** ({space})")
    trained, key = _state.trained(), _state.key()
    figure = _shared.drawn(
        "line", key,
        lambda: figures.number_line(c, _shared.palette(), trained.preparation.columns, trained.dataset.classes),
    )  # fmt: skip
    st.plotly_chart(figure, key="number_line", config=PLOTLY, alt="Coefficients on the grid of representable values")
    st.caption(_shared.drawn("line words", key, lambda: _line_words(c)))


def _line_words(c: Comparison) -> str:
    """Return what the grey lines or bars of the number line are."""
    gap = significant(float(steps(c.quantized, "coef")[0]), 4)
    several = len(set(c.quantized.groups["coef"].tolist())) > 1
    if c.quantized.scheme.method == "codebook":
        text = "Grey shows the entries of the table; errors are in units of their mean distance."
    elif figures.draws_levels(c):
        text = f"Grey lines are the values that a code can stand for, {gap} apart."
    elif several:
        text = "A grey bar is the reach of the codes of its row; each has a grid of its own."
    else:
        text = f"The grey bar is the reach of the codes; neighbouring levels are {gap} apart, too close to draw."
    drawn = len(figures.shown_coefficients(c))
    if c.quantized.shape[0] == 1 and drawn < c.quantized.shape[1]:
        text += f" The {drawn} largest of {c.quantized.shape[1]} coefficients are drawn."
    return text


def at_widths(scheme: Scheme) -> list[Scheme | None]:
    """Return the scheme at every width; its place in the list is the width, which a point of the curve carries."""
    return [None, *(replace(scheme, bits=bits) for bits in _shared.ALL_BITS)]


def _curve(c: Comparison, found: Sweep) -> None:
    st.markdown(
        "**From 1 to 16 bits**", help="Click a point to take its width; on a touch screen use the buttons above."
    )
    e = _state.experiment()
    name = _choice.main_name(c)
    field, original = ("test", found.original_test) if len(c.differences) else ("fidelity", 1.0)
    figure = _shared.drawn(
        "curve", _state.key(),
        lambda: figures.bits_curve(found.points, e.scheme.bits, original, _shared.palette(), name, field),
    )  # fmt: skip
    st.plotly_chart(
        figure, key="curve", config=PLOTLY, selection_mode="points",
        on_select=_choice.clicked("curve", at_widths(e.scheme)),
        alt=f"{name} for 1 to 16 bits; click a point to take that width",
    )  # fmt: skip
    if not len(c.differences):
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        tolerance = st.number_input(
            f"Train {name} may fall by", 0.0, 1.0, 0.01, step=0.005, format="%.4g", key="tolerance", width=190,
            help="Judged on the training rows, so that the test rows stay untouched by the choice.",
        )  # fmt: skip
        best = fewest_bits(found.points, found.original_train, tolerance)
        if best is None:
            st.button("No width keeps it", key="fewest", disabled=True)
        else:
            st.button(
                f"Take the fewest bits: {best.bits}", key="fewest", type="primary",
                on_click=_state.set_bits, args=(best.bits,),
                help=f"From {best.bits} bits on every width keeps {name} on the training rows within {tolerance:g}; "
                f"{name} on the test rows there is {number(best.test)}.",
            )  # fmt: skip
