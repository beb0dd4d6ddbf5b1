"""Who may import whom, and what may stand nowhere: read from the source, and proved on planted violations."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.sources import Source, sources

# Each module imports only from the rows above its own, and within its own package.
LAYERS: tuple[frozenset[str], ...] = tuple(
    frozenset(row.split())
    for row in (
        "errors version progress memo freezer",
        "settings",
        "logs",
        "jobs gate",
        "parts fields",
        "families moments packed prepare rows tables",
        "quant metrics",
        "sizes datasets models intervals",
        "config device",
        "train permalink comparison cost",
        "artifact agreement outputs",
        "evaluate own config_file batch workspaces",
        "sweep lab bundled tracking",
        "slow diagnose tune export drift reference runs",
        "retrain",
        "renew",
        "figures api cli",
        "__main__",
    )
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}

# A library and the only places, by the start of their path, that may import it.
ONLY_IN = {
    "streamlit": ("pages/", "app.py"),
    "plotly": ("core/figures",),
    "fastapi": ("core/api/",),
    "mlflow": ("core/tracking.py",),
}

# Modules that run what they read, and single calls that do.
RUNS_WHAT_IT_READS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "marshal", "shelve", "skops", "runpy"}
FORBIDDEN_CALLS = {"joblib.load", "pandas.read_pickle", "eval", "exec", "compile"}
HTML_CALLS = {"streamlit.html", "streamlit.components.v1.html"}

CORE = sources("core")
ALL = [*CORE, *sources("pages", "app.py")]
CORE_NAMES = {s.module.split(".")[1] for s in CORE if s.module != "core"}


def where(source: Source, line: int) -> str:
    """Return file and line as an editor opens them."""
    return f"{source.path}:{line}"


def layer_faults(source: Source, known: set[str] = CORE_NAMES) -> Iterator[str]:
    """Yield the imports of a file in core that point to its own row or below it, or out of core upwards."""
    if source.module == "core":
        return
    own = source.module.split(".")[1]
    if own not in LEVEL:
        yield f"{source.path}: `{own}` has no layer"
        return
    for line, name in source.imports():
        top, *rest = name.split(".")
        if top in ("pages", "app", "tests"):
            yield f"{where(source, line)} imports {name}"
        if top != "core":
            continue
        target = rest[0] if rest else ""
        if target not in known:  # `import core` and `from core import Parts` read the public names: a circle
            yield f"{where(source, line)} imports the public name {name}"
        elif target != own and LEVEL.get(target, len(LAYERS)) >= LEVEL[own]:
            yield f"{where(source, line)} imports {target}, which is not in a layer before {own}"


def library_faults(source: Source) -> Iterator[str]:
    """Yield imports of libraries that have one place each, and not this one."""
    for line, name in source.imports():
        places = ONLY_IN.get(name.split(".")[0])
        if places and not source.path.startswith(places):
            yield f"{where(source, line)} imports {name}"


def code_faults(source: Source) -> Iterator[str]:
    """Yield what could run text or bytes as code, in this process or in a browser."""
    for line, name in source.imports():
        if name.split(".")[0] in RUNS_WHAT_IT_READS or name in FORBIDDEN_CALLS:
            yield f"{where(source, line)} imports {name}"
    names = source.names()
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        called = dotted(node.func, names)
        # A text without a letter runs nothing; core.cli.main has one for what Python does at it.
        nothing = [ast.unparse(arg) for arg in node.args] == ["''"]
        if called in FORBIDDEN_CALLS and not nothing:
            yield f"{where(source, node.lineno)} calls {called}"
        if called in HTML_CALLS and not all(literal(arg, source.tree) for arg in node.args[:1]):
            yield f"{where(source, node.lineno)} writes HTML that is not a literal"
        for keyword in node.keywords:
            off = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            if keyword.arg == "allow_pickle" and not off:
                yield f"{where(source, node.lineno)} allows pickle"
            unsafe = (keyword.arg or "").startswith("unsafe_allow") and not off
            if unsafe and not (node.args and literal(node.args[0], source.tree)):
                yield f"{where(source, node.lineno)} uses {keyword.arg} on what is not a literal"


def page_faults(source: Source, pages: frozenset[str]) -> Iterator[str]:
    """Yield imports of a page's module under a second name, which gives it a second cache, and stray caches."""
    for line, name in source.imports():
        if name.split(".")[0] in pages:
            yield f"{where(source, line)} imports {name}, not pages.{name}"
    if source.path not in ("pages/_shared.py", "pages/_caches.py"):
        names = source.names()
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and dotted(node, names).startswith(
                ("streamlit.cache_", "cachetools.", "pages._caches.")
            ):
                yield f"{where(source, node.lineno)} keeps a cache of its own"


def dotted(node: ast.expr, names: dict[str, str]) -> str:
    """Return the dotted name an expression reads, imported names written out; "" for anything else."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        base = dotted(node.value, names)
        return f"{base}.{node.attr}" if base else ""
    return ""


def literal(node: ast.expr, tree: ast.Module) -> bool:
    """Tell whether an expression is a text written out in the source, or a module's constant that is one."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if not isinstance(node, ast.Name):
        return False
    bound = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == node.id and isinstance(n.ctx, ast.Store)]
    values = [n.value for n in tree.body if isinstance(n, ast.Assign) and any(t is b for t in n.targets for b in bound)]
    return len(bound) == len(values) == 1 and isinstance(values[0], ast.Constant)


PAGES = frozenset(s.module.split(".")[1] for s in sources("pages") if s.module != "pages")


def test_core_imports_only_from_layers_before_its_own() -> None:
    """Every module of core has a layer and imports only from earlier ones and its own package."""
    assert [fault for source in CORE for fault in layer_faults(source)] == []


def test_each_library_stays_in_its_place() -> None:
    """Core knows no screen; plotly, fastapi and mlflow are each imported in one place."""
    assert [fault for source in ALL for fault in library_faults(source)] == []


def test_nothing_that_is_read_can_run() -> None:
    """No pickle, no joblib.load, no eval, no HTML from data, in core, pages and app.py."""
    assert [fault for source in ALL for fault in code_faults(source)] == []


def test_pages_share_one_module_and_one_cache() -> None:
    """Pages import each other as `pages.…`, and only pages/_shared.py keeps caches, by pages/_caches.py."""
    pages = [s for s in ALL if not s.path.startswith("core/")]
    assert [fault for source in pages for fault in page_faults(source, PAGES)] == []


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("core/parts.py", "from core.quant import Scheme", "imports quant"),
        ("core/parts.py", "def f():\n    import core.train", "imports train"),
        ("core/sweep.py", "from core import diagnose", "imports diagnose"),
        ("core/models.py", "from core.sizes import Sizes", "imports sizes"),
        ("core/train.py", "from core import Parts", "public name core.Parts"),
        ("core/train.py", "import core", "public name core"),
        ("core/quant/affine.py", "from ..train import train", "imports train"),
        ("core/api.py", "from pages import _shared", "imports pages._shared"),
        ("core/stray.py", "", "has no layer"),
    ],
)
def test_the_check_of_layers_finds_planted_faults(path: str, text: str, found: str) -> None:
    """A forbidden import is found wherever it hides: nested, relative, through the package's front."""
    faults = list(layer_faults(Source(path, text)))
    assert len(faults) == 1, faults
    assert found in faults[0]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("core/quant/affine.py", "from .scheme import Scheme"),
        ("core/quant/affine.py", "from core.families import linear"),
        ("core/sweep.py", "from core import evaluate"),
        ("core/__init__.py", "from core.sweep import sweep"),
    ],
)
def test_the_check_of_layers_passes_what_is_allowed(path: str, text: str) -> None:
    """Imports within a package, from earlier layers, and into the public list are no faults."""
    assert list(layer_faults(Source(path, text))) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("core/sweep.py", "import streamlit as st"),
        ("core/evaluate.py", "import plotly.graph_objects as go"),
        ("pages/home.py", "from plotly import graph_objects"),
        ("pages/_server.py", "from fastapi import FastAPI"),
        ("core/cli/main.py", "def f():\n    import mlflow"),
    ],
)
def test_the_check_of_libraries_finds_planted_faults(path: str, text: str) -> None:
    """A library outside its place is found."""
    assert len(list(library_faults(Source(path, text)))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from joblib import load",
        "import joblib\njoblib.load('f')",
        "import joblib as j\nj.load('f')",
        "import numpy as np\nnp.load('f', allow_pickle=True)",
        "import numpy as np\nflag = True\nnp.load('f', allow_pickle=flag)",
        "import pandas as pd\npd.read_pickle('f')",
        "eval('1')",
        "exec('1')",
        "import streamlit as st\nst.markdown(f'<b>{1}</b>', unsafe_allow_html=True)",
        "import streamlit as st\nst.markdown(body=name, unsafe_allow_html=True)",
        "import streamlit as st\nst.html('<b>' + name)",
        "from streamlit import html\nhtml(name)",
        "import streamlit as st\nX = '<b>'\ndef f(X):\n    X = g()\n    st.html(X)",
    ],
)
def test_the_check_of_code_finds_planted_faults(text: str) -> None:
    """What could run a stranger's bytes or mark-up is found, under any alias."""
    assert len(list(code_faults(Source("pages/home.py", text)))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "import joblib\njoblib.dump(1, 'f')",
        "import numpy as np\nnp.load('f', allow_pickle=False)",
        "import re\nre.compile('a')",
        "exec('')",
        "import streamlit as st\nSTYLE = '<style></style>'\nst.html(STYLE)",
        "import streamlit as st\nst.markdown('<b>a</b>', unsafe_allow_html=True)",
    ],
)
def test_the_check_of_code_passes_what_is_allowed(text: str) -> None:
    """Writing joblib files, loading plain arrays and literal mark-up are no faults."""
    assert list(code_faults(Source("pages/home.py", text))) == []


@pytest.mark.parametrize(
    "text",
    [
        "import _shared",
        "from _shared import warm",
        "import streamlit as st\nst.cache_data",
        "import cachetools\ncachetools.cached({})",
    ],
)
def test_the_check_of_pages_finds_planted_faults(text: str) -> None:
    """A second name for a page's module, or a cache outside _shared, is found."""
    assert len(list(page_faults(Source("pages/home.py", text), PAGES))) == 1
