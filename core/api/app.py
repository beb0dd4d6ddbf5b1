"""The routes: thin, and the same way for all: check the body, do the work, send JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from threading import Event
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from core.api import body, describe, library, monitor, page, pool, predict, quantize
from core.api.guard import NOTES, Guard
from core.api.refusal import HEADERS, Refusal, refused
from core.artifact.model import Model, library_versions
from core.errors import ArtifactError, InvalidInput
from core.version import VERSION
from core.workspaces import ALLOWED, HEADER, folder_of, is_key, key_in

# A body that is no longer than this is answered at once: a thread would take longer to be woken.
QUICK_BYTES = 8 * 1024
QUICK_ROWS = 64

_STARTED = time.monotonic()
_ready = Event()

# Our own page of documentation: FastAPI's load scripts from elsewhere.
api = FastAPI(title="Bitdial", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
api.add_middleware(Guard)


def mark_ready(default: Model | None = None) -> None:
    """Say that the default model is at hand: `default`, or one that is trained now; once said it stays so."""
    if default is not None:
        library.put_default(default)
    library.find(library.DEFAULT)
    _ready.set()


def _note(request: Request, **fields: Any) -> None:
    """Write into the line of the log: names and counts, never values."""
    request.scope[NOTES].update(fields)


def _workspace(request: Request) -> str:
    """Return the folder of the workspace whose key a request carries, "" where it carries none; the header wins."""
    given = request.headers.get(HEADER)
    if given is not None and not is_key(given):
        raise Refusal(422, HEADER, "another text", ALLOWED)
    key = key_in(request.headers.get("cookie", "")) if given is None else given
    return folder_of(key) if key else ""


def _json(value: Any) -> Response:
    try:
        # Read-only mappings become dicts.
        data = orjson.dumps(value, dict, orjson.OPT_SERIALIZE_NUMPY)
    except orjson.JSONEncodeError:  # a file may carry whole numbers beyond 64 bits
        data = json.dumps(value, allow_nan=False, default=dict).encode()
    return Response(data, 200, HEADERS, "application/json")


def _route(path: str, method: str) -> Callable[[Callable[[Request], Awaitable[Response]]], None]:
    """Return a decorator that makes a function answer `path`, described in `describe` and nowhere else."""

    def add(answer: Callable[[Request], Awaitable[Response]]) -> None:
        async def noted(request: Request) -> Response:
            request.scope[NOTES]["route"] = path
            return await answer(request)

        # Starlette's own route: FastAPI's would look for parameters and models that are not there, for every request.
        api.add_route(path, noted, methods=[method], include_in_schema=False)

    return add


# The first of the routes, which are looked through in their order.
@_route("/predict", "POST")
async def _predict(request: Request) -> Response:
    """Return both models' answers to the rows in the body."""
    data, folder = await body.read(request), _workspace(request)
    if len(data) > QUICK_BYTES:
        found = await pool.run(lambda: _predicted(predict.wish(body.decode(data)), folder))
    else:
        wanted = predict.wish(body.decode(data))
        served = wanted.served(folder)
        if served is not None and isinstance(wanted.rows, list) and len(wanted.rows) <= QUICK_ROWS:
            found = predict.answer(wanted, served)
        else:
            found = await pool.run(_predicted, wanted, folder)
    _note(request, model=found["model"], variant=found["variant"], rows=found["rows"])
    return _json(found)


def _predicted(wanted: predict.Wish, folder: str) -> dict[str, Any]:
    return predict.answer(wanted, wanted.load(folder))


@_route("/health", "GET")
async def _health(request: Request) -> Response:
    """Return whether the process can serve a complete page, and what it is made of."""
    ready = _ready.is_set()
    return _json(
        {
            "status": "ok" if ready else "starting",
            "version": VERSION,
            "default_model_ready": ready,
            "uptime_seconds": round(time.monotonic() - _STARTED, 3),
            "versions": dict(library_versions()),
        }
    )


@_route("/models", "GET")
async def _models(request: Request) -> Response:
    """Return what can be asked for."""
    return _json(await pool.run(library.listed, _workspace(request)))


@_route("/quantize", "POST")
async def _quantize(request: Request) -> Response:
    """Return the comparison of an original with its quantised twin."""
    wanted = quantize.wish(body.decode(await body.read(request)))
    found = await pool.run(quantize.answer, wanted, _workspace(request))
    _note(request, model=wanted.model or None, method=wanted.scheme.method, bits=wanted.scheme.bits)
    return _json(found)


@_route("/monitor", "POST")
async def _monitor(request: Request) -> Response:
    """Return what is to be said of a batch of rows."""
    data, folder = await body.read(request), _workspace(request)
    found = await pool.run(lambda: monitor.answer(monitor.wish(body.decode(data)), folder))
    _note(request, model=found["model"], rows=found["rows"], verdict=found["verdict"])
    return _json(found)


def _document(request: Request) -> dict[str, Any]:
    """Return the description with the path under which this is mounted, which may have a base path before it."""
    return {**describe.document(), "servers": [{"url": request.scope["root_path"]}]}


@_route("/openapi.json", "GET")
async def _description(request: Request) -> Response:
    """Return the description of this interface."""
    return _json(_document(request))


@_route("/docs", "GET")
async def _docs(request: Request) -> Response:
    """Return the same for people, in one page that needs nothing else."""
    return Response(page.html(_document(request)), 200, {**HEADERS, **page.HEADERS}, "text/html; charset=utf-8")


async def _on_bad_input(request: Request, error: Exception) -> Response:
    return refused(error if isinstance(error, InvalidInput) else Refusal(422, "model", "", str(error)))


async def _on_no_route(request: Request, error: Exception) -> Response:
    """Answer for what no route took: an unknown path, or a method that it does not have."""
    status, headers = getattr(error, "status_code", 404), getattr(error, "headers", None) or {}
    if status == 405:
        return refused(Refusal(405, "method", request.method, f"{headers.get('Allow', 'GET')} here", headers=headers))
    return refused(Refusal(status, "path", "an unknown one", "one of " + ", ".join(describe.PATHS)))


api.add_exception_handler(InvalidInput, _on_bad_input)
api.add_exception_handler(ArtifactError, _on_bad_input)
api.add_exception_handler(HTTPException, _on_no_route)
