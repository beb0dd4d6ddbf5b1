"""The server's entry: Streamlit's pages, the REST interface under /api, and what happens before the first visit."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))  # so that `core` and `pages` are one package each, wherever the server starts

# Many visitors on few cores: every rerun is a thread already, and our matrices are small. Worker threads
# inside the linear algebra would only fight over the cores. Read when numpy is first imported, so set before.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import streamlit as st  # noqa: E402  (numpy comes with it; the variables above must stand first)
from starlette.middleware import Middleware  # noqa: E402
from starlette.routing import Mount  # noqa: E402

from core import gate  # noqa: E402
from core.api import api  # noqa: E402
from pages import _failures, _front, _server  # noqa: E402

BASE = _front.base_path()
scripts = [gate.script_hash(text) for text in _front.inline_scripts(BASE)]
largest = st.get_option("server.maxUploadSize") * 1024 * 1024

# A literal `st.App(...)`, because Streamlit finds it by reading this file; an absolute path, because a relative
# one depends on what ran before; the entry inside pages/, because beside it cold deep links miss the router.
app = st.App(
    ROOT / "pages" / "_router.py",
    routes=[Mount(f"{BASE}/api", app=api)],
    middleware=[
        *gate.middleware(BASE, scripts, _server.held, largest),
        Middleware(_front.FrontPage, base_path=BASE),
    ],
    lifespan=_server.lifespan,
    on_script_error=_failures.show,
)
