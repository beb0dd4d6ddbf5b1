"""From a raw row to the model's columns, as plain numbers: gaps, ratios, products, texts, scaling."""

from __future__ import annotations

from core.prepare.gaps import IMPUTES, check_missing
from core.prepare.preparation import MOST_COLUMNS, REACH, SCALINGS, Preparation, check_rows, fit, from_json
from core.prepare.products import DEGREES, count, expand, terms
from core.prepare.ratios import KNOWN, Ratio, parse, resolve
from core.prepare.texts import MOST_CATEGORIES, Text, sketch

__all__ = [
    "DEGREES",
    "IMPUTES",
    "KNOWN",
    "MOST_CATEGORIES",
    "MOST_COLUMNS",
    "REACH",
    "SCALINGS",
    "Preparation",
    "Ratio",
    "Text",
    "check_missing",
    "check_rows",
    "count",
    "expand",
    "fit",
    "from_json",
    "parse",
    "resolve",
    "sketch",
    "terms",
]
