"""The description of the interface, OpenAPI 3.1: every path, with examples that were made by the code they are of."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from core import bundled
from core.api import predict
from core.api.guard import MAX_BODY
from core.api.parts import ref
from core.api.refusal import Refusal, error_of
from core.api.rows import MAX_ROWS
from core.api.schemas import SCHEMAS
from core.api.served import Served
from core.datasets import load
from core.version import VERSION
from core.workspaces import COOKIE, HEADER

PATHS = ("/health", "/models", "/predict", "/quantize", "/monitor", "/docs", "/openapi.json")
JSON = "application/json"

_REFUSED = {
    "404": "There is no such model, or it does not open.",
    "405": "The path takes another method.",
    "408": "The body did not come in time.",
    "413": f"The body has more than {MAX_BODY:,} bytes (1 MiB).",
    "415": f"The body is not announced as {JSON}.",
    "422": "A field, or one value of a row, is not what it must be; the answer names it.",
    "429": "You, or all together, ask too often; `Retry-After` says when to come again (hosted servers only).",
    "503": "Too many requests are being answered; come again in a few seconds.",
}

_LISTING = ("422", "429", "503")

_KEY = {
    "parameters": [
        {
            "name": HEADER,
            "in": "header",
            "required": False,
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"},
            "description": "The key of a workspace: with it, what was saved there can be asked for beside the shared "
            "models. Predict shows it with the request of a saved model; it is like a password. Browsers send it as "
            f"the cookie `{COOKIE}`; the header wins. The id of a model in another workspace is one that is unknown.",
        }
    ]
}


def row() -> dict[str, Any]:
    """Return a row of the default model as an example: the first of its table."""
    data = load("california_housing")
    return dict(zip(data.feature_names, data.X[0].tolist(), strict=True))


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Return the description; made once, and nobody changes it."""
    asked = {"model": "default", "variant": "both", "rows": [row()]}
    found = predict.answer(predict.wish(asked), Served("default", bundled.default()))
    wrong = Refusal(422, "rows[0].MedInc", "8.3", "a finite number", 0, "MedInc")
    experiment = {"experiment": {"train": {"model": "ridge"}, "scheme": {"method": "asymmetric", "bits": 4}}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bitdial",
            "version": VERSION,
            "description": f"Models and their quantised twins: up to {MAX_ROWS:,} raw rows a request, answered by "
            "both. Bodies are strict JSON: no other fields, no numbers as texts, no NaN. Models that were saved in a "
            f"browser are served to it, and to programs that send the key of its workspace as `{HEADER}`.",
        },
        "servers": [{"url": "/api"}],
        "paths": {
            "/health": {"get": _described("Whether the server is ready", "Health")},
            "/models": {"get": {**_described("The models that can be asked for", "Models", refused=_LISTING), **_KEY}},
            "/predict": {
                "post": {
                    **_described("Answers of both models to raw rows", "Prediction", found, tuple(_REFUSED), wrong),
                    **_body("PredictRequest", asked),
                    **_KEY,
                }
            },
            "/quantize": {
                "post": {
                    **_described("Quantise a recipe or a saved model", "Comparison", None, tuple(_REFUSED)),
                    **_body("QuantizeRequest", experiment),
                    **_KEY,
                }
            },
            "/monitor": {
                "post": {
                    **_described("Drift of a batch against training", "DriftReport", None, tuple(_REFUSED)),
                    **_body("MonitorRequest", {"model": "default", "rows": [row()], "targets": [4.526]}),
                    **_KEY,
                }
            },
            "/openapi.json": {"get": _described("This description")},
            "/docs": {"get": _page()},
        },
        "components": {"schemas": SCHEMAS},
    }


def _described(
    words: str, schema: str = "", example: Any = None, refused: tuple[str, ...] = (), wrong: Refusal | None = None
) -> dict[str, Any]:
    """Return what a path answers: the schema of its success, and of what it refuses."""
    content: dict[str, Any] = {"schema": ref(schema) if schema else {"type": "object"}}
    if example is not None:
        content["example"] = example
    refusals: dict[str, Any] = {}
    for status in refused:
        error: dict[str, Any] = {"schema": ref("Error")}
        if wrong is not None and status == "422":
            error["example"] = error_of(wrong)
        refusals[status] = {"description": _REFUSED[status], "content": {JSON: error}}
    answers = {"200": {"description": words, "content": {JSON: content}}, **refusals}
    return {"summary": words, "responses": answers}


def _body(schema: str, example: Any) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {JSON: {"schema": ref(schema), "example": example}}}}


def _page() -> dict[str, Any]:
    answer = {"description": "One page that needs nothing else.", "content": {"text/html": {"schema": {}}}}
    return {"summary": "This description for people", "responses": {"200": answer}}
