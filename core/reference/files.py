"""Bytes of systems 000 and 001: of the numbers, counted in full, and of what each system wrote with joblib.

A file of plain arrays and numbers had the same size with every version of the libraries that was tried; that of an
estimator depends on them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.comparison import Comparison
from core.quant import Quantized
from core.reference.figure import Answer
from core.sizes import WIDTHS
from core.train import Trained, joblib_size


def bytes_000(c: Comparison) -> dict[str, Answer]:
    """Return bytes as system 000 keeps its model: codes, scale, zero point, and the intercept as float64."""
    items = {name: count for name, _, count in c.sizes["quantized"].items}
    original = c.sizes["original"].numbers
    counted = items["codes"] + WIDTHS["float64"]
    full = counted + items["scale"] + items["zero_point"]
    left_out = (
        f"{counted} bytes are codes and intercept; the scale ({items['scale']} bytes) and the zero point "
        f"({items['zero_point']}), without which no code can be read, are left out."
    )
    coded, plain = files_000(c)
    ratio = (
        f"{original} / {counted} leaves out scale and zero point; with them it is {original} / {full}. As joblib files "
        f"the quantised model is the larger one: {coded} bytes against {plain}."
    )
    return {
        "bytes_original": (original, ""),
        "bytes_quantised": (full, left_out),
        "compression_ratio": (original / full, ratio),
        "model_size_change_pct": (100 * (full / original - 1), left_out),
    }


def files_000(c: Comparison) -> tuple[int, int]:
    """Return the bytes of the joblib files that system 000 writes: of its codes, and of its plain parameters."""
    *weights, last = c.parameters
    table, intercept = c.quantized.tables["coef"], np.float64(last.original)
    coded: dict[str, Any] = {
        "method": c.quantized.scheme.method,
        "quant_coef": _codes(c.quantized),
        "coef_scale": table["scale"][0],
        "coef_zero_point": int(table["zero_point"][0]),
        "intercept": intercept,
        "original_intercept": intercept,
    }
    # Its program reads the model from a file first; arrays from a file carry a type object of their own, which is
    # written once more.
    coef = np.array([w.original for w in weights]).view(np.dtype(np.float64, copy=True))
    return joblib_size(coded), joblib_size({"coef": coef, "intercept": intercept})


def files_001(trained: Trained, window: Comparison, first: Comparison) -> dict[str, Answer]:
    """Return the sizes of the joblib files of system 001, of both its versions."""
    estimator = _estimator_file(trained)
    later = joblib_size(
        {
            "q_params": _codes(window.quantized),
            "mins": _table(window.quantized, "offset"),
            "scales": _table(window.quantized, "scale"),
        }
    )
    codes = joblib_size(_codes(first.quantized))
    scale = joblib_size({"min": _table(first.quantized, "offset")[0], "scale": _table(first.quantized, "scale")[0]})
    sizes = window.sizes
    numbers = f"{sizes['original'].numbers} bytes of numbers become {sizes['quantized'].numbers}"
    vary = (
        f"The estimator's file takes {estimator:,} bytes with the libraries installed here; other versions of them "
        "write another size."
    )
    return {
        "estimator_file": (estimator / 1024, vary),
        "window_file": (later, ""),
        "file_ratio": (
            estimator / later,
            f"{vary} What shrinks is the packing: without the estimator round them, {numbers}.",
        ),
        "first_version_files": (
            (codes + scale) / 1000,
            f"{codes} bytes of codes and {scale} of a scale and a lower end. That is the first version, whose model is "
            "useless.",
        ),
        "claimed_file_ratio": (
            estimator / later,
            f"{estimator:,} / {later:,} bytes; even the first version, whose model is useless, comes to "
            f"{estimator / (codes + scale):.2f} only.",
        ),
    }


def _estimator_file(trained: Trained) -> int:
    """Return the bytes of the estimator as system 001 fits it: on a table that names its columns."""
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    X, y = trained.rows("train")
    return joblib_size(LinearRegression(n_jobs=-1).fit(pd.DataFrame(X, columns=trained.dataset.feature_names), y))


def _codes(q: Quantized) -> Any:
    return np.concatenate([*q.codes.values()]).astype(np.uint8)


def _table(q: Quantized, name: str) -> Any:
    return np.concatenate([table[name] for table in q.tables.values()])
