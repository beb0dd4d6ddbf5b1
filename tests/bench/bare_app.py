"""The dashboard with one more route beside its interface: the barest FastAPI that does the same sum.

Only `bench_api.py` starts it.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import streamlit as st
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.routing import Mount

from core import bundled
from core.api import api
from pages import _front, _server
from tests.sources import ROOT

bare = FastAPI()
parts = bundled.default().parts("quantized")
COEF, INTERCEPT = parts.values["coef"][0], parts.values["intercept"][0]


@bare.post("/predict")
async def predict(row: list[float]) -> dict[str, float]:
    """Return the same sum, as plainly as FastAPI can: no checks but its own, no log, no names."""
    return {"prediction": float(np.array(row) @ COEF + INTERCEPT)}


app = st.App(
    ROOT / "pages" / "_router.py",
    routes=[Mount("/api", app=api), Mount("/bare", app=bare)],
    middleware=[Middleware(_front.FrontPage, base_path="")],
    lifespan=_server.lifespan,
)
