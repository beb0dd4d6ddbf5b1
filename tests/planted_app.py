"""An app behind the dashboard's gate whose page and route both fail; only `test_failures.py` starts it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from core import gate, logs
from core.api import api, mark_ready
from core.settings import settings
from pages import _failures


async def fail(request: Request) -> Response:
    """Fail with a message that nobody may see."""
    raise ValueError(f"planted secret {4700 + 11}")  # its line may be shown, its words may not


mark_ready()
logs.configure(settings().logs)
_failures.keep_values_out()
app = st.App(
    Path(__file__).resolve().parent / "planted_page.py",
    routes=[Mount("/api", app=api), Route("/fail", fail)],
    middleware=gate.middleware("", [], lambda session: (0, 0), 1),
    on_script_error=_failures.show,
)
