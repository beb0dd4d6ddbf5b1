"""The Predict page for classification: both models' class and probabilities, and what pushes towards a class."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core import families, figures
from core.parts import Floats, Parts
from core.prepare import terms
from core.train import Trained
from pages import _digits, _predict_trees, _shared, _state
from pages._format import literal, signed
from pages._predict_form import TOO_LARGE, form, loaders, warn
from pages._predict_pushes import bars, centred
from pages._result import PLOTLY, card, setting_words

# In the chooser of a class: whichever the original finds most likely at the time.
FOLLOW = -1


def render(t: Trained, row: Floats) -> None:
    """Draw the page."""
    picture = drawable(t, row)
    with np.errstate(over="ignore", invalid="ignore"):
        X = t.preparation.expand(row[None, :])
        before, after = (families.outputs(p, X)[0] for p in (t.parts, _state.twin()))
    fine = bool(np.isfinite([before, after]).all())
    # One element, however much is in it: a message that comes and goes would move the pad and break off a stroke.
    with st.container():
        if picture:
            _digits.problem()
        if fine:
            finding(t, before, after)
            cards(t, before, after)
            if not picture:
                warn(t, row)
        else:
            st.error(TOO_LARGE, icon=":material/error:")
    with st.grid(columns=2, min_column_width=420, gap="large"):
        with st.container():
            loaders(t)
            if picture:
                _digits.picture()
                # Below the pad: above, it would push the pad away from under a pointer that is drawing.
                warn(t, row, picture)
            else:
                form(t)
        with st.container():
            if fine:
                probabilities(t, before, after)
                pushes(t, row, int(before.argmax()), picture)


def drawable(t: Trained, row: Floats) -> bool:
    """Return whether the row is a picture to draw on: pixels alone, with no gap and nothing made from them."""
    p = t.preparation
    whole = not (p.texts or p.ratios or p.missing or np.isnan(row).any())
    return _digits.is_picture(t.dataset) and whole


def percent(p: float) -> str:
    """Return a probability in per cent with two decimals; none but 0 and 1 themselves would read 0 or 100."""
    if p < 0.00005:
        return "< 0.01 %"
    return "> 99.99 %" if p >= 0.99995 else f"{100 * p:.2f} %"


def points(change: float) -> str:
    """Return a change of a probability in percentage points; a tiny one only as being tiny."""
    return "below 0.01 points" if 0 < abs(change) < 0.00005 else f"{signed(100 * change, 2)} points"


def finding(t: Trained, before: Floats, after: Floats) -> None:
    """Write the one sentence that is the result."""
    first, second = int(before.argmax()), int(after.argmax())
    names = [literal(n) for n in t.dataset.classes]
    old, new = literal(percent(before[first])), literal(percent(after[second]))
    text = f"the models disagree: the quantised one says :orange[{names[second]}] with :orange[{new}], the original "
    text += f":blue[{names[first]}] with :blue[{old}]."
    if first == second:
        text = f"both models say **{names[first]}**, the quantised one with :orange[{new}], the original with "
        text += f":blue[{old}]."
    with st.container(key="finding"):
        st.markdown(f"**{setting_words(_state.comparison())}:** {text}")


def cards(t: Trained, before: Floats, after: Floats) -> None:
    """Draw both answers, the true class where it is known, and the largest change of a probability."""
    names = [literal(n) for n in t.dataset.classes]
    moved, index, what = after - before, st.session_state.district_row, literal(t.dataset.target.meaning)
    most = int(np.abs(moved).argmax())
    true = None if index is None else int(t.dataset.y[index])
    with st.grid(columns=4, min_column_width=150):
        for label, p in (("Original", before), ("Quantised", after)):
            said = int(p.argmax())
            right = "" if true is None else (", right" if said == true else ", wrong")
            card(label, names[said], literal(percent(p[said])) + right, what)
        card(
            "Largest change", points(float(moved[most])), f"of {names[most]}",
            "The largest change of a probability from the original to the quantised model, in percentage points.",
        )  # fmt: skip
        known = "not known" if true is None else "from the data set"
        card("True class", "–" if true is None else names[true], known,
              "Known for rows of the data set, until a value is changed.")  # fmt: skip


def probabilities(t: Trained, before: Floats, after: Floats) -> None:
    """Draw the probability of every class, for both models."""
    figure = figures.class_probabilities(t.dataset.classes, before, after, _shared.palette())
    st.markdown("**How likely each class is**")
    st.plotly_chart(figure, key="probabilities", config=PLOTLY, alt="Probability of each class for both models")


def weights(parts: Parts, chosen: int) -> Floats:
    """Return the coefficients (n_columns,) of the log-odds of one class.

    For two classes log p1/p0 = w·x + b, with the other sign for class 0. For more, those of the class minus the
    mean over all classes: probabilities depend on differences of scores alone, and what is added to all classes
    pushes nothing. For an original with an L2 penalty that mean is 0.
    """
    coef = parts.values["coef"]
    if len(coef) == 1:
        return np.asarray(coef[0] if chosen == 1 else -coef[0])
    return np.asarray(coef[chosen] - coef.mean(axis=0))


def by_feature(columns: Floats, n_features: int, degree: int) -> Floats:
    """Return the sums (n_features,) of what belongs to each feature; a product is shared equally among its own."""
    found = np.zeros(n_features)
    for value, term in zip(columns, terms(n_features, degree), strict=True):
        np.add.at(found, list(term), value / len(term))
    return found


def pushes(t: Trained, row: Floats, likeliest: int, picture: bool) -> None:
    """Draw what pushes towards one class: two maps of the pixels, or a pair of bars for each feature."""
    names = t.dataset.classes
    options = [FOLLOW, *range(len(names))]
    if st.session_state.get("class_shown", FOLLOW) not in options:
        st.session_state.class_shown = FOLLOW
    st.markdown(f"**{'Which pixels push where' if picture else 'What pushes the answer'}**")
    chosen = st.selectbox(
        "Towards", options, key="class_shown",
        format_func=lambda k: "the most likely class" if k == FOLLOW else names[k],
        width=260,
    )  # fmt: skip
    chosen = likeliest if chosen == FOLLOW else int(chosen)
    if t.parts.family != "linear":
        _effects(t, row, chosen, picture)
        return
    X = centred(t, row)
    before, after = (weights(p, chosen) * X for p in (t.parts, _state.comparison().decoded))
    against = literal(names[1 - chosen]) if len(names) == 2 else "the average class"
    caption = f"Towards {literal(names[chosen])} and away from {against}, against the average training row. "
    caption += "A contribution of 0.69 doubles the odds."
    if not picture:
        bars(t, row, before, after, "log-odds", caption)
        return
    n, degree = len(row), t.preparation.degree
    _maps(by_feature(before, n, degree), by_feature(after, n, degree))
    products = " Products of two pixels count half for each." if degree > 1 else ""
    st.caption(f"Pixels marked + push towards, those marked − away. {caption}{products}")


def _effects(t: Trained, row: Floats, chosen: int, picture: bool) -> None:
    """Draw what each value does to the probability of a class, and of trees the way through one."""
    before, after = (100 * found for found in _predict_trees.effects(t, row, chosen))
    caption = f"Of the probability of {literal(t.dataset.classes[chosen])}. {_predict_trees.CAPTION}"
    if picture:
        _maps(before, after, "points")
        st.caption(f"Pixels marked + push towards, those marked − away. {caption}")
    else:
        _predict_trees.bars(t, row, before, after, "percentage points", caption)
    _predict_trees.way(t, row)


def _maps(before: Floats, after: Floats, unit: str = "log-odds") -> None:
    palette = _shared.palette()
    top = max(float(np.abs([before, after]).max()), 1e-9)
    with st.grid(columns=2, min_column_width=150, gap="small"):
        for name, values in (("original", before), ("quantised", after)):
            figure = figures.pixel_pushes(values.reshape(_digits.SIDE, -1), top, name, palette, unit)
            st.plotly_chart(
                figure, key=f"pixels_{name}", config=PLOTLY, alt=f"Contribution of each pixel, {name} model"
            )
