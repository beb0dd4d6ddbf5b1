"""How good predictions are: plain numbers for either task, and which of them is the main one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.moments import mean_of
from core.parts import Floats

Metrics = Mapping[str, Any]

# The figure that headlines, curves and differences show; of all of them more is better.
MAIN = {"regression": "r2", "classification": "accuracy"}
LABELS = {
    "r2": "R²",
    "rmse": "RMSE",
    "mae": "MAE",
    "accuracy": "accuracy",
    "f1_macro": "macro F1",
    "f1_weighted": "weighted F1",
    "log_loss": "log loss",
}
# The single figures of each task, in the order in which tables show them.
SCALARS = {"regression": ("r2", "rmse", "mae"), "classification": ("accuracy", "f1_macro", "f1_weighted", "log_loss")}


def regression_metrics(y: Floats, predicted: Floats) -> dict[str, float | None]:
    """Return R² (dimensionless; None when all targets are equal), RMSE and MAE in the target's unit.

    None for all three when there is no row.
    """
    if len(y) == 0:
        return {"r2": None, "rmse": None, "mae": None}
    error = y - predicted
    total = float(((y - mean_of(y)) ** 2).sum())
    r2 = 1 - float(error @ error) / total if total > 0 else None
    return {"r2": r2, "rmse": float(np.sqrt((error**2).mean())), "mae": float(np.abs(error).mean())}


def classification_metrics(y: Floats, probabilities: Floats, classes: Sequence[str]) -> dict[str, Any]:
    """Return accuracy, F1, log loss, confusion matrix and report for class numbers `y` (n,).

    `probabilities` (n, k); rows of the confusion matrix are true classes. F1 = 2PR/(P+R), 0 where a class is
    neither predicted nor present among its own; classes that are neither are left out of the macro mean, as
    scikit-learn does. Log loss is the mean of -ln p(true class), p held within [eps, 1].
    """
    k = len(classes)
    if len(y) == 0:
        empty: dict[str, Any] = dict.fromkeys(SCALARS["classification"])
        return empty | {"confusion_matrix": None, "report": None}
    truth, chosen = y.astype(np.intp), probabilities.argmax(axis=1)
    confusion = np.bincount(truth * k + chosen, minlength=k * k).reshape(k, k)
    support, predicted, right = confusion.sum(axis=1), confusion.sum(axis=0), np.diag(confusion)
    precision, recall = right / np.maximum(predicted, 1), right / np.maximum(support, 1)
    f1 = 2 * right / np.maximum(support + predicted, 1)
    seen = (support + predicted) > 0
    p_true = np.clip(probabilities[np.arange(len(truth)), truth], np.finfo(np.float64).eps, 1)
    report = {
        name: {
            "precision": float(precision[i]), "recall": float(recall[i]), "f1": float(f1[i]),
            "support": int(support[i]),
        }
        for i, name in enumerate(classes)
    }  # fmt: skip
    return {
        "accuracy": float(right.sum() / len(truth)),
        "f1_macro": float(f1[seen].mean()),
        "f1_weighted": float((f1 * support).sum() / support.sum()),
        "log_loss": float(-np.log(p_true).mean()),
        "confusion_matrix": confusion.tolist(),
        "report": report,
    }


def metrics_of(task: str, y: Floats, outputs: Floats, classes: Sequence[str] = ()) -> dict[str, Any]:
    """Return the metrics of `outputs`: values (n,) for regression, probabilities (n, k) for classification."""
    if task == "classification":
        return classification_metrics(y, outputs, classes)
    return regression_metrics(y, outputs)


def main_metric(task: str, y: Floats, outputs: Floats) -> float | None:
    """Return the main figure alone, much faster than all of them."""
    if len(y) == 0:
        return None
    if task == "classification":
        return float((outputs.argmax(axis=1) == y).mean())
    return regression_metrics(y, outputs)["r2"]
