"""What comes and goes, as JSON Schema: the parts of the description that requests and answers are checked against."""

from __future__ import annotations

from core.api.monitor_schemas import monitor_schemas
from core.api.parts import COUNT, FLAG, NUMBER, TEXT, Schema, answered, by_name, either, many, ref, said, strict
from core.api.predict import BOTH
from core.api.rows import MAX_ROWS
from core.artifact import VARIANTS
from core.datasets import DATASETS
from core.models import MODELS
from core.quant import BITS, METHOD_NAMES, SWITCHES

_VALUE: Schema = {"anyOf": [NUMBER, TEXT, FLAG, {"type": "null"}]}
_SCHEME = strict(
    "How to quantise. What is left out has its default; params are the method's own settings.",
    {
        "method": {"type": "string", "enum": list(METHOD_NAMES)},
        "bits": {"type": "integer", "minimum": int(BITS.low), "maximum": int(BITS.high)},
        **{name: {"type": "string", "enum": list(choice.options)} for name, choice in SWITCHES.items()},
        "params": {"type": "object"},
    },
)
_EXPERIMENT = strict(
    "A recipe on a bundled table: what `compare --json` prints as experiment. What is left out has its default.",
    {
        "data": strict(
            "Table, share of test rows, seed of the split.",
            {
                "dataset": {"type": "string", "enum": list(DATASETS)},
                "test_size": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
                "seed": {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
            },
        ),
        "train": {
            "type": "object",
            "description": "model, scaling, degree, params, and what is done with gaps.",
            "properties": {
                "model": {"type": "string", "enum": list(MODELS)},
                "scaling": {"type": "string", "enum": ["standard", "none"]},
                "degree": {"type": "integer", "minimum": 1, "maximum": 2},
                "params": {"type": "object"},
            },
        },
        "scheme": ref("Scheme"),
    },
)
_MODEL_FIELD = said(
    {"type": "string", "maxLength": 64},
    "Id of a model, see `GET /models`; `default` where left out. `champion` and `challenger` follow the registry "
    "within a second.",
)

_FEATURE = answered(
    "A column of the raw rows; its range is that of the training rows.",
    {
        "name": TEXT,
        "label": TEXT,
        "unit": TEXT,
        "kind": {"type": "string", "enum": ["number", "flag", "text"]},
        "low": either(NUMBER),
        "high": either(NUMBER),
        "categories": many(TEXT),
        "may_be_missing": FLAG,
    },
)
_MODEL = answered(
    "One model, or a model and its quantised twin.",
    {
        "id": TEXT,
        "label": TEXT,
        "family": TEXT,
        "task": {"type": "string", "enum": ["regression", "classification"]},
        "holds": many({"type": "string", "enum": list(VARIANTS)}),
        "data": either({"type": "object"}),
        "train": either({"type": "object"}),
        "scheme": either({"type": "object"}),
        "features": many(ref("Feature")),
        "target": answered("What is predicted.", {"name": TEXT, "unit": TEXT}),
        "classes": many(TEXT),
        "metrics": said({"type": "object"}, "By model, then by the rows they were measured on; and their difference."),
        "sizes": said(by_name({"type": "object"}), "Bytes by model: payload, side, container, file."),
        "bytes": said(COUNT, "Of its file; 0 where it has none."),
        "contributions": said(FLAG, "Whether `POST /predict` can say what made an answer."),
        "versions": by_name(TEXT),
    },
)
_LISTED = answered(
    "Every model that can be asked for: the default, aliases of the registry, and the newest files first.",
    {
        "models": many(ref("Model")),
        "unreadable": many(answered("A file that does not open.", {"id": TEXT, "reason": TEXT})),
        "not_listed": said(COUNT, "How many older files were left out."),
    },
)
_ROW: Schema = {"anyOf": [many(_VALUE), by_name(_VALUE)]}
_ASKED: dict[str, Schema] = {
    "variant": said({"type": "string", "enum": [*VARIANTS, BOTH]}, "All that the model holds where left out."),
    "rows": said(
        many(_ROW, minItems=1, maxItems=MAX_ROWS),
        "Each an array in the order of the features, or an object by their names; null where a value is missing.",
    ),
    "contributions": said({"type": "boolean", "default": False}, "Linear models: what made each answer."),
}
_CONTRIBUTIONS = answered(
    "By model: base and values add up to the answer, or to the score of each class.",
    {"columns": many(TEXT)},
    {
        name: answered("values[row][score][column]", {"base": many(NUMBER), "values": many(many(many(NUMBER)))})
        for name in VARIANTS
    },
)
_PREDICTION = answered(
    "Answers by model, in the order of the rows.",
    {
        "model": either(TEXT),
        "variant": {"type": "string", "enum": [*VARIANTS, BOTH]},
        "rows": COUNT,
        "unit": TEXT,
        "predictions": by_name(many({"anyOf": [NUMBER, TEXT]})),
        "outside_training_range": said(COUNT, "Rows with a number beyond those seen in training."),
        "unknown": said(
            many(answered("A text that training never saw.", {"row": COUNT, "column": TEXT, "value": TEXT})),
            "They count as none of the known texts.",
        ),
        "missing": said(COUNT, "Values that were null."),
    },
    {
        "difference": said(many(NUMBER), "Quantised minus original."),
        "classes": many(TEXT),
        "probabilities": by_name(many(many(NUMBER))),
        "contributions": ref("Contributions"),
    },
)
_COMPARISON: Schema = {
    "type": "object",
    "description": "What `compare --json` prints: metrics, difference with its interval, parameters, bytes.",
    "properties": {
        "experiment": either({"type": "object"}),
        "original": by_name({"type": "object"}),
        "quantized": by_name({"type": "object"}),
        "difference": either({"type": "object"}),
        "parameters": {"type": "object"},
        "predictions": by_name({"type": "array"}),
        "agreement": {"type": "object"},
        "sizes": {"type": "object"},
        "scheme": {"type": "object"},
        "fidelity": either(NUMBER),
        "notes": many(TEXT),
    },
    "required": ["original", "quantized", "difference", "parameters", "sizes", "scheme", "notes"],
}
_ERROR = answered(
    "The one form of every answer but 200.",
    {
        "error": answered(
            "What was wrong; row (from 0) and column where it was one value.",
            {
                "field": TEXT,
                "value": _VALUE,
                "allowed": TEXT,
                "message": TEXT,
                "row": either(COUNT),
                "column": either(TEXT),
            },
        )
    },
)
_HEALTH = answered(
    "Whether the process can serve a complete page.",
    {
        "status": {"type": "string", "enum": ["ok", "starting"]},
        "version": TEXT,
        "default_model_ready": FLAG,
        "uptime_seconds": {"type": "number", "minimum": 0},
        "versions": by_name(TEXT),
    },
)

SCHEMAS: dict[str, Schema] = {
    "Health": _HEALTH,
    "Feature": _FEATURE,
    "Model": _MODEL,
    "Models": _LISTED,
    "PredictRequest": {
        "description": "Rows for a model, or for a recipe that is quick to train.",
        "anyOf": [
            strict("A model.", {"model": _MODEL_FIELD, **_ASKED}, ("rows",)),
            strict("A recipe.", {"experiment": ref("Experiment"), **_ASKED}, ("experiment", "rows")),
        ],
    },
    "Contributions": _CONTRIBUTIONS,
    "Prediction": _PREDICTION,
    "Scheme": _SCHEME,
    "Experiment": _EXPERIMENT,
    "QuantizeRequest": {
        "description": "A whole recipe, or a model and the scheme for it.",
        "anyOf": [
            strict("A recipe.", {"experiment": ref("Experiment")}, ("experiment",)),
            strict("A model, and how to quantise it.", {"model": _MODEL_FIELD, "scheme": ref("Scheme")}),
        ],
    },
    "Comparison": _COMPARISON,
    **monitor_schemas(_MODEL_FIELD, _ASKED["rows"]),
    "Error": _ERROR,
}
