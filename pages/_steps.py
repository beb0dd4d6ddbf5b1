"""One coefficient, step by step: from its value to its code, back, and what the error does."""

from __future__ import annotations

import streamlit as st

from core import figures
from core.comparison import Comparison
from core.quant.case import Step
from core.quant.explain import explain
from pages import _shared, _state
from pages._result import PLOTLY

LABEL = "One coefficient, step by step: from its value to its code and back"

# Characters of a line that fit on a telephone.
WIDTH = 32


def render(c: Comparison) -> None:
    """Draw the section; closed, it costs nothing. Trees have no coefficients."""
    if c.original.family != "linear":
        return
    with st.expander(LABEL, key="steps_box", icon=":material/school:", on_change="rerun") as box:
        if box.open:
            _section(c)


def _section(c: Comparison) -> None:
    names = [p.name for p in c.parameters]
    count = sum(not p.intercept for p in c.parameters)
    # Another model may have fewer coefficients.
    chosen = min(st.session_state.get("coefficient", 0), count - 1)
    _choice(names[:count], chosen)
    figure = _shared.drawn(
        f"landing {chosen}", _state.key(),
        lambda: figures.landing(c.quantized, chosen, c.parameters[chosen].original, _shared.palette()),
    )  # fmt: skip
    st.plotly_chart(figure, key="landing", config=PLOTLY, alt="The coefficient among the levels round it")
    code = c.parameters[chosen].code
    st.caption(f"Lines are levels, numbered by their codes. What lies in the grey band lands on code {code}.")
    found = _shared.drawn(f"steps {chosen}", _state.key(), lambda: _explained(c, chosen, names))
    # One row a step: our own words, and beside them its lines, where nothing from outside is interpreted.
    with st.grid(columns=2, min_column_width=330, gap="small"):
        for number, step in enumerate(found, start=1):
            st.markdown(f"**{number}. {step.title}**  \n{step.words}")
            st.code(written(step), language=None, wrap_lines=True)


def _choice(names: list[str], chosen: int) -> None:
    """Draw the menu of coefficients between the buttons to the one before and the one after."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Coefficient", range(len(names)), format_func=names.__getitem__, key=_state.sync("step", chosen),
            on_change=_take, width=320,
        )  # fmt: skip
        for label, icon, offset in (("Previous", "arrow_back", -1), ("Next", "arrow_forward", 1)):
            st.button(
                label, key=f"step_{label.lower()}", icon=f":material/{icon}:", disabled=len(names) == 1,
                on_click=_go, args=((chosen + offset) % len(names),),
            )  # fmt: skip


def _take() -> None:
    _go(st.session_state.step)


def _go(index: int) -> None:
    st.session_state.coefficient = index


def _explained(c: Comparison, chosen: int, names: list[str]) -> tuple[Step, ...]:
    trained = _state.trained()
    target = trained.dataset.target
    return explain(trained.parts, c.quantized, trained.moments, chosen, names, target.factor, target.unit)


def written(step: Step) -> str:
    """Return the lines of a step: each formula, and what it comes to with the equals signs in one column."""
    lines = []
    for formula, numbers in zip(step.formula, step.numbers, strict=True):
        name, sign, _ = formula.partition(" = ")
        first, *rest = numbers.split(" = ")
        margin = " " * len(name)
        lines += [formula, f"{margin} = {first}"] if sign else [f"{formula} = {first}"]
        for result in rest:
            if len(f"{lines[-1]} = {result}") <= WIDTH:
                lines[-1] += f" = {result}"
            else:
                lines.append(f"{margin} = {result}")
    return "\n".join(lines)
