"""The small tables that scikit-learn ships: digits, wine, breast cancer, diabetes; no download."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from core.datasets.table import Dataset, Feature, Target
from core.parts import Floats

_LICENCE = "Shipped with scikit-learn, whose description names the origin and states no licence of its own."

# name: label, unit, one unit, meaning, decimals
_DIABETES = {
    "age": ("Age", "years", "year", "Age of the patient", 0),
    "sex": ("Sex", "1 or 2", "unit", "Sex, as coded in the source", 0),
    "bmi": ("Body mass index", "kg/m²", "kg/m²", "Body mass index", 1),
    "bp": ("Blood pressure", "mmHg", "mmHg", "Average blood pressure", 1),
    "s1": ("Total cholesterol", "mg/dl", "mg/dl", "Total serum cholesterol", 0),
    "s2": ("LDL", "mg/dl", "mg/dl", "Low-density lipoproteins", 1),
    "s3": ("HDL", "mg/dl", "mg/dl", "High-density lipoproteins", 1),
    "s4": ("Cholesterol ratio", "ratio", "unit", "Total cholesterol divided by HDL", 2),
    "s5": ("Log triglycerides", "log mg/dl", "unit", "Possibly the logarithm of serum triglycerides", 4),
    "s6": ("Blood sugar", "mg/dl", "mg/dl", "Blood sugar level", 0),
}

_WINE_UNITS = {"alcohol": "% by volume", "alcalinity_of_ash": "mEq/l", "magnesium": "mg/l", "proline": "mg/l"}


def _digest(X: Floats, y: Floats) -> str:
    table = np.ascontiguousarray(np.column_stack([X, y]), dtype="<f8")
    return hashlib.sha256(table.tobytes()).hexdigest()


def _features(names: Sequence[str], X: Floats, words: Mapping[str, tuple[str, str, str, str, int]]) -> Any:
    return tuple(
        Feature(name, *words[name][:4], float(c.min()), float(c.max()), words[name][4])
        for name, c in zip(names, X.T, strict=True)
    )


@cache
def diabetes() -> Dataset:
    """Return the diabetes table in its own units, not in scikit-learn's scaled form."""
    from sklearn.datasets import load_diabetes

    found = load_diabetes(scaled=False)
    X, y = found.data.astype(np.float64), found.target.astype(np.float64)
    target = Target("progression", "Disease progression", "points", 1.0, "Progression one year after the baseline")
    source = "Efron, Hastie, Johnstone and Tibshirani, Least Angle Regression, Annals of Statistics 32 (2004)"
    return Dataset(
        "diabetes", "Diabetes", "regression", _features(list(_DIABETES), X, _DIABETES), target, X, y,
        source, _LICENCE, _digest(X, y),
    )  # fmt: skip


def _classification(
    name: str, label: str, found: Any, words: Mapping[str, tuple[str, str, str, str, int]],
    classes: tuple[str, ...], target: Target, source: str,
) -> Dataset:  # fmt: skip
    X, y = found.data.astype(np.float64), found.target.astype(np.float64)
    features = _features(list(words), X, words)
    return Dataset(
        name, label, "classification", features, target, X, y, source, _LICENCE, _digest(X, y), classes=classes
    )


@cache
def digits() -> Dataset:
    """Return the digits: 64 pixels of 0 to 16, row by row."""
    from sklearn.datasets import load_digits

    words = {
        f"pixel_{r}_{c}": (f"Pixel {r + 1}.{c + 1}", "0 to 16", "step", f"Ink in row {r + 1}, column {c + 1}", 0)
        for r in range(8)
        for c in range(8)
    }
    target = Target("digit", "Digit", "", 1.0, "The digit that was written")
    source = "E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits (1998), test part, UCI repository"
    classes = tuple(str(d) for d in range(10))
    return _classification("digits", "Digits", load_digits(), words, classes, target, source)


@cache
def wine() -> Dataset:
    """Return the wines with their three cultivars."""
    from sklearn.datasets import load_wine

    found = load_wine()
    words = {}
    for name in found.feature_names:
        label = name.replace("_", " ").replace("/", " / ").capitalize()
        unit = _WINE_UNITS.get(name, "as measured")
        words[name] = (label, unit, "unit", label, 2)
    target = Target("cultivar", "Cultivar", "", 1.0, "The cultivar that the wine was made of")
    source = "M. Forina and others, PARVUS (1988), UCI repository"
    return _classification("wine", "Wine", found, words, ("cultivar 1", "cultivar 2", "cultivar 3"), target, source)


@cache
def breast_cancer() -> Dataset:
    """Return the tumours with their diagnoses."""
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer()
    words = {}
    for name in (str(n) for n in found.feature_names):
        words[name] = (name.capitalize(), "as measured", "unit", f"{name.capitalize()} of the cell nuclei", 4)
    target = Target("diagnosis", "Diagnosis", "", 1.0, "The diagnosis of the tumour")
    source = "W. N. Street, W. H. Wolberg and O. L. Mangasarian, Nuclear feature extraction (1993), UCI repository"
    classes = tuple(str(n) for n in found.target_names)
    return _classification("breast_cancer", "Breast cancer", found, words, classes, target, source)
