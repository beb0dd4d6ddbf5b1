"""The dashboard with one more route beside its interface: the barest FastAPI that does the same sum.

Only `bench_api.py` starts it.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from app import app as served  # first: it also says how many threads the linear algebra may have

import numpy as np  # isort: skip
import streamlit as st
from fastapi import FastAPI
from starlette.routing import Mount

from core import bundled
from pages import _server
from tests.sources import ROOT

bare = FastAPI()
parts = bundled.default().parts("quantized")
COEF, INTERCEPT = parts.values["coef"][0], parts.values["intercept"][0]


@bare.post("/predict")
async def predict(row: list[float]) -> dict[str, float]:
    """Return the same sum, as plainly as FastAPI can: no checks but its own, no log, no names."""
    return {"prediction": float(np.array(row) @ COEF + INTERCEPT)}


# All that stands before the dashboard's own routes stands before the bare one as well.
app = st.App(
    ROOT / "pages" / "_router.py",
    routes=[*served._user_routes, Mount("/bare", app=bare)],
    middleware=served._user_middleware,
    lifespan=_server.lifespan,
)
