"""The REST interface under /api; the only file in core that imports fastapi."""

from __future__ import annotations

import time
from threading import Event
from typing import Literal

from fastapi import FastAPI
from pydantic import BaseModel

from core.version import VERSION

_STARTED = time.monotonic()
_ready = Event()

# No pages of documentation that load scripts from elsewhere; the description itself is at /api/openapi.json.
api = FastAPI(title="Bitdial", version=VERSION, docs_url=None, redoc_url=None, openapi_url="/openapi.json")


class Health(BaseModel):
    """What a health check may rely on: `status` is "ok" once the default model is trained."""

    status: Literal["ok", "starting"]
    version: str
    default_model_ready: bool
    uptime_seconds: float


def mark_ready() -> None:
    """Say that the default model is trained; once said it stays so."""
    _ready.set()


@api.get("/health")
async def health() -> Health:
    """Return whether the process can serve a complete page."""
    ready = _ready.is_set()
    return Health(
        status="ok" if ready else "starting",
        version=VERSION,
        default_model_ready=ready,
        uptime_seconds=round(time.monotonic() - _STARTED, 3),
    )
