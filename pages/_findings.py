"""Why it broke: what is wrong with the result, each with its evidence and a button that takes the cure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.comparison import Comparison
from core.datasets import Target
from core.diagnose import Cure, Finding, effects, mean_shift
from core.intervals import WORSE
from core.train import Trained
from pages import _shared, _state
from pages._format import literal, money, signed

# How many findings are seen at once; the rest waits in a drawer.
SEEN = 3
SPACE = "\u2003"  # as wide as the icon of the button
HELP = (
    "Takes this setting. The typical change is the root mean square change of the outputs by rounding, computed on the "
    "training rows; no test row was looked at."
)


def render(c: Comparison) -> None:
    """Draw what was found about `c`, the most important first; nothing where nothing was found."""
    trained, key = _state.trained(), _state.key()
    cause: str = _shared.drawn("cause", key, lambda: _cause(trained, c))
    found = _shared.findings(_state.experiment(), _state.opened())
    # One container whether anything is found or not, so that what follows keeps its place.
    with st.container(key="findings", border=bool(cause or found), gap="xsmall"):
        if cause:
            st.markdown(f":material/troubleshoot: {cause}")
        _listed(found[:SEEN], trained)
        if len(found) > SEEN:
            with st.expander(f"{len(found) - SEEN} more", key="more_findings"):
                _listed(found[SEEN:], trained)


def _listed(found: Sequence[Finding], trained: Trained) -> None:
    """Draw one line a finding: what is wrong; and behind the last that it cures each cure, a button with its effect."""
    e = _state.experiment()
    target = trained.dataset.target if trained.dataset.task == "regression" else None
    for number, finding in enumerate(found, 1):
        cure = finding.cure
        st.markdown(literal(finding.text))
        if cure is None or any(later.cure == cure for later in found[number:]):
            continue
        setting = replace(e, scheme=cure.scheme, train=cure.train or e.train)
        st.button(
            f"{cure.label}:small[:gray[{SPACE}{effect(cure, target)}]]", key=f"cure_{finding.name}", type="tertiary",
            icon=":material/arrow_forward:", on_click=_state.take, args=(setting,), help=HELP,
        )  # fmt: skip


def effect(cure: Cure, target: Target | None) -> str:
    """Return what the cure does, in few words; `target` gives the unit, None for scores of classes."""
    said = []
    if cure.error_before != cure.error_after:
        before, after = (_amount(error**0.5, target) for error in (cure.error_before, cure.error_after))
        said.append(f"typical change{'' if target else ' of the scores'} {before} → {after}")
    if cure.numbers_before != cure.numbers_after:
        said.append(f"{cure.numbers_before:,} → {cure.numbers_after:,} bytes")
    return ", ".join([*said, *([literal(cure.price)] if cure.price else [])])


def _amount(value: float, target: Target | None) -> str:
    """Return a change in the target's unit; whole dollars only where there are some."""
    if target is None:
        return f"{value:.3g}"
    size = value * target.factor
    small = f"{target.unit}{size:.2g}" if target.unit == "$" and size < 10 else money(size, target.unit)
    return literal(small.strip())


def _cause(trained: Trained, c: Comparison) -> str:
    """Return what costs the most when the quantised model is measurably worse, else ""; of trees nothing is said."""
    if c.difference is None or c.difference.verdict != WORSE or c.original.family != "linear":
        return ""
    target, worst = trained.dataset.target, effects(trained, c)[0]
    if c.metric == "accuracy":
        return (
            f"What costs most is {literal(worst.name)}: its coefficient moved by {signed(worst.error, 6)}, which "
            f"changes the score of its class by {worst.spread:.3g} (one standard deviation)."
        )
    shift, overall = worst.shift * target.factor, mean_shift(trained, c) * target.factor
    text = (
        f"What costs most is {literal(worst.name)}: its coefficient moved by {signed(worst.error, 6)}, which changes "
        f"predictions by {literal(money(worst.spread * target.factor, target.unit))} (one standard deviation)"
    )
    if abs(overall) > 0.2 * abs(shift) and abs(shift) > worst.spread * target.factor / 4:
        text += f" and shifts all of them by about {literal(money(shift, target.unit))}, at {worst.mean:,.4g} a row"
    if c.quantized.scheme.intercept != "refit" and abs(overall) > 0.05 * target.factor:
        text += ". The intercept is not refitted, so the shift stays"
    return text + "."
