"""Train: choose the model and its settings; figures and charts follow at once."""

from __future__ import annotations

import streamlit as st

from core import figures
from core.config import DEGREE, SCALING, SEED, hyperparameters, task_of
from core.datasets import DATASETS, OWN
from core.evaluate import baseline
from core.fields import Number
from core.metrics import LABELS, SCALARS
from core.models import MODELS, models_for
from core.quant.coordinates import column_scale
from core.train import Trained
from pages import _preparing, _recipe, _shared, _state, _table, _train_trees, _tuning
from pages._fields import draw
from pages._format import listed, literal, money, number
from pages._result import PLOTLY
from pages._state import experiment, sync

# The page offers what is useful; the command line and the address take any share between 0 and 1.
SHARES = Number(0.2, 0.05, 0.9)


def settings_form() -> None:
    """Draw the model's form from the registries."""
    e = _state.asked()
    with st.grid(columns=4, min_column_width=180, vertical_alignment="bottom"):
        _data()
        fitting = models_for(task_of(e.data))
        labels = {name: MODELS[name].label for name in fitting}
        st.selectbox(
            "Model", fitting, fitting.index(e.train.model), format_func=labels.__getitem__,
            key=sync("model", e.train.model),
            on_change=_recipe.change_train, args=("model", "model"), help=MODELS[e.train.model].summary,
        )  # fmt: skip
        values = dict(e.train.params)
        for name, field in hyperparameters(e.train.model).items():
            draw(field, f"hyper_{e.train.model}_{name}", values[name], _recipe.change_hyperparameter, name)
        if MODELS[e.train.model].family != "trees":  # which ask about one column at a time: its scale says nothing
            draw(SCALING, "scaling", e.train.scaling, _recipe.change_train, "scaling")
        st.segmented_control(
            "Degree", [1, 2], key=sync("degree", e.train.degree), on_change=_recipe.change_train,
            args=("degree", "degree"), required=True, help=DEGREE.help,
        )  # fmt: skip
        share = min(max(e.data.test_size, SHARES.low), SHARES.high)
        st.slider(
            "Test share", SHARES.low, SHARES.high, share, step=0.05, key=sync("test_size", share),
            on_change=_recipe.change_data, args=("test_size", "test_size"),
            help="Share of the rows kept for testing; the model never sees them.",
        )  # fmt: skip
        draw(SEED, "seed", e.data.seed, _recipe.change_data, "seed")
        _preparing.gaps(current)


def _data() -> None:
    """Draw the menu of tables: the bundled ones, and the user's own when one is in use in this visit."""
    name, own = _state.asked().data.dataset, st.session_state.own_table
    tables = {name: source.label for name, source in DATASETS.items()}
    if own is not None:
        tables[OWN] = listed(own.name)
    about_it = f"{own.table.n_rows:,} rows of your own." if name == OWN else DATASETS[name].summary
    st.selectbox(
        "Data", list(tables), list(tables).index(name), format_func=tables.__getitem__, key=sync("dataset", name),
        on_change=_recipe.change_data, args=("dataset", "dataset"), help=about_it,
    )  # fmt: skip


def sentence(t: Trained) -> None:
    """Write the one sentence that is the result."""
    metrics, target = baseline(t).metrics, t.dataset.target
    took = "" if t.report.seconds is None else f", {t.report.seconds * 1000:,.0f} ms"
    rows = f"{t.report.n_train:,} rows{took}"
    label = MODELS[t.config.model].label if t.config else "The model"
    with st.container(key="finding"):
        if t.dataset.task == "classification":
            st.markdown(
                f"**{label}** is right on :blue[{metrics['test']['accuracy']:.2%}] of {t.report.n_test:,} test rows "
                f"and on {metrics['train']['accuracy']:.2%} of the training rows; {rows}."
            )
            return
        off = money((metrics["test"]["mae"] or 0) * target.factor, target.unit)
        st.markdown(
            f"**{label}** explains :blue[{(metrics['test']['r2'] or 0):.1%}] of the variance "
            f"of {t.report.n_test:,} test rows and is off by {literal(off.strip())} on average; {rows}."
        )


def report(t: Trained) -> None:
    """Draw the metric cards and what the solver had to say."""
    metrics, unit = baseline(t).metrics, literal(_unit(t))
    names = SCALARS[t.dataset.task]
    with st.grid(columns=6 if len(names) == 3 else 4, min_column_width=130):
        for part in ("test", "train"):
            for name in names:
                rows = {"test": t.report.n_test, "train": t.report.n_train}[part]
                of = f", in units of {unit}" if name in ("rmse", "mae") else ""
                st.metric(
                    f"{LABELS[name]}, {part}", number(metrics[part][name]), border=True,
                    help=f"On {rows:,} {part} rows{of}.",
                )  # fmt: skip
    if t.parts.family == "trees":
        st.caption(_train_trees.words(t))
    elif t.report.rank is not None:
        st.caption(
            f"Rank {t.report.rank} of {t.report.n_columns}: "
            + ("every direction of the data is used." if t.report.rank == t.report.n_columns else "some are not.")
        )
    for note in t.report.notes:
        st.warning(note)


def class_charts(t: Trained) -> None:
    """Draw confusion matrix, report by class and coefficients of a classifier."""
    metrics, classes, colours = baseline(t).metrics["test"], t.dataset.classes, _shared.palette()
    key = _shared.key_of(experiment(), False) + _state.opened()[0]
    grid = st.grid(columns=2, min_column_width=420, gap="medium")
    with grid.container():
        st.markdown("**Confusion matrix**, test rows")
        figure = _shared.drawn(
            "confusion", key,
            lambda: figures.confusion(metrics["confusion_matrix"], classes, colours.original, "test"),
        )  # fmt: skip
        st.plotly_chart(figure, key="confusion", config=PLOTLY, alt="Confusion matrix on the test rows")
    with grid.container():
        st.markdown("**Report by class**, test rows")
        rows = [
            {"class": name, "precision": f"{r['precision']:.4f}", "recall": f"{r['recall']:.4f}",
             "F1": f"{r['f1']:.4f}", "rows": r["support"]}
            for name, r in metrics["report"].items()
        ]  # fmt: skip
        st.dataframe(rows, hide_index=True, key="class_report", alt="Precision, recall and F1 of each class")
    if t.parts.family == "linear":
        _class_coefficients(t, key)


def _class_coefficients(t: Trained, key: str) -> None:
    """Draw the coefficients of a linear classifier."""
    classes, colours = t.dataset.classes, _shared.palette()
    st.markdown("**Coefficients** of the standardised features")
    named = classes if t.parts.values["coef"].shape[0] > 1 else (f"{classes[1]} (against {classes[0]})",)
    figure = _shared.drawn(
        "coefficient map", key,
        lambda: figures.coefficient_map(
            named, t.preparation.columns, t.parts.values["coef"] * column_scale(t.moments), colours
        ),
    )  # fmt: skip
    st.plotly_chart(figure, key="coefficients", config=PLOTLY, alt="Coefficients by class and feature")


def charts(t: Trained) -> None:
    """Draw predictions and residuals on the test rows, and the coefficients of a linear model."""
    _, y = t.rows("test")
    predicted = baseline(t).outputs
    unit = _unit(t)
    colours, key = _shared.palette(), _shared.key_of(experiment(), False) + _state.opened()[0]
    grid = st.grid(columns=2, min_column_width=420, gap="medium")
    with grid.container():
        st.markdown("**Actual against predicted**")
        figure = _shared.drawn("actual", key, lambda: figures.actual_vs_predicted(y, predicted, unit, colours))
        st.plotly_chart(figure, key="actual", config=PLOTLY, alt="Predictions against true values, test rows")
    with grid.container():
        st.markdown("**Residuals**")
        figure = _shared.drawn("residuals", key, lambda: figures.residuals(y, predicted, unit, colours))
        st.plotly_chart(figure, key="residuals", config=PLOTLY, alt="Distribution of the errors, test rows")
    if t.parts.family == "linear":
        _coefficients(t, key)


def _coefficients(t: Trained, key: str) -> None:
    """Draw the coefficients of a linear model, and the table of them with their units."""
    colours, unit = _shared.palette(), _unit(t)
    st.markdown("**Coefficients**")
    raw = t.parts.values["coef"][0]
    units = _units(t)
    figure = _shared.drawn(
        "coefficients", key,
        lambda: figures.coefficients(t.preparation.columns, raw * column_scale(t.moments), raw, units, colours),
    )  # fmt: skip
    st.plotly_chart(figure, key="coefficients", config=PLOTLY, alt="Coefficients of the standardised features")
    rows = [
        {
            "feature": name,
            "raw coefficient": f"{w + 0.0:.6g}",
            "unit": u,
            "per deviation": f"{w * s + 0.0:+.4f}",
        }
        for name, w, u, s in zip(t.preparation.columns, raw, units, column_scale(t.moments), strict=True)
    ]
    intercept = float(t.parts.values["intercept"][0])
    rows.append(
        {"feature": "intercept", "raw coefficient": f"{intercept:.6g}", "unit": unit,
         "per deviation": ""}
    )  # fmt: skip
    right = ("raw coefficient", "per deviation")
    config = {name: st.column_config.TextColumn(name, alignment="right") for name in right}
    st.dataframe(
        rows, hide_index=True, key="coefficient_table", column_config=config, alt="Coefficients with their units"
    )


def _unit(t: Trained) -> str:
    """Return the unit of the target, or its name where the table gives it none."""
    return t.dataset.target.table_unit or t.dataset.target.label


def _units(t: Trained) -> list[str]:
    """Return the unit of each coefficient: the target's unit per unit of the column.

    A ratio and a column of 0 and 1 have units of their own, and so has a feature whose name looks like a product.
    """
    by_name = {f.name: f.per for f in t.dataset.features}

    def per(name: str) -> str:
        parts = [name] if name in by_name else name.split("·")
        return " · ".join(by_name.get(part, "unit") for part in parts)

    return [f"{_unit(t)} per {per(name)}" for name in t.preparation.columns]


def about(t: Trained) -> None:
    """Draw features with meaning, unit and range, and where the data come from."""
    source = t.dataset
    with st.expander("About the data"):
        st.dataframe(
            [
                {
                    "feature": f.name,
                    "meaning": f"one of {len(f.categories)} texts" if f.categories else f.meaning,
                    "unit": f.unit,
                    "lowest": "" if f.categories else f"{f.low:g}",
                    "highest": "" if f.categories else f"{f.high:g}",
                }
                for f in source.features
            ],
            hide_index=True,
            key="about",
            alt="Features with units and observed ranges",
        )
        if source.name == OWN:
            st.caption(f"Target: {literal(source.target.meaning)}. Source: {literal(source.label)}, {source.source}.")
        else:
            st.caption(f"Target: {source.target.meaning}. Source: {source.source}. {source.licence}")


current = _state.trained()
if current.config is None:
    st.info(
        "The current model came from a file and was trained elsewhere. Close the file in the sidebar to train here.",
        icon=":material/model_training:",
    )
    _table.render()
else:
    sentence(current)
    _table.render()
    settings_form()
    _preparing.ratios(current)
    report(current)
    (class_charts if current.dataset.task == "classification" else charts)(current)
    _train_trees.importances(current)
    about(current)
    _tuning.render()
