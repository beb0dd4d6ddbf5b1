"""What `POST /monitor` takes and gives, as JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping

from core.api.parts import COUNT, NUMBER, TEXT, Schema, answered, by_name, either, many, said, strict
from core.drift import DRIFT, FEW, LITTLE, NONE

VERDICT: Schema = {"type": "string", "enum": [DRIFT, LITTLE, NONE, FEW]}

_SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
_EFFECT = answered(
    "How large the change is, and from where on it is drift.", {"name": TEXT, "value": NUMBER, "limit": NUMBER}
)
_TEST = answered(
    "A test that counts; adjusted is the p-value after Holm's correction over all tests of the batch.",
    {"name": TEXT, "p": _SHARE, "adjusted": _SHARE, "effects": many(_EFFECT), "verdict": VERDICT},
)
_COLUMN = answered(
    "A feature of the batch, or the predictions; null where a statistic means nothing.",
    {
        "name": TEXT,
        "label": TEXT,
        "unit": TEXT,
        "kind": {"type": "string", "enum": ["number", "flag", "text", "constant"]},
        "verdict": VERDICT,
        "why": TEXT,
        "count": said(COUNT, "Values that are not missing."),
        "missing": _SHARE,
        "missing_reference": either(_SHARE),
        "below": said(_SHARE, "Share of the values below those seen in training."),
        "above": _SHARE,
        "unseen": said(_SHARE, "Share of texts that training never saw."),
        "psi": either(NUMBER),
        "ks": either(_SHARE),
        "wasserstein": said(either(NUMBER), "In the unit of the feature."),
        "shift": said(either(NUMBER), "The same in interquartile ranges."),
        "chi_square": either(NUMBER),
        "distance": said(either(_SHARE), "Total variation of the categories."),
        "tests": many(_TEST),
        "quantiles": said(many(NUMBER), "0, 5, …, 100 %; none of a text."),
        "quantiles_reference": many(NUMBER),
        "labels": many(TEXT),
        "bins": said(many(_SHARE), "Shares of the categories, or of the bins between the reference's quantiles."),
        "bins_reference": many(_SHARE),
    },
)
_PERFORMANCE = answered(
    "How good one model is on the batch, with a 99 % interval, against the test rows.",
    {
        "variant": TEXT,
        "metric": {"type": "string", "enum": ["mae", "accuracy"]},
        "value": NUMBER,
        "low": NUMBER,
        "high": NUMBER,
        "reference": either(NUMBER),
        "verdict": TEXT,
        "metrics": {"type": "object"},
    },
)
_GAP = answered(
    "How far the quantised model is from the original, on the batch and on the test rows.",
    {
        "mean": NUMBER,
        "largest": NUMBER,
        "reference": either(NUMBER),
        "low": either(NUMBER),
        "high": either(NUMBER),
        "verdict": TEXT,
        "difference": either({"type": "object"}),
        "difference_reference": either(NUMBER),
    },
)


def monitor_schemas(model: Schema, rows: Schema) -> Mapping[str, Schema]:
    """Return the schemas by name; `model` and `rows` are the fields that other requests have as well."""
    return {
        "MonitorRequest": strict(
            "A batch for a model. Names that the model does not have are ignored, and listed in the answer.",
            {
                "model": model,
                "rows": rows,
                "targets": said(many({"anyOf": [NUMBER, TEXT]}), "The true value, or class, of each row."),
            },
            ("rows",),
        ),
        "Column": _COLUMN,
        "DriftReport": answered(
            "What is to be said of the batch; the method stands in docs/drift.md.",
            {
                "model": TEXT,
                "verdict": VERDICT,
                "verdict_features": VERDICT,
                "verdict_predictions": VERDICT,
                "drifting": many(TEXT),
                "rows": COUNT,
                "rows_reference": either(COUNT),
                "n_tests": COUNT,
                "limits": by_name(NUMBER),
                "features": many({"$ref": "#/components/schemas/Column"}),
                "predictions": by_name({"$ref": "#/components/schemas/Column"}),
                "performance": many(_PERFORMANCE),
                "gap": either(_GAP),
                "outside_training_range": COUNT,
                "unanswered": said(COUNT, "Rows that lack a number which the model needs."),
                "ignored": many(TEXT),
                "notes": many(TEXT),
            },
        ),
    }
