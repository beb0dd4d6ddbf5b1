"""`LINEAR`: the linear models that can be trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.fields import Choice, Flag, Number
from core.models.model import Model

_ALPHA_HELP = "Strength of the penalty; larger values pull the coefficients towards zero."
_POSITIVE = Flag(False, "Only positive", "Allow no coefficient below zero.")
_ROUNDS = Number(1000, 10, 10_000, integer=True, label="Rounds at most", help="Limit of the solver's rounds.")

# One multiplication of these solvers takes as long as so many of a matrix product: measured, on a core that is busy.
_DESCENT, _SAGA, _LBFGS = 4, 26, 3


def _rounds_of_descent(params: Mapping[str, Any], n: int, p: int, k: int) -> float:
    return float(_DESCENT * params["max_iter"] * n * p)


def _logistic_work(params: Mapping[str, Any], n: int, p: int, k: int) -> float:
    if params["solver"] == "newton-cholesky":  # converges in about twenty rounds or not at all
        return 20.0 * n * (p * k) ** 2 / 10
    return float((_SAGA if params["solver"] == "saga" else _LBFGS) * params["max_iter"] * n * p * k)


def _linear(positive: bool, rank_tol: float) -> Any:
    from sklearn.linear_model import LinearRegression

    return LinearRegression(positive=positive, tol=rank_tol)


def _ridge(rank_tol: float, **params: Any) -> Any:
    from sklearn.linear_model import Ridge

    # 'svd' and 'cholesky' differ by rounding only; svd stays exact on nearly dependent columns.
    return Ridge(**params, solver="auto" if params["positive"] else "svd")


def _lasso(rank_tol: float, **params: Any) -> Any:
    from sklearn.linear_model import Lasso

    return Lasso(**params)


def _elastic_net(rank_tol: float, **params: Any) -> Any:
    from sklearn.linear_model import ElasticNet

    return ElasticNet(**params)


def _logistic(rank_tol: float, **params: Any) -> Any:
    from sklearn.linear_model import LogisticRegression

    # The seed only matters to saga, which visits the rows in random order.
    return LogisticRegression(**params, random_state=42)


LINEAR: dict[str, Model] = {
    "linear": Model(
        "Linear regression",
        "regression",
        "linear",
        "Ordinary least squares, on all directions of the data.",
        {"positive": _POSITIVE},
        _linear,
        lambda params: None if params["positive"] else 0.0,
    ),
    "ridge": Model(
        "Ridge",
        "regression",
        "linear",
        "Least squares with a penalty on squared coefficients.",
        {"alpha": Number(1.0, 0, 1e9, label="Penalty alpha", help=_ALPHA_HELP), "positive": _POSITIVE},
        _ridge,
        lambda params: None if params["positive"] else float(params["alpha"]),
    ),
    "lasso": Model(
        "Lasso",
        "regression",
        "linear",
        "Least squares with a penalty on absolute coefficients; some become exactly zero.",
        {
            "alpha": Number(0.01, 0, 1e6, open_low=True, label="Penalty alpha", help=_ALPHA_HELP),
            "positive": _POSITIVE,
            "max_iter": _ROUNDS,
        },
        _lasso,
        work=_rounds_of_descent,
    ),
    "elastic_net": Model(
        "Elastic net",
        "regression",
        "linear",
        "Both penalties, mixed.",
        {
            "alpha": Number(0.01, 0, 1e6, open_low=True, label="Penalty alpha", help=_ALPHA_HELP),
            "l1_ratio": Number(
                0.5, 0.01, 1, label="Share of the absolute penalty", help="1 is lasso, near 0 is ridge."
            ),
            "positive": _POSITIVE,
            "max_iter": _ROUNDS,
        },
        _elastic_net,
        work=_rounds_of_descent,
    ),
    "logistic": Model(
        "Logistic regression",
        "classification",
        "linear",
        "One weighted sum a class; the largest wins. Two classes share one sum.",
        {
            "C": Number(1.0, 0, 1e9, open_low=True, label="C", help="Smaller values pull the coefficients to zero."),
            "solver": Choice(
                "lbfgs", ("lbfgs", "newton-cg", "newton-cholesky", "saga"), "Solver", "How the best fit is sought."
            ),
            "max_iter": Number(1000, 1, 10_000, integer=True, label="Rounds at most", help="Limit of the solver."),
        },
        _logistic,
        work=_logistic_work,
    ),
}
